import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { duringUncommittedChange } from '../../support/checks/race.ts';
import { openStream, types } from '../../support/http/events.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { cookieOf, sessionCalls } from '../../support/http/sessions.ts';
import { openThread } from '../../support/resources/conversation.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote, url } = app;
const { openWorkspace, invite, accept, addMember, endow, verified } = workspaceCalls(app);
const { refresh } = sessionCalls(call);

const create = ({ token }: Person, body: unknown) => call('POST', '/v1/accounts', { token, body });
const mine = async ({ token }: Person) => (await call('GET', '/v1/accounts/me', { token })).body as { id: string }[];
const get = ({ token }: Person, id: string) => call('GET', `/v1/accounts/${id}`, { token });
const close = ({ token }: Person, id: string, body: unknown) => call('DELETE', `/v1/accounts/${id}`, { token, body });

test('closing requires the slug, and a personal account cannot be closed', async () => {
  const person = await signUp();
  const { id, slug } = await openWorkspace(person);
  for (const body of [{ slug: `${slug}x` }, { slug: '' }, { slug: null }, {}, { slug, name: 'x' }])
    expect([body, (await close(person, id, body)).status]).toEqual([body, 400]);
  expect((await close(person, id, undefined)).status).toBe(422);
  const [home] = await sql('select slug from accounts where id = $1', [person.accountId]);
  expect(statusAndReason(await close(person, person.accountId, home))).toEqual([409, 'personal_account']);
  expect(await mine(person)).toHaveLength(2);
});

test('closing ends memberships, keys, invitations, runs, streams and sessions at once, and keeps the credit ledger', async () => {
  const [owner, member, guest, chief] = [await signUp(), await signUp(), await signUp(), await signUp()];
  await promote(chief);
  const { id, slug } = await openWorkspace(owner);
  const other = await openWorkspace(owner);
  await addMember(owner, id, member);
  await endow(id, 777);
  const here = inAccount(id);
  const key = async ({ token }: Person, headers = {}) =>
    (await call('POST', '/v1/api-keys', { token, body: { name: 'k' }, headers })).body.key as string;
  const [ended, kept] = [await key(member, here), await key(member)];
  const threads = (token: string, headers = {}) => call('GET', '/v1/threads', { token, headers });
  expect((await threads(ended)).status).toBe(200);
  const pending = await invite(owner, id, guest.email);
  const switched = await refresh(member.cookie, here);
  const inside = { ...member, token: switched.body.access_token as string };
  const threadId = await openThread({ call }, inside);
  const run = (await call('POST', `/v1/threads/${threadId}/runs`, { token: inside.token, body: {} })).body.run_id;
  const stream = await openStream(url, run, { token: inside.token });
  await stream.until(({ type }) => type === 'run.started');
  const elsewhere = async () =>
    sql(
      `select (select count(*) from memberships where account_id <> $1) as members, (select count(*) from projects where account_id <> $1) as projects,
         (select count(*) from api_keys where account_id <> $1 and revoked_at is null) as keys`,
      [id],
    );
  const before = await elsewhere();

  expect((await close(owner, id, { slug })).status).toBe(204);
  await stream.ended;
  expect(types(stream.events).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  for (const person of [owner, member]) {
    expect((await threads(person.token, here)).status).toBe(404);
    expect((await get(person, id)).status).toBe(404);
  }
  expect((await get(chief, id)).status).toBe(404);
  expect(statusAndReason(await threads(inside.token))).toEqual([403, 'no_account_membership']);
  expect([(await threads(ended)).status, (await threads(kept)).status]).toEqual([401, 200]);
  expect((await accept(guest, pending.token)).status).toBe(404);
  expect(await sql('select active_account_id from sessions where user_id = $1', [member.id])).toEqual([
    { active_account_id: member.accountId },
  ]);
  const again = await refresh(cookieOf(switched));
  expect((await call('GET', '/v1/me', { token: again.body.access_token })).body.account_id).toBe(member.accountId);
  expect(await mine(member)).toMatchObject([{ id: member.accountId }]);
  expect((await mine(owner)).map((account) => account.id)).toEqual([other.id, owner.accountId]);
  expect(await elsewhere()).toEqual(before);
  expect((await close(owner, id, { slug })).status).toBe(404);
  expect(statusAndReason(await create(await signUp(), { slug, name: 'n' }))).toEqual([409, 'slug_taken']);
  expect(await sql('select balance from credit_balances where account_id = $1', [id])).toEqual([{ balance: 777 }]);
  const [entry] = await sql(`select * from audit_logs where action = 'account.delete' and account_id = $1`, [id]);
  expect(entry).toMatchObject({ actor_user_id: owner.id, target_type: 'account', target_id: id });
  expect(await sql('select from runs where account_id = $1 and cancelled_at is null', [id])).toEqual([]);
});

test('closing leaves no concurrently created run, key, invitation or member behind', async () => {
  for (let round = 0; round < 4; round++) {
    const [owner, member] = [await signUp(), await signUp()];
    const { id, slug } = await openWorkspace(owner);
    await endow(id);
    const { token } = await invite(owner, id, (await verified(member)).email);
    const headers = inAccount(id);
    const threadIds = await Promise.all(
      Array.from({ length: 4 }, async () => (await call('POST', '/v1/threads', { token: owner.token, headers, body: {} })).body.id),
    );
    for (const threadId of threadIds)
      await call('POST', `/v1/threads/${threadId}/messages`, { token: owner.token, headers, body: { content: 'hi' } });
    const answers = await Promise.all([
      ...threadIds.slice(0, 2).map((threadId) => call('POST', `/v1/threads/${threadId}/runs`, { token: owner.token, headers, body: {} })),
      call('POST', '/v1/api-keys', { token: owner.token, headers, body: { name: 'k' } }),
      close(owner, id, { slug }),
      accept(member, token),
      call('POST', `/v1/accounts/${id}/invitations`, { token: owner.token, body: { email: 'late@example.test', role: 'member' } }),
      ...threadIds.slice(2).map((threadId) => call('POST', `/v1/threads/${threadId}/runs`, { token: owner.token, headers, body: {} })),
    ]);
    expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
    expect(await sql('select from memberships where account_id = $1', [id])).toEqual([]);
    expect(await sql('select from invitations where account_id = $1', [id])).toEqual([]);
    expect(await sql('select from api_keys where account_id = $1 and revoked_at is null', [id])).toEqual([]);
    expect(await sql(`select from runs where account_id = $1 and status = 'running'`, [id])).toEqual([]);
  }
});

test('a run that waits for a slot while its account closes is not started', async () => {
  const owner = await signUp();
  const { id } = await openWorkspace(owner);
  await endow(id);
  const [headers, token] = [inAccount(id), owner.token];
  const thread = (await call('POST', '/v1/threads', { token, headers, body: {} })).body.id;
  await call('POST', `/v1/threads/${thread}/messages`, { token, headers, body: { content: 'hi' } });
  const client = await app.database.pool.connect();
  try {
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(hashtextextended('run slots ' || $1, 0))`, [id]);
    const starting = call('POST', `/v1/threads/${thread}/runs`, { token, headers, body: {} });
    await new Promise((done) => setTimeout(done, 200));
    await client.query('update accounts set deleted_at = now() where id = $1', [id]);
    await client.query('commit');
    expect((await starting).status).toBe(404);
  } finally {
    client.release();
  }
  expect(await sql('select from runs where account_id = $1', [id])).toEqual([]);
});

test('nothing is created for an account that is being closed', async () => {
  const [owner, chief] = [await signUp(), await signUp()];
  await promote(chief);
  const post = (path: string, body: unknown) => call('POST', path, { token: chief.token, body });
  const flag = { key: 'late', description: 'Late', default_value: false };
  expect((await post('/v1/feature-flags', flag)).status).toBe(201);
  const acts: Record<string, (account: string) => ReturnType<typeof post>> = {
    entitlement_overrides: (account_id) =>
      post('/v1/entitlement-overrides', { account_id, key: 'limit.concurrent_runs', value: '3', value_type: 'integer' }),
    broadcasts: (target) => post('/v1/admin/notifications/broadcasts', { type: 'news', title: 'Late', body: 'Late', target }),
    account_feature_overrides: (account_id) => post('/v1/feature-flags/late/account-overrides', { account_id, enabled: true }),
  };
  for (const [kind, act] of Object.entries(acts)) {
    const { id } = await openWorkspace(owner);
    const answer = await duringUncommittedChange(app, [['update accounts set deleted_at = now() where id = $1', [id]]], () => act(id));
    expect([kind, ...statusAndReason(answer)]).toEqual([kind, 404, 'account_not_found']);
  }
});
