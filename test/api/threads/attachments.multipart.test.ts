import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { formOf, images, stage } from '../../support/http/forms.ts';
import { request } from '../../support/http/raw.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await sharedTestApp();
const { sql, call, signUp, url } = app;
const alice = await signUp();
const { token } = alice;
const asAlice = (file: Parameters<typeof stage>[2]) => stage(app, alice, file);

test('images are limited to 3.5 MiB and text to 1 MiB, and larger files return 413 with the limit', async () => {
  const largest = 3.5 * 2 ** 20;
  const png = (size: number) => Buffer.concat([images.png, Buffer.alloc(size - images.png.length)]);
  const text = (size: number) => Buffer.alloc(size, 'a');
  const most = await asAlice({ filename: 'a.png', content: png(largest) });
  expect([most.status, most.body.size]).toEqual([201, largest]);
  const { body } = await asAlice({ filename: 'a.txt', content: text(2 ** 20) });
  expect([body.size, body.extracted_text.length]).toEqual([2 ** 20, 12_000]);
  const refused = [
    await asAlice({ filename: 'a.png', content: png(largest + 1) }),
    await asAlice({ filename: 'a.txt', content: text(2 ** 20 + 1) }),
    await asAlice({ filename: 'a.png', content: png(22 * 2 ** 20) }),
  ];
  for (const { status, body } of refused) expect([status, body.error]).toEqual([413, 'payload_too_large']);
  expect(refused.slice(0, 2).map(({ body }) => body.details)).toEqual([
    { reason: 'file_too_large', kind: 'image', max_bytes: largest },
    { reason: 'file_too_large', kind: 'file', max_bytes: 2 ** 20 },
  ]);
  // Without Content-Length the body is counted while it is read.
  const form = formOf([{ filename: 'a.png', content: png(22 * 2 ** 20) }]);
  const chunked = await fetch(`${url}/v1/attachments/stage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...form.headers },
    body: new Blob([form.raw]).stream(),
    duplex: 'half',
  } as RequestInit);
  expect(chunked.status).toBe(413);
});

test('a malformed or incomplete form returns 422', async () => {
  const ask = (raw: Buffer | string | undefined, type: string, more = {}) =>
    call('POST', '/v1/attachments/stage', { token, ...(raw !== undefined && { raw }), headers: { 'content-type': type, ...more } });
  const { raw, headers } = formOf([{ filename: 'a.txt', content: 'some text' }], 'edge');
  const type = headers['content-type'];
  expect(statusAndReason(await ask('{}', 'application/json'))).toEqual([422, 'unsupported_content_type']);
  expect(statusAndReason(await ask(raw, 'multipart/mixed; boundary=edge'))).toEqual([422, 'unsupported_content_type']);
  expect(statusAndReason(await ask(raw, type, { 'content-encoding': 'gzip' }))).toEqual([422, 'invalid_encoding']);
  expect(statusAndReason(await ask(undefined, type))).toEqual([422, 'empty_body']);
  for (const [bytes, as] of [
    [raw, 'multipart/form-data'],
    [raw, 'multipart/form-data; boundary='],
    [raw.subarray(0, -12), type],
    [raw.subarray(0, 40), type],
    ['--edge', type],
    ['nothing of the kind', type],
  ] as const)
    expect([String(bytes), as, statusAndReason(await ask(bytes as Buffer, as))]).toEqual([String(bytes), as, [422, 'malformed_multipart']]);
});

test('a form has exactly one part named file', async () => {
  const file = { filename: 'a.txt', content: 'some text' };
  const ask = (...parts: Parameters<typeof formOf>[0]) => call('POST', '/v1/attachments/stage', { token, ...formOf(parts) });
  const field = (name: string, content = 'x') => ({ name, content });
  for (const [parts, path] of [
    [[], '/file'],
    [[file, file], ''],
    [[field('file')], '/file'],
    [[field('other'), file], '/other'],
    [[file, field('other')], '/other'],
    [[{ ...file, name: '__proto__' }], '/__proto__'],
    [[{ ...file, name: 'constructor' }], '/constructor'],
    [[{ ...file, name: 'a/b' }], '/a~1b'],
    [Array.from({ length: 1_000 }, (_, at) => field(`f${at}`)), ''],
    [Array.from({ length: 1_000 }, () => file), ''],
    [[field('x'.repeat(5_000))], expect.stringMatching(/^\/x{298}…$/)],
  ] as const)
    expect(issuesOf(await ask(...parts))).toEqual([400, [['body', path]]]);
  // Parts without a form-data name are ignored, whatever the size of their headers.
  const junk = [
    { head: `x-junk: ${'x'.repeat(100_000)}`, content: 'x' },
    { head: 'content-disposition: attachment; name="file"', content: 'x' },
  ];
  expect((await ask(...junk, file)).status).toBe(201);
  expect(await ask(...junk)).toMatchObject({ status: 400 });
});

test.each([
  [`filename="日本語 Übersicht.txt"`, '日本語 Übersicht.txt'],
  [`filename*=UTF-8''%E6%97%A5%E6%9C%AC%20%C3%9C.txt`, '日本 Ü.txt'],
  [`filename*=utf-8'de'caf%C3%A9.txt`, 'café.txt'],
  [`filename="cafe\u0301.txt"`, 'caf\u00e9.txt'],
])('the file name sent as %s is preserved', async (parameter, name) => {
  const head = `content-disposition: form-data; name="file"; ${parameter}\r\ncontent-type: text/plain`;
  const { status, body } = await call('POST', '/v1/attachments/stage', { token, ...formOf([{ head, content: 'some text' }]) });
  expect([status, body.filename, body.key.endsWith(`/${name}`)]).toEqual([201, name, true]);
  const file = await call('GET', `/v1/attachments/${body.key.split('/').map(encodeURIComponent).join('/')}`, { token });
  expect(file.headers.get('content-disposition')).toBe(`attachment; filename*=UTF-8''${encodeURIComponent(name)}`);
});

test('a client that disconnects during an upload leaves no rows behind', async () => {
  const count = async () => (await sql('select count(*)::int as n from attachments'))[0].n;
  const before = await count();
  const { raw, headers } = formOf([{ filename: 'a.txt', content: 'x'.repeat(100_000) }]);
  const line = request('POST /v1/attachments/stage', { ...headers, authorization: `Bearer ${token}`, 'content-length': raw.length });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(Buffer.concat([Buffer.from(line), raw.subarray(0, 50_000)]));
  await wait(50);
  socket.destroy();
  await wait(50);
  expect([await count(), (await asAlice({ filename: 'a.txt', content: 'x' })).status]).toEqual([before, 201]);
});

test('what a member uploads is not stored if they are removed while it arrives', async () => {
  const guest = await signUp();
  const { openWorkspace, addMember } = workspaceCalls(app);
  const { id } = await openWorkspace(alice);
  await addMember(alice, id, guest, 'admin');
  const { body: project } = await call('POST', '/v1/projects', { token: guest.token, headers: inAccount(id), body: { name: 'Files' } });
  const { raw, headers } = formOf([{ filename: 'a.txt', content: 'late' }]);
  const begin = async (line: string) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const own = { ...headers, ...inAccount(id), authorization: `Bearer ${guest.token}` };
    const more = { 'content-length': raw.length, expect: '100-continue', connection: 'close' };
    const closed = once(socket, 'close');
    let received = '';
    socket.on('data', (chunk) => void (received += String(chunk)));
    socket.write(Buffer.concat([Buffer.from(request(line, { ...own, ...more })), raw.subarray(0, -10)]));
    // The server has the head of the request and answers 100.
    await once(socket, 'data');
    return async () => {
      socket.write(raw.subarray(-10));
      await closed;
      return received.split('\r\n\r\n')[1]!.split('\r\n', 1)[0];
    };
  };
  const uploads = [await begin('POST /v1/attachments/stage'), await begin(`PUT /v1/projects/${project.id}/workspace/file?path=/a.txt`)];
  expect((await call('DELETE', `/v1/accounts/${id}/members/${guest.id}`, { token: alice.token })).status).toBe(204);
  for (const end of uploads) expect(await end()).toBe('HTTP/1.1 404 Not Found');
  const [kept] = await sql('select (select count(*) from attachments where account_id = $1)::int as staged', [id]);
  expect(kept).toEqual({ staged: 0 });
});

test('an account that is closed during an upload stores nothing', async () => {
  const { id } = await workspaceCalls(app).openWorkspace(alice);
  const client = await app.database.pool.connect();
  try {
    await client.query('begin');
    await client.query('update accounts set deleted_at = now() where id = $1', [id]);
    const upload = call('POST', '/v1/attachments/stage', {
      token,
      ...formOf([{ filename: 'a.txt', content: 'late' }], 'edge'),
      headers: { ...formOf([], 'edge').headers, ...inAccount(id) },
    });
    // Authorized, it waits for the end of the account.
    const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(() => sql(waiting)).toHaveLength(1);
    await client.query('commit');
    expect((await upload).status).toBe(404);
  } finally {
    client.release();
  }
  expect(await sql('select 1 from attachments where account_id = $1', [id])).toEqual([]);
});
