import type { RunStep } from '../../contract/events.ts';
import type { Answer } from '../agent/loop.ts';
import type { Settings } from '../resources/settings/settings.ts';
import type { EventWriter } from './writer.ts';

/** Write what the loop yields, with the heartbeat of long silences, and the title when it comes in time. */
export async function follow(
  steps: AsyncGenerator<RunStep, Answer>,
  writer: EventWriter,
  settings: Settings,
  title: Promise<RunStep | undefined>,
): Promise<Answer> {
  const idle_ms = settings['limit.idle_heartbeat_interval_ms'];
  let last = performance.now();
  let written = Promise.resolve();
  const write = (step: RunStep) => {
    last = performance.now();
    written = written.then(() => writer.write(step));
    return written;
  };
  const beat = setInterval(
    () => {
      if (performance.now() - last >= idle_ms) write({ type: 'run.idle_heartbeat', data: { idle_ms } }).catch(() => {});
    },
    Math.max(50, idle_ms / 4),
  );
  void title.then((step) => step && write(step)).catch(() => {});
  const discard = discardMarks(writer);
  try {
    for (;;) {
      const { done, value } = await steps.next();
      if (done) return value;
      await write(discard(value));
    }
  } finally {
    clearInterval(beat);
    await written.catch(() => {});
  }
}

/** A retry voids the pieces of the attempt before it, and names the first of them. */
function discardMarks(writer: EventWriter) {
  let first: number | undefined;
  return (step: RunStep): RunStep => {
    if (step.type === 'message.delta' || step.type === 'tool.call.delta') first ??= writer.position();
    const voided = first;
    if (step.type === 'run.llm.retry' || step.type === 'llm.turn.completed') first = undefined;
    return step.type === 'run.llm.retry' && voided !== undefined ? { ...step, data: { ...step.data, discard_from_seq: voided } } : step;
  };
}
