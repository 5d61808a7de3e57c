import { expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { checkedBalance } from '../../support/credits/credits.ts';
import { verifyAddressOf } from '../../support/credits/referrals.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp } = app;
const admin = await app.signUpAdmin();
const verify = (person: Person) => verifyAddressOf(app, admin, person);
const codeOf = async ({ token }: Person): Promise<string> => (await call('GET', '/v1/me/invite-code', { token })).body.code;
const balances = (...people: Person[]) => Promise.all(people.map(({ accountId }) => checkedBalance(app, accountId)));
let count = 0;
const mailbox = (domain = 'example.test') => `box${count++}@${domain}`;

async function inviter(email = mailbox()) {
  const person = await signUp({ email });
  await verify(person);
  return person;
}

/** A verified user with this address, who was invited. */
async function invited(by: Person, email = mailbox()) {
  const person = await signUp({ email, invite_code: await codeOf(by) });
  await verify(person);
  return person;
}

test('five sign-ups that invite themselves get no credits', async () => {
  const first = await signUp({ email: 'farmer@example.test' });
  const farmed = [];
  for (let at = 0; at < 5; at++) farmed.push(await signUp({ email: `farmer+${at}@example.test`, invite_code: await codeOf(first) }));
  expect(await balances(first, ...farmed)).toEqual(Array(6).fill(1_000));
  for (const person of [first, ...farmed]) await verify(person);
  expect(await balances(first, ...farmed)).toEqual(Array(6).fill(1_000));
});

test('a referral is rewarded when the invitee has verified their address, once', async () => {
  const by = await inviter();
  const invitee = await signUp({ email: mailbox(), invite_code: await codeOf(by) });
  expect(await balances(by, invitee)).toEqual([1_000, 1_000]);
  await Promise.all([verify(invitee), verify(invitee), verify(invitee)]);
  expect(await balances(by, invitee)).toEqual([1_500, 1_200]);
  await call('PATCH', `/v1/admin/users/${invitee.id}`, { token: admin.token, body: { email: mailbox(), email_verified: true } });
  expect(await balances(by, invitee)).toEqual([1_500, 1_200]);
});

test('an inviter without a verified address is not rewarded', async () => {
  const by = await signUp();
  const invitee = await invited(by);
  expect(await balances(by, invitee)).toEqual([1_000, 1_200]);
  await verify(by);
  expect(await balances(by)).toEqual([1_000]);
});

test('a mailbox counts as one person, with any subaddress, and with any dots at Gmail', async () => {
  const [one, other] = [await inviter(), await inviter()];
  const reward = async (by: Person, email: string) => {
    const before = await balances(by);
    const invitee = await invited(by, email);
    return [(await balances(by))[0]! - before[0]!, (await balances(invitee))[0]];
  };
  expect(await reward(one, 'some.body+news@gmail.com')).toEqual([500, 1_200]);
  for (const same of ['somebody@gmail.com', 's.omebody+x@googlemail.com', 'SOME.BODY@gmail.com'])
    expect([same, await reward(other, same)]).toEqual([same, [0, 1_000]]);
  expect(await reward(other, 'some.body@example.test')).toEqual([500, 1_200]);
  expect(await reward(other, 'somebody@example.test')).toEqual([500, 1_200]);
  expect(await reward(other, 'somebody+1@example.test')).toEqual([0, 1_000]);
});

test('a mailbox of a user who was not invited, or was deleted, is not rewarded', async () => {
  const by = await inviter();
  await inviter('settled@example.test');
  const again = await invited(by, 'settled+again@example.test');
  const gone = await invited(by, 'gone@example.test');
  expect((await call('DELETE', `/v1/admin/users/${gone.id}`, { token: admin.token })).status).toBe(204);
  const back = await invited(by, 'gone@example.test');
  expect(await balances(by, again, back)).toEqual([1_500, 1_000, 1_000]);
});

test('ten referrals of an inviter are rewarded within 24 hours', async () => {
  const by = await inviter();
  const people = await Promise.all(Array.from({ length: 12 }, async () => signUp({ email: mailbox(), invite_code: await codeOf(by) })));
  await Promise.all(people.map(verify));
  expect(await balances(by)).toEqual([6_000]);
  expect((await balances(...people)).toSorted()).toEqual([1_000, 1_000, ...Array(10).fill(1_200)]);
  await sql(`update referrals set rewarded_at = rewarded_at - interval '24 hours' where inviter_user_id = $1`, [by.id]);
  await invited(by);
  expect(await balances(by)).toEqual([6_500]);
});
