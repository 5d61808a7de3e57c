import { type Sql, statement } from '../../kernel/sql.ts';

const selectFlags = statement<{ key: string; value: unknown }>('select key, value from platform_settings where key = any($1)');

/** The switches of sign-up and sign-in, and how they stand until somebody turns them. */
const presets = { 'registration.enabled': true, 'registration.open': true, 'auth.require_email_verification': false } as const;
type Flag = keyof typeof presets;

async function readFlags<F extends Flag>(sql: Sql, ...flags: F[]): Promise<Record<F, boolean>> {
  const rows = await sql.rows(selectFlags, [flags]);
  const stored = (flag: F) => rows.find(({ key }) => key === flag);
  return Object.fromEntries(flags.map((flag) => [flag, stored(flag) ? stored(flag)?.value === true : presets[flag]])) as Record<F, boolean>;
}

/** Who may register. When that cannot be read, only the invited may. */
export async function registrationMode(sql: Sql): Promise<'open' | 'invite_only' | 'disabled'> {
  const flags = await readFlags(sql, 'registration.enabled', 'registration.open').catch(() => undefined);
  if (!flags) return 'invite_only';
  if (!flags['registration.enabled']) return 'disabled';
  return flags['registration.open'] ? 'open' : 'invite_only';
}

/** Whether a password is of use only once the email address is verified. */
export const requiresVerifiedEmail = async (sql: Sql): Promise<boolean> =>
  (await readFlags(sql, 'auth.require_email_verification'))['auth.require_email_verification'];

/** What a browser needs to show a captcha: sign-in asks for none. */
export const captchaConfig = () => ({ enabled: false, site_key: '' });
