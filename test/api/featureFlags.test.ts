import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { atOnce, expectOne, tally } from '../setup/race.ts';
import { reason } from '../setup/sessions.ts';
import { issuesOf } from '../setup/walk.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const { call, sql, signUp, promote } = world;
const [chief, member] = [await signUp(), await signUp()];
await promote(chief);

const keyOf = () => `flag-${randomBytes(6).toString('hex')}`;
const create = (body: object, token = chief.token) => call('POST', '/v1/feature-flags', { token, body });
const flag = (method: string, key: string, body?: object, token = chief.token) =>
  call(method, `/v1/feature-flags/${encodeURIComponent(key)}`, { token, ...(body && { body }) });
const override = (key: string, { accountId }: Pick<Person, 'accountId'>, enabled: unknown) =>
  call('POST', `/v1/feature-flags/${key}/account-overrides`, { token: chief.token, body: { account_id: accountId, enabled } });
const overrides = async (key: string, query = '') =>
  call('GET', `/v1/feature-flags/${key}/account-overrides${query}`, { token: chief.token });
const drop = (key: string, accountId: string) =>
  call('DELETE', `/v1/feature-flags/${key}/account-overrides/${accountId}`, { token: chief.token });
const evaluated = async (key: string, { token }: Person): Promise<boolean> =>
  (await call('GET', '/v1/me/feature-flags', { token })).body[key];
const seeded = ['auth.require_email_verification', 'registration.enabled', 'registration.open'];

test('a flag is made, read under its key, changed and removed, and each change is told', async () => {
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
  // Every octet may be written as an escape (RFC 3986, 2.3).
  const escaped = [...Buffer.from(key)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  expect((await call('GET', `/v1/feature-flags/${escaped}`, { token: chief.token })).body).toEqual(made);
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

test('what is no key, no value or no change is refused', async () => {
  for (const key of ['', 'a/b', 'a b', '.a', '-a', '_a', 'ä', 'a\n', 'a:b', 'a%2fb', 'a'.repeat(129), null, 7])
    expect([key, issuesOf(await create({ key, default_value: true }))]).toEqual([key, [400, [['body', '/key']]]]);
  const key = 'a'.repeat(128);
  expect(issuesOf(await create({ key }))).toEqual([400, [['body', '/default_value']]]);
  for (const value of ['true', 1, null]) expect(issuesOf(await create({ key, default_value: value }))[0]).toBe(400);
  expect(issuesOf(await create({ key, default_value: true, description: 'x'.repeat(501) }))).toEqual([400, [['body', '/description']]]);
  expect((await create({ key, default_value: true, description: 'x'.repeat(500) })).status).toBe(201);
  for (const body of [{}, { default_value: null }, { description: null }, { key: 'b' }, { supports_account_overrides: false }])
    expect((await flag('PATCH', key, body)).status).toBe(400);
  expect((await call('GET', '/v1/feature-flags/a%20b', { token: chief.token })).status).toBe(400);
  expect(issuesOf(await override(key, { accountId: 'mine' }, true))).toEqual([400, [['body', '/account_id']]]);
  expect(issuesOf(await override(key, member, 'yes'))).toEqual([400, [['body', '/enabled']]]);
  expect(reason(await override(key, { accountId: randomUUID() }, true))).toEqual([404, 'account_not_found']);
});

test('of many who make one flag at once one does', async () => {
  for (let round = 0; round < 10; round++) {
    const key = keyOf();
    expectOne(await atOnce(6, (at) => create({ key, default_value: at % 2 === 0 })), '201', '409 flag_exists');
  }
  for (const key of seeded) expect(reason(await create({ key, default_value: true }))).toEqual([409, 'flag_exists']);
});

test('all flags are listed by key, whatever is asked for in pages', async () => {
  for (const key of ['zz', 'Zz', 'z.z', 'z-z', 'z_z']) await create({ key, default_value: true });
  const { body, headers } = await call('GET', '/v1/feature-flags?limit=1', { token: chief.token });
  const keys = body.map((each: { key: string }) => each.key);
  expect([keys, headers.get('link')]).toEqual([keys.toSorted(), null]);
  expect(keys).toEqual(expect.arrayContaining([...seeded, 'Zz', 'zz']));
});

test('an account has its override, or else the default, from the next request on', async () => {
  const [key, a, b] = [keyOf(), await signUp(), await signUp()];
  const { id } = (await create({ key, default_value: false })).body;
  expect([await evaluated(key, a), await evaluated(key, b)]).toEqual([false, false]);
  const set = await override(key, a, true);
  expect([set.status, set.body]).toEqual([201, { account_id: a.accountId, flag_key: key, enabled: true, created_at: expect.any(String) }]);
  expect([await evaluated(key, a), await evaluated(key, b)]).toEqual([true, false]);
  const again = await override(key, a, true);
  expect([again.status, again.body]).toEqual([200, set.body]);
  expect((await drop(key, a.accountId)).body).toEqual({ ok: true });
  expect([await evaluated(key, a), (await drop(key, a.accountId)).status]).toEqual([false, 404]);
  expect((await override(key, a, false)).status).toBe(201);
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

test('an account has one override of a flag, however many are set or taken away at once', async () => {
  const key = keyOf();
  await create({ key, default_value: false });
  for (let round = 0; round < 10; round++) {
    const { accountId } = member;
    expect(tally(await atOnce(6, (at) => override(key, member, at % 2 === 0)))).toEqual({ '201': 1, '200': 5 });
    expect((await overrides(key)).body).toHaveLength(1);
    expectOne(await atOnce(3, () => drop(key, accountId)), '200', '404');
  }
});

test('a flag goes with its overrides, and comes back without', async () => {
  const key = keyOf();
  await create({ key, default_value: false });
  await override(key, member, true);
  expect((await flag('DELETE', key)).status).toBe(200);
  for (const answer of [
    await override(key, member, true),
    await overrides(key),
    await drop(key, member.accountId),
    await flag('DELETE', key),
  ])
    expect([answer.status, answer.body.details]).toEqual([404, {}]);
  expect((await flag('PATCH', key, {})).status).toBe(404);
  expect(await evaluated(key, member)).toBeUndefined();
  expect((await create({ key, default_value: false })).status).toBe(201);
  expect([(await overrides(key)).body, await evaluated(key, member)]).toEqual([[], false]);
});

test('an override that is set while its flag is removed is not left behind', async () => {
  for (let round = 0; round < 10; round++) {
    const key = keyOf();
    await create({ key, default_value: false });
    const [set, removed] = await Promise.all([override(key, member, true), flag('DELETE', key)]);
    expect([set.status, removed.status]).toEqual([expect.toBeOneOf([201, 404]), 200]);
  }
  expect(await sql('select count(*)::int as n from feature_flag_overrides where account_id = $1', [member.accountId])).toEqual([{ n: 0 }]);
});

test('the flags of the platform stay, are the same for all accounts, and do what they say', async () => {
  for (const key of seeded) {
    expect(reason(await flag('DELETE', key))).toEqual([409, 'system_flag']);
    const refused = await override(key, member, true);
    expect([reason(refused), issuesOf(refused)[1]]).toEqual([[400, 'overrides_not_supported'], [['path', 'key']]]);
    expect((await flag('GET', key)).body.supports_account_overrides).toBe(false);
  }
  const { body: mine } = await call('GET', '/v1/me/invite-code', { token: member.token });
  const register = async (more: object = {}) => {
    const login = keyOf();
    return reason(
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

test('flags are for admins of the platform alone', async () => {
  const key = keyOf();
  await create({ key, default_value: false });
  const paths = ['', `/${key}`, `/${key}/account-overrides`, `/${keyOf()}`, `/${keyOf()}/account-overrides`];
  for (const path of paths)
    expect(reason(await call('GET', `/v1/feature-flags${path}`, { token: member.token }))).toEqual([403, 'missing_permission']);
  expect(reason(await create({ key: keyOf(), default_value: true }, member.token))).toEqual([403, 'missing_permission']);
  expect(reason(await flag('PATCH', key, {}, member.token))).toEqual([403, 'missing_permission']);
  // What is wrong with a body is not told of a flag that is not there.
  expect((await override(keyOf(), { accountId: 'nonsense' }, 7)).status).toBe(404);
});
