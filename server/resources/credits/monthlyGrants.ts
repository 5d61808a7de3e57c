import { newId } from '../../kernel/ids.ts';
import { type Database, type Sql, statement } from '../../kernel/sql.ts';
import { readEntitlements } from '../settings/settings.ts';
import { mostCredits } from './ledger.ts';

type Subscription = { id: string; account_id: string };
type DueWindow = Subscription & { window_start: string; window_end: string };

const iso = (time: string) => `to_char(${time}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * The window of subscription `s` that is open at $1, unless it was granted. Windows begin whole months after the anchor, each counted from
 * there, so that a day that a month lacks is only clamped in that month; none begins at the end of the period, and the last ends with it.
 */
const dueWindow = `
  select s.account_id, s.id, ${iso('w.starts')} as window_start, ${iso('w.ends')} as window_end
  from subscriptions s
  cross join lateral (select (extract(year from $1::timestamptz) - extract(year from s.current_period_start)) * 12
    + extract(month from $1::timestamptz) - extract(month from s.current_period_start) as apart) calendar
  cross join lateral (select (calendar.apart - (s.current_period_start + make_interval(months => calendar.apart::int) > $1::timestamptz)::int)::int as n) whole
  cross join lateral (select s.current_period_start + make_interval(months => whole.n) as starts,
    least(s.current_period_start + make_interval(months => whole.n + 1), s.current_period_end) as ends) w
  where s.status = 'active' and s.current_period_start <= $1::timestamptz and s.current_period_end > $1::timestamptz
    and not exists (select from credit_transactions t where t.account_id = s.account_id and t.reference_type = 'monthly_grant'
      and t.reference_id = s.id and t.metadata ->> 'window_start' = ${iso('w.starts')})`;

const selectOne = statement<DueWindow>(`${dueWindow} and s.account_id = $2 and s.id = $3`);

/** Balances are changed in the order of their accounts. */
const selectPage = statement<DueWindow>(`${dueWindow} and s.account_id > $2 order by s.account_id limit 200`);

/** The row in the ledger is the mark that the window was granted; without it the balance does not change. Who cancels meanwhile is waited for. */
const grant = statement<never>(`
  with entry as (
    insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id, metadata)
    select $1::uuid, $2, 'credit', $3::bigint, 'monthly_grant', $4::uuid, $5
    where coalesce((select balance from credit_balances where account_id = $1), 0) <= ${mostCredits} - $3::bigint
      and exists (select from subscriptions s where s.account_id = $1 and s.id = $4::uuid and s.status = 'active' for share)
    on conflict do nothing returning account_id, amount)
  insert into credit_balances as b (account_id, balance) select account_id, amount from entry
  on conflict (account_id) do update set balance = b.balance + excluded.balance`);

/** Grant the open window of a subscription, in the transaction that makes or renews it (specification, platform 1.4). */
export async function grantDueWindow(tx: Sql, { id, account_id: accountId }: Subscription, now = new Date()): Promise<void> {
  const due = await tx.row(selectOne, [now, accountId, id]);
  // Read through the transaction: the plan counts that it has just given the account.
  if (due) await grantWindow(tx, due, (await readEntitlements(tx, accountId))['credits.monthly_grant']);
}

/** Where the amount is not above 0 the window stays open, so that raising it grants at the next tick. */
async function grantWindow(tx: Sql, { id, account_id: accountId, ...window }: DueWindow, amount: number): Promise<boolean> {
  return amount > 0 && (await tx.run(grant, [accountId, newId(), amount, id, JSON.stringify(window)])) > 0;
}

const tryLock = statement<{ locked: boolean }>('select pg_try_advisory_xact_lock($1) as locked');
const grantsLock = 7_203_118_404;
const firstId = '00000000-0000-0000-0000-000000000000';

/** Grant every window that is open and was not granted. How many; 0 where another process is at it. Running twice at once grants nothing twice. */
export async function grantDueWindows(database: Database, now = new Date()): Promise<number> {
  let granted = 0;
  for (let after: string | undefined = firstId; after !== undefined; ) {
    const from: string = after;
    const page = await database.transaction(async (tx) => {
      if (!(await tx.row(tryLock, [grantsLock]))?.locked) return { done: 0, last: undefined };
      const due = await tx.rows(selectPage, [now, from]);
      let done = 0;
      for (const window of due) {
        const { 'credits.monthly_grant': amount } = await readEntitlements(database, window.account_id, tx);
        if (await grantWindow(tx, window, amount)) done++;
      }
      return { done, last: due.at(-1)?.account_id };
    });
    granted += page.done;
    after = page.last;
  }
  return granted;
}
