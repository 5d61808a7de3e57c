import { expect, test } from 'vitest';
import { expectWithin } from '../../support/app/expectWithin.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { passkeyCalls } from '../../support/passkeys/passkeyCalls.ts';
import { enrol } from '../../support/resources/secondFactor.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' }, { worker: false });
const { call, sql, signUp, joinAccount } = app;
const { post, register, signIn, confirm, list } = passkeyCalls(app);

const missing = [403, 'second_factor_missing'];
const soon = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

/** A workspace with its owner and a member. */
async function workspace() {
  const [owner, member] = [await signUp(), await signUp()];
  const slug = `w-${owner.id.slice(-12)}`;
  const { id } = (await post('/v1/accounts', { slug, name: 'Workspace' }, owner.token)).body;
  await joinAccount(member, { ...owner, accountId: id });
  const set = (from: string | null, { token } = owner) =>
    call('PATCH', `/v1/accounts/${id}`, { token, body: { second_factor_required_from: from } });
  const threads = ({ token }: Pick<Person, 'token'>, method = 'GET') =>
    call(method, '/v1/threads', { token, headers: { 'x-account-id': id }, ...(method === 'POST' && { body: { title: 'x' } }) });
  return { id, owner, member, set, threads };
}

test('members without a second factor are refused from the date on, and let in with one', async () => {
  const { id, owner, member, set, threads } = await workspace();
  const made = await set(soon(3_600));
  expect([made.status, Date.parse(made.body.second_factor_required_from) > Date.now()]).toEqual([200, true]);
  expect((await threads(member)).status).toBe(200);

  expect((await set(soon(-1))).status).toBe(200);
  for (const person of [member, owner]) {
    for (const method of ['GET', 'POST']) expect(statusAndReason(await threads(person, method))).toEqual(missing);
    const { token } = person;
    const headers = { 'x-account-id': id };
    expect(statusAndReason(await call('GET', `/v1/accounts/${id}/members`, { token }))).toEqual(missing);
    expect(statusAndReason(await post('/v1/api-keys', { name: 'x' }, token, headers))).toEqual(missing);
    // What they need to set one up, and other accounts.
    expect((await call('GET', '/v1/me', { token, headers })).status).toBe(200);
    expect((await call('GET', '/v1/me/second-factor', { token, headers })).status).toBe(200);
    expect((await call('GET', '/v1/accounts/me', { token, headers })).status).toBe(200);
    expect((await call('GET', '/v1/threads', { token })).status).toBe(200);
  }
  await enrol(app, member);
  await enrol(app, owner);
  expect((await threads(member)).status).toBe(200);
  expect((await set(null)).body.second_factor_required_from).toBe(null);
  const entries = await sql(
    `select before_state, after_state from audit_logs where account_id = $1 and action = 'account.update' order by id desc limit 1`,
    [id],
  );
  expect(entries).toMatchObject([
    { before_state: { second_factor_required_from: expect.any(String) }, after_state: { second_factor_required_from: null } },
  ]);
});

test('a second factor that is turned off is missed at once', async () => {
  const { owner, set, threads } = await workspace();
  const { recoveryCodes } = await enrol(app, owner);
  await set(soon(0));
  expect((await threads(owner)).status).toBe(200);
  const body = { current_password: owner.password, code: recoveryCodes[0] };
  expect((await post('/v1/me/second-factor/disable', body, owner.token)).status).toBe(204);
  expect(statusAndReason(await threads(owner))).toEqual(missing);
});

test('a passkey lets in the sessions that it has opened or confirmed', async () => {
  const { member, set, threads } = await workspace();
  const { authenticator } = await register(member);
  await set(soon(0));
  expect(statusAndReason(await threads(member))).toEqual(missing);
  const { body } = await signIn(authenticator);
  expect((await threads({ token: body.access_token })).status).toBe(200);
  expect(statusAndReason(await threads(member))).toEqual(missing);
  expect((await confirm(member.token, authenticator)).status).toBe(204);
  expect((await threads(member)).status).toBe(200);

  // Without a passkey that is left, they have no second factor.
  const [{ id }] = await list(member.token);
  expect((await call('DELETE', `/v1/me/passkeys/${id}`, { token: member.token })).status).toBe(204);
  for (const token of [member.token, body.access_token]) expect(statusAndReason(await threads({ token }))).toEqual(missing);
});

test('API keys of the account keep working', async () => {
  const { id, member, set, threads } = await workspace();
  const { body } = await post('/v1/api-keys', { name: 'server' }, member.token, { 'x-account-id': id });
  await set(soon(0));
  expect((await threads({ token: body.key })).status).toBe(200);
  expect((await threads({ token: body.key }, 'POST')).status).toBe(201);
});

test('only members who may invite change it, and the list of members tells who lacks a second factor', async () => {
  const { id, owner, member, set } = await workspace();
  const outsider = await signUp();
  expect(statusAndReason(await set(soon(0), member))).toEqual([403, 'missing_permission']);
  expect((await set(soon(0), outsider)).status).toBe(404);
  for (const wrong of ['', 'tomorrow', 7, '2026-02-30T00:00:00Z'])
    expect([wrong, (await set(wrong as string)).status]).toEqual([wrong, 400]);
  const factors = async ({ token }: Person) =>
    new Map(
      (await call('GET', `/v1/accounts/${id}/members`, { token })).body.map((each: { user_id: string; second_factor: string | null }) => [
        each.user_id,
        each.second_factor,
      ]),
    );
  expect(await factors(owner)).toEqual(
    new Map([
      [owner.id, 'none'],
      [member.id, 'none'],
    ]),
  );
  await register(member);
  await enrol(app, owner);
  expect(await factors(owner)).toEqual(
    new Map([
      [owner.id, 'authenticator_app'],
      [member.id, 'passkey'],
    ]),
  );
});

test('a platform admin requires it of all users, and of those who visit other accounts', async () => {
  const platform = await startTestApp({}, { worker: false });
  const [admin, person] = [await platform.signUpAdmin(), await platform.signUp()];
  const key = '/v1/admin/platform-settings/auth.second_factor_required_from';
  const set = (value: string) => platform.call('PUT', key, { token: admin.token, body: { value } });
  expect((await set('tomorrow')).status).toBe(400);
  const headers = { 'x-account-id': person.accountId };
  const threads = (token: string) => platform.call('GET', '/v1/threads', { token });
  expect((await set('2026-01-31T09:30:00+01:00')).status).toBe(200);
  await expectWithin(10_000, async () => statusAndReason(await threads(person.token)), missing);
  expect(statusAndReason(await platform.call('GET', '/v1/admin/users', { token: admin.token }))).toEqual(missing);
  expect(statusAndReason(await platform.call('GET', `/v1/accounts/${person.accountId}`, { token: admin.token }))).toEqual(missing);
  expect((await platform.call('GET', '/v1/me', { token: person.token, headers })).status).toBe(200);
  await enrol(platform, admin);
  expect((await platform.call('DELETE', key, { token: admin.token })).status).toBe(204);
  await expectWithin(10_000, async () => (await threads(person.token)).status, 200);
});
