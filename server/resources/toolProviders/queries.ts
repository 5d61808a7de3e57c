import { sql } from 'kysely';
import type { ToolGroup, ToolProviderName } from '../../../contract/toolProviders.ts';
import { type RowOf, statement } from '../../database/statement.ts';

/** An account, or null for the platform. */
type Owner = { owner: string | null };
type ProviderKey = Owner & { name: ToolProviderName };

/** A backend that was never configured has no row. */
export const selectProviders = statement<Owner>()((db, $) =>
  db
    .selectFrom('tool_providers')
    .select(['provider_name', 'is_active', 'key_prefix', 'base_url'])
    .where('account_id', 'is not distinct from', $.owner),
);

export type ToolProviderRow = RowOf<typeof selectProviders>;

export const selectActiveProviders = statement<Owner>()((db, $) =>
  db
    .selectFrom('tool_providers')
    .select(['group_name', 'provider_name', 'base_url', 'api_key_sealed'])
    .where('account_id', 'is not distinct from', $.owner)
    .where('is_active', '=', sql.lit(true)),
);

export type ActiveProviderRow = RowOf<typeof selectActiveProviders>;

/** Serializes activations within a group, so that each sees the effect of the previous one. */
export const lockGroup = statement<Owner & { group: ToolGroup }>()((db, $) =>
  db.selectNoFrom(
    sql<unknown>`pg_advisory_xact_lock(hashtextextended('tool providers ' || coalesce(${$.owner}::uuid::text, 'platform') || ' ' || ${$.group}::text, 0))`.as(
      'locked',
    ),
  ),
);

export const deactivateOthers = statement<ProviderKey & { group: ToolGroup }>()((db, $) =>
  db
    .updateTable('tool_providers')
    .set({ is_active: sql.lit(false) })
    .where('account_id', 'is not distinct from', $.owner)
    .where('group_name', '=', $.group)
    .where('provider_name', '<>', $.name)
    .where('is_active', '=', sql.lit(true)),
);

export const activate = statement<ProviderKey & { group: ToolGroup }>()((db, $) =>
  db
    .insertInto('tool_providers')
    .values({ account_id: $.owner, group_name: $.group, provider_name: $.name, is_active: sql.lit(true) })
    .onConflict((conflict) => conflict.columns(['account_id', 'provider_name']).doUpdateSet({ is_active: sql.lit(true) })),
);

export const deactivate = statement<ProviderKey>()((db, $) =>
  db
    .updateTable('tool_providers')
    .set({ is_active: sql.lit(false) })
    .where('account_id', 'is not distinct from', $.owner)
    .where('provider_name', '=', $.name)
    .where('is_active', '=', sql.lit(true)),
);

type Credential = { keyPrefix: string | null; sealedKey: Buffer | null; baseUrl: string | null };

/** A null leaves a column unchanged. */
export const upsertCredential = statement<ProviderKey & { group: ToolGroup } & Credential>()((db, $) =>
  db
    .insertInto('tool_providers')
    .values({
      account_id: $.owner,
      group_name: $.group,
      provider_name: $.name,
      key_prefix: $.keyPrefix,
      api_key_sealed: $.sealedKey,
      base_url: $.baseUrl,
    })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'provider_name']).doUpdateSet(({ fn }) => ({
        key_prefix: fn.coalesce('excluded.key_prefix', 'tool_providers.key_prefix'),
        api_key_sealed: fn.coalesce('excluded.api_key_sealed', 'tool_providers.api_key_sealed'),
        base_url: fn.coalesce('excluded.base_url', 'tool_providers.base_url'),
      })),
    ),
);

export const clearKey = statement<ProviderKey>()((db, $) =>
  db
    .updateTable('tool_providers')
    .set({ key_prefix: sql.lit(null), api_key_sealed: sql.lit(null) })
    .where('account_id', 'is not distinct from', $.owner)
    .where('provider_name', '=', $.name)
    .where('api_key_sealed', 'is not', null),
);
