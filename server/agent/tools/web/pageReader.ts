import { Worker } from 'node:worker_threads';
import type { Hit } from './searchProviders.ts';

/** A page as people read it. */
export type ReadPage = { title: string; text: string };

/** What the thread is asked. Of a page it answers twice: with all of it, and then with its article. */
export type PageJob = { kind: 'page' | 'results'; html: string };

/** Reads pages of strangers. Rejects when the signal is aborted or the page takes more than it may. */
export type PageReader = {
  page(html: string, signal: AbortSignal): Promise<ReadPage>;
  /** The results on a page of DuckDuckGo. */
  results(html: string, signal: AbortSignal): Promise<Hit[]>;
};

/** Threads at once; more would only wait for each other. */
const most = 2;
const maxMemoryMb = 384;

/**
 * Each page is read in a thread of its own, which ends with it: a page made to keep a parser busy, or to fill the memory, then
 * holds up nobody else, and an idle process does not carry the parser. Finding the article of a page that nests 2 000 deep takes
 * most of a minute (measured); after `articleMs` the page is given whole.
 */
export function createPageReader({ articleMs }: { articleMs: number }): PageReader {
  const free = slots(most);
  return {
    page: (html, signal) => free(() => read<ReadPage>({ kind: 'page', html }, 2, articleMs, signal), signal),
    results: (html, signal) => free(() => read<Hit[]>({ kind: 'results', html }, 1, articleMs, signal), signal),
  };
}

/** The last of so many answers of the thread, or the one before it where the last does not come. */
async function read<Answer>(job: PageJob, answers: number, patienceMs: number, signal: AbortSignal): Promise<Answer> {
  const thread = start(job);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const had: Answer[] = [];
  const settle = () => (had.length > 0 ? resolve(had.at(-1)!) : reject(new Error('the page could not be read')));
  const leave = () => reject(signal.reason);
  let patience: NodeJS.Timeout | undefined;
  signal.addEventListener('abort', leave);
  thread.on('message', (answer: Answer) => {
    patience ??= setTimeout(settle, patienceMs);
    if (had.push(answer) === answers) settle();
  });
  thread.once('error', settle).once('exit', settle);
  try {
    return await promise;
  } finally {
    clearTimeout(patience);
    signal.removeEventListener('abort', leave);
    await thread.terminate();
  }
}

const start = (job: PageJob) =>
  new Worker(new URL('./pageThread.ts', import.meta.url), {
    workerData: job,
    // No business of its: neither our flags nor our environment.
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb },
  });

/** Lets so many do their work at once; the rest wait for their turn, or until they no longer want it. */
function slots(count: number) {
  let busy = 0;
  const waiting: (() => void)[] = [];
  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave);
      waiting.push(go);
    });
  return async <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    signal.throwIfAborted();
    // Whoever leaves hands the slot on, so that nobody comes in between.
    if (busy < count) busy++;
    else await turn(signal);
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else busy--;
    }
  };
}
