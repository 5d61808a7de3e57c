import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { Config } from '../platform/config/config.ts';
import { databaseDate } from '../platform/databaseClock.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Mail, MailServer, MailTransport } from './mail.ts';
import { renderMail } from './templates.ts';

/** Sends mail. Rejects if the mail was not sent. */
export type Mailer = { send(mail: Mail): Promise<void> };

/** The time limit for mail sent in the background, in milliseconds. */
const maxSendMs = 60_000;

/** Calls `wayNow` for each mail, so that changed settings apply at once. */
export const openMailer = (wayNow: () => Promise<MailTransport>, { dataDir }: Pick<Config, 'dataDir'>, log: Log): Mailer => ({
  async send(mail) {
    const way = await wayNow();
    if (way.to === 'server') await sendThrough(way.server, mail, maxSendMs);
    else if (way.to === 'files') await writeMail(way.from ?? 'Arkloop <no-reply@localhost>', resolve(dataDir, 'mail'), mail, log);
    else throw Object.assign(new Error('mail is off'), { code: 'EOFF' });
  },
});

/** Sends a mail to a server. After `limitMs`, the connection is closed. Rejects with the error of the server. */
export async function sendThrough({ from, host, port, user, password, tlsMode }: MailServer, mail: Mail, limitMs: number): Promise<void> {
  const transport = createTransport({
    host,
    port,
    secure: tlsMode === 'tls',
    // No silent downgrade: mail is not sent to a server that does not offer STARTTLS.
    requireTLS: tlsMode === 'starttls',
    ignoreTLS: tlsMode === 'none',
    ...(user !== null && { auth: { user, pass: password ?? '' } }),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
  });
  await transport.sendMail({ ...messageOf(mail, from), signal: AbortSignal.timeout(limitMs) });
}

/** Passes addresses as objects. In text form, a comma in an address would split it into two. */
const messageOf = (mail: Mail, from: string): SendMailOptions => ({
  ...renderMail(mail),
  from: mailboxOf(from),
  to: { name: '', address: mail.to },
  headers: { 'Auto-Submitted': 'auto-generated' },
  disableFileAccess: true,
  disableUrlAccess: true,
});

function mailboxOf(from: string) {
  const [, name = '', address = from] = /^([^<]*)<([^<>]*)>$/.exec(from) ?? [];
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address };
}

async function writeMail(from: string, folder: string, mail: Mail, log: Log): Promise<void> {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
  const { message } = await transport.sendMail(messageOf(mail, from));
  const file = join(folder, `${databaseDate().toISOString().replaceAll(':', '-')}-${mail.kind}-${randomUUID().slice(0, 8)}.eml`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(file, message as Buffer, { mode: 0o600 });
  log.info({ file, kind: mail.kind }, 'a mail was written');
}
