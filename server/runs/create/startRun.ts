import type { ReasoningMode } from '../../../contract/events.ts';
import { type NewRun, parseReasoningMode } from '../../../contract/runRequests.ts';
import type { RowOf } from '../../database/statement.ts';
import type { App, QueuedRun } from '../../http/app.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { Failure, failWith, notFound } from '../../platform/failure.ts';
import { lockRunSlots } from '../../resources/accounts/queries.ts';
import { selectKeyForShare } from '../../resources/auth/sessions/lockSession.ts';
import { type KeyBudget, remainingOf, selectKeyBudget } from '../../resources/credits/keyBudget.ts';
import { checkEventBytes } from '../../resources/quotas/check.ts';
import { runEventValues } from '../../resources/runs/appendRunEvents.ts';
import type { RunRow } from '../../resources/runs/queries.ts';
import { readEntitlements, readSettings } from '../../resources/settings/settings.ts';
import * as queries from './queries.ts';

/** Who starts a run: a request, or a schedule in the name of its user. */
export type RunCreator = Pick<Scope, 'tx' | 'accountId' | 'audit'> &
  Partial<Pick<Scope, 'afterCommit'>> & {
    app: Pick<App, 'config' | 'database' | 'queue' | 'localRuns'>;
    actor: Pick<Scope['actor'], 'userId' | 'apiKeyId' | 'keyHash'>;
    client: Pick<Scope['client'], 'traceId'>;
  };

export type RunOrigin = { source: 'api' | 'retry' | 'edit' | 'continue' | 'replay' | 'schedule'; resumeFrom?: string };

/** Requested route, persona, model and reasoning mode. Resolved by the worker. */
export type RunOptions = {
  routeId?: string | null;
  personaId?: string | null;
  model?: string | null;
  reasoningMode?: ReasoningMode | null;
};

export const runOptionsOf = ({ route_id, persona_id, model, reasoning_mode }: NewRun): RunOptions => ({
  routeId: route_id ?? null,
  personaId: persona_id || null,
  model: model || null,
  reasoningMode: reasoning_mode ? parseReasoningMode(reasoning_mode) : null,
});

type RequestedRun = Pick<RunRow, 'route_id' | 'requested_persona_id' | 'requested_model' | 'reasoning_mode'>;

export const optionsOfRun = (run: RequestedRun): RunOptions => ({
  routeId: run.route_id,
  personaId: run.requested_persona_id,
  model: run.requested_model,
  reasoningMode: run.reasoning_mode,
});

/**
 * Options of a request that repeats a run. Missing options default to those of that run. A model in the request
 * overrides the route of the run.
 */
export function optionsForRepeat(input: NewRun, run: RequestedRun | undefined): RunOptions {
  const [asked, earlier] = [runOptionsOf(input), run ? optionsOfRun(run) : {}];
  const isRouted = input.route_id !== undefined || input.model !== undefined;
  return {
    ...earlier,
    ...(isRouted && { routeId: asked.routeId ?? null, model: asked.model ?? null }),
    ...(input.persona_id !== undefined && { personaId: asked.personaId ?? null }),
    ...(input.reasoning_mode !== undefined && { reasoningMode: asked.reasoningMode ?? null }),
  };
}

/**
 * Starts a run of a thread. Locks the thread's row until commit. Run, first event and job are created together or not at all. The run slots of the account
 * are locked by the packet that inserts the run and commits, because the runs that an account starts at once wait for one another.
 */
export async function startRun(
  scope: RunCreator,
  threadId: string,
  wishes: RunOptions,
  { source, resumeFrom }: RunOrigin,
): Promise<string> {
  const { tx, accountId, actor, client } = scope;
  // A retry and an edit have hidden the earlier answers.
  const isRepeated = source === 'retry' || source === 'edit';
  const [thread, earlier, creator] = await Promise.all([
    lockIdleThread(scope, threadId),
    isRepeated ? undefined : tx.row(queries.selectContinuation, { accountId, threadId, isExplicit: source === 'continue' }),
    lockCreator(scope),
  ]);
  if (!creator) throw credentialRevoked(scope);
  if (!thread.tail_message_id) throw failWith('conflict', 'thread_empty', 'The thread has no message to answer.');
  const resumable = source === 'api' ? earlier?.resumable_run_id : resumeFrom;
  const id = newId();
  const { routeId = null, personaId = null, model = null, reasoningMode: mode = null } = wishes;
  const started = {
    source,
    ...(thread.tail_message_id && { thread_tail_message_id: thread.tail_message_id }),
    ...(routeId && { route_id: routeId }),
    ...(personaId && { persona_id: personaId }),
    ...(model && { model }),
    ...(mode && { reasoning_mode: mode }),
    ...(resumable && { resume_from_run_id: resumable }),
    ...(earlier?.continues_message_id && { continues_message_id: earlier.continues_message_id }),
    continuation_source: source === 'continue' || source === 'replay' ? 'explicit' : resumable ? 'user_followup' : 'none',
  } as const;
  checkAtCommit(scope, threadId, thread);
  const inserted = tx.run(queries.insertRun, {
    accountId,
    id,
    threadId,
    userId: actor.userId,
    apiKeyId: actor.apiKeyId ?? null,
    source,
    traceId: client.traceId,
    routeId,
    personaId,
    model,
    reasoningMode: mode,
    tailMessageNumber: thread.last_message_number,
    resumeFromRunId: resumable ?? null,
    continuesRunId: earlier?.continues_run_id ?? null,
    reservation: thread.reservation,
    ...queries.noParent,
    ...runEventValues(client.traceId, [{ type: 'run.started', data: started }]),
  });
  // Sent with the commit, like the job.
  tx.awaitAtCommit(inserted);
  await enqueue(scope, { id, account_id: accountId, trace_id: client.traceId });
  // The audit entry of an edit is about the message.
  if (source !== 'edit') scope.audit({ metadata: { thread_id: threadId } });
  return id;
}

/** Starts a new run in this process after the commit, if there is a worker with room for it, or queues it. */
async function enqueue({ app, tx, afterCommit }: RunCreator, run: QueuedRun) {
  const starter = app.localRuns?.starter;
  if (afterCommit && starter?.canStart()) {
    const payload = app.queue.payloadOf(run);
    return afterCommit(() => starter.start({ ...run, payload }));
  }
  tx.awaitAtCommit(app.queue.enqueueRun(tx, run, (await readSettings(app.database, tx))['queue.max_attempts']));
}

/** Locks what a run is started with: the user, and the API key of a request. A schedule acts for its user without a credential. */
async function lockCreator({ tx, accountId, actor: { userId, apiKeyId, keyHash } }: RunCreator): Promise<boolean> {
  const locked =
    apiKeyId !== undefined && keyHash !== undefined
      ? await tx.row(selectKeyForShare, { accountId, userId, apiKeyId })
      : await tx.row(queries.lockCreator, { userId });
  return locked !== undefined;
}

/** The error for a user who was suspended or deleted, or a key that was revoked, during the request. */
const credentialRevoked = ({ actor }: Pick<RunCreator, 'actor'>) =>
  failWith('unauthenticated', actor.apiKeyId ? 'invalid_token' : 'session_revoked', 'The credential is no longer valid.');

/**
 * Locks a thread without an open run, in an account (and for an API key) with available credits and a free slot. Returns the credits that a
 * new run reserves. Throws 409, 402 or 429. `checkAtCommit` checks again under the lock of the run slots, which a repeated transaction takes here.
 */
export async function lockIdleThread(scope: Limited, threadId: string) {
  const { tx, accountId } = scope;
  // PostgreSQL runs each statement after those before it have their locks, on a new snapshot.
  const [thread, , limits] = await Promise.all([
    tx.row(queries.lockThread, { accountId, threadId }),
    tx.attempt > 1 && tx.row(lockRunSlots, { accountId }),
    readLimits(scope, threadId),
  ]);
  if (!thread || !limits) throw notFound();
  return { ...thread, ...(await allowanceWithin(scope, limits)) };
}

/**
 * Sends the lock of the run slots, and a check that nobody has taken the slot or the credits meanwhile. If somebody has, the transaction is repeated: then it
 * has the lock when it decides.
 */
function checkAtCommit({ tx, accountId, actor: { userId, apiKeyId } }: Limited, threadId: string, { reservation, most }: Allowance) {
  if (tx.attempt > 1) return;
  tx.awaitAtCommit(tx.row(lockRunSlots, { accountId }));
  tx.awaitAtCommit(tx.row(queries.checkLimits, { accountId, threadId, userId, apiKeyId: apiKeyId ?? null, reservation, most }));
}

type Limited = Pick<RunCreator, 'app' | 'tx' | 'accountId' | 'actor'>;
/** The credits that a new run reserves, and how many runs its account may have at once (0: any number). */
type Allowance = { reservation: number; most: number };
type Limits = RowOf<typeof queries.selectLimits> & { key_budget: KeyBudget | undefined };

async function readLimits({ tx, accountId, actor: { apiKeyId, userId } }: Limited, threadId: string): Promise<Limits | undefined> {
  const [limits, key_budget] = await Promise.all([
    tx.row(queries.selectLimits, { accountId, threadId, userId }),
    apiKeyId ? tx.row(selectKeyBudget, { accountId, apiKeyId }) : undefined,
  ]);
  return limits && { ...limits, key_budget };
}

/** Throws early what `startRun` would throw because of the limits. Without locks, so `startRun` checks again. */
export async function checkRunLimits(scope: Limited, threadId: string): Promise<void> {
  await allowanceWithin(scope, (await readLimits(scope, threadId))!);
}

async function allowanceWithin({ app, tx, accountId }: Limited, limits: Limits): Promise<Allowance> {
  const settings = await readEntitlements(app.database, accountId, tx);
  if (limits.account_status === null || !limits.is_member) throw notFound();
  if (limits.account_status !== 'active') throw failWith('forbidden', 'account_suspended', 'This account is suspended.');
  if (limits.is_busy) throw failWith('conflict', 'thread_busy', 'A run of this thread has not ended yet.');
  checkEventBytes(limits.event_bytes, settings['quota.event_bytes']);
  const reservation = Math.min(reservationOf(limits, settings['credit.run_reservation']), remainingOf(limits.key_budget));
  const most = settings['limit.concurrent_runs'] || app.config.maxConcurrentRunsPerAccount;
  if (most > 0 && limits.active_runs >= most)
    throw new Failure('rate_limited', 'Too many runs at once.', { reason: 'concurrent_runs_exceeded' }, { 'retry-after': '5' });
  return { reservation, most };
}

/** The default reservation, or what is left of the available credits. Throws 402 if nothing is available. */
function reservationOf({ balance, reserved }: { balance: number; reserved: number }, usual: number): number {
  const available = Math.max(0, balance - reserved);
  if (available > 0) return Math.min(usual, available);
  if (balance <= 0) throw failWith('unpaid', 'credits_exhausted', 'The account has no credits left.', { balance });
  throw failWith('unpaid', 'credits_exhausted', 'Runs under way have reserved all credits of the account.', {
    balance,
    reserved,
    available,
  });
}
