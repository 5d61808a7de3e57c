import { refuse } from '../../kernel/failure.ts';
import type { Sql } from '../../kernel/sql.ts';
import { holdAccount } from './queries.ts';

/** For routes of the platform that name an account: throws 404 `account_not_found` when there is none. Inside a transaction it then stays. */
export async function demandAccount(sql: Sql, accountId: string): Promise<void> {
  if (!(await sql.row(holdAccount, [accountId]))) throw refuse('not_found', 'account_not_found', 'There is no such account.');
}
