import type { Sql } from '../../kernel/sql.ts';
import { readFlags } from '../featureFlags/service.ts';

/** Who may register. When that cannot be read, only the invited may. */
export async function registrationMode(sql: Sql): Promise<'open' | 'invite_only' | 'disabled'> {
  const flags = await readFlags(sql, 'registration.enabled', 'registration.open').catch(() => undefined);
  if (flags?.['registration.enabled'] === false) return 'disabled';
  return flags?.['registration.open'] ? 'open' : 'invite_only';
}

/** Whether a password is of use only once the email address is verified. */
export const requiresVerifiedEmail = async (sql: Sql): Promise<boolean> =>
  (await readFlags(sql, 'auth.require_email_verification'))['auth.require_email_verification'] === true;
