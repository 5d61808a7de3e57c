import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';
import { sealed } from '../../database/sealedColumns.ts';
import { encryptionContext } from './codes.ts';

/** The secret of an authenticator app. It is in use once `users.second_factor_at` is set. */
export const SecondFactor = defineEntity({
  name: 'SecondFactor',
  tableName: 'second_factors',
  properties: {
    userId: p.uuid().primary(),
    secretSealed: sealed(['user_id'], (row: { user_id: string }) => encryptionContext(row.user_id)),
    /**
     * The time step of the last accepted code (RFC 6238), or before the first one the step before the setup. Codes of it and of earlier steps are
     * rejected.
     */
    lastStep: p.integer().default(0),
    /** SHA-256 of the unused recovery codes. */
    recoveryHashes: p.array<string>().columnType('text[]').defaultRaw("'{}'::text[]"),
  },
});

/** A sign-in that waits for the code of a second factor. */
export const SignInChallenge = defineEntity({
  name: 'SignInChallenge',
  tableName: 'sign_in_challenges',
  properties: {
    tokenHash: p.text().primary(),
    userId: p.uuid(),
    method: p.enum(['password', 'email_otp', 'oidc'] as const),
    attempts: p.integer().default(0),
    expiresAt: timestamptz(),
  },
  indexes: [
    { name: 'sign_in_challenges_user', expression: 'create index sign_in_challenges_user on sign_in_challenges (user_id)' },
    { name: 'sign_in_challenges_expiry', expression: 'create index sign_in_challenges_expiry on sign_in_challenges (expires_at)' },
  ],
});
