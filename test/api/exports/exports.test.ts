import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { csvField } from '../../../server/resources/exports/formats.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { inAccount } from '../../support/resources/workspaces.ts';
import { adminOf } from '../../support/samples/context.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp } = app;
const day = (offset = 0) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
const range = `start=${day(-1)}&end=${day()}`;

/** The raw response, as it is sent. */
async function open(token: string, path: string, headers: Record<string, string> = {}) {
  const request = get(app.url + path, { headers: { authorization: `Bearer ${token}`, ...headers }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { request, response };
}
async function read(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
async function download(token: string, path: string, headers?: Record<string, string>) {
  const { response } = await open(token, path, headers);
  const bytes = await read(response);
  return { status: response.statusCode, headers: response.headers, bytes, text: bytes.toString() };
}
/** The rows of a complete file. */
function rowsOf(text: string): any[] {
  expect(text.endsWith('\n')).toBe(true);
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.pop()).toEqual({ end: { rows: lines.length } });
  return lines;
}

/** Whether a CSV file has its end. No text that is cut off may. */
const hasEnd = (text: string) => text.endsWith('"\r\n');
const completeCuts = (text: string) => Array.from({ length: text.length }, (_, length) => text.slice(0, length)).filter(hasEnd);

/** A reader of RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\r\n') rows.push([]);
    if (end === '') break;
  }
  return rows;
}

const fillAudit = ({ accountId }: Pick<Person, 'accountId'>, count: number, length = 10) =>
  sql(
    `insert into audit_logs (id, account_id, action, target_type, trace_id, metadata, before_state, created_at)
     select gen_random_uuid(), $1, 'sample.fill', 'sample', 'trace', jsonb_build_object('text', repeat('x', $3)), '{"old":true}',
       date_trunc('milliseconds', now()) - (i / 7) * interval '1 millisecond' from generate_series(1, $2::int) i`,
    [accountId, count, length],
  );
const addRecords = ({ id, accountId }: Pick<Person, 'id' | 'accountId'>, count: number, model = 'gpt-test', at = 'now()') =>
  sql(
    `insert into usage_records (account_id, run_id, usage_type, model, user_id, input_tokens, output_tokens, cache_creation_input_tokens,
       cache_read_input_tokens, cached_tokens, cost_usd, recorded_at)
     select $1, gen_random_uuid(), 'llm', $4, $2, i, 2 * i, 0, 0, 0, 0.000001 * i, ${at} from generate_series(1, $3::int) i`,
    [accountId, id, count, model],
  );

test('the audit log is exported whole, in the order of the list, with its filters', async () => {
  const person = await signUp();
  await fillAudit(person, 1_234);
  const made = await download(person.token, '/v1/audit-logs/export?action=sample.fill');
  expect(made.headers).toMatchObject({
    'content-type': 'application/x-ndjson',
    'content-disposition': 'attachment; filename="audit-log.ndjson"',
    'cache-control': 'no-store',
    vary: expect.stringContaining('accept-encoding'),
  });
  const rows = rowsOf(made.text);
  const ids = await sql('select id from audit_logs where account_id = $1 and action = $2 order by created_at desc, id desc', [
    person.accountId,
    'sample.fill',
  ]);
  expect(rows.map(({ id }) => id)).toEqual(ids.map(({ id }: { id: string }) => id));
  const { body: page } = await call('GET', '/v1/audit-logs?action=sample.fill&limit=50&include=state', { token: person.token });
  expect(rowsOf((await download(person.token, '/v1/audit-logs/export?action=sample.fill&include=state')).text).slice(0, 50)).toEqual(
    page.data,
  );
  const [newest, oldest] = [rows[100].created_at, rows[700].created_at];
  const some = rowsOf((await download(person.token, `/v1/audit-logs/export?since=${oldest}&until=${newest}&action=sample.fill`)).text);
  expect(some).toEqual(rows.filter(({ created_at: at }) => at >= oldest && at <= newest));
  // The export itself is the last entry.
  const [last] = rowsOf((await download(person.token, '/v1/audit-logs/export')).text);
  expect(last).toMatchObject({ action: 'audit_log.export', target_id: person.accountId, metadata: { format: 'ndjson' } });
});

test('CSV follows RFC 4180 and cannot be read as formulas', async () => {
  const person = await signUp();
  const agents = [
    '=HYPERLINK("http://evil")',
    '+1',
    '-1',
    '@SUM(A1)',
    'a "quoted", text',
    'plain',
    '\u200b=1',
    '＝1',
    "it's",
    'ü 🛒',
    'x"\r\r\ny',
    null,
  ];
  for (const agent of agents)
    await sql(
      `insert into audit_logs (id, account_id, action, target_type, trace_id, user_agent, metadata, before_state) values ($1, $2, 'sample.csv', 'sample', 'a,b', $3, '{"k":"v\\r\\nw"}', '{}')`,
      [randomUUID(), person.accountId, agent],
    );
  const made = await download(person.token, '/v1/audit-logs/export?action=sample.csv&format=csv');
  expect(made.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
  const withStates = await download(person.token, '/v1/audit-logs/export?action=sample.csv&format=csv&include=state');
  expect(parseCsv(withStates.text)[0]!.slice(-3)).toEqual(['before_state', 'after_state', 'created_at']);
  for (const { text } of [made, withStates]) expect([hasEnd(text), completeCuts(text)]).toEqual([true, []]);
  const [names, ...rows] = parseCsv(made.text).filter((row) => row.length > 1);
  expect(names).toEqual([
    'id',
    'account_id',
    'actor_user_id',
    'action',
    'target_type',
    'target_id',
    'trace_id',
    'metadata',
    'ip_address',
    'user_agent',
    'created_at',
  ]);
  expect(rows).toHaveLength(agents.length);
  const shown = rows.map((row) => row[names!.indexOf('user_agent')]).sort();
  expect(shown).toEqual(
    [
      '\'=HYPERLINK("http://evil")',
      "'+1",
      "'-1",
      "'@SUM(A1)",
      'a "quoted", text',
      'plain',
      "'\u200b=1",
      "'＝1",
      "it's",
      'ü 🛒',
      'x"\ny',
      '',
    ].sort(),
  );
  for (const row of rows) {
    expect(row[names!.indexOf('trace_id')]).toBe('a,b');
    expect(JSON.parse(row[names!.indexOf('metadata')]!)).toEqual({ k: 'v\r\nw' });
  }
  expect([csvField('\r=1'), csvField(' @x'), csvField(-5), csvField(true), csvField(undefined)]).toEqual([
    `"'\r=1"`,
    `"' @x"`,
    '-5',
    'true',
    '',
  ]);
});

test('usage is exported by day, for an account and for all', async () => {
  const [person, other, admin] = [await signUp(), await signUp(), await adminOf(app)];
  await addRecords(person, 700);
  await addRecords(person, 5, '=cmd', `now() - interval '1 day'`);
  await addRecords(person, 5, 'long ago', `now() - interval '40 days'`);
  await addRecords(other, 3, 'other');
  const path = `/v1/accounts/${person.accountId}/usage/export?${range}`;
  const rows = rowsOf((await download(person.token, path)).text);
  expect(rows).toHaveLength(705);
  expect(new Set(rows.map(({ run_id: id }) => id)).size).toBe(705);
  expect(rows.map(({ recorded_at: at }) => at)).toEqual(
    rows
      .map(({ recorded_at: at }) => at)
      .sort()
      .reverse(),
  );
  expect(rows.find(({ input_tokens: tokens, model }) => tokens === 700 && model === 'gpt-test')).toEqual({
    account_id: person.accountId,
    run_id: expect.any(String),
    usage_type: 'llm',
    model: 'gpt-test',
    user_id: person.id,
    input_tokens: 700,
    output_tokens: 1_400,
    cache_creation_tokens: 0,
    cache_read_tokens: 0,
    cached_tokens: 0,
    cost_usd: 0.0007,
    shortfall: 0,
    estimated: false,
    recorded_at: expect.any(String),
  });
  const csv = parseCsv((await download(person.token, `${path}&format=csv`)).text).filter((row) => row.length > 1);
  expect(csv).toHaveLength(706);
  expect(csv.filter((row) => row.includes("'=cmd"))).toHaveLength(5);
  expect(rowsOf((await download(admin.token, path)).text)).toEqual(rows);
  const all = rowsOf((await download(admin.token, `/v1/admin/usage/export?${range}`)).text);
  expect(all.filter(({ account_id: id }) => id === person.accountId)).toEqual(rows);
  expect(all.filter(({ account_id: id }) => id === other.accountId)).toHaveLength(3);
  const entries = await sql(`select account_id, target_id from audit_logs where action = 'usage.export' and actor_user_id = $1`, [
    admin.id,
  ]);
  expect(entries).toEqual(
    expect.arrayContaining([
      { account_id: person.accountId, target_id: person.accountId },
      { account_id: null, target_id: null },
    ]),
  );
});

test('members without the permission, other accounts and bad ranges are rejected', async () => {
  const [person, member, stranger] = [await signUp(), await signUp(), await signUp()];
  await sql(`insert into memberships (account_id, user_id, role) values ($1, $2, 'member')`, [person.accountId, member.id]);
  const status = async (token: string, path: string, headers: Record<string, string> = {}) =>
    (await call('GET', path, { token, headers })).status;
  const usage = (query: string) => `/v1/accounts/${person.accountId}/usage/export?${query}`;
  expect(await status(member.token, '/v1/audit-logs/export', inAccount(person.accountId))).toBe(403);
  expect(await status(member.token, usage(range))).toBe(403);
  expect(await status(stranger.token, usage(range))).toBe(404);
  expect(await status(stranger.token, `/v1/audit-logs/export?account_id=${person.accountId}`)).toBe(404);
  expect(await status(person.token, `/v1/admin/usage/export?${range}`)).toBe(403);
  for (const query of ['', `start=${day()}`, `start=${day()}&end=${day(-1)}`, 'start=2020-01-01&end=2025-01-01', `${range}&format=xlsx`])
    expect([query, await status(person.token, usage(query))]).toEqual([query, 400]);
  expect(await status(person.token, '/v1/audit-logs/export?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z')).toBe(400);
  // Empty files are complete.
  expect(rowsOf((await download(stranger.token, `/v1/accounts/${stranger.accountId}/usage/export?${range}`)).text)).toEqual([]);
  expect((await download(stranger.token, `/v1/accounts/${stranger.accountId}/usage/export?${range}&format=csv`)).text).toMatch(
    /^account_id,.*,"recorded_at"\r\n$/,
  );
});

test('an export is compressed only for clients that accept it', async () => {
  const person = await signUp();
  await fillAudit(person, 600, 200);
  const path = '/v1/audit-logs/export?action=sample.fill';
  const packed = await download(person.token, path, { 'accept-encoding': 'gzip, br' });
  expect(packed.headers['content-encoding']).toBe('gzip');
  const plain = await download(person.token, path, { 'accept-encoding': 'identity' });
  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(gunzipSync(packed.bytes).toString()).toBe(plain.text);
  expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 5);
});

test('at most two exports of a caller and of an account are sent at a time, and a client that leaves makes room', async () => {
  const [person, colleague] = [await signUp(), await signUp()];
  await app.joinAccount(colleague, person, 'admin');
  await fillAudit(person, 1_500, 20_000);
  const path = '/v1/audit-logs/export?action=sample.fill';
  const opened = [await open(person.token, path), await open(person.token, path)];
  const { status, headers, body } = await call('GET', path, { token: person.token });
  expect([status, body.details.reason, headers.get('retry-after')]).toEqual([429, 'export_rate_limited', '10']);
  expect((await call('GET', path, { token: colleague.token, headers: inAccount(person.accountId) })).status).toBe(429);
  expect((await call('GET', path, { token: colleague.token })).status).toBe(200);
  // Between two batches, an export holds no connection and no transaction.
  await expect
    .poll(() => sql(`select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`))
    .toEqual([]);
  opened[0]!.request.destroy();
  const third = await eventually(async () => {
    const next = await open(person.token, path);
    if (next.response.statusCode === 200) return next;
    next.response.resume();
    return undefined;
  }, 'a place is free');
  const [second, last] = await Promise.all([read(opened[1]!.response), read(third.response)]);
  expect([rowsOf(second.toString()).length, rowsOf(last.toString()).length]).toEqual([1_500, 1_500]);
});

test.each(['ndjson', 'csv'])('an export of %s that fails in the middle is visibly broken', async (format) => {
  const person = await signUp();
  await fillAudit(person, 1_500, 20_000);
  const { response } = await open(person.token, `/v1/audit-logs/export?action=sample.fill&format=${format}`, {
    'accept-encoding': 'identity',
  });
  await sql('alter table audit_logs rename column user_agent to renamed');
  try {
    const chunks: Buffer[] = [];
    const failure = await (async () => {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    })().catch((error: Error) => error);
    expect(failure).toBeInstanceOf(Error);
    const text = Buffer.concat(chunks).toString();
    expect(text).toContain('sample.fill');
    expect(text).not.toContain('"end"');
    if (format === 'csv') expect(hasEnd(text)).toBe(false);
  } finally {
    await sql('alter table audit_logs rename column renamed to user_agent');
  }
});

test('HEAD sends nothing and takes no place', async () => {
  const person = await signUp();
  for (let n = 0; n < 4; n++)
    expect(
      (await fetch(`${app.url}/v1/audit-logs/export`, { method: 'HEAD', headers: { authorization: `Bearer ${person.token}` } })).status,
    ).toBe(200);
  expect((await download(person.token, '/v1/audit-logs/export')).status).toBe(200);
});
