import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { Config } from '../kernel/config.ts';
import type { Log } from '../kernel/log.ts';
import { type Mail, mailWay } from './mail.ts';
import { textOf } from './texts.ts';

/** Lets mail leave; rejects when it did not. */
export type Mailer = { send(mail: Mail): Promise<void> };

type MailerConfig = Pick<
  Config,
  'env' | 'emailFrom' | 'smtpHost' | 'smtpPort' | 'smtpUser' | 'smtpPass' | 'smtpTlsMode' | 'dataDir' | 'appBaseUrl'
>;

/** Open the way out that the configuration gives; undefined where mail is off. Says once what becomes of mail without a server. */
export function openMailer(config: MailerConfig, log: Log): Mailer | undefined {
  const way = mailWay(config);
  if (way === 'smtp') return smtpMailer(config);
  if (way === 'off') return void log.warn('mail is off: ARKLOOP_EMAIL_FROM and ARKLOOP_SMTP_HOST are not both set');
  const folder = resolve(config.dataDir, 'mail');
  log.info({ folder }, 'mail is written to files: ARKLOOP_EMAIL_FROM and ARKLOOP_SMTP_HOST are not both set');
  return fileMailer(config, folder, log);
}

/** One address as an object: as text, a comma in it would make two of it. */
const messageOf = (mail: Mail, from: string): SendMailOptions => ({
  ...textOf(mail),
  from,
  to: { name: '', address: mail.to },
  headers: { 'Auto-Submitted': 'auto-generated' },
  disableFileAccess: true,
  disableUrlAccess: true,
});

function smtpMailer(config: MailerConfig): Mailer {
  const { smtpHost: host, smtpPort: port, smtpTlsMode: mode, smtpUser: user, smtpPass: pass = '' } = config;
  const transport = createTransport({
    host,
    port,
    secure: mode === 'tls',
    // No silent downgrade: a server that offers no STARTTLS gets no mail.
    requireTLS: mode === 'starttls',
    ignoreTLS: mode === 'none',
    ...(user !== undefined && { auth: { user, pass } }),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
  });
  return { send: async (mail) => void (await transport.sendMail(messageOf(mail, config.emailFrom!))) };
}

function fileMailer({ emailFrom = 'Arkloop <no-reply@localhost>' }: MailerConfig, folder: string, log: Log): Mailer {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
  return {
    async send(mail) {
      const { message } = await transport.sendMail(messageOf(mail, emailFrom));
      const file = join(folder, `${new Date().toISOString().replaceAll(':', '-')}-${mail.kind}-${randomUUID().slice(0, 8)}.eml`);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(file, message as Buffer, { mode: 0o600 });
      log.info({ file, kind: mail.kind }, 'a mail was written');
    },
  };
}
