import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { verifyAddressOf } from '../../support/credits/referrals.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp } = app;
const register = (more: object) => {
  const login = `invited-${randomBytes(5).toString('hex')}`;
  return call('POST', '/v1/auth/register', { body: { login, email: `${login}@example.test`, password: 'abc12345', ...more } });
};
const admin = await app.signUpAdmin();
const verify = (id: string) => verifyAddressOf(app, admin, { id });
const setFlag = (key: string, value: boolean) => sql('update feature_flags set default_value = $2 where key = $1', [key, value]);
const codeOf = async ({ id }: Pick<Person, 'id'>) =>
  (await sql('select code from invite_codes where user_id = $1 and is_active', [id]))[0].code as string;
const personalAccountOf = async (userId: string) =>
  (await sql(`select id from accounts where owner_user_id = $1 and type = 'personal'`, [userId]))[0].id;
const balanceOf = async (accountId: string) =>
  (await sql('select balance from credit_balances where account_id = $1', [accountId]))[0].balance;
const withRegistrationClosed = async (work: () => Promise<void>) => {
  await setFlag('registration.open', false);
  try {
    await work();
  } finally {
    await setFlag('registration.open', true);
  }
};

test('each new user has their own invite code', async () => {
  const codes = [await codeOf(await signUp()), await codeOf(await signUp())];
  expect(codes[0]).toMatch(/^[A-HJ-NP-Z2-9]{8}$/);
  expect(codes[0]).not.toBe(codes[1]);
});

test('an invited user is linked to the inviter, and both are credited when they have verified their addresses', () =>
  withRegistrationClosed(async () => {
    await setFlag('registration.open', true);
    const inviter = await signUp();
    await setFlag('registration.open', false);
    const code = await codeOf(inviter);
    const { status, body } = await register({ invite_code: ` ${code.slice(0, 4).toLowerCase()} ${code.slice(4)}\t` });
    expect([status, body.warning]).toEqual([201, null]);
    const home = await personalAccountOf(body.user_id);
    await verify(inviter.id);
    expect([await balanceOf(inviter.accountId), await balanceOf(home)]).toEqual([1_000, 1_000]);
    await verify(body.user_id);
    expect([await balanceOf(inviter.accountId), await balanceOf(home)]).toEqual([1_500, 1_200]);
    const [referral] = await sql('select * from referrals where invitee_user_id = $1', [body.user_id]);
    expect(referral).toMatchObject({ inviter_user_id: inviter.id, credited: true });
    const rows = await sql(
      `select account_id, type, amount, reference_id, metadata from credit_transactions where reference_type = 'referral' and reference_id = $1 order by amount desc`,
      [referral.id],
    );
    expect(rows).toEqual([
      { account_id: inviter.accountId, type: 'credit', amount: 500, reference_id: referral.id, metadata: { role: 'inviter' } },
      { account_id: home, type: 'credit', amount: 200, reference_id: referral.id, metadata: { role: 'invitee' } },
    ]);
    expect((await sql('select use_count from invite_codes where code = $1', [code]))[0].use_count).toBe(1);
    const entries = await sql(
      `select account_id, actor_user_id, target_type, target_id from audit_logs where action = 'referral.create' and target_id = $1`,
      [referral.id],
    );
    expect(entries).toEqual([{ account_id: home, actor_user_id: body.user_id, target_type: 'referral', target_id: referral.id }]);
    expect(await sql(`select id from audit_logs where action = 'user.register' and target_id = $1`, [body.user_id])).toHaveLength(1);
  }));

test('invite-only registration rejects missing and unusable codes, and leaves no rows behind', async () => {
  const inviter = await signUp();
  const code = await codeOf(inviter);
  await withRegistrationClosed(async () => {
    const users = async () => (await sql('select count(*)::int as n from users'))[0].n;
    const before = await users();
    for (const none of [undefined, null, '', '  '])
      expect([none, ...statusAndReason(await register({ invite_code: none }))]).toEqual([none, 400, 'invite_code_required']);
    for (const bad of ['NOSUCHCD', `${code}X`, code.slice(1), "' or 1=1"])
      expect([bad, ...statusAndReason(await register({ invite_code: bad }))]).toEqual([bad, 400, 'invite_code_invalid']);
    await sql('update invite_codes set is_active = false where code = $1', [code]);
    expect(statusAndReason(await register({ invite_code: code }))).toEqual([400, 'invite_code_invalid']);
    await sql('update invite_codes set is_active = true, max_uses = 2, use_count = 2 where code = $1', [code]);
    expect(statusAndReason(await register({ invite_code: code }))).toEqual([400, 'invite_code_invalid']);
    expect(await users()).toBe(before);
    expect(await balanceOf(inviter.accountId)).toBe(1_000);
  });
});

test('open registration accepts a bad invite code with a warning, and credits a good one', async () => {
  const inviter = await signUp();
  const bad = await register({ invite_code: 'NOSUCHCD' });
  expect([bad.status, bad.body.warning]).toEqual([201, expect.stringMatching(/invite code/)]);
  expect(await balanceOf(await personalAccountOf(bad.body.user_id))).toBe(1_000);
  const good = await register({ invite_code: await codeOf(inviter) });
  await verify(inviter.id);
  await verify(good.body.user_id);
  expect([good.body.warning, await balanceOf(inviter.accountId), await balanceOf(await personalAccountOf(good.body.user_id))]).toEqual([
    null,
    1_500,
    1_200,
  ]);
});

test('of parallel registrations with a single-use code, exactly one succeeds', async () => {
  const inviter = await signUp();
  const code = await codeOf(inviter);
  await sql('update invite_codes set max_uses = 1 where code = $1', [code]);
  await withRegistrationClosed(async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => register({ invite_code: code })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(400)]);
  });
  expect((await sql('select use_count from invite_codes where code = $1', [code]))[0].use_count).toBe(1);
  expect(await sql('select id from referrals where inviter_user_id = $1', [inviter.id])).toHaveLength(1);
});

test('invited users who verify their addresses at once are all credited', async () => {
  const inviter = await signUp();
  await verify(inviter.id);
  const code = await codeOf(inviter);
  const answers = await Promise.all(Array.from({ length: 6 }, () => register({ invite_code: code })));
  expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(201));
  await Promise.all(answers.map(({ body }) => verify(body.user_id)));
  expect(await balanceOf(inviter.accountId)).toBe(4_000);
});

test('a reward of zero or less writes no credit transaction', async () => {
  const inviter = await signUp();
  await verify(inviter.id);
  for (const nothing of [0, -5]) {
    await setPlatformSettings(app, { 'credit.invite_reward': nothing, 'credit.invitee_reward': nothing });
    const { body } = await register({ invite_code: await codeOf(inviter) });
    await verify(body.user_id);
    expect([body.warning, await balanceOf(await personalAccountOf(body.user_id))]).toEqual([null, 1_000]);
    expect((await sql('select credited from referrals where invitee_user_id = $1', [body.user_id]))[0].credited).toBe(false);
  }
  expect(await balanceOf(inviter.accountId)).toBe(1_000);
  await sql(`delete from platform_settings where key like 'credit.%'`);
});

test('while registration is disabled, an invite code does not help', async () => {
  const code = await codeOf(await signUp());
  await setFlag('registration.enabled', false);
  expect(statusAndReason(await register({ invite_code: code }))).toEqual([403, 'registration_disabled']);
  await setFlag('registration.enabled', true);
});
