import type { LlmModel, UpstreamModel } from '../../../contract/llmProviders.ts';
import { findKnownModel, knownModelsDate, knownPrices, priceListOf } from '../../models/known/knownModels.ts';
import { asCount, asObject, withoutUndefined } from '../../models/wire/json.ts';
import type { ProviderRow } from './queries.ts';

type Facts = Pick<
  LlmModel & UpstreamModel,
  'context_length' | 'max_output_tokens' | 'input_modalities' | 'tool_calling' | 'reasoning' | 'known'
>;

/** What the settings of a model and the list of known models tell of it. */
export function knownFacts(
  provider: Pick<ProviderRow, 'provider' | 'base_url'>,
  model: string,
  advanced: Record<string, unknown> = {},
): Facts {
  const found = findKnownModel({ provider: provider.provider, base_url: provider.base_url, model });
  const catalog = asObject(advanced.available_catalog);
  const context = asCount(catalog.context_length_override) || asCount(catalog.context_length) || found?.context_window;
  return withoutUndefined({
    context_length: context,
    ...(found && {
      max_output_tokens: found.max_output_tokens,
      input_modalities: found.image_input ? ['text', 'image'] : ['text'],
      tool_calling: found.tool_calling,
      reasoning: found.reasoning,
      known: {
        as_of: knownModelsDate,
        price_list: priceListOf(found),
        ...knownPrices(found),
        ...(found.dearer_above_prompt_tokens !== undefined && { dearer_above_prompt_tokens: found.dearer_above_prompt_tokens }),
      },
    }),
  });
}
