import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { grantDueWindow, grantDueWindows } from '../../server/resources/credits/monthlyGrants.ts';
import { soundBalance } from '../setup/credits.ts';
import { atOnce } from '../setup/race.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_CONFIG_CACHE_TTL_SECONDS: '0' }, { worker: false });
const { sql, signUp, database } = world;

const at = (day: string) => new Date(day.includes('T') ? day : `${day}T12:00:00Z`);
const tick = (day: string) => grantDueWindows(database, at(day));

/** Somebody with a plan that grants so much in each month of a period. */
async function subscriber(start: string, end: string, grant = '1000') {
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

test('windows begin a month apart, counted from the first day, and none at the end of the period', async () => {
  const { accountId, windows } = await subscriber('2026-01-31T10:00:00Z', '2026-04-30T10:00:00Z');
  expect([await tick('2026-01-31T09:59:59.999Z'), await windows()]).toEqual([0, []]);
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
    await tick(day);
  const expected = [
    [1000, '2026-01-31T10:00:00.000Z', '2026-02-28T10:00:00.000Z'],
    [1000, '2026-02-28T10:00:00.000Z', '2026-03-31T10:00:00.000Z'],
    [1000, '2026-03-31T10:00:00.000Z', '2026-04-30T10:00:00.000Z'],
  ];
  expect(await windows()).toEqual(expected);
  expect(await soundBalance(world, accountId)).toBe(4000);
});

test('in a leap year February has one day more, and December is followed by January', async () => {
  const { windows } = await subscriber('2027-11-30T00:00:00Z', '2028-03-15T00:00:00Z');
  for (const day of ['2027-12-29', '2027-12-30', '2028-01-30', '2028-02-29', '2028-03-14']) await tick(day);
  expect((await windows()).map(([, start, end]) => [start, end])).toEqual([
    ['2027-11-30T00:00:00.000Z', '2027-12-30T00:00:00.000Z'],
    ['2027-12-30T00:00:00.000Z', '2028-01-30T00:00:00.000Z'],
    ['2028-01-30T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
    // The period ends before the next month would.
    ['2028-02-29T00:00:00.000Z', '2028-03-15T00:00:00.000Z'],
  ]);
});

test('ten schedulers and ten requests at once grant each window once', async () => {
  const subscribers = await atOnce(5, () => subscriber('2026-01-31T00:00:00Z', '2026-04-30T00:00:00Z'));
  for (const day of ['2026-01-31', '2026-02-28', '2026-03-31']) {
    const granting = subscribers.map(({ id, accountId }) =>
      database.transaction((tx) => grantDueWindow(tx, { id, account_id: accountId }, at(day))),
    );
    await Promise.all([...granting, ...granting.map(() => tick(day)), ...Array.from({ length: 5 }, () => tick(day))]);
  }
  for (const { accountId, windows } of subscribers) {
    expect(await windows()).toHaveLength(3);
    expect(await soundBalance(world, accountId)).toBe(4000);
  }
});

test('schedulers alone, ten at once, leave no window out', async () => {
  const { windows } = await subscriber('2026-01-31T00:00:00Z', '2026-04-30T00:00:00Z');
  const granted = await atOnce(10, () => tick('2026-02-10'));
  expect(granted.reduce((all, each) => all + each, 0)).toBe(1);
  expect(await windows()).toEqual([[1000, '2026-01-31T00:00:00.000Z', '2026-02-28T00:00:00.000Z']]);
});

test('what passed is not made up: only the window that is open is granted, at once when the subscription is made', async () => {
  const { accountId, id, windows } = await subscriber('2026-01-15T00:00:00Z', '2027-01-15T00:00:00Z', '70');
  await database.transaction((tx) => grantDueWindow(tx, { id, account_id: accountId }, at('2026-06-20')));
  expect(await windows()).toEqual([[70, '2026-06-15T00:00:00.000Z', '2026-07-15T00:00:00.000Z']]);
  const over = await subscriber('2024-01-15T00:00:00Z', '2024-05-15T00:00:00Z');
  await database.transaction((tx) => grantDueWindow(tx, { id: over.id, account_id: over.accountId }, at('2026-06-20')));
  expect(await over.windows()).toEqual([]);
});

test('an amount of 0 leaves the window open, so that raising it grants at the next tick, and once', async () => {
  const { windows, setGrant, accountId } = await subscriber('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z', '0');
  await tick('2026-03-05');
  await setGrant('-5');
  await tick('2026-03-05');
  expect(await windows()).toEqual([]);
  await setGrant('300');
  await expect.poll(() => tick('2026-03-06').then(windows), { timeout: 7_000 }).toHaveLength(1);
  await setGrant('900');
  await tick('2026-03-07');
  expect(await windows()).toEqual([[300, '2026-03-01T00:00:00.000Z', '2026-04-01T00:00:00.000Z']]);
  expect(await soundBalance(world, accountId)).toBe(1300);
});

test('who cancels keeps what was granted and gets no more', async () => {
  const { accountId, windows, cancel } = await subscriber('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z');
  await tick('2026-01-05');
  await cancel();
  await tick('2026-02-05');
  expect(await windows()).toHaveLength(1);
  expect(await soundBalance(world, accountId)).toBe(2000);
});

test('a grant that an account has no room for is left out, and the others get theirs', async () => {
  const [full, other] = [
    await subscriber('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'),
    await subscriber('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'),
  ];
  await sql('update credit_balances set balance = 9007199254740991 where account_id = $1', [full.accountId]);
  await tick('2026-05-05');
  expect([(await full.windows()).length, (await other.windows()).length]).toEqual([0, 1]);
});
