import { statement } from '../../kernel/sql.ts';

type Json = Record<string, unknown>;

/** A provider without its key; `account_id` is null for the platform. */
export type ProviderRow = {
  id: string;
  account_id: string | null;
  provider: 'openai' | 'anthropic';
  name: string;
  key_prefix: string | null;
  base_url: string | null;
  openai_api_mode: 'auto' | 'responses' | 'chat_completions' | null;
  advanced_json: Json;
  /** Grows with every change. */
  revision: number;
  created_at: string;
};

export type ModelRow = {
  id: string;
  provider_id: string;
  model: string;
  priority: number;
  is_default: boolean;
  show_in_picker: boolean;
  tags: string[];
  when: Json;
  advanced_json: Json;
  multiplier: number;
  cost_per_1k_input: number | null;
  cost_per_1k_output: number | null;
  cost_per_1k_cache_write: number | null;
  cost_per_1k_cache_read: number | null;
};

const providerColumns = `id, account_id, provider, name, key_prefix, base_url, openai_api_mode, advanced_json, revision, created_at`;
const modelColumns = `id, provider_id, model, priority, is_default, show_in_picker, tags, "when", advanced_json, multiplier,
  cost_per_1k_input, cost_per_1k_output, cost_per_1k_cache_write, cost_per_1k_cache_read`;
const modelOrder = 'priority desc, created_at, id';

/** A provider of one owner: `$1` is the account, or null for the platform. */
const owned = 'account_id is not distinct from $1 and id = $2';

/** `$2`, `$3`: whether those of the account and those of the platform are wanted. */
export const selectProviders = statement<ProviderRow>(`
  select ${providerColumns} from llm_providers where (account_id = $1 and $2) or (account_id is null and $3)
  order by account_id is null, created_at desc, id desc`);

export const selectProvider = statement<ProviderRow>(`select ${providerColumns} from llm_providers where ${owned}`);

/** Everything that changes a provider or its models waits here for its turn. */
export const lockProvider = statement<Pick<ProviderRow, 'provider'>>(`select provider from llm_providers where ${owned} for update`);

export const selectKey = statement<{ api_key_sealed: Buffer }>(`select api_key_sealed from llm_providers where ${owned}`);

export const insertProvider = statement<ProviderRow>(`
  insert into llm_providers (account_id, id, provider, name, key_prefix, api_key_sealed, base_url, openai_api_mode, advanced_json)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning ${providerColumns}`);

/** Counts a change; prefix and key are null where they stay. */
export const finishProvider = statement<ProviderRow>(`
  update llm_providers set revision = revision + 1, key_prefix = coalesce($3, key_prefix), api_key_sealed = coalesce($4, api_key_sealed)
  where ${owned} returning ${providerColumns}`);

export const deleteProvider = statement<never>(`delete from llm_providers where ${owned}`);

export const selectModels = statement<ModelRow>(`
  select ${modelColumns} from llm_models where provider_id = any($1) order by ${modelOrder}`);

export const selectModel = statement<ModelRow>(`select ${modelColumns} from llm_models where provider_id = $1 and id = $2`);

export const deleteModel = statement<{ is_default: boolean }>(`
  delete from llm_models where provider_id = $1 and id = $2 returning is_default`);

/** The flag leaves the old default before the next statement gives it to the new one: there are never two. */
export const clearDefault = statement<never>('update llm_models set is_default = false where provider_id = $1 and is_default');
export const clearDefaultOf = statement<never>(
  'update llm_models set is_default = false where provider_id = $1 and id = $2 and is_default',
);

export const setDefault = statement<never>(`update llm_models set is_default = true where provider_id = $1 and id = $2`);

/** The best model becomes the default where there is none; model `$2` only if it is alone. */
export const promoteDefault = statement<never>(`
  update llm_models set is_default = true where id = (
    select id from llm_models where provider_id = $1 order by id is not distinct from $2, ${modelOrder} limit 1)
  and not exists (select from llm_models where provider_id = $1 and is_default)`);
