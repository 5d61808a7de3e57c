import type { CreditOperation, CreditTransaction, credits as routes } from '../../../contract/credits.ts';
import type { Thread } from '../../../contract/threads.ts';
import { type Context, type RouteHandlers, untypedContext } from '../context.ts';
import { apiError, notFound } from '../http/errors.ts';
import { pageOf } from '../http/pages.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Row } from '../state.ts';
import { addTransaction, balanceOf, transactionsOf } from './ledger.ts';

const accountKind = resourceType('/v1/admin/accounts');
const runKind = resourceType('/v1/runs');
const threadKind = resourceType('/v1/threads');
const operationKind = { name: 'credit operations' };

type StatementQuery = { limit: number; before?: string | undefined; from?: string | undefined; to?: string | undefined };

/** Without `data.usage.read`, includes only transactions of the caller and those without a user. */
function statementOf({ engine, caller }: Pick<Context, 'engine' | 'caller'>, accountId: string, query: StatementQuery, seesAll: boolean) {
  const { from = '', to = '9999' } = query;
  const isShown = ({ value: { user_id: userId, created_at: time } }: Row) =>
    (seesAll || userId === null || userId === caller!.user.id) &&
    (time as string).slice(0, 10) >= from &&
    (time as string).slice(0, 10) <= to;
  const rows = transactionsOf(engine, accountId).filter(isShown);
  const page = pageOf(rows, JSON.stringify(['credits', accountId, seesAll, from, to]), query);
  const transactions = page.rows.map(({ value }) => {
    const transaction = value as CreditTransaction;
    return { ...transaction, thread_title: accountId === caller!.accountId ? titleOf(engine, transaction) : null };
  });
  return { body: { ...balanceOf(engine, accountId), transactions }, next: page.next };
}

function titleOf({ state }: Context['engine'], { reference_id: id }: CreditTransaction): string | null {
  const [run] = state.rows(runKind, ({ value }) => value.run_id === id);
  const [thread] = run ? state.rows(threadKind, ({ value }) => value.id === run.value.thread_id) : [];
  return (thread?.value as Thread | undefined)?.title ?? null;
}

/** Changes all accounts at once. `amountOf` returns the change of a balance. */
function changeAll(
  { engine, caller }: Pick<Context, 'engine' | 'caller'>,
  operation: CreditOperation['operation'],
  { amount, note = '' }: { amount: number | null; note?: string | undefined },
  amountOf: (balance: number) => number,
) {
  const id = engine.fakes.id(engine.now());
  const accountIds = engine.state.rows(accountKind).map(({ value }) => value.id as string);
  const changed = accountIds.filter((accountId) => {
    const by = amountOf(balanceOf(engine, accountId).balance);
    const cause = operation === 'reset_all' ? ('admin_reset' as const) : ('admin_bulk_adjust' as const);
    addTransaction(engine, accountId, { amount: by, cause, referenceId: id, note: note || null });
    return by !== 0;
  });
  const value: CreditOperation = {
    ...{ id, operation, amount, note: note || null, state: 'completed', total: accountIds.length, done: accountIds.length },
    ...{ affected: changed.length, failed: 0, created_by: caller!.user.id, created_at: engine.time(), completed_at: engine.time() },
  };
  engine.state.add(operationKind, { owner: 'platform', parents: {}, value });
  return { status: 200 as const, body: value };
}

export const credits: RouteHandlers<typeof routes> = {
  mine: (context) => {
    const { accountId, permissions } = context.caller;
    return { status: 200, ...statementOf(untypedContext(context), accountId, context.query, permissions.has('data.usage.read')) };
  },
  ofAccount: (context) => {
    const { account_id } = context.query;
    const { body, next } = statementOf(untypedContext(context), account_id, context.query, true);
    return { status: 200, body: { account_id, ...body }, next };
  },
  adjust: ({ engine, body: { account_id, amount, note } }) => {
    const [account] = engine.state.rows(accountKind, ({ value }) => value.id === account_id);
    if (!account) throw apiError('not_found', 'account_not_found', 'There is no such account.');
    const { balance } = balanceOf(engine, account_id);
    if (balance + amount < 0)
      throw apiError('conflict', 'insufficient_credits', 'The account has not so many credits.', { balance, required: -amount });
    const referenceId = engine.fakes.id(engine.now());
    addTransaction(engine, account_id, { amount, cause: 'admin_adjust', referenceId, note: note || null });
    return { status: 200, body: { account_id, ...balanceOf(engine, account_id) } };
  },
  bulkAdjust: (context) =>
    changeAll(untypedContext(context), 'bulk_adjust', context.body, (balance) => Math.max(-balance, context.body.amount)),
  resetAll: (context) => changeAll(untypedContext(context), 'reset_all', { amount: null, note: context.body.note }, (balance) => -balance),
  operation: ({ engine, params }) => {
    const [row] = engine.state.rows(operationKind, ({ value }) => value.id === params.operation_id);
    if (!row) throw notFound();
    return { status: 200, body: row.value as CreditOperation };
  },
};
