import type { RunEventInput } from '../../../contract/events.ts';
import type { EventWriter } from '../record/eventBuffer.ts';
import type { NewTitle } from './title.ts';

type StepWriterOptions = {
  /** Milliseconds without an event after which a heartbeat event is written. */
  idleMs: number;
  /** Its event is written if its text is known before the answer ends. */
  title: Promise<NewTitle | undefined>;
  /** Whether the run waits for its user. No heartbeat is written then. */
  isWaiting(): boolean;
};

export type StepWriter = {
  /** Writes all steps and returns what the generator returns. */
  writeAll<T>(steps: AsyncGenerator<RunEventInput, T>): Promise<T>;
  stop(): Promise<void>;
};

/** Writes the steps of a run, with heartbeats in between, and its title if that is known in time. */
export function startStepWriter(writer: EventWriter, { idleMs, title, isWaiting }: StepWriterOptions): StepWriter {
  let last = performance.now();
  let written = Promise.resolve();
  const write = (step: RunEventInput) => {
    last = performance.now();
    written = written.then(() => writer.write(step));
    return written;
  };
  const beat = () => {
    if (isWaiting()) last = performance.now();
    if (performance.now() - last >= idleMs) write({ type: 'run.idle_heartbeat', data: { idle_ms: idleMs } }).catch(() => {});
  };
  const timer = setInterval(beat, Math.min(Math.max(50, idleMs / 4), 60_000));
  let titled: Promise<unknown> | undefined;
  title
    .then((known) => {
      titled = known?.stored.then((step) => step && write(step)).catch(() => {});
    })
    .catch(() => {});
  return {
    async writeAll(steps) {
      try {
        for (let next = await steps.next(); ; next = await steps.next()) {
          if (next.done) {
            await titled;
            return next.value;
          }
          await write(next.value);
        }
      } finally {
        await steps.return(undefined as never);
        await written.catch(() => {});
      }
    },
    async stop() {
      clearInterval(timer);
      await written.catch(() => {});
    },
  };
}
