import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const { call, sql, signUp, signUpAdmin } = await sharedTestApp();
const admin = await signUpAdmin();
const issuer = () => `https://${randomUUID()}.example.test/realms/main`;
const at = (id = '') => `/v1/admin/identity-providers${id && `/${id}`}`;
const create = (body: object, by = admin) => call('POST', at(), { token: by.token, body: { name: 'SSO', client_id: 'c', ...body } });
const update = (id: string, body: object) => call('PATCH', at(id), { token: admin.token, body });

test('a provider has what was asked for, and its secret is stored encrypted and never shown', async () => {
  const url = issuer();
  const made = await create({
    issuer: url,
    client_secret: 'top secret value',
    scopes: ['email', 'email'],
    allowed_email_domains: ['B.test', 'a.test', 'b.test'],
  });
  expect(made.status).toBe(201);
  expect(made.body).toEqual({
    id: expect.any(String),
    name: 'SSO',
    issuer: url,
    client_id: 'c',
    has_client_secret: true,
    scopes: ['openid', 'email'],
    allowed_email_domains: ['a.test', 'b.test'],
    registers_users: false,
    internal_network: false,
    enabled: true,
    created_at: expect.any(String),
    updated_at: expect.any(String),
  });
  const { id } = made.body;
  const [row] = await sql(`select *, encode(client_secret_sealed, 'escape') as text from identity_providers where id = $1`, [id]);
  expect(JSON.stringify(row)).not.toContain('top secret');
  expect((await call('GET', at(id), { token: admin.token })).body).toEqual(made.body);
  const changed = await update(id, { name: 'Staff', client_secret: null });
  expect([changed.status, changed.body.name, changed.body.has_client_secret]).toEqual([200, 'Staff', false]);
  const audit = await sql(`select action, before_state, after_state, metadata from audit_logs where target_id = $1 order by id`, [id]);
  expect(audit.map(({ action }) => action)).toEqual(['identity_provider.create', 'identity_provider.update']);
  expect(audit[1]).toMatchObject({ before_state: { name: 'SSO', has_client_secret: true }, metadata: { client_secret_changed: true } });
  expect(JSON.stringify(audit)).not.toContain('top secret');
  expect((await call('DELETE', at(id), { token: admin.token })).status).toBe(204);
  expect((await call('GET', at(id), { token: admin.token })).status).toBe(404);
});

test('only platform admins see providers', async () => {
  const person = await signUp();
  const { id } = (await create({ issuer: issuer() })).body;
  for (const [method, path] of [
    ['GET', at()],
    ['GET', at(id)],
    ['DELETE', at(id)],
  ] as const)
    expect((await call(method, path, { token: person.token })).status).toBe(403);
  expect((await create({ issuer: issuer() }, person)).status).toBe(403);
});

test('issuers go through the rules of outbound requests, and the internal network must be chosen', async () => {
  for (const [url, reason] of [
    ['http://sso.example.test', 'insecure_scheme_denied'],
    ['https://10.0.0.1', 'private_ip_denied'],
    ['https://localhost', 'localhost_denied'],
    ['https://169.254.169.254/latest', 'private_ip_denied'],
    ['https://sso.example.test:22', 'port_denied'],
    ['https://user:pass@sso.example.test', 'userinfo_denied'],
    ['https://sso.example.test/?tenant=1', 'query_denied'],
    ['https://sso.example.test/#x', 'fragment_denied'],
  ])
    expect([url, statusAndReason(await create({ issuer: url }))]).toEqual([url, [400, reason]]);
  const internal = await create({ issuer: `http://10.0.0.1:8080/${randomUUID()}`, internal_network: true });
  expect(internal.status).toBe(201);
  // It cannot be moved out of the rules again.
  expect(statusAndReason(await update(internal.body.id, { internal_network: false }))[0]).toBe(400);
});

test('an issuer belongs to one provider, and a new one needs its secret again', async () => {
  const [one, two] = [issuer(), issuer()];
  const { id } = (await create({ issuer: one, client_secret: 'secret' })).body;
  expect(statusAndReason(await create({ issuer: one }))).toEqual([409, 'issuer_taken']);
  await create({ issuer: two });
  expect(statusAndReason(await update(id, { issuer: two, client_secret: 'other' }))).toEqual([409, 'issuer_taken']);
  expect(statusAndReason(await update(id, { issuer: issuer() }))).toEqual([400, 'client_secret_required']);
  expect((await update(id, { issuer: issuer(), client_secret: 'other' })).status).toBe(200);
});

test('of providers that get one issuer at the same time, one has it', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, async () => (await create({ issuer: issuer() })).body.id as string));
  const wanted = issuer();
  const answers = await Promise.all([...ids.map((id) => update(id, { issuer: wanted })), create({ issuer: wanted })]);
  expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
  for (const answer of answers.filter(({ status }) => status >= 300)) expect(statusAndReason(answer)).toEqual([409, 'issuer_taken']);
});

test('domains are checked one by one', async () => {
  const answer = await create({ issuer: issuer(), allowed_email_domains: ['ok.test', '@no.test', 'a b', '-x.test', '*.test'] });
  expect(statusAndReason(answer)).toEqual([400, 'invalid_domain']);
  expect(answer.body.details.issues.map(({ path }: { path: string }) => path)).toEqual(
    [1, 2, 3, 4].map((index) => `/allowed_email_domains/${index}`),
  );
});
