import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { RateLimitRules } from '../../contract/gatewayConfig.ts';
import { createLocalBuckets, rateHeaders } from '../../server/gateway/rateLimits/buckets.ts';
import { compileRule } from '../../server/gateway/rateLimits/rateLimitRules.ts';
import { openRedisBuckets } from '../../server/gateway/rateLimits/redisBuckets.ts';
import { limiterKeyOf } from '../../server/platform/limiterKey.ts';
import { expectWithin } from '../support/app/expectWithin.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { redis } from '../support/cluster/brokers.ts';
import { behindGatewayEnv, startTestGateway, trustedProxyEnv } from '../support/gateway/testGateway.ts';
import { startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';

const app = await startTestApp(behindGatewayEnv, { worker: false });
const admin = await app.signUpAdmin();
const asAdmin = async (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object) => {
  const answer = await app.call(method, path, { token: admin.token, body });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};
/** No token comes back while a test runs. */
const generous = { ARKLOOP_RATELIMIT_CAPACITY: '1000', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '1' };
const rule = { name: 'few', path: '/v1/me', count_by: 'client', capacity: 2, per_minute: 0.1 } as const;
const rulesEnv = (...rules: object[]) => ({ ...generous, ARKLOOP_GATEWAY_RATELIMIT_RULES: JSON.stringify(rules) });

/** A gateway that ends with the test, because gateways on one database divide the limits. */
async function startOwnGateway(env: Record<string, string>, options?: { alone: boolean }) {
  const started = await startTestGateway(app, env, options);
  onTestFinished(started.gateway.shutDown);
  return started;
}

async function newKey(person: Person): Promise<string> {
  return (await app.call('POST', '/v1/api-keys', { token: person.token, body: { name: randomUUID() } })).body.key;
}

/** Subscribes the account of a person to a new plan, and returns the plan. */
async function subscribe(person: Person, entitlements: { key: string; value: string; value_type: 'integer' }[] = []) {
  const plan = await asAdmin('POST', '/v1/plans', { name: `Plan ${randomUUID()}`, display_name: 'Plan', entitlements });
  const period = { current_period_start: new Date(Date.now() - 1_000).toISOString(), current_period_end: '2100-01-01T00:00:00.000Z' };
  await asAdmin('POST', '/v1/subscriptions', { account_id: person.accountId, plan_id: plan.id, ...period });
  return plan as { id: string; name: string };
}

const entitled = (key: string, value: number) => ({ key, value: `${value}`, value_type: 'integer' as const });

test('a rule limits its requests only; both limits are in the headers, and the error names the exceeded one', async () => {
  const { call } = await startOwnGateway(rulesEnv(rule), { alone: true });
  const [ann, bob] = [await app.signUp(), await app.signUp()];
  const me = (token: string) => call('GET', '/v1/me', { token });
  const first = await me(ann.token);
  expect(first.headers.get('ratelimit-policy')).toBe('"default";q=1000;w=60000, "few";q=2;w=1200');
  expect(first.headers.get('ratelimit')).toMatch(/^"default";r=999;t=(59|60), "few";r=1;t=(599|600)$/);
  expect(first.headers.get('x-ratelimit-limit')).toBe('2');
  await me(ann.token);
  const refused = await me(ann.token);
  expect(refused).toMatchObject({
    status: 429,
    body: { error: 'rate_limit', details: { reason: 'request_rate', policy: 'few', limit: 2 } },
  });
  const wait = Number(refused.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(590);
  expect(refused.body.details.retry_after_seconds).toBe(wait);
  // A rejected request takes no token of the other limit.
  expect(refused.headers.get('ratelimit')).toMatch(/^"default";r=998;/);
  const threads = await call('GET', '/v1/threads', { token: ann.token });
  expect([threads.status, threads.headers.get('ratelimit-policy')]).toEqual([200, '"default";q=1000;w=60000']);
  expect((await me(bob.token)).status).toBe(200);
});

test.for([
  ['/v1/me', '/v1/me', true],
  ['/v1/me', '/V1/ME/', true],
  ['/v1/me', '/v1/me/sessions', false],
  ['/v1/me', '/v1/mes', false],
  ['/v1/auth/**', '/v1/auth', true],
  ['/v1/auth/**', '/v1/auth/login/x', true],
  ['/v1/auth/**', '/v1/authx', false],
  ['/v1/runs/*', '/v1/runs/1', true],
  ['/v1/runs/*', '/v1/runs/1:cancel', true],
  ['/v1/runs/*:cancel', '/v1/runs/1:cancel', true],
  ['/v1/runs/*:cancel', '/v1/runs/1', false],
  ['/v1/runs/*', '/v1/runs/1/events', false],
  // Other spellings of an action and of a value, as the API reads them.
  ['/v1/runs/*:cancel', '/v1/runs/1/cancel', true],
  ['/v1/runs/*:cancel', '/v1/runs/1%3acancel', true],
  ['/v1/runs/*:cancel', '/v1/runs/1/CANCEL/', true],
  ['/v1/runs/*', '/v1/runs/1/cancel', true],
  ['/v1/runs/*/cancel', '/v1/runs/1:cancel', true],
  ['/v1/feature-flags/*', '/v1/feature-flags/run', true],
  ['/v1/personas/a*', '/v1/personas/%61b', true],
  ['/v1/personas/*', '/v1/personas/a%2fb', true],
  ['/v1/personas/%2f*', '/v1/personas/%2Fb', true],
  ['/v1/a.b', '/v1/aXb', false],
  ['/**', '/anything', true],
] as const)('the pattern %s matches %s: %s', ([pattern, path, expected]) => {
  const [parsed] = RateLimitRules.parse([{ ...rule, path: pattern }]);
  const visit = { path, request: { method: 'GET' } } as Parameters<ReturnType<typeof compileRule>['matches']>[0];
  expect(compileRule(parsed!).matches(visit, '')).toBe(expected);
});

test('long paths are matched in linear time', () => {
  const path = `/${'*a/'.repeat(60)}**`;
  const [parsed] = RateLimitRules.parse([{ ...rule, path }]);
  const compiled = compileRule(parsed!);
  const began = performance.now();
  const visit = { path: `/${'a'.repeat(8_000)}/`.repeat(2), request: { method: 'GET' } };
  compiled.matches(visit as Parameters<typeof compiled.matches>[0], '');
  expect(performance.now() - began).toTakeLessThan(100);
});

test('methods select requests, and HEAD counts as GET', async () => {
  const { call } = await startOwnGateway(rulesEnv({ ...rule, path: '/v1/threads', methods: ['GET'] }), { alone: true });
  const { token } = await app.signUp();
  const status = async (method: 'GET' | 'HEAD' | 'POST') =>
    (await call(method as 'GET', '/v1/threads', { token, ...(method === 'POST' && { body: {} }) })).status;
  expect([await status('POST'), await status('GET'), await status('HEAD'), await status('GET')]).toEqual([201, 200, 200, 429]);
  expect(await status('POST')).toBe(201);
});

test('a limit per API key counts each key, rotated or not, and leaves other credentials of the account alone', async () => {
  const { call } = await startOwnGateway(rulesEnv({ ...rule, path: '/v1/threads', count_by: 'api_key' }));
  const ann = await app.signUp();
  const [one, other] = [await newKey(ann), await newKey(ann)];
  const status = async (token: string) => (await call('GET', '/v1/threads', { token })).status;
  expect([await status(one), await status(one), await status(one)]).toEqual([200, 200, 429]);
  expect([await status(other), await status(ann.token)]).toEqual([200, 200]);
  const { body: keys } = await app.call('GET', '/v1/api-keys', { token: ann.token });
  const id = keys.find((each: { key_prefix: string }) => one.startsWith(each.key_prefix)).id;
  const { body } = await app.call('POST', `/v1/api-keys/${id}/rotate`, { token: ann.token, body: { overlap_seconds: 3_600 } });
  expect(await status(body.key)).toBe(429);
  expect((await call('GET', '/v1/threads', { token: ann.token })).headers.get('ratelimit-policy')).not.toContain('few');
});

test('a request that the gateway rejects is not counted against the limits of its key, and one that the key rejects is counted here', async () => {
  const { call } = await startOwnGateway(rulesEnv({ ...rule, path: '/v1/threads', count_by: 'api_key', capacity: 3 }));
  const ann = await app.signUp();
  const body = { name: 'limited', limits: { requests_per_day: 2 } };
  const made = await app.call('POST', '/v1/api-keys', { token: ann.token, body });
  expect([made.status, made.body]).toEqual([201, expect.objectContaining({ id: expect.any(String) })]);
  const reasons: (string | undefined)[] = [];
  for (let n = 0; n < 5; n++) reasons.push((await call('GET', '/v1/threads', { token: made.body.key })).body.details?.reason);
  expect(reasons).toEqual([undefined, undefined, 'key_requests_exhausted', 'request_rate', 'request_rate']);
});

test('a limit per address counts all callers of an address', async () => {
  const { call } = await startOwnGateway({ ...rulesEnv({ ...rule, count_by: 'address' }), ...trustedProxyEnv }, { alone: true });
  const [ann, bob] = [await app.signUp(), await app.signUp()];
  const status = async ({ token }: Person, from: string) =>
    (await call('GET', '/v1/me', { token, headers: { 'x-forwarded-for': from } })).status;
  expect([await status(ann, '203.0.113.1'), await status(bob, '203.0.113.1'), await status(ann, '203.0.113.1')]).toEqual([200, 200, 429]);
  expect(await status(ann, '203.0.113.2')).toBe(200);
});

test('the rate of a plan or an override replaces that of the gateway, and takes effect while the gateway runs', async () => {
  const { call } = await startOwnGateway({ ARKLOOP_RATELIMIT_CAPACITY: '20', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '60' });
  const [ann, bob] = [await app.signUp(), await app.signUp()];
  const policy = async (person: Person) => (await call('GET', '/v1/me', { token: person.token })).headers.get('ratelimit-policy');
  expect([await policy(ann), await policy(bob)]).toEqual(['"default";q=20;w=20', '"default";q=20;w=20']);
  await subscribe(ann, [entitled('limit.requests_per_minute', 600), entitled('limit.request_burst', 50)]);
  await expectWithin(6_000, () => policy(ann), '"default";q=50;w=5');
  const override = await asAdmin('POST', '/v1/entitlement-overrides', {
    account_id: ann.accountId,
    ...entitled('limit.requests_per_minute', 120),
  });
  await expectWithin(6_000, () => policy(ann), '"default";q=50;w=25');
  await asAdmin('DELETE', `/v1/entitlement-overrides/${override.id}?account_id=${ann.accountId}`);
  await expectWithin(6_000, () => policy(ann), '"default";q=50;w=5');
  expect(await policy(bob)).toBe('"default";q=20;w=20');
});

test('the rate of an account stays while the database does not answer, also if it was invalidated', async () => {
  const { call } = await startOwnGateway({ ARKLOOP_RATELIMIT_CAPACITY: '20', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '60' });
  const ann = await app.signUp();
  await subscribe(ann, [entitled('limit.requests_per_minute', 600), entitled('limit.request_burst', 50)]);
  const policy = async () => (await call('GET', '/v1/me', { token: ann.token })).headers.get('ratelimit-policy');
  await expectWithin(6_000, policy, '"default";q=50;w=5');
  const holder = await app.database.pool.connect();
  onTestFinished(async () => {
    await holder.query('rollback');
    holder.release();
  });
  await app.sql(`select pg_notify('arkloop_changes', $1)`, [`entitlements ${ann.accountId}`]);
  await holder.query('begin; lock table plan_entitlements in access exclusive mode');
  const policies = new Set<string | null>();
  const secondsOfRequest = async () => {
    const began = performance.now();
    policies.add(await policy());
    return (performance.now() - began) / 1_000;
  };
  // The invalidation has arrived when a request waits for the database.
  await expect.poll(secondsOfRequest).toBeGreaterThan(0.14);
  await secondsOfRequest();
  expect([...policies]).toEqual(['"default";q=50;w=5']);
});

test('an account rate of the platform applies to accounts without their own, not to anonymous callers', async () => {
  const env = { ARKLOOP_RATELIMIT_CAPACITY: '20', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '60', ARKLOOP_LIMIT_REQUESTS_PER_MINUTE: '600' };
  const { call } = await startOwnGateway(env, { alone: true });
  const ann = await app.signUp();
  const policy = async (token?: string) => (await call('GET', '/v1/me', { token })).headers.get('ratelimit-policy');
  expect([await policy(ann.token), await policy()]).toEqual(['"default";q=600;w=60', '"default";q=20;w=20']);
});

test('a user cannot use up the rate of an account with a plan through another account, and gets its rate only once', async () => {
  const { call } = await startOwnGateway({ ARKLOOP_RATELIMIT_CAPACITY: '3', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.1' });
  const ann = await app.signUp();
  const { body: other } = await app.call('POST', '/v1/accounts', { token: ann.token, body: { name: 'W', slug: randomUUID() } });
  await subscribe(ann, [entitled('limit.requests_per_minute', 1), entitled('limit.request_burst', 100)]);
  const { body: key } = await app.call('POST', '/v1/api-keys', {
    token: ann.token,
    headers: { 'x-account-id': other.id },
    body: { name: 'k' },
  });
  const statuses = async (token: string, path: string, count: number) => {
    const found: number[] = [];
    for (let n = 0; n < count; n++) found.push((await call('GET', path, { token })).status);
    return found;
  };
  expect(await statuses(key.key, '/v1/threads', 4)).toEqual([200, 200, 200, 429]);
  expect(new Set(await statuses(ann.token, '/v1/me', 20))).toEqual(new Set([200]));
});

test('the limits of an account apply to its members also with a token of another account, and strangers cannot use them up', async () => {
  const { call } = await startOwnGateway(generous);
  const [ann, bob] = [await app.signUp(), await app.signUp()];
  const { id } = (await app.call('POST', '/v1/accounts', { token: ann.token, body: { slug: `w-${randomUUID()}`, name: 'Work' } })).body;
  await subscribe({ ...ann, accountId: id }, [entitled('limit.requests_per_minute', 1), entitled('limit.request_burst', 3)]);
  const encoded = `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`;
  const calls = (token: string) => [
    () => call('GET', '/v1/threads', { token, headers: { 'x-account-id': id } }),
    () => call('GET', `/v1/accounts/${id}`, { token }),
    () => call('GET', `/v1/accounts/${encoded}`, { token }),
  ];
  for (const request of [...calls(bob.token), ...calls(bob.token)])
    expect((await request()).headers.get('ratelimit-policy')).toBe('"default";q=1000;w=60000');
  for (const request of calls(ann.token)) {
    const answer = await request();
    expect([answer.status, answer.headers.get('ratelimit-policy')]).toEqual([200, '"default";q=3;w=180']);
  }
  for (const request of calls(ann.token)) expect((await request()).status).toBe(429);
  expect((await call('GET', '/v1/threads', { token: ann.token })).status).toBe(200);
});

test('a rule for a plan applies to its accounts only, and stored rules replace those of the environment without a restart', async () => {
  const { call } = await startOwnGateway(rulesEnv(rule));
  const [ann, bob] = [await app.signUp(), await app.signUp()];
  const plan = await subscribe(ann);
  const rules = [{ ...rule, name: 'of-plan', plans: [plan.name.toUpperCase()], capacity: 5 }];
  const saved = await asAdmin('PUT', '/v1/admin/gateway-config', { rate_limit_rules: rules });
  onTestFinished(() => asAdmin('DELETE', '/v1/admin/platform-settings/gateway.ratelimit_rules'));
  expect(saved.rate_limit_rules).toEqual(rules);
  const policy = async ({ token }: Person) => (await call('GET', '/v1/me', { token })).headers.get('ratelimit-policy');
  await expectWithin(6_000, () => policy(bob), '"default";q=1000;w=60000');
  expect(await policy(ann)).toBe('"default";q=1000;w=60000, "of-plan";q=5;w=3000');
  expect((await app.call('GET', '/v1/admin/gateway-config', { token: admin.token })).body.rate_limit_rules).toEqual(rules);
  expect((await asAdmin('PUT', '/v1/admin/gateway-config', { rate_limit_rules: [] })).rate_limit_rules).toEqual([]);
  await expectWithin(6_000, () => policy(ann), '"default";q=1000;w=60000');
});

test.for([
  ['/rate_limit_rules/0/name', [{ ...rule, name: 'default' }]],
  ['/rate_limit_rules/0/name', [{ ...rule, name: 'a"b' }]],
  ['/rate_limit_rules/1/name', [rule, rule]],
  ['/rate_limit_rules/0/path', [{ ...rule, path: 'v1/me' }]],
  ['/rate_limit_rules/0/path', [{ ...rule, path: '/v1/**/me' }]],
  ['/rate_limit_rules/0/path', [{ ...rule, path: '/v1/*a*' }]],
  ['/rate_limit_rules/0/path', [{ ...rule, path: '/v1/me?x' }]],
  ['/rate_limit_rules/0/methods/0', [{ ...rule, methods: ['get'] }]],
  ['/rate_limit_rules/0/methods', [{ ...rule, methods: [] }]],
  ['/rate_limit_rules/0/capacity', [{ ...rule, capacity: 0.5 }]],
  ['/rate_limit_rules/0/per_minute', [{ ...rule, per_minute: 0 }]],
  ['/rate_limit_rules/0/count_by', [{ ...rule, count_by: 'session' }]],
  ['/rate_limit_rules/0/extra', [{ ...rule, extra: 1 }]],
  ['/rate_limit_rules', Array.from({ length: 51 }, (_, at) => ({ ...rule, name: `n${at}` }))],
] as const)('%s of %o returns 400', async ([pointer, rules]) => {
  const { status, body } = await app.call('PUT', '/v1/admin/gateway-config', { token: admin.token, body: { rate_limit_rules: rules } });
  expect([status, body.details.issues.map((issue: { path: string }) => issue.path)]).toEqual([400, [pointer]]);
});

test('without a database, rules of the environment apply', async () => {
  const { url } = await startUpstream((_req, res) => res.end('ok'));
  const { address } = await startGatewayTo(
    url,
    rulesEnv({ ...rule, path: '/v1/**', plans: undefined }, { ...rule, name: 'paid', plans: ['pro'] }),
  );
  const statuses: number[] = [];
  for (let n = 0; n < 3; n++) statuses.push((await fetch(`${address}/v1/me`)).status);
  expect(statuses).toEqual([200, 200, 429]);
});

test('of several exceeded limits the longest wait counts, and no token is taken from the others', () => {
  const buckets = createLocalBuckets(10, () => 0);
  const of = (policy: string, capacity: number, perSecond: number) => ({
    key: limiterKeyOf(policy),
    policy,
    rate: { capacity, perSecond },
  });
  const all = [of('default', 10, 1), of('slow', 1, 0.01), of('fast', 1, 0.5)];
  expect(buckets.take(all).granted).toBe(true);
  const refused = buckets.take(all);
  expect([refused.granted, refused.levels.map(({ tokens }) => tokens)]).toEqual([false, [9, 0, 0]]);
  expect(rateHeaders(refused)).toMatchObject({ 'retry-after': '100', ratelimit: '"default";r=9;t=1, "slow";r=0;t=100, "fast";r=0;t=2' });
});

test('two gateways with Redis share the buckets of all limits exactly', async ({ skip }) => {
  const broker = await redis();
  if ('reason' in broker) return skip(broker.reason);
  await broker.start();
  onTestFinished(() => broker.stop());
  const options = { url: broker.url!, timeoutMs: 2_000, log: pino({ level: 'silent' }), fallback: createLocalBuckets().take };
  const gateways = [await openRedisBuckets(options), await openRedisBuckets(options)];
  onTestFinished(() => void gateways.map(({ close }) => close()));
  await sleep(300);
  const of = (policy: string, capacity: number) => ({
    key: limiterKeyOf(policy, randomUUID()),
    policy,
    rate: { capacity, perSecond: 0.001 },
  });
  const all = [of('default', 30), of('few', 7)];
  const taken = await Promise.all(Array.from({ length: 40 }, (_, n) => gateways[n % 2]!.take(all)));
  expect(taken.filter(({ granted }) => granted)).toHaveLength(7);
  const { granted, levels } = await gateways[0]!.take(all.slice(0, 1));
  expect([granted, Math.round(levels[0]!.tokens)]).toEqual([true, 22]);

  const { url } = await startUpstream((_req, res) => res.end('ok'));
  const env = {
    ...rulesEnv({ ...rule, path: '/v1/**', capacity: 5 }),
    ARKLOOP_GATEWAY_REDIS_URL: broker.url,
    ARKLOOP_GATEWAY_REDIS_TIMEOUT_MS: '2000',
  };
  const [one, two] = [await startGatewayTo(url, env), await startGatewayTo(url, env)];
  await sleep(300);
  const statuses = await Promise.all(
    Array.from({ length: 12 }, async (_, n) => (await fetch(`${(n % 2 ? one : two).address}/v1/me`)).status),
  );
  expect(statuses.filter((status) => status === 200)).toHaveLength(5);
});
