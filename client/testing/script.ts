import type { RunEvent } from '../generated/types.ts';

/** A step of a run: what an event says, without what only the server adds. */
export type RunStep = {
  [Event in RunEvent as Event['type']]: { type: Event['type']; data: Omit<Event['data'], 'trace_id'> };
}[RunEvent['type']];

/** Steps one after the other; they may be nested. */
export type Script = readonly (RunStep | Script)[];

/** Whose run it is, and when it began; the same values every time unless given. */
export type ScriptOptions = {
  runId?: string | undefined;
  traceId?: string | undefined;
  startedAt?: Date | undefined;
  /** Milliseconds between two events, 20 unless given. */
  everyMs?: number | undefined;
};

const started: RunStep = { type: 'run.started', data: { source: 'api', continuation_source: 'none' } };
const onEveryRun = { runId: '0198c0de-0000-7000-8000-000000000001', traceId: '0af7651916cd43dd8448eb211c80319c' };

/**
 * The events of a run that does what the script says, as the API would send them: `scriptRun([says('Hello'), completes()])`.
 * It begins with `run.started` unless the script does.
 */
export function scriptRun(
  script: Script,
  {
    runId = onEveryRun.runId,
    traceId = onEveryRun.traceId,
    startedAt = new Date('2026-01-01T00:00:00Z'),
    everyMs = 20,
  }: ScriptOptions = {},
): RunEvent[] {
  const steps = flatten(script);
  const all = steps[0]?.type === 'run.started' ? steps : [started, ...steps];
  return all.map(({ type, data }, index) => {
    const time = new Date(startedAt.getTime() + index * everyMs).toISOString();
    const tool = type.startsWith('tool.') && 'tool_name' in data ? { tool_name: data.tool_name } : {};
    const failure = 'error_class' in data ? { error_class: data.error_class } : {};
    const envelope = { event_id: idOf(runId, index + 1), run_id: runId, seq: index + 1, created_at: time, ts: time, ...tool, ...failure };
    // A step is an event but for the envelope; the compiler does not follow that through the union.
    return { ...envelope, type, data: { ...data, trace_id: traceId } } as RunEvent;
  });
}

const flatten = (script: Script): RunStep[] => script.flatMap((step) => ('type' in step ? [step] : flatten(step)));

/** An id of its own for each event of a run. */
const idOf = (runId: string, seq: number) => `${runId.slice(0, -12)}${seq.toString(16).padStart(12, '0')}`;
