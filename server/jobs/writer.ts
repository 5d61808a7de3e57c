import type { RunStep } from '../../contract/events.ts';

/** Pieces of text come in groups; everything else is written the moment it happens (specification, runs 5). */
const streaming = new Set<RunStep['type']>([
  'message.delta',
  'tool.call.delta',
  'llm.response.chunk',
  'run.segment.start',
  'run.segment.end',
  // The wait that it announces follows at once, and both are there or none.
  'run.input_requested',
]);

/** Longest time a streamed piece waits for others, and the most that wait. */
const groupMs = 50;
const groupSize = 20;

/** Appends events in order: the first delta at once, then in groups. A retry is told which pieces it makes void. */
export type EventWriter = {
  /** Rejects when an earlier write failed. */
  write(step: RunStep): Promise<void>;
  /** Resolves when everything so far is stored. */
  flush(): Promise<void>;
  /** The events not yet written, for whoever writes the last ones together with the end of the run. */
  drain(): Promise<RunStep[]>;
};

const isRetry = (step: RunStep) => step.type === 'run.llm.retry';

/** `append` writes a group in one statement and gives the number of its first event. */
export function createWriter(append: (steps: RunStep[]) => Promise<number>): EventWriter {
  const marks = createMarks();
  let buffer: RunStep[] = [];
  let writing: Promise<void> | undefined;
  let failed: unknown;
  let timer: NodeJS.Timeout | undefined;
  let lastFlush = 0;

  const store = async (group: RunStep[]) => {
    const steps = group.map(marks.complete);
    marks.see(steps, await append(steps));
  };
  const send = () => {
    clearTimeout(timer);
    timer = undefined;
    if (writing || buffer.length === 0 || failed !== undefined) return;
    const group = buffer.splice(0, lengthOfGroup(buffer));
    lastFlush = performance.now();
    writing = store(group)
      .catch((error) => {
        failed = error;
      })
      .finally(() => {
        writing = undefined;
        if (buffer.length > 0) schedule();
      });
  };
  const schedule = () => {
    const urgent = buffer.length >= groupSize || buffer.some((step) => !streaming.has(step.type));
    const wait = urgent ? 0 : groupMs - (performance.now() - lastFlush);
    if (wait <= 0 && buffer.at(-1)?.type !== 'run.input_requested') send();
    else timer ??= setTimeout(send, Math.max(0, wait));
  };
  const flush = async () => {
    while (failed === undefined && (writing || buffer.length > 0)) {
      send();
      await writing;
    }
    if (failed !== undefined) throw failed;
  };
  return {
    async write(step) {
      if (failed !== undefined) throw failed;
      buffer.push(step);
      schedule();
      // A model faster than the database must wait for it.
      if (buffer.length > 10 * groupSize) await writing;
    },
    flush,
    async drain() {
      if (buffer.some(isRetry)) await flush();
      clearTimeout(timer);
      timer = undefined;
      const rest = buffer;
      buffer = [];
      await writing;
      if (failed !== undefined) throw failed;
      marks.forget();
      return rest;
    },
  };
}

/** A retry begins a group: the numbers of the pieces before it have to be known. */
function lengthOfGroup(buffer: readonly RunStep[]): number {
  const most = streaming.has(buffer[0]!.type) ? groupSize : buffer.length;
  const retry = buffer.findIndex((step, at) => at > 0 && isRetry(step));
  return retry < 0 ? most : Math.min(retry, most);
}

/** A retry voids the pieces of the attempt before it, and names the first of them. Numbers are those the log gave: others append too. */
function createMarks() {
  let first: number | undefined;
  return {
    forget() {
      first = undefined;
    },
    complete: (step: RunStep): RunStep =>
      step.type === 'run.llm.retry' && first !== undefined ? { ...step, data: { ...step.data, discard_from_seq: first } } : step,
    see(steps: readonly RunStep[], firstSeq: number) {
      steps.forEach(({ type }, at) => {
        if (type === 'message.delta' || type === 'tool.call.delta') first ??= firstSeq + at;
        if (type === 'run.llm.retry' || type === 'llm.turn.completed') first = undefined;
      });
    },
  };
}
