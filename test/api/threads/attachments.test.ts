import { createHash, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { sharedTestApp, startTestApp } from '../../support/app/testApp.ts';
import { hugeImages, images, pngOf, stage, stagedText } from '../../support/http/forms.ts';
import { rawSend, request } from '../../support/http/raw.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { storageOf } from '../../support/resources/files.ts';

const app = await sharedTestApp();
const { sql, call, signUp, joinAccount, url } = app;
const [alice, bob] = [await signUp(), await signUp()];
const { token } = alice;
const asAlice = (file: Parameters<typeof stage>[2]) => stage(app, alice, file);
const pathOf = (key: string) => `/v1/attachments/${key.split('/').map(encodeURIComponent).join('/')}`;
const objectKeys = () => Array.fromAsync(storageOf(app).list('attachments/'));
const get = (key: string, as = token) => call('GET', pathOf(key), { token: as });

test('a text file is stored unchanged, and its text is extracted', async () => {
  const content = 'naïve\0 \ud83d\ude00\r\n';
  const bytes = Buffer.concat([Buffer.from(content), Buffer.from([0xff, 0xfe])]);
  const { status, body, headers } = await asAlice({ filename: 'notes.md', type: 'application/octet-stream', content: bytes });
  expect([status, body]).toEqual([
    201,
    {
      key: expect.stringMatching(new RegExp(`^staging/${alice.accountId}/[0-9a-f-]{36}/notes\\.md$`)),
      filename: 'notes.md',
      mime_type: 'text/markdown',
      size: bytes.length,
      kind: 'file',
      extracted_text: 'naïve \ud83d\ude00\r\n',
    },
  ]);
  const read = await fetch(url + pathOf(body.key), { headers: { authorization: `Bearer ${token}` } });
  expect(Buffer.from(await read.arrayBuffer()).equals(bytes)).toBe(true);
  expect(Object.fromEntries(read.headers)).toMatchObject({
    'cache-control': 'private, max-age=86400',
    'content-disposition': "attachment; filename*=UTF-8''notes.md",
    'content-type': 'text/markdown; charset=utf-8',
    'x-content-type-options': 'nosniff',
    etag: `"${createHash('sha256').update(bytes).digest('hex')}"`,
  });
  const again = await call('GET', pathOf(body.key), { token, headers: { 'if-none-match': read.headers.get('etag')! } });
  expect([again.status, again.text]).toEqual([304, '']);
  const entries = await sql('select action, target_type, target_id from audit_logs where trace_id = $1', [headers.get('x-trace-id')]);
  expect(entries).toEqual([{ action: 'attachment.stage', target_type: 'attachment', target_id: body.key }]);
});

test('an image is detected by its content, whatever its name, and served inline', async () => {
  for (const [kind, content] of Object.entries(images)) {
    const { status, body } = await asAlice({ filename: 'photo.txt', type: 'text/plain', content });
    expect([status, body]).toEqual([
      201,
      { key: expect.any(String), filename: 'photo.txt', mime_type: `image/${kind}`, size: content.length, kind: 'image' },
    ]);
    const { headers } = await get(body.key);
    expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      `image/${kind}`,
      "inline; filename*=UTF-8''photo.txt",
    ]);
    expect(headers.get('content-security-policy')).toContain('sandbox');
  }
});

test('a file that is neither an image nor text is rejected', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
  for (const file of [
    { filename: 'a.txt', type: 'text/plain', content: '' },
    { filename: 'a.png', type: 'image/png', content: 'not an image at all' },
    { filename: 'a.svg', type: 'image/svg+xml', content: svg },
    { filename: 'a.pdf', type: 'application/pdf', content: '%PDF-1.7' },
    { filename: 'a.exe', type: 'text', content: 'MZ' },
    { filename: 'a.bmp', type: 'image/bmp', content: 'BM' },
    { filename: 'txt', type: 'application/zip', content: 'PK' },
  ])
    expect([file.filename, statusAndReason(await asAlice(file))]).toEqual([file.filename, [400, 'unsupported_attachment']]);
  // Text that starts like a binary format is still text.
  for (const content of ['BMW', 'PK', 'GIFs are fun', svg]) expect((await asAlice({ filename: 'a.xml', content })).body.kind).toBe('file');
});

test('an image that declares more than 50 megapixels is rejected, however small its file is', async () => {
  for (const [name, content] of Object.entries(hugeImages))
    expect([name, statusAndReason(await asAlice({ filename: name, content }))]).toEqual([name, [400, 'unsupported_attachment']]);
  const { status, body } = await asAlice({ filename: 'large.png', content: pngOf(10_000, 5_000) });
  expect([status, body.kind]).toEqual([201, 'image']);
});

test('an HTML file is never rendered in our origin', async () => {
  const { body } = await asAlice({ filename: 'a.html', type: 'text/html; charset=utf-16', content: '<script>alert(1)</script>' });
  const { headers } = await get(body.key);
  expect([body.mime_type, headers.get('content-disposition'), headers.get('x-content-type-options')]).toEqual([
    'text/html',
    "attachment; filename*=UTF-8''a.html",
    'nosniff',
  ]);
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'; sandbox");
});

test('file names lose directories and unsafe characters', async () => {
  for (const [sent, kept] of [
    ['../../etc/passwd.txt', 'passwd.txt'],
    ['C:\\fakepath\\a.txt', 'a.txt'],
    ['Plan (v2) [final] - b_c.txt', 'Plan (v2) [final] - b_c.txt'],
    ['报告.txt', '报告.txt'],
    ['Übersicht – Größe.txt', 'Übersicht – Größe.txt'],
    ['U\u0308bersicht.txt', '\u00dcbersicht.txt'],
    ['\u{1f4c4} نامه\u200cها.txt', '\u{1f4c4} نامه\u200cها.txt'],
    ['a\u00a0\u2028\ufeff:b.txt', 'a____b.txt'],
    [`${'\u{1f4c4}'.repeat(300)}.txt`, `${'\u{1f4c4}'.repeat(196)}.txt`],
    ['a\u202etxt.exe.md', 'a_txt.exe.md'],
    ['a%2F..%00.txt', 'a_2F.._00.txt'],
    ['..', 'file'],
    ['...', '...'],
    ['', 'file'],
    [`${'x'.repeat(300)}.txt`, `${'x'.repeat(196)}.txt`],
  ] as const) {
    const { body, text } = await asAlice({ filename: sent, type: 'text/plain', content: 'x' });
    expect([sent, body.filename], text).toEqual([sent, kept]);
    expect((await get(body.key)).status).toBe(200);
  }
});

test('a staged attachment is readable by its uploader only', async () => {
  const key = await stagedText(app, alice);
  await joinAccount(bob, alice, 'admin');
  const headers = { 'x-account-id': alice.accountId };
  expect((await get(key)).status).toBe(200);
  const answers = [await call('GET', pathOf(key), { token: bob.token, headers }), await get(key, bob.token)];
  const made = [
    `staging/${alice.accountId}/${randomUUID()}/sample.txt`,
    `${key}x`,
    key.replace('staging', 'attachments'),
    'staging/x',
    'x',
  ];
  for (const other of made) answers.push(await get(other));
  for (const answer of answers)
    expect([answer.status, { ...answer.body, trace_id: '' }]).toEqual([404, { ...answers[0]!.body, trace_id: '' }]);
});

test('a key cannot contain dot segments, and its slashes may be encoded', async () => {
  const key = await stagedText(app, alice);
  const at = async (path: string) => {
    const { status, body } = await rawSend(url, request(`GET ${path}`, { authorization: `Bearer ${token}` }));
    return [status, body?.details?.issues?.[0]?.path];
  };
  expect((await at(`/v1/attachments/${key.replaceAll('/', '%2F')}`))[0]).toBe(200);
  for (const bad of [
    `${key}/../x`,
    `..%2f${key}`,
    `staging/%2e%2e/x`,
    `a%5C..%5Cb`,
    `staging//x`,
    `./x`,
    'a/%00',
    'a/%ff',
    'x'.repeat(501),
  ])
    expect([bad, await at(`/v1/attachments/${bad}`)]).toEqual([bad, [400, 'key']]);
});

test('an unknown share token returns 404, and other requests need a credential', async () => {
  const key = await stagedText(app, alice);
  const kept = key.replace('staging', 'attachments');
  for (const path of [pathOf(key), pathOf(kept)])
    for (const as of [undefined, token])
      expect((await call('GET', `${path}?share_token=${'x'.repeat(22)}`, { token: as })).status).toBe(404);
  expect(issuesOf(await call('GET', `${pathOf(key)}?share_token=`))).toEqual([400, [['query', 'share_token']]]);
  for (const path of [`${pathOf(key)}?session_token=x`, `${pathOf(kept)}&share_token=x`, `${pathOf(kept)}?x#?share_token=x`])
    expect((await call('GET', path)).status).toBe(401);
});

test('without storage, staging returns attachment_storage_unavailable', async () => {
  const bare = await startTestApp({ ARKLOOP_STORAGE_BACKEND: 's3' }, { worker: false });
  const carol = await bare.signUp();
  expect(statusAndReason(await stage(bare, carol, { filename: 'a.txt', content: 'x' }))).toEqual([503, 'attachment_storage_unavailable']);
  expect(await bare.sql('select state from attachments')).toEqual([]);
});

test('an upload whose row is removed before it is complete fails and leaves no object', async () => {
  await sql(
    `create function remove_late() returns trigger language plpgsql as $$ begin delete from attachments where id = new.id; return null; end $$`,
  );
  await sql(`create constraint trigger remove_late after insert on attachments deferrable initially deferred
    for each row when (new.name = 'late.txt') execute function remove_late()`);
  const answer = await asAlice({ filename: 'late.txt', content: 'too late' });
  expect(statusAndReason(answer)).toEqual([503, 'attachment_storage_unavailable']);
  expect(await sql(`select id from attachments where name = 'late.txt'`)).toEqual([]);
  expect((await objectKeys()).length).toBe((await sql('select from attachments')).length);
});

test('the client uploads and downloads a file', async () => {
  const client = createClient({ baseUrl: url, accessToken: token });
  const staged = await client.attachments.stage({ body: { file: new File(['from the client'], 'Ä b.txt', { type: 'text/plain' }) } });
  expect(staged).toMatchObject({ filename: 'Ä b.txt', kind: 'file', extracted_text: 'from the client' });
  expect(await (await client.attachments.get({ params: { key: staged.key } })).text()).toBe('from the client');
});

test('storage has exactly the objects of the table', async () => {
  const rows = await sql('select account_id, id from attachments');
  expect((await objectKeys()).sort()).toEqual(rows.map(({ account_id, id }) => `attachments/${account_id}/${id}`).sort());
});
