import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createTurnQueue } from '../../../platform/concurrency.ts';
import { packageFolders, startIsolated, watchMemory } from '../../../platform/isolatedProcess.ts';
import { type Sandbox, type SandboxJob, SandboxLimit, type SandboxResult } from '../sandbox.ts';
import { type Answer, type JobHeader, sandboxLimits } from './protocol.ts';

export type WasmSandboxOptions = {
  /** Memory of the process in MiB. */
  memoryMb: number;
  /** Folder of Python wheels that are installed before each run. */
  wheels: string | undefined;
};

/** Processes at a time, and calls that wait for one. Each takes up to `memoryMb` and one CPU. */
const [maxProcesses, maxWaiting] = [2, 100];
/** Starting Python takes about 3 s of CPU time. */
const maxStartMs = 120_000;
const memoryCheckMs = 100;
/** Memory of Node.js and the files beside that of the interpreter. */
const baseMemoryMb = 192;

const Result = z.strictObject({
  output: z.string().max(sandboxLimits.outputChars),
  isOutputCut: z.boolean(),
  value: z.string().max(sandboxLimits.outputChars).optional(),
  error: z.string().max(sandboxLimits.outputChars).optional(),
  changed: z.array(z.strictObject({ path: z.string(), size: z.int().min(0) })).max(sandboxLimits.changedFiles),
  deleted: z.array(z.string()),
});
/** The header of an answer, and with the contents that follow. */
const maxHeaderBytes = 8 * 2 ** 20;
const maxAnswerBytes = maxHeaderBytes + sandboxLimits.changedBytes;

const here = dirname(fileURLToPath(import.meta.url));
const packages = ['pyodide', 'quickjs-emscripten-core', '@jitl/quickjs-wasmfile-release-sync', '@jitl/quickjs-ffi-types'];

/** Runs Python (Pyodide) and JavaScript (QuickJS), both compiled to WebAssembly, in a process for each job. See decision 0055. */
export function createWasmSandbox({ memoryMb, wheels }: WasmSandboxOptions): Sandbox {
  const queue = createTurnQueue({ most: maxProcesses, maxWaiting });
  return {
    async run(job, signal) {
      const done = await queue.take({ signal });
      if (!done) throw new SandboxLimit('time', 'Too much code is waiting to run. Try again later.');
      try {
        return await runJob(job, { memoryMb, wheels: job.language === 'python' && wheels ? await wheelsIn(wheels) : [] }, signal);
      } finally {
        done();
      }
    },
  };
}

const wheelsIn = async (folder: string) =>
  (await readdir(folder))
    .filter((name) => name.endsWith('.whl'))
    .sort()
    .map((name) => join(folder, name));

async function runJob(
  job: SandboxJob,
  { memoryMb, wheels }: { memoryMb: number; wheels: string[] },
  signal: AbortSignal,
): Promise<SandboxResult> {
  const child = start(memoryMb, job.timeoutMs, wheels);
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const stop = (reason: unknown) => {
    failure.reject(reason);
    child.kill('SIGKILL');
  };
  const stopAfter = (ms: number, message: string) => setTimeout(() => stop(new SandboxLimit('time', message)), ms);
  const leave = () => stop(signal.reason);
  signal.addEventListener('abort', leave);
  let timer = stopAfter(maxStartMs, 'The sandbox did not start in time.');
  const tooMuchMemory = () => new SandboxLimit('memory', `The code used more than ${memoryMb} MiB of memory and was stopped.`);
  using _ = watchMemory(child.pid, { maxMb: memoryMb, everyMs: memoryCheckMs }, () => stop(tooMuchMemory()));
  const answers = readAnswers(child.stdout, () => {
    clearTimeout(timer);
    timer = stopAfter(job.timeoutMs, `The code ran longer than ${job.timeoutMs / 1_000} s and was stopped.`);
  });
  const problem = firstBytes(child.stderr);
  child.once('error', stop);
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(headerOf(job, wheels))}\n`);
  for (const { bytes } of job.files) child.stdin.write(bytes);
  child.stdin.end();
  const ended = new Promise<never>((_, reject) =>
    child.once('close', (code) => {
      // V8 ends the process when its heap is full.
      const isMemory = /heap out of memory|Array buffer allocation failed|memory access out of bounds|out of memory/i.test(problem());
      reject(isMemory ? tooMuchMemory() : new Error(`the sandbox ended with ${code}: ${problem()}`));
    }),
  );
  ended.catch(() => {});
  // How the process ended says more than that its answer is incomplete.
  const answered = answers.catch((error: unknown) => {
    if (error instanceof SandboxLimit) throw error;
    child.kill('SIGKILL');
    return ended;
  });
  try {
    return await Promise.race([answered, failure.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
    child.kill('SIGKILL');
  }
}

const start = (memoryMb: number, timeoutMs: number, wheels: readonly string[]) =>
  startIsolated({
    program: join(here, 'child.ts'),
    flags: [
      '--disallow-code-generation-from-strings',
      `--max-old-space-size=${baseMemoryMb}`,
      `--wasm-max-mem-pages=${Math.max(memoryMb - baseMemoryMb, 64) * 16}`,
    ],
    readable: [here, join(here, '../../../../package.json'), ...packages.flatMap(packageFolders), ...wheels],
    cpuSeconds: Math.ceil((maxStartMs + timeoutMs) / 1_000),
  });

const headerOf = ({ language, code, files }: SandboxJob, wheels: string[]): JobHeader => ({
  language,
  code,
  files: files.map(({ path, bytes }) => ({ path, size: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') })),
  wheels,
});

/** Reads the answers of a process that is not trusted. Throws `SandboxLimit` for one that is too large. */
async function readAnswers(chunks: AsyncIterable<Buffer>, onReady: () => void): Promise<SandboxResult> {
  let buffered = Buffer.alloc(0);
  let result: z.infer<typeof Result> | undefined;
  let size = 0;
  const parts: Buffer[] = [];
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw tooLarge();
    if (result) {
      parts.push(chunk);
      continue;
    }
    buffered = Buffer.concat([buffered, chunk]);
    if (buffered.length > maxHeaderBytes && buffered.indexOf(10) < 0) throw tooLarge();
    for (let end = buffered.indexOf(10); end >= 0 && !result; end = buffered.indexOf(10)) {
      const answer = JSON.parse(buffered.toString('utf8', 0, end)) as Answer;
      buffered = buffered.subarray(end + 1);
      if ('ready' in answer) onReady();
      else if ('limit' in answer) throw limitOf(answer.limit);
      else result = Result.parse(answer);
    }
    if (result) parts.push(buffered);
  }
  if (!result) throw new Error('the sandbox did not answer');
  return { ...result, changed: splitContents(Buffer.concat(parts), result.changed) };
}

const tooLarge = () => new SandboxLimit('output', 'The code returned too much and was stopped.');

const limitOf = (limit: 'output' | 'files') =>
  limit === 'files'
    ? new SandboxLimit(
        'files',
        `The code changed more than ${sandboxLimits.changedFiles} files or ${sandboxLimits.changedBytes / 2 ** 20} MiB. None were stored.`,
      )
    : new SandboxLimit('output', `The code printed more than ${sandboxLimits.printedChars} characters and was stopped.`);

function splitContents(bytes: Buffer, files: readonly { path: string; size: number }[]) {
  let at = 0;
  const split = files.map(({ path, size }) => ({ path, bytes: bytes.subarray(at, (at += size)) }));
  if (at !== bytes.length) throw new Error('the sandbox did not answer completely');
  return split;
}

/** Collects the first 4 KB of a stream. */
function firstBytes(stream: NodeJS.ReadableStream) {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    if (text.length < 4_096) text += chunk.toString('latin1').slice(0, 4_096);
  });
  return () => text;
}
