import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeEvents, type ServerSentEvent } from '../../client/core/stream/events.ts';

async function decode(bytes: Uint8Array, cuts: readonly number[]) {
  async function* chunks() {
    const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
    for (let i = 1; i < edges.length; i++) yield bytes.subarray(edges[i - 1], edges[i]);
  }
  const events: ServerSentEvent[] = [];
  for await (const event of decodeEvents(chunks())) events.push(event);
  return events;
}

const text = [
  '\uFEFF: ping\n\n',
  'id: 1\nevent: run.started\ndata: {"a":1}\n\n',
  'id: 2\r\ndata: two\r\ndata:  lines 🧵\r\n\r\n',
  'data:no space\r\r',
  'id: 4\0\nretry: 9\nunknown: x\ndata\n\n',
  ': only a comment\n\n',
  'id: 5\ndata: \u2028 عربي 👩‍🚀\n\n',
  'id: 6\ndata: half',
].join('');
const expected = [
  { id: '1', data: '{"a":1}' },
  { id: '2', data: 'two\n lines 🧵' },
  { id: '2', data: 'no space' },
  { id: '2', data: '' },
  { id: '5', data: '\u2028 عربي 👩‍🚀' },
];
const bytes = new TextEncoder().encode(text);

test('a stream decodes the same if split at any byte', async () => {
  for (let cut = 0; cut <= bytes.length; cut++) expect(await decode(bytes, [cut]), `cut at ${cut}`).toEqual(expected);
});

test('a stream decodes the same byte by byte and for any chunking', async () => {
  expect(await decode(bytes, [...bytes.keys()])).toEqual(expected);
  const cuts = fc.array(fc.nat(bytes.length), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(cuts, async (at) => {
      expect(await decode(bytes, at)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

test('the cost of a large event is linear in its size', async () => {
  const large = new TextEncoder().encode(`id: 7\r\ndata: ${'x'.repeat(16_000_000)}\r\n\r\n`);
  const began = performance.now();
  const [event] = await decode(
    large,
    Array.from({ length: Math.floor(large.length / 16_384) }, (_, at) => (at + 1) * 16_384),
  );
  // 0.5 s; 30 s if each chunk makes it read the line again from its start.
  expect(performance.now() - began).toTakeLessThan(8_000);
  expect(event!.data.length).toBe(16_000_000);
});
