import { trimEnd } from '../../contract/shared/text.ts';
import type { OutboundClient } from '../platform/outbound/outbound.ts';

export type OpenAiApiMode = 'responses' | 'chat_completions';

type Upstream = {
  model: string;
  api_key: string;
  base_url?: string | null;
  /** The provider's keys, overridden by those of the model. */
  advanced_json?: Record<string, unknown> | null;
};

export type OpenAiRoute = Upstream & { provider_kind: 'openai'; openai_api_mode?: OpenAiApiMode | 'auto' | null };
export type AnthropicRoute = Upstream & { provider_kind: 'anthropic' };
export type GeminiRoute = Upstream & { provider_kind: 'gemini' };
export type UpstreamRoute = OpenAiRoute | AnthropicRoute | GeminiRoute;
export type StubRoute = { provider_kind: 'stub'; model: 'stub'; deltaCount: number; deltaIntervalSeconds: number };

/** The result of routing, with the API key in clear text. */
export type ResolvedRoute = UpstreamRoute | StubRoute;

/**
 * `idleTimeoutMs`: longest silence of the provider (default 60 s). `maxErrorBytes`: bytes read of an error response
 * (default 16 KiB). `maxAnswerBytes` and `maxToolCalls`: of an answer (default 4 MiB, 128). `debugEvents`: whether to
 * yield HTTP traffic as events.
 */
export type ProviderDeps = {
  outbound: OutboundClient;
  idleTimeoutMs?: number;
  maxErrorBytes?: number;
  maxAnswerBytes?: number;
  maxToolCalls?: number;
  debugEvents?: boolean;
};

export const openAiBase = (baseUrl: string | null | undefined) => trimEnd(baseUrl ?? 'https://api.openai.com/v1', '/');

/** Without a trailing `/v1`. */
export const anthropicBase = (baseUrl: string | null | undefined) =>
  trimEnd(baseUrl ?? 'https://api.anthropic.com', '/').replace(/\/v1$/, '');

/** With a version: `/v1beta` unless the URL ends with one. */
export function geminiBase(baseUrl: string | null | undefined): string {
  const base = trimEnd(baseUrl ?? 'https://generativelanguage.googleapis.com', '/');
  return /\/v\d(?:alpha|beta)?$/.test(base) ? base : `${base}/v1beta`;
}
