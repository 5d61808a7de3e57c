import { expect, test } from 'vitest';
import { missingLines, unlike, unlikeHttp } from './likeness.ts';

const id = '01a2130f-0f16-708b-aba6-39a16f3c3931';
const other = '01a21313-05d1-7bbe-99a3-0c43574e090b';
const shown = { id, name: 'a', tags: ['x'], ended_at: null, duration_ms: 3, created_at: '2026-11-25T14:14:43.733Z' };

test('an answer may have other ids, times and durations', () => {
  expect(unlike(shown, { ...shown, id: other, duration_ms: 99, created_at: '2027-01-01T00:00:00.000Z' })).toBeUndefined();
  expect(unlike('eyJhbGci…', 'eyJhbGciOiJIUzI1NiJ9.e30.x')).toBeUndefined();
});

test.each([
  ['a field less', { ...shown, name: undefined }],
  ['a field more', { ...shown, more: 1 }],
  ['another word', { ...shown, name: 'b' }],
  ['a word for an id', { ...shown, id: 'none' }],
  ['a time for null', { ...shown, ended_at: '2027-01-01T00:00:00.000Z' }],
  ['a row more', { ...shown, tags: ['x', 'x'] }],
  ['a text for a number', { ...shown, duration_ms: '3' }],
  ['a list', [shown]],
])('%s is another answer', (_, real) => {
  expect(unlike(shown, JSON.parse(JSON.stringify(real)))).toBeTypeOf('string');
});

test('lines may be left out where that is said, and nowhere else', () => {
  expect(missingLines('a\n…\nd …', 'a\nb\nc\nd and more')).toEqual([]);
  expect(missingLines('a\nc', 'a\nb\nc')).toEqual(['c']);
  expect(missingLines('…\nc\nb', 'a\nb\nc')).toEqual(['b']);
});

test('of HTTP the status, the headers that are shown and the body count', () => {
  const real = `HTTP/1.1 201 Created\r\nX-Trace-Id: ${'0'.repeat(32)}\r\nLink: </v1/a>\r\n\r\n{"ok":true}`;
  expect(unlikeHttp('HTTP/1.1 201 Created\nlink: …\n\n{ "ok": true }', real)).toBeUndefined();
  expect(unlikeHttp('HTTP/1.1 200 OK', real)).toBeTypeOf('string');
  expect(unlikeHttp('HTTP/1.1 201 Created\nallow: GET', real)).toBeTypeOf('string');
  expect(unlikeHttp('HTTP/1.1 201 Created\n\n{ "ok": false }', real)).toBeTypeOf('string');
});
