import type { LlmProvider } from '../../../contract/llmProviders.ts';
import { anthropicBase, geminiBase, openAiBase } from '../route.ts';
import list from './knownModels.json' with { type: 'json' };

type Kind = LlmProvider['provider'];

/**
 * What the vendor publishes of a model. `max_input_tokens`: if a prompt may not fill the context window. `dearer_above_prompt_tokens`: a longer
 * prompt costs more than these prices.
 */
export type KnownModel = {
  provider: Kind;
  model: string;
  context_window: number;
  max_input_tokens?: number;
  max_output_tokens: number;
  tool_calling: boolean;
  image_input: boolean;
  reasoning: boolean;
  usd_per_million_tokens: { input: number; output: number; cache_write?: number; cache_read?: number };
  dearer_above_prompt_tokens?: number;
};

/** The day on which the list was last compared with the price lists of the vendors. */
export const knownModelsDate: string = list.as_of;

const keyOf = (kind: string, model: string) => `${kind} ${model.toLowerCase()}`;
const known = new Map((list.models as KnownModel[]).map((each) => [keyOf(each.provider, each.model), each]));

const baseOf = { openai: openAiBase, anthropic: anthropicBase, gemini: geminiBase } satisfies Record<Kind, (url: string | null) => string>;
const hostOf = (kind: Kind, url: string | null) => new URL(baseOf[kind](url)).host;

/**
 * What is known of a model at the API of its vendor: other servers have prices and limits of their own. The name may end with the date of a
 * version, such as `gpt-5-2025-08-07`.
 */
export function findKnownModel({
  provider,
  base_url: url,
  model,
}: {
  provider: Kind;
  base_url?: string | null | undefined;
  model: string;
}): KnownModel | undefined {
  if (url && hostOf(provider, url) !== hostOf(provider, null)) return undefined;
  const name = model.replace(/^models\//, '').replace(/-(?:\d{8}|\d{4}-\d{2}-\d{2})$/, '');
  return known.get(keyOf(provider, name));
}

const perThousand = (perMillion: number) => Number((perMillion / 1_000).toFixed(6));

export const knownPrices = ({ usd_per_million_tokens: usd }: KnownModel) => ({
  cost_per_1k_input: perThousand(usd.input),
  cost_per_1k_output: perThousand(usd.output),
  cost_per_1k_cache_write: usd.cache_write === undefined ? null : perThousand(usd.cache_write),
  cost_per_1k_cache_read: usd.cache_read === undefined ? null : perThousand(usd.cache_read),
});

export const priceListOf = ({ provider }: KnownModel): string => list.price_lists[provider];

/** Tokens that a prompt may have. */
export const knownWindow = ({ context_window: whole, max_input_tokens: input }: KnownModel): number => input ?? whole;
