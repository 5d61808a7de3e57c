import { useQueries } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { Client, Run, RunEvent } from '../../../../../client/index.ts';
import { useArkloop } from '../../../../../client/react/index.ts';
import { createTrace, type Step } from './trace.ts';
import { nestRuns } from './tree.ts';

type Trace = {
  steps: readonly Step[];
  events: readonly RunEvent[];
  promptMessageId: string | undefined;
  error: unknown;
};

/** Streams a run from its first event. Renders at most once a frame. */
export function useTrace(runId: string): Trace {
  const client = useArkloop();
  const [shown, show] = useState<Trace>({ steps: [], events: [], promptMessageId: undefined, error: undefined });
  useEffect(() => {
    const here = new AbortController();
    const events: RunEvent[] = [];
    const trace = createTrace();
    let frame = 0;
    const render = (error?: unknown) => {
      frame = 0;
      show({ steps: trace.steps(), events: [...events], promptMessageId: trace.promptMessageId(), error });
    };
    const stream = client.runs.stream(runId, { signal: here.signal });
    const read = async () => {
      for await (const event of stream) {
        events.push(event);
        trace.add(event);
        frame ||= requestAnimationFrame(() => render());
      }
    };
    read().catch((caught: unknown) => here.signal.aborted || render(caught));
    return () => {
      here.abort();
      cancelAnimationFrame(frame);
    };
  }, [client, runId]);
  return shown;
}

/** Adds the steps of child runs, and of those below them, once they have ended. */
export function useChildren(steps: readonly Step[], childIds: readonly string[]): readonly Step[] {
  const client = useArkloop();
  const found = useQueries({
    queries: childIds.map((id) => ({ queryKey: ['run', id, 'steps'], staleTime: Infinity, queryFn: () => readChild(client, id) })),
    combine: (results) => results.flatMap(({ data }) => data ?? []),
  });
  return useMemo(() => (found.length === 0 ? steps : nestRuns(steps, found)), [steps, found]);
}

type ReadRun = { run: Run; steps: readonly Step[] };

/** A child run with the runs below it, each after its parent. */
async function readChild(client: Client, id: string): Promise<ReadRun[]> {
  const trace = createTrace();
  for await (const event of client.runs.stream(id)) trace.add(event);
  const run = await client.runs.get({ params: { run_id: id } });
  const below = await Promise.all(run.child_run_ids.map((childId) => readChild(client, childId)));
  return [{ run, steps: trace.steps() }, ...below.flat()];
}

/** The current time, twice a second while `isLive`. */
export function useNow(isLive: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isLive) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isLive]);
  return now;
}
