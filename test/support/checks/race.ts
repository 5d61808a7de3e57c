import { expect } from 'vitest';
import type { Answer, TestApp } from '../app/testApp.ts';
import { statusAndReason } from '../http/responses.ts';

/** Repetitions of each race. With 50 (`npm run test:system`), a race that is lost once in 100 attempts fails every second or third run. */
export const rounds = Number(process.env.TEST_ROUNDS ?? 10);

/** Runs a race `rounds` times, sequentially. */
export async function repeatRace(race: (round: number) => Promise<void>): Promise<number> {
  for (let round = 0; round < rounds; round++) await race(round);
  return rounds;
}

/** Runs `act` `count` times concurrently. */
export const concurrently = <T>(count: number, act: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => act(index)));

/** Counts responses by status and reason: `{ '201': 1, '409 slug_taken': 9 }`. */
export function tally(answers: readonly Answer[]): Record<string, number> {
  const kinds = answers.map((answer) => statusAndReason(answer).filter(Boolean).join(' '));
  return Object.fromEntries([...new Set(kinds)].map((kind) => [kind, kinds.filter((each) => each === kind).length]));
}

/** Expects one response of kind `won` and all others of kind `lost`. Returns the one. */
export function expectOne(answers: readonly Answer[], won: string, lost: string): Answer {
  expect(tally(answers)).toEqual({ [won]: 1, [lost]: answers.length - 1 });
  return answers.find((answer) => statusAndReason(answer).filter(Boolean).join(' ') === won)!;
}

/** `what` is the part of a query after `select count(*) from`. */
export const rowCounter =
  ({ sql }: Pick<TestApp, 'sql'>) =>
  async (what: string, values: unknown[] = []): Promise<number> =>
    (await sql(`select count(*)::int as n from ${what}`, values))[0].n;

/** Expects everything that a registration creates for each user, no account without members, and balances that match the ledger. */
export async function expectCompleteUsers({ sql }: Pick<TestApp, 'sql'>): Promise<void> {
  const partial = await sql(`
    select u.id from users u where u.username <> 'system_agent' and (
      (select count(*) from credentials where user_id = u.id) <> 1
      or (select count(*) from sessions where user_id = u.id) = 0
      or (select count(*) from invite_codes where user_id = u.id and is_active) <> 1
      or (select count(*) from accounts a join memberships m on m.account_id = a.id and m.user_id = u.id and m.role = 'admin'
          join projects p on p.account_id = a.id and p.owner_user_id = u.id and p.is_default
          join credit_balances b on b.account_id = a.id
          join credit_transactions t on t.account_id = a.id and t.reference_type = 'initial_grant'
          where a.owner_user_id = u.id and a.type = 'personal') <> 1)`);
  const stray = await sql(`
    select a.id from accounts a where (select count(*) from memberships where account_id = a.id) = 0
    union all select account_id from credit_transactions t group by account_id
      having sum(amount) <> (select balance from credit_balances b where b.account_id = t.account_id)`);
  expect({ partial, stray }).toEqual({ partial: [], stray: [] });
}

/** Runs `act` while `change` is uncommitted. Commits once its `requests` have passed their first checks and wait for a lock. */
export async function duringUncommittedChange<T = Answer>(
  app: Pick<TestApp, 'database' | 'sql'>,
  change: readonly (readonly [text: string, values: unknown[]])[],
  act: () => Promise<T>,
  requests = 1,
): Promise<T> {
  const client = await app.database.pool.connect();
  try {
    await client.query('begin');
    for (const [text, values] of change) await client.query(text, values);
    const acting = act();
    const waiting = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(() => rowCounter(app)(waiting)).toBe(requests);
    await client.query('commit');
    return await acting;
  } finally {
    client.release();
  }
}
