import { z } from 'zod';
import type { ErasedTable, ErasureReport, ErasureWait } from '../../../contract/erasures.ts';
import { clocksAgree } from '../../database/connection/clock.ts';
import { expectedSchemaVersion } from '../../database/expectedSchema.ts';
import type { Database, Queryable, Transaction } from '../../database/sql.ts';
import type { App } from '../../http/app.ts';
import type { Config } from '../../platform/config/config.ts';
import { newId } from '../../platform/crypto/ids.ts';
import type { Keys } from '../../platform/crypto/keys.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { closeLockedAccount, type EndingScope } from '../../resources/accounts/endAccess.ts';
import { lockAccount, lockRunSlots } from '../../resources/accounts/queries.ts';
import { queueMailOfServer } from '../../resources/email/queue.ts';
import { eraseTask, queueErasure } from '../../resources/erasures/queue.ts';
import { notifyUsers } from '../../resources/notifications/service.ts';
import { readSettings } from '../../resources/settings/settings.ts';
import { publishAccountEvent } from '../../resources/webhooks/outbox.ts';
import { type Storage, StorageUnavailable } from '../../storage/storage.ts';
import { unlockLostJobs } from '../lostJobs.ts';
import { inOrder } from './order.ts';
import { type Deleted, detachedEntries, objectsOfAccount, ownBatches } from './ownBatches.ts';
import * as queries from './queries.ts';
import type { RunningErasure } from './queries.ts';
import { notCovered } from './rules.ts';
import { signReport } from './signReport.ts';
import { accountSteps, type Step, type Target, userSteps } from './steps.ts';

export type EraseDeps = {
  config: Config;
  keys: Keys;
  database: Database;
  storage: Storage | undefined;
  queue: App['queue'];
  runNotifier: App['runNotifier'];
  stopping: AbortSignal;
  log: Log;
};

const Payload = z.object({ v: z.literal(1), trace_id: z.string(), account_id: z.guid(), erasure_id: z.guid() });

type Wait = z.infer<typeof ErasureWait>;

/** Seconds until the next look. */
const delays: Readonly<Record<Wait, number>> = { runs: 2, requests: 2, file_store: 5, retry: 15 };

/** Rows changed by one transaction, at most. */
const batch = 1_000;

/** Begins or continues an erasure. What it waits for is looked at by its next job. Never rejects for the sake of the erasure itself. */
export async function eraseAccount(deps: EraseDeps, payload: unknown): Promise<void> {
  const { database, log } = deps;
  const known = Payload.safeParse(payload);
  if (!known.success) return void log.error('a job that erases an account has a payload this worker does not know');
  const { account_id: accountId, erasure_id: id, trace_id: traceId } = known.data;
  const key = { accountId, id };
  const facts = { trace_id: traceId, erasure_id: id, account_id: accountId };
  if (!(await clocksAgree(database, log))) return queueErasure(database, key, traceId, { delaySeconds: delays.retry });
  const erasure = await database.row(queries.beginErasure, key);
  if (!erasure) return requeueEarlyJob(database, key);
  try {
    const wait = await erase(deps, erasure);
    if (wait === 'stopping') return await queueErasure(database, key, traceId);
    if (wait) await postpone(database, key, traceId, wait);
    else log.info(facts, 'an account was erased');
  } catch (err) {
    const isStorage = err instanceof StorageUnavailable;
    if (isStorage) log.warn({ ...facts, err }, 'an erasure waits for the object store');
    else log.error({ ...facts, err }, 'an erasure failed and is tried again');
    await postpone(database, key, traceId, isStorage ? 'file_store' : 'retry');
  }
}

async function postpone(database: Database, key: { accountId: string; id: string }, traceId: string, wait: Wait) {
  await database.run(queries.markWaiting, { ...key, waitingFor: wait });
  await queueErasure(database, key, traceId, { delaySeconds: delays[wait] });
}

/** The clocks of the queue and of the job may differ. */
async function requeueEarlyJob(database: Database, key: { accountId: string; id: string }) {
  const scheduled = await database.row(queries.selectScheduled, key);
  if (scheduled) await queueErasure(database, key, scheduled.trace_id, { at: scheduled.due_at });
}

/** Returns what the erasure waits for; undefined if it is completed. */
async function erase(deps: EraseDeps, erasure: RunningErasure): Promise<Wait | 'stopping' | undefined> {
  const { config, database, storage, stopping } = deps;
  const { account_id: accountId } = erasure;
  const closedAt = await closeAccount(deps, erasure);
  if ((await database.row(queries.selectOpenWork, { accountId }))!.found) return 'runs';
  const settleSeconds = config.erasureSettleSeconds;
  if ((await database.row(queries.selectOldTransaction, { closedAt, settleSeconds }))!.found) return 'requests';
  const target = { accountId, userId: erasure.user_id };
  const steps = await stepsOf(database, target);
  for (const step of steps) if ((await eraseTable(deps, erasure, step, target)) === 'stopping') return 'stopping';
  if (storage) await removeLeftObjects(database, storage, erasure);
  if (stopping.aborted) return 'stopping';
  return (await complete(deps, erasure, steps, target, closedAt)) ? undefined : 'retry';
}

/** Closes the account as its admins could, unless it is closed. Returns when it was closed. */
async function closeAccount({ database, queue, runNotifier }: EraseDeps, erasure: RunningErasure): Promise<string> {
  const { account_id: accountId, id } = erasure;
  return database.transaction(async (tx) => {
    const scope: EndingScope = {
      app: { database, queue, runNotifier },
      tx,
      actor: { userId: erasure.requested_by },
      afterCommit: (then) => tx.afterCommit(then),
    };
    if (await tx.row(lockAccount, { accountId })) {
      await tx.rows(lockRunSlots, { accountId });
      const before = await countOfClosing(tx, accountId);
      await closeLockedAccount(scope, accountId);
      const after = await countOfClosing(tx, accountId);
      for (const [table, count] of before)
        await tx.run(queries.recordBatch, { ...nothingElse, accountId, id, table, rows: count - after.get(table)! });
    }
    return (await tx.row(queries.selectClosedAt, { accountId }))!.deleted_at!;
  });
}

/** Tables from which closing an account deletes rows, itself or by foreign keys. The proof counts them too. */
const endedByClosing = [
  'invitations',
  'memberships',
  'memories',
  'schedule_occurrences',
  'schedules',
  'team_members',
  'thread_share_messages',
  'thread_shares',
  'webhook_deliveries',
  'webhook_endpoints',
  'webhook_replays',
];
const nothingElse = { isDeletion: true, files: 0, bytes: 0, refs: [] };

async function countOfClosing(tx: Queryable, accountId: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { table, remaining } of accountSteps)
    if (remaining && endedByClosing.includes(table)) counts.set(table, (await tx.row(remaining, { accountId, userId: null }))!.count);
  return counts;
}

const stepsOf = async (db: Queryable, { userId }: Target): Promise<Step[]> => [
  ...(await inOrder(db, accountSteps)),
  ...(userId === null ? [] : await inOrder(db, userSteps)),
];

/** Deletes or anonymizes the rows of a table in batches, each with its progress in one transaction. */
async function eraseTable(deps: EraseDeps, erasure: RunningErasure, step: Step, target: Target): Promise<'done' | 'stopping'> {
  const { database, stopping } = deps;
  if (step.rule === 'kept') return 'done';
  const { change } = step;
  const ownBatchesOf = change ? step.table === 'audit_logs' && detachedEntries : ownBatches[step.table as keyof typeof ownBatches];
  if (ownBatchesOf)
    for await (const deleteBatch of ownBatchesOf(deps, target)) {
      if (stopping.aborted) return 'stopping';
      await inBatch(database, erasure, step, deleteBatch);
    }
  if (!change) return 'done';
  for (let changed = 1; changed > 0;) {
    if (stopping.aborted) return 'stopping';
    changed = await inBatch(database, erasure, step, async (tx) => ({ rows: await tx.run(change, { ...target, limit: batch }) }));
  }
  return 'done';
}

/** Returns the number of changed rows. */
const inBatch = (
  database: Database,
  { account_id: accountId, id }: RunningErasure,
  { table, rule }: Step,
  work: (tx: Transaction) => Promise<Deleted>,
): Promise<number> =>
  database.transaction(async (tx) => {
    // Another worker may have completed it, because this one was thought dead.
    if (!(await tx.row(queries.lockErasure, { accountId, id }))) return 0;
    const { rows, files = 0, bytes = 0, refs = [] } = await work(tx);
    if (rows > 0) await tx.run(queries.recordBatch, { accountId, id, table, isDeletion: rule === 'deleted', rows, files, bytes, refs });
    return rows;
  });

/** Removes objects without a row, such as those of an upload that was interrupted. */
async function removeLeftObjects(database: Database, storage: Storage, { account_id: accountId, id }: RunningErasure): Promise<void> {
  const { workspace_refs: refs } = (await database.row(queries.lockErasure, { accountId, id })) ?? { workspace_refs: [] };
  for (const object of await Array.fromAsync(objectsOfAccount(storage, accountId, refs))) await storage.delete(object);
}

/** Searches all tables and the object store again. If nothing is left, signs and stores the report. Otherwise returns false. */
async function complete(
  deps: EraseDeps,
  erasure: RunningErasure,
  steps: readonly Step[],
  target: Target,
  closedAt: string,
): Promise<boolean> {
  const { database, keys, storage } = deps;
  const { account_id: accountId, id } = erasure;
  return database.transaction(async (tx) => {
    const progress = await tx.row(queries.lockErasure, { accountId, id });
    if (!progress) return true;
    const tables: ErasedTable[] = [];
    const countOf = async (statement: NonNullable<Step['kept']>) => (await tx.row(statement, target))!.count;
    for (const { table, rule, reason, remaining, kept } of steps)
      tables.push({
        table,
        rule,
        deleted: rule === 'deleted' ? (progress.deleted[table] ?? 0) : 0,
        anonymized: progress.anonymized[table] ?? 0,
        kept: kept ? await countOf(kept) : rule === 'deleted' ? 0 : null,
        remaining: remaining ? await countOf(remaining) : 0,
        reason,
      });
    const objects = storage ? await Array.fromAsync(objectsOfAccount(storage, accountId, progress.workspace_refs)) : [];
    if (objects.length > 0 || tables.some(({ remaining }) => remaining > 0)) return false;
    const now = progress.now;
    const report: ErasureReport = {
      format: 'arkloop-erasure/1',
      issuer: (await readSettings(database, tx))['app.base_url'],
      erasure_id: id,
      account_id: accountId,
      user_id: erasure.user_id,
      requested_by_user_id: erasure.requested_by,
      requested_by_service_key_id: erasure.service_key_id,
      reference: erasure.reference,
      requested_at: erasure.created_at,
      due_at: erasure.due_at,
      closed_at: closedAt,
      started_at: erasure.started_at,
      verified_at: now,
      finished_at: now,
      schema_version: expectedSchemaVersion,
      tables: mergeTables(tables),
      files: { deleted: progress.files_deleted, bytes: progress.bytes_deleted, remaining: objects.length },
      not_covered: [...notCovered],
    };
    const proof = await signReport(tx, keys.encryptionKeys, report);
    await tx.run(queries.markCompleted, { accountId, id, report: JSON.stringify(report), proof });
    await tellRequester(deps, tx, erasure, now);
    return true;
  });
}

/** A table of the account and of the user, such as `sessions`, is listed once. */
function mergeTables(tables: readonly ErasedTable[]): ErasedTable[] {
  const merged = new Map<string, ErasedTable>();
  for (const each of tables) if (!merged.has(each.table)) merged.set(each.table, each);
  return [...merged.values()];
}

/** Tells the requester where they still have an account: by a notification, the event `account.erased` and mail. The erased account has nobody to tell. */
async function tellRequester(deps: EraseDeps, tx: Transaction, erasure: RunningErasure, finishedAt: string) {
  const { id, account_id: accountId, requested_by: userId, trace_id: traceId, reference } = erasure;
  await tx.run(queries.insertAudit, { id: newId(), targetId: id, traceId, metadata: JSON.stringify({ account_id: accountId }) });
  const requester = await tx.row(queries.selectRequester, { userId });
  if (!requester) return;
  const { home_id: homeId, email: to, locale } = requester;
  await notifyUsers(tx, {
    accountId: homeId,
    userIds: [userId],
    type: 'account.erased',
    title: 'An account was erased',
    body: 'Download the proof and keep it. It can be verified without this platform.',
    payload: { erasure_id: id, account_id: accountId },
  });
  const data = { erasure_id: id, erased_account_id: accountId, finished_at: finishedAt };
  await publishAccountEvent(tx, traceId, homeId, { type: 'account.erased', data });
  if (!to) return;
  const { slug } = (await tx.row(queries.selectSlug, { accountId }))!;
  await queueMailOfServer({ ...deps, tx, traceId }, { kind: 'erased', to, locale, data: { slug, reference } });
}

const unlockLost = unlockLostJobs('erasures', 'erasure');

/** Unlocks the jobs of dead workers and queues erasures without a job again, without limit. */
export async function recoverErasures(database: Database, leaseSeconds: number, activeJobs: ReadonlySet<string>, log: Log): Promise<void> {
  await database.rows(unlockLost, { task: eraseTask, leaseSeconds, activeJobs: [...activeJobs] });
  for (const { account_id: accountId, id, trace_id: traceId } of await database.rows(queries.selectAbandoned)) {
    log.warn({ trace_id: traceId, erasure_id: id }, 'an erasure is queued again');
    await queueErasure(database, { accountId, id }, traceId);
  }
}
