import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { servicePermissions } from '../../../contract/shared/permissions.ts';
import { createIdentityResolver } from '../../../server/gateway/caller/identity.ts';
import { startApi } from '../../../server/processes/api.ts';
import { onFileFinished } from '../../support/app/fileCleanup.ts';
import { type Person, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { concurrently } from '../../support/checks/race.ts';
import { callTo } from '../../support/http/call.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const { call, sql, signUp, signUpAdmin, database, databaseUrl, config, url } = await startTestApp({}, { worker: false });
const other = await startApi({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
onFileFinished(() => other.shutDown());
const there = callTo(other.address);
const identify = createIdentityResolver({ jwtSecrets: testKeys.jwtSecrets, sql: database, channel: undefined });

const admin = await signUpAdmin();
const day = 86_400_000;
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const at = (id = '') => `/v1/admin/service-keys${id && `/${id}`}`;
const create = (body: object = {}, by: Person = admin) =>
  call('POST', at(), { token: by.token, body: { name: 'billing', scopes: ['platform.usage.read'], ...body } });
const update = (id: string, body: object) => call('PATCH', at(id), { token: admin.token, body });
const rotate = (id: string, overlap: number, by: Person = admin) =>
  call('POST', `${at(id)}/rotate`, { token: by.token, body: { overlap_seconds: overlap } });
const read = (token: string, process = call) => process('GET', '/v1/admin/usage/summary', { token });
const everywhere = async (token: string) => [(await read(token)).status, (await read(token, there)).status];
const entriesOf = (traceId: string | null) =>
  sql('select action, account_id, actor_user_id, target_id, metadata, after_state from audit_logs where trace_id = $1', [traceId]);
const traceOf = ({ headers }: { headers: Headers }) => headers.get('x-trace-id');

/** Without the secret of a new key. */
const withoutSecret = ({ key: _, ...rest }: Record<string, unknown>) => rest;

test('a key has what was asked for, its secret is shown once, and other users see nothing of it', async () => {
  const made = await create({
    name: '  Billing 💳 ',
    scopes: ['platform.usage.read', 'platform.credits.manage', 'platform.usage.read'],
    allowed_addresses: ['127.0.0.1/8', '::ffff:127.0.0.0/104', '2001:DB8::1/32'],
    expires_at: '2100-01-31T01:30:00+01:30',
  });
  expect(made.status).toBe(201);
  expect(made.headers.get('cache-control')).toBe('no-store');
  const { id, key, created_at, ...rest } = made.body;
  expect(key).toMatch(/^als_[0-9A-Za-z]{32}$/);
  expect(rest).toEqual({
    user_id: admin.id,
    name: 'Billing 💳',
    key_prefix: key.slice(0, 8),
    scopes: ['platform.credits.manage', 'platform.usage.read'],
    allowed_addresses: ['127.0.0.0/8', '2001:db8::/32'],
    requests_per_minute: 600,
    is_active: true,
    expires_at: '2100-01-31T00:00:00.000Z',
    previous_secret_expires_at: null,
    revoked_at: null,
    last_used_at: null,
  });
  const [entry] = await entriesOf(traceOf(made));
  expect(entry).toMatchObject({ action: 'service_key.create', account_id: null, actor_user_id: admin.id, target_id: id });
  expect(entry!.after_state).toEqual({
    name: 'Billing 💳',
    scopes: rest.scopes,
    allowed_addresses: rest.allowed_addresses,
    requests_per_minute: 600,
    expires_at: '2100-01-31T00:00:00.000Z',
  });
  const [row] = await sql('select * from service_keys where id = $1', [id]);
  expect(JSON.stringify([row, entry])).not.toContain(key);
  expect((await call('GET', at(id), { token: admin.token })).body).toEqual(withoutSecret(made.body));
  expect((await call('GET', `${at()}?limit=1`, { token: admin.token })).body).toEqual([withoutSecret(made.body)]);

  const stranger = await signUp();
  for (const answer of [
    await create({}, stranger),
    await call('GET', at(), { token: stranger.token }),
    await call('GET', at(id), { token: stranger.token }),
    await rotate(id, 0, stranger),
    await call('DELETE', at(id), { token: stranger.token }),
  ])
    expect(statusAndReason(answer)).toEqual([403, 'missing_permission']);

  expect((await read(key)).status).toBe(200);
  await expect
    .poll(async () => (await call('GET', at(id), { token: admin.token })).body.last_used_at)
    .toEqual(expect.stringMatching(/^\d{4}-/));
});

test('invalid properties are rejected by name', async () => {
  for (const [body, path] of [
    [{ name: '' }, '/name'],
    [{ scopes: [] }, '/scopes'],
    [{ scopes: ['platform.admin'] }, '/scopes/0'],
    [{ scopes: ['data.threads.read'] }, '/scopes/0'],
    [{ allowed_addresses: [] }, '/allowed_addresses'],
    [{ allowed_addresses: ['10.0.0.1'] }, '/allowed_addresses/0'],
    [{ requests_per_minute: 0 }, '/requests_per_minute'],
    [{ requests_per_minute: 10_001 }, '/requests_per_minute'],
    [{ expires_at: inMs(-1_000) }, '/expires_at'],
  ] as const)
    expect(issuesOf(await create(body))).toEqual([400, [['body', path]]]);
});

test('a billing system renews a subscription, adjusts credits and reads usage, and the audit log names its key', async () => {
  const { body: made } = await create({
    scopes: ['platform.subscriptions.manage', 'platform.credits.manage', 'platform.usage.read', 'platform.plans.manage'],
  });
  const customer = await signUp();
  const billing = createClient({ baseUrl: url, apiKey: made.key });
  const plan = await billing.plans.create({ body: { name: `plan-${randomUUID()}`, display_name: 'Pro' } });
  const period = { current_period_start: '2026-01-01T00:00:00Z', current_period_end: '2027-01-01T00:00:00Z' };
  const { id } = await billing.subscriptions.create({ body: { account_id: customer.accountId, plan_id: plan.id, ...period } });
  const path = `/v1/subscriptions/${id}`;
  const renewed = await call('PATCH', path, { token: made.key, body: { current_period_end: '2028-01-01T00:00:00Z' } });
  expect([renewed.status, renewed.body.current_period_end]).toEqual([200, '2028-01-01T00:00:00.000Z']);
  const [listed] = await billing.subscriptions.list({ query: { account_id: customer.accountId } });
  expect(listed!.id).toBe(id);
  const before = (await billing.credits.ofAccount({ query: { account_id: customer.accountId } })).balance;
  const adjustment = { account_id: customer.accountId, amount: 7, note: 'invoice 1' };
  const options = { token: made.key, body: adjustment, headers: { 'idempotency-key': 'invoice 1' } };
  const adjusted = await call('POST', '/v1/admin/credits/adjust', options);
  const again = await call('POST', '/v1/admin/credits/adjust', options);
  expect([adjusted.body.balance, again.body, again.headers.get('idempotent-replayed')]).toEqual([before + 7, adjusted.body, 'true']);
  expect(await billing.usage.ofAccount({ params: { account_id: customer.accountId } })).toMatchObject({ account_id: customer.accountId });

  const actor = { actor_user_id: null, metadata: { service_key_id: made.id } };
  expect(await entriesOf(traceOf(renewed))).toMatchObject([{ action: 'subscription.update', account_id: customer.accountId, ...actor }]);
  expect(await entriesOf(traceOf(adjusted))).toMatchObject([
    { action: 'credits.adjust', account_id: null, target_id: customer.accountId, ...actor },
  ]);
  // An account has no other use for the key, and no account can be named in a header.
  for (const [method, target, headers] of [
    ['GET', `/v1/accounts/${randomUUID()}/usage`, {}],
    ['GET', '/v1/admin/usage/summary', { 'x-account-id': customer.accountId }],
  ] as const)
    expect((await call(method, target, { token: made.key, headers })).status).toBe(404);
});

test('a key cannot exceed its scopes: users, settings with secrets, service keys and data of accounts stay closed', async () => {
  const { body: made } = await create({ scopes: [...servicePermissions] });
  const victim = await signUp();
  const token = made.key;
  const denied = [
    await call('PATCH', `/v1/admin/users/${victim.id}`, { token, body: { is_platform_admin: true } }),
    await call('DELETE', `/v1/admin/users/${victim.id}/second-factor`, { token }),
    await call('PUT', '/v1/admin/platform-settings/web_fetch.provider', { token, body: { value: 'basic' } }),
    await call('PUT', '/v1/admin/email/config', { token, body: { from: 'a@example.test' } }),
    await call('POST', at(), { token, body: { name: 'more', scopes: [...servicePermissions] } }),
    await call('POST', `${at(made.id)}/rotate`, { token, body: { overlap_seconds: 0 } }),
    await call('PATCH', at(made.id), { token, body: { requests_per_minute: 10_000 } }),
    await call('POST', '/v1/api-keys', { token, body: { name: 'a key' } }),
    await call('POST', '/v1/llm-providers', { token, body: { scope: 'platform' } }),
    await call('GET', '/v1/threads', { token }),
    await call('GET', '/v1/me', { token }),
    await call('GET', '/v1/audit-logs', { token }),
    await call('GET', `/v1/accounts/${victim.accountId}`, { token }),
    await call('GET', '/v1/admin/invite-codes', { token }),
    await call('POST', '/v1/admin/credits/reset-all', { token, body: {} }),
    await call('POST', '/mcp', { token, body: { jsonrpc: '2.0', id: 1, method: 'tools/list' } }),
  ];
  for (const answer of denied) expect(statusAndReason(answer)).toEqual([403, 'service_key_not_allowed']);
  expect(await entriesOf(traceOf(denied[0]!))).toMatchObject([
    {
      ...{ action: 'user.update', account_id: null, actor_user_id: null },
      metadata: { result: 'denied', deny_reason: 'service_key_not_allowed', service_key_id: made.id },
    },
  ]);
  const { body: reader } = await create();
  const adjustment = { account_id: victim.accountId, amount: 1 };
  const lacking = await call('POST', '/v1/admin/credits/adjust', { token: reader.key, body: adjustment });
  expect([...statusAndReason(lacking), lacking.body.details.permission]).toEqual([403, 'missing_permission', 'platform.credits.manage']);
});

test('operations that are open to keys leave settings of tools, secrets, flags of the platform and admins alone', async () => {
  const { body: made } = await create({ scopes: [...servicePermissions] });
  const customer = await signUp();
  const as = (token: string) => ({
    setOverride: (key: string) =>
      call('POST', '/v1/entitlement-overrides', {
        token,
        body: { account_id: customer.accountId, key, value: 'https://a.example.com', value_type: 'string' },
      }),
    send: (method: string, path: string, body?: object) => call(method, path, { token, ...(body && { body }) }),
  });
  const [person, key] = [as(admin.token), as(made.key)];
  const entitlements = [{ key: 'web_fetch.firecrawl_base_url', value: 'https://a.example.com', value_type: 'string' }];
  const { body: override } = await person.setOverride('web_fetch.firecrawl_base_url');
  const { body: plan } = await person.send('POST', '/v1/plans', { name: `plan-${randomUUID()}`, display_name: 'Pro', entitlements });
  const { body: own } = await key.send('POST', '/v1/plans', { name: `plan-${randomUUID()}`, display_name: 'Pro' });
  const denied = [
    await key.setOverride('web_fetch.firecrawl_base_url'),
    await key.setOverride('web_search.of_a_later_version'),
    await key.setOverride('turnstile.secret_key'),
    await key.send('DELETE', `/v1/entitlement-overrides/${override.id}?account_id=${customer.accountId}`),
    await key.send('POST', '/v1/plans', { name: `plan-${randomUUID()}`, display_name: 'Pro', entitlements }),
    await key.send('PATCH', `/v1/plans/${own.id}`, { entitlements }),
    await key.send('PATCH', `/v1/plans/${plan.id}`, { entitlements: [] }),
    await key.send('DELETE', `/v1/plans/${plan.id}`),
    await key.send('PATCH', '/v1/feature-flags/registration.open', { default_value: true }),
    await key.send('DELETE', '/v1/feature-flags/registration.open'),
    await key.send('POST', '/v1/feature-flags/registration.open/account-overrides', { account_id: customer.accountId, enabled: true }),
  ];
  for (const answer of denied) expect(statusAndReason(answer)).toEqual([403, 'service_key_not_allowed']);
  expect((await key.setOverride('sample.key')).status).toBe(201);
  expect((await key.send('PATCH', `/v1/plans/${plan.id}`, { display_name: 'Team' })).body.entitlements).toHaveLength(1);

  const suspend = ({ accountId }: Person) => key.send('PATCH', `/v1/admin/accounts/${accountId}`, { status: 'suspended' });
  expect(statusAndReason(await suspend(admin))).toEqual([409, 'account_of_platform_admin']);
  expect((await suspend(customer)).status).toBe(200);
});

test('a key works only from its addresses, and requests from others do not count', async () => {
  const { body: made } = await create({ allowed_addresses: ['203.0.113.0/24', '2001:db8::/32'], requests_per_minute: 2 });
  for (let each = 0; each < 4; each++) expect(statusAndReason(await read(made.key))).toEqual([403, 'ip_blocked']);
  expect((await call('GET', at(made.id), { token: admin.token })).body.last_used_at).toBeNull();
  const write = await call('POST', '/v1/plans', { token: made.key, body: {} });
  expect([...statusAndReason(write), await entriesOf(traceOf(write))]).toEqual([403, 'ip_blocked', []]);
  expect((await update(made.id, { allowed_addresses: ['127.0.0.0/8', '::1/128'] })).status).toBe(200);
  await expect.poll(async () => (await read(made.key, there)).status).toBe(200);
  expect((await read(made.key)).status).toBe(200);
  expect((await update(made.id, { allowed_addresses: null })).body.allowed_addresses).toBeNull();
});

test('all processes together admit exactly the requests of a minute', async () => {
  const { body: made } = await create({ requests_per_minute: 5 });
  // The first request deletes ten expired counts, the others none.
  await sql('delete from attempt_counts where window_ends < now()');
  await sql(`insert into attempt_counts (bucket, count, window_ends)
    select 'expired:' || n, 1, now() - interval '1 hour' from generate_series(1, 20) n`);
  const answers = await concurrently(12, (each) => read(made.key, each % 2 ? call : there));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  expect(await sql(`select bucket from attempt_counts where bucket like 'expired:%'`)).toHaveLength(10);
  const limited = answers.find(({ status }) => status === 429)!;
  expect(limited.body.details).toMatchObject({ reason: 'key_requests_exhausted', budget: 'requests_per_minute', limit: 5 });
  const seconds = Number(limited.headers.get('retry-after'));
  expect([seconds >= 1, seconds <= 60]).toEqual([true, true]);
  const { body: unaffected } = await create();
  expect((await read(unaffected.key)).status).toBe(200);
  expect((await update(made.id, { requests_per_minute: 100 })).status).toBe(200);
  await expect.poll(() => everywhere(made.key)).toEqual([200, 200]);
});

test('a key expires in all processes and at the gateway, and a revoked one stays revoked', async () => {
  const { body: made } = await create({ expires_at: inMs(day) });
  expect(await everywhere(made.key)).toEqual([200, 200]);
  expect(await identify(`Bearer ${made.key}`)).toMatchObject({ type: 'api_key', serviceKeyId: made.id, isPlatformAdmin: false });
  await sql(`update service_keys set expires_at = now() where id = $1`, [made.id]);
  expect((await update(made.id, { name: 'the same expiry' })).body.is_active).toBe(false);
  await expect.poll(() => everywhere(made.key)).toEqual([401, 401]);
  expect(statusAndReason(await read(made.key))).toEqual([401, 'key_expired']);
  expect((await update(made.id, { expires_at: null })).body).toMatchObject({ is_active: true, expires_at: null });
  await expect.poll(() => everywhere(made.key)).toEqual([200, 200]);

  const revoked = await call('DELETE', at(made.id), { token: admin.token });
  expect(revoked.status).toBe(204);
  expect((await read(made.key)).status).toBe(401);
  await expect.poll(() => everywhere(made.key)).toEqual([401, 401]);
  for (const answer of [await update(made.id, { expires_at: inMs(day) }), await rotate(made.id, 0)]) expect(answer.status).toBe(404);
  const again = await call('DELETE', at(made.id), { token: admin.token });
  expect([again.status, await entriesOf(traceOf(again))]).toEqual([204, []]);
  expect((await call('GET', at(made.id), { token: admin.token })).body).toMatchObject({ is_active: false, revoked_at: expect.any(String) });
});

test('a rotation hands a key over: a secret ends when the admin who received it is no admin any more', async () => {
  const [first, second] = [await signUpAdmin(), await signUpAdmin()];
  const { body: made } = await create({}, first);
  const demote = (person: Person, body: object) => call('PATCH', `/v1/admin/users/${person.id}`, { token: admin.token, body });
  expect(await everywhere(made.key)).toEqual([200, 200]);

  const rotated = await rotate(made.id, 3_600, second);
  expect(rotated.body).toMatchObject({ id: made.id, user_id: second.id, scopes: made.scopes });
  expect(statusAndReason(await rotate(made.id, 60, second))).toEqual([409, 'rotation_in_overlap']);
  const next = rotated.body.key;
  await expect
    .poll(async () => [await everywhere(made.key), await everywhere(next)])
    .toEqual([
      [200, 200],
      [200, 200],
    ]);
  const [entry] = await entriesOf(traceOf(rotated));
  expect(entry).toMatchObject({ action: 'service_key.rotate', actor_user_id: second.id, metadata: { previous_user_id: first.id } });

  // The former admin still knows the earlier secret.
  expect((await demote(first, { is_platform_admin: false })).status).toBe(200);
  await expect
    .poll(async () => [await everywhere(made.key), await everywhere(next)])
    .toEqual([
      [401, 401],
      [200, 200],
    ]);
  expect((await demote(second, { status: 'suspended' })).status).toBe(200);
  await expect.poll(() => everywhere(next)).toEqual([401, 401]);
  expect((await call('GET', at(made.id), { token: admin.token })).body).toMatchObject({ is_active: false, revoked_at: null });

  const taken = await rotate(made.id, 0);
  expect(taken.body).toMatchObject({ is_active: true, user_id: admin.id });
  await expect.poll(() => everywhere(taken.body.key)).toEqual([200, 200]);
  expect([await everywhere(made.key), await everywhere(next)]).toEqual([
    [401, 401],
    [401, 401],
  ]);
});

test('malformed keys are rejected without a lookup, and a key of one kind is none of the other', async () => {
  const { body: made } = await create();
  const apiKey = (await call('POST', '/v1/api-keys', { token: admin.token, body: { name: 'a key' } })).body.key;
  for (const token of ['als_', 'ALS_', `als_${'0'.repeat(32)}`, `${made.key}0`, made.key.toUpperCase(), made.key.replace('als_', 'al_')])
    expect(statusAndReason(await read(token))).toEqual([401, 'invalid_token']);
  expect(statusAndReason(await read(apiKey.replace('al_', 'als_')))).toEqual([401, 'invalid_token']);
  expect(await identify(`Bearer ${apiKey.replace('al_', 'als_')}`)).toMatchObject({ type: 'anonymous' });
});
