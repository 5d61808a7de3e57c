import type { BulkCreditAdjustment, CreditReset } from '../../../contract/credits.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { Sql, Transaction } from '../../kernel/sql.ts';
import { overflow } from './ledger.ts';
import type { OperationRow } from './operationQueries.ts';
import * as queries from './operationQueries.ts';

/** The name of the job that goes on with an operation. */
export const changeCreditsTask = 'credits.change';

/** Queue the rest of an operation, in the transaction that leaves it. */
export async function queueOperation(tx: Sql, id: string, traceId: string): Promise<void> {
  const payload = { v: 1, type: changeCreditsTask, trace_id: traceId, operation_id: id };
  await tx.rows(queries.addJob, [changeCreditsTask, JSON.stringify(payload), `credits:${id}`]);
}

/** Change the next accounts of an operation; undefined when it has ended. Sent whole: a process that stops in the middle leaves no transaction open. */
export function sendBatch(tx: Transaction, id: string): Promise<OperationRow | undefined> {
  tx.withCommit(tx.row(queries.takeTurn, [id]));
  tx.withCommit(tx.run(queries.insertMissing, [id]));
  const done = tx.row(queries.changeBatch, [id]);
  tx.withCommit(done);
  return done;
}

/** Give every account credits, or take from each what it has at most. Throws 409 `balance_overflow` or `credit_operation_running`. */
export async function adjustAll(scope: Scope, { amount, note }: BulkCreditAdjustment): Promise<OperationRow> {
  const isTooMuch = amount > 0 && (await scope.tx.row(queries.selectOverflow, [amount]))?.found;
  if (isTooMuch) throw overflow();
  return begin(scope, 'bulk_adjust', amount, note);
}

/** Take all credits from every account. Throws 409 `credit_operation_running`. */
export const resetAll = (scope: Scope, { note }: CreditReset): Promise<OperationRow> => begin(scope, 'reset_all', null, note);

/** The first accounts change with the request, which are all in a small installation; a job goes on with the rest. */
async function begin({ tx, actor, origin, audit }: Scope, operation: string, amount: number | null, note = ''): Promise<OperationRow> {
  const id = newId();
  const begun = await tx.row(queries.insertOperation, [id, operation, amount, note || null, origin.traceId, actor.userId]);
  if (!begun) {
    const running = await tx.row(queries.selectRunning);
    throw refuse('conflict', 'credit_operation_running', 'Another operation on all accounts is running.', {
      operation_id: running?.id ?? null,
    });
  }
  const moved = (await sendBatch(tx, id))!;
  if (moved.state === 'running') await queueOperation(tx, id, origin.traceId);
  const { affected, total, state } = moved;
  const metadata = { operation, amount, note: note || null, affected_count: affected, total_count: total, state };
  audit({ id, accountId: null, targetId: null, metadata });
  return moved;
}

/** The operation a path names. Throws 404. */
export async function findOperation({ read }: Pick<Scope, 'read'>, id: string): Promise<OperationRow> {
  const operation = await read.row(queries.selectOperation, [id]);
  if (!operation) throw notFound();
  return operation;
}
