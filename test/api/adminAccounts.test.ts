import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { beforeAll, expect, test } from 'vitest';
import { startApi } from '../../server/api.ts';
import { adminCalls } from '../setup/adminCalls.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { openStream, types } from '../setup/events.ts';
import { atOnce, counter, tally } from '../setup/race.ts';
import { reason, sessionCalls } from '../setup/sessions.ts';
import { issuesOf } from '../setup/walk.ts';
import { inAccount, workspaceCalls } from '../setup/workspaces.ts';
import { callTo, type Person, startWorld, testKeys } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { call, sql, signUp, promote, url, database, databaseUrl, config } = world;
const { openWorkspace, bringIn, invite, accept, endow, verified } = workspaceCalls(world);
const { refresh, logIn } = sessionCalls(call);
const chief = await signUp();
beforeAll(() => promote(chief));
const { listAccounts, getAccount, changeAccount, suspendAccount, activateAccount, entriesOf } = adminCalls(world, chief);

const found = async (query: string) => (await listAccounts(query)).body.map(({ id }: { id: string }) => id) as string[];
const threads = (token: string, headers = {}) => call('GET', '/v1/threads', { token, headers });
const keyOf = async ({ token }: Person, headers = {}) =>
  (await call('POST', '/v1/api-keys', { token, headers, body: { name: 'k' } })).body.key as string;

test('an account is shown with its owner, members and balance; one that was closed is not', async () => {
  const [host, guest] = [await signUp(), await signUp()];
  const { id, slug } = await openWorkspace(host);
  await bringIn(host, id, guest);
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
  expect(await found('?limit=200')).not.toContain(id);
});

test('the list is searched by slug and name, to the letter, and by state and type', async () => {
  const host = await signUp();
  const { id: first } = await openWorkspace(host, 'percent-first');
  const { id: second } = await openWorkspace(host, 'percentxsecond');
  await call('PATCH', `/v1/accounts/${first}`, { token: host.token, body: { name: '100% \\ First_' } });
  expect(await found('?q=PERCENT')).toEqual([second, first]);
  expect(await found('?q=100%25')).toEqual([first]);
  expect(await found('?q=%25')).toEqual([first]);
  expect(await found('?q=T_')).toEqual([first]);
  expect(await found('?q=%5C')).toEqual([first]);
  expect(await found('?q=percent&type=personal')).toEqual([]);
  expect(await found(`?q=${host.login}`)).toEqual([host.accountId]);
  expect(await found(`?q=${host.login}&type=personal&status=active`)).toEqual([host.accountId]);
  await suspendAccount(second);
  expect(await found('?q=percent&status=suspended&type=workspace')).toEqual([second]);
  expect(await found('?q=percent&status=active')).toEqual([first]);
  for (const query of ['?status=deleted', '?type=team', '?q=', '?q=%20', '?limit=201', '?before=x'])
    expect([query, (await listAccounts(query)).status]).toEqual([query, 400]);
  const next = (await listAccounts('?limit=1&q=percent')).headers.get('x-next-cursor');
  expect(issuesOf(await listAccounts(`?limit=1&before=${next}`))).toEqual([400, [['query', 'before']]]);
});

test('a suspended account is shut for every member and key, and opens again as it was', async () => {
  const [host, member] = [await signUp(), await signUp()];
  const { id } = await openWorkspace(host);
  await bringIn(host, id, member);
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
    expect(reason(refused)).toEqual([403, 'account_suspended']);
  for (const token of [host.token, member.token, elsewhere]) expect((await threads(token)).status).toBe(200);
  expect((await logIn(member)).answer.status).toBe(200);
  const mine = (await call('GET', '/v1/accounts/me', { token: host.token })).body;
  expect(mine).toContainEqual(expect.objectContaining({ id, status: 'suspended' }));
  expect((await activateAccount(id)).body.status).toBe('active');
  for (const token of [inside, key]) expect((await threads(token)).status).toBe(200);
  expect((await threads(host.token, here)).status).toBe(200);
  const by = { account_id: id, actor_user_id: chief.id, metadata: {} };
  const [active, suspended] = [{ status: 'active' }, { status: 'suspended' }];
  expect((await entriesOf('account', id)).filter(({ actor_user_id: actor }) => actor === chief.id)).toEqual([
    { ...by, action: 'account.suspend', before_state: active, after_state: suspended },
    { ...by, action: 'account.activate', before_state: suspended, after_state: active },
  ]);
});

test('the present state is no change, another word no state, and nobody shuts the account that he is in', async () => {
  const host = await signUp();
  const { id } = await openWorkspace(host);
  const entries = await entriesOf('account', id);
  expect((await activateAccount(id)).body.status).toBe('active');
  expect(await entriesOf('account', id)).toEqual(entries);
  for (const body of [{ status: 'deleted' }, { status: null }, { status: 'active', name: 'x' }, { balance: 5 }, {}])
    expect([body, (await changeAccount(id, body)).status]).toEqual([body, 400]);
  expect(reason(await suspendAccount(chief.accountId))).toEqual([409, 'cannot_modify_self']);
  expect((await getAccount(chief.accountId)).body.status).toBe('active');
  expect((await changeAccount('01990000-0000-7000-8000-00000000ffff', { status: 'active' })).status).toBe(404);
});

test('an invitation into a suspended account is not lost, and waits', async () => {
  const [host, guest] = [await signUp(), await verified(await signUp())];
  const { id } = await openWorkspace(host);
  const { token } = await invite(host, id, guest.email);
  await suspendAccount(id);
  expect(reason(await accept(guest, token))).toEqual([403, 'account_suspended']);
  await activateAccount(id);
  expect((await accept(guest, token)).status).toBe(200);
});

test('its runs are asked to stop, and its streams end within five seconds, also in another process', async () => {
  const other = await startApi({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
  try {
    const [host, neighbour] = [await signUp(), await signUp()];
    const [waiting, begun] = [
      await startRun(world, host, await openThread(world, host)),
      await startRun(world, host, await openThread(world, host)),
    ];
    const foreign = await startRun(world, neighbour, await openThread(world, neighbour));
    // A worker has begun with this one and says nothing more: its stream ends for want of access alone.
    await sql('update runs set attempt = 1 where id = $1', [begun]);
    const open = (at: string, run: string, { token }: Person) => openStream(at, run, { token });
    const streams = await Promise.all([open(url, begun, host), open(other.address, begun, host), open(url, waiting, host)]);
    const kept = await open(other.address, foreign, neighbour);
    for (const stream of [...streams, kept]) await stream.until(({ type }) => type === 'run.started');
    const began = Date.now();
    await suspendAccount(host.accountId);
    const there = callTo(other.address);
    await expect.poll(async () => (await there('GET', '/v1/me', { token: host.token })).status, { timeout: 1_000, interval: 20 }).toBe(403);
    await Promise.all(streams.map(({ ended }) => ended));
    expect(Date.now() - began).toBeLessThan(5_500);
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

test('no run goes on that was started while its account was suspended', async () => {
  const openRuns = counter(world);
  for (let round = 0; round < 5; round++) {
    const [host, member] = [await signUp(), await signUp()];
    await world.join(member, host);
    const ids = await atOnce(4, () => openThread(world, host));
    const starting = ids.map((id) => call('POST', `/v1/threads/${id}/runs`, { token: host.token, body: {} }));
    await sleep(round * 3);
    expect((await suspendAccount(host.accountId)).status).toBe(200);
    const outcome = tally(await Promise.all(starting));
    expect(Object.keys(outcome).filter((kind) => !['201', '403 account_suspended'].includes(kind))).toEqual([]);
    const left = await openRuns(`runs where account_id = $1 and status in ('running', 'waiting_for_input')`, [host.accountId]);
    expect([outcome, left]).toEqual([outcome, 0]);
  }
});
