import { useCallback, useSyncExternalStore } from 'react';
import { useShared } from './provider.ts';
import { type FollowedRun, idleRun } from './runs.ts';

/** A run as it is followed, and what can be said to it. */
export type UsedRun = FollowedRun & {
  /** Asks the run to stop; it ends as cancelled. Rejects like `client.runs.cancel`, and does nothing without a run. */
  stop(): Promise<void>;
  /** Answers the pending question, or steers the run. Rejects like `client.runs.input`, and does nothing without a run. */
  reply(content: string): Promise<void>;
};

const nobodyWatches = () => () => {};
const getIdle = () => idleRun;

/** Follows a run from its first event: what it says, calls, asks and costs, and how the connection stands. Idle while the id is undefined. */
export function useRun(runId: string | undefined): UsedRun {
  const { client, runs } = useShared();
  const store = runId === undefined ? undefined : runs.of(runId);
  const run = useSyncExternalStore(store?.watch ?? nobodyWatches, store?.current ?? getIdle, getIdle);
  const stop = useCallback(async () => {
    if (runId === undefined) return;
    await client.runs.cancel({ params: { run_id: runId }, body: { last_seen_seq: store?.current().lastSeq } });
  }, [client, runId, store]);
  const reply = useCallback(
    async (content: string) => {
      if (runId !== undefined) await client.runs.input({ params: { run_id: runId }, body: { content } });
    },
    [client, runId],
  );
  return { ...run, stop, reply };
}
