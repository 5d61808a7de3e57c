import { z } from 'zod';
import { eventData } from './eventData.ts';
import { Id, Time, TraceId } from './shared/fields.ts';

export { AssistantMessage, Cost, InputAction, ReasoningMode, RunError, Usage, WaitReason } from './eventData.ts';

type EventData = typeof eventData;

export type RunEventType = keyof EventData;

/** A run has no further events after one of these types. */
export const terminalTypes = ['run.completed', 'run.failed', 'run.cancelled'] as const;

/** An event before it is stored, which adds the envelope. */
export type RunEventInput = { [T in RunEventType]: { type: T; data: z.output<EventData[T]> } }[RunEventType];

/** A run event as stored and streamed. */
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
      event_id: Id.meta({ description: 'Unique ID of the event.' }),
      run_id: Id.meta({ description: 'The run of the event.' }),
      seq: z.int().min(1).meta({ description: 'Starts at 1 and increases by 1, without gaps.' }),
      type: z.literal(type).meta({ description: 'Also the `event` field of the stream.' }),
      data: z
        .object({ ...eventData[type].shape, trace_id: TraceId.meta({ description: 'Trace ID of the request that created the run.' }) })
        .meta({ description: 'Content of the event.' }),
      created_at: Time.meta({ description: 'When the event occurred.' }),
      ts: Time.meta({ description: 'The same instant as `created_at`.' }),
      tool_name: z.string().optional().meta({ description: 'Present only on tool events.' }),
      error_class: z.string().optional().meta({ description: 'Present only on failure events.' }),
    })
    .meta({ id: `${modelName(type)}Event`, description: eventData[type].description });

/** The schema of `RunEvent`. The cast is needed because the compiler cannot infer the union from the table. */
export const RunEvent = z
  .discriminatedUnion('type', (Object.keys(eventData) as RunEventType[]).map(envelope) as unknown as [ReturnType<typeof envelope>])
  .meta({ id: 'RunEvent', description: 'Clients must ignore unknown event types.' }) as unknown as z.ZodType<RunEvent>;
