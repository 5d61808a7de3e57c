import { type CallObserver, isDebugEvent, type Model, ModelError, type ModelRequest, type ReasoningMode } from '../model.ts';
import { type Reading, readAnswer } from './answer.ts';
import { openTap } from './debug.ts';
import { bodyKeys, bodyOf, encode } from './encode.ts';
import { exchange, type HttpCall, type Line } from './exchange.ts';
import { redactKey } from './failures.ts';
import { createChatReader } from './openAiChat.ts';
import { createResponsesReader } from './openAiResponses.ts';
import { callOptions } from './prompt.ts';
import { type OpenAiApiMode, type OpenAiRoute, openAiBase, type ProviderDeps } from './route.ts';
import { createToolNames, type ToolNames } from './toolNames.ts';

/** What `advanced_json` of an OpenAI provider must not set (specification, runs 10). */
export const openAiDeniedKeys = ['model', 'instructions', 'messages', 'input', 'stream', 'stream_options', 'tools', 'tool_choice'] as const;

/** `auto` leaves the choice to the model; off is only said where the SDK knows that the model understands it. */
const efforts: Record<ReasoningMode, 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | undefined> = {
  auto: undefined,
  disabled: 'none',
  none: 'none',
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
  enabled: 'medium',
  high: 'high',
  xhigh: 'xhigh',
};

/** A model of OpenAI or of a server compatible with it. */
export function openOpenAi(route: OpenAiRoute, deps: ProviderDeps): Model {
  const line: Line = { vendor: 'openai', deps, redact: redactKey(route.api_key) };
  let mode = route.openai_api_mode ?? 'auto';

  async function* ask(apiMode: OpenAiApiMode, request: ModelRequest, signal: AbortSignal, observer: CallObserver | undefined) {
    const names = createToolNames(request.tools.map(({ name }) => name));
    const call = await write(route, apiMode, request, names);
    const how: Pick<Reading, 'dialect' | 'reader'> =
      apiMode === 'responses'
        ? { dialect: 'openai_responses', reader: createResponsesReader() }
        : { dialect: 'openai_chat', reader: createChatReader() };
    const tap = deps.debugEvents ? openTap(call, { provider_kind: 'openai', api_mode: apiMode }, line.redact) : undefined;
    const tapped = { ...line, tap, observer };
    yield* readAnswer(exchange(call, tapped, signal), { ...how, names, request, line: tapped });
  }

  return {
    async *stream(request, signal, observer) {
      if (mode !== 'auto') return yield* ask(mode, request, signal, observer);
      let spoke = false;
      try {
        for await (const event of ask('responses', request, signal, observer)) {
          spoke ||= !isDebugEvent(event);
          yield event;
        }
        return;
      } catch (error) {
        if (spoke || !lacksResponses(error)) throw error;
        mode = 'chat_completions';
        const status = typeof error.details.status_code === 'number' ? { status_code: error.details.status_code } : {};
        yield { type: 'fallback', from_api_mode: 'responses', to_api_mode: mode, reason: 'responses_not_supported', ...status };
      }
      yield* ask(mode, request, signal, observer);
    },
  };
}

const lacksResponses = (error: unknown): error is ModelError =>
  error instanceof ModelError && (error.details.status_code === 404 || error.details.openai_error_code === 'model_not_found');

async function write(route: OpenAiRoute, mode: OpenAiApiMode, request: ModelRequest, names: ToolNames): Promise<HttpCall> {
  const asked = efforts[request.reasoning_mode];
  const effort = asked === 'none' && mode === 'chat_completions' ? undefined : asked;
  // The SDKs are large, and not every process asks a model.
  const { createOpenAI } = await import('@ai-sdk/openai');
  const call = await encode(
    (fetch) => {
      const openAi = createOpenAI({ apiKey: route.api_key, baseURL: openAiBase(route.base_url), fetch });
      return mode === 'responses' ? openAi.responses(route.model) : openAi.chat(route.model);
    },
    {
      ...callOptions(request, mode === 'responses' ? 'openai_responses' : 'openai_chat', names),
      ...(effort && { reasoning: effort }),
      // Nothing is kept at the vendor: what a reasoning model needs again comes back encrypted and is sent along.
      ...(mode === 'responses' && {
        providerOptions: { openai: { store: false, ...(effort && effort !== 'none' && { reasoningSummary: 'auto' }) } },
      }),
    },
  );
  const body = bodyOf(call);
  // A model that the SDK does not know is believed to reason when it is told to; the older families are known not to.
  const believed = mode === 'responses' && effort && effort !== 'none' && !body.reasoning && !/^(gpt-[34]|chatgpt)/.test(route.model);
  if (believed) Object.assign(body, { reasoning: { effort, summary: 'auto' }, include: ['reasoning.encrypted_content'] });
  return { ...call, body: JSON.stringify({ ...body, ...bodyKeys(route.advanced_json, openAiDeniedKeys) }) };
}
