import type { Queryable } from '../../database/sql.ts';
import { readPlatformFlags } from '../featureFlags/service.ts';

/** `invite_only` if the flags cannot be read. */
export async function registrationMode(sql: Queryable): Promise<'open' | 'invite_only' | 'disabled'> {
  const flags = await readPlatformFlags(sql, 'registration.enabled', 'registration.open').catch(() => undefined);
  if (flags?.['registration.enabled'] === false) return 'disabled';
  return flags?.['registration.open'] ? 'open' : 'invite_only';
}

/** Whether signing in requires a verified email address. */
export const requiresVerifiedEmail = async (sql: Queryable): Promise<boolean> =>
  (await readPlatformFlags(sql, 'auth.require_email_verification'))['auth.require_email_verification'] === true;
