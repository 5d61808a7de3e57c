import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { errorCodes } from '../../contract/shared/errorCodes.ts';
import { Problem } from '../../contract/shared/errors.ts';
import { errorStatusesOf } from '../../contract/shared/policy.ts';
import {
  type ResponseBody as Declared,
  type EventStream,
  eventStreamOf,
  returnsFile,
  type Route,
  type Schema,
} from '../../contract/shared/route.ts';
import type { HttpResponse } from './call.ts';

/** Statuses that a server returns before routing; the OpenAPI document describes them once for all operations. */
const preRoutingStatuses = [405, 408, 413, 431];

const json = 'application/json; charset=utf-8';

type Report = (isRight: boolean, line: string) => void;

/** Differences between a response and the contract, one line each. */
export function violationsOf(route: Route, answer: HttpResponse): string[] {
  const lines: string[] = [];
  const expectThat: Report = (isRight, line) => void (isRight || lines.push(line));
  expectThat(/^[0-9a-f]{32}$/.test(answer.headers.get('x-trace-id') ?? ''), 'X-Trace-Id is not 32 lower-case hex digits');
  if (answer.status < 400 || Object.hasOwn(route.responses, answer.status)) lines.push(...successViolations(route, answer));
  else checkErrorResponse(route, answer, expectThat, lines);
  return lines;
}

function successViolations(route: Route, { status, body, text, headers }: HttpResponse): string[] {
  const lines: string[] = [];
  const expectThat: Report = (isRight, line) => void (isRight || lines.push(line));
  if (!Object.hasOwn(route.responses, status)) return [`status ${status} is not declared`];
  const declared: Declared | undefined = route.responses[status as keyof Route['responses']];
  const stream = eventStreamOf(route);
  const type = headers.get('content-type');
  if (returnsFile(route)) expectThat(/^"[0-9a-f]{64}"$/.test(headers.get('etag') ?? ''), 'ETag is not a quoted SHA-256');
  if (declared === null || declared === undefined) {
    expectThat(text === '' && type === null, `status ${status} comes with a body`);
  } else if (stream && declared === stream) {
    expectThat(type === 'text/event-stream; charset=utf-8', `Content-Type is ${type}, not that of an event stream`);
    for (const event of eventsIn(text)) lines.push(...differences((stream as EventStream).body, event));
  } else if (returnsFile(route)) {
    expectThat(type !== null, 'a file without Content-Type');
    expectThat(headers.get('content-disposition')?.includes('attachment') ?? false, 'a file that a browser would show');
  } else {
    expectThat(type === json, `Content-Type is ${type}, not ${json}`);
    lines.push(...differences(declared as Schema, body));
  }
  return lines;
}

function checkErrorResponse(route: Route, { status, body, headers }: HttpResponse, expectThat: Report, lines: string[]) {
  expectThat([...errorStatusesOf(route), ...preRoutingStatuses].includes(status as never), `status ${status} is not declared`);
  expectThat(headers.get('content-type') === json, `Content-Type is ${headers.get('content-type')}, not ${json}`);
  const problem = differences(z.strictObject(Problem.shape), body);
  lines.push(...problem);
  if (problem.length > 0) return;
  const pairs = Object.values(errorCodes).map(([known, code]) => `${known} ${code}`);
  expectThat(pairs.includes(`${status} ${body.error}`), `"error" is ${body.error} under status ${status}`);
  expectThat(body.trace_id === headers.get('x-trace-id'), '"trace_id" is not that of X-Trace-Id');
  expectThat(body.message !== '', '"message" is empty');
  if (status === 400) expectThat(Array.isArray(body.details.issues), '400 without "details.issues"');
  if (status === 401) expectThat(headers.get('www-authenticate') === 'Bearer', '401 without WWW-Authenticate: Bearer');
  if (status === 405) expectThat(Boolean(headers.get('allow')), '405 without Allow');
  if (status === 429) expectThat(Number(headers.get('retry-after')) >= 1, '429 without Retry-After');
  const told = /node_modules|\.ts\b|select |insert |\bat \w+ \(/i.exec(JSON.stringify(body));
  expectThat(told === null, `tells of its insides: ${told?.[0]}`);
}

/** Differences between a value and a schema. Values that the schema strips or transforms count as undeclared. */
export function differences(shape: Schema, value: unknown): string[] {
  const { data, error } = z.safeParse(shape, value);
  if (error) return error.issues.map(({ path, message }) => `body ${path.map((step) => `/${String(step)}`).join('')}: ${message}`);
  return isDeepStrictEqual(data, value) ? [] : [`the body holds what is not declared: ${firstDifference(data, value)}`];
}

/** JSON Pointer of the first difference between two values. */
function firstDifference(data: unknown, value: unknown): string {
  if (typeof data !== 'object' || typeof value !== 'object' || !data || !value) return '';
  for (const [name, inner] of Object.entries(value)) {
    const kept = (data as Record<string, unknown>)[name];
    if (!isDeepStrictEqual(kept, inner)) return `/${name}${firstDifference(kept, inner)}`;
  }
  return '';
}

export const eventsIn = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)));

/** Security headers that are missing or have an unexpected value. */
export function headerViolations(route: Route, { status, headers }: HttpResponse): string[] {
  const isFile = returnsFile(route) && status === 200;
  const wanted: [name: string, value: string | null][] = [
    ['x-content-type-options', 'nosniff'],
    ['content-security-policy', `default-src 'none'; frame-ancestors 'none'${isFile ? '; sandbox' : ''}`],
    ['x-powered-by', null],
    ['server', null],
  ];
  if (!(returnsFile(route) && status < 400)) wanted.push(['etag', null]);
  if (/^\/v1\/(auth|bootstrap|me|api-keys)(\/|$)/.test(route.path)) wanted.push(['cache-control', 'no-store']);
  const wrong = wanted.filter(([name, value]) => headers.get(name) !== value).map(([name]) => `${name} is ${headers.get(name)}`);
  return headers.get('vary')?.includes('Origin') ? wrong : [...wrong, `vary is ${headers.get('vary')}`];
}
