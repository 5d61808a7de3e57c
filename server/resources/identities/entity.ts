import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';
import { sealed } from '../../database/sealedColumns.ts';
import { flowContext } from './flowContents.ts';

/** An identity at a provider, with which a user signs in. */
export const UserIdentity = defineEntity({
  name: 'UserIdentity',
  tableName: 'user_identities',
  properties: {
    id: p.uuid().primary(),
    userId: p.uuid(),
    /** Identities belong to their issuer and not to the provider, which may be deleted and created again. */
    issuer: p.text(),
    subject: p.text(),
    email: p.text().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
    lastUsedAt: timestamptz().nullable(),
  },
  indexes: [
    { name: 'user_identities_subject', expression: 'create unique index user_identities_subject on user_identities (issuer, subject)' },
    { name: 'user_identities_user', expression: 'create index user_identities_user on user_identities (user_id)' },
  ],
});

/** A sign-in or a link that waits for the provider, or for the user whom an identity might belong to (`confirm`). */
export const IdentityFlow = defineEntity({
  name: 'IdentityFlow',
  tableName: 'identity_flows',
  properties: {
    /** Hash of what the browser or the session has, with the state. */
    keyHash: p.text().primary(),
    purpose: p.enum(['sign_in', 'link', 'confirm'] as const),
    providerId: p.uuid(),
    userId: p.uuid().nullable(),
    contentsSealed: sealed(['key_hash'], flowContext),
    createdAt: timestamptz().defaultRaw('now()'),
    expiresAt: timestamptz(),
  },
  indexes: [
    { name: 'identity_flows_expiry', expression: 'create index identity_flows_expiry on identity_flows (expires_at)' },
    { name: 'identity_flows_provider', expression: 'create index identity_flows_provider on identity_flows (provider_id)' },
    { name: 'identity_flows_user', expression: 'create index identity_flows_user on identity_flows (user_id)' },
  ],
});
