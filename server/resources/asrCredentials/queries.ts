import { sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';

const columns = ['id', 'account_id', 'provider', 'name', 'key_prefix', 'base_url', 'model', 'is_default', 'created_at'] as const;

/** `owner` is an account, or null for the platform. */
type OwnedId = { owner: string | null; id: string };

export const selectCredentials = statement<{ accountId: string }>()((db, $) =>
  db
    .selectFrom('asr_credentials')
    .select(columns)
    .where(({ eb, or }) => or([eb('account_id', '=', $.accountId), eb('account_id', 'is', null)]))
    .orderBy((eb) => eb('account_id', 'is', null))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc'),
);

export const selectCredential = statement<{ accountId: string; id: string; seesPlatform: boolean }>()((db, $) =>
  db
    .selectFrom('asr_credentials')
    .select(columns)
    .where(({ eb, or, and }) =>
      or([eb('account_id', '=', $.accountId), and([eb('account_id', 'is', null), sql<boolean>`${$.seesPlatform}::boolean`])]),
    )
    .where('id', '=', $.id),
);

/** A credential without its key; `account_id` is null for the platform. */
export type AsrCredentialRow = RowOf<typeof selectCredential>;

/** The account's default takes precedence over the platform's. */
export const selectDefault = statement<{ accountId: string }>()((db, $) =>
  db
    .selectFrom('asr_credentials')
    .select([...columns, 'api_key_sealed'])
    .where(({ eb, or }) => or([eb('account_id', '=', $.accountId), eb('account_id', 'is', null)]))
    .where('is_default', '=', sql.lit(true))
    .orderBy((eb) => eb('account_id', 'is', null))
    .limit(sql.lit(1)),
);

/** Serializes changes of the default of an owner. */
export const lockDefault = statement<{ owner: string | null }>()((db, $) =>
  db.selectNoFrom(
    sql<unknown>`pg_advisory_xact_lock(hashtextextended('asr default ' || coalesce(${$.owner}::text, 'platform'), 0))`.as('locked'),
  ),
);

export const clearDefault = statement<{ owner: string | null }>()((db, $) =>
  db
    .updateTable('asr_credentials')
    .set({ is_default: sql.lit(false) })
    .where('account_id', 'is not distinct from', $.owner)
    .where('is_default', '=', sql.lit(true)),
);

export const setDefault = statement<OwnedId>()((db, $) =>
  db
    .updateTable('asr_credentials')
    .set({ is_default: sql.lit(true) })
    .where('account_id', 'is not distinct from', $.owner)
    .where('id', '=', $.id),
);

type NewCredential = OwnedId & {
  provider: AsrCredentialRow['provider'];
  name: string;
  keyPrefix: string;
  sealedKey: Buffer;
  baseUrl: string | null;
  model: string;
  isDefault: boolean;
};

export const insertCredential = statement<NewCredential>()((db, $) =>
  db
    .insertInto('asr_credentials')
    .values({
      account_id: $.owner,
      id: $.id,
      provider: $.provider,
      name: $.name,
      key_prefix: $.keyPrefix,
      api_key_sealed: $.sealedKey,
      base_url: $.baseUrl,
      model: $.model,
      is_default: $.isDefault,
    })
    .returning(columns),
);

export const lockBaseUrl = statement<OwnedId>()((db, $) =>
  db
    .selectFrom('asr_credentials')
    .select('base_url')
    .where('account_id', 'is not distinct from', $.owner)
    .where('id', '=', $.id)
    .forNoKeyUpdate(),
);

type Changes = {
  name: string | null;
  keyPrefix: string | null;
  sealedKey: Buffer | null;
  changesBaseUrl: boolean;
  baseUrl: string | null;
  model: string | null;
  isDefault: boolean | null;
};

/** Null leaves a column unchanged, except `base_url`, which `changesBaseUrl` controls. */
export const updateCredential = statement<OwnedId & Changes>()((db, $) =>
  db
    .updateTable('asr_credentials')
    .set({
      name: sql`coalesce(${$.name}, name)`,
      key_prefix: sql`coalesce(${$.keyPrefix}, key_prefix)`,
      api_key_sealed: sql`coalesce(${$.sealedKey}, api_key_sealed)`,
      base_url: sql`case when ${$.changesBaseUrl}::boolean then ${$.baseUrl} else base_url end`,
      model: sql`coalesce(${$.model}, model)`,
      is_default: sql`coalesce(${$.isDefault}, is_default)`,
    })
    .where('account_id', 'is not distinct from', $.owner)
    .where('id', '=', $.id)
    .returning(columns),
);

export const deleteCredential = statement<OwnedId>()((db, $) =>
  db.deleteFrom('asr_credentials').where('account_id', 'is not distinct from', $.owner).where('id', '=', $.id),
);
