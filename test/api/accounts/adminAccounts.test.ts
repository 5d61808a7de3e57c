import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { beforeAll, expect, test } from 'vitest';
import { startApi } from '../../../server/processes/api.ts';
import { expectWithin } from '../../support/app/expectWithin.ts';
import { callTo, type Person, sharedTestApp, testKeys } from '../../support/app/testApp.ts';
import { concurrently, rowCounter, tally } from '../../support/checks/race.ts';
import { openStream, types } from '../../support/http/events.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { adminCalls } from '../../support/resources/adminCalls.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await sharedTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' });
const { call, sql, signUp, promote, url, database, databaseUrl, config } = app;
const { openWorkspace, addMember, invite, accept, endow, verified } = workspaceCalls(app);
const { refresh, logIn } = sessionCalls(call);
const platformAdmin = await signUp();
beforeAll(() => promote(platformAdmin));
const { listAccounts, getAccount, changeAccount, suspendAccount, activateAccount, entriesOf } = adminCalls(app, platformAdmin);

const searchIds = async (query: string) => (await listAccounts(query)).body.map(({ id }: { id: string }) => id) as string[];
const threads = (token: string, headers = {}) => call('GET', '/v1/threads', { token, headers });
const keyOf = async ({ token }: Person, headers = {}) =>
  (await call('POST', '/v1/api-keys', { token, headers, body: { name: 'k' } })).body.key as string;

test('an account is returned with its owner, member count and balance, and a closed one is not', async () => {
  const [host, guest] = [await signUp(), await signUp()];
  const { id, slug } = await openWorkspace(host);
  await addMember(host, id, guest);
  await endow(id, 42);
  const [{ created_at: born }] = (await call('GET', '/v1/accounts/me', { token: host.token })).body;
  const shown = {
    id,
    slug,
    name: `Workspace ${slug}`,
    type: 'workspace',
    status: 'active',
    owner_user_id: host.id,
    members_count: 2,
    balance: 42,
    reserved: 0,
    available: 42,
    created_at: born,
  };
  expect((await getAccount(id)).body).toEqual(shown);
  expect((await listAccounts('?limit=1')).body).toEqual([shown]);
  expect((await getAccount(guest.accountId)).body).toMatchObject({ type: 'personal', members_count: 1, balance: 1_000 });
  await call('DELETE', `/v1/accounts/${id}`, { token: host.token, body: { slug } });
  expect([(await getAccount(id)).status, (await suspendAccount(id)).status]).toEqual([404, 404]);
  expect(await searchIds('?limit=200')).not.toContain(id);
});

test('the list is searched by literal parts of slug and name, and by status and type', async () => {
  const host = await signUp();
  const { id: first } = await openWorkspace(host, 'percent-first');
  const { id: second } = await openWorkspace(host, 'percentxsecond');
  await call('PATCH', `/v1/accounts/${first}`, { token: host.token, body: { name: '100% \\ First_' } });
  expect(await searchIds('?q=PERCENT')).toEqual([second, first]);
  expect(await searchIds('?q=100%25')).toEqual([first]);
  expect(await searchIds('?q=%25')).toEqual([first]);
  expect(await searchIds('?q=T_')).toEqual([first]);
  expect(await searchIds('?q=%5C')).toEqual([first]);
  expect(await searchIds('?q=percent&type=personal')).toEqual([]);
  expect(await searchIds(`?q=${host.login}`)).toEqual([host.accountId]);
  expect(await searchIds(`?q=${host.login}&type=personal&status=active`)).toEqual([host.accountId]);
  await suspendAccount(second);
  expect(await searchIds('?q=percent&status=suspended&type=workspace')).toEqual([second]);
  expect(await searchIds('?q=percent&status=active')).toEqual([first]);
  for (const query of ['?status=deleted', '?type=team', '?q=', '?q=%20', '?limit=201', '?before=x'])
    expect([query, (await listAccounts(query)).status]).toEqual([query, 400]);
  const next = (await listAccounts('?limit=1&q=percent')).headers.get('x-next-cursor');
  expect(issuesOf(await listAccounts(`?limit=1&before=${next}`))).toEqual([400, [['query', 'before']]]);
});

test('a suspended account rejects every member and key, and reactivation restores their access', async () => {
  const [host, member] = [await signUp(), await signUp()];
  const { id } = await openWorkspace(host);
  await addMember(host, id, member);
  const here = inAccount(id);
  const [key, elsewhere] = [await keyOf(member, here), await keyOf(member)];
  const inside = (await refresh(member.cookie, here)).body.access_token as string;
  const answer = await suspendAccount(id);
  expect([answer.status, answer.body.status]).toEqual([200, 'suspended']);
  for (const refused of [
    await threads(host.token, here),
    await threads(member.token, here),
    await threads(inside),
    await threads(key),
    await call('GET', `/v1/accounts/${id}`, { token: host.token }),
    await refresh(host.cookie, here),
  ])
    expect(statusAndReason(refused)).toEqual([403, 'account_suspended']);
  for (const token of [host.token, member.token, elsewhere]) expect((await threads(token)).status).toBe(200);
  expect((await logIn(member)).answer.status).toBe(200);
  const mine = (await call('GET', '/v1/accounts/me', { token: host.token })).body;
  expect(mine).toContainEqual(expect.objectContaining({ id, status: 'suspended' }));
  expect((await activateAccount(id)).body.status).toBe('active');
  for (const token of [inside, key]) expect((await threads(token)).status).toBe(200);
  expect((await threads(host.token, here)).status).toBe(200);
  const by = { account_id: id, actor_user_id: platformAdmin.id, metadata: {} };
  const [active, suspended] = [{ status: 'active' }, { status: 'suspended' }];
  expect((await entriesOf('account', id)).filter(({ actor_user_id: actor }) => actor === platformAdmin.id)).toEqual([
    { ...by, action: 'account.suspend', before_state: active, after_state: suspended },
    { ...by, action: 'account.activate', before_state: suspended, after_state: active },
  ]);
});

test('setting the current status changes nothing, other values are rejected, and admins cannot suspend their active account', async () => {
  const host = await signUp();
  const { id } = await openWorkspace(host);
  const entries = await entriesOf('account', id);
  expect((await activateAccount(id)).body.status).toBe('active');
  expect(await entriesOf('account', id)).toEqual(entries);
  for (const body of [{ status: 'deleted' }, { status: null }, { status: 'active', name: 'x' }, { balance: 5 }, {}])
    expect([body, (await changeAccount(id, body)).status]).toEqual([body, 400]);
  expect(statusAndReason(await suspendAccount(platformAdmin.accountId))).toEqual([409, 'cannot_modify_self']);
  expect((await getAccount(platformAdmin.accountId)).body.status).toBe('active');
  expect((await changeAccount('01990000-0000-7000-8000-00000000ffff', { status: 'active' })).status).toBe(404);
});

test('an invitation into a suspended account can be accepted after reactivation', async () => {
  const [host, guest] = [await signUp(), await verified(await signUp())];
  const { id } = await openWorkspace(host);
  const { token } = await invite(host, id, guest.email);
  await suspendAccount(id);
  expect(statusAndReason(await accept(guest, token))).toEqual([403, 'account_suspended']);
  await activateAccount(id);
  expect((await accept(guest, token)).status).toBe(200);
});

test("a suspension cancels the account's runs and ends its streams within five seconds in every process", async () => {
  const other = await startApi({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
  try {
    const [host, neighbour] = [await signUp(), await signUp()];
    const [waiting, begun] = [
      await startRun(app, host, await openThread(app, host)),
      await startRun(app, host, await openThread(app, host)),
    ];
    const foreign = await startRun(app, neighbour, await openThread(app, neighbour));
    // A worker has started this run and writes no more events: its stream ends only through the loss of access.
    await sql('update runs set attempt = 1 where id = $1', [begun]);
    const open = (at: string, run: string, { token }: Person) => openStream(at, run, { token });
    const streams = await Promise.all([open(url, begun, host), open(other.address, begun, host), open(url, waiting, host)]);
    const kept = await open(other.address, foreign, neighbour);
    for (const stream of [...streams, kept]) await stream.until(({ type }) => type === 'run.started');
    const began = Date.now();
    await suspendAccount(host.accountId);
    const there = callTo(other.address);
    await expectWithin(1_000, async () => (await there('GET', '/v1/me', { token: host.token })).status, 403);
    await Promise.all(streams.map(({ ended }) => ended));
    expect(Date.now() - began).toTakeLessThan(5_500);
    expect(streams.map(({ events }) => types(events))).toEqual([
      ['run.started', 'run.cancel_requested'],
      ['run.started', 'run.cancel_requested'],
      ['run.started', 'run.cancel_requested', 'run.cancelled'],
    ]);
    expect(types(kept.events)).toEqual(['run.started']);
    kept.close();
    expect(await sql('select status from runs where id = $1', [foreign])).toEqual([{ status: 'running' }]);
  } finally {
    await other.shutDown();
  }
});

test('no run started during the suspension of its account stays open', async () => {
  const openRuns = rowCounter(app);
  for (let round = 0; round < 5; round++) {
    const [host, member] = [await signUp(), await signUp()];
    await app.joinAccount(member, host);
    const ids = await concurrently(4, () => openThread(app, host));
    const starting = ids.map((id) => call('POST', `/v1/threads/${id}/runs`, { token: host.token, body: {} }));
    await sleep(round * 3);
    expect((await suspendAccount(host.accountId)).status).toBe(200);
    const outcome = tally(await Promise.all(starting));
    expect(Object.keys(outcome).filter((kind) => !['201', '403 account_suspended'].includes(kind))).toEqual([]);
    const left = await openRuns(`runs where account_id = $1 and status in ('running', 'waiting_for_input')`, [host.accountId]);
    expect([outcome, left]).toEqual([outcome, 0]);
  }
});
