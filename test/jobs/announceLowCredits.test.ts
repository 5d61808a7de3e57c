import { beforeAll, expect, test } from 'vitest';
import { chargeRun } from '../../server/resources/credits/charge.ts';
import { readSettings } from '../../server/resources/settings/settings.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { concurrently } from '../support/checks/race.ts';
import { addRuns, charge, noFreeTierPolicy, setBalance, usageCosting } from '../support/credits/credits.ts';
import { announceCredits } from '../support/credits/lowCredits.ts';
import { queuedMails } from '../support/resources/mail.ts';
import { inAccount } from '../support/resources/workspaces.ts';
import { adminOf } from '../support/samples/context.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp } = app;
const addMember = ({ accountId }: Person, { id }: Person, role = 'member') =>
  sql('insert into memberships (account_id, user_id, role) values ($1, $2, $3)', [accountId, id, role]);

const setting = async (key: string, value: string) =>
  expect(
    (await call('PUT', `/v1/admin/platform-settings/${key}`, { token: (await adminOf(app)).token, body: { value } })).status,
  ).toBeLessThan(300);
const setThreshold = (person: Person, threshold: number | null) =>
  call('PATCH', `/v1/accounts/${person.accountId}`, { token: person.token, body: { low_credit_threshold: threshold } });
const noticesOf = async ({ id }: Person) =>
  sql(`select title, body, payload from notifications where user_id = $1 and type = 'credits.low' order by created_at`, [id]);
const eventsOf = async ({ accountId }: Person) =>
  (await sql(`select body from webhook_messages where account_id = $1 and event_type = 'credits.low' order by id`, [accountId])).map(
    ({ body }: { body: string }) => JSON.parse(body).data,
  );
async function spend(person: Person, credits: number) {
  const [run] = await addRuns(app, person, 1);
  await charge(app, person, run!, usageCosting(credits));
}
async function openAccount(threshold: number | null, balance: number) {
  const person = await signUp();
  const endpoint = { url: 'https://receiver.example.test/hooks', events: ['credits.low'] };
  expect((await call('POST', '/v1/webhook-endpoints', { token: person.token, body: endpoint })).status).toBe(201);
  expect((await setThreshold(person, threshold)).body).toMatchObject({ low_credit_threshold: threshold });
  await setBalance(app, person, balance);
  return person;
}

beforeAll(() => setting('credit.deduction_policy', noFreeTierPolicy));

test('a crossing is announced once to each admin, by notification, mail and webhook, and again only after the balance was back', async () => {
  const person = await openAccount(100, 150);
  const [member, admin] = [await signUp(), await signUp()];
  await addMember(person, member);
  await addMember(person, admin, 'admin');
  await sql('update users set email_verified_at = now() where id = any($1)', [[person.id, member.id]]);
  await spend(person, 50);
  await announceCredits(app);
  // 100 is not below 100.
  expect(await noticesOf(person)).toEqual([]);

  await spend(person, 10);
  await spend(person, 10);
  await concurrently(4, () => announceCredits(app));
  const payload = { balance: 90, threshold: 100 };
  expect(await noticesOf(person)).toMatchObject([{ title: 'Credits are low', payload }]);
  expect([await noticesOf(admin), await noticesOf(member)]).toMatchObject([[{ payload }], []]);
  expect(await eventsOf(person)).toMatchObject([{ account_id: person.accountId, ...payload, trace_id: expect.any(String) }]);
  const mailsTo = async ({ email }: Person) => (await queuedMails(app, email)).filter(({ kind }) => kind === 'credits_low');
  expect(await mailsTo(person)).toMatchObject([{ data: payload }]);
  // The address of the other admin is not confirmed.
  expect([await mailsTo(admin), await mailsTo(member)]).toEqual([[], []]);
  expect(await sql('select * from credit_alerts')).toEqual([]);

  await setBalance(app, person, 99);
  await spend(person, 1);
  await announceCredits(app);
  expect(await noticesOf(person)).toHaveLength(1);
  // A balance that goes up and down between two announcements is announced once, as it was last.
  for (const credits of [20, 30, 1_000]) {
    await setBalance(app, person, 100);
    await spend(person, credits);
  }
  await announceCredits(app);
  expect(await noticesOf(person)).toMatchObject([{}, { payload: { balance: 0, threshold: 100 } }]);
  expect(await eventsOf(person)).toHaveLength(2);
});

test('of concurrent charges exactly one crosses', async () => {
  const person = await openAccount(100, 120);
  const runs = await addRuns(app, person, 12);
  await Promise.all(runs.map((run) => charge(app, person, run, usageCosting(5))));
  // Charged before: no second charge, and no second alert.
  await Promise.all(runs.map((run) => charge(app, person, run, usageCosting(5))));
  await announceCredits(app);
  expect(await eventsOf(person)).toMatchObject([{ balance: 95, threshold: 100 }]);
});

test('a charge that is rolled back announces nothing', async () => {
  const person = await openAccount(100, 120);
  const [run] = await addRuns(app, person, 1);
  const settings = await readSettings(app.database);
  const broken = app.database.transaction(async (tx) => {
    chargeRun(tx, { id: run!, account_id: person.accountId, multiplier: '1' }, usageCosting(50), settings);
    throw new Error('the worker dies');
  });
  await expect(broken).rejects.toThrow('the worker dies');
  await announceCredits(app);
  expect(await eventsOf(person)).toEqual([]);
});

test('the threshold of the platform applies to accounts without one of their own; 0 turns it off', async () => {
  const [defaulted, own, off] = [await openAccount(null, 150), await openAccount(50, 150), await openAccount(0, 150)];
  for (const person of [defaulted, own, off]) await spend(person, 60);
  await announceCredits(app);
  for (const person of [defaulted, own, off]) expect(await eventsOf(person)).toEqual([]);
  for (const person of [defaulted, own, off]) await setBalance(app, person, 150);
  await setting('credit.low_threshold', '100');
  for (const person of [defaulted, own, off]) await spend(person, 60);
  await announceCredits(app);
  expect(await eventsOf(defaulted)).toMatchObject([{ balance: 90, threshold: 100 }]);
  expect([await eventsOf(own), await eventsOf(off)]).toEqual([[], []]);
  await setting('credit.low_threshold', '0');
});

test('deductions of platform admins cross too, of one account or of all', async () => {
  const [one, other, closed] = [await openAccount(100, 150), await openAccount(10, 150), await openAccount(100, 150)];
  const { token } = await adminOf(app);
  const adjust = (amount: number) =>
    call('POST', '/v1/admin/credits/adjust', { token, body: { account_id: one.accountId, amount } }).then(({ status }) => status);
  expect([await adjust(-60), await adjust(-10), await adjust(500), await adjust(-10)]).toEqual([200, 200, 200, 200]);
  await sql('update accounts set deleted_at = now() where id = $1', [closed.accountId]);
  await announceCredits(app);
  expect((await call('POST', '/v1/admin/credits/reset-all', { token, body: {} })).status).toBe(200);
  await announceCredits(app);
  expect(await eventsOf(one)).toMatchObject([{ balance: 90 }, { balance: 0 }]);
  expect(await eventsOf(other)).toMatchObject([{ balance: 0, threshold: 10 }]);
  expect(await eventsOf(closed)).toEqual([]);
});

test('only those who manage the account change its threshold, within its range', async () => {
  const [person, member] = [await openAccount(100, 150), await signUp()];
  await addMember(person, member);
  const by = (token: string, value: unknown) =>
    call('PATCH', `/v1/accounts/${person.accountId}`, {
      token,
      body: { low_credit_threshold: value },
      headers: inAccount(person.accountId),
    }).then(({ status }) => status);
  expect(await by(member.token, 5)).toBe(403);
  for (const value of [-1, 0.5, '5', 10 ** 12 + 1]) expect([value, await by(person.token, value)]).toEqual([value, 400]);
  expect(await by(person.token, 10 ** 12)).toBe(200);
  expect((await call('GET', `/v1/accounts/${person.accountId}`, { token: person.token })).body.low_credit_threshold).toBe(10 ** 12);
});
