import type { UpstreamModel } from '../../contract/llmProviders.ts';
import { OutboundDenied } from '../platform/outbound/outbound.ts';
import { anthropicHeaders } from './anthropic/anthropic.ts';
import { geminiHeaders } from './gemini/gemini.ts';
import { anthropicBase, geminiBase, openAiBase, type ProviderDeps, type UpstreamRoute } from './route.ts';
import { isKeyRejected, statusFailure } from './wire/failures.ts';
import { asAmount, asCount, asObject, asObjects, asText, type Json, parseObject, withoutUndefined } from './wire/json.ts';

export type UpstreamReason = 'upstream_auth_failed' | 'upstream_request_failed' | 'upstream_unreachable' | 'upstream_invalid_response';

/** The upstream's model list could not be read. `statusCode`: its HTTP status, if it answered. */
export class UpstreamFailure extends Error {
  override name = 'UpstreamFailure';
  readonly reason: UpstreamReason;
  readonly statusCode: number | undefined;
  constructor(reason: UpstreamReason, statusCode?: number) {
    super(`The provider's list of models could not be read: ${reason}.`);
    this.reason = reason;
    this.statusCode = statusCode;
  }
}

export type UpstreamCredential = Omit<UpstreamRoute, 'model' | 'openai_api_mode'>;

export type ListedModel = Omit<UpstreamModel, 'configured'>;

const maxBytes = 8 * 2 ** 20;
const maxPages = 20;

/** The models of an upstream, by name. Throws `UpstreamFailure`, or `OutboundDenied` if the base URL is not allowed. */
export async function listUpstreamModels(
  provider: UpstreamCredential,
  { outbound, timeoutMs = 15_000 }: Pick<ProviderDeps, 'outbound'> & { timeoutMs?: number },
): Promise<ListedModel[]> {
  const signal = AbortSignal.timeout(timeoutMs);
  const { url, headers, pageOf } = lists[provider.provider_kind](provider);
  const found: ListedModel[] = [];
  let query: string | undefined = '';
  for (let page = 0; page < maxPages && query !== undefined; page++) {
    const answer = pageOf(await getJson(outbound, url + query, { ...headers, accept: 'application/json' }, signal));
    if (!Array.isArray(answer.models)) throw new UpstreamFailure('upstream_invalid_response', 200);
    found.push(
      ...asObjects(answer.models)
        .map(answer.describe)
        .filter(({ id }) => id !== ''),
    );
    query = answer.next;
  }
  const distinct = [...new Map(found.map((model) => [model.id, model])).values()];
  return distinct.sort((a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()) || compare(a.id, b.id));
}

type ModelList = {
  url: string;
  headers: Record<string, string>;
  /** `next`: what the URL of the next page has in addition, if there is one. */
  pageOf(answer: Json): { models: unknown; describe(model: Json): ListedModel; next: string | undefined };
};

const lists: Record<UpstreamCredential['provider_kind'], (provider: UpstreamCredential) => ModelList> = {
  openai: ({ base_url, api_key }) => ({
    url: `${openAiBase(base_url)}/models`,
    headers: { authorization: `Bearer ${api_key}` },
    pageOf: ({ data }) => ({ models: data, describe, next: undefined }),
  }),
  anthropic: (provider) => ({
    url: `${anthropicBase(provider.base_url)}/v1/models`,
    headers: anthropicHeaders(provider),
    pageOf: ({ data, has_more, last_id }) => ({
      models: data,
      describe,
      next: has_more === true && asText(last_id) ? `?after_id=${encodeURIComponent(asText(last_id))}` : undefined,
    }),
  }),
  gemini: (provider) => ({
    url: `${geminiBase(provider.base_url)}/models?pageSize=1000`,
    headers: geminiHeaders(provider),
    pageOf: ({ models, nextPageToken: token }) => ({
      models,
      describe: describeGemini,
      next: asText(token) ? `&pageToken=${encodeURIComponent(asText(token))}` : undefined,
    }),
  }),
};

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

async function getJson(
  outbound: ProviderDeps['outbound'],
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Json> {
  try {
    const response = await outbound.fetch(url, { headers, signal });
    // Google rejects a wrong key with status 400.
    const source = response.ok || response.status === 400 ? await readText(response.body) : await response.body?.cancel();
    if (!response.ok) {
      const { details } = statusFailure('gemini', response.status, source ?? '', undefined, (text) => text);
      throw new UpstreamFailure(isKeyRejected(details) ? 'upstream_auth_failed' : 'upstream_request_failed', response.status);
    }
    const answer = parseObject(source ?? '');
    if (!answer) throw new UpstreamFailure('upstream_invalid_response', response.status);
    return answer;
  } catch (error) {
    if (error instanceof UpstreamFailure || error instanceof OutboundDenied) throw error;
    throw new UpstreamFailure('upstream_unreachable');
  }
}

/** Throws `UpstreamFailure` if the body exceeds 8 MiB. */
async function readText(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw new UpstreamFailure('upstream_invalid_response', 200);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const strings = (value: unknown) => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined);
const whole = (value: unknown) => (Number.isInteger(value) ? asCount(value) : undefined);

/** Catalogs agree only on `id`. The other fields are read from where OpenRouter, Anthropic and similar servers put them. */
function describe(raw: Json): ListedModel {
  const architecture = asObject(raw.architecture);
  const parameters = strings(raw.supported_parameters);
  const input = strings(raw.input_modalities) ?? strings(architecture.input_modalities);
  const output = strings(raw.output_modalities) ?? strings(architecture.output_modalities);
  return {
    id: asText(raw.id),
    name: asText(raw.display_name) || asText(raw.name) || asText(raw.id),
    type: modelType(asText(raw.id), output),
    ...withoutUndefined({
      context_length: whole(raw.context_length) ?? whole(raw.context_window) ?? whole(raw.max_input_tokens),
      max_output_tokens: whole(raw.max_output_tokens) ?? whole(raw.max_tokens) ?? whole(asObject(raw.top_provider).max_completion_tokens),
      input_modalities: input,
      output_modalities: output,
      tool_calling: parameters?.includes('tools'),
      reasoning: parameters?.includes('reasoning'),
      default_temperature: asAmount(asObject(raw.default_parameters).temperature),
    }),
  };
}

/** Google names what a model can do by the methods of its API. */
function describeGemini(raw: Json): ListedModel {
  const id = asText(raw.name).replace(/^models\//, '');
  const methods = strings(raw.supportedGenerationMethods) ?? [];
  return {
    id,
    name: asText(raw.displayName) || id,
    type: methods.includes('generateContent') ? 'chat' : methods.includes('embedContent') ? 'embedding' : modelType(id),
    ...withoutUndefined({
      context_length: whole(raw.inputTokenLimit),
      max_output_tokens: whole(raw.outputTokenLimit),
      reasoning: typeof raw.thinking === 'boolean' ? raw.thinking : undefined,
      default_temperature: asAmount(raw.temperature),
    }),
  };
}

/** The type of a model by its declared output, else by its name. */
function modelType(id: string, outputModalities?: string[]): string {
  const declared = ['text', 'embeddings', 'embedding', 'image', 'audio'].find((each) => outputModalities?.includes(each));
  if (declared) return declared === 'text' ? 'chat' : declared.replace(/s$/, '');
  const name = id.toLowerCase();
  if (name.includes('embed')) return 'embedding';
  if (name.includes('moderation')) return 'moderation';
  if (/dall-e|image-/.test(name)) return 'image';
  return /tts|whisper/.test(name) ? 'audio' : 'chat';
}
