import { refuse } from '../../kernel/failure.ts';
import { type Sql, statement } from '../../kernel/sql.ts';

/** An account that is not closed, kept so until the commit. */
const holdAccount = statement<{ id: string }>('select id from accounts where id = $1 and deleted_at is null for key share');

/** For routes of the platform that name an account: throws 404 `account_not_found` when there is none. Inside a transaction it then stays. */
export async function demandAccount(sql: Sql, accountId: string): Promise<void> {
  if (!(await sql.row(holdAccount, [accountId]))) throw accountNotFound();
}

/** No such account on the platform. */
export const accountNotFound = () => refuse('not_found', 'account_not_found', 'There is no such account.');
