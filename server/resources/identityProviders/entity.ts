import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';
import { sealed } from '../../database/sealedColumns.ts';
import { secretContext } from './secrets.ts';

/** A provider of OpenID Connect. */
export const IdentityProvider = defineEntity({
  name: 'IdentityProvider',
  tableName: 'identity_providers',
  properties: {
    id: p.uuid().primary(),
    name: p.text(),
    issuer: p.text().unique('identity_providers_issuer_key'),
    clientId: p.text(),
    clientSecretSealed: sealed(['id'], secretContext).nullable(),
    scopes: p.array<string>().columnType('text[]'),
    /** In ASCII. Empty for all. */
    allowedEmailDomains: p.array<string>().columnType('text[]'),
    registersUsers: p.boolean(),
    internalNetwork: p.boolean(),
    enabled: p.boolean(),
    /** A sign-in that was started with another revision must begin again. */
    revision: p.integer().default(1),
    createdAt: timestamptz().defaultRaw('now()'),
    updatedAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    {
      name: 'identity_providers_list',
      expression: 'create index identity_providers_list on identity_providers (created_at desc, id desc)',
    },
  ],
});
