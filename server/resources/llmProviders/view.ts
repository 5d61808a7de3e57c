import type { LlmModel, LlmProvider } from '../../../contract/llmProviders.ts';
import { knownFacts } from './knownFacts.ts';
import type { ModelRow, ProviderRow } from './queries.ts';

export const viewModel = (row: ModelRow, provider: ProviderRow): LlmModel => ({
  id: row.id,
  provider_id: row.provider_id,
  model: row.model,
  priority: row.priority,
  is_default: row.is_default,
  show_in_picker: row.show_in_picker,
  tags: row.tags,
  when: row.when,
  advanced_json: row.advanced_json,
  multiplier: row.multiplier,
  cost_per_1k_input: row.cost_per_1k_input,
  cost_per_1k_output: row.cost_per_1k_output,
  cost_per_1k_cache_write: row.cost_per_1k_cache_write,
  cost_per_1k_cache_read: row.cost_per_1k_cache_read,
  ...knownFacts(provider, row.model, { ...provider.advanced_json, ...row.advanced_json }),
});

export const viewProvider = (row: ProviderRow, models: ModelRow[]): LlmProvider => ({
  id: row.id,
  account_id: row.account_id,
  scope: row.account_id === null ? 'platform' : 'account',
  provider: row.provider,
  name: row.name,
  key_prefix: row.key_prefix,
  base_url: row.base_url,
  openai_api_mode: row.openai_api_mode,
  advanced_json: row.advanced_json,
  created_at: row.created_at,
  models: models.map((model) => viewModel(model, row)),
});

/** For model pickers: hides how the provider is reached, and lists only the models that are shown in pickers. */
export const viewPickerProvider = (row: ProviderRow, models: ModelRow[]): LlmProvider => ({
  ...viewProvider(row, []),
  key_prefix: null,
  base_url: null,
  advanced_json: null,
  models: models.filter((model) => model.show_in_picker).map((model) => ({ ...viewModel(model, row), advanced_json: null })),
});
