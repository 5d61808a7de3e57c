import { Worker } from 'node:worker_threads';
import { createTurnQueue } from '../../../platform/concurrency.ts';
import type { DocumentFormat } from './documentTypes.ts';

export type DocumentJob = { format: DocumentFormat; bytes: Uint8Array; maxCharacters: number };
export type DocumentAnswer = { text: string } | { problem: string };

/** A document that cannot be read. The message completes the sentence "The document …". */
export class DocumentError extends Error {
  override name = 'DocumentError';
}

const maxMs = 30_000;
/** Heap and buffers of a thread. `resourceLimits` does not count buffers, so they are polled. */
const maxMemoryMb = { heap: 256, buffers: 384 };
const pollMs = 50;

const turns = createTurnQueue({ most: 2, maxWaiting: 20 });

/**
 * The text of a document, at most `maxCharacters` + 1 UTF-16 code units. Each document is read in a thread of its own, which is ended when it
 * takes too long or too much memory: the parsers run on untrusted files. Throws a `DocumentError`.
 */
export async function readDocument(job: DocumentJob): Promise<string> {
  const release = await turns.take();
  if (!release) throw new DocumentError('cannot be read now, because too many others are being read');
  try {
    return await readInThread(job);
  } finally {
    release();
  }
}

async function readInThread(job: DocumentJob): Promise<string> {
  const thread = new Worker(new URL('./documentThread.ts', import.meta.url), {
    workerData: job,
    // The thread gets neither our flags nor our environment.
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb.heap },
  });
  const { promise, resolve } = Promise.withResolvers<DocumentAnswer>();
  const fail = (problem: string) => () => resolve({ problem });
  thread.once('message', resolve).once('error', fail('is damaged or too complex to be read')).once('exit', fail('is damaged'));
  const timer = setTimeout(fail('takes too long to read'), maxMs);
  const poll = setInterval(() => {
    const check = ({ external_memory: bytes }: { external_memory: number }) => {
      if (bytes > maxMemoryMb.buffers * 2 ** 20) resolve({ problem: 'is too large when unpacked' });
    };
    // Rejects while the thread starts or ends.
    thread.getHeapStatistics().then(check, () => {});
  }, pollMs);
  try {
    const answer = await promise;
    if ('problem' in answer) throw new DocumentError(answer.problem);
    return answer.text;
  } finally {
    clearTimeout(timer);
    clearInterval(poll);
    await thread.terminate();
  }
}
