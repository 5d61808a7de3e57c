import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { concurrently, expectOne, tally } from '../../support/checks/race.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote } = app;
const [platformAdmin, member] = [await signUp(), await signUp()];
await promote(platformAdmin);

const keyOf = () => `flag-${randomBytes(6).toString('hex')}`;
const create = (body: object, token = platformAdmin.token) => call('POST', '/v1/feature-flags', { token, body });
const flag = (method: string, key: string, body?: object, token = platformAdmin.token) =>
  call(method, `/v1/feature-flags/${encodeURIComponent(key)}`, { token, ...(body && { body }) });
const setOverride = (key: string, { accountId }: Pick<Person, 'accountId'>, enabled: unknown) =>
  call('POST', `/v1/feature-flags/${key}/account-overrides`, { token: platformAdmin.token, body: { account_id: accountId, enabled } });
const overrides = async (key: string, query = '') =>
  call('GET', `/v1/feature-flags/${key}/account-overrides${query}`, { token: platformAdmin.token });
const deleteOverride = (key: string, accountId: string) =>
  call('DELETE', `/v1/feature-flags/${key}/account-overrides/${accountId}`, { token: platformAdmin.token });
const evaluated = async (key: string, { token }: Person): Promise<boolean> =>
  (await call('GET', '/v1/me/feature-flags', { token })).body[key];
const systemFlags = ['auth.require_email_verification', 'registration.enabled', 'registration.open'];

test('a flag is created, read by key, updated and deleted, and each change is audited', async () => {
  const key = `A.b-c_${randomBytes(4).toString('hex')}`;
  const { status, body: made } = await create({ key, description: 'Über', default_value: false });
  expect([status, made]).toEqual([
    201,
    {
      id: expect.any(String),
      key,
      description: 'Über',
      default_value: false,
      supports_account_overrides: true,
      created_at: expect.any(String),
    },
  ]);
  // Every octet may be percent-encoded (RFC 3986, section 2.3).
  const escaped = [...Buffer.from(key)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  expect((await call('GET', `/v1/feature-flags/${escaped}`, { token: platformAdmin.token })).body).toEqual(made);
  const changed = await flag('PATCH', key, { default_value: true });
  expect([changed.status, changed.body]).toEqual([200, { ...made, default_value: true }]);
  expect((await flag('PATCH', key, { description: '' })).body).toEqual({ ...made, default_value: true, description: '' });
  const removed = await flag('DELETE', key);
  expect([removed.status, removed.body, (await flag('GET', key)).status]).toEqual([200, { ok: true }, 404]);
  const told = await sql(
    'select action, account_id, before_state, after_state from audit_logs where target_id = $1 order by created_at, id',
    [made.id],
  );
  expect(told).toEqual([
    { action: 'feature_flag.create', account_id: null, before_state: null, after_state: made },
    { action: 'feature_flag.update', account_id: null, before_state: made, after_state: changed.body },
    { action: 'feature_flag.update', account_id: null, before_state: changed.body, after_state: { ...changed.body, description: '' } },
    { action: 'feature_flag.delete', account_id: null, before_state: { ...changed.body, description: '' }, after_state: null },
  ]);
});

test('invalid keys, values and changes are rejected', async () => {
  for (const key of ['', 'a/b', 'a b', '.a', '-a', '_a', 'ä', 'a\n', 'a:b', 'a%2fb', 'a'.repeat(129), null, 7])
    expect([key, issuesOf(await create({ key, default_value: true }))]).toEqual([key, [400, [['body', '/key']]]]);
  const key = 'a'.repeat(128);
  expect(issuesOf(await create({ key }))).toEqual([400, [['body', '/default_value']]]);
  for (const value of ['true', 1, null]) expect(issuesOf(await create({ key, default_value: value }))[0]).toBe(400);
  expect(issuesOf(await create({ key, default_value: true, description: 'x'.repeat(501) }))).toEqual([400, [['body', '/description']]]);
  expect((await create({ key, default_value: true, description: 'x'.repeat(500) })).status).toBe(201);
  for (const body of [{}, { default_value: null }, { description: null }, { key: 'b' }, { supports_account_overrides: false }])
    expect((await flag('PATCH', key, body)).status).toBe(400);
  expect((await call('GET', '/v1/feature-flags/a%20b', { token: platformAdmin.token })).status).toBe(400);
  expect(issuesOf(await setOverride(key, { accountId: 'mine' }, true))).toEqual([400, [['body', '/account_id']]]);
  expect(issuesOf(await setOverride(key, member, 'yes'))).toEqual([400, [['body', '/enabled']]]);
  expect(statusAndReason(await setOverride(key, { accountId: randomUUID() }, true))).toEqual([404, 'account_not_found']);
});

test('of parallel creations of one flag, exactly one succeeds', async () => {
  for (let round = 0; round < 10; round++) {
    const key = keyOf();
    expectOne(await concurrently(6, (at) => create({ key, default_value: at % 2 === 0 })), '201', '409 flag_exists');
  }
  for (const key of systemFlags) expect(statusAndReason(await create({ key, default_value: true }))).toEqual([409, 'flag_exists']);
});

test('all flags are listed by key, on one page', async () => {
  for (const key of ['zz', 'Zz', 'z.z', 'z-z', 'z_z']) await create({ key, default_value: true });
  const { body, headers } = await call('GET', '/v1/feature-flags', { token: platformAdmin.token });
  const keys = body.map((each: { key: string }) => each.key);
  expect([keys, headers.get('link')]).toEqual([keys.toSorted(), null]);
  expect(keys).toEqual(expect.arrayContaining([...systemFlags, 'Zz', 'zz']));
});

test('an account has its override or else the default, from the next request on', async () => {
  const [key, a, b] = [keyOf(), await signUp(), await signUp()];
  const { id } = (await create({ key, default_value: false })).body;
  expect([await evaluated(key, a), await evaluated(key, b)]).toEqual([false, false]);
  const set = await setOverride(key, a, true);
  expect([set.status, set.body]).toEqual([201, { account_id: a.accountId, flag_key: key, enabled: true, created_at: expect.any(String) }]);
  expect([await evaluated(key, a), await evaluated(key, b)]).toEqual([true, false]);
  const again = await setOverride(key, a, true);
  expect([again.status, again.body]).toEqual([200, set.body]);
  expect((await deleteOverride(key, a.accountId)).body).toEqual({ ok: true });
  expect([await evaluated(key, a), (await deleteOverride(key, a.accountId)).status]).toEqual([false, 404]);
  expect((await setOverride(key, a, false)).status).toBe(201);
  await flag('PATCH', key, { default_value: true });
  expect([await evaluated(key, a), await evaluated(key, b)]).toEqual([false, true]);
  const told = await sql(
    'select action, account_id, before_state, after_state from audit_logs where target_id = $1 and account_id is not null order by created_at, id',
    [id],
  );
  expect(
    told.map(({ action, account_id: account, before_state: before, after_state: after }) => [
      action,
      account,
      before?.enabled,
      after?.enabled,
    ]),
  ).toEqual([
    ['feature_flag.account_override_set', a.accountId, undefined, true],
    ['feature_flag.account_override_set', a.accountId, true, true],
    ['feature_flag.account_override_delete', a.accountId, true, undefined],
    ['feature_flag.account_override_set', a.accountId, undefined, false],
  ]);
});

test('an account has one override per flag, also in parallel requests', async () => {
  const key = keyOf();
  await create({ key, default_value: false });
  for (let round = 0; round < 10; round++) {
    const { accountId } = member;
    expect(tally(await concurrently(6, (at) => setOverride(key, member, at % 2 === 0)))).toEqual({ '201': 1, '200': 5 });
    expect((await overrides(key)).body).toHaveLength(1);
    expectOne(await concurrently(3, () => deleteOverride(key, accountId)), '200', '404');
  }
});

test('deleting a flag deletes its overrides', async () => {
  const key = keyOf();
  await create({ key, default_value: false });
  await setOverride(key, member, true);
  expect((await flag('DELETE', key)).status).toBe(200);
  for (const answer of [
    await setOverride(key, member, true),
    await overrides(key),
    await deleteOverride(key, member.accountId),
    await flag('DELETE', key),
  ])
    expect([answer.status, answer.body.details]).toEqual([404, {}]);
  expect((await flag('PATCH', key, {})).status).toBe(404);
  expect(await evaluated(key, member)).toBeUndefined();
  expect((await create({ key, default_value: false })).status).toBe(201);
  expect([(await overrides(key)).body, await evaluated(key, member)]).toEqual([[], false]);
});

test('an override set while its flag is deleted is not left behind', async () => {
  for (let round = 0; round < 10; round++) {
    const key = keyOf();
    await create({ key, default_value: false });
    const [set, removed] = await Promise.all([setOverride(key, member, true), flag('DELETE', key)]);
    expect([set.status, removed.status]).toEqual([expect.toBeOneOf([201, 404]), 200]);
  }
  expect(await sql('select count(*)::int as n from feature_flag_overrides where account_id = $1', [member.accountId])).toEqual([{ n: 0 }]);
});

test('system flags cannot be deleted or overridden, and take effect', async () => {
  for (const key of systemFlags) {
    expect(statusAndReason(await flag('DELETE', key))).toEqual([409, 'system_flag']);
    const refused = await setOverride(key, member, true);
    expect([statusAndReason(refused), issuesOf(refused)[1]]).toEqual([[400, 'overrides_not_supported'], [['path', 'key']]]);
    expect((await flag('GET', key)).body.supports_account_overrides).toBe(false);
  }
  const { body: mine } = await call('GET', '/v1/me/invite-code', { token: member.token });
  const register = async (more: object = {}) => {
    const login = keyOf();
    return statusAndReason(
      await call('POST', '/v1/auth/register', { body: { login, email: `${login}@example.test`, password: 'Passw0rd-1', ...more } }),
    );
  };
  const mode = async () => (await call('GET', '/v1/auth/registration-mode')).body.mode;
  await flag('PATCH', 'registration.open', { default_value: false });
  expect([await mode(), await register()]).toEqual(['invite_only', [400, 'invite_code_required']]);
  expect(await register({ invite_code: mine.code })).toEqual([201, undefined]);
  await flag('PATCH', 'registration.enabled', { default_value: false });
  expect([await mode(), await register({ invite_code: mine.code })]).toEqual(['disabled', [403, 'registration_disabled']]);
  for (const key of ['registration.enabled', 'registration.open']) await flag('PATCH', key, { default_value: true });
  expect([await mode(), await register()]).toEqual(['open', [201, undefined]]);
  await flag('PATCH', 'auth.require_email_verification', { default_value: true });
  expect((await call('GET', '/v1/me', { token: member.token })).body.email_verification_required).toBe(true);
  await flag('PATCH', 'auth.require_email_verification', { default_value: false });
});

test('only platform admins can use flags', async () => {
  const key = keyOf();
  await create({ key, default_value: false });
  const paths = ['', `/${key}`, `/${key}/account-overrides`, `/${keyOf()}`, `/${keyOf()}/account-overrides`];
  for (const path of paths)
    expect(statusAndReason(await call('GET', `/v1/feature-flags${path}`, { token: member.token }))).toEqual([403, 'missing_permission']);
  expect(statusAndReason(await create({ key: keyOf(), default_value: true }, member.token))).toEqual([403, 'missing_permission']);
  expect(statusAndReason(await flag('PATCH', key, {}, member.token))).toEqual([403, 'missing_permission']);
  // An unknown flag returns 404 before the body is validated.
  expect((await setOverride(keyOf(), { accountId: 'nonsense' }, 7)).status).toBe(404);
});
