import type { BulkCreditAdjustment, CreditReset } from '../../../contract/credits.ts';
import type { Queryable, Transaction } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { readSettings } from '../settings/settings.ts';
import { balanceOverflow } from './ledger.ts';
import type { OperationRow } from './operationQueries.ts';
import * as queries from './operationQueries.ts';

export const changeCreditsTask = 'credits.change';

/** Queues the rest of an operation in the transaction of the current batch. */
export async function queueOperation(tx: Queryable, id: string, traceId: string): Promise<void> {
  const payload = { v: 1, type: changeCreditsTask, trace_id: traceId, operation_id: id };
  await tx.rows(queries.addJob, { task: changeCreditsTask, payload: JSON.stringify(payload), key: `credits:${id}` });
}

/**
 * Changes the next batch of accounts. Returns undefined if the operation has ended. Sends all statements at once, so that a process that
 * stops midway leaves no transaction open. A batch ends before the first account that is locked. With `waits`, one that is locked is waited for if it is
 * the first; without, the batch is then empty.
 */
export function changeNextBatch(
  tx: Transaction,
  id: string,
  lowThreshold: number,
  { waits }: { waits: boolean },
): Promise<OperationRow | undefined> {
  tx.awaitAtCommit(tx.row(queries.lockOperation, { id }));
  if (waits) {
    tx.awaitAtCommit(tx.row(queries.lockNextAccount, { id }));
    tx.awaitAtCommit(tx.row(queries.lockNextBalance, { id }));
  }
  tx.awaitAtCommit(tx.run(queries.insertMissing, { id }));
  const done = tx.row(queries.changeBatch, { id, lowThreshold });
  tx.awaitAtCommit(done);
  return done;
}

/** Adds credits to every account, or removes them down to a balance of 0. Throws 409 `balance_overflow` or `credit_operation_running`. */
export async function adjustAllAccounts(scope: Scope, { amount, note }: BulkCreditAdjustment): Promise<OperationRow> {
  const isTooMuch = amount > 0 && (await scope.tx.row(queries.selectOverflow, { amount }))?.found;
  if (isTooMuch) throw balanceOverflow();
  return startOperation(scope, 'bulk_adjust', amount, note);
}

/** Sets every balance to 0. Throws 409 `credit_operation_running`. */
export const resetAllAccounts = (scope: Scope, { note }: CreditReset): Promise<OperationRow> =>
  startOperation(scope, 'reset_all', null, note);

/** The request changes the first batch, which is all accounts in a small installation without locked ones. A job changes the rest. */
async function startOperation(
  { app, tx, actor, client, audit }: Scope,
  operation: OperationRow['operation'],
  amount: number | null,
  note = '',
): Promise<OperationRow> {
  const id = newId();
  const started = { id, operation, amount, note: note || null, traceId: client.traceId, userId: actor.userId };
  const begun = await tx.row(queries.insertOperation, started);
  if (!begun) {
    const running = await tx.row(queries.selectRunning);
    throw failWith('conflict', 'credit_operation_running', 'Another operation on all accounts is running.', {
      operation_id: running?.id ?? null,
    });
  }
  const { 'credit.low_threshold': lowThreshold } = await readSettings(app.database, tx);
  const moved = (await changeNextBatch(tx, id, lowThreshold, { waits: false }))!;
  if (moved.state === 'running') await queueOperation(tx, id, client.traceId);
  const { affected, total, state } = moved;
  const metadata = { operation, amount, note: note || null, affected_count: affected, total_count: total, state };
  audit({ id, accountId: null, targetId: null, metadata });
  return moved;
}

export async function findOperation({ db }: Pick<Scope, 'db'>, id: string): Promise<OperationRow> {
  const operation = await db.row(queries.selectOperation, { id });
  if (!operation) throw notFound();
  return operation;
}
