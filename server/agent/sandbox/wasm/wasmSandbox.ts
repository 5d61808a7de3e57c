import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTurnQueue } from '../../../platform/concurrency.ts';
import { packageFolders, startIsolated, watchMemory } from '../../../platform/isolatedProcess.ts';
import { type Sandbox, type SandboxFile, type SandboxJob, SandboxLimit, type SandboxResult } from '../sandbox.ts';
import { readAnswers } from './answers.ts';
import type { JobHeader } from './protocol.ts';

export type WasmSandboxOptions = {
  /** Memory of the process in MiB. */
  memoryMb: number;
  /** Folder of Python wheels that are installed before each run. */
  wheels: string | undefined;
};

/** Processes at a time, in total and of one account, and calls that wait for one. Each takes up to `memoryMb` and one CPU. */
const [maxProcesses, maxOfAccount] = [2, 1];
const [maxWaiting, maxWaitingOfAccount] = [100, 20];
/** Starting Python takes about 3 s of CPU time. */
const maxStartMs = 120_000;
const memoryCheckMs = 100;
/** Memory of Node.js and the files beside that of the interpreter. */
const baseMemoryMb = 192;

const here = dirname(fileURLToPath(import.meta.url));
const packages = ['pyodide', 'quickjs-emscripten-core', '@jitl/quickjs-wasmfile-release-sync', '@jitl/quickjs-ffi-types'];

/** Runs Python (Pyodide) and JavaScript (QuickJS), both compiled to WebAssembly, in a process for each job. See decision 0055. */
export function createWasmSandbox({ memoryMb, wheels }: WasmSandboxOptions): Sandbox {
  const queue = createTurnQueue({ most: maxProcesses, maxWaiting, perOwner: { most: maxOfAccount, maxWaiting: maxWaitingOfAccount } });
  return {
    async run(job, signal) {
      const done = await queue.take({ owner: job.accountId, signal });
      if (!done) throw new SandboxLimit('time', 'Too much code is waiting to run. Try again later.');
      try {
        const files = await job.files();
        const installed = job.language === 'python' && wheels ? await wheelsIn(wheels) : [];
        signal.throwIfAborted();
        return await runJob({ ...job, files }, { memoryMb, wheels: installed }, signal);
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

type LoadedJob = Omit<SandboxJob, 'files'> & { files: readonly SandboxFile[] };

async function runJob(
  job: LoadedJob,
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
  // It stays open: the process ends when it is closed.
  for (const { bytes } of job.files) child.stdin.write(bytes);
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

const headerOf = ({ language, code, timeoutMs, files }: LoadedJob, wheels: string[]): JobHeader => ({
  language,
  code,
  timeoutMs,
  files: files.map(({ path, bytes }) => ({ path, size: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') })),
  wheels,
});

/** Collects the first 4 KB of a stream. */
function firstBytes(stream: NodeJS.ReadableStream) {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    if (text.length < 4_096) text += chunk.toString('latin1').slice(0, 4_096);
  });
  return () => text;
}
