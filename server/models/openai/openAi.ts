import { reservedAdvancedKeys } from '../../../contract/advancedJson.ts';
import { isDebugEvent, type Model, ModelError, type ModelEvent, type ModelRequest } from '../model.ts';
import { chatOnlyParameters } from '../parameters.ts';
import { type OpenAiApiMode, openAiBase, type OpenAiRoute, type ProviderDeps } from '../route.ts';
import { readAnswer, type ReadAnswerOptions } from '../wire/answer.ts';
import { createAnswerLimits } from '../wire/answerLimits.ts';
import { bodyKeys, bodyOf, buildRequest } from '../wire/buildRequest.ts';
import type { HttpCall } from '../wire/debugRecorder.ts';
import { createDebugRecorder } from '../wire/debugRecorder.ts';
import { efforts } from '../wire/efforts.ts';
import { redactKey } from '../wire/failures.ts';
import { asObject, type Json } from '../wire/json.ts';
import { callOptions } from '../wire/prompt.ts';
import { type Line, sendRequest } from '../wire/sendRequest.ts';
import { createToolNames, type ToolNames } from '../wire/toolNames.ts';
import { createChatReader } from './chat.ts';
import { imagePriceOf } from './imagePrice.ts';
import { createResponsesReader } from './responses.ts';

/** For OpenAI and compatible servers. */
export function openOpenAi(route: OpenAiRoute, deps: ProviderDeps): Model {
  const line: Line = { vendor: 'openai', deps, redact: redactKey(route.api_key) };
  const known: { mode: OpenAiApiMode | 'auto' } = { mode: route.openai_api_mode ?? 'auto' };
  return { stream: (request, signal, observer) => stream(known, { route, line: { ...line, observer }, request, signal }) };
}

type Asked = { route: OpenAiRoute; line: Line; request: ModelRequest; signal: AbortSignal };

/** Remembers in `known` that a server has no Responses API. */
async function* stream(known: { mode: OpenAiApiMode | 'auto' }, asked: Asked): AsyncGenerator<ModelEvent> {
  if (known.mode !== 'auto') return yield* ask(known.mode, asked);
  if (chatOnlyParameters(asked.request).length > 0) return yield* ask('chat_completions', asked);
  let spoke = false;
  try {
    for await (const event of ask('responses', asked)) {
      spoke ||= !isDebugEvent(event);
      yield event;
    }
    return;
  } catch (error) {
    if (spoke || !lacksResponses(error)) throw error;
    known.mode = 'chat_completions';
    const status = typeof error.details.status_code === 'number' ? { status_code: error.details.status_code } : {};
    yield { type: 'fallback', from_api_mode: 'responses', to_api_mode: known.mode, reason: 'responses_not_supported', ...status };
  }
  yield* ask(known.mode, asked);
}

async function* ask(apiMode: OpenAiApiMode, { route, line, request, signal }: Asked): AsyncGenerator<ModelEvent> {
  const names = createToolNames(request.tools.map(({ name }) => name));
  const call = await write(route, apiMode, request, names);
  const how: Pick<ReadAnswerOptions, 'dialect' | 'reader'> =
    apiMode === 'responses'
      ? { dialect: 'openai_responses', reader: createResponsesReader(imagePriceOf(route)) }
      : { dialect: 'openai_chat', reader: createChatReader() };
  const tap = line.deps.debugEvents ? createDebugRecorder(call, { provider_kind: 'openai', api_mode: apiMode }, line.redact) : undefined;
  const tapped = { ...line, tap, limits: createAnswerLimits(line.deps, request.images) };
  yield* readAnswer(sendRequest(call, tapped, signal), { ...how, names, request, line: tapped });
}

const lacksResponses = (error: unknown): error is ModelError =>
  error instanceof ModelError && (error.details.status_code === 404 || error.details.openai_error_code === 'model_not_found');

async function write(route: OpenAiRoute, mode: OpenAiApiMode, request: ModelRequest, names: ToolNames): Promise<HttpCall> {
  const asked = efforts[request.reasoning_mode];
  const effort = asked === 'none' && mode === 'chat_completions' ? undefined : asked;
  // Imported on use: the SDK is large, and not every process calls a model.
  const { createOpenAI } = await import('@ai-sdk/openai');
  const call = await buildRequest(
    (fetch) => {
      const openAi = createOpenAI({ apiKey: route.api_key, baseURL: openAiBase(route.base_url), fetch });
      return mode === 'responses' ? openAi.responses(route.model) : openAi.chat(route.model);
    },
    {
      ...callOptions(request, mode === 'responses' ? 'openai_responses' : 'openai_chat', names),
      ...(effort && { reasoning: effort }),
      providerOptions: {
        openai: {
          // Stores nothing at the vendor: reasoning comes back encrypted and is sent again.
          ...(mode === 'responses' && { store: false, ...(effort && effort !== 'none' && { reasoningSummary: 'auto' }) }),
          ...(request.tools.length > 0 && request.parallel_tool_calls !== undefined && { parallelToolCalls: request.parallel_tool_calls }),
          ...(request.json_format && { strictJsonSchema: request.json_format.strict ?? false }),
          ...(request.end_user !== undefined && { user: request.end_user }),
        },
      },
    },
  );
  const body = bodyOf(call);
  // The SDK drops the effort for models that it does not know. Assume that these support reasoning, except for the older families.
  const believed = mode === 'responses' && effort && effort !== 'none' && !body.reasoning && !/^(gpt-[34]|chatgpt)/.test(route.model);
  if (believed) Object.assign(body, { reasoning: { effort, summary: 'auto' }, include: ['reasoning.encrypted_content'] });
  if (mode === 'responses') offerImages(body, route, request);
  return { ...call, body: JSON.stringify({ ...body, ...bodyKeys(route.advanced_json, reservedAdvancedKeys.openai) }) };
}

/** Adds the tool with which the vendor produces images, if `image_generation` of `advanced_json` wants it: true, or its parameters. */
function offerImages(body: Json, { advanced_json: advanced }: OpenAiRoute, request: ModelRequest): void {
  const { image_generation: wanted } = asObject(advanced);
  const asksForText = request.json_format !== undefined || (request.tool_choice !== undefined && request.tool_choice !== 'auto');
  if (!wanted || !request.images || asksForText) return;
  const own = Array.isArray(body.tools) ? body.tools : [];
  body.tools = [...own, { ...asObject(wanted), type: 'image_generation' }];
}
