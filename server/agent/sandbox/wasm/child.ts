import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { Outcome } from './interpreter.ts';
import { runJavascript } from './javascript.ts';
import { lockDown } from './lockDown.ts';
import { type Answer, type JobHeader, sandboxLimits } from './protocol.ts';
import { runPython } from './python.ts';

/** Ends the process at once. `process.exit` would need what `lockDown` removes. */
const exit = (process as unknown as { reallyExit(code: number): never }).reallyExit.bind(process);
// Emscripten reads the flags of files this way, which the permission model denies.
(process as { binding?: unknown }).binding = () => ({ fs: fs.constants });

/** Ends the process if the parent has not done so by then. */
const graceMs = 5_000;

// `lockDown` removes them from the module.
const { readSync, writeSync } = fs;
function repeat(transfer: () => number): number {
  for (;;)
    try {
      return transfer();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
}
function write(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;) at += repeat(() => writeSync(1, bytes, at));
}
const send = (answer: Answer) => write(Buffer.from(`${JSON.stringify(answer)}\n`));

/** Reads the next chunk of standard input. */
function readChunk(): Buffer {
  const chunk = Buffer.allocUnsafeSlow(2 ** 16);
  const size = repeat(() => readSync(0, chunk));
  // The parent has ended.
  if (size === 0) exit(1);
  return chunk.subarray(0, size);
}

/** Reads the header and the files. Standard input stays open. */
function readJob(): { job: JobHeader; files: Map<string, Uint8Array> } {
  const line: Buffer[] = [];
  let chunk = readChunk();
  let end = chunk.indexOf(10);
  for (; end < 0; end = chunk.indexOf(10)) {
    line.push(chunk);
    chunk = readChunk();
  }
  const read = JSON.parse(Buffer.concat([...line, chunk.subarray(0, end)]).toString()) as JobHeader;
  const contents = Buffer.allocUnsafeSlow(read.files.reduce((sum, { size }) => sum + size, 0));
  let at = chunk.copy(contents, 0, end + 1);
  while (at < contents.length) at += readChunk().copy(contents, at);
  at = 0;
  return { job: read, files: new Map(read.files.map(({ path, size }) => [path, contents.subarray(at, (at += size))])) };
}

const { job, files } = readJob();
const before = new Map(job.files.map(({ path, sha256 }) => [path, sha256]));
for (const event of ['end', 'close', 'error']) process.stdin.on(event, () => exit(1));
process.stdin.resume();

/** An exception outside of the code, such as a call of what is not in the sandbox. */
process.on('uncaughtException', (error) => {
  send({ output, isOutputCut: printed > output.length, error: String(error), changed: [], deleted: [] });
  exit(0);
});

let output = '';
let printed = 0;
function print(text: string) {
  printed += text.length;
  if (printed > sandboxLimits.printedChars) {
    send({ limit: 'output' });
    exit(0);
  }
  if (output.length < sandboxLimits.outputChars) output += text.slice(0, sandboxLimits.outputChars - output.length);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const start = await (job.language === 'python' ? runPython : runJavascript)(job, files, print);
setTimeout(() => exit(1), job.timeoutMs + graceMs);
lockDown();
send({ ready: true });
// What the interpreter itself throws, such as a full stack, is an error of the code.
const outcome = await start().catch((error: unknown): Outcome => ({ error: String(error), files: new Map(files) }));
const { value, error, files: after } = outcome;
const changed = [...after].filter(([path, bytes]) => before.get(path) !== sha256(bytes));
const bytes = changed.reduce((sum, [, each]) => sum + each.length, 0);
if (changed.length > sandboxLimits.changedFiles || bytes > sandboxLimits.changedBytes) send({ limit: 'files' });
else {
  const short = (text: string | undefined) => text?.slice(-sandboxLimits.outputChars);
  send({
    output,
    isOutputCut: printed > output.length,
    value: short(value),
    error: short(error),
    changed: changed.map(([path, { length: size }]) => ({ path, size })),
    deleted: [...before.keys()].filter((path) => !after.has(path)),
  });
  for (const [, each] of changed) write(each);
}
exit(0);
