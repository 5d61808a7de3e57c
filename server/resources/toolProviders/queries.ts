import type { ToolGroup, ToolProviderName } from '../../../contract/toolProviders.ts';
import { statement } from '../../kernel/sql.ts';

/** A back end as one owner has set it up; one that was never touched has no row. */
export type ToolProviderRow = {
  provider_name: ToolProviderName;
  is_active: boolean;
  key_prefix: string | null;
  base_url: string | null;
};

/** The back end that answers for a group, with its key sealed. */
export type ActiveRow = { group_name: ToolGroup; provider_name: ToolProviderName; base_url: string | null; api_key_sealed: Buffer | null };

/** Those of one owner: `$1` is the account, or null for the platform. */
const owned = 'account_id is not distinct from $1';

export const selectProviders = statement<ToolProviderRow>(`
  select provider_name, is_active, key_prefix, base_url from tool_providers where ${owned}`);

export const selectActive = statement<ActiveRow>(`
  select group_name, provider_name, base_url, api_key_sealed from tool_providers where ${owned} and is_active`);

/** Activations of one group wait for each other: each sees what the one before it has done. */
export const lockGroup = statement<unknown>(`
  select pg_advisory_xact_lock(hashtextextended('tool providers ' || coalesce($1::uuid::text, 'platform') || ' ' || $2::text, 0))`);

export const deactivateOthers = statement<never>(`
  update tool_providers set is_active = false where ${owned} and group_name = $2 and provider_name <> $3 and is_active`);

export const activate = statement<never>(`
  insert into tool_providers (account_id, group_name, provider_name, is_active) values ($1, $2, $3, true)
  on conflict (account_id, provider_name) do update set is_active = true`);

export const deactivate = statement<never>(`
  update tool_providers set is_active = false where ${owned} and provider_name = $2 and is_active`);

/** What is null stays as it is. */
export const upsertCredential = statement<never>(`
  insert into tool_providers (account_id, group_name, provider_name, key_prefix, api_key_sealed, base_url) values ($1, $2, $3, $4, $5, $6)
  on conflict (account_id, provider_name) do update set key_prefix = coalesce(excluded.key_prefix, tool_providers.key_prefix),
    api_key_sealed = coalesce(excluded.api_key_sealed, tool_providers.api_key_sealed),
    base_url = coalesce(excluded.base_url, tool_providers.base_url)`);

export const clearKey = statement<never>(`
  update tool_providers set key_prefix = null, api_key_sealed = null where ${owned} and provider_name = $2 and api_key_sealed is not null`);
