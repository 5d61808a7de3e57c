import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startApi } from '../../../server/processes/api.ts';
import { callTo, type Person, sharedTestApp, testKeys } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote, database, databaseUrl, config } = app;
const { openWorkspace, invite, addMember, endow } = workspaceCalls(app);
const unknownId = '01890000-0000-7000-8000-000000000000';

/** A workspace with one resource of each kind that has an ID. */
async function createFullWorkspace() {
  const [admin, member] = [await signUp(), await signUp()];
  const { id } = await openWorkspace(admin);
  await addMember(admin, id, member);
  await endow(id);
  const headers = inAccount(id);
  const make = async (path: string, body: unknown) => (await call('POST', path, { token: admin.token, headers, body })).body;
  const team = (await make('/v1/teams', { name: 'T' })).id as string;
  await make(`/v1/teams/${team}/members`, { user_id: member.id, role: 'member' });
  const invitation = (await invite(admin, id, `${randomUUID()}@example.test`)).id;
  const key = (await make('/v1/api-keys', { name: 'k' })).id as string;
  const thread = (await make('/v1/threads', { title: 'T' })).id as string;
  await make(`/v1/threads/${thread}/messages`, { content: 'hi' });
  const run = (await make(`/v1/threads/${thread}/runs`, {})).run_id as string;
  return { id, admin, member, headers, team, invitation, key, thread, run };
}
type FullWorkspace = Awaited<ReturnType<typeof createFullWorkspace>>;

/** Every call that names a resource of an account by its ID, but not the account. */
const callsNamingResources = ({
  team,
  member,
  invitation,
  key,
  thread,
  run,
}: FullWorkspace): [method: string, path: string, body?: unknown][] => [
  ['DELETE', `/v1/teams/${team}`],
  ['GET', `/v1/teams/${team}/members`],
  ['POST', `/v1/teams/${team}/members`, { user_id: member.id, role: 'admin' }],
  ['DELETE', `/v1/teams/${team}/members/${member.id}`],
  ['DELETE', `/v1/account-invitations/${invitation}`],
  ['DELETE', `/v1/api-keys/${key}`],
  ['GET', `/v1/threads/${thread}`],
  ['PATCH', `/v1/threads/${thread}`, { title: 'mine' }],
  ['DELETE', `/v1/threads/${thread}`],
  ['GET', `/v1/threads/${thread}/messages`],
  ['POST', `/v1/threads/${thread}/messages`, { content: 'hi' }],
  ['POST', `/v1/threads/${thread}/runs`, {}],
  ['GET', `/v1/runs/${run}`],
  ['GET', `/v1/runs/${run}/events?follow=false`],
  ['POST', `/v1/runs/${run}:cancel`, {}],
];

const tables = ['accounts', 'memberships', 'teams', 'team_members', 'invitations', 'api_keys', 'threads', 'messages', 'runs', 'audit_logs'];
const snapshot = ({ id }: FullWorkspace) =>
  Promise.all(
    tables.map((table) => sql(`select t::text from ${table} t where ${table === 'accounts' ? 'id' : 'account_id'} = $1 order by 1`, [id])),
  );

test('resources of another account return 404 to its admins and to platform admins, and nothing is written', async () => {
  const [a, b] = [await createFullWorkspace(), await createFullWorkspace()];
  const chief = await signUp();
  await promote(chief);
  const before = await snapshot(b);
  const people: [Person, Record<string, string>][] = [
    [a.admin, a.headers],
    [a.admin, {}],
    [chief, {}],
  ];
  for (const [{ token }, headers] of people)
    for (const [method, path, body] of callsNamingResources(b)) {
      const ask = (at: string) => call(method, at, { token, headers, ...(body !== undefined && { body }) });
      const [real, absent] = [await ask(path), await ask(path.replace(/[0-9a-f-]{36}/, unknownId))];
      expect([method, path, real.status]).toEqual([method, path, 404]);
      expect([method, path, { ...real.body, trace_id: '' }]).toEqual([method, path, { ...absent.body, trace_id: '' }]);
    }
  expect(await snapshot(b)).toEqual(before);
});

test('a member of two accounts sees the resources of one at a time', async () => {
  const [a, b] = [await createFullWorkspace(), await createFullWorkspace()];
  await addMember(b.admin, b.id, a.admin, 'admin');
  const { token } = a.admin;
  const lists = ['/v1/teams', '/v1/api-keys', '/v1/threads', '/v1/runs'];
  const ids = async (path: string, headers: Record<string, string>) =>
    (await call('GET', path, { token, headers })).body.map((row: { id?: string; run_id?: string }) => row.id ?? row.run_id);
  for (const path of lists) {
    const [home, inA, inB] = [await ids(path, {}), await ids(path, a.headers), await ids(path, b.headers)];
    expect([path, home]).toEqual([path, []]);
    expect(inB.filter((id: string) => inA.includes(id))).toEqual([]);
  }
  expect(await ids('/v1/teams', b.headers)).toEqual([b.team]);
  for (const [method, path, body] of callsNamingResources(b)) {
    const answer = await call(method, path, { token, headers: a.headers, ...(body !== undefined && { body }) });
    expect([method, path, answer.status]).toEqual([method, path, 404]);
  }
  expect((await call('GET', `/v1/teams/${b.team}/members`, { token, headers: b.headers })).status).toBe(200);
});

test('X-Account-Id accepts only accounts of the caller', async () => {
  const [a, b] = [await createFullWorkspace(), await createFullWorkspace()];
  const { token } = a.admin;
  const teams = (credential: string, account: string) =>
    call('GET', '/v1/teams', { token: credential, headers: { 'x-account-id': account } });
  expect((await teams(token, b.id)).status).toBe(404);
  expect((await teams(token, unknownId)).status).toBe(404);
  expect((await teams(token, a.id.toUpperCase())).body).toHaveLength(1);
  for (const bad of ['', 'x', `${a.id}0`, `${a.id},${b.id}`]) expect([bad, (await teams(token, bad)).status]).toEqual([bad, 400]);
  const { key } = (await call('POST', '/v1/api-keys', { token, headers: a.headers, body: { name: 'k' } })).body;
  const threads = (account: string) => call('GET', '/v1/threads', { token: key, headers: { 'x-account-id': account } });
  expect([(await threads(a.id)).status, (await threads(b.id)).status, (await threads(unknownId)).status]).toEqual([200, 404, 404]);
});

test('a cursor is valid in its account only', async () => {
  const [a, b] = [await createFullWorkspace(), await createFullWorkspace()];
  await addMember(b.admin, b.id, a.admin, 'admin');
  const { token } = a.admin;
  await call('POST', '/v1/teams', { token, headers: a.headers, body: { name: 'second' } });
  await invite(a.admin, a.id, `${randomUUID()}@example.test`);
  for (const [inA, inB] of [
    ['/v1/teams', '/v1/teams'],
    [`/v1/accounts/${a.id}/members`, `/v1/accounts/${b.id}/members`],
    [`/v1/accounts/${a.id}/invitations`, `/v1/accounts/${b.id}/invitations`],
  ] as const) {
    const headers = (path: string, place: FullWorkspace) => (path === '/v1/teams' ? place.headers : {});
    const first = await call('GET', `${inA}?limit=1`, { token, headers: headers(inA, a) });
    const cursor = first.headers.get('x-next-cursor')!;
    const used = (path: string, place: FullWorkspace, before: string) =>
      call('GET', `${path}?limit=1&before=${before}`, { token, headers: headers(path, place) });
    expect([inA, (await used(inA, a, cursor)).status]).toEqual([inA, 200]);
    for (const [path, place, before] of [
      [inB, b, cursor],
      [inA, a, `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`],
      [inA, a, ''],
    ] as const) {
      const { status, body } = await used(path, place, before);
      expect([path, status, body.details.issues[0].path]).toEqual([path, 400, 'before']);
    }
  }
});

test('a suspended account is closed to its members, who can still use their other accounts', async () => {
  const a = await createFullWorkspace();
  await sql(`update accounts set status = 'suspended' where id = $1`, [a.id]);
  for (const { id } of [a.admin, a.member]) await sql(`select pg_notify('arkloop_access', $1)`, [id]);
  for (const { token } of [a.admin, a.member]) {
    await expect.poll(async () => (await call('GET', '/v1/teams', { token, headers: a.headers })).status).toBe(403);
    for (const [path, headers] of [
      ['/v1/teams', a.headers],
      [`/v1/accounts/${a.id}`, {}],
      [`/v1/accounts/${a.id}/members`, {}],
    ] as const)
      expect([path, statusAndReason(await call('GET', path, { token, headers }))]).toEqual([path, [403, 'account_suspended']]);
    const leaving = await call('DELETE', `/v1/accounts/${a.id}/members/${a.member.id}`, { token });
    expect(statusAndReason(leaving)).toEqual([403, 'account_suspended']);
    expect((await call('GET', '/v1/teams', { token })).status).toBe(200);
    const mine = await call('GET', '/v1/accounts/me', { token, headers: a.headers });
    expect(mine.body).toContainEqual(expect.objectContaining({ id: a.id, status: 'suspended' }));
  }
});

test('naming a foreign account is logged, and not written to its audit log', async () => {
  const lines: string[] = [];
  const log = pino(new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) }));
  const other = await startApi({ config, keys: testKeys, database, databaseUrl, log });
  try {
    const [a, b] = [await createFullWorkspace(), await createFullWorkspace()];
    const { key } = (await call('POST', '/v1/api-keys', { token: a.admin.token, headers: a.headers, body: { name: 'k' } })).body;
    const before = await sql('select from audit_logs where account_id = $1', [b.id]);
    const ask = callTo(other.address);
    const { token } = a.admin;
    const attempts = [
      await ask('POST', '/v1/teams', { token, headers: b.headers, body: { name: 'x' } }),
      await ask('DELETE', `/v1/accounts/${b.id}/members/${b.member.id}`, { token }),
      await ask('PATCH', `/v1/accounts/${b.id}`, { token, body: { name: 'x' } }),
      await ask('POST', '/v1/threads', { token: key, headers: b.headers, body: {} }),
    ];
    expect(attempts.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    const noted = lines.map((line) => JSON.parse(line)).filter((line) => line.deny_reason === 'account_mismatch');
    expect(noted).toHaveLength(4);
    expect(noted[0]).toMatchObject({ account_id: b.id, actor_user_id: a.admin.id, trace_id: attempts[0]!.headers.get('x-trace-id') });
    const pending = await invite(a.admin, a.id, a.member.email.replace('user', 'guest'));
    const denials = [
      await ask('POST', '/v1/teams', { token: key, headers: b.headers, body: { name: 'x' } }),
      await ask('PATCH', `/v1/accounts/${b.id}`, { token: key, body: { name: 'x' } }),
      await ask('POST', `/v1/account-invitations/${pending.token}/accept`, { token, headers: b.headers }),
    ];
    expect(denials.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect(await sql('select from audit_logs where account_id = $1', [b.id])).toEqual(before);
    expect(lines.join('')).not.toContain(pending.token);
  } finally {
    await other.shutDown();
  }
});
