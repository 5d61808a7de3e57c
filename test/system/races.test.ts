import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { concurrently, expectCompleteUsers, expectOne, repeatRace, rowCounter, tally } from '../support/checks/race.ts';
import { cookieOf, sessionCalls } from '../support/http/sessions.ts';
import { inAccount, workspaceCalls } from '../support/resources/workspaces.ts';
import { invitationTo, workspaceOf } from '../support/samples/people.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp } = app;
const { refresh, me } = sessionCalls(call);
const { accept, verified } = workspaceCalls(app);
const count = rowCounter(app);
const people = await concurrently(10, async () => verified(await signUp()));
const [alice, bob] = people as [Person, Person];
const unique = (kind: string) => `${kind}-${randomBytes(6).toString('hex')}`;
const register = (more: object) => {
  const login = unique('racer');
  return call('POST', '/v1/auth/register', { body: { login, email: `${login}@example.test`, password: 'Passw0rd-1', ...more } });
};

test('of 20 concurrent refreshes with one cookie one succeeds, and the session keeps a single chain of tokens', async () => {
  const { id, cookie: first } = await signUp();
  let cookie = first;
  const rounds = await repeatRace(async () => {
    const won = expectOne(await concurrently(20, () => refresh(cookie)), '200', '401 token_rotated');
    expect((await me(won.body.access_token)).status).toBe(200);
    cookie = cookieOf(won);
  });
  const tokens = 'refresh_tokens t join sessions s on s.id = t.session_id where s.user_id = $1';
  expect(await count(tokens, [id])).toBe(rounds + 1);
  expect(await count(`${tokens} and t.rotated_at is null and s.revoked_at is null`, [id])).toBe(1);
  expect(await count(`audit_logs where action = 'session.reuse_detected'`)).toBe(0);
});

test('of concurrent registrations with one login or one address one succeeds, and the others leave nothing', async () => {
  const before = await count('users');
  const rounds = await repeatRace(async (round) => {
    const name = unique('Same');
    const spellings = [name, name.toLowerCase(), name.toUpperCase(), name.toLowerCase()];
    const answers = await concurrently(4, (at) =>
      register(round % 2 ? { login: spellings[at] } : { email: `${spellings[at]}@example.test` }),
    );
    expectOne(answers, '201', round % 2 ? '409 login_taken' : '409 email_taken');
  });
  expect(await count('users')).toBe(before + rounds);
  await expectCompleteUsers(app);
});

test('an invite code with one use left is accepted for one of several concurrent registrations', async () => {
  const inviter = await signUp();
  const open = (value: boolean) => sql(`update feature_flags set default_value = $1 where key = 'registration.open'`, [value]);
  const [{ code, id }] = await sql('select code, id from invite_codes where user_id = $1', [inviter.id]);
  const before = await count('users');
  await open(false);
  let rounds: number;
  try {
    rounds = await repeatRace(async () => {
      await sql('update invite_codes set max_uses = use_count + 1 where id = $1', [id]);
      expectOne(await concurrently(3, () => register({ invite_code: code })), '201', '400 invite_code_invalid');
    });
  } finally {
    await open(true);
  }
  expect(await sql('select use_count, max_uses from invite_codes where id = $1', [id])).toEqual([{ use_count: rounds, max_uses: rounds }]);
  expect(await count('users')).toBe(before + rounds);
  expect(await count('referrals where invite_code_id = $1', [id])).toBe(rounds);
  await expectCompleteUsers(app);
});

/** Creates a code of ten credits that was used once and has `uses` left. */
async function issue(uses: number) {
  const code = unique('code').toUpperCase();
  const [{ id }] = await sql(
    `insert into redemption_codes (id, code, type, value, max_uses, use_count) values (gen_random_uuid(), $1, 'credits', '10', $2, 1) returning id`,
    [code, uses + 1],
  );
  return { id, redeem: ({ token }: Person) => call('POST', '/v1/me/redeem', { token, body: { code } }) };
}
/** Resets the rate limit of redemptions between rounds. */
const forgive = () => sql(`delete from attempt_counts where bucket like 'redeem:%'`);
const ledgerOf = (accountId: string) =>
  count(`credit_transactions where account_id = $1 and reference_type = 'redemption_code'`, [accountId]);

test('twenty concurrent redemptions by one user redeem a code once', async () => {
  const person = await signUp();
  const rounds = await repeatRace(async () => {
    await forgive();
    const { id, redeem } = await issue(100);
    const {
      200: won,
      '409 already_redeemed': late = 0,
      '429 redeem_rate_limited': many = 0,
      ...other
    } = tally(await concurrently(20, () => redeem(person)));
    expect([won, late + many, other]).toEqual([1, 19, {}]);
    expect(await sql('select use_count from redemption_codes where id = $1', [id])).toEqual([{ use_count: 2 }]);
    expect(await count('redemptions where code_id = $1', [id])).toBe(1);
  });
  expect(await ledgerOf(person.accountId)).toBe(rounds);
  expect(await sql('select balance from credit_balances where account_id = $1', [person.accountId])).toEqual([
    { balance: 1_000 + rounds * 10 },
  ]);
});

test('one of ten concurrent users gets the last use of a code', async () => {
  const before = await count('redemptions');
  const rounds = await repeatRace(async () => {
    await forgive();
    const { id, redeem } = await issue(1);
    expectOne(await Promise.all(people.map(redeem)), '200', '409 code_exhausted');
    expect(await count('redemptions where code_id = $1', [id])).toBe(1);
  });
  expect(await count('redemptions')).toBe(before + rounds);
  expect(await count('redemption_codes where use_count > max_uses')).toBe(0);
  await expectCompleteUsers(app);
});

/** A workspace of Alice and an invitation into it for Bob. */
async function invitation() {
  const accountId = await workspaceOf({ app, by: alice });
  const made = await invitationTo({ app, by: alice }, accountId);
  await sql('update invitations set email = $1, email_key = $1 where id = $2', [bob.email, made.id]);
  const members = () => count('memberships where account_id = $1 and user_id = $2', [accountId, bob.id]);
  const projects = () => count('projects where account_id = $1 and owner_user_id = $2 and is_default', [accountId, bob.id]);
  const entries = (action: string) =>
    count('audit_logs where account_id = $1 and action = $2', [accountId, `account_invitation.${action}`]);
  return { accountId, ...made, members, projects, entries };
}

test('ten concurrent acceptances of one invitation create one member', async () => {
  await repeatRace(async () => {
    const { token, members, projects, entries } = await invitation();
    expectOne(await concurrently(10, () => accept(bob, token)), '200', '409 already_accepted');
    expect([await members(), await projects(), await entries('accept')]).toEqual([1, 1, 1]);
  });
});

test('an invitation accepted and revoked concurrently is either accepted or revoked', async () => {
  const seen = { accepted: 0, revoked: 0 };
  const rounds = await repeatRace(async (round) => {
    const { id, token, accountId, members, projects, entries } = await invitation();
    const revoke = () => call('DELETE', `/v1/account-invitations/${id}`, { token: alice.token, headers: inAccount(accountId) });
    // Without warm caches revoking would always lose, and without a head start accepting would, because it takes longer.
    await call('GET', '/v1/me', { token: alice.token, headers: inAccount(accountId) });
    const accepting = accept(bob, token);
    await sleep(round % 3);
    const [{ status: revoked }, { status: accepted }] = await Promise.all([revoke(), accepting]);
    expect([accepted, revoked]).toEqual(accepted === 200 ? [200, 404] : [404, 204]);
    const won = accepted === 200;
    expect([await members(), await projects(), await entries('accept'), await entries('revoke')]).toEqual(
      won ? [1, 1, 1, 0] : [0, 0, 0, 1],
    );
    expect(await count('invitations where id = $1', [id])).toBe(won ? 1 : 0);
    seen[won ? 'accepted' : 'revoked']++;
  });
  expect(Math.min(seen.accepted, seen.revoked), `of ${rounds}: ${JSON.stringify(seen)}`).toBeGreaterThan(0);
});
