import { reservedAdvancedKeys } from '../../../contract/advancedJson.ts';
import type { Model, ModelEvent, ModelRequest } from '../model.ts';
import { geminiBase, type GeminiRoute, type ProviderDeps } from '../route.ts';
import { readAnswer } from '../wire/answer.ts';
import { createAnswerLimits } from '../wire/answerLimits.ts';
import { bodyKeys, bodyOf, buildRequest } from '../wire/buildRequest.ts';
import { createDebugRecorder, type HttpCall } from '../wire/debugRecorder.ts';
import { efforts } from '../wire/efforts.ts';
import { redactKey } from '../wire/failures.ts';
import { asObject } from '../wire/json.ts';
import { callOptions } from '../wire/prompt.ts';
import { type Line, sendRequest } from '../wire/sendRequest.ts';
import { createToolNames, type ToolNames } from '../wire/toolNames.ts';
import { createGeminiReader } from './generateContent.ts';
import { geminiSchema } from './schema.ts';

export const geminiHeaders = ({ api_key }: Pick<GeminiRoute, 'api_key'>): Record<string, string> => ({ 'x-goog-api-key': api_key });

/** For the Gemini API of Google and compatible servers. */
export function openGemini(route: GeminiRoute, deps: ProviderDeps): Model {
  const line: Line = { vendor: 'gemini', deps, redact: redactKey(route.api_key) };
  return { stream: (request, signal, observer) => ask(route, { ...line, observer }, request, signal) };
}

async function* ask(route: GeminiRoute, line: Line, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  const names = createToolNames(request.tools.map(({ name }) => name));
  const call = await write(route, request, names);
  const tap = line.deps.debugEvents
    ? createDebugRecorder(call, { provider_kind: 'gemini', api_mode: 'generate_content' }, line.redact)
    : undefined;
  const tapped = { ...line, tap, limits: createAnswerLimits(line.deps, request.images) };
  yield* readAnswer(sendRequest(call, tapped, signal), { dialect: 'gemini', reader: createGeminiReader(), names, request, line: tapped });
}

async function write(route: GeminiRoute, request: ModelRequest, names: ToolNames): Promise<HttpCall> {
  // Not by the SDK: it would answer some requests with a call of a tool of its own.
  const { json_format: json, ...asked } = request;
  // Models that always think take `none` as their lowest level.
  const effort = efforts[request.reasoning_mode];
  // Imported on use: the SDK is large, and not every process calls a model.
  const { createGoogle } = await import('@ai-sdk/google');
  const call = await buildRequest(
    (fetch) => createGoogle({ apiKey: route.api_key, baseURL: geminiBase(route.base_url), fetch })(route.model),
    {
      ...callOptions(
        { ...asked, tools: asked.tools.map((tool) => ({ ...tool, parameters: geminiSchema(tool.parameters) })) },
        'gemini',
        names,
      ),
      ...(effort && { reasoning: effort }),
      ...(effort && effort !== 'none' && { providerOptions: { google: { thinkingConfig: { includeThoughts: true } } } }),
    },
  );
  const { generationConfig: written, ...body } = bodyOf(call);
  const { generationConfig: wanted, ...advanced } = bodyKeys(route.advanced_json, reservedAdvancedKeys.gemini);
  const format = json && {
    responseMimeType: 'application/json',
    ...(json.schema && { responseJsonSchema: geminiSchema(json.schema) }),
  };
  // All parameters of a model are in one object, so its keys are merged one by one.
  const generationConfig = { ...asObject(written), ...format, ...asObject(wanted) };
  const url = `${geminiBase(route.base_url)}/${pathOf(route.model)}:streamGenerateContent?alt=sse`;
  return { ...call, url, body: JSON.stringify({ ...body, generationConfig, ...advanced }) };
}

/** A name such as `gemini-2.5-pro`, with or without `models/`, or a `tunedModels/` of the user. It is one segment of the path. */
function pathOf(model: string): string {
  const [, kind = 'models/', name = ''] = /^(models\/|tunedModels\/)?(.*)$/s.exec(model) ?? [];
  return `${kind}${encodeURIComponent(name)}`;
}
