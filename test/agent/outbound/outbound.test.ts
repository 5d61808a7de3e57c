import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { isPublicAddress } from '../../../server/platform/network/addresses.ts';
import { all, byKind, openResult, openResults, outbound, type UrlKind, urlKinds } from '../../support/http/outbound.ts';

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

test.each(byKind)('%s: rejects non-public addresses in every notation', async (_, kind) => {
  const tls = literals.map((host) => `https://${host}/`);
  expect(await openResults(strict, kind, tls)).toEqual(all(tls, 'private_ip_denied'));
  const http = literals.map((host) => `http://${host}:8080/x`);
  expect(await openResults(strict, kind, http)).toEqual(all(http, kind.policy === 'web' ? 'private_ip_denied' : 'insecure_scheme_denied'));
  const loose = outbound({ allowLoopbackHttp: true });
  expect(await openResults(loose, kind, ['https://127.0.0.1', 'https://localhost'])).toEqual({
    'https://127.0.0.1': 'private_ip_denied',
    'https://localhost': 'localhost_denied',
  });
});

const page = urlKinds.find(({ name }) => name === 'a page to fetch')!;
const stored: UrlKind = { name: 'a URL to store', policy: 'https', follows: false, open: async (from, url) => from.check(url) };

test.each([page, stored].map((kind) => [kind.name, kind] as const))('%s: rejects malformed and forbidden URL forms', async (_, kind) => {
  for (const [reason, urls] of forms) expect(await openResults(strict, kind, urls)).toEqual(all(urls, reason));
});

test('check() rejects fragments and empty URLs under every policy', async () => {
  for (const policy of ['https', 'web', 'internal'] as const) {
    for (const url of ['https://example.com/#x', 'https://example.com/#'])
      expect(await openResult(() => strict.check(url, policy))).toBe('fragment_denied');
    expect(await openResult(() => strict.check('', policy))).toBe('invalid_url');
  }
});

test('allows public hosts and addresses, and plain http only by policy', () => {
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

test.each(byKind)('%s: rejects a name with at least one non-public address', async (_, kind) => {
  const guarded = outbound({ resolve: async (name) => answers[name]! });
  const urls = Object.keys(answers).map((name) => `${kind.policy === 'web' ? 'http' : 'https'}://${name}:${port}/`);
  expect(await openResults(guarded, kind, urls)).toEqual(all(urls, 'private_ip_denied'));
  // DNS rebinding: the name resolves to a public address on the check and to a private one on connect.
  const asked: string[] = [];
  const rebinding = outbound({ resolve: async (name) => (asked.push(name) === 1 ? ['93.184.216.34'] : ['127.0.0.1']) });
  const url = `https://rebind.example:${port}/`;
  expect((await rebinding.resolveAndCheck(url)).hostname).toBe('rebind.example');
  expect(await openResults(rebinding, kind, [url])).toEqual({ [url]: 'private_ip_denied' });
  for (const resolve of [async () => [], () => Promise.reject(new Error('no resolver'))])
    expect(await openResults(outbound({ resolve }), kind, [url])).toEqual({ [url]: 'failed' });
  expect(hits).toBe(0);
});

test('a name is resolved once, and the connection uses the checked address', async () => {
  const asked: string[] = [];
  const resolve = async (name: string) => [['127.0.0.1'], ['10.0.0.1']][asked.push(name) - 1] ?? [];
  const response = await outbound({ resolve }).fetch(`http://backend.example:${port}/`, { policy: 'internal' });
  expect([response.status, asked]).toEqual([200, ['backend.example']]);
});

test.each(byKind)('%s: rejects redirects to forbidden addresses', async (_, kind) => {
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
    const got = await openResult(() => kind.open(loose, url));
    expect([location, got, hits]).toEqual([location, kind.follows ? reason : expect.toBeOneOf(['opened', 'failed']), 1]);
  }
  redirectTo = `/redirect`;
  hits = 0;
  await openResult(() => kind.open(loose, url));
  expect(hits).toBe(kind.follows ? 11 : 1);
});

test('fake-IP addresses are allowed only with `trustFakeIp`', async () => {
  const trusting = outbound({ trustFakeIp: true });
  for (const url of ['https://198.18.3.4/', 'https://198.20.0.1/']) expect(trusting.check(url).href).toBe(url);
  expect(await openResult(() => trusting.check('https://10.0.0.1'))).toBe('private_ip_denied');
  expect([isPublicAddress('198.18.0.1'), isPublicAddress('198.18.0.1', true), isPublicAddress('no address')]).toEqual([false, true, false]);
});

test('`allowLoopbackHttp` allows http to loopback and nothing else', async () => {
  const loose = outbound({ allowLoopbackHttp: true, userAgent: 'Test/1' });
  expect(await (await loose.fetch(`http://127.0.0.1:${port}/`)).text()).toBe('Test/1');
  expect(await openResult(() => loose.check('http://10.0.0.1', 'web'))).toBe('private_ip_denied');
  // Uses its own resolver, because the system resolver may not know `localhost`.
  const toLoopback = outbound({ allowLoopbackHttp: true, resolve: async () => ['127.0.0.1'] });
  expect((await toLoopback.fetch(`http://localhost:${port}/`, { headers: { 'user-agent': 'mine' } })).status).toBe(200);
  expect(await openResult(() => toLoopback.fetch(`http://rebind.example:${port}/`, { policy: 'web' }))).toBe('private_ip_denied');
  const hijacked = outbound({ allowLoopbackHttp: true, resolve: async () => ['10.0.0.1'] });
  expect(await openResult(() => hijacked.fetch(`http://localhost:${port}/`))).toBe('private_ip_denied');
});

test('a name that resolves to a private address is rejected behind a proxy too', async () => {
  const proxied = outbound({ proxyUrl: `http://127.0.0.1:${port}`, resolve: async () => ['10.0.0.1'] });
  expect(await openResult(() => proxied.fetch('https://rebind.example/'))).toBe('private_ip_denied');
});
