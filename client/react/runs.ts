import type { ConnectionState } from '../call.ts';
import type { RunEvent } from '../generated/types.ts';
import type { Client } from '../index.ts';
import { breather, everyFrame } from './frames.ts';
import { idleView, openRunViewer, type RunView } from './runView.ts';

/** How the stream of a run stands: not asked for, asked for, there, lost and asked for again, over. */
export type RunConnection = 'idle' | 'connecting' | ConnectionState | 'closed';

/** A run as it is followed. */
export type FollowedRun = RunView & {
  readonly connection: RunConnection;
  /** Why it cannot be followed any longer: an `ApiError`, or a `ConnectionError` after all tries. */
  readonly error: unknown;
};

/** One run, followed while anybody watches. */
export type RunStore = {
  /** Follows the run until all have left, and goes on where it was when somebody comes back. */
  watch(onChange: () => void): () => void;
  /** The same object until something changed. */
  current(): FollowedRun;
};

/** The runs that are followed below one provider. Who watches the same run shares its stream. */
export type Runs = { of(runId: string): RunStore };

/** What is shown without a run. */
export const idleRun: FollowedRun = { ...idleView, connection: 'idle', error: undefined };

/** No run is followed yet. `onEvent` gets every event of every run that is. */
export function openRuns(client: Client, onEvent: (event: RunEvent) => void): Runs {
  const stores = new Map<string, RunStore>();
  return {
    of(runId) {
      const known = stores.get(runId);
      if (known) return known;
      const store: RunStore = openStore(client, runId, onEvent, (watched) => {
        if (watched) stores.set(runId, store);
        else if (stores.get(runId) === store) stores.delete(runId);
      });
      stores.set(runId, store);
      return store;
    },
  };
}

function openStore(client: Client, runId: string, onEvent: (event: RunEvent) => void, onWatched: (watched: boolean) => void): RunStore {
  const viewer = openRunViewer();
  const watchers = new Set<() => void>();
  let state: FollowedRun = { ...viewer.view(), connection: 'connecting', error: undefined };
  let present = new AbortController();

  /** Events are taken in as they come, and shown frame by frame. */
  const frames = everyFrame(() => show({}));
  const show = (changes: Partial<Pick<FollowedRun, 'connection' | 'error'>>) => {
    state = { ...state, ...viewer.view(), ...changes };
    for (const onChange of watchers) onChange();
  };

  const follow = async ({ signal }: AbortController) => {
    const breathe = breather();
    if (state.connection !== 'connecting') show({ connection: 'connecting', error: undefined });
    try {
      const onConnection = (connection: ConnectionState) => signal.aborted || show({ connection });
      for await (const event of client.runs.stream(runId, { afterSeq: state.lastSeq, signal, onConnection })) {
        // What had already arrived when the last watcher left comes again to the next one.
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
    watch(onChange) {
      // Of its own, so that the same function may watch twice.
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
