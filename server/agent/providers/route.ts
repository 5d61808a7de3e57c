import { trimEnd } from '../../../contract/shared/trim.ts';
import type { Outbound } from '../../kernel/outbound.ts';

/** The ways to talk to OpenAI and to servers compatible with it. */
export type OpenAiApiMode = 'responses' | 'chat_completions';

type Upstream = {
  model: string;
  api_key: string;
  base_url?: string | null;
  /** The provider's keys overwritten by the model's. */
  advanced_json?: Record<string, unknown> | null;
};

export type OpenAiRoute = Upstream & { provider_kind: 'openai'; openai_api_mode?: OpenAiApiMode | 'auto' | null };
export type AnthropicRoute = Upstream & { provider_kind: 'anthropic' };
export type UpstreamRoute = OpenAiRoute | AnthropicRoute;
export type StubRoute = { provider_kind: 'stub'; model: 'stub'; deltaCount: number; deltaIntervalSeconds: number };

/** Where a run's questions go: the outcome of routing, with the key in the clear. */
export type ResolvedRoute = UpstreamRoute | StubRoute;

/**
 * What a provider needs from outside: the guarded way out, the longest silence it accepts (60 s), how much of an error it reads (16 KiB),
 * and whether it tells what goes over the line.
 */
export type ProviderDeps = { outbound: Outbound; idleTimeoutMs?: number; maxErrorBytes?: number; debugEvents?: boolean };

/** The base of an OpenAI route's addresses. */
export const openAiBase = (baseUrl: string | null | undefined) => trimEnd(baseUrl ?? 'https://api.openai.com/v1', '/');

/** The base of an Anthropic route's addresses, before `/v1`. */
export const anthropicBase = (baseUrl: string | null | undefined) =>
  trimEnd(baseUrl ?? 'https://api.anthropic.com', '/').replace(/\/v1$/, '');
