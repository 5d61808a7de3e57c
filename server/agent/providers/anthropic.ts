import type { Model, ModelRequest, ReasoningMode } from '../model.ts';
import { readAnswer } from './answer.ts';
import { createMessagesReader } from './anthropicMessages.ts';
import { openTap } from './debug.ts';
import { bodyKeys, bodyOf, encode } from './encode.ts';
import { exchange, type HttpCall, type Line } from './exchange.ts';
import { redactKey } from './failures.ts';
import { count, object, text } from './json.ts';
import { callOptions } from './prompt.ts';
import { type AnthropicRoute, anthropicBase, type ProviderDeps } from './route.ts';
import { createToolNames, type ToolNames } from './toolNames.ts';

/** What `advanced_json` of an Anthropic provider must not set (specification, runs 10). */
export const anthropicDeniedKeys = ['model', 'messages', 'max_tokens', 'stream', 'tools', 'tool_choice', 'system'] as const;

/** Tokens a model may think for, beside those it answers with. */
const thinkingBudgets: Record<ReasoningMode, number | undefined> = {
  auto: undefined,
  disabled: undefined,
  none: undefined,
  minimal: 1_024,
  low: 4_096,
  medium: 8_192,
  enabled: 8_192,
  high: 16_384,
  xhigh: 32_768,
};

const defaultMaxTokens = 32_768;

/** The headers that name the key and the version of the API. */
export function anthropicHeaders({ api_key, advanced_json }: Pick<AnthropicRoute, 'api_key' | 'advanced_json'>): Record<string, string> {
  const beta = text(object(object(advanced_json).extra_headers)['anthropic-beta']);
  const version = text(object(advanced_json).anthropic_version) || '2023-06-01';
  return { 'x-api-key': api_key, 'anthropic-version': version, ...(beta && { 'anthropic-beta': beta }) };
}

/** A model of Anthropic or of a server compatible with it. */
export function openAnthropic(route: AnthropicRoute, deps: ProviderDeps): Model {
  const line: Line = { vendor: 'anthropic', deps, redact: redactKey(route.api_key) };
  return {
    async *stream(request, signal, observer) {
      const names = createToolNames(request.tools.map(({ name }) => name));
      const call = await write(route, request, names);
      const reader = createMessagesReader();
      const tap = deps.debugEvents ? openTap(call, { provider_kind: 'anthropic', api_mode: 'messages' }, line.redact) : undefined;
      const tapped = { ...line, tap, observer };
      yield* readAnswer(exchange(call, tapped, signal), { dialect: 'anthropic', reader, names, request, line: tapped });
    },
  };
}

async function write(route: AnthropicRoute, request: ModelRequest, names: ToolNames): Promise<HttpCall> {
  const maxTokens = request.max_output_tokens ?? defaultMaxTokens;
  const budget = thinkingBudgets[request.reasoning_mode];
  // The SDKs are large, and not every process asks a model.
  const { createAnthropic } = await import('@ai-sdk/anthropic');
  const call = await encode(
    (fetch) => {
      const { 'x-api-key': apiKey = '', ...headers } = anthropicHeaders(route);
      return createAnthropic({ apiKey, headers, baseURL: `${anthropicBase(route.base_url)}/v1`, fetch })(route.model);
    },
    {
      ...callOptions(request, 'anthropic', names),
      maxOutputTokens: maxTokens,
      ...(budget && { providerOptions: { anthropic: { thinking: { type: 'enabled', budgetTokens: budget } } } }),
    },
  );
  const written = bodyOf(call);
  // Models that set their own budget are told how hard to think instead; `high` is the most that all of them know.
  const adaptive = budget !== undefined && object(written.thinking).type === 'adaptive';
  const effort = budget === undefined || budget > 8_192 ? 'high' : budget > 4_096 ? 'medium' : 'low';
  const body = { ...written, ...(adaptive && { output_config: { effort } }), ...bodyKeys(route.advanced_json, anthropicDeniedKeys) };
  return { ...call, body: JSON.stringify({ ...body, max_tokens: roomFor(body, maxTokens) }) };
}

/** Thinking counts as output: the limit stays as asked unless the budget would fill it. What the SDK wrote is the most the model allows. */
function roomFor(body: Record<string, unknown>, maxTokens: number) {
  const budget = count(object(body.thinking).budget_tokens) ?? 0;
  return Math.min(budget < maxTokens ? maxTokens : maxTokens + budget, count(body.max_tokens) ?? maxTokens);
}
