import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { isPublicAddress } from '../../server/kernel/addresses.ts';
import { all, byKind, type Kind, kinds, outbound, reasonOf, reasons } from '../setup/outbound.ts';

let hits = 0;
let port = 0;
let redirectTo = '/';
const server = createServer((req, res) => {
  hits++;
  if (req.url?.startsWith('/redirect')) res.writeHead(302, { location: redirectTo });
  res.end(req.headers['user-agent']);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
beforeEach(() => {
  hits = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const strict = outbound({ resolve: () => Promise.reject(new Error('nothing was to be resolved')) });

const words = (text: string) => text.trim().split(/\s+/);
const literals = words(`
  127.0.0.1 127.1 127.0.1 2130706433 0x7f.1 0x7f000001 0177.0.0.1 017700000001 ①②⑦.⓪.⓪.① 127。0。0。1 127.0.0.1. 127.255.255.254
  0.0.0.0 0 0.1.2.3 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 0xa9fea9fe 2852039166
  100.64.0.1 100.127.255.255 192.0.0.192 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
  224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
  [::] [::1] [0:0:0:0:0:0:0:1] [fe80::1] [febf::1] [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1]
  [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.1] [::ffff:a9fe:a9fe] [::ffff:0:7f00:1] [::7f00:1] [::127.0.0.1]
  [64:ff9b::7f00:1] [64:ff9b:1::a00:1] [2002:7f00:1::] [2001:0:1::1] [2001:db8::1] [3fff::1] [100::1]`);
const forms: [reason: string, urls: string[]][] = [
  [
    'localhost_denied',
    words('https://localhost https://LOCALHOST:9 https://localhost./x https://a.b.localhost https://a.localhost. https://%6cocalhost'),
  ],
  [
    'unsupported_scheme',
    words('ftp://example.com file:///etc/passwd gopher://x/ data:text/plain,x javascript:alert(1) ws://x blob:https://x/'),
  ],
  ['userinfo_denied', words('https://user@example.com https://:p@example.com https://u:p@example.com https://example.com:443@127.0.0.1/')],
  ['missing_hostname', words('https:// https:/// https://?x https://:443')],
  [
    'invalid_url',
    [
      'example.com',
      '/x',
      'https:example.com',
      'http:127.0.0.1',
      'https:\\\\x',
      'https://evil.com\\@127.0.0.1/',
      'https://127.0.0.1\\.evil.com/',
    ].concat([
      'https://a b',
      'https://a\tb.com',
      'https://a.com\n',
      'https://[::1',
      'https://[fe80::1%25eth0]/',
      'https://1.2.3.256/',
      '//10.0.0.1/',
    ]),
  ],
];

test.each(byKind)('%s does not lead to an address that is not public, however it is written', async (_, kind) => {
  const tls = literals.map((host) => `https://${host}/`);
  expect(await reasons(strict, kind, tls)).toEqual(all(tls, 'private_ip_denied'));
  const http = literals.map((host) => `http://${host}:8080/x`);
  expect(await reasons(strict, kind, http)).toEqual(all(http, kind.policy === 'web' ? 'private_ip_denied' : 'insecure_scheme_denied'));
  const loose = outbound({ allowLoopbackHttp: true });
  expect(await reasons(loose, kind, ['https://127.0.0.1', 'https://localhost'])).toEqual({
    'https://127.0.0.1': 'private_ip_denied',
    'https://localhost': 'localhost_denied',
  });
});

const page = kinds.find(({ name }) => name === 'a page to fetch')!;
const stored: Kind = { name: 'a URL to store', policy: 'https', follows: false, open: async (from, url) => from.check(url) };

test.each([page, stored].map((kind) => [kind.name, kind] as const))('%s is refused for its form', async (_, kind) => {
  for (const [reason, urls] of forms) expect(await reasons(strict, kind, urls)).toEqual(all(urls, reason));
});

test('a fragment is refused where it would be kept, an empty URL everywhere', async () => {
  for (const policy of ['https', 'web', 'internal'] as const) {
    for (const url of ['https://example.com/#x', 'https://example.com/#'])
      expect(await reasonOf(() => strict.check(url, policy))).toBe('fragment_denied');
    expect(await reasonOf(() => strict.check('', policy))).toBe('invalid_url');
  }
});

test('public hosts and addresses are allowed, plain http only by policy', () => {
  for (const url of words(
    'https://example.com/a?b=c https://8.8.8.8 https://[2606:4700::1111]:8443/ https://mylocalhost.com https://172.32.0.1',
  ))
    expect(strict.check(url).href).toContain('https://');
  expect(strict.check('http://example.com', 'web').href).toBe('http://example.com/');
});

const answers: Record<string, string[]> = {
  'private.example': ['10.0.0.1'],
  'mixed.example': ['93.184.216.34', '127.0.0.1'],
  'mixed6.example': ['2606:4700::1111', 'fd00::1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'nat64.example': ['64:ff9b::a00:1'],
  'scoped.example': ['fe80::1%eth0'],
  '127.0.0.1.nip.io': ['127.0.0.1'],
  'metadata.google.internal': ['169.254.169.254'],
  postgres: ['172.18.0.2'],
};

test.each(byKind)('%s with a name that has one address that is not public is never contacted', async (_, kind) => {
  const guarded = outbound({ resolve: async (name) => answers[name]! });
  const urls = Object.keys(answers).map((name) => `${kind.policy === 'web' ? 'http' : 'https'}://${name}:${port}/`);
  expect(await reasons(guarded, kind, urls)).toEqual(all(urls, 'private_ip_denied'));
  // A name that was good when it was looked at, and is not when it is connected to.
  const asked: string[] = [];
  const rebinding = outbound({ resolve: async (name) => (asked.push(name) === 1 ? ['93.184.216.34'] : ['127.0.0.1']) });
  const url = `https://rebind.example:${port}/`;
  expect((await rebinding.admit(url)).hostname).toBe('rebind.example');
  expect(await reasons(rebinding, kind, [url])).toEqual({ [url]: 'private_ip_denied' });
  for (const resolve of [async () => [], () => Promise.reject(new Error('no resolver'))])
    expect(await reasons(outbound({ resolve }), kind, [url])).toEqual({ [url]: 'failed' });
  expect(hits).toBe(0);
});

test('a name is resolved once, and what was checked is what is connected to', async () => {
  const asked: string[] = [];
  const resolve = async (name: string) => [['127.0.0.1'], ['10.0.0.1']][asked.push(name) - 1] ?? [];
  const response = await outbound({ resolve }).fetch(`http://backend.example:${port}/`, { policy: 'internal' });
  expect([response.status, asked]).toEqual([200, ['backend.example']]);
});

test.each(byKind)('%s does not lead elsewhere by a redirect', async (_, kind) => {
  const loose = outbound({ allowLoopbackHttp: true, resolve: async () => ['10.0.0.1'] });
  const url = `http://127.0.0.1:${port}/redirect`;
  const away: [string, string][] = [
    ['http://10.0.0.1/', 'private_ip_denied'],
    [`https://127.0.0.1:${port}/`, 'private_ip_denied'],
    ['https://rebind.example/', 'private_ip_denied'],
    ['http://rebind.example/', 'private_ip_denied'],
    ['file:///etc/passwd', 'unsupported_scheme'],
    ['gopher://example.com/', 'unsupported_scheme'],
  ];
  for (const [location, reason] of away) {
    hits = 0;
    redirectTo = location;
    const got = await reasonOf(() => kind.open(loose, url));
    expect([location, got, hits]).toEqual([location, kind.follows ? reason : expect.toBeOneOf(['opened', 'failed']), 1]);
  }
  redirectTo = `/redirect`;
  hits = 0;
  await reasonOf(() => kind.open(loose, url));
  expect(hits).toBe(kind.follows ? 11 : 1);
});

test('fake addresses of a local resolver are admitted by their switch alone', async () => {
  const trusting = outbound({ trustFakeIp: true });
  for (const url of ['https://198.18.3.4/', 'https://198.20.0.1/']) expect(trusting.check(url).href).toBe(url);
  expect(await reasonOf(() => trusting.check('https://10.0.0.1'))).toBe('private_ip_denied');
  expect([isPublicAddress('198.18.0.1'), isPublicAddress('198.18.0.1', true), isPublicAddress('no address')]).toEqual([false, true, false]);
});

test('the development switch admits http on this machine, nothing else', async () => {
  const loose = outbound({ allowLoopbackHttp: true, userAgent: 'Test/1' });
  expect(await (await loose.fetch(`http://127.0.0.1:${port}/`)).text()).toBe('Test/1');
  expect(await reasonOf(() => loose.check('http://10.0.0.1', 'web'))).toBe('private_ip_denied');
  // A resolver of its own: the system's need not know `localhost`.
  const toLoopback = outbound({ allowLoopbackHttp: true, resolve: async () => ['127.0.0.1'] });
  expect((await toLoopback.fetch(`http://localhost:${port}/`, { headers: { 'user-agent': 'mine' } })).status).toBe(200);
  expect(await reasonOf(() => toLoopback.fetch(`http://rebind.example:${port}/`, { policy: 'web' }))).toBe('private_ip_denied');
  const hijacked = outbound({ allowLoopbackHttp: true, resolve: async () => ['10.0.0.1'] });
  expect(await reasonOf(() => hijacked.fetch(`http://localhost:${port}/`))).toBe('private_ip_denied');
});

test('behind a proxy a name that resolves badly is still refused', async () => {
  const proxied = outbound({ proxyUrl: `http://127.0.0.1:${port}`, resolve: async () => ['10.0.0.1'] });
  expect(await reasonOf(() => proxied.fetch('https://rebind.example/'))).toBe('private_ip_denied');
});
