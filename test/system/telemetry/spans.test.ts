import { expect, test } from 'vitest';
import { spanFields } from '../../../server/platform/telemetry/log.ts';
import {
  currentSpan,
  outboundTraceHeaders,
  Span,
  spanOf,
  traceHeadersOf,
  withoutSpan,
  withSpan,
} from '../../../server/platform/telemetry/spans.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';
const good = `00-${traceId}-${parentId}-01`;

test('a traceparent sets the trace, and the span is a new one', () => {
  const span = spanOf({ traceparent: good, tracestate: 'vendor=1' });
  expect(span).toMatchObject({ traceId, flags: '01', state: 'vendor=1' });
  expect(span.spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
  expect(span.spanId).not.toBe(parentId);
  expect(traceHeadersOf(span)).toEqual({ traceparent: `00-${traceId}-${span.spanId}-01`, tracestate: 'vendor=1' });
});

test.each([
  ['a later version with more fields', `cc-${traceId}-${parentId}-01-what-the-future-brings`, '01'],
  ['a later version with the same fields', `01-${traceId}-${parentId}-00`, '00'],
  ['unknown flags', `00-${traceId}-${parentId}-ff`, '01'],
  ['only unknown flags', `00-${traceId}-${parentId}-fe`, '00'],
])('%s is accepted', (_, traceparent, flags) => {
  expect(spanOf({ traceparent })).toMatchObject({ traceId, flags });
});

test.each([
  ['version ff', `ff-${traceId}-${parentId}-01`],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${parentId}-01`],
  ['a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['version 00 with more fields', `${good}-more`],
  ['a later version that continues without a dash', `cc-${traceId}-${parentId}-01.more`],
  ['upper case', good.toUpperCase()],
  ['a short trace', `00-${traceId.slice(1)}-${parentId}-01`],
  ['a long span', `00-${traceId}-${parentId}0-01`],
  ['no flags', `00-${traceId}-${parentId}`],
  ['other characters than hexadecimal digits', `00-${traceId.replace('f', 'g')}-${parentId}-01`],
  ['two values', `${good}, ${good}`],
  ['nothing', ''],
  ['a line break', `${good}\n`],
])('%s starts a new trace without the state', (_, traceparent) => {
  const span = spanOf({ traceparent, tracestate: 'vendor=1' });
  expect(span.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(span.traceId).not.toBe(traceId);
  expect(span).toMatchObject({ flags: '00', state: undefined });
});

test.each([
  ['members, kept in order without blanks and empty members', ' a=1 ,, b@c=2\t,', 'a=1,b@c=2'],
  ['values with all allowed characters', 'a=!"#$%&\'()*+-./:;<>?@[]^_`{|}~ x', 'a=!"#$%&\'()*+-./:;<>?@[]^_`{|}~ x'],
  ['32 members', Array.from({ length: 32 }, (_, n) => `k${n}=v`).join(','), Array.from({ length: 32 }, (_, n) => `k${n}=v`).join(',')],
  ['33 members', Array.from({ length: 33 }, (_, n) => `k${n}=v`).join(','), undefined],
  ['a key twice', 'a=1,b=2,a=3', undefined],
  ['upper case', 'A=1', undefined],
  ['no value', 'a=', undefined],
  ['no key', '=1', undefined],
  ['two equal signs', 'a=1=2', undefined],
  ['two at signs', 'a@b@c=1', undefined],
  ['letters beyond ASCII', 'a=ü', undefined],
  [
    'excess length, truncated at the end',
    `a=${'x'.repeat(250)},b=${'y'.repeat(250)},c=${'z'.repeat(100)}`,
    `a=${'x'.repeat(250)},b=${'y'.repeat(250)}`,
  ],
  ['nothing', '', undefined],
])('a tracestate of %s', (_, tracestate, state) => {
  expect(spanOf({ traceparent: good, tracestate })).toMatchObject({ traceId, state });
});

test('X-Trace-Id sets the trace: it overrides a traceparent of another trace and keeps the state of its own', () => {
  const other = 'A'.repeat(32);
  expect(spanOf({ 'x-trace-id': other })).toMatchObject({ traceId: other.toLowerCase(), flags: '00' });
  expect(spanOf({ 'x-trace-id': other, traceparent: good, tracestate: 'a=1' })).toMatchObject({
    traceId: other.toLowerCase(),
    flags: '00',
    state: undefined,
  });
  expect(spanOf({ 'x-trace-id': traceId.toUpperCase(), traceparent: good, tracestate: 'a=1' })).toMatchObject({
    traceId,
    flags: '01',
    state: 'a=1',
  });
  for (const useless of ['x', '0'.repeat(32), '']) expect(spanOf({ 'x-trace-id': useless, traceparent: good })).toMatchObject({ traceId });
});

test('untrusted headers are ignored', () => {
  expect(spanOf({ traceparent: good }, () => false).traceId).not.toBe(traceId);
});

test('each step has its own span, and there are no headers outside a span', () => {
  const span = new Span(traceId, '01', 'a=1', { parentId });
  const steps = withSpan(span, () => [outboundTraceHeaders(), outboundTraceHeaders()]);
  const ids = [traceHeadersOf(span), ...steps].map(({ traceparent }) => traceparent);
  expect(new Set(ids).size).toBe(3);
  for (const step of steps)
    expect(step).toEqual({ traceparent: expect.stringMatching(`^00-${traceId}-[0-9a-f]{16}-01$`), tracestate: 'a=1' });
  expect(outboundTraceHeaders()).toEqual({});
  expect(withSpan(span, () => withoutSpan(() => [currentSpan(), outboundTraceHeaders()]))).toEqual([undefined, {}]);
});

test('without a caller or a recorder that decides, only other systems get a parent', () => {
  const span = spanOf({ 'x-trace-id': traceId });
  expect(traceHeadersOf(span)).toEqual({});
  expect(withSpan(span, outboundTraceHeaders)).toEqual({ traceparent: expect.stringMatching(`^00-${traceId}-[0-9a-f]{16}-00$`) });
});

test('a log line has the ids of the current span, unless it belongs to another trace', () => {
  const span = new Span(traceId);
  const fields = { trace_id: traceId, span_id: span.spanId };
  expect(withSpan(span, () => spanFields({}))).toEqual(fields);
  expect(withSpan(span, () => spanFields({ trace_id: traceId }))).toEqual(fields);
  expect(withSpan(span, () => spanFields({ trace_id: 'f'.repeat(32) }))).toEqual({});
  expect(spanFields({})).toEqual({});
});
