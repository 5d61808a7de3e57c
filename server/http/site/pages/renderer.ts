import { Worker } from 'node:worker_threads';

/** Time after the last page until the thread ends and its memory is free again. */
const idleMs = 15_000;

type Pending = { resolve: (text: string) => void; reject: (error: Error) => void };
type Answer = { id: number; text?: string; problem?: string };

/**
 * Renders pages in a thread of its own: Markdown and the grammars of the code blocks take up to a second for the first page and 100 MB,
 * which must delay no request and not stay.
 */
export function createRenderer(): (path: string) => Promise<string> {
  const pending = new Map<number, Pending>();
  let thread: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let count = 0;

  const end = (ended: Worker, error: Error) => {
    if (thread !== ended) return;
    thread = undefined;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };

  function start(): Worker {
    // The thread gets neither our flags nor our environment.
    const started = new Worker(new URL('./renderThread.ts', import.meta.url), { execArgv: [], env: {} });
    started.unref();
    started.on('message', ({ id, text, problem }: Answer) => {
      const waiting = pending.get(id);
      pending.delete(id);
      if (text === undefined) waiting?.reject(new Error(problem));
      else waiting?.resolve(text);
      if (pending.size === 0) {
        started.unref();
        idle = setTimeout(() => {
          thread = undefined;
          started.terminate().catch(() => undefined);
        }, idleMs).unref();
      }
    });
    started.once('error', (error: Error) => end(started, error));
    started.once('exit', () => end(started, new Error('The thread that renders the documentation ended.')));
    return started;
  }

  return (path) =>
    new Promise((resolve, reject) => {
      clearTimeout(idle);
      thread ??= start();
      thread.ref();
      const id = count++;
      pending.set(id, { resolve, reject });
      thread.postMessage({ id, path });
    });
}
