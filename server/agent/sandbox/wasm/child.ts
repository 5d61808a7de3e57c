import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { constants, readFileSync, writeSync } from 'node:fs';
import type { Outcome } from './interpreter.ts';
import { runJavascript } from './javascript.ts';
import { lockDown } from './lockDown.ts';
import { type Answer, type JobHeader, sandboxLimits } from './protocol.ts';
import { runPython } from './python.ts';

/** Ends the process at once. `process.exit` would need what `lockDown` removes. */
const exit = (process as unknown as { reallyExit(code: number): never }).reallyExit.bind(process);
// Emscripten reads the flags of files this way, which the permission model denies.
(process as { binding?: unknown }).binding = () => ({ fs: constants });

function write(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;)
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
}
const send = (answer: Answer) => write(Buffer.from(`${JSON.stringify(answer)}\n`));

const input = readFileSync(0);
const end = input.indexOf(10);
const job = JSON.parse(input.toString('utf8', 0, end)) as JobHeader;
const before = new Map(job.files.map(({ path, sha256 }) => [path, sha256]));
const files = new Map<string, Uint8Array>();
let at = end + 1;
for (const { path, size } of job.files) {
  files.set(path, input.subarray(at, at + size));
  at += size;
}

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
