import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { chargeRun, type Spending } from '../../server/resources/credits/charge.ts';
import { addCredits } from '../../server/resources/credits/ledger.ts';
import { readSettings } from '../../server/resources/settings/settings.ts';
import { adminOf } from './planSamples.ts';
import type { Maker } from './samples.ts';
import type { Person, World } from './world.ts';

/** A policy without a free tier, as the setting is written. */
export const everythingCosts = '{"tiers":[{"multiplier":1}]}';

/** The balance of an account, which is the sum of its ledger; undefined where the account never had any. */
export async function soundBalance({ sql }: Pick<World, 'sql'>, accountId: string): Promise<number | undefined> {
  const [found] = await sql(
    `select balance, (select coalesce(sum(amount), 0) from credit_transactions t where t.account_id = b.account_id) as sum
     from credit_balances b where account_id = $1`,
    [accountId],
  );
  expect(found?.sum).toBe(found?.balance);
  return found?.balance;
}

/** Gives an account credits, with the row in the ledger that an administrator's adjustment has. */
export const grant = ({ database }: Pick<World, 'database'>, { accountId }: Person, amount: number) =>
  addCredits(database, { accountId, amount, referenceType: 'admin_adjust', referenceId: randomUUID() });

/** Brings an account to a balance, by a row in the ledger. */
export async function setBalance(world: Pick<World, 'database' | 'sql'>, person: Person, balance: number): Promise<void> {
  const now = (await soundBalance(world, person.accountId)) ?? 0;
  if (balance === now) return;
  if (balance > now) return grant(world, person, balance - now);
  await world.sql(
    `with entry as (insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id)
       values ($1, gen_random_uuid(), 'debit', $2, 'admin_adjust', gen_random_uuid()) returning account_id, amount)
     update credit_balances b set balance = b.balance + entry.amount from entry where b.account_id = entry.account_id`,
    [person.accountId, balance - now],
  );
}

/** The rows of a run in the ledger, and its usage records. */
export async function bookedOf({ sql }: Pick<World, 'sql'>, runId: string) {
  const rows = await sql(`select * from credit_transactions where reference_type = 'run' and reference_id = $1`, [runId]);
  const usage = await sql('select * from usage_records where run_id = $1', [runId]);
  return { rows, usage };
}

/** Runs of a person that no worker will touch, with the multiplier of the route they took. */
export async function addRuns({ sql, call }: World, { id, token, accountId }: Person, count: number, multiplier = '1'): Promise<string[]> {
  const thread = await call('POST', '/v1/threads', { token, body: { title: 'Accounted' } });
  const ids = Array.from({ length: count }, () => randomUUID());
  await sql(
    `insert into runs (account_id, id, thread_id, created_by_user_id, source, status, trace_id, tail_message_number, model, route_snapshot)
     select $1, run, $2, $3, 'api', 'completed', '', 0, 'gpt-test', jsonb_build_object('multiplier', $5::text) from unnest($4::uuid[]) run`,
    [accountId, thread.body.id, id, ids, multiplier],
  );
  return ids;
}

/** What ends a run, as far as credits go: a transaction of its own. */
export async function charge({ database, sql }: World, { accountId }: Person, runId: string, spending: Spending): Promise<void> {
  const [{ multiplier }] = await sql(`select route_snapshot ->> 'multiplier' as multiplier from runs where id = $1`, [runId]);
  const run = { id: runId, account_id: accountId, multiplier };
  const settings = await readSettings(database);
  await database.transaction(async (tx) => chargeRun(tx, run, spending, settings));
}

/** Usage that costs so many credits where everything costs. */
export const worth = (credits: number): Spending => ({ usage: { input_tokens: credits * 1_000, output_tokens: 0 }, cost: '0' });

/** An operation on all accounts that has ended, and has changed nothing. */
export async function creditOperationOf({ world }: Pick<Maker, 'world'>): Promise<string> {
  const { id } = await adminOf(world);
  const [made] = await world.sql(
    `insert into credit_operations (id, operation, state, total, trace_id, created_by, completed_at) values (new_id(), 'reset_all', 'completed', 0, '', $1, now()) returning id`,
    [id],
  );
  return made.id;
}
