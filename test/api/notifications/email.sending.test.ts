import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { SMTPServerOptions } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { certificate } from '../../support/app/certificate.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { startMailServer, textOfMessage } from '../../support/resources/mail.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql } = app;
const platformAdmin = await app.signUp();
await app.promote(platformAdmin);
const token = platformAdmin.token;
const defaultCertificates = getCACertificates('default');
const trustCertificates = (...more: string[]) => setDefaultCACertificates([...defaultCertificates, ...more]);
trustCertificates(certificate.cert);

const from = 'Arkloop <hello@arkloop.test>';
const configure = (port: number, values: object) =>
  call('PUT', '/v1/admin/email/config', { token, body: { from, smtp_host: '127.0.0.1', smtp_port: port, ...values } });
const send = (to: unknown = 'reader@example.test') => call('POST', '/v1/admin/email/test', { token, body: { to } });

/** A mail server that the installation is configured to use. */
async function startConfiguredServer(values: object, options: SMTPServerOptions = {}) {
  const server = await startMailServer({ ...certificate, ...options });
  onTestFinished(server.close);
  expect((await configure(server.port, values)).status).toBe(204);
  return server;
}
const offersTls = { disabledCommands: [] };

/** A TCP server that does not speak SMTP, or speaks it in an unusual way. */
async function startTcpServer(onConnection: (socket: Socket) => void) {
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}
const errorOf = async (answer: ReturnType<typeof send>) => {
  const { status, body } = await answer;
  return [status, body.error, body.details.reason, body.details.smtp_code];
};
const smtpFailure = (code: number | null) => [503, 'unavailable', 'smtp_failed', code];
const testEntries = () => sql(`select metadata from audit_logs where action = 'email_config.test' order by created_at`);

test('without a sender or a host, email_not_configured is returned', async () => {
  expect(statusAndReason(await send())).toEqual([503, 'email_not_configured']);
  await call('PUT', '/v1/admin/platform-settings/email.from', { token, body: { value: from } });
  expect(statusAndReason(await send())).toEqual([503, 'email_not_configured']);
});

test.for([
  ['none', { smtp_tls_mode: 'none' }, {}],
  ['starttls', {}, offersTls],
  ['tls', { smtp_tls_mode: 'tls' }, { secure: true }],
] as const)('with TLS mode %s the mail is delivered before the response', async ([, values, options]) => {
  const secured: boolean[] = [];
  const server = await startConfiguredServer(values, {
    ...options,
    disabledCommands: [...('disabledCommands' in options ? [] : ['STARTTLS'])],
    onMailFrom(_, { secure }, done) {
      secured.push(secure);
      done();
    },
  });
  const entries = (await testEntries()).length;
  expect((await send()).status).toBe(204);
  const [mail] = server.received;
  expect([server.received.length, mail!.from, mail!.to]).toEqual([1, 'hello@arkloop.test', ['reader@example.test']]);
  expect(mail!.source).toMatch(/^From: Arkloop <hello@arkloop.test>\r$/m);
  expect(textOfMessage(mail!.source)).toContain('They work.');
  expect(secured).toEqual([values !== undefined && !('smtp_tls_mode' in values && values.smtp_tls_mode === 'none')]);
  expect((await testEntries()).slice(entries)).toEqual([{ metadata: { to: 'reader@example.test' } }]);
});

test('a comma in the sender name does not add a second sender', async () => {
  const server = await startConfiguredServer({ from: 'Arkloop, Inc <hello@arkloop.test>', smtp_tls_mode: 'none' });
  expect((await send()).status).toBe(204);
  expect([server.received[0]!.from, server.received[0]!.source]).toEqual([
    'hello@arkloop.test',
    expect.stringMatching(/^From: "Arkloop, Inc" <hello@arkloop.test>\r$/m),
  ]);
});

test('user and password are sent unchanged, and a wrong password returns the SMTP code without credentials', async () => {
  const right = ' p,w "1" ';
  const server = await startConfiguredServer(
    { smtp_tls_mode: 'none', smtp_user: 'us', smtp_pass: right },
    {
      authOptional: false,
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, done) {
        if (password !== right) return done(new Error(`not ${password}`));
        done(null, { user: username });
      },
    },
  );
  expect((await send()).status).toBe(204);
  expect(server.received.map(({ user }) => user)).toEqual(['us']);
  await configure(server.port, { smtp_tls_mode: 'none', smtp_user: 'us', smtp_pass: 'Canary-wrong' });
  const entries = (await testEntries()).length;
  const answer = await send();
  expect(await errorOf(Promise.resolve(answer))).toEqual(smtpFailure(535));
  expect(answer.text).not.toContain('Canary');
  expect([server.received.length, (await testEntries()).length]).toEqual([1, entries]);
  await configure(server.port, { smtp_pass: null });
});

test('if STARTTLS is not offered, nothing is sent', async () => {
  let commands = 0;
  const server = await startConfiguredServer({}, { onMailFrom: (_address, _session, done) => done(void commands++ as undefined) });
  const [status, , why] = await errorOf(send());
  expect([status, why, commands, server.received]).toEqual([503, 'smtp_failed', 0, []]);
});

test('if STARTTLS is offered but the TLS handshake fails, nothing is sent', async () => {
  const said: string[] = [];
  const port = await startTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.write('220 mail.test\r\n');
    socket.on('data', (data) => {
      said.push(data.toString('latin1'));
      if (said.at(-1)!.startsWith('EHLO')) socket.write('250-mail.test\r\n250 STARTTLS\r\n');
      else if (said.at(-1)!.startsWith('STARTTLS')) socket.write('220 go ahead\r\n250 injected\r\n');
      else socket.write('250 fine\r\n');
    });
  });
  await configure(port, {});
  expect((await errorOf(send())).slice(0, 3)).toEqual(smtpFailure(null).slice(0, 3));
  expect(said.join('')).not.toMatch(/MAIL FROM/i);
});

test.for([
  ['starttls', offersTls],
  ['tls', { secure: true }],
] as const)('with TLS mode %s an untrusted certificate is rejected', async ([mode, options]) => {
  const server = await startConfiguredServer({ smtp_tls_mode: mode }, { ...options, disabledCommands: [] });
  trustCertificates();
  onTestFinished(() => trustCertificates(certificate.cert));
  expect(await errorOf(send())).toEqual(smtpFailure(null));
  expect(server.received).toEqual([]);
});

test('connection errors have no SMTP code, and a full mailbox has one', async () => {
  const closed = await startMailServer();
  await closed.close();
  await configure(closed.port, { smtp_tls_mode: 'none' });
  expect(await errorOf(send())).toEqual(smtpFailure(null));
  await configure(25, { smtp_host: 'nowhere.invalid', smtp_tls_mode: 'none' });
  expect(await errorOf(send())).toEqual(smtpFailure(null));
  await configure(await startTcpServer((socket) => socket.end('220 mail.test\r\n')), { smtp_tls_mode: 'none' });
  expect(await errorOf(send())).toEqual(smtpFailure(null));
  await startConfiguredServer(
    { smtp_tls_mode: 'none' },
    { onRcptTo: (_address, _session, done) => done(Object.assign(new Error('full'), { responseCode: 552 })) },
  );
  expect(await errorOf(send())).toEqual(smtpFailure(552));
});

test('an unresponsive or endlessly slow server times out after ten seconds, and the connection is closed', async () => {
  const ends: Promise<unknown>[] = [];
  const slow = (greeting: string, drip: string) =>
    startTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => undefined);
      if (greeting) socket.write(greeting);
      const timer = setInterval(() => drip && socket.write(drip), 500);
      ends.push(new Promise((done) => socket.once('close', done)).finally(() => clearInterval(timer)));
    });
  const took: number[] = [];
  const answers = [];
  for (const port of [await slow('', ''), await slow('220 mail.test\r\n', '250-more\r\n')]) {
    await configure(port, { smtp_tls_mode: 'none' });
    const started = performance.now();
    answers.push(errorOf(send()).finally(() => took.push(performance.now() - started)));
    // The next configuration must not apply to this connection.
    await expect.poll(() => ends.length).toBe(answers.length);
  }
  expect(await Promise.all(answers)).toEqual([smtpFailure(null), smtpFailure(null)]);
  for (const each of took) {
    expect(each).toBeGreaterThan(9_500);
    expect(each).toTakeLessThan(12_000);
  }
  await Promise.all(ends);
});

test.for([
  undefined,
  null,
  '',
  'nobody',
  'a@b.test, c@d.test',
  'a@b.test\r\nBcc: c@d.test',
  'A <a@b.test>',
  ['a@b.test'],
  `${'x'.repeat(250)}@b.test`,
])('a recipient of %j is rejected', async (to) => {
  const { status, body } = await send(to === undefined ? null : to);
  expect([status, body.details.issues.map(({ path }: { path: string }) => path)]).toEqual([400, ['/to']]);
});

test('a repeated idempotency key sends one mail', async () => {
  const server = await startConfiguredServer({ smtp_tls_mode: 'none' });
  const again = () =>
    call('POST', '/v1/admin/email/test', { token, body: { to: 'once@example.test' }, headers: { 'idempotency-key': 'one mail' } });
  expect([(await again()).status, (await again()).headers.get('idempotent-replayed')]).toEqual([204, 'true']);
  expect(server.received).toHaveLength(1);
});

test('certificate, connection and DNS failures have different failure codes', async () => {
  const told = async (values: object, port: number) => {
    expect((await configure(port, values)).status).toBe(204);
    const { body } = await send();
    return [body.details.reason, body.details.failure];
  };
  const gone = await startMailServer();
  await gone.close();
  setDefaultCACertificates(defaultCertificates);
  onTestFinished(() => trustCertificates(certificate.cert));
  const unknown = await startMailServer({ ...certificate, secure: true });
  onTestFinished(unknown.close);
  const notTls = await startTcpServer((socket) => void socket.on('error', () => undefined).write('220 hello\r\n'));
  expect(await told({ smtp_tls_mode: 'none' }, gone.port)).toEqual(['smtp_failed', 'connection_refused']);
  expect(await told({ smtp_tls_mode: 'tls' }, unknown.port)).toEqual(['smtp_failed', 'certificate_invalid']);
  expect(await told({ smtp_tls_mode: 'tls' }, notTls)).toEqual(['smtp_failed', 'tls_failed']);
  expect(await told({ smtp_host: 'no-such-host.invalid', smtp_tls_mode: 'none' }, 25)).toEqual(['smtp_failed', 'host_unknown']);
});
