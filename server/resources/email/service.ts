import type { EmailConfigValues, EmailStatus } from '../../../contract/email.ts';
import { invalidField, rateLimited, refuse } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { mailFailureOf } from '../../mail/failures.ts';
import { sendBy } from '../../mail/mailer.ts';
import { expected, readEmail } from '../auth/fields.ts';
import { lockSettings, takeTurn } from '../settings/queries.ts';
import { isFixed } from '../settings/resolve.ts';
import { removeSetting, storeSetting } from '../settings/service.ts';
import { environmentOf, readSettings } from '../settings/settings.ts';
import { viewSetting } from '../settings/view.ts';
import { mailRateLimited, permitMail } from './limits.ts';
import { mailServerOf } from './way.ts';

/** The settings of mail, by their names in its configuration. */
const emailKeys = {
  from: 'email.from',
  smtp_host: 'email.smtp_host',
  smtp_port: 'email.smtp_port',
  smtp_user: 'email.smtp_user',
  smtp_pass: 'email.smtp_pass',
  smtp_tls_mode: 'email.smtp_tls_mode',
} as const satisfies Record<keyof EmailConfigValues, string>;
const names = Object.keys(emailKeys) as (keyof EmailConfigValues)[];

/** How long a test may take, in milliseconds. */
const longestMs = 10_000;

/** Whether there is a sender, and who has set it. */
export async function emailStatus({ app: { database } }: Scope): Promise<EmailStatus> {
  const { 'email.from': from } = await readSettings(database);
  if (from === null) return { configured: false, from, source: 'none' };
  return { configured: true, from, source: isFixed('email.from', environmentOf(database)) ? 'env' : 'db' };
}

/** Replace what is stored about mail. A password that is left out or empty stays. */
export async function configureEmail(scope: Scope, values: EmailConfigValues): Promise<void> {
  await scope.tx.row(takeTurn);
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

/** What is stored about mail, for the audit log. */
async function storedEmail({ tx }: Scope): Promise<Record<string, string>> {
  const rows = await tx.rows(lockSettings, [Object.values(emailKeys)]);
  const texts = new Map<string, string>(rows.map((row) => [row.key, viewSetting(row).value]));
  return Object.fromEntries(names.flatMap((name) => (texts.has(emailKeys[name]) ? [[name, texts.get(emailKeys[name])!]] : [])));
}

/** Send a mail while the caller waits. Throws 503 `email_not_configured` or `smtp_failed`; what the server says repeats addresses and is not shown. */
export async function sendTestMail({ app, origin, actor, audit }: Scope, typed: string): Promise<void> {
  const to = readEmail(typed)?.text;
  if (to === undefined) throw invalidField('/to', expected.email);
  const server = mailServerOf(await readSettings(app.database));
  if (!server) throw refuse('unavailable', 'email_not_configured', 'There is no sender or no server for mail.');
  const permit = await permitMail(app.database, { kind: 'test', to, origin, actor });
  if (!permit.granted) throw rateLimited(mailRateLimited, permit.seconds);
  try {
    await sendBy(server, { to, kind: 'test', locale: null, data: {} }, longestMs);
  } catch (error) {
    const { code, smtpCode = null, failure } = mailFailureOf(error);
    app.log.warn({ trace_id: origin.traceId, failure, code, smtp_code: smtpCode }, 'a test mail was not sent');
    throw refuse('unavailable', 'smtp_failed', 'The mail server did not take the mail.', { smtp_code: smtpCode, failure });
  }
  audit({ accountId: null, targetId: null, metadata: { to } });
}
