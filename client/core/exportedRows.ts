/**
 * The rows of an export in the format `ndjson`: of the `Blob` that a call resolves to, or of the response of a `fetch` of your own, row by row while it
 * arrives. Throws if the export is not complete.
 */
export async function* exportedRows<Row extends object = Record<string, unknown>>(
  source: Blob | Response | ReadableStream<Uint8Array>,
): AsyncGenerator<Row, void, undefined> {
  let [count, isComplete] = [0, false];
  for await (const line of linesOf(source)) {
    if (isComplete) throw new Error('The export has lines after its end.');
    const row = JSON.parse(line) as Awaited<Row>;
    if (isEnd(row)) {
      if (row.end.rows !== count) throw new Error(`The export has ${count} rows instead of ${row.end.rows}.`);
      isComplete = true;
    } else {
      count++;
      yield row;
    }
  }
  if (!isComplete) throw new Error(`The export is not complete: it ends after ${count} rows.`);
}

const isEnd = (row: object): row is { end: { rows: number } } =>
  'end' in row && Object.keys(row).length === 1 && typeof (row.end as { rows?: unknown } | null)?.rows === 'number';

async function* linesOf(source: Blob | Response | ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const stream = 'getReader' in source ? source : 'stream' in source ? source.stream() : source.body;
  if (!stream) return;
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const lines = (rest + (done ? decoder.decode() : decoder.decode(value, { stream: true }))).split('\n');
      rest = lines.pop()!;
      yield* lines;
      if (done) break;
    }
    // A line without its end was cut off.
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
