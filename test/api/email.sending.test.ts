import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { SMTPServerOptions } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { certificate } from '../setup/certificate.ts';
import { startMailServer, textOfMessage } from '../setup/mail.ts';
import { reason } from '../setup/sessions.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const { call, sql } = world;
const chief = await world.signUp();
await world.promote(chief);
const token = chief.token;
const usualCertificates = getCACertificates('default');
const trust = (...more: string[]) => setDefaultCACertificates([...usualCertificates, ...more]);
trust(certificate.cert);

const from = 'Arkloop <hello@arkloop.test>';
const configure = (port: number, values: object) =>
  call('PUT', '/v1/admin/email/config', { token, body: { from, smtp_host: '127.0.0.1', smtp_port: port, ...values } });
const send = (to: unknown = 'reader@example.test') => call('POST', '/v1/admin/email/test', { token, body: { to } });

/** A mail server that the installation is set to use. */
async function using(values: object, options: SMTPServerOptions = {}) {
  const server = await startMailServer({ ...certificate, ...options });
  onTestFinished(server.close);
  expect((await configure(server.port, values)).status).toBe(204);
  return server;
}
const offersTls = { disabledCommands: [] };

/** A server that is no mail server, or a strange one. */
async function listener(onConnection: (socket: Socket) => void) {
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}
const failed = async (answer: ReturnType<typeof send>) => {
  const { status, body } = await answer;
  return [status, body.error, body.details.reason, body.details.smtp_code];
};
const failure = (code: number | null) => [503, 'unavailable', 'smtp_failed', code];
const tested = () => sql(`select metadata from audit_logs where action = 'email_config.test' order by created_at`);

test('without a sender or a server nothing is tried', async () => {
  expect(reason(await send())).toEqual([503, 'email_not_configured']);
  await call('PUT', '/v1/admin/platform-settings/email.from', { token, body: { value: from } });
  expect(reason(await send())).toEqual([503, 'email_not_configured']);
});

test.for([
  ['none', { smtp_tls_mode: 'none' }, {}],
  ['starttls', {}, offersTls],
  ['tls', { smtp_tls_mode: 'tls' }, { secure: true }],
] as const)('by %s a mail is there when the answer comes', async ([, values, options]) => {
  const secured: boolean[] = [];
  const server = await using(values, {
    ...options,
    disabledCommands: [...('disabledCommands' in options ? [] : ['STARTTLS'])],
    onMailFrom(_, { secure }, done) {
      secured.push(secure);
      done();
    },
  });
  const entries = (await tested()).length;
  expect((await send()).status).toBe(204);
  const [mail] = server.received;
  expect([server.received.length, mail!.from, mail!.to]).toEqual([1, 'hello@arkloop.test', ['reader@example.test']]);
  expect(mail!.source).toMatch(/^From: Arkloop <hello@arkloop.test>\r$/m);
  expect(textOfMessage(mail!.source)).toContain('They work.');
  expect(secured).toEqual([values !== undefined && !('smtp_tls_mode' in values && values.smtp_tls_mode === 'none')]);
  expect((await tested()).slice(entries)).toEqual([{ metadata: { to: 'reader@example.test' } }]);
});

test('a comma in the name of the sender makes no second one', async () => {
  const server = await using({ from: 'Arkloop, Inc <hello@arkloop.test>', smtp_tls_mode: 'none' });
  expect((await send()).status).toBe(204);
  expect([server.received[0]!.from, server.received[0]!.source]).toEqual([
    'hello@arkloop.test',
    expect.stringMatching(/^From: "Arkloop, Inc" <hello@arkloop.test>\r$/m),
  ]);
});

test('user and password are used as they were typed; a wrong password fails with the code of the server and shows neither', async () => {
  const right = ' p,w "1" ';
  const server = await using(
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
  const entries = (await tested()).length;
  const answer = await send();
  expect(await failed(Promise.resolve(answer))).toEqual(failure(535));
  expect(answer.text).not.toContain('Canary');
  expect([server.received.length, (await tested()).length]).toEqual([1, entries]);
  await configure(server.port, { smtp_pass: null });
});

test('a server that does not offer STARTTLS gets nothing from who asked for it', async () => {
  let commands = 0;
  const server = await using({}, { onMailFrom: (_address, _session, done) => done(void commands++ as undefined) });
  const [status, , why] = await failed(send());
  expect([status, why, commands, server.received]).toEqual([503, 'smtp_failed', 0, []]);
});

test('one that offers it and then speaks no TLS gets nothing either', async () => {
  const said: string[] = [];
  const port = await listener((socket) => {
    socket.on('error', () => undefined);
    socket.write('220 mail.test\r\n');
    socket.on('data', (data) => {
      said.push(data.toString('latin1'));
      if (/^EHLO/.test(said.at(-1)!)) socket.write('250-mail.test\r\n250 STARTTLS\r\n');
      else if (/^STARTTLS/.test(said.at(-1)!)) socket.write('220 go ahead\r\n250 injected\r\n');
      else socket.write('250 fine\r\n');
    });
  });
  await configure(port, {});
  expect((await failed(send())).slice(0, 3)).toEqual(failure(null).slice(0, 3));
  expect(said.join('')).not.toMatch(/MAIL FROM/i);
});

test.for([
  ['starttls', offersTls],
  ['tls', { secure: true }],
] as const)('by %s a certificate that nobody vouches for is refused', async ([mode, options]) => {
  const server = await using({ smtp_tls_mode: mode }, { ...options, disabledCommands: [] });
  trust();
  onTestFinished(() => trust(certificate.cert));
  expect(await failed(send())).toEqual(failure(null));
  expect(server.received).toEqual([]);
});

test('a refused connection, an unknown host, a cut line and a full mailbox are told apart by their codes', async () => {
  const closed = await startMailServer();
  await closed.close();
  await configure(closed.port, { smtp_tls_mode: 'none' });
  expect(await failed(send())).toEqual(failure(null));
  await configure(25, { smtp_host: 'nowhere.invalid', smtp_tls_mode: 'none' });
  expect(await failed(send())).toEqual(failure(null));
  await configure(await listener((socket) => socket.end('220 mail.test\r\n')), { smtp_tls_mode: 'none' });
  expect(await failed(send())).toEqual(failure(null));
  await using(
    { smtp_tls_mode: 'none' },
    { onRcptTo: (_address, _session, done) => done(Object.assign(new Error('full'), { responseCode: 552 })) },
  );
  expect(await failed(send())).toEqual(failure(552));
});

test('a server that greets nobody, and one that answers with endless patience, are given ten seconds, then the line is cut', async () => {
  const ends: Promise<unknown>[] = [];
  const slow = (greeting: string, drip: string) =>
    listener((socket) => {
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
    answers.push(failed(send()).finally(() => took.push(performance.now() - started)));
    // The configuration of the next must not be that of this one.
    await expect.poll(() => ends.length).toBe(answers.length);
  }
  expect(await Promise.all(answers)).toEqual([failure(null), failure(null)]);
  for (const each of took) {
    expect(each).toBeGreaterThan(9_500);
    expect(each).toBeLessThan(12_000);
  }
  await Promise.all(ends);
}, 20_000);

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
])('nothing is sent to %j', async (to) => {
  const { status, body } = await send(to === undefined ? null : to);
  expect([status, body.details.issues.map(({ path }: { path: string }) => path)]).toEqual([400, ['/to']]);
});

test('a repeated call with one key sends one mail', async () => {
  const server = await using({ smtp_tls_mode: 'none' });
  const again = () =>
    call('POST', '/v1/admin/email/test', { token, body: { to: 'once@example.test' }, headers: { 'idempotency-key': 'one mail' } });
  expect([(await again()).status, (await again()).headers.get('idempotent-replayed')]).toEqual([204, 'true']);
  expect(server.received).toHaveLength(1);
});

test('a certificate, a refused connection and an unknown host are told apart, to the administrator and in the log', async () => {
  const told = async (values: object, port: number) => {
    expect((await configure(port, values)).status).toBe(204);
    const { body } = await send();
    return [body.details.reason, body.details.failure];
  };
  const gone = await startMailServer();
  await gone.close();
  setDefaultCACertificates(usualCertificates);
  onTestFinished(() => trust(certificate.cert));
  const unknown = await startMailServer({ ...certificate, secure: true });
  onTestFinished(unknown.close);
  const notTls = await listener((socket) => void socket.on('error', () => undefined).write('220 hello\r\n'));
  expect(await told({ smtp_tls_mode: 'none' }, gone.port)).toEqual(['smtp_failed', 'connection_refused']);
  expect(await told({ smtp_tls_mode: 'tls' }, unknown.port)).toEqual(['smtp_failed', 'certificate_invalid']);
  expect(await told({ smtp_tls_mode: 'tls' }, notTls)).toEqual(['smtp_failed', 'tls_failed']);
  expect(await told({ smtp_host: 'no-such-host.invalid', smtp_tls_mode: 'none' }, 25)).toEqual(['smtp_failed', 'host_unknown']);
});
