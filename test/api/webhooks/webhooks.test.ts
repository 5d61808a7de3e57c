import { beforeAll, expect, test } from 'vitest';
import { WebhookEndpoint, WebhookEndpointWithSecret } from '../../../contract/webhooks.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { everyRow } from '../../support/checks/everyRow.ts';
import { concurrently, tally } from '../../support/checks/race.ts';
import { base, usual, webhookCalls } from '../../support/resources/webhookCalls.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

let app: TestApp;
let owner: Person;

beforeAll(async () => {
  app = await startTestApp({ ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '0' }, { worker: false });
  owner = await app.signUp();
});

const { create, made, change, read, entries } = webhookCalls(() => app);
const rotate = ({ token }: Person, id: string, body: object = {}) => app.call('POST', `${base}/${id}/rotate-secret`, { token, body });

test('the secret is returned only on creation and rotation', async () => {
  const { status, body, headers } = await create(owner, {
    url: 'HTTPS://Hooks.Example.COM:443/in?a=ü',
    events: ['run.failed', 'run.failed'],
  });
  expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
  expect(WebhookEndpointWithSecret.parse(body)).toEqual(body);
  const { signing_secret: secret, ...rest } = body;
  expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
  expect(rest).toMatchObject({
    url: 'https://hooks.example.com/in?a=%C3%BC',
    events: ['run.failed'],
    enabled: true,
    disabled_reason: null,
  });
  expect(rest).toMatchObject({ account_id: owner.accountId, secret_prefix: secret.slice(0, 10), previous_secret_expires_at: null });
  const changed = await change(owner, body.id, { events: ['run.completed', 'run.cancelled'] });
  expect(changed).toMatchObject({ status: 200, body: { ...rest, events: ['run.completed', 'run.cancelled'] } });
  const [one, list] = await Promise.all([read(owner, `/${body.id}`), read(owner)]);
  expect(list.body).toEqual([one.body]);
  expect(WebhookEndpoint.strict().parse(one.body)).toEqual(changed.body);
  for (const { text } of [changed, one, list]) expect(text).not.toContain(secret.slice(10));
  const before = Date.now();
  const { status: rotated, body: next } = await rotate(owner, body.id, { grace_period_seconds: 60 });
  expect([rotated, next.signing_secret === secret]).toEqual([200, false]);
  expect(Date.parse(next.previous_secret_expires_at)).toBeGreaterThanOrEqual(before + 60_000);
});

test('the secret is never stored in plain text, also not in idempotent responses', async () => {
  const headers = { 'idempotency-key': 'make-it-once' };
  const first = await create(owner, usual, headers);
  const second = await create(owner, usual, headers);
  expect([first.status, second.status, second.headers.get('idempotent-replayed')]).toEqual([201, 201, 'true']);
  expect(second.body).toEqual(first.body);
  const { body: rotated } = await rotate(owner, first.body.id);
  const client = await app.database.pool.connect();
  const traces = await everyRow(client as never).finally(() => client.release());
  for (const secret of [first.body.signing_secret, rotated.signing_secret]) {
    const bytes = Buffer.from(secret.slice(6), 'base64');
    const spellings = [
      secret.slice(10),
      bytes.toString('hex'),
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret).toString('base64'),
    ];
    expect(traces.filter(({ text }) => spellings.some((spelling) => text.includes(spelling)))).toEqual([]);
  }
});

test.each([
  ['http://hooks.example.com/', 'insecure_scheme_denied'],
  ['https://127.0.0.1', 'private_ip_denied'],
  ['https://2130706433', 'private_ip_denied'],
  ['https://0x7f.1/', 'private_ip_denied'],
  ['https://017700000001', 'private_ip_denied'],
  ['https://[::ffff:10.0.0.1]', 'private_ip_denied'],
  ['https://[::1]:8443/', 'private_ip_denied'],
  ['https://169.254.169.254/latest/meta-data', 'private_ip_denied'],
  ['https://198.18.0.1/', 'private_ip_denied'],
  ['https://localhost.', 'localhost_denied'],
  ['https://a.localhost/', 'localhost_denied'],
  ['http://localhost/', 'insecure_scheme_denied'],
  ['https://user@host/', 'userinfo_denied'],
  ['https://host/#part', 'fragment_denied'],
  ['ftp://host/', 'unsupported_scheme'],
  ['https:///path', 'missing_hostname'],
  ['hooks.example.com/in', 'invalid_url'],
  ['', 'invalid_url'],
])('the URL %j is rejected: %s', async (url, why) => {
  const { id } = (await read(owner)).body[0];
  for (const { status, body } of [await create(owner, { ...usual, url }), await change(owner, id, { url })]) {
    expect([status, body.details.reason]).toEqual([400, why]);
    expect(body.details.issues).toMatchObject([{ path: '/url' }]);
  }
});

test('invalid bodies are rejected', async () => {
  const { id } = (await read(owner)).body[0];
  const long = `https://hooks.example.com/${'a'.repeat(2_048 - 26)}`;
  const wrong = [
    { url: usual.url },
    { events: usual.events },
    { ...usual, events: [] },
    { ...usual, events: ['run.done'] },
    { ...usual, events: 'run.failed' },
    { ...usual, enabled: true },
    { ...usual, url: `${long}a` },
    { ...usual, url: `https://hooks.example.com/${'ü'.repeat(1_000)}` },
    { ...usual, url: 7 },
  ];
  for (const body of wrong) expect([body, (await create(owner, body)).status]).toEqual([body, 400]);
  for (const body of [{}, { enabled: null }, { enabled: 'yes' }, { events: [] }, { events: ['run.done'] }, { secret: 'whsec_x' }])
    expect([body, (await change(owner, id, body)).status]).toEqual([body, 400]);
  for (const seconds of [-1, 86_401, 1.5, '60', true])
    expect([seconds, (await rotate(owner, id, { grace_period_seconds: seconds })).status]).toEqual([seconds, 400]);
  expect((await create(owner, { ...usual, url: long })).body.url).toBe(long);
});

test('an account has at most 20 endpoints, also when they are created in parallel', async () => {
  const person = await app.signUp();
  const answers = await concurrently(25, () => create(person));
  expect(tally(answers)).toEqual({ '201': 20, '409 endpoint_limit': 5 });
  const [{ id }] = (await read(person)).body;
  expect(await app.call('DELETE', `${base}/${id}`, { token: person.token })).toMatchObject({ status: 200, body: { ok: true } });
  expect((await create(person)).status).toBe(201);
  const [page, all] = [await read(person, '?limit=15'), await read(person)];
  expect([page.body.length, all.body.length]).toEqual([15, 20]);
  const rest = await read(person, `?before=${page.headers.get('x-next-cursor')}`);
  expect([...page.body, ...rest.body]).toEqual(all.body);
});

test('members without the permission get 403, admins and API keys with it do not', async () => {
  const [member, admin] = [await app.signUp(), await app.signUp()];
  const { id } = await made(owner);
  await app.joinAccount(member, owner);
  await app.joinAccount(admin, owner, 'admin');
  const inOwners = { 'x-account-id': owner.accountId };
  const asked = (token: string) =>
    Promise.all([
      app.call('GET', base, { token, headers: inOwners }),
      app.call('GET', `${base}/${id}/deliveries`, { token, headers: inOwners }),
      app.call('POST', `${base}/${id}/rotate-secret`, { token, headers: inOwners, body: {} }),
    ]);
  expect((await asked(member.token)).map(({ status }) => status)).toEqual([403, 403, 403]);
  expect((await asked(admin.token)).map(({ status }) => status)).toEqual([200, 200, 200]);
  const key = async (scopes: string[]) =>
    (await app.call('POST', '/v1/api-keys', { token: owner.token, body: { name: 'hooks', scopes } })).body.key;
  expect((await asked(await key(['data.webhooks.manage']))).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await asked(await key(['data.threads.read']))).map(({ status }) => status)).toEqual([403, 403, 403]);
});

test('each change is audited without the secret', async () => {
  const person = await app.signUp();
  const { id, signing_secret: secret } = await made(person);
  await change(person, id, { enabled: false, events: ['run.failed'] });
  const { body: rotated } = await rotate(person, id, { grace_period_seconds: 0 });
  expect(rotated.previous_secret_expires_at).toBeNull();
  await app.call('DELETE', `${base}/${id}`, { token: person.token });
  const log = await entries(id);
  expect(log.map(({ action }) => action)).toEqual(
    ['create', 'update', 'rotate_secret', 'delete'].map((verb) => `webhook_endpoint.${verb}`),
  );
  for (const { actor_user_id: actor } of log) expect(actor).toBe(person.id);
  const text = JSON.stringify(log);
  for (const each of [secret, rotated.signing_secret]) expect(text).not.toContain(each.slice(6));
});
