import type { RunStep } from '../../contract/events.ts';
import type { EventWriter } from './writer.ts';

type Around = {
  /** Milliseconds of silence after which the run says that it is alive. */
  idleMs: number;
  /** The title, if one is found in time. */
  title: Promise<RunStep | undefined>;
  /** Whether the run waits for its user: that is no silence. */
  isWaiting(): boolean;
};

/** Write what is yielded, with the heartbeat of long silences, and the title when it comes in time. */
export async function follow(steps: AsyncIterable<RunStep>, writer: EventWriter, { idleMs, title, isWaiting }: Around): Promise<void> {
  let last = performance.now();
  let written = Promise.resolve();
  const write = (step: RunStep) => {
    last = performance.now();
    written = written.then(() => writer.write(step));
    return written;
  };
  const beat = () => {
    if (isWaiting()) last = performance.now();
    if (performance.now() - last >= idleMs) write({ type: 'run.idle_heartbeat', data: { idle_ms: idleMs } }).catch(() => {});
  };
  const timer = setInterval(beat, Math.min(Math.max(50, idleMs / 4), 60_000));
  title.then((step) => step && write(step)).catch(() => {});
  try {
    for await (const step of steps) await write(step);
  } finally {
    clearInterval(timer);
    await written.catch(() => {});
  }
}
