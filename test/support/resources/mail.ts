import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { Mail } from '../../../server/mail/mail.ts';
import { unseal } from '../../../server/platform/crypto/seal.ts';
import { type TestApp, testKeys } from '../app/testApp.ts';

/** Queued mails in order of creation, optionally only those to one address. */
export async function queuedMails({ sql }: Pick<TestApp, 'sql'>, to?: string): Promise<Mail[]> {
  const rows = await sql(
    `select j.payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
     where t.identifier = 'email.send' order by j.id`,
  );
  const open = ({ payload }: { payload: { sealed: string } }) =>
    Mail.parse(JSON.parse(unseal(testKeys.encryptionKeys, Buffer.from(payload.sealed, 'base64'), 'email.send').toString()));
  return rows.map(open).filter((mail) => to === undefined || mail.to === to);
}

/** The code in the last sign-in mail to an address. */
export async function codeFor(app: Pick<TestApp, 'sql'>, to: string): Promise<string> {
  const mail = (await queuedMails(app, to)).findLast(({ kind }) => kind === 'otp');
  return mail?.kind === 'otp' ? mail.data.code : 'no code was mailed';
}

/** The token in the link of the last verification mail to an address. */
export async function verificationTokenFor(app: Pick<TestApp, 'sql'>, to: string): Promise<string> {
  const mail = (await queuedMails(app, to)).findLast(({ kind }) => kind === 'verification');
  return mail?.kind === 'verification' ? new URL(mail.data.url).searchParams.get('token')! : 'no link was mailed';
}

/** A received mail; `source` is the raw message. */
type Received = { from: string; to: string[]; source: string; user: string | undefined };

/** A real SMTP server on a free loopback port. */
export async function startMailServer(options: SMTPServerOptions = {}) {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          source: Buffer.concat(chunks).toString(),
          user: session.user,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const env = { ARKLOOP_EMAIL_FROM: 'Arkloop <hello@arkloop.test>', ARKLOOP_SMTP_HOST: '127.0.0.1', ARKLOOP_SMTP_PORT: String(port) };
  return { received, port, env, close: () => new Promise<void>((resolve) => void server.close(() => resolve())) };
}

/** Decodes the body of a message with a single part. */
export function textOfMessage(source: string): string {
  const [head = '', ...rest] = source.replaceAll('\r\n', '\n').split('\n\n');
  const body = rest.join('\n\n');
  const coding = /^content-transfer-encoding: *(\S+)/im.exec(head)?.[1]?.toLowerCase();
  if (coding === 'base64') return Buffer.from(body, 'base64').toString();
  if (coding !== 'quoted-printable') return body;
  const bytes = body.replace(/=\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
