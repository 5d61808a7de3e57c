import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startApi } from '../../../server/processes/api.ts';
import { expectWithin } from '../../support/app/expectWithin.ts';
import { callTo, type Person, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const { call, sql, signUp, joinAccount, database, databaseUrl, config } = await startTestApp({}, { worker: false });

const keyOf = async (token: string, body: object = {}, headers: Record<string, string> = {}) =>
  (await call('POST', '/v1/api-keys', { token, body: { name: 'a key', ...body }, headers })).body;
const list = (token: string, query = '', headers: Record<string, string> = {}) => call('GET', `/v1/api-keys${query}`, { token, headers });
const revoke = (token: string, id: string, headers: Record<string, string> = {}) =>
  call('DELETE', `/v1/api-keys/${id}`, { token, headers });
const threads = (token: string, headers: Record<string, string> = {}) => call('GET', '/v1/threads', { token, headers });
const inAccount = ({ accountId }: Person) => ({ 'x-account-id': accountId });

test('a member sees and revokes their own keys, an admin all keys', async () => {
  const [admin, a, b, outsider] = [await signUp(), await signUp(), await signUp(), await signUp()];
  for (const person of [a, b]) await joinAccount(person, admin);
  const here = inAccount(admin);
  const [ofA, ofB] = [await keyOf(a.token, {}, here), await keyOf(b.token, {}, here)];
  await keyOf(b.token);
  const ids = async (token: string) => (await list(token, '', here)).body.map(({ id }: { id: string }) => id);
  expect(await ids(a.token)).toEqual([ofA.id]);
  expect(await ids(admin.token)).toEqual([ofB.id, ofA.id]);
  const absent = (await revoke(a.token, '01890000-0000-7000-8000-000000000000', here)).body;
  for (const [token, id, headers] of [
    [a.token, ofB.id, here],
    [outsider.token, ofB.id, {}],
    [b.token, ofB.id, {}],
  ] as const) {
    const { status, body } = await revoke(token, id, headers);
    expect([status, { ...body, trace_id: '' }]).toEqual([404, { ...absent, trace_id: '' }]);
  }
  expect((await revoke(a.token, 'not-an-id', here)).status).toBe(400);
  expect((await threads(ofB.key)).status).toBe(200);
  expect([(await revoke(admin.token, ofB.id, here)).status, (await threads(ofB.key)).status]).toEqual([204, 401]);
  expect((await revoke(admin.token, ofB.id, here)).status).toBe(204);
  expect((await list(b.token, '', here)).body[0].revoked_at).toMatch(/^\d{4}-.*\.\d{3}Z$/);
  const entries = await sql(`select * from audit_logs where action = 'api_key.revoke' and target_id = $1`, [ofB.id]);
  expect(entries).toHaveLength(1);
  expect(entries[0]).toMatchObject({ account_id: admin.accountId, actor_user_id: admin.id, target_type: 'api_key' });
});

test('the list pages without gaps, and a cursor is valid for its own list only', async () => {
  const [person, host] = [await signUp(), await signUp()];
  await joinAccount(person, host);
  const made = await Promise.all(Array.from({ length: 7 }, () => keyOf(person.token)));
  const seen: string[] = [];
  for (let query: string | undefined = '?limit=3'; query;) {
    const { body, headers } = await list(person.token, query);
    seen.push(...body.map(({ id }: { id: string }) => id));
    query = /<\/v1\/api-keys(\?[^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
  }
  expect(seen).toHaveLength(7);
  expect(new Set(seen)).toEqual(new Set(made.map(({ id }) => id)));
  const cursor = (await list(person.token, '?limit=3')).headers.get('x-next-cursor')!;
  for (const [token, before, headers] of [
    [person.token, cursor, inAccount(host)],
    [host.token, cursor, {}],
    [person.token, `${cursor.slice(1)}A`, {}],
    [person.token, '', {}],
  ] as const)
    expect((await list(token, `?before=${before}`, headers)).status).toBe(400);
  for (const limit of ['0', '201', '1e1', '', 'x', '-1'])
    expect([limit, (await list(person.token, `?limit=${limit}`)).status]).toEqual([limit, 400]);
  expect((await list(person.token, '?limit=7')).headers.get('link')).toBeNull();
});

test('a revoked key stops working at once in this process and within one second in another', async () => {
  const other = await startApi({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
  try {
    const person = await signUp();
    const { id, key } = await keyOf(person.token);
    const there = callTo(other.address);
    expect((await there('GET', '/v1/threads', { token: key })).status).toBe(200);
    expect((await revoke(person.token, id)).status).toBe(204);
    expect(statusAndReason(await threads(key))).toEqual([401, 'invalid_token']);
    await expectWithin(1_000, async () => (await there('GET', '/v1/threads', { token: key })).status, 401);
  } finally {
    await other.shutDown();
  }
});

test('last_used_at is updated at most once a minute, also for forbidden requests, and a failed update fails no request', async () => {
  const { token } = await signUp();
  const [used, denied] = [await keyOf(token), await keyOf(token, { scopes: [] })];
  const written = async (id: string) => (await sql('select last_used_at, xmin::text as version from api_keys where id = $1', [id]))[0];
  await Promise.all(Array.from({ length: 100 }, () => threads(used.key)));
  await threads(denied.key);
  await expect.poll(async () => (await written(used.id)).last_used_at).not.toBeNull();
  await expect.poll(async () => (await written(denied.id)).last_used_at).not.toBeNull();
  const { version } = await written(used.id);
  await Promise.all(Array.from({ length: 20 }, () => threads(used.key)));
  expect((await written(used.id)).version).toBe(version);
  const fresh = await keyOf(token);
  await sql('alter table api_keys add constraint broken check (last_used_at is null) not valid');
  expect((await threads(fresh.key)).status).toBe(200);
  await sql('alter table api_keys drop constraint broken');
});
