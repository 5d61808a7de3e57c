import type { RunEvent } from '../generated/types.ts';

/** The type and data of a run event, without the fields that the server adds. */
export type RunStep = {
  [Event in RunEvent as Event['type']]: { type: Event['type']; data: Omit<Event['data'], 'trace_id'> };
}[RunEvent['type']];

/** A sequence of steps; may be nested. */
export type Script = readonly (RunStep | Script)[];

/** The defaults are constants. */
export type ScriptOptions = {
  runId?: string | undefined;
  traceId?: string | undefined;
  startedAt?: Date | undefined;
  /** Milliseconds between two events. Default 20. */
  everyMs?: number | undefined;
};

const started: RunStep = { type: 'run.started', data: { source: 'api', continuation_source: 'none' } };
const onEveryRun = { runId: '0198c0de-0000-7000-8000-000000000001', traceId: '0af7651916cd43dd8448eb211c80319c' };

/**
 * Returns the events of a scripted run in the format of the API: `scriptRun([says('Hello'), completes()])`.
 * Adds `run.started` if the script does not begin with it.
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
    // Safe cast: the compiler does not correlate `type` and `data` of the union.
    return { ...envelope, type, data: { ...data, trace_id: traceId } } as RunEvent;
  });
}

const flatten = (script: Script): RunStep[] => script.flatMap((step) => ('type' in step ? [step] : flatten(step)));

const idOf = (runId: string, seq: number) => `${runId.slice(0, -12)}${seq.toString(16).padStart(12, '0')}`;
