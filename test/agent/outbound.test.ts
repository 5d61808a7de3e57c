import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isPublicAddress } from '../../server/kernel/addresses.ts';
import { createOutbound, OutboundDenied, type OutboundOptions } from '../../server/kernel/outbound.ts';

let hits = 0;
let port = 0;
const server = createServer((req, res) => {
  hits++;
  if (req.url === '/redirect') res.writeHead(302, { location: '/' });
  res.end(req.headers['user-agent']);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const outbound = (options: Partial<OutboundOptions> = {}) => createOutbound({ allowLoopbackHttp: false, trustFakeIp: false, ...options });
const strict = outbound();

function reasonOf(url: string, policy?: 'https' | 'web', from = strict) {
  try {
    from.check(url, policy);
    return 'allowed';
  } catch (error) {
    return error instanceof OutboundDenied ? error.reason : String(error);
  }
}

const literals = [
  ...[
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '①②⑦.⓪.⓪.①',
    '127.0.0.1.',
    '0.0.0.0',
    '0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
  ],
  ...[
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.0.192',
    '192.0.2.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
  ],
  ...[
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[ff02::1]',
  ],
  ...[
    '[::ffff:127.0.0.1]',
    '[::ffff:10.0.0.1]',
    '[::ffff:a9fe:a9fe]',
    '[::ffff:0:7f00:1]',
    '[::7f00:1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::a00:1]',
  ],
  ...['[2002:7f00:1::]', '[2001:0:1::1]', '[2001:db8::1]', '[fec0::1]', '[100::1]'],
];

test.each(literals)('the address %s is refused', async (host) => {
  expect(reasonOf(`https://${host}/`)).toBe('private_ip_denied');
  expect(reasonOf(`http://${host}:8080/x`, 'web')).toBe('private_ip_denied');
  await expect(strict.fetch(`https://${host}/`)).rejects.toMatchObject({ name: 'OutboundDenied', reason: 'private_ip_denied' });
});

test.each([
  ...['https://localhost', 'https://LOCALHOST:9', 'https://localhost./x', 'https://a.b.localhost', 'https://a.localhost.'].map((url) => [
    url,
    'localhost_denied',
  ]),
  ...['http://example.com', 'http://8.8.8.8/'].map((url) => [url, 'insecure_scheme_denied']),
  ...['ftp://example.com', 'file:///etc/passwd', 'gopher://x/', 'data:text/plain,x', 'javascript:alert(1)', 'ws://x'].map((url) => [
    url,
    'unsupported_scheme',
  ]),
  ...['https://user@example.com', 'https://:p@example.com', 'https://u:p@example.com'].map((url) => [url, 'userinfo_denied']),
  ...['https://example.com/#x', 'https://example.com/#'].map((url) => [url, 'fragment_denied']),
  ...['https://', 'https:///', 'https://?x', 'https://:443'].map((url) => [url, 'missing_hostname']),
  ...[
    '',
    'example.com',
    '/x',
    'https:example.com',
    'http:127.0.0.1',
    'https:\\\\x',
    'https://evil.com\\@127.0.0.1/',
    'https://a b',
    'https://a\tb.com',
    'https://[::1',
  ].map((url) => [url, 'invalid_url']),
])('the URL %s is refused: %s', (url, reason) => {
  expect(reasonOf(url ?? '')).toBe(reason);
});

test('public hosts and addresses are allowed, plain http only by policy', () => {
  for (const url of [
    'https://example.com/a?b=c',
    'https://8.8.8.8',
    'https://[2606:4700::1111]:8443/',
    'https://mylocalhost.com',
    'https://172.32.0.1',
  ])
    expect(reasonOf(url)).toBe('allowed');
  expect(reasonOf('http://example.com', 'web')).toBe('allowed');
});

test('fake addresses of a local resolver are admitted by their switch alone', () => {
  const trusting = outbound({ trustFakeIp: true });
  expect([reasonOf('https://198.18.3.4', 'https', trusting), reasonOf('https://198.20.0.1', 'https', trusting)]).toEqual([
    'allowed',
    'allowed',
  ]);
  expect(reasonOf('https://10.0.0.1', 'https', trusting)).toBe('private_ip_denied');
  expect([isPublicAddress('198.18.0.1'), isPublicAddress('198.18.0.1', true), isPublicAddress('not an address')]).toEqual([
    false,
    true,
    false,
  ]);
});

test.each([
  ['a private address', ['10.0.0.1']],
  ['one private address among public ones', ['93.184.216.34', '127.0.0.1']],
  ['a mapped private address', ['::ffff:127.0.0.1']],
  ['a metadata address', ['169.254.169.254']],
])('a public name with %s is never contacted', async (_, addresses) => {
  const before = hits;
  const guarded = outbound({ resolve: async () => addresses });
  await expect(guarded.fetch(`http://rebind.example:${port}/`, { policy: 'web' })).rejects.toMatchObject({ reason: 'private_ip_denied' });
  await expect(guarded.fetch(`https://rebind.example:${port}/`)).rejects.toMatchObject({ reason: 'private_ip_denied' });
  expect(hits).toBe(before);
});

test('a name is resolved once, and what was checked is what is connected to', async () => {
  const asked: string[] = [];
  const resolve = async (name: string) => [['127.0.0.1'], ['10.0.0.1']][asked.push(name) - 1] ?? [];
  const guarded = outbound({ resolve });
  const response = await guarded.fetch(`http://backend.example:${port}/`, { policy: 'internal' });
  expect(response.status).toBe(200);
  expect(asked).toEqual(['backend.example']);
});

test('a name without an address, or a resolver that fails, is a failure and not a way around', async () => {
  const before = hits;
  await expect(outbound({ resolve: async () => [] }).fetch(`https://nowhere.example:${port}/`)).rejects.toThrow();
  const failing = outbound({ resolve: () => Promise.reject(new Error('no resolver')) });
  await expect(failing.fetch(`https://nowhere.example:${port}/`)).rejects.toThrow('fetch failed');
  expect(hits).toBe(before);
});

test('the development switch admits http on this machine, nothing else', async () => {
  const loose = outbound({ allowLoopbackHttp: true, userAgent: 'Test/1' });
  expect(await (await loose.fetch(`http://127.0.0.1:${port}/`)).text()).toBe('Test/1');
  expect((await loose.fetch(`http://localhost:${port}/`, { headers: { 'user-agent': 'mine' } })).status).toBe(200);
  expect([reasonOf('http://10.0.0.1', 'web', loose), reasonOf(`https://127.0.0.1:${port}`, 'https', loose)]).toEqual([
    'private_ip_denied',
    'private_ip_denied',
  ]);
  const lying = outbound({ allowLoopbackHttp: true, resolve: async () => ['127.0.0.1'] });
  await expect(lying.fetch(`http://rebind.example:${port}/`, { policy: 'web' })).rejects.toMatchObject({ reason: 'private_ip_denied' });
  const hijacked = outbound({ allowLoopbackHttp: true, resolve: async () => ['10.0.0.1'] });
  await expect(hijacked.fetch(`http://localhost:${port}/`)).rejects.toMatchObject({ reason: 'private_ip_denied' });
});

test('a redirect is handed back, not followed', async () => {
  const before = hits;
  const response = await outbound({ allowLoopbackHttp: true }).fetch(`http://127.0.0.1:${port}/redirect`);
  expect([response.status, response.headers.get('location')]).toEqual([302, '/']);
  expect(hits).toBe(before + 1);
});

test('behind a proxy a name that resolves badly is still refused', async () => {
  const proxied = outbound({ proxyUrl: `http://127.0.0.1:${port}`, resolve: async () => ['10.0.0.1'] });
  await expect(proxied.fetch('https://rebind.example/')).rejects.toMatchObject({ reason: 'private_ip_denied' });
});
