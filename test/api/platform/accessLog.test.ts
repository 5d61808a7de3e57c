import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createPartitions } from '../../../server/jobs/partitions/maintainPartitions.ts';
import { firstIdOf } from '../../../server/platform/crypto/ids.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { accessLogLines, behindGatewayEnv, startTestGateway } from '../../support/gateway/testGateway.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const app = await startTestApp(behindGatewayEnv, { worker: false });
const { call, sql, database } = app;
const platformAdmin = await app.signUp();
await app.promote(platformAdmin);
const user = await app.signUp();

type Page = { data: any[]; has_more: boolean; next_before: string | null };
const getLog = (query: Record<string, unknown> = {}) =>
  call('GET', `/v1/admin/access-log?${new URLSearchParams(query as Record<string, string>)}`, { token: platformAdmin.token });
const page = async (query: Record<string, unknown> = {}): Promise<Page> => {
  const { status, body, text } = await getLog(query);
  expect([status, text]).toEqual([200, expect.any(String)]);
  return body;
};
const paths = async (query: Record<string, unknown>) => (await page(query)).data.map(({ path }) => path);

/** An ID for a time. IDs of the same millisecond are in random order. */
const idAt = (at: number) => firstIdOf(new Date(at)).slice(0, 14) + randomUUIDv7().slice(14);
const day = 86_400_000;
const log = pino({ level: 'silent' });
const noon = Date.parse('2042-03-10T12:00:00Z');
for (const offset of [-3, 0]) await createPartitions({ database, log }, new Date(noon + offset * day));

type Line = Partial<
  Record<'method' | 'path' | 'client_ip' | 'country' | 'ua_type' | 'user_id' | 'account_id' | 'identity_type', string>
> & {
  risk_score?: number;
};
async function writeLine(at: number, line: Line = {}): Promise<string> {
  const id = idAt(at);
  const all = {
    ...{ trace_id: 'f'.repeat(32), method: 'GET', path: '/v1/x', status_code: 200, duration_ms: 3, client_ip: '', country: '', city: '' },
    ...{ user_agent: '', ua_type: 'tool', risk_score: 0, identity_type: 'anonymous', account_id: '', user_id: '', service_key_id: '' },
    ...line,
    id,
    timestamp: new Date(at).toISOString(),
  };
  await sql('insert into access_log select * from json_populate_record(null::access_log, $1::json)', [JSON.stringify(all)]);
  return id;
}
const clearLog = () => sql('delete from access_log');

test('only platform admins can read it, and an empty log is an empty page', async () => {
  expect(statusAndReason(await call('GET', '/v1/admin/access-log', { token: user.token }))).toEqual([403, 'missing_permission']);
  expect(await page()).toEqual({ data: [], has_more: false, next_before: null });
});

test('a request through the gateway is logged with all fields and the current username', async () => {
  const { call: through } = await startTestGateway(app);
  const headers = { 'user-agent': 'Mozilla/5.0 Safari/1' };
  const { headers: answered } = await through('GET', '/v1/threads/search?q=secret', { token: user.token, headers });
  await through('GET', '/v1/me', { headers });
  await accessLogLines(app, 'true', [], 2);
  const { data } = await page();
  expect(data.map(({ path }) => path)).toEqual(['/v1/me', '/v1/threads/search']);
  expect(data[1]).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    timestamp: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
    trace_id: answered.get('x-trace-id'),
    method: 'GET',
    path: '/v1/threads/search',
    status_code: 200,
    duration_ms: expect.any(Number),
    client_ip: '127.0.0.1',
    country: '',
    city: '',
    user_agent: headers['user-agent'],
    ua_type: 'browser',
    risk_score: 0,
    identity_type: 'user',
    account_id: user.accountId,
    user_id: user.id,
    service_key_id: '',
    username: user.login,
  });
  expect(data[0]).toMatchObject({ identity_type: 'anonymous', risk_score: 0.1, account_id: '', user_id: '', username: '' });
  await sql(`update users set username = 'Ann the second' where id = $1`, [user.id]);
  expect((await page()).data[1].username).toBe('Ann the second');
  await sql(`update users set status = 'deleted' where id = $1`, [user.id]);
  expect((await page()).data[1]).toMatchObject({ user_id: user.id, username: '' });
  await sql(`update users set status = 'active' where id = $1`, [user.id]);
  await sql(`update access_log set user_id = 'nobody we know' where user_id <> ''`);
  expect((await page()).data[1]).toMatchObject({ user_id: 'nobody we know', username: '' });
  await clearLog();
});

test('pages across days and equal timestamps neither skip nor repeat rows while others are written', async () => {
  const ids = [];
  for (let at = 0; at < 60; at++) ids.push(await writeLine(noon + Math.floor(at / 7) * (day / 3) - day));
  ids.sort().reverse();
  const seen: string[] = [];
  let before: string | null = null;
  for (let round = 0; round < 20; round++) {
    const got: Page = await page({ limit: 7, ...(before && { before }) });
    seen.push(...got.data.map(({ id }) => id));
    await writeLine(noon + 30 * day);
    expect([got.has_more, got.next_before]).toEqual(seen.length < 60 ? [true, seen.at(-1)] : [false, null]);
    before = got.next_before;
    if (before === null) break;
  }
  expect(seen).toEqual(ids);
  expect((await page({ limit: 200 })).data.length).toBe(60 + 9);
  expect((await page({ before: ids[0] })).data[0].id).toBe(ids[1]);
  expect((await page({ before: ids[0]!.toUpperCase(), limit: 59 })).has_more).toBe(false);
  expect((await page({ before: ids.at(-1) })).data).toEqual([]);
  await clearLog();
});

test('since is inclusive and accepts an ID or a timestamp in any time zone', async () => {
  const times = [noon - 2 * day, noon - 1, noon, noon + 1];
  const ids: string[] = [];
  for (const at of times) ids.push(await writeLine(at, { path: `/${at - noon}` }));
  expect(await paths({ since: ids[1] })).toEqual(['/1', '/0', '/-1']);
  expect(await paths({ since: '2042-03-10T12:00:00Z' })).toEqual(['/1', '/0']);
  expect(await paths({ since: '2042-03-10T13:00:00.001+01:00' })).toEqual(['/1']);
  expect(await paths({ since: '0001-01-01T00:00:00Z' })).toHaveLength(4);
  expect(await paths({ since: '9999-12-31T23:59:59Z' })).toEqual([]);
  expect(await paths({ since: ids[1], before: ids[3] })).toEqual(['/0', '/-1']);
  expect(await paths({ since: ids[3], before: ids[1] })).toEqual([]);
  await clearLog();
});

const lines: Line[] = [
  { path: '/v1/threads', method: 'GET', client_ip: '203.0.113.7', country: 'DE', risk_score: 0, ua_type: 'browser' },
  { path: '/v1/threads/1%2F', method: 'POST', client_ip: '203.0.113.8', country: 'FR', risk_score: 0.1, ua_type: 'tool' },
  { path: '/v1/thr_eads', method: 'PATCH', client_ip: '2001:db8::7', country: 'US', risk_score: 0.2, ua_type: 'bot' },
  { path: '/x/v1/threads', method: 'DELETE', client_ip: '2001:db8:1::7', country: '', risk_score: 0.3, ua_type: 'unknown' },
  { path: '/V1/THREADS', method: 'PROPFIND', client_ip: '', country: 'DE', risk_score: 1, ua_type: 'tool' },
];

test.for([
  [{ method: 'get' }, [0]],
  [{ method: 'Propfind' }, [4]],
  [{ method: 'G' }, []],
  [{ path: '/v1/thr' }, [0, 1, 2]],
  [{ path: '/v1/threads' }, [0, 1]],
  [{ path: '/v1/thr_' }, [2]],
  [{ path: '/v1/threads/1%' }, [1]],
  [{ path: '%' }, []],
  [{ path: '/V1' }, [4]],
  [{ path: '\\' }, []],
  [{ ip: '203.0.113.7' }, [0]],
  [{ ip: '::ffff:203.0.113.7' }, [0]],
  [{ ip: '203.0.113.0/24' }, [0, 1]],
  [{ ip: '203.0.113.9/29' }, [1]],
  [{ ip: '0.0.0.0/0' }, [0, 1]],
  [{ ip: '2001:DB8::/32' }, [2, 3]],
  [{ ip: '2001:0db8:0000::7' }, [2]],
  [{ ip: '::/0' }, [2, 3]],
  [{ country: 'de' }, [0, 4]],
  [{ risk_min: '0.2' }, [2, 3, 4]],
  [{ risk_min: '0' }, [0, 1, 2, 3, 4]],
  [{ risk_min: '1.0' }, [4]],
  [{ risk_min: '1e0' }, [4]],
  [{ risk_min: '2E-1' }, [2, 3, 4]],
  [{ ua_type: 'tool' }, [1, 4]],
  [{ country: 'DE', risk_min: '0.5', ua_type: 'tool', path: '/V' }, [4]],
  [{ country: 'DE', method: 'POST' }, []],
] as const)('%o matches %j', async ([query, wanted]) => {
  await clearLog();
  for (const [at, line] of lines.entries()) await writeLine(noon - at * 1_000, line);
  expect((await page(query)).data.map(({ path, client_ip }) => [path, client_ip])).toEqual(
    wanted.map((at) => [lines[at]!.path, lines[at]!.client_ip]),
  );
});

test('a page is full while enough lines match, however far apart they are', async () => {
  await clearLog();
  for (let at = 0; at < 40; at++) await writeLine(noon - at * day * 0.1, { path: at % 13 === 0 ? '/rare' : '/common' });
  const first = await page({ path: '/rare', limit: 3 });
  expect([first.data.length, first.has_more]).toEqual([3, true]);
  const second = await page({ path: '/rare', limit: 3, before: first.next_before });
  expect([second.data.length, second.has_more, second.next_before]).toEqual([1, false, null]);
  await clearLog();
});

test.for([
  ['limit', '0'],
  ['limit', '201'],
  ['limit', ''],
  ['limit', '1.5'],
  ['before', 'abc'],
  ['before', '2042-03-10T12:00:00Z'],
  ['since', 'yesterday'],
  ['since', '2042-03-10'],
  ['since', '2042-03-10T12:00:00'],
  ['since', `${randomUUID()}x`],
  ['method', ''],
  ['path', ''],
  ['path', 'x\0'],
  ['ip', '300.0.0.1'],
  ['ip', '10.0.0.0/33'],
  ['ip', '10.0.0'],
  ['ip', '::/64.5'],
  ['ip', 'fe80::1%eth0'],
  ['ip', "127.0.0.1' or '1'='1"],
  ['country', 'DEU'],
  ['country', 'ß'],
  ['risk_min', '1.01'],
  ['risk_min', '-0.1'],
  ['risk_min', 'NaN'],
  ['risk_min', '1e1'],
  ['ua_type', 'human'],
] as const)('%s rejects %j', async ([name, value]) => {
  const { status, body } = await getLog({ [name]: value });
  expect([status, [...new Set(body.details.issues.map(({ location, path }: any) => `${location} ${path}`))]]).toEqual([
    400,
    [`query ${name}`],
  ]);
});
