import type { CreditsQuery } from '../../../contract/credits.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Scope } from '../../http/scope.ts';
import { accountNotFound } from '../accounts/requireAccount.ts';
import type { TransactionRow } from './queries.ts';
import * as queries from './queries.ts';

export type CreditStatement = { accountId: string; account: queries.BalanceRow; rows: TransactionRow[]; next: string | undefined };

/** Without `data.usage.read`, includes only transactions of the caller and those without a user. */
export function readOwnCredits(scope: Scope, query: CreditsQuery): Promise<CreditStatement> {
  return readCredits(scope, scope.accountId, query, scope.permissions.has('data.usage.read'));
}

/** For platform admins. Throws 404 `account_not_found`. */
export function readAccountCredits(
  scope: Scope,
  { account_id: accountId, ...page }: PageQuery & { account_id: string },
): Promise<CreditStatement> {
  return readCredits(scope, accountId, page, true);
}

type Filter = PageQuery & { from?: string | undefined; to?: string | undefined };

async function readCredits(scope: Scope, accountId: string, { from, to, ...page }: Filter, seesAll: boolean): Promise<CreditStatement> {
  const { app, db, actor, permissions } = scope;
  const { userId } = actor;
  const [firstDay, lastDay] = [from ?? null, to ?? null];
  // Platform admins do not see thread titles of other accounts.
  const readerId = accountId === scope.accountId ? userId : null;
  const filter = { accountId, userId, seesAll, readerId, managesProjects: permissions.has('data.projects.manage'), firstDay, lastDay };
  const ledger = app.cursors.fetchPage(
    page,
    ['credits', accountId, userId, seesAll, firstDay, lastDay],
    (key) => db.rows(queries.selectTransactions, { ...filter, ...key }),
    (row) => [row.created_at, row.id],
  );
  const [account, { rows, next }] = await Promise.all([db.row(queries.selectBalance, { accountId }), ledger]);
  if (!account) throw accountNotFound();
  return { accountId, account, rows, next };
}
