import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type Deprecation, deprecationHeaders } from '../../contract/deprecation.ts';
import { errorCodes } from '../../contract/shared/errorCodes.ts';
import { OpenAiProblem, Problem } from '../../contract/shared/errors.ts';
import { errorStatusesOf } from '../../contract/shared/policy.ts';
import {
  type ResponseBody as Declared,
  eventStreamOf,
  hasEntityTag,
  returnsFile,
  type Route,
  type Schema,
} from '../../contract/shared/route.ts';
import type { HttpResponse } from './call.ts';
import { type Rule, type Violation, violationList } from './rules.ts';

/** Statuses that a server returns before routing; the OpenAPI document describes them once for all operations. */
const preRoutingStatuses = [405, 408, 413, 431];

const json = 'application/json; charset=utf-8';

// Built once: the first parse of an object schema generates and compiles its code.
const errorBodies = { own: z.strictObject(Problem.shape), openai: z.strictObject(OpenAiProblem.shape) };
const errorPairs = new Set(Object.values(errorCodes).map(([status, code]) => `${status} ${code}`));

type Report = ReturnType<typeof violationList>['expectThat'];

/** Differences between a response and the contract. */
export function violationsOf(route: Route, answer: HttpResponse): Violation[] {
  const { list, expectThat } = violationList();
  expectThat(
    /^[0-9a-f]{32}$/.test(answer.headers.get('x-trace-id') ?? ''),
    'response.trace-id',
    'X-Trace-Id is not 32 lower-case hex digits',
  );
  const { deprecated } = route.metadata;
  if (deprecated && !preRoutingStatuses.includes(answer.status)) checkDeprecation(deprecated, answer, expectThat);
  if (answer.status < 400 || Object.hasOwn(route.responses, answer.status)) checkSuccessResponse(route, answer, expectThat);
  else checkErrorResponse(route, answer, expectThat);
  return list;
}

function checkDeprecation(deprecated: Deprecation, { headers }: HttpResponse, expectThat: Report) {
  const wanted = deprecationHeaders(deprecated);
  for (const name of ['deprecation', 'sunset'] as const) {
    const got = headers.get(name);
    expectThat(got === wanted[name], 'response.deprecation', `${name} is ${got}, not ${wanted[name]}`);
  }
}

function checkSuccessResponse(route: Route, { status, body, text, headers }: HttpResponse, expectThat: Report) {
  if (!Object.hasOwn(route.responses, status)) return expectThat(false, 'response.status', `status ${status} is not declared`);
  const answered: Declared | undefined = route.responses[status as keyof Route['responses']];
  const either = answered && 'chunk' in answered ? answered : undefined;
  const declared = either?.body ?? answered;
  const stream = eventStreamOf(route);
  const type = headers.get('content-type');
  if (hasEntityTag(route)) expectThat(/^"[0-9a-f]{64}"$/.test(headers.get('etag') ?? ''), 'file.headers', 'ETag is not a quoted SHA-256');
  if (declared === null || declared === undefined) {
    expectThat(text === '' && type === null, 'response.empty', `status ${status} comes with a body`);
  } else if (stream && declared === stream) {
    const wanted = 'text/event-stream; charset=utf-8';
    expectThat(type === wanted, 'response.content-type', `Content-Type is ${type}, not ${wanted}`);
    for (const event of eventsIn(text)) expectSchema(stream.body, event, 'response.body', expectThat);
  } else if (either && type === 'text/event-stream; charset=utf-8') {
    for (const chunk of eventsIn(text)) expectSchema(either.chunk, chunk, 'response.body', expectThat);
    expectThat(text.endsWith(either.end), 'response.body', `the stream does not end with ${JSON.stringify(either.end)}`);
  } else if (returnsFile(route)) {
    expectThat(type !== null, 'file.headers', 'a file without Content-Type');
    const disposition = headers.get('content-disposition')?.includes('attachment') ?? false;
    expectThat(disposition, 'file.headers', 'a file without Content-Disposition: attachment, which browsers would show');
  } else {
    expectThat(type === json, 'response.content-type', `Content-Type is ${type}, not ${json}`);
    expectSchema(declared as Schema, body, 'response.body', expectThat);
  }
}

function checkErrorResponse(route: Route, { status, body, headers }: HttpResponse, expectThat: Report) {
  const declared = [...errorStatusesOf(route), ...preRoutingStatuses].includes(status as never);
  expectThat(declared, 'response.status', `status ${status} is not declared`);
  const type = headers.get('content-type');
  expectThat(type === json, 'response.content-type', `Content-Type is ${type}, not ${json}`);
  const isOpenAi = route.metadata.errors === 'openai';
  if (!expectSchema(isOpenAi ? errorBodies.openai : errorBodies.own, body, 'error.body', expectThat)) return;
  if (!isOpenAi) expectThat(errorPairs.has(`${status} ${body.error}`), 'error.code', `"error" is ${body.error} under status ${status}`);
  expectThat(body.trace_id === headers.get('x-trace-id'), 'error.trace-id', '"trace_id" is not that of X-Trace-Id');
  expectThat((isOpenAi ? body.error : body).message !== '', 'error.body', '"message" is empty');
  if (status === 400) expectThat(Array.isArray(body.details.issues), 'error.body', '400 without "details.issues"');
  const authenticate = headers.get('www-authenticate') === 'Bearer';
  if (status === 401) expectThat(authenticate, 'error.headers', '401 without WWW-Authenticate: Bearer');
  if (status === 405) expectThat(Boolean(headers.get('allow')), 'error.headers', '405 without Allow');
  if (status === 429) expectThat(Number(headers.get('retry-after')) >= 1, 'error.headers', '429 without Retry-After');
  const told = /node_modules|\.ts\b|select |insert |\bat \w+ \(/i.exec(JSON.stringify(body));
  expectThat(told === null, 'error.internals', `reveals internals: ${told?.[0]}`);
}

/** Reports each difference. Returns whether there are none. */
function expectSchema(shape: Schema, value: unknown, rule: Rule, expectThat: Report): boolean {
  const found = differences(shape, value);
  for (const line of found) expectThat(false, rule, line);
  return found.length === 0;
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

/** The events of a stream. Lines that are not JSON are left out; the check of the stream reports them. */
export const eventsIn = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .flatMap((line) => {
      try {
        return [JSON.parse(line.slice(6))];
      } catch {
        return [];
      }
    });

/** Security headers that are missing or have an unexpected value. */
export function headerViolations(route: Route, { status, headers }: HttpResponse): Violation[] {
  const isFile = returnsFile(route) && status === 200;
  const wanted: [name: string, value: string | null][] = [
    ['x-content-type-options', 'nosniff'],
    ['content-security-policy', `default-src 'none'; frame-ancestors 'none'${isFile ? '; sandbox' : ''}`],
    ['x-powered-by', null],
    ['server', null],
  ];
  if (!(hasEntityTag(route) && status < 400)) wanted.push(['etag', null]);
  if (/^\/v1\/(auth|bootstrap|me|api-keys|admin\/service-keys)(\/|$)/.test(route.path)) wanted.push(['cache-control', 'no-store']);
  const wrong = wanted.filter(([name, value]) => headers.get(name) !== value).map(([name]) => `${name} is ${headers.get(name)}`);
  if (!headers.get('vary')?.includes('Origin')) wrong.push(`vary is ${headers.get('vary')}`);
  return wrong.map((what) => ({ rule: 'response.headers', what }));
}
