import type { RunStep } from '../../contract/events.ts';

/** Pieces of text come in groups; everything else is written the moment it happens (specification, runs 5). */
const streaming = new Set<RunStep['type']>([
  'message.delta',
  'tool.call.delta',
  'llm.response.chunk',
  'run.segment.start',
  'run.segment.end',
]);

/** Longest time a streamed piece waits for others, and the most that wait. */
const groupMs = 50;
const groupSize = 20;

/** Appends events in order: the first delta at once, then in groups. */
export type EventWriter = {
  /** Rejects when an earlier write failed. */
  write(step: RunStep): Promise<void>;
  /** The number that the next event will get. */
  position(): number;
  /** The events not yet written, for whoever writes the last ones together with the end of the run. */
  drain(): Promise<RunStep[]>;
};

/** `append` writes a group in one statement; `nextSeq` is the number of the first event not appended yet. */
export function createWriter(append: (steps: RunStep[]) => Promise<void>, nextSeq: () => number): EventWriter {
  let buffer: RunStep[] = [];
  let writing: Promise<void> | undefined;
  let underway = 0;
  let failed: unknown;
  let timer: NodeJS.Timeout | undefined;
  let lastFlush = 0;

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (writing || buffer.length === 0 || failed !== undefined) return;
    const group = buffer.splice(0, streaming.has(buffer[0]!.type) ? groupSize : buffer.length);
    lastFlush = performance.now();
    underway = group.length;
    writing = append(group)
      .catch((error) => {
        failed = error;
      })
      .finally(() => {
        writing = undefined;
        underway = 0;
        if (buffer.length > 0) schedule();
      });
  };
  const schedule = () => {
    const urgent = buffer.length >= groupSize || buffer.some((step) => !streaming.has(step.type));
    const wait = urgent ? 0 : groupMs - (performance.now() - lastFlush);
    if (wait <= 0) flush();
    else timer ??= setTimeout(flush, wait);
  };
  return {
    async write(step) {
      if (failed !== undefined) throw failed;
      buffer.push(step);
      schedule();
      // A model faster than the database must wait for it.
      if (buffer.length > 10 * groupSize) await writing;
    },
    position: () => nextSeq() + underway + buffer.length,
    async drain() {
      clearTimeout(timer);
      timer = undefined;
      const rest = buffer;
      buffer = [];
      await writing;
      if (failed !== undefined) throw failed;
      return rest;
    },
  };
}
