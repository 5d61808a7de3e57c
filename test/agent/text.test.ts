import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sseData } from '../../server/models/wire/sse.ts';
import { createTextFilter, type Span } from '../../server/models/wire/textFilter.ts';
import { createToolNames } from '../../server/models/wire/toolNames.ts';

/** Cuts `whole` at the given positions, modulo its length. */
function cut<T extends string | Uint8Array>(whole: T, places: number[]): T[] {
  const at = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, index) => whole.slice(start, at[index] ?? whole.length) as T);
}

const places = fc.array(fc.nat(), { maxLength: 40 });
const tokens = ['<end_turn>', '<think>', '</think>', '<', '<end_', '</', 'think', '>', 'a', ' é🐟', '\n'];
const tokenText = fc.array(fc.constantFrom(...tokens), { maxLength: 20 }).map((list) => list.join(''));

function filtered(pieces: string[], thinkTags: boolean) {
  const filter = createTextFilter({ thinkTags });
  const spans = [...pieces.flatMap((piece) => filter.push(piece)), ...filter.flush()];
  const of = (channel?: Span['channel']) => spans.filter((span) => span.channel === channel).map(({ text }) => text);
  return { visible: of().join(''), thinking: of('thinking').join(''), spans };
}

test('removes only the control token, for every text and every chunking', () => {
  fc.assert(
    fc.property(tokenText, places, (text, at) => {
      const { visible, thinking, spans } = filtered(cut(text, at), false);
      expect(visible).toBe(text.replaceAll('<end_turn>', ''));
      expect(thinking).toBe('');
      expect(spans.every((span) => span.text !== '')).toBe(true);
    }),
  );
});

test('think tags are parsed the same for every chunking', () => {
  fc.assert(
    fc.property(tokenText, places, (text, at) => {
      const { visible, thinking } = filtered(cut(text, at), true);
      const whole = filtered([text], true);
      expect({ visible, thinking }).toEqual({ visible: whole.visible, thinking: whole.thinking });
    }),
  );
});

test('text is held back only while it may still become a token', () => {
  const filter = createTextFilter({ thinkTags: true });
  expect(filter.push('Hi <')).toEqual([{ text: 'Hi ' }]);
  expect(filter.push('b>')).toEqual([{ text: '<b>' }]);
  expect(filter.push('<think>why')).toEqual([{ text: 'why', channel: 'thinking' }]);
  expect(filter.push('</thi')).toEqual([]);
  expect(filter.flush()).toEqual([{ text: '</thi', channel: 'thinking' }]);
});

async function parsed(chunks: Uint8Array[]) {
  const found: string[] = [];
  const stream = (async function* () {
    yield* chunks;
  })();
  for await (const data of sseData(stream, 1_000)) found.push(data);
  return found;
}

test('events are parsed for every line ending and every chunking', async () => {
  const payload = fc.constantFrom('{"a":"é🐟"}', '[DONE]', ' x', 'data', '');
  const events = fc.array(fc.array(payload, { minLength: 1, maxLength: 2 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(events, places, fc.constantFrom('\n', '\r\n', '\r'), async (list, at, end) => {
      const text = list.map((lines) => `: hi${end}event: x${end}${lines.map((line) => `data: ${line}${end}`).join('')}${end}`).join('');
      expect(await parsed(cut(new TextEncoder().encode(text), at))).toEqual(list.map((lines) => lines.join('\n')));
    }),
  );
});

test('accepts a last event without a blank line, and data without a space', async () => {
  expect(await parsed([Buffer.from('data:{"a":1}\n\ndata: [DONE]')])).toEqual(['{"a":1}', '[DONE]']);
});

test('a line that is too long is a retryable error', async () => {
  const megabyte = Buffer.alloc(2 ** 20, 'x');
  await expect(parsed(Array.from({ length: 50 }, () => megabyte))).rejects.toMatchObject({ errorClass: 'provider.retryable' });
});

test('tool names are valid for providers, unique and reversible', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.oneof(fc.constantFrom('a.b', 'a__b', 'a_b', 'a b', 'a-b'), fc.string({ minLength: 1, maxLength: 90 })), {
        maxLength: 12,
      }),
      (names) => {
        const map = createToolNames(names);
        const upstream = names.map((name) => map.upstream(name));
        expect(new Set(upstream).size).toBe(names.length);
        for (const name of upstream) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect(upstream.map((name) => map.original(name))).toEqual(names);
      },
    ),
  );
  expect(createToolNames(['web.search']).upstream('web.search')).toBe('web__search');
  expect(createToolNames([]).original('unheard_of')).toBe('unheard_of');
});
