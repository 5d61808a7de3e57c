import { expect, test } from 'vitest';
import { startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const { call, sql, signUp, promote } = await startTestApp({}, { worker: false });
const [platformAdmin, member] = [await signUp(), await signUp()];
await promote(platformAdmin);

let made = 0;
const input = (more: object = {}) => ({ name: `Plan ${++made}`, display_name: 'A plan', ...more });
const create = (body: object, token = platformAdmin.token) => call('POST', '/v1/plans', { token, body });
const change = (id: string, body: object, token = platformAdmin.token) => call('PATCH', `/v1/plans/${id}`, { token, body });
const remove = (id: string, token = platformAdmin.token) => call('DELETE', `/v1/plans/${id}`, { token });
const list = async () => (await call('GET', '/v1/plans?limit=200', { token: member.token })).body;
const limit = (value: string, more: object = {}) => ({ key: 'limit.team_members', value, value_type: 'integer', ...more });
const issuesOf = ({ status, body }: Awaited<ReturnType<typeof create>>) => [
  status,
  body.details.issues.map(({ path }: { path: string }) => path),
];
const audits = (id: string) =>
  sql('select action, account_id, before_state, after_state from audit_logs where target_id = $1 order by id', [id]);

test('a plan is created with its entitlements sorted by key, and every user can read it', async () => {
  const body = input({ name: '  Pro  ', entitlements: [limit('3'), { key: 'a.b-c_9', value: 'ü', value_type: 'string' }] });
  const { status, body: plan } = await create(body);
  expect([status, plan]).toEqual([
    201,
    {
      id: expect.any(String),
      name: 'Pro',
      display_name: 'A plan',
      created_at: expect.any(String),
      entitlements: [
        { id: expect.any(String), key: 'a.b-c_9', value: 'ü', value_type: 'string' },
        { id: expect.any(String), key: 'limit.team_members', value: '3', value_type: 'integer' },
      ],
    },
  ]);
  expect((await call('GET', `/v1/plans/${plan.id}`, { token: member.token })).body).toEqual(plan);
  const bare = (await create(input())).body;
  expect(bare.entitlements).toEqual([]);
  expect(await list()).toEqual([bare, plan]);
  expect(statusAndReason(await create(input({ name: 'pRO' })))).toEqual([409, 'plan_name_taken']);
  expect(await audits(plan.id)).toEqual([{ action: 'plan.create', account_id: null, before_state: null, after_state: plan }]);
});

test.for([
  ['/entitlements/0/value_type', [limit('3', { value_type: 'int' })]],
  ['/entitlements/0/value', [limit('12x')]],
  ['/entitlements/0/value', [limit('1'.repeat(16))]],
  ['/entitlements/0/value', [limit('3\n')]],
  ['/entitlements/0/value', [{ key: 'feature.byok_enabled', value: 'yes', value_type: 'boolean' }]],
  ['/entitlements/0/value_type', [limit('3', { value_type: 'string' })]],
  ['/entitlements/0/key', [limit('3', { key: 'Limit' })]],
  ['/entitlements/0/key', [limit('3', { key: 'x'.repeat(129) })]],
  ['/entitlements/1/key', [limit('3'), limit('4')]],
  ['/entitlements/0/value', [{ key: 'web_search.tavily_api_key', value: '******', value_type: 'string' }]],
  ['/entitlements', Array.from({ length: 101 }, (_, at) => limit('1', { key: `k${at}` }))],
] as const)('an invalid entitlement set is rejected at %s, and no plan is created', async ([path, entitlements]) => {
  const before = await list();
  expect(issuesOf(await create(input({ entitlements })))).toEqual([400, [path]]);
  expect(await list()).toEqual(before);
});

test('of parallel creations with one name, exactly one succeeds', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, (_, at) => create(input({ name: at % 2 ? 'Race' : 'RACE' }))));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
  for (const name of ['', ' ', 'x'.repeat(65)]) expect(issuesOf(await create(input({ name })))).toEqual([400, ['/name']]);
});

test('an update replaces the whole entitlement set or leaves it unchanged', async () => {
  const { id } = (await create(input({ entitlements: [limit('3'), { key: 'x', value: '1', value_type: 'integer' }] }))).body;
  const renamed = await change(id, { display_name: 'Better' });
  expect([renamed.status, renamed.body.display_name, renamed.body.entitlements.length]).toEqual([200, 'Better', 2]);
  const replaced = await change(id, { entitlements: [limit('4')] });
  expect(replaced.body.entitlements).toEqual([expect.objectContaining({ key: 'limit.team_members', value: '4' })]);
  expect((await change(id, { entitlements: [limit('x')] })).status).toBe(400);
  expect((await change(id, {})).status).toBe(400);
  expect((await change(id, { name: 'New' })).status).toBe(400);
  expect((await call('GET', `/v1/plans/${id}`, { token: platformAdmin.token })).body).toEqual(replaced.body);
  const [, first, second] = await audits(id);
  expect([first.action, first.before_state.display_name, second.before_state, second.after_state]).toEqual([
    'plan.update',
    'A plan',
    renamed.body,
    replaced.body,
  ]);
  expect((await change(id, { entitlements: [] })).body.entitlements).toEqual([]);
});

test('a sensitive value is encrypted and returned masked', async () => {
  const secret = { key: 'web_search.tavily_api_key', value: 'tvly-plan-secret', value_type: 'string' };
  const { body } = await create(input({ entitlements: [secret] }));
  expect(body.entitlements[0].value).toBe('******');
  const stored = [...(await sql('select e::text from plan_entitlements e')), ...(await sql('select l::text from audit_logs l'))];
  expect(JSON.stringify([body, stored, await list()])).not.toContain('tvly-plan-secret');
});

test('a plan can be deleted only if it never had a subscription', async () => {
  const { id } = (await create(input({ entitlements: [limit('3')] }))).body;
  const subscription = {
    account_id: member.accountId,
    plan_id: id,
    current_period_start: '2024-01-01T00:00:00Z',
    current_period_end: '2024-02-01T00:00:00Z',
  };
  const bound = (await call('POST', '/v1/subscriptions', { token: platformAdmin.token, body: subscription })).body;
  expect(statusAndReason(await remove(id))).toEqual([409, 'plan_in_use']);
  await call('DELETE', `/v1/subscriptions/${bound.id}`, { token: platformAdmin.token });
  expect(statusAndReason(await remove(id))).toEqual([409, 'plan_in_use']);
  expect((await list()).find((plan: { id: string }) => plan.id === id).entitlements).toHaveLength(1);
  expect(await sql('select status from subscriptions where id = $1', [bound.id])).toEqual([{ status: 'cancelled' }]);
  const other = (await create(input({ entitlements: [limit('3')] }))).body;
  expect([(await remove(other.id)).status, (await remove(other.id)).status]).toEqual([204, 404]);
  expect((await audits(other.id)).at(-1)).toMatchObject({ action: 'plan.delete', before_state: other });
});

test('members read plans but cannot change them', async () => {
  const [{ id }] = await list();
  const refused = [await create(input(), member.token), await change(id, {}, member.token), await remove(id, member.token)];
  expect(refused.map(statusAndReason)).toEqual(Array(3).fill([403, 'missing_permission']));
  expect((await call('GET', '/v1/plans/00000000-0000-7000-8000-000000000000', { token: member.token })).status).toBe(404);
});
