import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

/** A WebAuthn credential of a user. Only the public key is stored. */
export const Passkey = defineEntity({
  name: 'Passkey',
  tableName: 'passkeys',
  properties: {
    id: p.uuid().primary(),
    userId: p.uuid(),
    /** Base64url, as the browser sends it. No two users can have the same. */
    credentialId: p.text().unique('passkeys_credential_id_key'),
    /** COSE, in base64url. */
    publicKey: p.text(),
    /** The last signature counter. Authenticators that do not count always send 0. */
    counter: p.bigint('number').defaultRaw('0'),
    name: p.text(),
    transports: p.array<string>().columnType('text[]').defaultRaw("'{}'::text[]"),
    backupEligible: p.boolean(),
    backedUp: p.boolean(),
    createdAt: timestamptz().defaultRaw('now()'),
    lastUsedAt: timestamptz().nullable(),
  },
  indexes: [{ name: 'passkeys_user', expression: 'create index passkeys_user on passkeys (user_id, created_at desc, id desc)' }],
});

/** A challenge that was issued and not used. */
export const PasskeyChallenge = defineEntity({
  name: 'PasskeyChallenge',
  tableName: 'passkey_challenges',
  properties: {
    challengeHash: p.text().primary(),
    purpose: p.enum(['sign_in', 'registration', 'confirmation'] as const),
    /** Null for a sign-in, unless it needs a second factor. */
    userId: p.uuid().nullable(),
    /** The session in which the passkey is registered or confirms. */
    sessionId: p.uuid().nullable(),
    /** The sign-in that the passkey completes as its second factor. */
    signInTokenHash: p.text().nullable(),
    expiresAt: timestamptz(),
  },
  indexes: [
    { name: 'passkey_challenges_user', expression: 'create index passkey_challenges_user on passkey_challenges (user_id)' },
    { name: 'passkey_challenges_expiry', expression: 'create index passkey_challenges_expiry on passkey_challenges (expires_at)' },
  ],
});
