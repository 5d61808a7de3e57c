import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { overloaded } from '../../../http/access/authenticateRequest.ts';
import { createTurnQueue } from '../../../platform/concurrency.ts';
import { packageFoldersBeside, startIsolated, watchMemory } from '../../../platform/isolatedProcess.ts';
import type { DocumentFormat } from './documentTypes.ts';

type DocumentJob = { format: DocumentFormat; bytes: Uint8Array; maxCharacters: number };

/** Whose document it is, and whether its text is still wanted. */
export type DocumentReader = { accountId: string; signal: AbortSignal };

/** A problem of the document itself. The message completes the sentence "The document …". `cause` is for the log. */
export class DocumentError extends Error {
  override name = 'DocumentError';
}

const Answer = z.union([z.strictObject({ text: z.string() }), z.strictObject({ problem: z.string(), cause: z.string() })]);
export type DocumentAnswer = z.infer<typeof Answer>;

const maxMs = 20_000;
/** The wait and the reading together stay under the 60 s after which proxies commonly give up. */
const maxWaitMs = 25_000;
/** Heap of V8, and resident memory of the whole process. */
const maxMemoryMb = { heap: 256, resident: 512 };
const memoryCheckMs = 50;
const maxAnswerBytes = 2 ** 20;

/** The documents of one account are read one after the other, so that it does not hold up others. */
const turns = createTurnQueue({ most: 2, maxWaiting: 20, perOwner: { most: 1, maxWaiting: 3 } });

/**
 * The text of a document, at most `maxCharacters` + 1 UTF-16 code units. Each document is read in a process of its own, which is ended when
 * it takes too long or too much memory: the parsers run on untrusted files. Throws a `DocumentError`, and 503 if too many are being read.
 */
export async function readDocument(job: DocumentJob, { accountId, signal }: DocumentReader): Promise<string> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(maxWaitMs)]);
  const release = await turns.take({ owner: accountId, signal: patience }).catch(() => undefined);
  if (!release) throw overloaded();
  try {
    return await readInProcess(job, signal);
  } finally {
    release();
  }
}

const here = dirname(fileURLToPath(import.meta.url));
const server = join(here, '../../..');

const start = ({ format, maxCharacters }: DocumentJob) =>
  startIsolated({
    program: join(here, 'documentProcess.ts'),
    args: [format, String(maxCharacters)],
    flags: [`--max-old-space-size=${maxMemoryMb.heap}`],
    readable: [server, join(server, '../package.json'), ...packageFoldersBeside('unpdf')],
    cpuSeconds: Math.ceil(maxMs / 1_000) + 5,
  });

async function readInProcess(job: DocumentJob, signal: AbortSignal): Promise<string> {
  const child = start(job);
  const { promise, resolve, reject } = Promise.withResolvers<DocumentAnswer>();
  const fail = (problem: string, cause = problem) => resolve({ problem, cause });
  // Nobody reads the answer.
  const leave = () => reject(overloaded());
  signal.addEventListener('abort', leave);
  const timer = setTimeout(fail, maxMs, 'takes too long to read');
  using _ = watchMemory(child.pid, { maxMb: maxMemoryMb.resident, everyMs: memoryCheckMs }, () => fail('is too large when unpacked'));
  const output = firstBytes(child.stdout, maxAnswerBytes);
  const errors = firstBytes(child.stderr, 1_024);
  if (signal.aborted) leave();
  child.once('error', reject);
  child.once('close', (code, by) => resolve(answerIn(output()) ?? tooComplex(`the process ended with ${code ?? by}: ${errors()}`)));
  // It may have ended before it has read everything.
  child.stdin.on('error', () => undefined).end(job.bytes);
  try {
    const answer = await promise;
    if ('problem' in answer) throw new DocumentError(answer.problem, { cause: answer.cause });
    return answer.text;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
    child.kill('SIGKILL');
  }
}

const tooComplex = (cause: string): DocumentAnswer => ({ problem: 'is damaged or too complex to be read', cause });

/** Undefined if the process ended before its answer was complete. */
function answerIn(text: string): DocumentAnswer | undefined {
  try {
    return Answer.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Collects the first bytes of a stream, as text. */
function firstBytes(stream: NodeJS.ReadableStream, most: number): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    if (length < most) chunks.push(chunk);
    length += chunk.length;
  });
  return () => Buffer.concat(chunks).subarray(0, most).toString();
}
