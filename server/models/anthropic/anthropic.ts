import { reservedAdvancedKeys } from '../../../contract/advancedJson.ts';
import type { Model, ModelEvent, ModelRequest, ReasoningMode } from '../model.ts';
import { anthropicBase, type AnthropicRoute, type ProviderDeps } from '../route.ts';
import { readAnswer } from '../wire/answer.ts';
import { createAnswerLimits } from '../wire/answerLimits.ts';
import { bodyKeys, bodyOf, buildRequest } from '../wire/buildRequest.ts';
import type { HttpCall } from '../wire/debugRecorder.ts';
import { createDebugRecorder } from '../wire/debugRecorder.ts';
import { redactKey } from '../wire/failures.ts';
import { asCount, asObject, asText } from '../wire/json.ts';
import { callOptions, lacksReasoning } from '../wire/prompt.ts';
import { type Line, sendRequest } from '../wire/sendRequest.ts';
import { createToolNames, type ToolNames } from '../wire/toolNames.ts';
import { createMessagesReader } from './messages.ts';

/** Thinking budget in tokens, in addition to the output tokens. */
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

export function anthropicHeaders({ api_key, advanced_json }: Pick<AnthropicRoute, 'api_key' | 'advanced_json'>): Record<string, string> {
  const beta = asText(asObject(asObject(advanced_json).extra_headers)['anthropic-beta']);
  const version = asText(asObject(advanced_json).anthropic_version) || '2023-06-01';
  return { 'x-api-key': api_key, 'anthropic-version': version, ...(beta && { 'anthropic-beta': beta }) };
}

/** For Anthropic and compatible servers. */
export function openAnthropic(route: AnthropicRoute, deps: ProviderDeps): Model {
  const line: Line = { vendor: 'anthropic', deps, redact: redactKey(route.api_key) };
  return { stream: (request, signal, observer) => ask(route, { ...line, observer }, request, signal) };
}

async function* ask(route: AnthropicRoute, line: Line, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  const names = createToolNames(request.tools.map(({ name }) => name));
  const call = await write(route, request, names);
  const reader = createMessagesReader();
  const tap = line.deps.debugEvents
    ? createDebugRecorder(call, { provider_kind: 'anthropic', api_mode: 'messages' }, line.redact)
    : undefined;
  const tapped = { ...line, tap, limits: createAnswerLimits(line.deps, request.images) };
  yield* readAnswer(sendRequest(call, tapped, signal), { dialect: 'anthropic', reader, names, request, line: tapped });
}

async function write(route: AnthropicRoute, request: ModelRequest, names: ToolNames): Promise<HttpCall> {
  const maxTokens = request.max_output_tokens ?? defaultMaxTokens;
  const budget = thinkingBudgets[request.reasoning_mode];
  // Imported on use: the SDK is large, and not every process calls a model.
  const { createAnthropic } = await import('@ai-sdk/anthropic');
  const call = await buildRequest(
    (fetch) => {
      const { 'x-api-key': apiKey = '', ...headers } = anthropicHeaders(route);
      return createAnthropic({ apiKey, headers, baseURL: `${anthropicBase(route.base_url)}/v1`, fetch })(route.model);
    },
    {
      ...callOptions(request, 'anthropic', names),
      maxOutputTokens: maxTokens,
      providerOptions: {
        anthropic: {
          ...(budget && { thinking: { type: 'enabled', budgetTokens: budget } }),
          // The other mode answers with a call of a tool, which the reader would pass on.
          ...(request.json_format && { structuredOutputMode: 'outputFormat' }),
          ...(request.parallel_tool_calls === false && { disableParallelToolUse: true }),
        },
      },
    },
  );
  const written = bodyOf(call);
  // With a budget, the newest tool calls must come with their thinking.
  if (asObject(written.thinking).type === 'enabled' && lacksReasoning(request.messages, 'anthropic')) delete written.thinking;
  // Newer models set their own budget and take an effort level instead. `high` is the highest level that all of them support.
  const adaptive = budget !== undefined && asObject(written.thinking).type === 'adaptive';
  const effort = budget === undefined || budget > 8_192 ? 'high' : budget > 4_096 ? 'medium' : 'low';
  const body = {
    ...written,
    ...(adaptive && { output_config: { effort } }),
    ...bodyKeys(route.advanced_json, reservedAdvancedKeys.anthropic),
  };
  return { ...call, body: JSON.stringify({ ...body, max_tokens: roomFor(body, maxTokens) }) };
}

/** Thinking counts as output. Keeps the requested limit unless the budget would use it up. The SDK's value is the model's maximum. */
function roomFor(body: Record<string, unknown>, maxTokens: number) {
  const budget = asCount(asObject(body.thinking).budget_tokens) ?? 0;
  return Math.min(budget < maxTokens ? maxTokens : maxTokens + budget, asCount(body.max_tokens) ?? maxTokens);
}
