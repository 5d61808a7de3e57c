import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { Config } from '../kernel/config.ts';
import type { Log } from '../kernel/log.ts';
import type { Mail, MailServer, MailWay } from './mail.ts';
import { textOf } from './texts.ts';

/** Lets mail leave; rejects when it did not. */
export type Mailer = { send(mail: Mail): Promise<void> };

/** The longest time for a mail whose sending nobody waits for, in milliseconds. */
const longestMs = 60_000;

/** Mail on the way that is right when it leaves: `wayNow` is asked for each. */
export const openMailer = (wayNow: () => Promise<MailWay>, { dataDir }: Pick<Config, 'dataDir'>, log: Log): Mailer => ({
  async send(mail) {
    const way = await wayNow();
    if (way.to === 'server') await sendBy(way.server, mail, longestMs);
    else if (way.to === 'files') await writeMail(way.from ?? 'Arkloop <no-reply@localhost>', resolve(dataDir, 'mail'), mail, log);
    else throw Object.assign(new Error('mail is off'), { code: 'EOFF' });
  },
});

/** Hand a mail to a server within `limitMs`; at the limit the connection is cut. Rejects with what the server said. */
export async function sendBy({ from, host, port, user, password, tlsMode }: MailServer, mail: Mail, limitMs: number): Promise<void> {
  const transport = createTransport({
    host,
    port,
    secure: tlsMode === 'tls',
    // No silent downgrade: a server that offers no STARTTLS gets no mail.
    requireTLS: tlsMode === 'starttls',
    ignoreTLS: tlsMode === 'none',
    ...(user !== null && { auth: { user, pass: password ?? '' } }),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
  });
  await transport.sendMail({ ...messageOf(mail, from), signal: AbortSignal.timeout(limitMs) });
}

/** Addresses as objects: as text, a comma in one would make two of it. */
const messageOf = (mail: Mail, from: string): SendMailOptions => ({
  ...textOf(mail),
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
  const file = join(folder, `${new Date().toISOString().replaceAll(':', '-')}-${mail.kind}-${randomUUID().slice(0, 8)}.eml`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(file, message as Buffer, { mode: 0o600 });
  log.info({ file, kind: mail.kind }, 'a mail was written');
}
