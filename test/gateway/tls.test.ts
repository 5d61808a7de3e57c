import { once } from 'node:events';
import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { Agent, request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { certificate, otherCertificate } from '../support/app/certificate.ts';
import { echo, startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';

async function certificateFiles({ cert, key }: { cert: string; key: string } = certificate) {
  const folder = await mkdtemp(join(tmpdir(), 'arkloop-tls-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
  return { folder, certFile, keyFile, env: { ARKLOOP_GATEWAY_TLS_CERT_FILE: certFile, ARKLOOP_GATEWAY_TLS_KEY_FILE: keyFile } };
}

/** Opens a TLS connection, and rejects if the handshake fails. */
async function open(address: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(address).port), rejectUnauthorized: false, ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

const nameOf = (socket: TLSSocket) => `${socket.getPeerCertificate().subject.CN}`;

/** Sends text and returns what arrives until the server closes the connection. */
async function send(socket: TLSSocket, message: string): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.write(message);
  await once(socket, 'close');
  return text;
}

type Reply = { status: number; headers: Record<string, unknown>; text: string };

function ask(address: string, agent: Agent, path = '/v1/x'): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const asking = httpsRequest(`${address}${path}`, { agent }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    response.once('end', () => resolve({ status: response.statusCode!, headers: response.headers, text })).once('error', reject);
  });
  asking.once('error', reject).end();
  return promise;
}

function newAgent(ca = certificate.cert) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
  onTestFinished(() => agent.destroy());
  return agent;
}

test('serves HTTP/1.1 over TLS 1.2 and 1.3, tells the API so, and refuses older versions, HTTP/2 only and plain text', async () => {
  const { env } = await certificateFiles();
  const { address } = await startGatewayTo((await startUpstream(echo)).url, env);
  expect(address).toMatch(/^https:/);
  const { status, headers, text } = await ask(address, newAgent());
  expect([status, headers['strict-transport-security']]).toEqual([200, 'max-age=63072000']);
  expect(JSON.parse(text)).toMatchObject({ headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1' } });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    expect((await open(address, { minVersion: version, maxVersion: version })).getProtocol()).toBe(version);
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await expect(open(address, old)).rejects.toThrow(/alert protocol version|unsupported protocol/);
  await expect(open(address, { ALPNProtocols: ['h2'] })).rejects.toThrow(/no application protocol/);
  expect((await open(address, { ALPNProtocols: ['h2', 'http/1.1'] })).alpnProtocol).toBe('http/1.1');
  const plain = connectTcp(Number(new URL(address).port), '127.0.0.1');
  let received = '';
  plain.on('data', (chunk) => (received += chunk.toString('latin1'))).on('error', () => undefined);
  plain.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(plain, 'close');
  expect(received).not.toContain('HTTP/1.1');
  expect((await ask(address, newAgent(), '/healthz')).status).toBe(200);
});

test('a certificate that is swapped under load serves new connections, and no request or stream of old ones fails', async () => {
  const { certFile, keyFile, folder, env } = await certificateFiles();
  const { url } = await startUpstream((req, res) => {
    if (req.url !== '/v1/stream') return void res.end('ok');
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => res.write('data: 1\n\n'), 50);
    res.once('close', () => clearInterval(timer));
  });
  const { address } = await startGatewayTo(url, { ...env, ARKLOOP_RATELIMIT_CAPACITY: '100000' });
  const swap = async (cert: string, key: string) => {
    for (const [file, text] of [
      [certFile, cert],
      [keyFile, key],
    ] as const) {
      await writeFile(join(folder, 'next'), text);
      await rename(join(folder, 'next'), file);
    }
  };
  const stream = await open(address);
  let events = 0;
  stream.on('data', () => events++);
  stream.write('GET /v1/stream HTTP/1.1\r\nhost: x\r\n\r\n');
  const agents = [newAgent(), newAgent(), newAgent()];
  const statuses: number[] = [];
  let ended = false;
  const load = Promise.all(
    agents.map(async (agent) => {
      while (!ended) statuses.push((await ask(address, agent)).status);
    }),
  );
  // A key that does not match changes nothing.
  await swap(otherCertificate.cert, certificate.key);
  await sleep(2_600);
  expect(nameOf(await open(address))).toBe('mail.arkloop.test');
  await swap(otherCertificate.cert, otherCertificate.key);
  await expect.poll(async () => nameOf(await open(address)), { interval: 200 }).toBe('gateway.arkloop.test');
  // Once it is served, an expired one does not replace it.
  await swap(otherCertificate.expired, otherCertificate.key);
  const before = events;
  await sleep(2_600);
  ended = true;
  await load;
  expect(nameOf(await open(address))).toBe('gateway.arkloop.test');
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(statuses.length).toBeGreaterThan(50);
  expect([stream.destroyed, events > before]).toEqual([false, true]);
  expect((await ask(address, newAgent(otherCertificate.cert))).status).toBe(200);
});

test.for([
  ['is missing', { cert: undefined, key: certificate.key }, /^ARKLOOP_GATEWAY_TLS_CERT_FILE: cannot read \S+ \(ENOENT\)$/],
  ['has no key', { cert: certificate.cert, key: undefined }, /^ARKLOOP_GATEWAY_TLS_KEY_FILE: cannot read \S+ \(ENOENT\)$/],
  [
    'is no certificate',
    { cert: 'text', key: certificate.key },
    /^ARKLOOP_GATEWAY_TLS_CERT_FILE: expected a certificate in PEM format in \S+$/,
  ],
  [
    'has text for a key',
    { cert: certificate.cert, key: 'text' },
    /^ARKLOOP_GATEWAY_TLS_KEY_FILE: expected a private key in PEM format in \S+$/,
  ],
  [
    'has a key with a passphrase',
    { cert: otherCertificate.cert, key: otherCertificate.encryptedKey },
    /^ARKLOOP_GATEWAY_TLS_KEY_FILE: expected a private key without a passphrase in \S+$/,
  ],
  [
    'has the key of another',
    { cert: otherCertificate.cert, key: certificate.key },
    /^ARKLOOP_GATEWAY_TLS_KEY_FILE: the key in \S+ does not match the certificate in \S+$/,
  ],
  [
    'has expired',
    { cert: otherCertificate.expired, key: otherCertificate.key },
    /^ARKLOOP_GATEWAY_TLS_CERT_FILE: the certificate in \S+ expired on 2021-01-01T00:00:00.000Z$/,
  ],
] as const)('a certificate that %s stops the start with one line', async ([, { cert, key }, message]) => {
  const { certFile, keyFile, env } = await certificateFiles();
  await Promise.all([
    cert === undefined ? rm(certFile) : writeFile(certFile, cert),
    key === undefined ? rm(keyFile) : writeFile(keyFile, key),
  ]);
  await expect(startGatewayTo('http://127.0.0.1:1', env)).rejects.toThrow(message);
});

test('a certificate that could not be loaded is tried again, although size and time of its files stay the same', async () => {
  const { certFile, keyFile, env } = await certificateFiles();
  const size = Math.max(certificate.key.length, otherCertificate.key.length);
  const time = new Date('2026-01-01T00:00:00Z');
  const writeKey = async (key: string) => {
    await writeFile(keyFile, key.padEnd(size, '\n'));
    await utimes(keyFile, time, time);
  };
  await writeKey(certificate.key);
  const { address } = await startGatewayTo('http://127.0.0.1:1', env);
  await writeFile(certFile, otherCertificate.cert);
  await sleep(2_600);
  expect(nameOf(await open(address))).toBe('mail.arkloop.test');
  await writeKey(otherCertificate.key);
  await expect.poll(async () => nameOf(await open(address)), { interval: 200 }).toBe('gateway.arkloop.test');
});

test('one of the two files without the other is a contradiction', async () => {
  const { env } = await certificateFiles();
  await expect(startGatewayTo('http://127.0.0.1:1', { ...env, ARKLOOP_GATEWAY_TLS_KEY_FILE: '' })).rejects.toThrow(
    'ARKLOOP_GATEWAY_TLS_KEY_FILE: is required when ARKLOOP_GATEWAY_TLS_CERT_FILE is set',
  );
});

test.for([
  ['two lengths', 'POST /v1/a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd'],
  ['a length and a coding', 'POST /v1/a HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['an obscured coding', 'POST /v1/a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['two hosts', 'GET /v1/a HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n'],
  ['a bare line feed', 'GET /v1/a HTTP/1.1\nhost: x\n\n'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['another server', 'GET http://elsewhere/v1/a HTTP/1.1\r\nhost: x\r\n\r\n'],
] as const)('over TLS, a request with %s is rejected with 4xx and never forwarded', async ([, message]) => {
  const { env } = await certificateFiles();
  let seen = 0;
  const { url } = await startUpstream((_req, res) => {
    seen++;
    res.end();
  });
  const { address } = await startGatewayTo(url, env);
  const text = await send(await open(address), message);
  expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  expect(text).toMatch(/connection: close/i);
  expect(seen).toBe(0);
});

test('handshakes, headers and bodies that never end are closed in time, while others are served', async () => {
  const { env } = await certificateFiles();
  const { address } = await startGatewayTo((await startUpstream(echo)).url, env, {
    limits: { headersTimeout: 1_000, connectionsCheckingInterval: 100 },
  });
  const started = performance.now();
  const silent = Array.from({ length: 50 }, () => connectTcp(Number(new URL(address).port), '127.0.0.1'));
  for (const socket of silent) socket.on('error', () => undefined).resume();
  const slow = await Promise.all(Array.from({ length: 20 }, () => open(address)));
  const answers = slow.map((socket) => send(socket, 'GET /v1/a HTTP/1.1\r\nhost: x\r\nx-slow: '));
  for (let n = 0; n < 5; n++) expect((await ask(address, newAgent())).status).toBe(200);
  for (const text of await Promise.all(answers)) expect(text).toMatch(/^HTTP\/1\.1 408 /);
  await Promise.all(silent.map(async (socket) => socket.closed || (await once(socket, 'close'))));
  expect(performance.now() - started).toTakeLessThan(9_000);
});

test('the gateway of a TLS address stops at once while handshakes, unused and keep-alive connections are open', async () => {
  const { env } = await certificateFiles();
  const gateway = await startGatewayTo((await startUpstream(echo)).url, env);
  await ask(gateway.address, newAgent());
  const silent = connectTcp(Number(new URL(gateway.address).port), '127.0.0.1');
  silent.on('error', () => undefined);
  await once(silent, 'connect');
  await open(gateway.address);
  const started = performance.now();
  await gateway.shutDown();
  // 5 seconds, the limit of a handshake, if it waits for that, and 10 if it waits for a request.
  expect(performance.now() - started).toTakeLessThan(4_000);
});
