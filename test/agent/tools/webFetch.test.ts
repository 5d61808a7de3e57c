import { setTimeout as wait } from 'node:timers/promises';
import { brotliCompressSync } from 'node:zlib';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../server/database/database.ts';
import type { Database } from '../../../server/database/sql.ts';
import { freshDatabase } from '../../support/app/testApp.ts';
import { html, redirect, startSite, status, useWebTools } from './webSupport.ts';

const databaseUrl = await freshDatabase();
const database: Database = openDatabase(databaseUrl, { max: 2, log: pino({ level: 'silent' }), applicationName: 'web test' });
afterAll(() => database.close());
const site = await startSite();
const { call, failure, web } = useWebTools({ database, databaseUrl });
const fetchPage = (path: string, args: Record<string, unknown> = {}) => call('web_fetch', { url: `${site.origin}${path}`, ...args });
const failureAt = (path: string) => failure('web_fetch', { url: `${site.origin}${path}` });

const sentence = 'A sentence that is long enough to count as the content of an article, and then some more of it. ';

beforeAll(() => {
  Object.assign(site.pages, {
    '/article': html(`<!doctype html><html><head><title>Tea &amp; Coffee</title><style>.x{color:red}</style>
      <script>steal("cookies")</script></head><body><nav><a href="/">Home</a></nav><article><h1>Tea &amp; Coffee</h1>
      <p>${sentence.repeat(3)}</p><p>5 &lt; 7 &eacute; &#x1F375;<br>next <b>bold</b> line</p><ul><li>one</li><li>two</li></ul>
      <pre>  indented\n    more</pre><script>again()</script></article><footer>Imprint</footer></body></html>`),
    '/plain': html('<b>5 < 7</b> & more\n', 'text/plain; charset=utf-8'),
    '/data': html('{"a": [1, 2]}', 'application/json'),
    '/feed': html('<rss><title>x</title></rss>', 'application/rss+xml'),
    '/empty': html(''),
  });
});

test('extracts the readable text of a page without scripts, styles, tags or menus', async () => {
  const page = await fetchPage('/article');
  expect(page).toMatchObject({ url: `${site.origin}/article`, title: 'Tea & Coffee', truncated: false });
  const [lead, line, ...rest] = page.content.split('\n\n');
  expect([lead.length, line, rest]).toEqual([
    sentence.length * 3 - 1,
    '5 < 7 é 🍵\nnext bold line',
    ['- one\n- two', '  indented\n    more'],
  ]);
  expect(page.content).not.toMatch(/steal|again|color|<\/|Imprint|Home/);
});

test('returns the whole page if it is not an article, and empty text for an empty page', async () => {
  site.pages['/menu'] = html('<title>Menu</title><ul><li>Soup<li>Fish</ul><script>no</script>');
  expect(await fetchPage('/menu')).toMatchObject({ title: 'Menu', content: '- Soup\n- Fish' });
  expect(await fetchPage('/empty')).toMatchObject({ title: '', content: '', truncated: false });
});

test('separates blocks by line breaks, paragraphs by blank lines and cells by tabs', async () => {
  site.pages['/blocks'] = html(`<body><div> <div>one</div>\n<div>two <i>and</i>\n a half </div></div><p> three</p> <p>four<br>five</p>
    <ul><li><p>six</p></li><li>seven</li></ul><table><tr><td>8<td>9</tr><tr><td>10</td></tr></table><svg><title>no</title></svg></body>`);
  expect((await fetchPage('/blocks')).content).toBe('one\ntwo and a half\n\nthree\n\nfour\nfive\n\n- six\n\n- seven\n\n8\t9\n10');
});

test('returns text that is not HTML unchanged', async () => {
  expect(await fetchPage('/plain')).toMatchObject({ title: '', content: '<b>5 < 7</b> & more\n' });
  expect((await fetchPage('/data')).content).toBe('{"a": [1, 2]}');
  expect((await fetchPage('/feed')).content).toBe('<rss><title>x</title></rss>');
});

test.each([
  [
    'the header',
    'text/html; charset=windows-1251',
    Buffer.concat([Buffer.from('<p>'), Buffer.of(0xcf, 0xf0, 0xe8), Buffer.from('</p>')]),
    'При',
  ],
  ['its meta', 'text/html', Buffer.concat([Buffer.from('<meta charset="Shift_JIS"><p>'), Buffer.of(0x93, 0xfa, 0x96, 0x7b)]), '日本'],
  [
    'its old meta',
    'text/html',
    Buffer.concat([Buffer.from(`<meta http-equiv='Content-Type' content='text/html; charset=gbk'><p>`), Buffer.of(0xc4, 0xe3)]),
    '你',
  ],
  ['its byte order mark', 'text/html; charset=utf-8', Buffer.from('\ufeff<p>ça</p>', 'utf16le'), 'ça'],
  ['nothing', 'text/html', Buffer.from('<p>naïve 🍵'), 'naïve 🍵'],
  ['an unknown name, then UTF-8', 'text/html; charset=klingon', Buffer.from('<p>naïve'), 'naïve'],
  ['an impossible meta, then UTF-8', 'text/html', Buffer.from('<meta charset=utf-16><p>naïve'), 'naïve'],
])('decodes a page by %s', async (_, type, bytes, text) => {
  site.pages['/encoded'] = html(bytes, type);
  expect((await fetchPage('/encoded')).content).toBe(text);
});

test('content is truncated at max_length characters, a title at 512', async () => {
  site.pages['/long'] = html('🍵'.repeat(300), 'text/plain; charset=utf-8');
  expect(await fetchPage('/long', { max_length: 299 })).toMatchObject({ content: '🍵'.repeat(299), truncated: true });
  expect(await fetchPage('/long', { max_length: 300 })).toMatchObject({ content: '🍵'.repeat(300), truncated: false });
  site.pages['/titled'] = html(`<title>${'é'.repeat(600)}</title><p>x`);
  expect((await fetchPage('/titled')).title).toBe('é'.repeat(512));
});

test('follows up to ten redirects and returns the final URL', async () => {
  site.pages['/hop'] = (res, { path }) => {
    const left = Number(path.split('?')[1]);
    return left > 0
      ? redirect(`./hop?${left - 1}#frag`, [301, 302, 303, 307, 308][left % 5])(res, {} as never)
      : html('<p>there')(res, {} as never);
  };
  expect(await fetchPage('/hop?10')).toMatchObject({ url: `${site.origin}/hop?0`, content: 'there' });
  expect(await failureAt('/hop?11')).toMatchObject({ errorClass: 'tool.fetch_failed', details: { reason: 'too_many_redirects' } });
  site.pages['/é'] = html('wrong');
  site.pages['/%C3%A9'] = html('<p>right');
  site.pages['/raw'] = (res) => res.socket?.end('HTTP/1.1 302 Found\r\nlocation: /\u00c3\u00a9\r\ncontent-length: 0\r\n\r\n', 'latin1');
  expect((await fetchPage('/raw')).content).toBe('right');
});

test.each([
  ['http://10.0.0.1/', 'private_ip_denied'],
  ['https://127.0.0.1/', 'private_ip_denied'],
  ['https://[::ffff:10.0.0.1]/', 'private_ip_denied'],
  ['//169.254.169.254/latest/meta-data', 'private_ip_denied'],
  ['https://localhost./', 'localhost_denied'],
  ['https://user:secret@example.com/', 'userinfo_denied'],
  ['file:///etc/passwd', 'unsupported_scheme'],
  ['gopher://example.com/', 'unsupported_scheme'],
  ['http://', 'missing_hostname'],
])('a redirect to %s is not followed', async (location, reason) => {
  site.pages['/away'] = redirect(location);
  expect(await failureAt('/away')).toMatchObject({ errorClass: 'tool.url_denied', details: { reason } });
});

test('a non-public address is rejected with the reason', async () => {
  const addresses: Record<string, string[]> = { 'mixed.example': ['93.184.216.34', '10.0.0.1'], 'private.example': ['fd00::1'] };
  const resolve = async (name: string) => addresses[name]!;
  const strict = useWebTools({ database, databaseUrl }, { outboundOptions: { allowLoopbackHttp: false, resolve } });
  const denied: [reason: string, hosts: string[]][] = [
    [
      'private_ip_denied',
      ['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:10.0.0.1]', '169.254.169.254', ...Object.keys(addresses)],
    ],
    ['localhost_denied', ['localhost', 'localhost.', 'a.localhost']],
    ['userinfo_denied', ['user:secret@example.com']],
  ];
  for (const [reason, hosts] of denied)
    for (const url of hosts.map((host) => `http://${host}:${site.port}/plain#part`))
      expect([url, await strict.failure('web_fetch', { url })]).toMatchObject([
        url,
        { errorClass: 'tool.url_denied', details: { reason } },
      ]);
  for (const [reason, url] of [
    ['unsupported_scheme', 'file:///etc/passwd'],
    ['missing_hostname', 'http://#'],
    ['invalid_url', 'example.com'],
  ])
    expect(await strict.failure('web_fetch', { url })).toMatchObject({ errorClass: 'tool.url_denied', details: { reason } });
});

test('an error response is reported by its status, and binary content is rejected', async () => {
  Object.assign(site.pages, { '/gone': status(410), '/broken': status(503), '/unchanged': status(304), '/nowhere': redirect('', 300) });
  for (const [path, status_code] of [
    ['/gone', 410],
    ['/broken', 503],
    ['/unchanged', 304],
    ['/nowhere', 300],
    ['/nothing', 404],
  ] as const)
    expect(await failureAt(path)).toMatchObject({ errorClass: 'tool.fetch_failed', details: { status_code } });
  const binary = { errorClass: 'tool.fetch_failed', details: { reason: 'not_text' } };
  site.pages['/picture'] = html(Buffer.of(0x89, 0x50), 'image/png');
  site.pages['/program'] = html(Buffer.of(0x7f, 0x45), 'application/octet-stream');
  site.pages['/liar'] = html(Buffer.from('MZ\0\0\x01'), 'text/plain');
  site.pages['/silent'] = (res) => res.end(Buffer.from('PK\x03\x04\0\0'));
  for (const path of ['/picture', '/program', '/liar', '/silent']) expect(await failureAt(path)).toMatchObject(binary);
  site.pages['/untyped'] = (res) => res.end('<html><p>a page all the same');
  expect((await fetchPage('/untyped')).content).toBe('a page all the same');
});

test('reads at most 5 MiB after decompression', async () => {
  site.pages['/endless'] = (res) => {
    res.writeHead(200, { 'content-type': 'text/plain' });
    const more = () => void (res.destroyed || res.write('b'.repeat(65_536), () => setImmediate(more)));
    more();
  };
  expect(await fetchPage('/endless', { max_length: 5 })).toMatchObject({ content: 'bbbbb', truncated: true });
  site.pages['/brotli'] = (res) =>
    res.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'br' }).end(brotliCompressSync('<p>small'));
  expect((await fetchPage('/brotli')).content).toBe('small');
});

test('a page that exhausts the parser fails only its own call', async () => {
  const within = (fetchMs: number) => useWebTools({ database, databaseUrl }, { limits: { searchMs: 500, fetchMs, articleMs: 500 } });
  site.pages['/nested'] = html(`${'<div>'.repeat(2_000)}bottom`);
  site.pages['/deep'] = html(`${'<div>'.repeat(200_000)}bottom`);
  const at = (path: string) => ({ url: site.origin + path });
  const deep = within(2_000).failure('web_fetch', at('/deep'));
  const [nested, fine] = await Promise.all([within(60_000).call('web_fetch', at('/nested')), fetchPage('/article')]);
  expect([nested.content, fine.title]).toEqual(['bottom', 'Tea & Coffee']);
  expect((await deep).errorClass).toBeOneOf(['tool.timeout', 'tool.fetch_failed']);
});

test('a call ends on its timeout or when its run is canceled', async () => {
  const hasty = useWebTools({ database, databaseUrl }, { limits: { searchMs: 200, fetchMs: 200, articleMs: 200 } });
  site.pages['/stuck'] = () => {};
  site.pages['/drip'] = async (res) => {
    res.writeHead(200, { 'content-type': 'text/html' });
    while (!res.destroyed) {
      res.write('.');
      await wait(20);
    }
  };
  for (const path of ['/stuck', '/drip'])
    expect(await hasty.failure('web_fetch', { url: site.origin + path })).toMatchObject({ errorClass: 'tool.timeout' });
  const slow = useWebTools(
    { database, databaseUrl },
    { limits: { searchMs: 200, fetchMs: 200, articleMs: 200 }, outboundOptions: { resolve: () => new Promise(() => {}) } },
  );
  expect(await slow.failure('web_fetch', { url: 'https://example.com/' })).toMatchObject({ errorClass: 'tool.timeout' });
  const stop = new AbortController();
  const why = new Error('the run was cancelled');
  setTimeout(() => stop.abort(why), 50);
  await expect(call('web_fetch', { url: `${site.origin}/stuck` }, { signal: stop.signal })).rejects.toBe(why);
});

test('every connection failure has the same error', async () => {
  const closed = await failure('web_fetch', { url: 'http://127.0.0.1:9/' });
  site.pages['/cut'] = (res) => res.destroy();
  expect([closed, await failureAt('/cut')]).toEqual(
    Array(2).fill({ errorClass: 'tool.fetch_failed', details: undefined, message: closed.message }),
  );
  const nowhere = useWebTools({ database, databaseUrl }, { outboundOptions: { resolve: async () => [] } });
  expect(await nowhere.failure('web_fetch', { url: 'https://example.com/' })).toEqual(closed);
});

test.each([
  { url: 'https://example.com', color: 'red' },
  { url: 'https://example.com', max_length: 0 },
  { url: 'https://example.com', max_length: 200_001 },
  { url: 'https://example.com', max_length: 5.5 },
  { url: 5 },
  {},
])('the arguments %j are rejected', async (args) => {
  expect(await failure('web_fetch', args)).toMatchObject({ errorClass: 'tool.args_invalid' });
});

test('the tools have the names of their groups and are parallel', async () => {
  const tools = await web.tools({} as never);
  expect(tools.map(({ name, group, parallel }) => [name, group, parallel])).toEqual([
    ['web_search', 'web_search', true],
    ['web_fetch', 'web_fetch', true],
  ]);
  expect(tools[1]!.parameters).toMatchObject({ type: 'object', required: ['url'] });
});
