import { expect, test } from 'vitest';
import { SandboxLimit } from '../../../server/agent/sandbox/sandbox.ts';
import { readAnswers } from '../../../server/agent/sandbox/wasm/answers.ts';
import { sandboxLimits } from '../../../server/agent/sandbox/wasm/protocol.ts';

const ready = '{"ready":true}\n';
const result = (changed: object[] = []) => `${JSON.stringify({ output: 'x', isOutputCut: false, changed, deleted: [] })}\n`;

/** Reads what a process writes in these chunks. `read` counts those that were read. */
async function read(chunks: Iterable<string | Buffer>) {
  const seen = { ready: 0, read: 0 };
  async function* stream() {
    for (const chunk of chunks) {
      seen.read++;
      yield Buffer.from(chunk);
    }
  }
  const answer = await readAnswers(stream(), () => seen.ready++).catch((error: unknown) =>
    error instanceof SandboxLimit ? error.limit : 'invalid',
  );
  return { answer, ...seen };
}

function* repeat(chunk: string, count: number) {
  for (let n = 0; n < count; n++) yield chunk;
}

test('answers are read in chunks of any size', async () => {
  const whole = Buffer.from(`${ready}${result([{ path: '/a', size: 3 }])}\n\n\n`);
  for (const chunks of [[whole], [...whole].map((byte) => Buffer.of(byte)), [whole.subarray(0, 20), whole.subarray(20)]]) {
    const { answer, ready: count } = await read(chunks);
    expect([answer, count]).toMatchObject([{ output: 'x', changed: [{ path: '/a', bytes: Buffer.from('\n\n\n') }] }, 1]);
  }
  expect((await read([ready, '{"limit":"files"}\n'])).answer).toBe('files');
});

test('a process that is not trusted cannot renew its time, nor make the reader collect without end', async () => {
  const again = await read(repeat(ready, 1_000));
  expect(again).toMatchObject({ answer: 'invalid', ready: 1, read: 2 });
  expect(await read([ready, ready + result()])).toMatchObject({ answer: 'invalid', ready: 1 });

  const line = await read(repeat('x'.repeat(2 ** 16), 1_000));
  expect([line.answer, line.read]).toEqual(['output', 129]);
  const bytes = await read(repeat('x', 10_000_000));
  expect([bytes.answer, bytes.read]).toEqual(['output', 50_001]);
  const contents = (function* () {
    yield ready + result();
    yield* repeat('x'.repeat(2 ** 20), 1_000);
  })();
  const { answer, read: count } = await read(contents);
  expect(answer).toBe('output');
  expect(count).toBeLessThan(sandboxLimits.changedBytes / 2 ** 20 + 20);
});

test('answers of another form are refused', async () => {
  const odd = ['', ready, '{}\n', 'null\n', '{"ready":false}\n', '{"limit":"time"}\n', `${ready}${result([{ path: '/a', size: 1 }])}`];
  for (const text of [...odd, result([{ path: '/a', size: -1 }]), `${result()}x`]) expect((await read([text])).answer).toBe('invalid');
});
