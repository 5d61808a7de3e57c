import { beforeAll, expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { concurrently, expectOne, rowCounter } from '../../support/checks/race.ts';
import { checkedBalance } from '../../support/credits/credits.ts';
import { verifyAddressOf } from '../../support/credits/referrals.ts';
import { issuesOf } from '../../support/http/responses.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote } = app;
const count = rowCounter(app);
const admin = await signUp();
beforeAll(() => promote(admin));

const list = (query = '') => call('GET', `/v1/admin/referrals${query}`, { token: admin.token });
const codeOf = async ({ token }: Person): Promise<string> => (await call('GET', '/v1/me/invite-code', { token })).body.code;
const verify = (person: Pick<Person, 'id'>) => verifyAddressOf(app, admin, person);
/** A verified user who has registered with the code of an inviter, who is verified too. */
async function invitedBy(inviter: Person) {
  await verify(inviter);
  const invitee = await signUp({ invite_code: await codeOf(inviter) });
  await verify(invitee);
  return invitee;
}
const credits = async ({ token }: Person) => (await call('GET', '/v1/me/credits', { token })).body;
const register = (login: string, code: string) =>
  call('POST', '/v1/auth/register', { body: { login, email: `${login}@example.test`, password: 'Passw0rd-1', invite_code: code } });
const setting = (key: string, value: string) => call('PUT', `/v1/admin/platform-settings/${key}`, { token: admin.token, body: { value } });

test('a referral credits the inviter 500 and the new account 1200 in all, with ledger entries', async () => {
  const inviter = await signUp();
  const invitee = await invitedBy(inviter);
  const [referral] = (await list(`?inviter_user_id=${inviter.id}`)).body;
  const [mine, theirs] = [await credits(inviter), await credits(invitee)];
  expect([mine.balance, theirs.balance]).toEqual([1_500, 1_200]);
  expect(mine.transactions[0]).toMatchObject({
    amount: 500,
    reference_type: 'referral',
    reference_id: referral.id,
    metadata: { role: 'inviter' },
  });
  const causes = theirs.transactions.map(({ reference_type: cause, amount, metadata }: never) => [cause, amount, metadata]);
  expect(causes.sort()).toEqual([
    ['initial_grant', 1_000, null],
    ['referral', 200, { role: 'invitee' }],
  ]);
});

test('of ten parallel registrations with a single-use code one succeeds and the others leave no rows', async () => {
  const inviter = await signUp();
  const code = await codeOf(inviter);
  await sql('update invite_codes set max_uses = 1 where code = $1', [code]);
  await sql(`update feature_flags set default_value = false where key = 'registration.open'`);
  const answers = await concurrently(10, (at) => register(`racer-${at}`, code));
  await sql(`update feature_flags set default_value = true where key = 'registration.open'`);
  const { body } = expectOne(answers, '201', '400 invite_code_invalid');
  await verify(inviter);
  await verify({ id: body.user_id });
  expect((await sql('select use_count from invite_codes where code = $1', [code]))[0].use_count).toBe(1);
  const [referral, ...more] = (await list(`?inviter_user_id=${inviter.id}`)).body;
  expect([referral.invitee_user_id, referral.credited, more]).toEqual([body.user_id, true, []]);
  const paid = await sql(`select amount from credit_transactions where reference_type = 'referral' and reference_id = $1 order by 1`, [
    referral.id,
  ]);
  expect(paid.map(({ amount }) => amount)).toEqual([200, 500]);
  expect(await checkedBalance(app, inviter.accountId)).toBe(1_500);
  expect(await count(`credentials where login like 'racer-%'`)).toBe(1);
  expect(await count(`users where username like 'racer-%'`)).toBe(1);
  expect(await count(`accounts where name like 'racer-%'`)).toBe(1);
});

test('a referral is listed with both logins, which become null when a user is deleted', async () => {
  const inviter = await signUp();
  const invitee = await invitedBy(inviter);
  const [{ id: codeId }] = await sql('select id from invite_codes where user_id = $1', [inviter.id]);
  const listed = async () => (await list(`?inviter_user_id=${inviter.id}`)).body;
  const referral = {
    id: expect.any(String),
    inviter_user_id: inviter.id,
    invitee_user_id: invitee.id,
    invite_code_id: codeId,
    credited: true,
    created_at: expect.any(String),
    inviter_login: inviter.login,
    invitee_login: invitee.login,
  };
  expect(await listed()).toEqual([referral]);
  await sql(`update users set status = 'deleted' where id = $1`, [invitee.id]);
  expect(await listed()).toEqual([{ ...referral, invitee_login: null }]);
  expect((await list('?limit=1')).body).toEqual(await listed());
  expect((await list('?inviter_user_id=01990000-0000-7000-8000-00000000ffff')).status).toBe(404);
  expect((await list(`?inviter_user_id=${invitee.id}`)).body).toEqual([]);
  expect(issuesOf(await list('?inviter_user_id=nobody'))).toEqual([400, [['query', 'inviter_user_id']]]);
});

test('pages of one inviter have all referrals, newest first, with `before` or `cursor`', async () => {
  const [inviter, other] = [await signUp(), await signUp()];
  const invitees: string[] = [];
  for (let at = 0; at < 4; at++) {
    invitees.unshift((await invitedBy(inviter)).id);
    await invitedBy(other);
  }
  const filter = `?inviter_user_id=${inviter.id}&limit=1`;
  for (const name of ['before', 'cursor']) {
    const seen: string[] = [];
    for (let query: string | undefined = filter; query;) {
      const page = await list(query);
      seen.push(...page.body.map((row: { invitee_user_id: string }) => row.invitee_user_id));
      const next: string | null = page.headers.get('x-next-cursor');
      query = next ? `${filter}&${name}=${next}` : undefined;
    }
    expect(seen).toEqual(invitees);
  }
  const next = (await list(filter)).headers.get('x-next-cursor');
  expect((await list(`?limit=1&cursor=${next}`)).status).toBe(400);
  const foreign = `${next}A`;
  expect(issuesOf(await list(`${filter}&cursor=${next}&before=${foreign}`))).toEqual([400, [['query', 'cursor']]]);
});

test('rewards follow the current settings, and a reward of zero or less writes no transaction', async () => {
  const inviter = await signUp();
  await setting('credit.invite_reward', '7');
  await setting('credit.invitee_reward', '0');
  const invitee = await invitedBy(inviter);
  expect([await checkedBalance(app, inviter.accountId), await checkedBalance(app, invitee.accountId)]).toEqual([1_007, 1_000]);
  await setting('credit.invite_reward', '-1');
  await setting('credit.invitee_reward', '9');
  const next = await invitedBy(inviter);
  expect([await checkedBalance(app, inviter.accountId), await checkedBalance(app, next.accountId)]).toEqual([1_007, 1_009]);
  const referrals = (await list(`?inviter_user_id=${inviter.id}`)).body;
  expect(referrals.map(({ credited }: { credited: boolean }) => credited)).toEqual([false, true]);
  for (const key of ['credit.invite_reward', 'credit.invitee_reward'])
    await call('DELETE', `/v1/admin/platform-settings/${key}`, { token: admin.token });
});

test('an inviter with the maximum balance is not credited, and the registration succeeds', async () => {
  const inviter = await signUp();
  await sql('update credit_balances set balance = 9007199254740600 where account_id = $1', [inviter.accountId]);
  const invitee = await invitedBy(inviter);
  expect(await checkedBalance(app, invitee.accountId)).toBe(1_200);
  expect((await list(`?inviter_user_id=${inviter.id}`)).body).toMatchObject([{ invitee_user_id: invitee.id, credited: false }]);
  const [{ balance }] = await sql('select balance from credit_balances where account_id = $1', [inviter.accountId]);
  expect(balance).toBe(9_007_199_254_740_600);
});

test('a registration that fails after the use of a code leaves no user and no use', async () => {
  const inviter = await signUp();
  const code = await codeOf(inviter);
  await sql(`alter table referrals add constraint refused check (inviter_user_id <> '${inviter.id}')`);
  expect((await register('half-made', code)).status).toBe(500);
  await sql('alter table referrals drop constraint refused');
  expect(await count(`credentials where login = 'half-made'`)).toBe(0);
  expect((await sql('select use_count from invite_codes where code = $1', [code]))[0].use_count).toBe(0);
  expect((await register('half-made', code)).body.warning).toBeNull();
  expect(await checkedBalance(app, inviter.accountId)).toBe(1_000);
});

test('database constraints prevent a second referral, a second reward and inviting oneself', async () => {
  const inviter = await signUp();
  const invitee = await invitedBy(inviter);
  const [{ id, invite_code_id: codeId }] = (await list(`?inviter_user_id=${inviter.id}`)).body;
  const again = (a: Person, b: Person) =>
    sql('insert into referrals (id, inviter_user_id, invitee_user_id, invite_code_id) values (gen_random_uuid(), $1, $2, $3)', [
      a.id,
      b.id,
      codeId,
    ]);
  await expect(again(admin, invitee)).rejects.toMatchObject({ code: '23505' });
  await expect(again(inviter, inviter)).rejects.toMatchObject({ code: '23514' });
  for (const role of ['inviter', 'invitee'])
    await expect(
      sql(
        `insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id, metadata)
         values ($1, gen_random_uuid(), 'credit', 1, 'referral', $2, $3)`,
        [admin.accountId, id, JSON.stringify({ role })],
      ),
    ).rejects.toMatchObject({ code: '23505' });
});

test('a code of a suspended user is invalid: open registration warns, invite-only registration rejects it', async () => {
  const inviter = await signUp();
  const code = await codeOf(inviter);
  await sql(`update users set status = 'suspended' where id = $1`, [inviter.id]);
  const { status, body } = await register('warned', code);
  expect([status, body.warning]).toEqual([201, expect.stringMatching(/invite code/)]);
  expect((await list(`?inviter_user_id=${inviter.id}`)).body).toEqual([]);
  await sql(`update feature_flags set default_value = false where key = 'registration.open'`);
  expect((await register('refused', code)).status).toBe(400);
  await sql(`update feature_flags set default_value = true where key = 'registration.open'`);
});
