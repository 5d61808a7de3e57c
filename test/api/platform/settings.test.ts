import { expect, test } from 'vitest';
import { readGatewaySettings } from '../../../server/resources/settings/gateway.ts';
import { readSettings, settingProblems } from '../../../server/resources/settings/settings.ts';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote, database } = app;
const platformAdmin = await signUp();
await promote(platformAdmin);

const path = (key: string) => `/v1/admin/platform-settings/${key}`;
const put = (key: string, value: unknown, token = platformAdmin.token) => call('PUT', path(key), { token, body: { value } });
const get = (key: string) => call('GET', path(key), { token: platformAdmin.token });
const clear = (key: string) => call('DELETE', path(key), { token: platformAdmin.token });
const schema = async (token: string): Promise<any[]> => (await call('GET', '/v1/config/schema', { token })).body;
const balanceOf = async (accountId: string) =>
  (await sql('select balance::int as balance from credit_balances where account_id = $1', [accountId]))[0].balance;

test('a setting is set, listed by key, read, and reset to its default, repeatedly', async () => {
  expect((await get('limit.team_members')).status).toBe(404);
  const made = await put('limit.team_members', ' 007 ');
  expect([made.status, made.body]).toEqual([200, { key: 'limit.team_members', value: '7', updated_at: expect.any(String) }]);
  await put('budget.max_cost_micros', '1');
  const { body } = await call('GET', '/v1/admin/platform-settings', { token: platformAdmin.token });
  expect(body.map(({ key }: { key: string }) => key)).toEqual(['budget.max_cost_micros', 'limit.team_members']);
  expect((await get('limit.team_members')).body).toEqual(made.body);
  expect([(await clear('limit.team_members')).status, (await clear('limit.team_members')).status]).toEqual([204, 204]);
  expect([(await get('limit.team_members')).status, (await clear('budget.max_cost_micros')).status]).toEqual([404, 204]);
  expect((await clear('nobody.knows')).status).toBe(204);
});

test('the schema shows admins which settings the environment sets, and the format of a text', async () => {
  const own = await startTestApp(
    { ARKLOOP_CREDIT_PER_USD: ' 5 ', ARKLOOP_GATEWAY_IP_MODE: 'cdn', ARKLOOP_SMTP_PASS: 'secret' },
    { worker: false },
  );
  const [admin, person] = [await own.signUpAdmin(), await own.signUp()];
  const of = async (token: string) => {
    const { body } = await own.call('GET', '/v1/config/schema', { token });
    return new Map<string, any>(body.map((setting: { key: string }) => [setting.key, setting]));
  };
  const seen = await of(admin.token);
  expect(
    ['credit.per_usd', 'gateway.ip_mode', 'email.smtp_pass', 'llm.retry.max_attempts'].map((key) => seen.get(key).environment),
  ).toEqual([
    { variable: 'ARKLOOP_CREDIT_PER_USD', value: '5', takes_precedence: true },
    { variable: 'ARKLOOP_GATEWAY_IP_MODE', value: 'cdn', takes_precedence: false },
    { variable: 'ARKLOOP_SMTP_PASS', value: '******', takes_precedence: true },
    null,
  ]);
  expect(
    ['credit.deduction_policy', 'auth.second_factor_required_from', 'app.base_url', 'email.from'].map((key) => seen.get(key).format),
  ).toEqual(['json', 'date-time', 'uri', null]);
  expect([...(await of(person.token)).values()].filter(({ environment }) => environment !== null)).toEqual([]);
});

test.for([
  ['credit.per_usd', 'abc'],
  ['credit.per_usd', '1.5'],
  ['credit.per_usd', '1e3'],
  ['credit.per_usd', '9'.repeat(16)],
  ['limit.max_parallel_tasks', '0'],
  ['context.compact.enabled', 'yes'],
  ['context.compact.persist_trigger_context_pct', '101'],
  ['credit.deduction_policy', '{'],
  ['credit.deduction_policy', '{"tiers":[{"multiplier":-1}]}'],
  ['email.from', 'nobody'],
  ['email.smtp_host', 'a\r\nb'],
  ['email.smtp_port', '65536'],
  ['email.smtp_tls_mode', 'ssl'],
  ['gateway.ip_mode', 'cloudflare'],
  ['gateway.trusted_cidrs', '10.0.0.0/33'],
  ['gateway.risk_reject_threshold', '1.5'],
  ['gateway.ratelimit_capacity', '0'],
  ['web_search.searxng_base_url', 'ftp://somewhere'],
  ['title_summarizer.model', '   '],
  ['title_summarizer.model', ''],
  ['title_summarizer.model', 'x'.repeat(65_537)],
] as const)('%s rejects %j', async ([key, value]) => {
  const answer = await put(key, value);
  expect([answer.status, answer.body.details.issues.map((issue: { path: string }) => issue.path)]).toEqual([400, ['/value']]);
  expect((await get(key)).status).toBe(404);
});

test.for([
  ['gateway.trusted_cidrs', '10.1.2.3/8, ::1', '10.0.0.0/8,::1/128'],
  ['gateway.trusted_cidrs', '["192.168.1.9/16"]', '192.168.0.0/16'],
  ['email.smtp_tls_mode', 'TLS', 'tls'],
  ['gateway.risk_reject_threshold', '0.50', '0.5'],
  ['credits.monthly_grant', '-0', '0'],
  ['security.injection_scan.regex_enabled', 'false', 'false'],
] as const)('%s is normalized: %j becomes %j', async ([key, value, kept]) => {
  expect((await put(key, value)).body.value).toBe(kept);
  expect((await get(key)).body.value).toBe(kept);
  await clear(key);
});

test('an unknown setting is rejected, and an internal one returns 404', async () => {
  const unknown = await put('nobody.knows', '1');
  expect([statusAndReason(unknown), unknown.body.details.issues[0]]).toEqual([
    [400, 'unknown_setting_key'],
    expect.objectContaining({ path: 'key' }),
  ]);
  expect(statusAndReason(await put('constructor', '1'))).toEqual([400, 'unknown_setting_key']);
  await sql(`insert into platform_settings (key, value) values ('internal.secret', '"x"'), ('bootstrap.token', '{"hash":"x"}')`);
  for (const key of ['internal.secret', 'bootstrap.token', 'bootstrap.nothing'])
    expect([(await put(key, '1')).status, (await get(key)).status, (await clear(key)).status]).toEqual([404, 404, 404]);
  expect((await call('GET', '/v1/admin/platform-settings', { token: platformAdmin.token })).body).toEqual([]);
  expect(await sql('select key from platform_settings order by key')).toEqual([{ key: 'bootstrap.token' }, { key: 'internal.secret' }]);
  await sql('delete from platform_settings');
});

test('a sensitive value is returned masked and stored encrypted', async () => {
  const [key, secret] = ['web_search.tavily_api_key', 'tvly-0123456789abcdef'] as const;
  expect((await put(key, '******')).status).toBe(400);
  const made = await put(key, secret);
  expect(made.body.value).toBe('******');
  const again = await put(key, `${secret}-2`);
  const shown = [made, again, await get(key), await call('GET', '/v1/admin/platform-settings', { token: platformAdmin.token })];
  await expect.poll(async () => (await readSettings(database))[key]).toBe(`${secret}-2`);
  expect((await put(key, '******')).status).toBe(400);
  await clear(key);
  const [before, replaced, removed] = await sql(
    `select action, target_id, account_id, before_state ->> 'value' as before, after_state ->> 'value' as after from audit_logs where target_id = $1 order by created_at, id`,
    [key],
  );
  expect([before, replaced, removed]).toEqual([
    { action: 'platform_setting.set', target_id: key, account_id: null, before: null, after: '******' },
    { action: 'platform_setting.set', target_id: key, account_id: null, before: '******', after: '******' },
    { action: 'platform_setting.delete', target_id: key, account_id: null, before: '******', after: null },
  ]);
  await put(key, secret);
  const stored = [...(await sql('select s::text from platform_settings s')), ...(await sql('select l::text from audit_logs l'))];
  expect(JSON.stringify([shown.map(({ text }) => text), stored])).not.toContain('tvly');
  // Encrypted for its key: it cannot be decrypted under another one.
  await sql(`insert into platform_settings (key, value) select 'web_fetch.jina_api_key', value from platform_settings where key = $1`, [
    key,
  ]);
  expect(await readSettings(database, database, {})).toMatchObject({ [key]: secret, 'web_fetch.jina_api_key': null });
  await sql('delete from platform_settings');
});

test('only platform admins can use settings', async () => {
  const { token } = await signUp();
  expect(statusAndReason(await put('credit.per_usd', '1', token))).toEqual([403, 'missing_permission']);
  expect(await sql('select key from platform_settings')).toEqual([]);
});

test('platform admins see the whole registry, others what plans can set', async () => {
  const [all, some] = [await schema(platformAdmin.token), await schema((await signUp()).token)];
  const keys = all.map(({ key }) => key);
  expect(keys).toEqual(keys.toSorted());
  expect(keys).toEqual([...new Set(keys)]);
  expect(some).toEqual(all.filter(({ scope }) => scope === 'both').map((setting) => ({ ...setting, environment: null })));
  const of = (key: string) => all.find((row) => row.key === key);
  expect(of('credit.per_usd')).toEqual({
    key: 'credit.per_usd',
    type: 'integer',
    format: null,
    environment: null,
    default: '1000',
    description: expect.stringMatching(/./),
    sensitive: false,
    scope: 'platform',
  });
  expect(of('email.smtp_pass')).toMatchObject({ type: 'string', default: '', sensitive: true, scope: 'platform' });
  expect(of('feature.mcp_remote_enabled')).toMatchObject({ type: 'boolean', default: null, scope: 'both' });
  expect(of('gateway.risk_reject_threshold')).toMatchObject({ type: 'number', default: '0' });
  expect(all.filter(({ sensitive }) => sensitive).map(({ key }) => key)).toEqual([
    'email.smtp_pass',
    'turnstile.secret_key',
    'web_fetch.firecrawl_api_key',
    'web_fetch.jina_api_key',
    'web_search.tavily_api_key',
  ]);
});

test('the next registration gets the current initial grant', async () => {
  await put('credit.initial_grant', '321');
  expect(await balanceOf((await signUp()).accountId)).toBe(321);
  await clear('credit.initial_grant');
  expect(await balanceOf((await signUp()).accountId)).toBe(1_000);
});

test('environment variables override stored values except for the gateway, and invalid values are ignored', async () => {
  const effective = (env: Record<string, string>) => readSettings(database, database, env);
  await put('credit.per_usd', '1500');
  expect((await effective({ ARKLOOP_CREDIT_PER_USD: '2000' }))['credit.per_usd']).toBe(2_000);
  expect((await effective({ ARKLOOP_CREDIT_PER_USD: ' ' }))['credit.per_usd']).toBe(1_500);
  expect((await effective({ ARKLOOP_CREDIT_PER_USD: '-1' }))['credit.per_usd']).toBe(1_000);
  expect((await effective({ ARKLOOP_FEATURE_BYOK_ENABLED: 'off' }))['feature.byok_enabled']).toBe(false);
  expect((await effective({ ARKLOOP_SMTP_HOST: 'mail.test', ARKLOOP_WEB_SEARCH_PROVIDER: '123' }))['email.smtp_host']).toBe('mail.test');
  const proxied = { ARKLOOP_GATEWAY_IP_MODE: 'proxy', ARKLOOP_RATELIMIT_CAPACITY: '7' };
  const atGateway = () => readGatewaySettings(database, database, proxied);
  const others = {
    rate_limit_rules: [],
    maintenance: false,
    maintenance_retry_after_seconds: 60,
    maintenance_allowed_cidrs: [],
    account_requests_per_minute: 0,
    account_request_burst: 0,
  };
  const usual = { trusted_cidrs: [], risk_reject_threshold: 0, rate_limit_capacity: 7, rate_limit_per_minute: 300, ...others };
  expect(await atGateway()).toEqual({ ip_mode: 'proxy', ...usual });
  await put('gateway.ip_mode', 'cdn');
  await put('gateway.trusted_cidrs', '10.1.2.3/8');
  expect(await atGateway()).toEqual({ ip_mode: 'cdn', ...usual, trusted_cidrs: ['10.0.0.0/8'] });
  for (const broken of ['"many"', 'null', '[]', '{}', '1e99'])
    await sql(`update platform_settings set value = $1 where key = 'credit.per_usd'`, [broken]).then(async () =>
      expect([broken, (await effective({}))['credit.per_usd']]).toEqual([broken, 1_000]),
    );
  await sql('delete from platform_settings');
});

test('an invalid environment variable is reported at startup without its value', async () => {
  expect(
    settingProblems({ ARKLOOP_CREDIT_PER_USD: 'secret', ARKLOOP_LIMIT_MAX_PARALLEL_TASKS: '0', ARKLOOP_QUOTA_RUNS_PER_MONTH: '-1' }),
  ).toEqual(['ARKLOOP_CREDIT_PER_USD: expected an integer', 'ARKLOOP_LIMIT_MAX_PARALLEL_TASKS: expected an integer of at least 1']);
  await expect(
    startProcess('api', { ARKLOOP_DATABASE_URL: app.databaseUrl, ...testKeysEnv, ARKLOOP_CREDIT_PER_USD: 'none' }),
  ).rejects.toThrow(/ARKLOOP_CREDIT_PER_USD: expected an integer/);
});

test('another process applies a change within one second, and an environment variable overrides it', async () => {
  const shared = { ARKLOOP_DATABASE_URL: app.databaseUrl, ...testKeysEnv };
  const [plain, fixed] = await Promise.all([
    startProcess('api', shared),
    startProcess('api', { ...shared, ARKLOOP_CREDIT_INITIAL_GRANT: '2000' }),
  ]);
  const team = (await call('POST', '/v1/teams', { token: platformAdmin.token, body: { name: 'Team' } })).body.id;
  const add = async () => {
    const person = await signUp();
    await app.joinAccount(person, platformAdmin);
    return callTo(plain.url)('POST', `/v1/teams/${team}/members`, {
      token: platformAdmin.token,
      body: { user_id: person.id, role: 'member' },
    });
  };
  expect((await add()).status).toBe(201);
  await put('limit.team_members', '1');
  const started = Date.now();
  await eventually(async () => (await add()).status === 409, 'the limit', 5_000);
  expect(Date.now() - started).toTakeLessThan(1_000);
  await sql(`delete from platform_settings where key = 'limit.team_members'`);
  await eventually(async () => (await add()).status === 201, 'its end', 1_000);
  await put('credit.initial_grant', '5');
  const grants = [];
  for (const { url } of [plain, fixed]) {
    const body = { login: `grant-${grants.length}`, email: `grant-${grants.length}@example.test`, password: 'Passw0rd-1' };
    const { user_id: id } = (await callTo(url)('POST', '/v1/auth/register', { body })).body;
    const [{ id: accountId }] = await sql('select id from accounts where owner_user_id = $1', [id]);
    grants.push(await balanceOf(accountId));
  }
  expect(grants).toEqual([5, 2_000]);
});
