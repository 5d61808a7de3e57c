import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Answer, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote } = app;
const [platformAdmin, owner] = [await signUp(), await signUp()];
await promote(platformAdmin);

const entriesOf = ({ headers }: Answer) =>
  sql('select action, account_id, metadata from audit_logs where trace_id = $1', [headers.get('x-trace-id')]);
const actionsOf = async (answer: Answer) => (await entriesOf(answer)).map(({ action }) => action);
const uniqueKey = (kind: string) => `${kind}-${randomBytes(5).toString('hex')}`;

test('requests that fail validation, conflict or return 404 write no audit entry', async () => {
  const key = uniqueKey('flag');
  const flag = { key, default_value: true };
  const rule = { type: 'blocklist', cidr: '192.0.2.0/24' };
  expect((await call('POST', '/v1/feature-flags', { token: platformAdmin.token, body: flag })).status).toBe(201);
  expect((await call('POST', '/v1/ip-rules', { token: owner.token, body: rule })).status).toBe(201);
  const refused: [status: number, by: typeof owner, method: string, path: string, options?: object][] = [
    [409, platformAdmin, 'POST', '/v1/feature-flags', { body: flag }],
    [400, platformAdmin, 'POST', '/v1/feature-flags', { body: {} }],
    [422, platformAdmin, 'POST', '/v1/feature-flags', { raw: '{' }],
    [404, platformAdmin, 'PATCH', `/v1/feature-flags/${uniqueKey('none')}`, { body: { default_value: true } }],
    [409, platformAdmin, 'DELETE', '/v1/feature-flags/registration.open'],
    [
      400,
      platformAdmin,
      'POST',
      '/v1/feature-flags/registration.open/account-overrides',
      { body: { account_id: owner.accountId, enabled: true } },
    ],
    [404, platformAdmin, 'POST', `/v1/feature-flags/${key}/account-overrides`, { body: { account_id: randomUUID(), enabled: true } }],
    [404, platformAdmin, 'DELETE', `/v1/feature-flags/${key}/account-overrides/${owner.accountId}`],
    [409, owner, 'POST', '/v1/ip-rules', { body: rule }],
    [409, owner, 'POST', '/v1/ip-rules', { body: { type: 'allowlist', cidr: '192.0.2.0/24' } }],
    [400, owner, 'POST', '/v1/ip-rules', { body: { ...rule, cidr: '::/129' } }],
    [422, owner, 'POST', '/v1/ip-rules', { raw: '' }],
    [404, owner, 'DELETE', `/v1/ip-rules/${randomUUID()}`],
    [401, { ...owner, token: 'nonsense' }, 'POST', '/v1/ip-rules', { body: rule }],
  ];
  for (const [status, { token }, method, path, options] of refused) {
    const answer = await call(method, path, { token, ...options });
    expect([method, path, answer.status, await entriesOf(answer)]).toEqual([method, path, status, []]);
  }
});

test('a change denied by a missing permission writes one audit entry', async () => {
  const answer = await call('POST', '/v1/feature-flags', { token: owner.token, body: {} });
  expect([statusAndReason(answer), await entriesOf(answer)]).toEqual([
    [403, 'missing_permission'],
    [
      {
        action: 'feature_flag.create',
        account_id: owner.accountId,
        metadata: { result: 'denied', deny_reason: 'missing_permission', permission: 'platform.admin' },
      },
    ],
  ]);
  // The entry does not contain the request body.
  const seen = await call('GET', '/v1/audit-logs?action=feature_flag.create', { token: owner.token });
  expect(seen.body.data.map(({ metadata }: { metadata: object }) => metadata)).toEqual([(await entriesOf(answer))[0].metadata]);
});

test('a replayed request writes no entry', async () => {
  const headers = { 'idempotency-key': uniqueKey('key') };
  const body = { key: uniqueKey('flag'), default_value: true };
  const [first, second] = [
    await call('POST', '/v1/feature-flags', { token: platformAdmin.token, body, headers }),
    await call('POST', '/v1/feature-flags', { token: platformAdmin.token, body, headers }),
  ];
  expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
  expect([await actionsOf(first), await actionsOf(second)]).toEqual([['feature_flag.create'], []]);
});

test('if the audit entry cannot be written, the change is rolled back', async () => {
  await sql(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'full'; end $$`);
  await sql(
    `create trigger full_log before insert on audit_logs for each row when (new.action in ('feature_flag.create', 'ip_rule.create')) execute function refuse()`,
  );
  const key = uniqueKey('flag');
  const rule = { type: 'blocklist', cidr: '203.0.113.0/24' };
  const flag = await call('POST', '/v1/feature-flags', { token: platformAdmin.token, body: { key, default_value: true } });
  const made = await call('POST', '/v1/ip-rules', { token: owner.token, body: rule });
  await sql('drop trigger full_log on audit_logs');
  expect([flag.status, made.status]).toEqual([500, 500]);
  expect((await call('GET', `/v1/feature-flags/${key}`, { token: platformAdmin.token })).status).toBe(404);
  expect(await sql('select id from ip_rules where network = $1', [rule.cidr])).toEqual([]);
});

/** The whole log, as its readers see it. */
async function wholeLog(): Promise<string> {
  const texts: string[] = [];
  for (let offset = 0; ; offset += 200) {
    const { body, text } = await call('GET', `/v1/audit-logs?include=state&limit=200&offset=${offset}`, { token: platformAdmin.token });
    texts.push(text);
    if (offset + 200 >= body.total) return texts.join('\n');
  }
}

test('no entry contains a secret', async () => {
  const person = await signUp({ password: 'Canary-pass-1' });
  const { token } = person;
  const secrets = ['Canary-pass-1', token, person.cookie.split('=')[1]!];
  const keep = <T>(secret: T): T => {
    secrets.push(String(secret));
    return secret;
  };
  const must = async (method: string, path: string, body: object | undefined, by = token) => {
    const answer = await call(method, path, { token: by, ...(body && { body }) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  keep((await must('POST', '/v1/api-keys', { name: 'k' })).key);
  const hook = await must('POST', '/v1/webhook-endpoints', { url: `${app.url}/hook`, events: ['run.completed'] });
  keep(hook.signing_secret);
  keep((await must('POST', `/v1/webhook-endpoints/${hook.id}/rotate-secret`, undefined)).signing_secret);
  for (const value of ['Canary-smtp-1', 'Canary-smtp-2'])
    await must('PUT', '/v1/admin/platform-settings/email.smtp_pass', { value: keep(value) }, platformAdmin.token);
  const provider = { name: uniqueKey('p'), provider: 'openai', api_key: keep('sk-canary-provider-1') };
  const { id } = await must('POST', '/v1/llm-providers', provider);
  await must('PATCH', `/v1/llm-providers/${id}`, { api_key: keep('sk-canary-provider-2') });
  const { id: thread } = await must('POST', '/v1/threads', {});
  await must('POST', `/v1/threads/${thread}/messages`, { content: keep('Canary content of a message') });
  await must('POST', '/v1/me/password', { current_password: 'Canary-pass-1', new_password: keep('Canary-pass-2') });
  await call('POST', '/v1/auth/login', { body: { login: person.login, password: keep('Canary-pass-3') } });
  keep((await call('POST', '/v1/auth/login', { body: { login: person.login, password: 'Canary-pass-2' } })).body.access_token);

  const log = await wholeLog();
  expect(log).toContain(person.id);
  expect(secrets.filter((secret) => secret === 'undefined')).toEqual([]);
  for (const secret of secrets) expect(log).not.toContain(secret);
  expect(log).not.toMatch(/whsec_\w{8}|\bal_\w{8}|\beyJ[\w-]+\.[\w-]+\.|canary/i);
});
