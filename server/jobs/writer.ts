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

/** Longest time a streamed piece waits for others before it is written. */
const groupMs = 50;
/** The most events of a group, as many as a stream reads at once; their characters may exceed the second limit by one event. */
const maxEvents = 500;
const maxChars = 2 ** 20;

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
  const buffer = createBuffer();
  let writing: Promise<void> | undefined;
  let failed: unknown;
  let timer: NodeJS.Timeout | undefined;
  let lastFlush = 0;

  const store = async (group: RunStep[]) => {
    const steps = group.map(marks.complete);
    marks.see(steps, await append(steps));
  };
  const stopTimer = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  const send = () => {
    stopTimer();
    if (writing || buffer.isEmpty() || failed !== undefined) return;
    lastFlush = performance.now();
    writing = store(buffer.takeGroup())
      .catch((error) => {
        failed = error;
      })
      .finally(() => {
        writing = undefined;
        if (!buffer.isEmpty()) schedule();
      });
  };
  const schedule = () => {
    // What comes during a write goes into the next one: each costs a commit, an announcement, and a read in every process with readers.
    if (writing !== undefined) return;
    const wait = buffer.isUrgent() ? 0 : groupMs - (performance.now() - lastFlush);
    if (wait <= 0 && buffer.last()?.type !== 'run.input_requested') send();
    else timer ??= setTimeout(send, Math.max(0, wait));
  };
  const flush = async () => {
    while (failed === undefined && (writing || !buffer.isEmpty())) {
      send();
      await writing;
    }
    if (failed !== undefined) throw failed;
  };
  return {
    async write(step) {
      if (failed !== undefined) throw failed;
      buffer.add(step);
      schedule();
      // A model faster than the database must wait for it.
      if (buffer.isFull()) await writing;
    },
    flush,
    async drain() {
      if (buffer.hasRetry()) await flush();
      stopTimer();
      const rest = buffer.takeAll();
      await writing;
      if (failed !== undefined) throw failed;
      marks.forget();
      return rest;
    },
  };
}

/** The events that are not written yet. */
function createBuffer() {
  let steps: RunStep[] = [];
  let chars = 0;
  /** How many of them must not wait for others. */
  let urgent = 0;
  const count = (step: RunStep, sign: 1 | -1) => {
    chars += sign * charsOf(step);
    if (!streaming.has(step.type)) urgent += sign;
  };
  const isFull = () => steps.length >= maxEvents || chars >= maxChars;
  return {
    isEmpty: () => steps.length === 0,
    isFull,
    isUrgent: () => urgent > 0 || isFull(),
    hasRetry: () => steps.some(isRetry),
    last: () => steps.at(-1),
    add(step: RunStep) {
      steps.push(step);
      count(step, 1);
    },
    takeGroup() {
      const group = steps.splice(0, lengthOfGroup(steps));
      for (const step of group) count(step, -1);
      return group;
    },
    takeAll() {
      const all = steps;
      [steps, chars, urgent] = [[], 0, 0];
      return all;
    },
  };
}

/** How much text a streamed piece has. */
function charsOf({ type, data }: RunStep): number {
  if (type === 'message.delta') return data.content_delta.length;
  if (type === 'tool.call.delta') return data.arguments_delta.length;
  return type === 'llm.response.chunk' ? data.raw.length : 0;
}

/** A retry begins a group: the numbers of the pieces before it have to be known. */
function lengthOfGroup(steps: readonly RunStep[]): number {
  let chars = 0;
  const end = steps.findIndex((step, at) => {
    const isOver = at > 0 && (at === maxEvents || chars >= maxChars || isRetry(step));
    chars += charsOf(step);
    return isOver;
  });
  return end < 0 ? steps.length : end;
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
