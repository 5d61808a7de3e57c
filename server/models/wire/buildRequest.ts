import type { LanguageModelV4, LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { ModelError } from '../model.ts';
import type { HttpCall } from './debugRecorder.ts';
import { asObject, parseObject } from './json.ts';

type Fetch = typeof globalThis.fetch;

/** Internal keys of `advanced_json`. Never sent to a provider. */
const internalKeys = ['available_catalog', 'anthropic_version', 'extra_headers', 'image_generation', 'image_usd'];

/**
 * Lets the SDK build a request and intercepts it before it is sent. The SDK knows the format of each vendor and the
 * quirks of each model. It does not read the answer: it delays reasoning until the first text, and drops fields that
 * compatible servers omit or add.
 */
export async function buildRequest(open: (fetch: Fetch) => LanguageModelV4, options: LanguageModelV4CallOptions): Promise<HttpCall> {
  let call: HttpCall | undefined;
  const record: Fetch = async (url, init) => {
    const { 'user-agent': _, ...headers } = Object.fromEntries(new Headers(init?.headers));
    // Compressed streams are delivered in large chunks.
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

export const bodyOf = (call: HttpCall) => parseObject(call.body) ?? {};

/** The keys of `advanced_json` that go into the request body. */
export function bodyKeys(advanced: Record<string, unknown> | null | undefined, denied: readonly string[]) {
  return Object.fromEntries(Object.entries(asObject(advanced)).filter(([key]) => !denied.includes(key) && !internalKeys.includes(key)));
}
