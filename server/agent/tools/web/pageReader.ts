import { Worker } from 'node:worker_threads';
import { createTurnQueue } from '../../../platform/concurrency.ts';

export type ReadPage = { title: string; text: string };

/** A job for the thread. A `page` is answered twice: with its whole text, then with its article. */
export type PageJob = { kind: 'page' | 'results'; html: string };

export type SearchHit = { title: string; url: string; snippet: string };

/** Parses untrusted pages. Rejects if the signal is aborted or the page exceeds a limit. */
export type PageReader = {
  page(html: string, signal: AbortSignal): Promise<ReadPage>;
  /** Parses a result page of DuckDuckGo. */
  results(html: string, signal: AbortSignal): Promise<SearchHit[]>;
};

/** Threads at a time. More would only compete for the CPU. */
const maxThreads = 2;
const maxMemoryMb = 384;

/**
 * Parses each page in its own thread, which ends afterwards: a page that blocks the parser or fills the memory affects
 * nothing else, and an idle process does not hold the parser in memory. Finding the article in a page nested 2 000
 * levels deep takes most of a minute (measured). After `articleMs` the whole page is returned instead.
 */
export function createPageReader({ articleMs }: { articleMs: number }): PageReader {
  const turns = createTurnQueue({ most: maxThreads, maxWaiting: Number.POSITIVE_INFINITY });
  const inTurn = async <Answer>(job: PageJob, answers: number, signal: AbortSignal) => {
    const done = await turns.take({ signal });
    try {
      return await read<Answer>(job, answers, articleMs, signal);
    } finally {
      done?.();
    }
  };
  return {
    page: (html, signal) => inTurn<ReadPage>({ kind: 'page', html }, 2, signal),
    results: (html, signal) => inTurn<SearchHit[]>({ kind: 'results', html }, 1, signal),
  };
}

/** Resolves with the last of `answers` answers, or with the latest one `patienceMs` after the first. */
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
    // The thread gets neither our flags nor our environment.
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb },
  });
