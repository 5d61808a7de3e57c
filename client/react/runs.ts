import type { ConnectionState } from '../core/call.ts';
import { isTransient } from '../core/errors.ts';
import { isShown, onOnline, onVisibility } from '../core/stream/page.ts';
import type { RunEvent } from '../generated/types.ts';
import type { Client } from '../index.ts';
import { idleView, openRunViewer, type RunView } from '../run/runView.ts';
import { createFrameScheduler, createYielder } from './frames.ts';

export type RunConnection = 'idle' | 'connecting' | ConnectionState | 'closed';

export type FollowedRun = RunView & {
  readonly connection: RunConnection;
  /** Why the stream ended early: an `ApiError`, or a `ConnectionError` after all retries. */
  readonly error: unknown;
};

/**
 * How long a page is hidden before it ends its streams, in milliseconds. Over HTTP/1.1 a browser opens six connections to a server, for all its pages
 * together: streams of hidden ones would block the requests of the one that is seen.
 */
const hiddenMs = 2_000;

/** One run, followed while it has watchers and the page is shown. */
type RunStore = {
  /** Follows the run until the last watcher leaves. A later watcher resumes after the last event. */
  watch(onChange: () => void): () => void;
  /** The same object until the state changes. */
  current(): FollowedRun;
  /** Follows the run again after its stream ended with an error. */
  reconnect(): void;
};

/** The followed runs of one provider. Watchers of the same run share one stream. */
export type RunStores = { of(runId: string): RunStore };

export const idleRun: FollowedRun = { ...idleView, connection: 'idle', error: undefined };

/** `onEvent` is called with every event of every followed run. */
export function createRunStores(client: Client, onEvent: (event: RunEvent) => void): RunStores {
  const stores = new Map<string, RunStore>();
  return {
    of(runId) {
      const known = stores.get(runId);
      if (known) return known;
      const store: RunStore = createRunStore(client, runId, onEvent, (watched) => {
        if (watched) stores.set(runId, store);
        else if (stores.get(runId) === store) stores.delete(runId);
      });
      stores.set(runId, store);
      return store;
    },
  };
}

function createRunStore(
  client: Client,
  runId: string,
  onEvent: (event: RunEvent) => void,
  onWatched: (watched: boolean) => void,
): RunStore {
  const viewer = openRunViewer();
  const watchers = new Set<() => void>();
  let state: FollowedRun = { ...viewer.view(), connection: 'connecting', error: undefined };
  /** Of the stream that is followed. */
  let present: AbortController | undefined;
  let stopObserving = () => {};

  /** Events are applied immediately and rendered once per frame. */
  const frames = createFrameScheduler(() => show({}));
  const show = (changes: Partial<Pick<FollowedRun, 'connection' | 'error'>>) => {
    state = { ...state, ...viewer.view(), ...changes };
    for (const onChange of watchers) onChange();
  };

  const follow = async () => {
    present = new AbortController();
    const { signal } = present;
    const breathe = createYielder();
    if (state.connection !== 'connecting') show({ connection: 'connecting', error: undefined });
    try {
      const onConnection = (connection: ConnectionState) => signal.aborted || show({ connection });
      for await (const event of client.runs.stream(runId, { afterSeq: state.lastSeq, signal, onConnection })) {
        // Events received after the stream was left are dropped. They are received again later.
        if (signal.aborted) return;
        viewer.add(event);
        onEvent(event);
        frames.ask();
        await breathe();
      }
      show({ connection: 'closed' });
    } catch (error) {
      if (!signal.aborted) show({ connection: 'closed', error });
    }
  };

  const leave = () => {
    present?.abort();
    present = undefined;
    frames.forget();
    state = { ...state, ...viewer.view() };
  };
  const start = () => {
    if (!present && !state.ended && isShown()) void follow();
  };
  /** Follows the run again if its stream has ended with an error. */
  const restart = () => {
    if (state.connection !== 'closed' || watchers.size === 0) return;
    present = undefined;
    start();
  };

  const observePage = () => {
    let hiding: ReturnType<typeof setTimeout> | undefined;
    const wake = () => {
      if (isTransient(state.error)) restart();
    };
    const stopListening = [
      onOnline(wake),
      onVisibility(() => {
        clearTimeout(hiding);
        if (!isShown()) hiding = setTimeout(leave, hiddenMs);
        else if (present) wake();
        else start();
      }),
    ];
    return () => {
      clearTimeout(hiding);
      for (const stop of stopListening) stop();
    };
  };

  return {
    current: () => state,
    reconnect: restart,
    watch(onChange) {
      // A new function per call, so that the same `onChange` may watch twice.
      const watcher = () => onChange();
      watchers.add(watcher);
      if (watchers.size === 1) {
        onWatched(true);
        stopObserving = observePage();
        start();
      }
      return () => {
        if (!watchers.delete(watcher) || watchers.size > 0) return;
        stopObserving();
        leave();
        onWatched(false);
      };
    },
  };
}
