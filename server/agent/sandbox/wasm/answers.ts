import { z } from 'zod';
import { SandboxLimit, type SandboxResult } from '../sandbox.ts';
import { sandboxLimits } from './protocol.ts';

const Result = z.strictObject({
  output: z.string().max(sandboxLimits.outputChars),
  isOutputCut: z.boolean(),
  value: z.string().max(sandboxLimits.outputChars).optional(),
  error: z.string().max(sandboxLimits.outputChars).optional(),
  changed: z.array(z.strictObject({ path: z.string(), size: z.int().min(0) })).max(sandboxLimits.changedFiles),
  deleted: z.array(z.string()),
});
const Answer = z.union([z.strictObject({ ready: z.literal(true) }), z.strictObject({ limit: z.enum(['output', 'files']) }), Result]);

/** Bytes of the lines of JSON, and with the contents that follow. */
const maxHeaderBytes = 8 * 2 ** 20;
const maxAnswerBytes = maxHeaderBytes + sandboxLimits.changedBytes;
/** A process that writes single bytes costs the reader more than itself. */
const maxChunks = 50_000;

const lineBreak = 10;

/** Reads the answers of a process that is not trusted. `onReady` is called once, at most. Throws `SandboxLimit` if they are too large. */
export async function readAnswers(chunks: AsyncIterable<Buffer>, onReady: () => void): Promise<SandboxResult> {
  let isReady = false;
  let result: z.infer<typeof Result> | undefined;
  const line: Buffer[] = [];
  const contents: Buffer[] = [];
  let [count, size, headerSize] = [0, 0, 0];

  function readLine(text: string) {
    const answer = Answer.parse(JSON.parse(text));
    if ('limit' in answer) throw limitOf(answer.limit);
    if ('output' in answer) result = answer;
    else if (isReady) throw new Error('the sandbox was ready twice');
    else {
      isReady = true;
      onReady();
    }
  }

  for await (const chunk of chunks) {
    size += chunk.length;
    if (++count > maxChunks || size > maxAnswerBytes) throw tooLarge();
    let rest = chunk;
    while (!result && rest.length > 0) {
      const end = rest.indexOf(lineBreak);
      const piece = end < 0 ? rest : rest.subarray(0, end);
      headerSize += piece.length;
      if (headerSize > maxHeaderBytes) throw tooLarge();
      line.push(piece);
      rest = rest.subarray(piece.length + 1);
      if (end >= 0) readLine(Buffer.concat(line.splice(0)).toString());
    }
    if (rest.length > 0) contents.push(rest);
  }
  if (!result) throw new Error('the sandbox did not answer');
  return { ...result, changed: splitContents(Buffer.concat(contents), result.changed) };
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
