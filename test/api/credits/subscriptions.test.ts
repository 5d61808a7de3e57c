import { expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const { call, sql, signUp, promote, joinAccount } = await startTestApp({}, { worker: false });
const platformAdmin = await signUp();
await promote(platformAdmin);
const unknownId = '00000000-0000-7000-8000-000000000000';

let plans = 0;
const plan = async (entitlements: object[] = []): Promise<string> =>
  (await call('POST', '/v1/plans', { token: platformAdmin.token, body: { name: `Plan ${++plans}`, display_name: 'Plan', entitlements } }))
    .body.id;
const planId = await plan();
const period = { current_period_start: '2024-01-31T00:00:00+02:00', current_period_end: '2024-03-01T00:00:00Z' };
const create = ({ accountId }: Pick<Person, 'accountId'>, more: object = {}, token = platformAdmin.token) =>
  call('POST', '/v1/subscriptions', { token, body: { account_id: accountId, plan_id: planId, ...period, ...more } });
const get = (id: string, token = platformAdmin.token) => call('GET', `/v1/subscriptions/${id}`, { token });
const renew = (id: string, body: object, token = platformAdmin.token) => call('PATCH', `/v1/subscriptions/${id}`, { token, body });
const cancel = (id: string, token = platformAdmin.token) => call('DELETE', `/v1/subscriptions/${id}`, { token });
const list = async (query = '', token = platformAdmin.token): Promise<any[]> =>
  (await call('GET', `/v1/subscriptions${query}`, { token })).body;
const pathsOf = ({ body }: Awaited<ReturnType<typeof create>>) => body.details.issues.map(({ path }: { path: string }) => path);

test('a past period is stored as given, in UTC, and the subscription is active', async () => {
  const person = await signUp();
  const { status, body } = await create(person);
  expect([status, body]).toEqual([
    201,
    {
      id: expect.any(String),
      account_id: person.accountId,
      plan_id: planId,
      status: 'active',
      current_period_start: '2024-01-30T22:00:00.000Z',
      current_period_end: '2024-03-01T00:00:00.000Z',
      cancelled_at: null,
      created_at: expect.any(String),
    },
  ]);
  expect((await get(body.id)).body).toEqual(body);
});

test('invalid periods, unknown plans and unknown accounts are rejected', async () => {
  const person = await signUp();
  const start = period.current_period_start;
  for (const end of [
    start,
    '2024-01-30T22:00:00.0004Z',
    '2023-01-01T00:00:00Z',
    '2024-02-30T00:00:00Z',
    '10000-01-01T00:00:00Z',
    'soon',
    null,
  ]) {
    const answer = await create(person, { current_period_end: end });
    expect([end, answer.status, pathsOf(answer)]).toEqual([end, 400, ['/current_period_end']]);
  }
  expect(pathsOf(await create(person, { current_period_start: '0000-01-01T00:00:00Z' }))).toEqual(['/current_period_start']);
  expect(statusAndReason(await create(person, { plan_id: unknownId }))).toEqual([404, 'plan_not_found']);
  expect(statusAndReason(await create({ accountId: unknownId }))).toEqual([404, 'account_not_found']);
  expect(await list(`?account_id=${person.accountId}`)).toEqual([]);
  expect(statusAndReason(await call('GET', `/v1/subscriptions?account_id=${unknownId}`, { token: platformAdmin.token }))).toEqual([
    404,
    'account_not_found',
  ]);
});

test('an account has one active subscription at a time, and a new one after its cancellation', async () => {
  const person = await signUp();
  const { id } = (await create(person)).body;
  expect(statusAndReason(await create(person))).toEqual([409, 'active_subscription_exists']);
  expect([(await cancel(id)).status, statusAndReason(await cancel(id))]).toEqual([204, [409, 'subscription_not_active']]);
  expect((await get(id)).body).toMatchObject({ status: 'cancelled', cancelled_at: expect.any(String) });
  expect((await create(person)).status).toBe(201);
  expect((await cancel(unknownId)).status).toBe(404);
  const answers = await Promise.all(Array.from({ length: 5 }, () => cancel(id)));
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(409));
});

test('of twenty parallel creations one succeeds, and of twenty parallel cancellations one', async () => {
  const person = await signUp();
  const answers = await Promise.all(Array.from({ length: 20 }, () => create(person)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
  const [{ id }] = await list(`?account_id=${person.accountId}`);
  const ends = await Promise.all(Array.from({ length: 20 }, () => cancel(id)));
  expect(ends.map(({ status }) => status).sort()).toEqual([204, ...Array(19).fill(409)]);
  expect(await sql(`select action from audit_logs where target_id = $1 order by id`, [id])).toEqual([
    { action: 'subscription.create' },
    { action: 'subscription.cancel' },
  ]);
});

test('deleting a plan and subscribing to it in parallel never leaves a subscription without a plan', async () => {
  for (let round = 0; round < 5; round++) {
    const [person, id] = [await signUp(), await plan()];
    const [made, gone] = await Promise.all([
      create(person, { plan_id: id }),
      call('DELETE', `/v1/plans/${id}`, { token: platformAdmin.token }),
    ]);
    expect([`${statusAndReason(made)}`, `${statusAndReason(gone)}`]).toBeOneOf([
      ['201,', '409,plan_in_use'],
      ['404,plan_not_found', '204,'],
    ]);
  }
});

test('a renewal changes the period of an active subscription', async () => {
  const { id } = (await create(await signUp())).body;
  const { status, body } = await renew(id, { current_period_end: '2024-04-01T00:00:00Z' });
  expect([status, body.current_period_start, body.current_period_end]).toEqual([
    200,
    '2024-01-30T22:00:00.000Z',
    '2024-04-01T00:00:00.000Z',
  ]);
  const wrong = [{ current_period_end: '2024-01-30T22:00:00Z' }, { current_period_start: '2024-04-01T00:00:00Z' }, {}, { plan_id: planId }];
  expect(await Promise.all(wrong.map(async (each) => pathsOf(await renew(id, each))))).toEqual([
    ['/current_period_end'],
    ['/current_period_start'],
    [''],
    expect.arrayContaining(['/plan_id']),
  ]);
  const [entry] = await sql(
    `select account_id, before_state, after_state from audit_logs where target_id = $1 and action = 'subscription.update'`,
    [id],
  );
  expect(entry).toMatchObject({
    account_id: body.account_id,
    before_state: { ...body, current_period_end: '2024-03-01T00:00:00.000Z' },
    after_state: body,
  });
  await cancel(id);
  expect(statusAndReason(await renew(id, { current_period_end: '2024-05-01T00:00:00Z' }))).toEqual([409, 'subscription_not_active']);
});

test('members see the active subscription of their account, and past ones on request', async () => {
  const [owner, stranger, member] = [await signUp(), await signUp(), await signUp()];
  await joinAccount(member, owner);
  const foreign = (await create(stranger)).body;
  const old = (await create(owner)).body;
  await cancel(old.id);
  const now = (await create(owner)).body;
  const ids = async (query = '', token = owner.token) => (await list(query, token)).map(({ id }) => id);
  expect(await ids()).toEqual([now.id]);
  expect(await ids('?status=all')).toEqual([now.id, old.id]);
  expect(await ids('?status=cancelled')).toEqual([old.id]);
  const query = `?status=all&account_id=${stranger.accountId}`;
  expect((await call('GET', `/v1/subscriptions${query}`, { token: owner.token })).status).toBe(404);
  expect((await call('GET', '/v1/subscriptions?status=ended', { token: owner.token })).status).toBe(400);
  const headers = { 'x-account-id': owner.accountId };
  expect((await call('GET', '/v1/subscriptions', { token: member.token, headers })).body.map(({ id }: { id: string }) => id)).toEqual([
    now.id,
  ]);
  const { key } = (await call('POST', '/v1/api-keys', { token: owner.token, body: { name: 'key', scopes: ['data.subscriptions.read'] } }))
    .body;
  expect(await ids('', key)).toEqual([now.id]);
  expect([(await get(old.id, owner.token)).status, (await get(foreign.id, owner.token)).status]).toEqual([200, 404]);
  for (const refused of [await create(owner, {}, owner.token), await renew(now.id, {}, owner.token), await cancel(now.id, owner.token)])
    expect(statusAndReason(refused)).toEqual([403, 'missing_permission']);
  expect((await get(now.id)).body.status).toBe('active');
  expect(await ids(`?account_id=${owner.accountId}`, platformAdmin.token)).toEqual([now.id, old.id]);
  expect(await ids('?limit=200', platformAdmin.token)).toEqual(expect.arrayContaining([now.id, old.id, foreign.id]));
  expect(await ids(`?account_id=${owner.accountId}&status=active`, platformAdmin.token)).toEqual([now.id]);
});

test('an API key of a platform admin sees one account only', async () => {
  await create(await signUp());
  const { key } = (await call('POST', '/v1/api-keys', { token: platformAdmin.token, body: { name: 'key' } })).body;
  expect(await list('?status=all', key)).toEqual([]);
});

test('a subscription grants the credits of its current month at once', async () => {
  const person = await signUp();
  const generous = await plan([{ key: 'credits.monthly_grant', value: '70', value_type: 'integer' }]);
  const balance = async () =>
    (await sql('select balance::int as balance from credit_balances where account_id = $1', [person.accountId]))[0].balance;
  const open = { current_period_start: new Date(Date.now() - 1_000).toISOString(), current_period_end: '2999-01-01T00:00:00Z' };
  const { id } = (await create(person, { plan_id: generous, ...period })).body;
  expect(await balance()).toBe(1_000);
  await renew(id, open);
  expect(await balance()).toBe(1_070);
  await renew(id, { current_period_end: '2998-01-01T00:00:00Z' });
  expect(await balance()).toBe(1_070);
  await cancel(id);
  await create(person, { plan_id: generous, ...open });
  expect(await balance()).toBe(1_140);
});
