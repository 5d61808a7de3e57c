import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { chargeRun, costOfOtherRuns, type RunCost } from '../../../server/resources/credits/charge.ts';
import { addCredits } from '../../../server/resources/credits/ledger.ts';
import { readSettings } from '../../../server/resources/settings/settings.ts';
import type { Person, TestApp } from '../app/testApp.ts';
import { adminOf, type Maker } from '../samples/context.ts';

/** `credit.deduction_policy` without a free tier. */
export const noFreeTierPolicy = '{"tiers":[{"multiplier":1}]}';

/** The balance of an account; undefined if it never had credits. Expects the balance to equal the sum of the ledger. */
export async function checkedBalance({ sql }: Pick<TestApp, 'sql'>, accountId: string): Promise<number | undefined> {
  const [found] = await sql(
    `select balance, (select coalesce(sum(amount), 0) from credit_transactions t where t.account_id = b.account_id) as sum
     from credit_balances b where account_id = $1`,
    [accountId],
  );
  expect(found?.sum).toBe(found?.balance);
  return found?.balance;
}

/** Adds credits with a ledger row like that of an admin's adjustment. */
export const grant = ({ database }: Pick<TestApp, 'database'>, { accountId }: Person, amount: number) =>
  addCredits(database, { accountId, amount, referenceType: 'admin_adjust', referenceId: randomUUID() });

/** Sets a balance by a ledger row with the difference. */
export async function setBalance(app: Pick<TestApp, 'database' | 'sql'>, person: Person, balance: number): Promise<void> {
  const now = (await checkedBalance(app, person.accountId)) ?? 0;
  if (balance === now) return;
  if (balance > now) return grant(app, person, balance - now);
  await app.sql(
    `with entry as (insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id)
       values ($1, gen_random_uuid(), 'debit', $2, 'admin_adjust', gen_random_uuid()) returning account_id, amount)
     update credit_balances b set balance = b.balance + entry.amount from entry where b.account_id = entry.account_id`,
    [person.accountId, balance - now],
  );
}

/** The ledger rows and usage records of a run. */
export async function ledgerOf({ sql }: Pick<TestApp, 'sql'>, runId: string) {
  const rows = await sql(`select * from credit_transactions where reference_type = 'run' and reference_id = $1`, [runId]);
  const usage = await sql('select * from usage_records where run_id = $1', [runId]);
  return { rows, usage };
}

/** The rollups equal the sums of the usage records, to the last digit. */
export async function expectUsageRollups({ sql }: Pick<TestApp, 'sql'>): Promise<void> {
  const wrong = [];
  for (const table of ['usage_rollups', 'platform_usage_rollups']) {
    const kept = `select * from ${table} where record_count > 0`;
    wrong.push(
      ...(await sql(`(${kept} except select * from recorded_${table}) union all (select * from recorded_${table} except ${kept})`)),
    );
  }
  expect(wrong).toEqual([]);
}

/** Inserts completed runs, which no worker picks up, with the credit multiplier of their model route. */
export async function addRuns(
  { sql, call }: TestApp,
  { id, token, accountId }: Person,
  count: number,
  multiplier = '1',
): Promise<string[]> {
  const thread = await call('POST', '/v1/threads', { token, body: { title: 'Accounted' } });
  const ids = Array.from({ length: count }, () => randomUUID());
  await sql(
    `insert into runs (account_id, id, thread_id, created_by_user_id, source, status, trace_id, tail_message_number, model, route_snapshot)
     select $1, run, $2, $3, 'api', 'completed', '', 0, 'gpt-test', jsonb_build_object('multiplier', $5::text) from unnest($4::uuid[]) run`,
    [accountId, thread.body.id, id, ids, multiplier],
  );
  return ids;
}

/** Charges a run in a separate transaction, as the end of the run does. */
export async function charge({ database, sql }: TestApp, { accountId }: Person, runId: string, spending: RunCost): Promise<void> {
  const [stored] = await sql(`select route_snapshot ->> 'multiplier' as multiplier, root_run_id from runs where id = $1`, [runId]);
  const run = { id: runId, account_id: accountId, ...stored };
  const settings = await readSettings(database);
  await database.transaction(async (tx) => chargeRun(tx, run, spending, settings, await costOfOtherRuns(tx, run)));
}

/** Usage that costs `credits` under `noFreeTierPolicy`. */
export const usageCosting = (credits: number): RunCost => ({ usage: { input_tokens: credits * 1_000, output_tokens: 0 }, cost: '0' });

/** Inserts a completed credit operation that changed nothing. */
export async function creditOperationOf({ app }: Pick<Maker, 'app'>): Promise<string> {
  const { id } = await adminOf(app);
  const [made] = await app.sql(
    `insert into credit_operations (id, operation, state, total, trace_id, created_by, completed_at) values (new_id(), 'reset_all', 'completed', 0, '', $1, now()) returning id`,
    [id],
  );
  return made.id;
}
