import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { sendThrough } from '../../../server/mail/mailer.ts';
import { classifyMailError } from '../../../server/mail/mailErrors.ts';
import { certificate } from '../../support/app/certificate.ts';
import { freePort } from '../../support/app/ports.ts';
import { python, startServer } from '../../support/checks/counterparts.ts';

const usualCertificates = getCACertificates('default');

const accepts = (port: number) => () =>
  new Promise<boolean>((done) => {
    const socket = connect(port, '127.0.0.1', () => done(true)).on('error', () => done(false));
    socket.on('connect', () => socket.destroy());
  });

/** Starts aiosmtpd, which prints the mails that it accepts. */
async function startAiosmtpd(...options: string[]) {
  const bin = await python('aiosmtpd==1.4.6');
  const port = await freePort();
  const args = ['-m', 'aiosmtpd', '-n', '-l', `127.0.0.1:${port}`, ...options, '-c', 'aiosmtpd.handlers.Debugging', 'stdout'];
  return { port, ...(await startServer(bin('python'), args, accepts(port), { PYTHONUNBUFFERED: '1' })) };
}

function certificateFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-mail-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(cert, certificate.cert);
  writeFileSync(key, certificate.key);
  return ['--tlscert', cert, '--tlskey', key];
}

const mail = { to: 'reader@example.test', kind: 'test', locale: null, data: {} } as const;
const send = (port: number, tlsMode: 'none' | 'starttls') =>
  sendThrough({ from: 'Arkloop <hello@arkloop.test>', host: '127.0.0.1', port, user: null, password: null, tlsMode }, mail, 20_000);
const failureOf = (sent: Promise<void>) =>
  sent.then(
    () => 'sent',
    (error: unknown) => classifyMailError(error).failure,
  );

test('a mail arrives with its headers', async () => {
  const { port, output } = await startAiosmtpd();
  await send(port, 'none');
  await expect.poll(output, { timeout: 20_000 }).toContain('Auto-Submitted: auto-generated');
  expect(output()).toContain('From: Arkloop <hello@arkloop.test>');
  expect(output()).toContain('To: reader@example.test');
});

test('STARTTLS works with a trusted certificate; an untrusted certificate, missing STARTTLS and a refused connection are distinguished', async () => {
  onTestFinished(() => setDefaultCACertificates(usualCertificates));
  const { port, stop, output } = await startAiosmtpd(...certificateFiles());
  expect(await failureOf(send(port, 'starttls'))).toBe('certificate_invalid');
  setDefaultCACertificates([...usualCertificates, certificate.cert]);
  expect(await failureOf(send(port, 'starttls'))).toBe('sent');
  await expect.poll(output, { timeout: 20_000 }).toContain('To: reader@example.test');
  expect(await failureOf(send((await startAiosmtpd()).port, 'starttls'))).toBe('tls_failed');
  await stop();
  expect(await failureOf(send(port, 'none'))).toBe('connection_refused');
});
