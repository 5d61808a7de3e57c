import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Credential = defineEntity({
  name: 'Credential',
  tableName: 'credentials',
  properties: {
    userId: p.uuid().primary(),
    login: p.text(),
    loginKey: p.text().unique('credentials_login_key_key'),
    passwordHash: p.text().nullable(),
    updatedAt: timestamptz().defaultRaw('now()'),
    loginSkeleton: p.text().nullable(),
  },
  indexes: [
    { name: 'credentials_login_skeleton', expression: 'create unique index credentials_login_skeleton on credentials (login_skeleton)' },
  ],
});

export const EmailVerification = defineEntity({
  name: 'EmailVerification',
  tableName: 'email_verifications',
  properties: {
    userId: p.uuid().primary(),
    email: p.text(),
    tokenHash: p.text().unique('email_verifications_token_hash_key'),
    expiresAt: timestamptz(),
  },
  indexes: [
    { name: 'email_verifications_expiry', expression: 'create index email_verifications_expiry on email_verifications (expires_at)' },
  ],
});

export const LoginCode = defineEntity({
  name: 'LoginCode',
  tableName: 'login_codes',
  properties: {
    userId: p.uuid().primary(),
    email: p.text(),
    codeHmac: p.text(),
    expiresAt: timestamptz(),
    askedFrom: p.text().primary(),
    foreignGuesses: p.integer().default(0),
  },
  indexes: [{ name: 'login_codes_expiry', expression: 'create index login_codes_expiry on login_codes (expires_at)' }],
});

export const RefreshToken = defineEntity({
  name: 'RefreshToken',
  tableName: 'refresh_tokens',
  properties: {
    tokenHash: p.text().primary(),
    sessionId: p.uuid(),
    issuedAt: timestamptz().defaultRaw('now()'),
    expiresAt: timestamptz(),
    rotatedAt: timestamptz().nullable(),
    generation: p.integer(),
  },
  indexes: [
    { name: 'refresh_tokens_expires', expression: 'create index refresh_tokens_expires on refresh_tokens (expires_at)' },
    {
      name: 'refresh_tokens_generation',
      expression: 'create unique index refresh_tokens_generation on refresh_tokens (session_id, generation)',
    },
  ],
});

export const Session = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    id: p.uuid().primary(),
    userId: p.uuid(),
    activeAccountId: p.uuid(),
    createdAt: timestamptz().defaultRaw('now()'),
    lastUsedAt: timestamptz().defaultRaw('now()'),
    revokedAt: timestamptz().nullable(),
    revokeReason: p.enum(['logout', 'logout_all', 'reuse', 'suspended', 'deleted', 'address_verified'] as const).nullable(),
    ip: p.text().nullable(),
    userAgent: p.text().nullable(),
    method: p.enum(['password', 'email_otp', 'oidc', 'passkey'] as const).default('password'),
    /** When a passkey last proved that the user is present. */
    confirmedAt: timestamptz().nullable(),
  },
  indexes: [
    { name: 'sessions_account', expression: 'create index sessions_account on sessions (active_account_id)' },
    { name: 'sessions_recent', expression: 'create index sessions_recent on sessions (user_id, created_at desc)' },
    { name: 'sessions_user', expression: 'create index sessions_user on sessions (user_id) where (revoked_at is null)' },
  ],
});
