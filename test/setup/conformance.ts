import { expect } from 'vitest';
import { z } from 'zod';
import { Problem } from '../../contract/shared/errors.ts';
import { failures } from '../../contract/shared/failures.ts';
import { refusalsOf } from '../../contract/shared/policy.ts';
import { type Answer as Declared, type Events, hasBytes, type Route, type Schema, streamOf } from '../../contract/shared/route.ts';
import type { Answer } from './world.ts';

/** Statuses that the server gives before it looks at the route; the documents describe them once for all operations. */
const outside = [405, 413, 431];

/** Whether a value is exactly what a schema declares: what it strips or changes was not declared. */
export function expectExactly(shape: Schema, value: unknown) {
  const { data, error } = z.safeParse(shape, value);
  expect(error?.issues).toBeUndefined();
  expect(data).toStrictEqual(value);
}

/** Checks what holds for every answer of the API, and that the contract declares this one. */
export function expectConforming(route: Route, answer: Answer) {
  const { status, headers } = answer;
  expect(headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  const isFile = hasBytes(route) && status === 200;
  expect(headers.get('content-security-policy')).toBe(`default-src 'none'; frame-ancestors 'none'${isFile ? '; sandbox' : ''}`);
  expect(headers.get('vary')).toContain('Origin');
  for (const name of ['x-powered-by', 'server', ...(hasBytes(route) && status < 400 ? [] : ['etag'])])
    expect([name, headers.get(name)]).toEqual([name, null]);
  if (/^\/v1\/(auth|bootstrap|me|api-keys)(\/|$)/.test(route.path)) expect(headers.get('cache-control')).toBe('no-store');
  if (status < 400) expectSuccess(route, answer);
  else expectRefusal(route, answer);
}

function expectSuccess(route: Route, { status, body, text, headers }: Answer) {
  expect(Object.keys(route.responses)).toContain(String(status));
  const declared: Declared | undefined = route.responses[status as keyof Route['responses']];
  const stream = streamOf(route);
  if (hasBytes(route)) expect(headers.get('etag')).toMatch(/^"[0-9a-f]{64}"$/);
  if (declared === null) {
    expect([text, headers.get('content-type')]).toEqual(['', null]);
  } else if (stream && declared === stream) {
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    for (const event of eventsIn(text)) expectExactly((stream as Events).body, event);
  } else if (hasBytes(route)) {
    expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      expect.any(String),
      expect.stringContaining('attachment'),
    ]);
  } else {
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expectExactly(declared as Schema, body);
  }
}

/** The events in the text of a stream. */
export const eventsIn = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)));

function expectRefusal(route: Route, { status, body, headers }: Answer) {
  expect([...refusalsOf(route), ...outside]).toContain(status);
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expectExactly(z.strictObject(Problem.shape), body);
  expect(Object.values(failures)).toContainEqual([status, body.error]);
  expect(body.trace_id).toBe(headers.get('x-trace-id'));
  expect(body.message).not.toBe('');
  if (status === 400) expect(body.details.issues).toBeInstanceOf(Array);
  if (status === 401) expect(headers.get('www-authenticate')).toBe('Bearer');
  if (status === 405) expect(headers.get('allow')).toBeTruthy();
  if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts\b|select |insert |\bat \w+ \(/i);
}
