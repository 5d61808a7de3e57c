import { type RawBuilder, sql } from 'kysely';
import type { LlmProvider } from '../../../contract/llmProviders.ts';
import { jsonb, type RowOf, statement } from '../../database/statement.ts';

type Json = Record<string, unknown>;
type ProviderFields = Pick<LlmProvider, 'provider' | 'name' | 'openai_api_mode'>;

const providerColumns = [
  'id',
  'account_id',
  'provider',
  'name',
  'key_prefix',
  'base_url',
  'openai_api_mode',
  'advanced_json',
  'revision',
  'created_at',
] as const;
const modelColumns = [
  'id',
  'provider_id',
  'model',
  'priority',
  'is_default',
  'show_in_picker',
  'tags',
  'when',
  'advanced_json',
  'multiplier',
  'cost_per_1k_input',
  'cost_per_1k_output',
  'cost_per_1k_cache_write',
  'cost_per_1k_cache_read',
] as const;

/** `owner` is an account, or null for the platform. */
type OwnedId = { owner: string | null; id: string };

export const selectProviders = statement<{ accountId: string; ofAccount: boolean; ofPlatform: boolean }>()((db, $) =>
  db
    .selectFrom('llm_providers')
    .select(providerColumns)
    .where(({ eb, or, and }) =>
      or([
        and([eb('account_id', '=', $.accountId), sql<boolean>`${$.ofAccount}::boolean`]),
        and([eb('account_id', 'is', null), sql<boolean>`${$.ofPlatform}::boolean`]),
      ]),
    )
    .orderBy((eb) => eb('account_id', 'is', null))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc'),
);

export const selectProvider = statement<OwnedId>()((db, $) =>
  db.selectFrom('llm_providers').select(providerColumns).where('account_id', 'is not distinct from', $.owner).where('id', '=', $.id),
);

/** A provider without its key. `account_id` is null for the platform. `revision` grows with every change. */
export type ProviderRow = RowOf<typeof selectProvider>;

/** Serializes changes of a provider and its models. */
export const lockProvider = statement<OwnedId>()((db, $) =>
  db
    .selectFrom('llm_providers')
    .select(providerColumns)
    .where('account_id', 'is not distinct from', $.owner)
    .where('id', '=', $.id)
    .forUpdate(),
);

export const selectKey = statement<OwnedId>()((db, $) =>
  db.selectFrom('llm_providers').select('api_key_sealed').where('account_id', 'is not distinct from', $.owner).where('id', '=', $.id),
);

type ProviderValues = {
  provider: ProviderFields['provider'];
  name: string;
  baseUrl: string | null;
  apiMode: ProviderFields['openai_api_mode'];
  advanced: string;
};

export const insertProvider = statement<OwnedId & ProviderValues & { keyPrefix: string; sealedKey: Buffer }>()((db, $) =>
  db
    .insertInto('llm_providers')
    .values({
      account_id: $.owner,
      id: $.id,
      provider: $.provider,
      name: $.name,
      key_prefix: $.keyPrefix,
      api_key_sealed: $.sealedKey,
      base_url: $.baseUrl,
      openai_api_mode: $.apiMode,
      advanced_json: jsonb<Json>($.advanced),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning(providerColumns),
);

/** Null leaves the prefix and the key unchanged. */
export const updateProvider = statement<OwnedId & ProviderValues & { keyPrefix: string | null; sealedKey: Buffer | null }>()((db, $) =>
  db
    .updateTable('llm_providers')
    .set((eb) => ({
      provider: $.provider,
      name: $.name,
      base_url: $.baseUrl,
      openai_api_mode: $.apiMode,
      advanced_json: jsonb<Json>($.advanced),
      revision: eb('revision', '+', sql.lit(1)),
      key_prefix: sql`coalesce(${$.keyPrefix}, key_prefix)`,
      api_key_sealed: sql`coalesce(${$.sealedKey}, api_key_sealed)`,
    }))
    .where('account_id', 'is not distinct from', $.owner)
    .where('id', '=', $.id)
    .returning(providerColumns),
);

export const deleteProvider = statement<OwnedId>()((db, $) =>
  db.deleteFrom('llm_providers').where('account_id', 'is not distinct from', $.owner).where('id', '=', $.id),
);

export const selectModels = statement<{ providerIds: string[] }>()((db, $) =>
  db
    .selectFrom('llm_models')
    .select(modelColumns)
    .where('provider_id', '=', sql<string>`any(${$.providerIds}::uuid[])`)
    .orderBy('priority', 'desc')
    .orderBy('created_at')
    .orderBy('id'),
);

type OneModel = { providerId: string; id: string };

export const selectModel = statement<OneModel>()((db, $) =>
  db.selectFrom('llm_models').select(modelColumns).where('provider_id', '=', $.providerId).where('id', '=', $.id),
);

export type ModelRow = RowOf<typeof selectModel>;

type ModelValues = {
  model: string;
  priority: number;
  showInPicker: boolean;
  tags: string;
  when: string;
  advanced: string;
  multiplier: number;
  costInput: number | null;
  costOutput: number | null;
  costCacheWrite: number | null;
  costCacheRead: number | null;
};

const modelValues = ($: { readonly [Name in keyof ModelValues]: RawBuilder<ModelValues[Name]> }) => ({
  model: $.model,
  priority: $.priority,
  show_in_picker: $.showInPicker,
  tags: jsonb<string[]>($.tags),
  when: jsonb<Json>($.when),
  advanced_json: jsonb<Json>($.advanced),
  multiplier: $.multiplier,
  cost_per_1k_input: $.costInput,
  cost_per_1k_output: $.costOutput,
  cost_per_1k_cache_write: $.costCacheWrite,
  cost_per_1k_cache_read: $.costCacheRead,
});

export const insertModel = statement<OneModel & ModelValues>()((db, $) =>
  db.insertInto('llm_models').values({ provider_id: $.providerId, id: $.id, ...modelValues($) }),
);

export const updateModel = statement<OneModel & ModelValues>()((db, $) =>
  db.updateTable('llm_models').set(modelValues($)).where('provider_id', '=', $.providerId).where('id', '=', $.id),
);

export const deleteModel = statement<OneModel>()((db, $) =>
  db.deleteFrom('llm_models').where('provider_id', '=', $.providerId).where('id', '=', $.id),
);

/** Clearing the old default and setting the new one are separate statements, so that there are never two defaults. */
export const clearDefault = statement<{ providerId: string }>()((db, $) =>
  db
    .updateTable('llm_models')
    .set({ is_default: sql.lit(false) })
    .where('provider_id', '=', $.providerId)
    .where('is_default', '=', sql.lit(true)),
);
export const clearDefaultOf = statement<OneModel>()((db, $) =>
  db
    .updateTable('llm_models')
    .set({ is_default: sql.lit(false) })
    .where('provider_id', '=', $.providerId)
    .where('id', '=', $.id)
    .where('is_default', '=', sql.lit(true)),
);

export const setDefault = statement<OneModel>()((db, $) =>
  db
    .updateTable('llm_models')
    .set({ is_default: sql.lit(true) })
    .where('provider_id', '=', $.providerId)
    .where('id', '=', $.id),
);

/** Makes the first model in order the default if there is none. Chooses the model `lastId` only if it is the only one. */
export const promoteDefault = statement<{ providerId: string; lastId: string | null }>()((db, $) =>
  db
    .updateTable('llm_models')
    .set({ is_default: sql.lit(true) })
    .where('id', '=', ({ selectFrom }) =>
      selectFrom('llm_models')
        .select('id')
        .where('provider_id', '=', $.providerId)
        .orderBy((eb) => eb('id', 'is not distinct from', $.lastId))
        .orderBy('priority', 'desc')
        .orderBy('created_at')
        .orderBy('id')
        .limit(sql.lit(1)),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('llm_models')
            .select(sql.lit(1).as('one'))
            .where('provider_id', '=', $.providerId)
            .where('is_default', '=', sql.lit(true)),
        ),
      ),
    ),
);
