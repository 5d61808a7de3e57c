import { randomBytes } from 'node:crypto';

/** What an app in production needs. The test app has its own database. */
export const productionEnv = {
  ARKLOOP_ENV: 'production',
  ARKLOOP_DATABASE_URL: 'postgres://unused/unused',
  ARKLOOP_AUTH_JWT_SECRET: randomBytes(32).toString('base64url'),
  ARKLOOP_ENCRYPTION_KEY: randomBytes(32).toString('hex'),
  ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '0',
};
