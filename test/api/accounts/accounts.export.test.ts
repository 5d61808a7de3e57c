import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { entities } from '../../../server/database/entities.ts';
import { exportedArchives, exportedAttachments, exportedRows } from '../../../server/resources/accounts/export/queries.ts';
import { type Person, sharedTestApp, startTestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { readZip } from '../../support/resources/zip.ts';

const app = await sharedTestApp();
const { call } = app;

const pathOf = (accountId: string) => `/v1/accounts/${accountId}/export`;

async function download(token: string, accountId: string): Promise<Record<string, Buffer>> {
  const response = await fetch(app.url + pathOf(accountId), { headers: { authorization: `Bearer ${token}` } });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/zip');
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="account-${accountId}.zip"`);
  return readZip(Buffer.from(await response.arrayBuffer()));
}

const linesOf = (files: Record<string, Buffer>, name: string): any[] =>
  files[`${name}.ndjson`]!.toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

async function post({ token }: Pick<Person, 'token'>, path: string, body: object) {
  const { status, body: made, text } = await call('POST', path, { token, body });
  expect(status, text).toBe(201);
  return made;
}

async function threadOf(person: Person, title: string, more: object = {}): Promise<string> {
  const { id } = await post(person, '/v1/threads', { title, ...more });
  await post(person, `/v1/threads/${id}/messages`, { content: `content of ${title}` });
  return id;
}

/** How many exports hold a transaction open. */
const openExports = async (sql = app.sql) =>
  (
    await sql(
      `select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%' and query like '%export_%'`,
    )
  ).length;

/** Adds 17 MB of the archive, more than a connection buffers: random texts that are longer than the window of its compression, 32 kB. */
const fillAccount = ({ accountId }: Person, sql = app.sql) =>
  sql(
    `insert into audit_logs (id, account_id, action, target_type, trace_id, metadata, created_at)
     select gen_random_uuid(), $1, 'sample.fill', 'sample', 'trace', jsonb_build_object('text', (select string_agg(md5(random()::text), '') from generate_series(1, 1050))), now()
     from generate_series(1, 1000)`,
    [accountId],
  );

/** Reads the head of the response only. */
async function openExport({ token, accountId }: Person, url = app.url) {
  const request = get(url + pathOf(accountId), { headers: { authorization: `Bearer ${token}` }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { request, response };
}

test('the export of a personal account contains its rows and files, and no secrets', async () => {
  const person = await app.signUp();
  const { token, accountId } = person;
  const form = new FormData();
  form.set('file', new File(['attached text'], 'a note.txt', { type: 'text/plain' }));
  const staged = await fetch(`${app.url}/v1/attachments/stage`, {
    method: 'POST',
    body: form,
    headers: { authorization: `Bearer ${token}` },
  });
  const { key, filename, mime_type, size } = (await staged.json()) as Record<string, unknown>;
  const threadId = await threadOf(person, 'Exported\u2028{}');
  const parts = [{ type: 'file', attachment: { key, filename, mime_type, size } }];
  await post(person, `/v1/threads/${threadId}/messages`, { content_json: { parts } });
  const run = await post(person, `/v1/threads/${threadId}/runs`, {});
  const { id: projectId } = await post(person, '/v1/projects', { name: 'Files' });
  const upload = new FormData();
  upload.set('file', new File(['in the workspace'], 'x'));
  const put = `${app.url}/v1/projects/${projectId}/workspace/file?path=/docs/ü.txt`;
  expect((await fetch(put, { method: 'PUT', body: upload, headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  const { key: apiKey } = await post(person, '/v1/api-keys', { name: 'exported', scopes: ['data.threads.read'] });
  await post(person, '/v1/llm-providers', {
    name: 'p',
    provider: 'openai',
    api_key: 'sk-canary-0123456789',
    base_url: 'http://127.0.0.1:9/v1',
  });
  await post(person, '/v1/mcp-configs', {
    name: 'm',
    transport: 'streamable_http',
    url: 'http://127.0.0.1:9/',
    bearer_token: 'canary-token',
  });
  const endpoint = await post(person, '/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/', events: ['run.completed'] });

  const files = await download(token, accountId);
  expect(JSON.parse(files['export.json']!.toString())).toMatchObject({ format: 1, account_id: accountId, exported_by: person.id });
  expect(JSON.parse(files['missing_files.json']!.toString())).toEqual([]);
  // Only a whole archive lists it.
  expect(Object.keys(files).at(-1)).toBe('missing_files.json');
  expect(Object.keys(files)).toEqual(expect.arrayContaining(Object.keys(exportedRows).map((name) => `${name}.ndjson`)));
  expect(linesOf(files, 'account')).toMatchObject([{ id: accountId, type: 'personal' }]);
  expect(linesOf(files, 'threads')).toMatchObject([{ id: threadId, title: 'Exported\u2028{}' }]);
  // A reader that splits at the line breaks of Unicode reads no other lines.
  expect(files['threads.ndjson']!.toString()).not.toContain('\u2028');
  expect(linesOf(files, 'messages').map(({ content }) => content)).toEqual([
    'content of Exported\u2028{}',
    expect.stringContaining('a note.txt'),
  ]);
  expect(linesOf(files, 'runs')).toMatchObject([{ id: run.run_id, thread_id: threadId }]);
  expect(linesOf(files, 'run_events')).toMatchObject([{ run_id: run.run_id, seq: 1, type: 'run.started' }]);
  expect(linesOf(files, 'api_keys')).toMatchObject([{ name: 'exported' }]);
  expect(linesOf(files, 'audit_logs').map(({ action }) => action)).toEqual(expect.arrayContaining(['api_key.create', 'account.export']));
  const [attachment] = linesOf(files, 'attachments');
  expect(files[`attachments/${attachment.id}/a note.txt`]!.toString()).toBe('attached text');
  expect(files[`workspaces/${projectId}/docs/ü.txt`]!.toString()).toBe('in the workspace');
  const text = Buffer.concat(Object.values(files)).toString();
  for (const secret of [apiKey, 'canary', endpoint.secret, person.password]) expect(text).not.toContain(secret);
});

test('of other members, an export of a workspace contains the threads in shared projects only, and members cannot export', async () => {
  const [admin, member, stranger] = await Promise.all([app.signUp(), app.signUp(), app.signUp()]);
  const { id: accountId } = await post(admin, '/v1/accounts', { slug: `exported-${admin.login}`, name: 'Exported' });
  await app.sql('insert into memberships (account_id, user_id, role) values ($1, $2, $3)', [accountId, member.id, 'member']);
  const inAccount = (person: Person, path: string, body: object) =>
    call('POST', path, { token: person.token, body, headers: { 'x-account-id': accountId } });
  const { body: project } = await inAccount(admin, '/v1/projects', { name: 'Shared', visibility: 'shared' });
  for (const [title, more] of Object.entries({
    own: {},
    shared: { project_id: project.id },
    secret: { project_id: project.id, is_private: true },
  }))
    expect((await inAccount(member, '/v1/threads', { title, ...more })).status).toBe(201);
  expect((await inAccount(admin, '/v1/threads', { title: 'mine' })).status).toBe(201);
  const { body: gone } = await inAccount(admin, '/v1/projects', { name: 'Gone', visibility: 'shared' });
  await app.sql('update projects set deleted_at = now() where id = $1', [gone.id]);
  for (const { id: userId } of [admin, member])
    await app.sql(
      `insert into chat_completions (id, account_id, created_by_user_id, status, model, route, end_user, metadata, trace_id, expires_at)
       values (gen_random_uuid(), $1, $2, 'completed', 'm', '{}', 'somebody', '{"of":"a call"}', 'trace', now())`,
      [accountId, userId],
    );

  const files = await download(admin.token, accountId);
  expect(new Set(linesOf(files, 'threads').map(({ title }) => title))).toEqual(new Set(['shared', 'mine']));
  expect(linesOf(files, 'projects').map(({ id }) => id)).not.toContain(gone.id);
  expect(linesOf(files, 'chat_completions')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ created_by_user_id: admin.id, end_user: 'somebody', metadata: { of: 'a call' } }),
      expect.objectContaining({ created_by_user_id: member.id, end_user: null, metadata: null }),
    ]),
  );
  expect(linesOf(files, 'members').map(({ user_id: id }) => id)).toEqual([admin.id, member.id]);
  const status = async ({ token }: Pick<Person, 'token'>) => (await call('GET', pathOf(accountId), { token })).status;
  expect(await status(member)).toBe(403);
  expect(await status(stranger)).toBe(404);
  const { body: key } = await inAccount(admin, '/v1/api-keys', { name: 'k', scopes: ['account.audit_read', 'data.usage.read'] });
  expect(await status({ token: key.key })).toBe(403);
});

test('an export waits for its reader, shows one moment, and ends when the reader leaves', async () => {
  const person = await app.signUp();
  await threadOf(person, 'before');
  await fillAccount(person);
  const open = async () => {
    const opened = await openExport(person);
    await eventually(async () => (await openExports()) > 0, 'an export that waits');
    return opened;
  };
  const slow = await open();
  await threadOf(person, 'after');
  const chunks: Buffer[] = [];
  for await (const chunk of slow.response) chunks.push(chunk as Buffer);
  const files = readZip(Buffer.concat(chunks));
  expect(linesOf(files, 'audit_logs').length).toBeGreaterThan(1_000);
  expect(linesOf(files, 'threads').map(({ title }) => title)).toEqual(['before']);

  const left = await open();
  left.request.destroy();
  await eventually(async () => (await openExports()) === 0, 'the end of the export that its reader left');
});

test('of exports that start at once, two are sent, of different accounts, and others when these have ended', async () => {
  const people = await Promise.all(Array.from({ length: 4 }, () => app.signUp()));
  const [person] = people;
  for (const each of people) await fillAccount(each);
  const opened = await Promise.all([...people, ...people].map((each) => openExport(each)));
  const sent = opened.filter(({ response }) => response.statusCode === 200);
  expect(opened.map(({ response }) => response.statusCode).sort()).toEqual([200, 200, ...Array<number>(6).fill(429)]);
  expect(new Set(sent.map(({ response }) => response.headers['content-disposition'])).size).toBe(2);
  await eventually(async () => (await openExports()) === 2, 'two exports that wait');
  const refused = await call('GET', pathOf(person!.accountId), { token: person!.token });
  expect(refused.body.details).toMatchObject({ reason: 'account_export_rate_limited' });
  for (const { request } of opened) request.destroy();
  await eventually(async () => (await openExports()) === 0, 'the end of both exports');

  // A place is also free again when no export followed: after HEAD, and after a failure. Those who were refused get it before the others.
  const path = pathOf(person!.accountId);
  const head = async ({ accountId, token }: Person = person!) =>
    (await fetch(app.url + pathOf(accountId), { method: 'HEAD', headers: { authorization: `Bearer ${token}` } })).status;
  await Promise.all(people.map((each) => eventually(async () => (await head(each)) === 200, 'a turn')));
  for (let n = 0; n < 3; n++) await eventually(async () => (await head()) === 200, 'a free place after HEAD');
  const bucket = `account-export:${person!.accountId}`;
  await app.sql('update attempt_counts set count = 30 where bucket = $1', [bucket]);
  for (let n = 0; n < 3; n++) expect((await call('GET', path, { token: person!.token })).status).toBe(429);
  await app.sql('delete from attempt_counts where bucket = $1', [bucket]);
  await eventually(async () => (await head()) === 200, 'a free place after a failure');
});

test('exports whose clients read nothing take no connection of the others', async () => {
  const small = await startTestApp({}, { worker: false, pool: { max: 2, maxWaitMs: 5_000 } });
  const people = await Promise.all([small.signUp(), small.signUp(), small.signUp()]);
  const [first, second] = people;
  for (const each of people) await fillAccount(each, small.sql);
  const opened = await Promise.all([first, second].map((each) => openExport(each, small.url)));
  expect(opened.map(({ response }) => response.statusCode)).toEqual([200, 200]);
  await eventually(async () => (await openExports(small.sql)) === 2, 'two exports that wait');

  for (const { token } of people) {
    const statuses = await Promise.all(
      Array.from({ length: 5 }, async (_, n) => [
        (await small.call('POST', '/v1/threads', { token, body: { title: `thread ${n}` } })).status,
        (await small.call('GET', '/v1/threads', { token })).status,
      ]),
    );
    expect(statuses).toEqual(Array(5).fill([201, 200]));
  }
  await eventually(async () => (await openExports(small.sql)) === 2, 'two exports that still wait');
  for (const { request } of opened) request.destroy();
  await eventually(async () => (await openExports(small.sql)) === 0, 'the end of both exports');
});

test('no exported statement selects a column with a secret', () => {
  const isSecret = /(_sealed|_hash|secret|password)/;
  const columnsOf = new Map(
    entities.map(({ meta }) => [meta.tableName!, Object.keys(meta.properties).map((name) => name.replace(/[A-Z]/g, '_$&').toLowerCase())]),
  );
  for (const { text } of [...Object.values(exportedRows), exportedAttachments, exportedArchives]) {
    const [, whole] = /^select \* from "(\w+)"/.exec(text) ?? [];
    const columns = whole === undefined ? [text] : columnsOf.get(whole)!;
    expect(columns.filter((column) => isSecret.test(column))).toEqual([]);
  }
});
