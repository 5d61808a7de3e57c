import type { ConnectionState } from '../core/call.ts';
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

/** One run, followed while it has watchers. */
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
  let present = new AbortController();

  /** Events are applied immediately and rendered once per frame. */
  const frames = createFrameScheduler(() => show({}));
  const show = (changes: Partial<Pick<FollowedRun, 'connection' | 'error'>>) => {
    state = { ...state, ...viewer.view(), ...changes };
    for (const onChange of watchers) onChange();
  };

  const follow = async ({ signal }: AbortController) => {
    const breathe = createYielder();
    if (state.connection !== 'connecting') show({ connection: 'connecting', error: undefined });
    try {
      const onConnection = (connection: ConnectionState) => signal.aborted || show({ connection });
      for await (const event of client.runs.stream(runId, { afterSeq: state.lastSeq, signal, onConnection })) {
        // Events received after the last watcher left are dropped. The next watcher receives them again.
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

  return {
    current: () => state,
    reconnect() {
      if (watchers.size > 0 && state.connection === 'closed' && !state.ended) void follow(present);
    },
    watch(onChange) {
      // A new function per call, so that the same `onChange` may watch twice.
      const watcher = () => onChange();
      watchers.add(watcher);
      if (watchers.size === 1) {
        onWatched(true);
        present = new AbortController();
        if (!state.ended) void follow(present);
      }
      return () => {
        if (!watchers.delete(watcher) || watchers.size > 0) return;
        present.abort();
        frames.forget();
        state = { ...state, ...viewer.view() };
        onWatched(false);
      };
    },
  };
}
