import { type NewRun, reasoningMode } from '../../../contract/runRequests.ts';
import { Failure, notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { readEntitlements, readSettings } from '../settings/settings.ts';
import * as queries from './queries.ts';

/** Why a run is made, and what of an earlier one it takes up. */
export type RunOrigin = { source: 'api' | 'retry' | 'edit' | 'continue'; resumeFrom?: string };

/** What a route asks for; all of it is resolved by the worker. */
export type RunWishes = { routeId?: string | null; personaId?: string | null; model?: string | null; reasoningMode?: string | null };

/** The wishes of a request. */
export const wishesOf = ({ route_id, persona_id, model, reasoning_mode }: NewRun): RunWishes => ({
  routeId: route_id ?? null,
  personaId: persona_id || null,
  model: model || null,
  reasoningMode: reasoning_mode ? reasoningMode(reasoning_mode) : null,
});

type AskedRun = Pick<queries.RunRow, 'route_id' | 'requested_persona_id' | 'requested_model' | 'reasoning_mode'>;

/** The wishes of a run. */
export const wishesOfRun = (run: AskedRun): RunWishes => ({
  routeId: run.route_id,
  personaId: run.requested_persona_id,
  model: run.requested_model,
  reasoningMode: run.reasoning_mode,
});

/** The wishes of a request that repeats a run, and of that run where the request names none. A model of the request wins over a route of the run. */
export function repeatedWishes(input: NewRun, run: AskedRun | undefined): RunWishes {
  const [asked, earlier] = [wishesOf(input), run ? wishesOfRun(run) : {}];
  const isRouted = input.route_id !== undefined || input.model !== undefined;
  return {
    ...earlier,
    ...(isRouted && { routeId: asked.routeId ?? null, model: asked.model ?? null }),
    ...(input.persona_id !== undefined && { personaId: asked.personaId ?? null }),
    ...(input.reasoning_mode !== undefined && { reasoningMode: asked.reasoningMode ?? null }),
  };
}

/** Start a run of a thread whose row is locked here until the commit: run, first event and job appear together or not at all. */
export async function startRun(scope: Scope, threadId: string, wishes: RunWishes, { source, resumeFrom }: RunOrigin): Promise<string> {
  const { app, tx, accountId, actor, origin } = scope;
  const thread = await lockIdleThread(scope, threadId);
  if (!thread.tail_message_id) throw refuse('conflict', 'thread_empty', 'The thread has no message to answer.');
  // A retry and an edit have hidden what there was.
  const isRepeated = source === 'retry' || source === 'edit';
  const earlier = isRepeated ? undefined : await tx.row(queries.selectEarlier, [accountId, threadId, source === 'continue']);
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
    continuation_source: source === 'continue' ? 'explicit' : resumable ? 'user_followup' : 'none',
    trace_id: origin.traceId,
  };
  const asked = [actor.userId, source, origin.traceId, routeId, personaId, model, mode];
  const event = [newId(), JSON.stringify(started)];
  const made = await tx.run(queries.insertRun, [
    accountId,
    id,
    threadId,
    ...asked,
    thread.last_message_number,
    resumable ?? null,
    earlier?.continues_run_id ?? null,
    thread.reservation,
    ...event,
  ]);
  if (made === 0) throw ended(scope);
  const maxAttempts = (await readSettings(app.database, tx))['queue.max_attempts'];
  await app.queue.executeRun(tx, { id, account_id: accountId, trace_id: origin.traceId }, maxAttempts);
  // The entry of an edit is about the message.
  if (source !== 'edit') scope.audit({ metadata: { thread_id: threadId } });
  return id;
}

/** What whoever was suspended or deleted is told while the request was on its way. */
const ended = ({ actor }: Scope) =>
  refuse('unauthenticated', actor.apiKeyId ? 'invalid_token' : 'session_revoked', 'The credential is no longer valid.');

/**
 * Lock a thread that has no run under way, in an account with available credits and a free slot, and say how many credits a new run reserves.
 * Throws 409, 402 or 429.
 */
export async function lockIdleThread({ app, tx, accountId }: Scope, threadId: string) {
  const thread = await tx.row(queries.lockThread, [accountId, threadId]);
  if (!thread) throw notFound();
  const limits = (await tx.row(queries.selectLimits, [accountId, threadId]))!;
  const settings = await readEntitlements(app.database, accountId, tx);
  if (limits.account_status === null) throw notFound();
  if (limits.account_status !== 'active') throw refuse('forbidden', 'account_suspended', 'This account is suspended.');
  if (limits.is_busy) throw refuse('conflict', 'thread_busy', 'A run of this thread has not ended yet.');
  const reservation = reservationOf(limits, settings['credit.run_reservation']);
  const most = settings['limit.concurrent_runs'] || app.config.maxConcurrentRunsPerAccount;
  if (most > 0 && limits.active_runs >= most)
    throw new Failure('rate_limited', 'Too many runs at once.', { reason: 'concurrent_runs_exceeded' }, { 'retry-after': '5' });
  return { ...thread, reservation };
}

/** What a new run reserves: the usual amount, or what is left of it. Throws 402 when nothing is available. */
function reservationOf({ balance, reserved }: { balance: number; reserved: number }, usual: number): number {
  const available = Math.max(0, balance - reserved);
  if (available > 0) return Math.min(usual, available);
  if (balance <= 0) throw refuse('unpaid', 'credits_exhausted', 'The account has no credits left.', { balance });
  throw refuse('unpaid', 'credits_exhausted', 'Runs under way have reserved all credits of the account.', { balance, reserved, available });
}
