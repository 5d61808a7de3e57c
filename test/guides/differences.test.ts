import { expect, test } from 'vitest';
import { differenceOf, httpDifferenceOf, missingLines } from './differences.ts';

const id = '01a2130f-0f16-708b-aba6-39a16f3c3931';
const other = '01a21313-05d1-7bbe-99a3-0c43574e090b';
const shown = { id, name: 'a', tags: ['x'], ended_at: null, duration_ms: 3, created_at: '2026-11-25T14:14:43.733Z' };

test('ignores ids, times and durations that differ between runs', () => {
  expect(differenceOf(shown, { ...shown, id: other, duration_ms: 99, created_at: '2027-01-01T00:00:00.000Z' })).toBeUndefined();
  expect(differenceOf('eyJhbGci…', 'eyJhbGciOiJIUzI1NiJ9.e30.x')).toBeUndefined();
});

test.each([
  ['a missing field', { ...shown, name: undefined }],
  ['an extra field', { ...shown, more: 1 }],
  ['a different string', { ...shown, name: 'b' }],
  ['a word in place of an id', { ...shown, id: 'none' }],
  ['a time in place of null', { ...shown, ended_at: '2027-01-01T00:00:00.000Z' }],
  ['an extra row', { ...shown, tags: ['x', 'x'] }],
  ['a string in place of a number', { ...shown, duration_ms: '3' }],
  ['a list in place of an object', [shown]],
])('%s is reported as a difference', (_, real) => {
  expect(differenceOf(shown, JSON.parse(JSON.stringify(real)))).toBeTypeOf('string');
});

test('lines may be missing only where the document shows an ellipsis', () => {
  expect(missingLines('a\n…\nd …', 'a\nb\nc\nd and more')).toEqual([]);
  expect(missingLines('a\nc', 'a\nb\nc')).toEqual(['c']);
  expect(missingLines('…\nc\nb', 'a\nb\nc')).toEqual(['b']);
});

test('compares the status, the shown headers and the body of an HTTP response', () => {
  const real = `HTTP/1.1 201 Created\r\nX-Trace-Id: ${'0'.repeat(32)}\r\nLink: </v1/a>\r\n\r\n{"ok":true}`;
  expect(httpDifferenceOf('HTTP/1.1 201 Created\nlink: …\n\n{ "ok": true }', real)).toBeUndefined();
  expect(httpDifferenceOf('HTTP/1.1 200 OK', real)).toBeTypeOf('string');
  expect(httpDifferenceOf('HTTP/1.1 201 Created\nallow: GET', real)).toBeTypeOf('string');
  expect(httpDifferenceOf('HTTP/1.1 201 Created\n\n{ "ok": false }', real)).toBeTypeOf('string');
});
