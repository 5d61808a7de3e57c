import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { useShared } from './provider.ts';
import { type FollowedRun, idleRun } from './runs.ts';

export type UsedRun = FollowedRun & {
  /** Cancels the run. Its partial answer is kept as a message. Rejects like `client.runs.cancel`. Does nothing without a run. */
  stop(): Promise<void>;
  /**
   * Answers the pending question that this state shows, or steers the run. Rejects like `client.runs.input`: with 409 `question_closed` if the run has
   * stopped waiting for the answer. Does nothing without a run.
   */
  reply(content: string): Promise<void>;
  /** Declines the pending question of an MCP server, whose `question.mcp_server` is set. Rejects like `client.runs.input`. */
  decline(): Promise<void>;
  /** Follows the run again after `error`, from the last event on. Does nothing while the run is followed or has ended. */
  reconnect(): void;
};

const nobodyWatches = () => () => {};
const getIdle = () => idleRun;

/** Follows a run from its first event and returns its current state. Idle while `runId` is undefined. */
export function useRun(runId: string | undefined): UsedRun {
  const { client, runs } = useShared();
  const store = runId === undefined ? undefined : runs.of(runId);
  const run = useSyncExternalStore(store?.watch ?? nobodyWatches, store?.current ?? getIdle, getIdle);
  const stop = useCallback(async () => {
    if (runId === undefined) return;
    await client.runs.cancel({ params: { run_id: runId }, body: { last_seen_seq: store?.current().lastSeq } });
  }, [client, runId, store]);
  // The id of the question that is rendered, so that the answer is never taken for that of a later one.
  const request_id = run.question?.request_id;
  const reply = useCallback(
    async (content: string) => {
      if (runId !== undefined) await client.runs.input({ params: { run_id: runId }, body: { content, request_id } });
    },
    [client, runId, request_id],
  );
  const decline = useCallback(async () => {
    if (runId !== undefined) await client.runs.input({ params: { run_id: runId }, body: { action: 'decline', request_id } });
  }, [client, runId, request_id]);
  const reconnect = useCallback(() => store?.reconnect(), [store]);
  return useMemo(() => ({ ...run, stop, reply, decline, reconnect }), [run, stop, reply, decline, reconnect]);
}
