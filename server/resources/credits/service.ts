import type { CreditsQuery } from '../../../contract/credits.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import type { Scope } from '../../kernel/scope.ts';
import { accountNotFound } from '../accounts/existing.ts';
import type { TransactionRow } from './queries.ts';
import * as queries from './queries.ts';

/** A balance with a page of the ledger. */
export type Statement = { accountId: string; account: queries.BalanceRow; rows: TransactionRow[]; next: string | undefined };

/** The balance of the active account; without `data.usage.read` only the transactions of the caller, and those that are nobody's. */
export function readOwnCredits(scope: Scope, query: CreditsQuery): Promise<Statement> {
  return readCredits(scope, scope.accountId, query, scope.permissions.has('data.usage.read'));
}

/** The balance of any account with its whole ledger. Throws 404 `account_not_found`. */
export function readCreditsOf(scope: Scope, { account_id: accountId, ...page }: PageQuery & { account_id: string }): Promise<Statement> {
  return readCredits(scope, accountId, page, true);
}

type Filter = PageQuery & { from?: string | undefined; to?: string | undefined };

async function readCredits(scope: Scope, accountId: string, { limit, before, from, to }: Filter, seesAll: boolean): Promise<Statement> {
  const { app, read, actor, permissions } = scope;
  const days = [from ?? null, to ?? null];
  const list = ['credits', accountId, actor.userId, seesAll, ...days];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  // Who only administers the platform reads the titles of no threads: they belong to an account he is not in.
  const reader = accountId === scope.accountId ? actor.userId : null;
  const who = [reader, permissions.has('data.projects.manage'), seesAll, actor.userId];
  const [account, rows] = await Promise.all([
    read.row(queries.selectBalance, [accountId]),
    read.rows(queries.selectTransactions, [accountId, ...who, ...days, createdAt, id, limit + 1]),
  ]);
  if (!account) throw accountNotFound();
  const page = app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
  return { accountId, account, ...page };
}
