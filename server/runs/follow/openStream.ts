import type { Recheck } from '../../http/pipeline/recheck.ts';
import type { Scope } from '../../http/scope.ts';
import type { EncodedEvents, StreamOptions } from '../../http/sse.ts';
import { failWith, rateLimited } from '../../platform/failure.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { findRun, type ReadableRun } from '../../resources/runs/service.ts';
import { ended } from '../../resources/runs/statuses.ts';
import { StorageUnavailable } from '../../storage/storage.ts';
import type { EventBroker } from './eventBroker.ts';
import { afterFirstRead, recheckMs, runEvents } from './stream.ts';

export type FollowRequest = {
  query: { after_seq: number; follow: boolean };
  headers: { 'last-event-id'?: number | undefined };
  authorization: string | undefined;
  recheck: Recheck;
  signal: AbortSignal;
};

/** `Retry-After` in seconds if the user has too many open streams. */
const retryAfterSeconds = 5;

/**
 * Opens the event stream of a run. Throws 429 if the user has too many open streams. Undefined if an automatic
 * reconnection is complete: status 204 stops the client (WHATWG HTML 9.2).
 */
export async function openStream(
  eventBroker: EventBroker,
  scope: Scope,
  run: ReadableRun,
  { query, headers, authorization, recheck, signal }: FollowRequest,
): Promise<{ chunks: EncodedEvents; options: StreamOptions } | undefined> {
  const lastEventId = headers['last-event-id'];
  const after = Math.max(query.after_seq, lastEventId ?? 0);
  const isEnded = ended.has(run.status);
  if (isEnded && after >= run.next_seq - 1 && lastEventId !== undefined) return undefined;
  await acquireStreamSlot(eventBroker, scope, signal);
  const watched = watchAccess(() => hasAccess(scope, run, authorization, recheck), scope, signal);
  const onError = (error: unknown) =>
    scope.app.log.warn({ err: error, run_id: run.id, trace_id: scope.client.traceId }, 'a stream broke off');
  const events = runEvents(eventBroker, { runId: run.id, after, follow: query.follow, isEnded, signal: watched });
  return {
    chunks: isEnded ? await withStorageErrors(scope, run, () => afterFirstRead(events, watched)) : events,
    options: { heartbeatMs: eventBroker.heartbeatMs, signal: watched, onError },
  };
}

/** Throws 503 `dependency_unavailable` if the object store with archived events does not respond. */
export async function withStorageErrors<T>({ app, client }: Scope, run: ReadableRun, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    const { reason, cause } = error;
    app.log.warn(
      { reason, err: cause, run_id: run.id, trace_id: client.traceId },
      'the object store with archived events is not available',
    );
    throw failWith('unavailable', 'dependency_unavailable', 'The events of this run cannot be read at the moment.');
  }
}

/** Counts a stream for its user until the response is closed for any reason. */
async function acquireStreamSlot({ openStreams }: EventBroker, { actor }: Scope, leaving: AbortSignal) {
  const leave = await openStreams.acquire(limiterKeyOf('streams', actor.userId));
  if (!leave) throw rateLimited('open_streams_exceeded', retryAfterSeconds, 'You have too many event streams open.');
  if (leaving.aborted) leave();
  else leaving.addEventListener('abort', leave, { once: true });
}

/** A signal that aborts when the reader disconnects, or soon after they lose access. */
function watchAccess(check: () => Promise<boolean>, { app }: Scope, leaving: AbortSignal): AbortSignal {
  const stop = new AbortController();
  const timer = setInterval(() => {
    check().then(
      (may) => may || stop.abort(),
      (err) => stop.signal.aborted || app.log.warn({ err }, 'the access of a stream could not be checked'),
    );
  }, recheckMs);
  const end = () => {
    clearInterval(timer);
    stop.abort(leaving.reason);
  };
  if (leaving.aborted) end();
  else leaving.addEventListener('abort', end, { once: true });
  stop.signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return stop.signal;
}

const pendingAccessChecks = new Map<string, Promise<boolean>>();
/** Together with `recheckMs`, well below the promised five seconds. */
const accessCheckTtlMs = 500;

/** All streams of one credential from one address for a run share one check. */
function hasAccess(scope: Scope, run: ReadableRun, authorization: string | undefined, recheck: Recheck): Promise<boolean> {
  const key = `${run.id} ${scope.accountId} ${scope.client.ip} ${authorization}`;
  const known = pendingAccessChecks.get(key);
  if (known !== undefined) return known;
  const answer = checkAccess(scope, run, recheck);
  pendingAccessChecks.set(key, answer);
  setTimeout(() => pendingAccessChecks.delete(key), accessCheckTtlMs).unref();
  return answer;
}

/** Checks access with the current role. An expired access token does not end an open stream. Any other loss of access does. */
async function checkAccess({ db, actor }: Scope, run: ReadableRun, recheck: Recheck): Promise<boolean> {
  try {
    await findRun({ db, actor, ...(await recheck()) }, run.id);
    return true;
  } catch (error) {
    const { status } = error as { status?: number };
    if (status !== undefined && status < 500) return false;
    throw error;
  }
}
