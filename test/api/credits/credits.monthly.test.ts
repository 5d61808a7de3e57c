import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { grantDueWindow, grantDueWindows } from '../../../server/resources/credits/monthlyGrants.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently } from '../../support/checks/race.ts';
import { checkedBalance } from '../../support/credits/credits.ts';

const app = await sharedTestApp({ ARKLOOP_CONFIG_CACHE_TTL_SECONDS: '0' });
const { sql, signUp, database } = app;

const at = (day: string) => new Date(day.includes('T') ? day : `${day}T12:00:00Z`);
const grantWindows = (day: string) => grantDueWindows(database, at(day));

/** An account with a plan that grants `grant` credits in each month of the period. */
async function createSubscriber(start: string, end: string, grant = '1000') {
  const { accountId } = await signUp();
  const [plan, id] = [randomUUID(), randomUUID()];
  await sql('insert into plans (id, name, display_name) values ($1, $2, $2)', [plan, `plan ${plan}`]);
  await sql(`insert into plan_entitlements (plan_id, key, id, value, value_type) values ($1, 'credits.monthly_grant', $2, $3, 'integer')`, [
    plan,
    randomUUID(),
    grant,
  ]);
  await sql(`insert into subscriptions (account_id, id, plan_id, current_period_start, current_period_end) values ($1, $2, $3, $4, $5)`, [
    accountId,
    id,
    plan,
    start,
    end,
  ]);
  const windows = async () =>
    (
      await sql(
        `select amount, type, reference_id, metadata from credit_transactions where account_id = $1 and reference_type = 'monthly_grant' order by metadata ->> 'window_start'`,
        [accountId],
      )
    ).map(({ amount, type, reference_id, metadata }) => {
      expect([type, reference_id]).toEqual(['credit', id]);
      return [amount, metadata.window_start, metadata.window_end];
    });
  const setGrant = (value: string) => sql('update plan_entitlements set value = $2 where plan_id = $1', [plan, value]);
  return { accountId, id, windows, setGrant, cancel: () => sql(`update subscriptions set status = 'cancelled' where id = $1`, [id]) };
}

test('windows start a month apart, counted from the first day, and none starts at the end of the period', async () => {
  const { accountId, windows } = await createSubscriber('2026-01-31T10:00:00Z', '2026-04-30T10:00:00Z');
  expect([await grantWindows('2026-01-31T09:59:59.999Z'), await windows()]).toEqual([0, []]);
  for (const day of [
    '2026-01-31T10:00:00Z',
    '2026-02-27',
    '2026-02-28T09:59:59Z',
    '2026-02-28T10:00:00Z',
    '2026-03-30',
    '2026-03-31',
    '2026-04-30',
    '2026-05-31',
  ])
    await grantWindows(day);
  const expected = [
    [1000, '2026-01-31T10:00:00.000Z', '2026-02-28T10:00:00.000Z'],
    [1000, '2026-02-28T10:00:00.000Z', '2026-03-31T10:00:00.000Z'],
    [1000, '2026-03-31T10:00:00.000Z', '2026-04-30T10:00:00.000Z'],
  ];
  expect(await windows()).toEqual(expected);
  expect(await checkedBalance(app, accountId)).toBe(4000);
});

test('windows follow leap years and year ends', async () => {
  const { windows } = await createSubscriber('2027-11-30T00:00:00Z', '2028-03-15T00:00:00Z');
  for (const day of ['2027-12-29', '2027-12-30', '2028-01-30', '2028-02-29', '2028-03-14']) await grantWindows(day);
  expect((await windows()).map(([, start, end]) => [start, end])).toEqual([
    ['2027-11-30T00:00:00.000Z', '2027-12-30T00:00:00.000Z'],
    ['2027-12-30T00:00:00.000Z', '2028-01-30T00:00:00.000Z'],
    ['2028-01-30T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
    // The period ends before the next month would start.
    ['2028-02-29T00:00:00.000Z', '2028-03-15T00:00:00.000Z'],
  ]);
});

test('ten schedulers and ten requests in parallel grant each window once', async () => {
  const subscribers = await concurrently(5, () => createSubscriber('2026-01-31T00:00:00Z', '2026-04-30T00:00:00Z'));
  for (const day of ['2026-01-31', '2026-02-28', '2026-03-31']) {
    const granting = subscribers.map(({ id, accountId }) =>
      database.transaction((tx) => grantDueWindow(tx, { id, account_id: accountId }, at(day))),
    );
    await Promise.all([...granting, ...granting.map(() => grantWindows(day)), ...Array.from({ length: 5 }, () => grantWindows(day))]);
  }
  for (const { accountId, windows } of subscribers) {
    expect(await windows()).toHaveLength(3);
    expect(await checkedBalance(app, accountId)).toBe(4000);
  }
});

test('ten parallel schedulers grant an open window once', async () => {
  const { windows } = await createSubscriber('2026-01-31T00:00:00Z', '2026-04-30T00:00:00Z');
  const granted = await concurrently(10, () => grantWindows('2026-02-10'));
  expect(granted.reduce((all, each) => all + each, 0)).toBe(1);
  expect(await windows()).toEqual([[1000, '2026-01-31T00:00:00.000Z', '2026-02-28T00:00:00.000Z']]);
});

test('past windows are not granted later, and a new subscription gets its current window at once', async () => {
  const { accountId, id, windows } = await createSubscriber('2026-01-15T00:00:00Z', '2027-01-15T00:00:00Z', '70');
  await database.transaction((tx) => grantDueWindow(tx, { id, account_id: accountId }, at('2026-06-20')));
  expect(await windows()).toEqual([[70, '2026-06-15T00:00:00.000Z', '2026-07-15T00:00:00.000Z']]);
  const over = await createSubscriber('2024-01-15T00:00:00Z', '2024-05-15T00:00:00Z');
  await database.transaction((tx) => grantDueWindow(tx, { id: over.id, account_id: over.accountId }, at('2026-06-20')));
  expect(await over.windows()).toEqual([]);
});

test('an amount of 0 leaves the window open: a higher amount is granted at the next tick, once', async () => {
  const { windows, setGrant, accountId } = await createSubscriber('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z', '0');
  await grantWindows('2026-03-05');
  await setGrant('-5');
  await grantWindows('2026-03-05');
  expect(await windows()).toEqual([]);
  await setGrant('300');
  await expect.poll(() => grantWindows('2026-03-06').then(windows)).toHaveLength(1);
  await setGrant('900');
  await grantWindows('2026-03-07');
  expect(await windows()).toEqual([[300, '2026-03-01T00:00:00.000Z', '2026-04-01T00:00:00.000Z']]);
  expect(await checkedBalance(app, accountId)).toBe(1300);
});

test('a cancelled subscription keeps its grants and gets no more', async () => {
  const { accountId, windows, cancel } = await createSubscriber('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z');
  await grantWindows('2026-01-05');
  await cancel();
  await grantWindows('2026-02-05');
  expect(await windows()).toHaveLength(1);
  expect(await checkedBalance(app, accountId)).toBe(2000);
});

test('a grant beyond the maximum balance is skipped, and other accounts get theirs', async () => {
  const [full, other] = [
    await createSubscriber('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'),
    await createSubscriber('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'),
  ];
  await sql('update credit_balances set balance = 9007199254740991 where account_id = $1', [full.accountId]);
  await grantWindows('2026-05-05');
  expect([(await full.windows()).length, (await other.windows()).length]).toEqual([0, 1]);
});
