import type { RunEventInput } from '../../../contract/events.ts';

/** Events that are written in groups. All others are written at once. */
const streaming = new Set<RunEventInput['type']>([
  'message.delta',
  'tool.call.delta',
  'llm.response.chunk',
  'run.segment.start',
  'run.segment.end',
  'tool.progress',
  // The end of the run or the next calls follow at once, and are stored together with it.
  'llm.turn.completed',
  // Stored together with the wait that follows it, or not at all.
  'run.input_requested',
  // The answer of a fast model follows at once, and is stored together with it.
  'run.route.selected',
]);

/** Maximum delay of a streamed event, in milliseconds. */
const groupMs = 50;
/** Events per group: as many as a stream reads at once. A group may exceed `maxChars` by one event. */
const maxEvents = 500;
const maxChars = 2 ** 20;

/** Appends events in order: the first streamed event at once, then in groups. Sets `discard_from_seq` of retries. */
export type EventWriter = {
  /** Rejects if an earlier write failed. */
  write(step: RunEventInput): Promise<void>;
  /** Resolves when everything so far is stored. */
  flush(): Promise<void>;
  /** Returns the unwritten events, to be written together with the end of the run. */
  drain(): Promise<RunEventInput[]>;
};

const isRoute = (step: RunEventInput) => step.type === 'run.route.selected';
const isRetry = (step: RunEventInput) => step.type === 'run.llm.retry';

/** `append` writes a group in one statement and returns the sequence number of its first event. */
export function createEventWriter(append: (steps: RunEventInput[]) => Promise<number>): EventWriter {
  const marks = createRetryMarks();
  const buffer = createBuffer();
  let writing: Promise<void> | undefined;
  let failed: unknown;
  let timer: NodeJS.Timeout | undefined;
  let lastFlush = 0;

  const store = async (group: RunEventInput[]) => {
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
    const group = buffer.takeGroup();
    // The first delta waits only from when the route was chosen.
    const isOnlyRoute = group.every(isRoute);
    if (!isOnlyRoute) lastFlush = performance.now();
    writing = store(group)
      .catch((error) => {
        failed = error;
      })
      .finally(() => {
        writing = undefined;
        if (!isOnlyRoute) lastFlush = performance.now();
        if (!buffer.isEmpty()) schedule();
      });
  };
  const schedule = () => {
    // Collect events during a write: each write costs a commit, a notification, and a read in every process with readers.
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
      if (isRoute(step)) lastFlush = performance.now();
      buffer.add(step);
      schedule();
      // Backpressure for a model that is faster than the database.
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

function createBuffer() {
  let steps: RunEventInput[] = [];
  let chars = 0;
  let urgent = 0;
  const count = (step: RunEventInput, sign: 1 | -1) => {
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
    add(step: RunEventInput) {
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

function charsOf({ type, data }: RunEventInput): number {
  if (type === 'message.delta') return data.content_delta.length;
  if (type === 'tool.call.delta') return data.arguments_delta.length;
  return type === 'llm.response.chunk' ? data.raw.length : 0;
}

/** A retry starts a new group: its `discard_from_seq` is known only after the earlier events are stored. */
function lengthOfGroup(steps: readonly RunEventInput[]): number {
  let chars = 0;
  const end = steps.findIndex((step, at) => {
    const isOver = at > 0 && (at === maxEvents || chars >= maxChars || isRetry(step));
    chars += charsOf(step);
    return isOver;
  });
  return end < 0 ? steps.length : end;
}

/**
 * On retry, `discard_from_seq` is the failed attempt's first delta. Sequence numbers come from the database, because
 * other processes append too.
 */
function createRetryMarks() {
  let first: number | undefined;
  return {
    forget() {
      first = undefined;
    },
    complete: (step: RunEventInput): RunEventInput =>
      step.type === 'run.llm.retry' && first !== undefined ? { ...step, data: { ...step.data, discard_from_seq: first } } : step,
    see(steps: readonly RunEventInput[], firstSeq: number) {
      steps.forEach(({ type }, at) => {
        if (type === 'message.delta' || type === 'message.image' || type === 'tool.call.delta') first ??= firstSeq + at;
        if (type === 'run.llm.retry' || type === 'llm.turn.completed') first = undefined;
      });
    },
  };
}
