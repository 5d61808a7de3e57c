import type { Log } from '../platform/telemetry/log.ts';
import { sizeOf } from './estimate.ts';
import { windowOf } from './known/window.ts';
import { type Model, ModelError, type ModelEvent, type ModelRequest, type Usage } from './model.ts';
import type { ResolvedRoute } from './route.ts';

/** Tokens that a provider adds to a prompt: templates, instructions for tools, and the framing of messages. */
const addedInputTokens = 16_384;
/** The largest number of tokens that a vendor counts for an image. */
const maxImageTokens = 50_000;
/** Output that is charged but not sent: the largest answer of a model, because it may all be hidden reasoning. */
const maxHiddenTokens = 131_072;
/** Above the price of any model. Bounds a cost that a provider reports. */
const maxUsdPer1kTokens = 1;

/** Tokens that one call can have used. */
type Bounds = { input: number; output: number };

/**
 * Lowers what a provider reports to what the call can have used: the window of the model, a token for each byte that was sent and received, and what
 * a provider may add. The difference is `excess_tokens`.
 */
export const withBoundedUsage = (route: ResolvedRoute, model: Model): Model => ({
  stream: (request, signal, observer) => streamBounded(route, model, request, signal, observer),
});

async function* streamBounded(
  route: ResolvedRoute,
  model: Model,
  request: ModelRequest,
  signal: AbortSignal,
  observer: Parameters<Model['stream']>[2],
): AsyncGenerator<ModelEvent> {
  let received = 0;
  let input: number | undefined;
  const bound = (usage: Usage): Usage => boundUsage(usage, bounds());
  const bounds = (): Bounds => {
    const window = windowOf(route) ?? Number.POSITIVE_INFINITY;
    input ??= Math.min(window, maxInputOf(request));
    return { input, output: Math.min(window, request.max_output_tokens ?? window, received + maxHiddenTokens) };
  };
  const watched = observer && { onSent: () => observer.onSent(), onUsage: (usage: Usage) => observer.onUsage(bound(usage)) };
  try {
    for await (const event of model.stream(request, signal, watched)) {
      received += bytesOf(event);
      yield event.type === 'finish' ? boundFinish(event, bound, bounds()) : event;
    }
  } catch (error) {
    if (error instanceof ModelError && error.usage) error.usage = bound(error.usage);
    throw error;
  }
}

type Finish = Extract<ModelEvent, { type: 'finish' }>;

function boundFinish(event: Finish, bound: (usage: Usage) => Usage, { input, output }: Bounds): Finish {
  const maxUsd = (Math.min(input, Number.MAX_SAFE_INTEGER) + output) * (maxUsdPer1kTokens / 1_000);
  return {
    ...event,
    ...(event.usage && { usage: bound(event.usage) }),
    ...(event.cost_usd !== undefined && Number(event.cost_usd) > maxUsd && { cost_usd: maxUsd.toFixed(6) }),
  };
}

function bytesOf(event: ModelEvent): number {
  if (event.type === 'text') return Buffer.byteLength(event.text);
  if (event.type === 'tool_delta') return Buffer.byteLength(event.arguments_delta) + (event.tool_name?.length ?? 0);
  return event.type === 'image' ? maxImageTokens : 0;
}

function maxInputOf({ messages, tools, json_format: format }: ModelRequest): number {
  const images = messages.flatMap((message) =>
    message.role === 'tool'
      ? (message.images ?? [])
      : Array.isArray(message.content)
        ? message.content.filter(({ type }) => type === 'image')
        : [],
  );
  return sizeOf(messages, tools).bytes + JSON.stringify(format ?? '').length + images.length * maxImageTokens + addedInputTokens;
}

/** Cached tokens of Anthropic count beside the input, those of OpenAI are part of it. */
function boundUsage(usage: Usage, bounds: Bounds): Usage {
  let left = bounds.input;
  const take = (count: number | undefined) => {
    const taken = count && Math.min(count, left);
    left -= taken ?? 0;
    return taken;
  };
  const cache_read_input_tokens = take(usage.cache_read_input_tokens);
  const cache_creation_input_tokens = take(usage.cache_creation_input_tokens);
  const input_tokens = take(usage.input_tokens);
  const output_tokens = usage.output_tokens && Math.min(usage.output_tokens, bounds.output);
  const sum = (counts: (number | undefined)[]) => counts.reduce<number>((total, count) => total + (count ?? 0), 0);
  const total_tokens = sum([cache_read_input_tokens, cache_creation_input_tokens, input_tokens, output_tokens]);
  const reported = sum([usage.cache_read_input_tokens, usage.cache_creation_input_tokens, usage.input_tokens, usage.output_tokens]);
  const cached_tokens = usage.cached_tokens && Math.min(usage.cached_tokens, input_tokens ?? 0);
  if (total_tokens === reported && cached_tokens === usage.cached_tokens) return usage;
  const counts = { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens, cached_tokens };
  const known = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined));
  return { ...usage, ...known, total_tokens, excess_tokens: reported - total_tokens };
}

/** Logs that a provider reported more than a call can have used. */
export function logExcess(log: Log, { excess_tokens, ...charged }: Usage, of: Record<string, string>): void {
  if (excess_tokens)
    log.warn({ ...of, excess_tokens, usage: charged }, 'a provider reported more tokens than a call can have used; they are not charged');
}
