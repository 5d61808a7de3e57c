import type { Chunks, StreamOptions } from '../../http/sse.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { rateLimited } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { Hub } from './hub.ts';
import { type FoundRun, findRun } from './service.ts';
import { recheckMs, runEvents } from './stream.ts';

export type FollowRequest = {
  query: { after_seq: number; follow: boolean };
  headers: { 'last-event-id'?: number | undefined };
  authorization: string | undefined;
  signal: AbortSignal;
};

const ended = new Set(['completed', 'failed', 'cancelled']);

/** Seconds after which a client may try to open a stream again when too many are open. */
const retryAfterSeconds = 5;

/** The event stream of a run; throws 429 when the user has too many open; undefined when an automatic reconnection has nothing more to come (204 stops it, WHATWG HTML 9.2). */
export function openStream(
  hub: Hub,
  scope: Scope,
  run: FoundRun,
  { query, headers, authorization, signal }: FollowRequest,
): { chunks: Chunks; options: StreamOptions } | undefined {
  const lastEventId = headers['last-event-id'];
  const after = Math.max(query.after_seq, lastEventId ?? 0);
  const nothingMore = ended.has(run.status) && after >= run.next_seq - 1;
  if (nothingMore && lastEventId !== undefined) return undefined;
  takePlace(hub, scope, signal);
  const watched = watch(scope, run, authorization, signal);
  const onError = (error: unknown) =>
    scope.app.log.warn({ err: error, run_id: run.id, trace_id: scope.origin.traceId }, 'a stream broke off');
  return {
    chunks: runEvents(hub, { runId: run.id, after, follow: query.follow && !nothingMore, signal: watched }),
    options: { heartbeatMs: hub.heartbeatMs, signal: watched, onError },
  };
}

/** Counts a stream for its user until the response is closed, however that happens. */
function takePlace({ openStreams }: Hub, { actor }: Scope, leaving: AbortSignal) {
  const leave = openStreams.enter(bucketOf('streams', actor.userId));
  if (!leave) throw rateLimited('open_streams_exceeded', retryAfterSeconds, 'You have too many event streams open.');
  if (leaving.aborted) leave();
  else leaving.addEventListener('abort', leave, { once: true });
}

/** A signal that aborts when the reader leaves, and soon after he may no longer read. */
function watch(scope: Scope, run: FoundRun, authorization: string | undefined, leaving: AbortSignal): AbortSignal {
  const stop = new AbortController();
  const timer = setInterval(() => {
    mayStillRead(scope, run, authorization).then(
      (may) => may || stop.abort(),
      (error) => scope.app.log.warn({ err: error }, 'the access of a stream could not be checked'),
    );
  }, recheckMs);
  const end = () => {
    clearInterval(timer);
    stop.abort();
  };
  if (leaving.aborted) end();
  else leaving.addEventListener('abort', end, { once: true });
  stop.signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return stop.signal;
}

const asked = new Map<string, Promise<boolean>>();
/** Together with the time between two checks well below the five seconds that are promised. */
const sharedMs = 500;

/** The many streams that one reader has of a run ask as one. */
function mayStillRead(scope: Scope, run: FoundRun, authorization: string | undefined): Promise<boolean> {
  const key = `${run.id} ${scope.accountId} ${authorization}`;
  const known = asked.get(key);
  if (known !== undefined) return known;
  const answer = askAccess(scope, run, authorization);
  asked.set(key, answer);
  setTimeout(() => asked.delete(key), sharedMs).unref();
  return answer;
}

/** Asks with the present role. An access token that expires does not cut an open stream; everything else that ends access does. */
async function askAccess(scope: Scope, run: FoundRun, authorization: string | undefined): Promise<boolean> {
  try {
    const admitted = await scope.app.access.authenticate(authorization, scope.accountId, { expired: 'accept' });
    const grant = await admitted.grantFor(scope.accountId, 'member');
    if (!grant.permissions.has('data.runs.read')) return false;
    await findRun({ read: scope.read, actor: scope.actor, ...grant }, run.id);
    return true;
  } catch (error) {
    const { status } = error as { status?: number };
    if (status !== undefined && status < 500) return false;
    throw error;
  }
}
