import { describe, expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { openThread } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await sharedTestApp();
const { call, sql, signUp, promote } = app;
const platformAdmin = await signUp();
await promote(platformAdmin);

const at = (account: string, query = '') => `/v1/entitlement-overrides?account_id=${account}${query}`;
const set = ({ accountId }: Pick<Person, 'accountId'>, key: string, value: string, more: object = {}) =>
  call('POST', '/v1/entitlement-overrides', {
    token: platformAdmin.token,
    body: { account_id: accountId, key, value, value_type: 'integer', ...more },
  });
const list = async ({ accountId }: Person): Promise<any[]> => (await call('GET', at(accountId), { token: platformAdmin.token })).body;
const remove = (id: string, account: string) =>
  call('DELETE', `/v1/entitlement-overrides/${id}?account_id=${account}`, { token: platformAdmin.token });

let plans = 0;
async function subscribe({ accountId }: Person, entitlements: object[]): Promise<{ id: string; plan_id: string }> {
  const token = platformAdmin.token;
  const plan = await call('POST', '/v1/plans', { token, body: { name: `Plan ${++plans}`, display_name: 'Plan', entitlements } });
  const period = { current_period_start: '2024-01-01T00:00:00Z', current_period_end: '2024-02-01T00:00:00Z' };
  return (await call('POST', '/v1/subscriptions', { token, body: { account_id: accountId, plan_id: plan.body.id, ...period } })).body;
}
const integerEntitlement = (key: string, value: number) => ({ key, value: String(value), value_type: 'integer' });

/** Starts a run in a new thread. */
const startRunInNewThread = async (person: Person) =>
  call('POST', `/v1/threads/${await openThread(app, person)}/runs`, { token: person.token, body: {} });
const limitExceeded = [429, 'concurrent_runs_exceeded'];
const started = [201, undefined];

describe('entitlement overrides', () => {
  test('are set, replaced, listed and deleted, each with an audit entry', async () => {
    const person = await signUp();
    const end = '2030-01-01T01:00:00.5+01:00';
    const made = await set(person, 'custom.key', '1', { reason: 'A try', expires_at: end });
    expect([made.status, made.body]).toEqual([
      201,
      {
        id: expect.any(String),
        account_id: person.accountId,
        key: 'custom.key',
        value: '1',
        value_type: 'integer',
        reason: 'A try',
        expires_at: '2030-01-01T00:00:00.500Z',
        created_by_user_id: platformAdmin.id,
        created_at: expect.any(String),
      },
    ]);
    const replaced = await set(person, 'custom.key', 'on', { value_type: 'string' });
    expect([replaced.status, replaced.body]).toEqual([
      200,
      { ...made.body, value: 'on', value_type: 'string', reason: null, expires_at: null },
    ]);
    expect(await list(person)).toEqual([replaced.body]);
    expect((await remove(made.body.id, platformAdmin.accountId)).status).toBe(404);
    expect(await list(person)).toEqual([replaced.body]);
    expect((await remove(made.body.id, person.accountId)).body).toEqual({ ok: true });
    expect([(await remove(made.body.id, person.accountId)).status, await list(person)]).toEqual([404, []]);
    expect(
      await sql(`select action, account_id, before_state, after_state from audit_logs where target_id = $1 order by id`, [made.body.id]),
    ).toEqual([
      { action: 'entitlement_override.set', account_id: person.accountId, before_state: null, after_state: made.body },
      { action: 'entitlement_override.set', account_id: person.accountId, before_state: made.body, after_state: replaced.body },
      { action: 'entitlement_override.delete', account_id: person.accountId, before_state: replaced.body, after_state: null },
    ]);
  });

  test('there is one per key, also when many are set in parallel', async () => {
    const person = await signUp();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => set(person, 'custom.key', String(n))));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 201]);
    expect(await list(person)).toHaveLength(1);
  });

  test.for([
    ['/value_type', 'limit.team_members', '3', { value_type: 'int' }],
    ['/value', 'limit.team_members', '12x', {}],
    ['/value', 'custom.key', 'yes', { value_type: 'boolean' }],
    ['/value_type', 'limit.team_members', '3', { value_type: 'string' }],
    ['/value_type', 'feature.byok_enabled', '1', {}],
    ['/value_type', 'gateway.risk_reject_threshold', '1', {}],
    ['/value', 'web_search.searxng_base_url', 'nowhere', { value_type: 'string' }],
    ['/value', 'custom.key', '', { value_type: 'string' }],
    ['/value', 'custom.key', 'x'.repeat(4_097), { value_type: 'string' }],
    ['/key', 'Custom', '1', {}],
    ['/key', '', '1', {}],
    ['/reason', 'custom.key', '1', { reason: 'x'.repeat(501) }],
    ['/expires_at', 'custom.key', '1', { expires_at: '2026-01-01' }],
  ] as const)('invalid ones are rejected at %s (%s = %j)', async ([path, key, value, more]) => {
    const { status, body } = await set(platformAdmin, key, value, more);
    expect([status, body.details.issues.map((issue: { path: string }) => issue.path)]).toEqual([400, [path]]);
    expect(await list(platformAdmin)).toEqual([]);
  });

  test('require an existing account', async () => {
    const nobody = '00000000-0000-7000-8000-000000000000';
    expect(statusAndReason(await set({ accountId: nobody }, 'custom.key', '1'))).toEqual([404, 'account_not_found']);
    expect(statusAndReason(await call('GET', at(nobody), { token: platformAdmin.token }))).toEqual([404, 'account_not_found']);
    for (const [method, path] of [
      ['GET', '/v1/entitlement-overrides'],
      ['DELETE', `/v1/entitlement-overrides/${nobody}`],
    ] as const)
      expect((await call(method, path, { token: platformAdmin.token })).status).toBe(400);
  });

  test('values of sensitive keys are encrypted and returned masked', async () => {
    const person = await signUp();
    const { body } = await set(person, 'web_search.tavily_api_key', 'tvly-of-the-account', { value_type: 'string' });
    expect(body.value).toBe('******');
    const stored = [...(await sql('select o::text from entitlement_overrides o')), ...(await sql('select l::text from audit_logs l'))];
    expect(JSON.stringify([await list(person), stored])).not.toContain('tvly-of');
  });
});

describe('concurrent runs', () => {
  test('are limited by plan and override, and each change applies to the next request', async () => {
    const person = await signUp();
    const { id, plan_id: planId } = await subscribe(person, [integerEntitlement('limit.concurrent_runs', 1)]);
    expect([statusAndReason(await startRunInNewThread(person)), statusAndReason(await startRunInNewThread(person))]).toEqual([
      started,
      limitExceeded,
    ]);
    const override = (await set(person, 'limit.concurrent_runs', '3')).body;
    expect([
      statusAndReason(await startRunInNewThread(person)),
      statusAndReason(await startRunInNewThread(person)),
      statusAndReason(await startRunInNewThread(person)),
    ]).toEqual([started, started, limitExceeded]);
    await remove(override.id, person.accountId);
    await sql(`update runs set status = 'completed' where account_id = $1`, [person.accountId]);
    expect([statusAndReason(await startRunInNewThread(person)), statusAndReason(await startRunInNewThread(person))]).toEqual([
      started,
      limitExceeded,
    ]);
    await call('PATCH', `/v1/plans/${planId}`, {
      token: platformAdmin.token,
      body: { entitlements: [integerEntitlement('limit.concurrent_runs', 2)] },
    });
    expect([statusAndReason(await startRunInNewThread(person)), statusAndReason(await startRunInNewThread(person))]).toEqual([
      started,
      limitExceeded,
    ]);
    await call('DELETE', `/v1/subscriptions/${id}`, { token: platformAdmin.token });
    expect(statusAndReason(await startRunInNewThread(person))).toEqual(started);
  });

  test('an override ends at its expiry without a request, and an expired one is listed but has no effect', async () => {
    const person = await signUp();
    expect(statusAndReason(await startRunInNewThread(person))).toEqual(started);
    await set(person, 'limit.concurrent_runs', '1', { expires_at: '2024-01-01T00:00:00Z' });
    expect([statusAndReason(await startRunInNewThread(person)), (await list(person)).length]).toEqual([started, 1]);
    const end = Date.now() + 1_000;
    await set(person, 'limit.concurrent_runs', '1', { expires_at: new Date(end).toISOString() });
    const threadId = await openThread(app, person);
    for (let sent = 0; sent < end;) {
      sent = Date.now();
      const answer = await call('POST', `/v1/threads/${threadId}/runs`, { token: person.token, body: {} });
      if (Date.now() < end) expect(statusAndReason(answer)).toEqual(limitExceeded);
      if (sent >= end) expect(statusAndReason(answer)).toBeOneOf([started, [409, 'thread_busy']]);
    }
    expect(statusAndReason(await startRunInNewThread(person))).toEqual(started);
  });

  test('of thirty parallel starts with a limit of ten, ten succeed', async () => {
    const [person, other] = [await signUp(), await signUp()];
    await set(person, 'limit.concurrent_runs', '10');
    const threads = await Promise.all(Array.from({ length: 30 }, () => openThread(app, person)));
    const answers = await Promise.all(threads.map((id) => call('POST', `/v1/threads/${id}/runs`, { token: person.token, body: {} })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    expect(
      new Set(
        answers
          .filter(({ status }) => status !== 201)
          .map(statusAndReason)
          .map(String),
      ),
    ).toEqual(new Set([String(limitExceeded)]));
    expect(answers.find(({ status }) => status === 429)!.headers.get('retry-after')).toBe('5');
    expect(statusAndReason(await startRunInNewThread(other))).toEqual(started);
  });

  test('a negative limit means no limit', async () => {
    const person = await signUp();
    await set(person, 'limit.concurrent_runs', '-1');
    expect([statusAndReason(await startRunInNewThread(person)), statusAndReason(await startRunInNewThread(person))]).toEqual([
      started,
      started,
    ]);
  });

  test('if entitlements cannot be read, requests fail', async () => {
    const person = await signUp();
    const thread = await openThread(app, person);
    // Clears the cached entitlements of the account.
    await set(person, 'custom.key', '1');
    await sql('alter table entitlement_overrides rename to gone');
    for (const path of [`/v1/threads/${thread}/runs`, '/v1/threads'])
      expect([path, (await call('POST', path, { token: person.token, body: {} })).status]).toEqual([path, 500]);
    await sql('alter table gone rename to entitlement_overrides');
    expect(statusAndReason(await startRunInNewThread(person))).toEqual(started);
  });
});

test("the team size limit is the account's own override", async () => {
  const [person, other] = [await signUp(), await signUp()];
  await set(person, 'limit.team_members', '1');
  const team = async ({ token }: Person) => (await call('POST', '/v1/teams', { token, body: { name: 'Team' } })).body.id as string;
  const fill = async (owner: Person, id: string) => {
    const member = await signUp();
    await app.joinAccount(member, owner);
    return call('POST', `/v1/teams/${id}/members`, { token: owner.token, body: { user_id: member.id, role: 'member' } });
  };
  const [mine, theirs] = [await team(person), await team(other)];
  const second = [await fill(person, mine), await fill(person, mine)][1]!;
  expect(second.body.details).toEqual({ reason: 'quota_exceeded', key: 'limit.team_members', limit: 1, current: 1 });
  expect([(await fill(other, theirs)).status, (await fill(other, theirs)).status]).toEqual([201, 201]);
});

test("own providers require feature.byok_enabled, and invite codes use the account's max_uses", async () => {
  const person = await signUp();
  const body = { name: 'Mine', provider: 'openai', api_key: 'sk-0001' };
  const add = () => call('POST', '/v1/llm-providers', { token: person.token, body });
  const off = (await set(person, 'feature.byok_enabled', 'false', { value_type: 'boolean' })).body;
  expect(statusAndReason(await add())).toEqual([403, 'feature_disabled']);
  await remove(off.id, person.accountId);
  expect((await add()).status).toBe(201);
  await set(person, 'invite.default_max_uses', '4');
  await sql('delete from invite_codes where user_id = $1', [person.id]);
  expect((await call('GET', '/v1/me/invite-code', { token: person.token })).body.max_uses).toBe(4);
});

test('an override of a platform-only setting has no effect', async () => {
  await set(platformAdmin, 'credit.initial_grant', '7');
  const person = await signUp();
  expect((await sql('select balance::int as balance from credit_balances where account_id = $1', [person.accountId]))[0].balance).toBe(
    1_000,
  );
});
