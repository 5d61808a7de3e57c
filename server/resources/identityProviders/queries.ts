import { sql } from 'kysely';
import { bytesOf, onPage, pageInBytes, type PageKey } from '../../database/paging.ts';
import { type Parameters, type RowOf, statement } from '../../database/statement.ts';

const columns = [
  'id',
  'name',
  'issuer',
  'client_id',
  'client_secret_sealed',
  'scopes',
  'allowed_email_domains',
  'registers_users',
  'internal_network',
  'enabled',
  'revision',
  'created_at',
  'updated_at',
] as const;

export type ProviderProperties = {
  name: string;
  issuer: string;
  clientId: string;
  clientSecretSealed: Buffer | null;
  scopes: string[];
  allowedEmailDomains: string[];
  registersUsers: boolean;
  internalNetwork: boolean;
  enabled: boolean;
};

const valuesOf = ($: Parameters<ProviderProperties>) => ({
  name: $.name,
  issuer: $.issuer,
  client_id: $.clientId,
  client_secret_sealed: $.clientSecretSealed,
  scopes: $.scopes,
  allowed_email_domains: $.allowedEmailDomains,
  registers_users: $.registersUsers,
  internal_network: $.internalNetwork,
  enabled: $.enabled,
});

type Key = { id: string };

/** Nothing if another provider has the issuer. */
export const insertProvider = statement<Key & ProviderProperties>()((db, $) =>
  db
    .insertInto('identity_providers')
    .values({ id: $.id, ...valuesOf($) })
    .onConflict((conflict) => conflict.column('issuer').doNothing())
    .returning(columns),
);

export type IdentityProviderRow = RowOf<typeof insertProvider>;

/** Newest first. */
export const selectProviders = statement<PageKey>()((db, $) =>
  pageInBytes(
    db
      .selectFrom('identity_providers')
      .select(columns)
      .where(onPage($, 'created_at', 'id'))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit($.limit),
    bytesOf('scopes', 'allowed_email_domains'),
  ),
);

export const selectProvider = statement<Key>()((db, $) => db.selectFrom('identity_providers').select(columns).where('id', '=', $.id));

/** For the sign-in page. */
export const selectEnabledProviders = statement()((db) =>
  db
    .selectFrom('identity_providers')
    .select(['id', 'name'])
    .where('enabled', '=', sql.lit(true))
    .orderBy(sql`lower(name)`)
    .orderBy('id')
    .limit(sql.lit(100)),
);

/** Of parallel changes of a provider, each starts from the one before. */
export const lockProvider = statement<Key>()((db, $) =>
  db.selectFrom('identity_providers').select(columns).where('id', '=', $.id).forUpdate(),
);

/** Fails with a unique violation if another provider has the issuer. */
export const updateProvider = statement<Key & ProviderProperties>()((db, $) =>
  db
    .updateTable('identity_providers')
    .set((eb) => ({ ...valuesOf($), revision: eb('revision', '+', sql.lit(1)), updated_at: sql`now()` }))
    .where('id', '=', $.id)
    .returning(columns),
);

export const deleteProvider = statement<Key>()((db, $) => db.deleteFrom('identity_providers').where('id', '=', $.id));

/** An unchanged, enabled provider, which stays so until the commit. */
export const lockForSignIn = statement<Key & { revision: number }>()((db, $) =>
  db
    .selectFrom('identity_providers')
    .select('id')
    .where('id', '=', $.id)
    .where('revision', '=', $.revision)
    .where('enabled', '=', sql.lit(true))
    .forShare(),
);
