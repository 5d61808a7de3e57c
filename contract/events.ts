import { z } from 'zod';
import { eventData } from './eventData.ts';
import { Id, Time, TraceId } from './shared/fields.ts';

export { AssistantMessage, Cost, ReasoningMode, RunError, Usage } from './eventData.ts';

type EventData = typeof eventData;

/** The names of the events of a run. */
export type RunEventType = keyof EventData;

/** The types after which a run has no further event. */
export const terminalTypes = ['run.completed', 'run.failed', 'run.cancelled'] as const;

/** An event as a producer makes it; the store adds the envelope. */
export type RunStep = { [T in RunEventType]: { type: T; data: z.output<EventData[T]> } }[RunEventType];

/** An event of a run, as stored, streamed and iterated. */
export type RunEvent = {
  [T in RunEventType]: {
    event_id: string;
    run_id: string;
    seq: number;
    type: T;
    data: z.output<EventData[T]> & { trace_id: string };
    created_at: string;
    ts: string;
    tool_name?: string | undefined;
    error_class?: string | undefined;
  };
}[RunEventType];

const modelName = (type: string) => type.replace(/(?:^|[._])([a-z])/g, (_, letter: string) => letter.toUpperCase());

const envelope = <T extends RunEventType>(type: T) =>
  z
    .object({
      event_id: Id,
      run_id: Id,
      seq: z.int().min(1).meta({ description: 'Starts at 1 and grows by 1, without gaps.' }),
      type: z.literal(type),
      data: z.object({ ...eventData[type].shape, trace_id: TraceId }),
      created_at: Time,
      ts: Time.meta({ description: 'The same instant as `created_at`.' }),
      tool_name: z.string().optional().meta({ description: 'Only on events of a tool.' }),
      error_class: z.string().optional().meta({ description: 'Only on failures.' }),
    })
    .meta({ id: `${modelName(type)}Event` });

/** The schema of `RunEvent`; the cast names what the compiler cannot follow through the table. */
export const RunEvent = z
  .discriminatedUnion('type', (Object.keys(eventData) as RunEventType[]).map(envelope) as unknown as [ReturnType<typeof envelope>])
  .meta({ id: 'RunEvent', description: 'Clients must ignore unknown types.' }) as unknown as z.ZodType<RunEvent>;
