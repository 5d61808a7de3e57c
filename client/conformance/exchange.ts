import { type Call, type CallOptions, type HttpResponse, sendHeadersFirst } from './call.ts';
import { headerViolations, violationsOf } from './check.ts';
import type { Operation } from './operations.ts';
import { describeResponse } from './people.ts';
import type { Rule } from './rules.ts';
import type { SampleContext } from './samples/fixtures.ts';

export type Finding = { operation: string; rule: Rule; request: string; answer: string; what: string };

/** The result of one operation. `unchecked` is the reason why the success was not checked, `notes` what else was not. */
export type Result = {
  operation: Operation;
  seen: number[];
  violations: Finding[];
  unchecked?: string;
  notes: string[];
  ms: number;
};

export type CheckContext = {
  url: string;
  call: Call;
  maker: SampleContext;
  /** An API key of the caller. */
  key: string | undefined;
  checksHeaders: boolean;
  /** Longest time in milliseconds that a stream may be silent. */
  heartbeatMs: number;
  /** Longest time in milliseconds that a run may take. */
  runMs: number;
  /** Longest time in milliseconds until a stream is opened, and closed after the terminal event. */
  closeMs: number;
  /** The message that runs answer. */
  message: string;
  /** A message after which the run sends no event for longer than `heartbeatMs`. */
  idleMessage: string | undefined;
  /** Trace ids seen so far. */
  traceIds: Set<string>;
  signal: AbortSignal;
};

/** Sends a request of the operation and checks the response against the contract. */
export async function sendAndCheck(kit: CheckContext, result: Result, path: string, options: CallOptions): Promise<HttpResponse> {
  return checkResponse(kit, result, path, await kit.call(result.operation.route.method, path, options));
}

/** The same for a body of `bytes` that is announced and not sent. */
export async function announceAndCheck(
  kit: CheckContext,
  result: Result,
  path: string,
  { token, headers }: CallOptions,
  bytes: number,
): Promise<HttpResponse> {
  const all = { 'content-type': 'application/json', ...headers, ...(token && { authorization: `Bearer ${token}` }) };
  return checkResponse(kit, result, path, await sendHeadersFirst(kit.url, result.operation.route.method, path, all, bytes));
}

function checkResponse(kit: CheckContext, result: Result, path: string, answer: HttpResponse): HttpResponse {
  const { route } = result.operation;
  if (!result.seen.includes(answer.status)) result.seen.push(answer.status);
  for (const { rule, what } of violationsOf(route, answer)) note(result, rule, path, answer, what);
  if (kit.checksHeaders) for (const { rule, what } of headerViolations(route, answer)) note(result, rule, path, answer, what);
  const traceId = answer.headers.get('x-trace-id');
  const replayed = answer.headers.has('idempotent-replayed');
  if (traceId !== null && kit.traceIds.has(traceId) && !replayed)
    note(result, 'response.trace-id', path, answer, 'X-Trace-Id was used before');
  if (traceId !== null) kit.traceIds.add(traceId);
  return answer;
}

/** Adds a finding about a request of the operation. */
export function note(
  { operation: { id, route }, violations }: Result,
  rule: Rule,
  path: string,
  answer: HttpResponse | string,
  what: string,
) {
  const text = typeof answer === 'string' ? answer : describeResponse(answer);
  violations.push({ operation: id, rule, request: `${route.method} ${path}`, answer: text, what });
}
