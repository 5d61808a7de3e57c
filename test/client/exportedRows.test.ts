import { expect, test } from 'vitest';
import { exportedRows } from '../../client/index.ts';

const collect = async (source: Parameters<typeof exportedRows>[0]) => {
  const rows = [];
  for await (const row of exportedRows(source)) rows.push(row);
  return rows;
};
const file = '{"id":"ü 🛒"}\n{"end":"a value"}\n{"end":{"rows":2}}\n';

test('yields the rows of a blob, of a response, and of a stream of single bytes', async () => {
  const rows = [{ id: 'ü 🛒' }, { end: 'a value' }];
  const bytes = new TextEncoder().encode(file);
  const single = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  expect(await collect(new Blob([file]))).toEqual(rows);
  expect(await collect(new Response(file))).toEqual(rows);
  expect(await collect(single)).toEqual(rows);
  expect(await collect(new Blob(['{"end":{"rows":0}}\n']))).toEqual([]);
});

test.each([
  ['no end', '{"id":1}\n', 'not complete: it ends after 1 rows'],
  ['nothing', '', 'not complete: it ends after 0 rows'],
  ['a cut end', '{"id":1}\n{"end":{"rows":1}}', 'not complete'],
  ['a missing row', '{"id":1}\n{"end":{"rows":2}}\n', '1 rows instead of 2'],
  ['something after its end', '{"end":{"rows":0}}\n{"id":1}\n', 'after its end'],
])('throws for an export with %s', async (_, text, message) => {
  await expect(collect(new Blob([text]))).rejects.toThrow(message);
});

test('ends the download when the caller stops', async () => {
  let isCanceled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('{"id":1}\n')),
    cancel() {
      isCanceled = true;
    },
  });
  for await (const row of exportedRows(stream)) {
    expect(row).toEqual({ id: 1 });
    break;
  }
  expect(isCanceled).toBe(true);
});
