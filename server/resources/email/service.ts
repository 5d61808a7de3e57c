import type { EmailConfigValues, EmailStatus } from '../../../contract/email.ts';
import type { Scope } from '../../http/scope.ts';
import { sendThrough } from '../../mail/mailer.ts';
import { classifyMailError } from '../../mail/mailErrors.ts';
import { failWith, invalidField, rateLimited } from '../../platform/failure.ts';
import { fieldRules, readEmail } from '../auth/fields.ts';
import { acquireSettingsLock, lockSettings } from '../settings/queries.ts';
import { isSetByEnvironment } from '../settings/resolve.ts';
import { hasOtherServer, removeSetting, storeSetting } from '../settings/service.ts';
import { processEnvOf, readSettings } from '../settings/settings.ts';
import { viewSetting } from '../settings/view.ts';
import { mailRateLimited, permitMail } from './limits.ts';
import { mailServerOf } from './transport.ts';

/** Settings keys of the fields of the mail configuration. */
const emailKeys = {
  from: 'email.from',
  smtp_host: 'email.smtp_host',
  smtp_port: 'email.smtp_port',
  smtp_user: 'email.smtp_user',
  smtp_pass: 'email.smtp_pass',
  smtp_tls_mode: 'email.smtp_tls_mode',
} as const satisfies Record<keyof EmailConfigValues, string>;
const names = Object.keys(emailKeys) as (keyof EmailConfigValues)[];

/** Timeout of a test mail, in milliseconds. */
const timeoutMs = 10_000;

export async function emailStatus({ app: { database } }: Scope): Promise<EmailStatus> {
  const { 'email.from': from } = await readSettings(database);
  if (from === null) return { configured: false, from, source: 'none' };
  return { configured: true, from, source: isSetByEnvironment('email.from', processEnvOf(database)) ? 'env' : 'db' };
}

/** Replaces the stored configuration. An absent or empty password is kept for the same server; null clears it. Throws 400 `secret_required`. */
export async function configureEmail(scope: Scope, values: EmailConfigValues): Promise<void> {
  await scope.tx.row(acquireSettingsLock);
  await requirePasswordForServer(scope, values);
  const before = await storedEmail(scope);
  for (const name of names) {
    const [key, value] = [emailKeys[name], values[name]];
    if (name === 'smtp_pass' && !value && value !== null) continue;
    if (value === null || value === undefined || value === '') await removeSetting(scope, key);
    else await storeSetting(scope, key, String(value));
  }
  const { smtp_pass: password } = values;
  const metadata = { smtp_pass: password === null ? 'cleared' : password ? 'set' : 'kept' };
  scope.audit({ accountId: null, targetId: null, metadata, before, after: await storedEmail(scope) });
}

async function requirePasswordForServer({ tx }: Scope, { smtp_host: server, smtp_pass: password }: EmailConfigValues) {
  if (password || password === null || !server) return;
  if (await hasOtherServer(tx, { key: 'email.smtp_host', secret: 'email.smtp_pass', server }))
    throw invalidField('/smtp_pass', 'is needed again for another server, because the stored one is not sent there', 'secret_required');
}

/** The stored configuration for the audit log, with the password masked. */
async function storedEmail({ tx }: Scope): Promise<Record<string, string>> {
  const rows = await tx.rows(lockSettings, { keys: Object.values(emailKeys) });
  const texts = new Map<string, string>(rows.map((row) => [row.key, viewSetting(row).value]));
  return Object.fromEntries(names.flatMap((name) => (texts.has(emailKeys[name]) ? [[name, texts.get(emailKeys[name])!]] : [])));
}

/**
 * Sends a mail synchronously. Throws 503 `email_not_configured` or `smtp_failed`. The server's reply is not returned, because it repeats
 * addresses.
 */
export async function sendTestMail({ app, client, actor, audit }: Scope, typed: string): Promise<void> {
  const to = readEmail(typed)?.text;
  if (to === undefined) throw invalidField('/to', ...fieldRules.email);
  const server = mailServerOf(await readSettings(app.database));
  if (!server) throw failWith('unavailable', 'email_not_configured', 'There is no sender or no server for mail.');
  const permit = await permitMail(app.database, { kind: 'test', to, origin: client, actor });
  if (!permit.granted) throw rateLimited(mailRateLimited, permit.seconds);
  try {
    await sendThrough(server, { to, kind: 'test', locale: null, data: {} }, timeoutMs);
  } catch (error) {
    const { code, smtpCode = null, failure } = classifyMailError(error);
    app.log.warn({ trace_id: client.traceId, failure, code, smtp_code: smtpCode }, 'a test mail was not sent');
    throw failWith('unavailable', 'smtp_failed', 'The mail server did not take the mail.', { smtp_code: smtpCode, failure });
  }
  audit({ accountId: null, targetId: null, metadata: { to } });
}
