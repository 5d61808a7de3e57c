import type { LanguageModelV4, LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { ModelError } from '../model.ts';
import type { HttpCall } from './exchange.ts';
import { object, parseObject } from './json.ts';

type Fetch = typeof globalThis.fetch;

/** Keys of `advanced_json` that are ours and never reach a provider. */
const internalKeys = ['available_catalog', 'anthropic_version', 'extra_headers'];

/**
 * Let the SDK write a request, and stop it before it is sent. It knows each vendor's shapes and each model's quirks; the answer is read
 * elsewhere, because it holds back reasoning until the first word and drops what compatible servers leave out or add.
 */
export async function encode(open: (fetch: Fetch) => LanguageModelV4, options: LanguageModelV4CallOptions): Promise<HttpCall> {
  let call: HttpCall | undefined;
  const record: Fetch = async (url, init) => {
    const { 'user-agent': _, ...headers } = Object.fromEntries(new Headers(init?.headers));
    // Compressed streams arrive in lumps.
    call = { url: String(url), headers: { ...headers, 'accept-encoding': 'identity' }, body: String(init?.body) };
    throw new Error('The request is recorded, not sent.');
  };
  try {
    await open(record).doStream(options);
  } catch {
    if (call) return call;
  }
  throw new ModelError('provider.non_retryable', 'The request to the model provider could not be written.');
}

/** The body of a call as an object to change. */
export const bodyOf = (call: HttpCall) => parseObject(call.body) ?? {};

/** The keys of `advanced_json` that belong into the request body. */
export function bodyKeys(advanced: Record<string, unknown> | null | undefined, denied: readonly string[]) {
  return Object.fromEntries(Object.entries(object(advanced)).filter(([key]) => !denied.includes(key) && !internalKeys.includes(key)));
}
