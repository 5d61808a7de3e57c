import { sql } from 'kysely';
import { type RowOf, statement } from '../../../database/statement.ts';
import { columns } from '../columns.ts';

type ConfigKey = { accountId: string; id: string };

const none = sql.lit(null);
const now = sql<string>`clock_timestamp()`;

/** Stores an authorization that is started. It replaces an earlier one. Nothing if the URL has changed meanwhile. */
export const keepRequest = statement<ConfigKey & { url: string; key: string; sealed: Buffer; lifeSeconds: number }>()((db, $) =>
  db
    .updateTable('mcp_configs')
    .set({
      oauth_request_key: $.key,
      oauth_request_sealed: $.sealed,
      oauth_request_expires_at: sql<string>`clock_timestamp() + make_interval(secs => ${$.lifeSeconds})`,
    })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('url', '=', $.url)
    .returning(sql<string>`oauth_request_expires_at`.as('expires_at')),
);

/** Takes a started authorization. Of parallel calls, exactly one gets it. */
export const takeRequest = statement<ConfigKey & { key: string }>()((db, $) =>
  db
    .with('found', (qc) =>
      qc
        .selectFrom('mcp_configs')
        .select(['account_id', 'id', 'oauth_request_sealed as sealed'])
        .where('account_id', '=', $.accountId)
        .where('id', '=', $.id)
        .where('oauth_request_key', '=', $.key)
        .where('oauth_request_expires_at', '>', now)
        .forUpdate(),
    )
    .updateTable('mcp_configs as c')
    .from('found')
    .set({ oauth_request_key: none, oauth_request_sealed: none, oauth_request_expires_at: none })
    .where('c.account_id', '=', $.accountId)
    .whereRef('c.account_id', '=', 'found.account_id')
    .whereRef('c.id', '=', 'found.id')
    .returning(['found.sealed', 'c.revision']),
);

type NewAuthorization = ConfigKey & { revision: number; url: string; sealed: Buffer; endsInSeconds: number | null };

/** `endsInSeconds` is null if the access can be renewed or has no known end. Nothing if the configuration has changed since `revision`. */
export const storeAuthorization = statement<NewAuthorization>()((db, $) =>
  db
    .updateTable('mcp_configs')
    .set((eb) => ({
      oauth_status: sql.lit('authorized' as const),
      oauth_sealed: $.sealed,
      oauth_ends_at: sql<string | null>`clock_timestamp() + make_interval(secs => ${$.endsInSeconds})`,
      oauth_generation: eb('oauth_generation', '+', sql.lit(1)),
      oauth_renewing_until: none,
      revision: eb('revision', '+', sql.lit(1)),
      updated_at: sql`now()`,
    }))
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('revision', '=', $.revision)
    .where('url', '=', $.url)
    .where('bearer_token_sealed', 'is', null)
    .returning(columns),
);

/** Forgets all about an authorization. With a `url`, only if it differs from the current one. */
export const clearAuthorization = statement<ConfigKey & { url: string | null }>()((db, $) =>
  db
    .updateTable('mcp_configs')
    .set((eb) => ({
      oauth_status: none,
      oauth_sealed: none,
      oauth_ends_at: none,
      oauth_generation: eb('oauth_generation', '+', sql.lit(1)),
      oauth_renewing_until: none,
      oauth_request_key: none,
      oauth_request_sealed: none,
      oauth_request_expires_at: none,
      revision: eb('revision', '+', sql.lit(1)),
      updated_at: sql`now()`,
    }))
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where(sql<boolean>`(${$.url}::text is null or url is distinct from ${$.url}::text)`),
);

const authorization = ['oauth_status', 'oauth_sealed', 'oauth_generation'] as const;

/** Nothing if the URL has changed. */
export const selectAuthorization = statement<ConfigKey & { url: string }>()((db, $) =>
  db
    .selectFrom('mcp_configs')
    .select([...authorization, sql<boolean>`coalesce(oauth_renewing_until > clock_timestamp(), false)`.as('is_renewing')])
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('url', '=', $.url),
);

export type AuthorizationRow = RowOf<typeof claimRenewal>;

type Generation = ConfigKey & { generation: number };

/** Lets one process renew the tokens, for 30 seconds. */
export const claimRenewal = statement<Generation>()((db, $) =>
  db
    .updateTable('mcp_configs')
    .set({ oauth_renewing_until: sql<string>`clock_timestamp() + interval '30 seconds'` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('oauth_generation', '=', $.generation)
    .where('oauth_status', '=', sql.lit('authorized' as const))
    .where((eb) => eb.or([eb('oauth_renewing_until', 'is', null), eb('oauth_renewing_until', '<', now)]))
    .returning(authorization),
);

export const releaseRenewal = statement<Generation>()((db, $) =>
  db
    .updateTable('mcp_configs')
    .set({ oauth_renewing_until: none })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('oauth_generation', '=', $.generation),
);

/** Stores renewed tokens. `generation` is that of the tokens they replace. */
export const storeRenewal = statement<Generation & { sealed: Buffer; endsInSeconds: number | null }>()((db, $) =>
  db
    .updateTable('mcp_configs')
    .set((eb) => ({
      oauth_sealed: $.sealed,
      oauth_ends_at: sql<string | null>`clock_timestamp() + make_interval(secs => ${$.endsInSeconds})`,
      oauth_generation: eb('oauth_generation', '+', sql.lit(1)),
      oauth_renewing_until: none,
    }))
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('oauth_generation', '=', $.generation)
    .where('oauth_status', '=', sql.lit('authorized' as const))
    .returning(authorization),
);

/** Ends the access and deletes its tokens and its client, unless they have been replaced. */
export const expireAuthorization = statement<Generation>()((db, $) =>
  db
    .updateTable('mcp_configs')
    .set((eb) => ({
      oauth_status: sql.lit('expired' as const),
      oauth_sealed: none,
      oauth_ends_at: none,
      oauth_generation: eb('oauth_generation', '+', sql.lit(1)),
      oauth_renewing_until: none,
    }))
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('oauth_generation', '=', $.generation)
    .where('oauth_status', '=', sql.lit('authorized' as const)),
);

/** The server at this URL has rejected a request without a token. */
export const requireAuthorization = statement<ConfigKey & { url: string }>()((db, $) =>
  db
    .updateTable('mcp_configs')
    .set({ oauth_status: sql.lit('required' as const) })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('url', '=', $.url)
    .where('oauth_status', 'is', null)
    .where('bearer_token_sealed', 'is', null),
);
