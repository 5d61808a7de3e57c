import { type Call, type CallOptions, type HttpResponse, sendHeadersFirst } from './call.ts';
import { headerViolations, violationsOf } from './check.ts';
import { type Operation, operations } from './operations.ts';
import { describeResponse } from './people.ts';
import { type Probe, probesOf, probesWithoutSample } from './probes.ts';
import { callOptionsOf, pathOf, type Sample, unknownPath } from './sample.ts';
import { type SampleContext, UncheckedReason } from './samples/fixtures.ts';
import { queries } from './samples/requests.ts';
import { sampleOf } from './samples/sampleOf.ts';

type Violation = { operation: string; request: string; answer: string; what: string };

/** `unchecked` is the reason why the success was not checked. */
export type Result = { operation: Operation; seen: number[]; violations: Violation[]; unchecked?: string };

export type CheckContext = { url: string; call: Call; maker: SampleContext; key: string | undefined; checksHeaders: boolean };

/** Checks operations one after the other and yields each result when it is done. */
export async function* checkOperations(walk: CheckContext, areas: readonly string[] = []): AsyncGenerator<Result> {
  const chosen = operations.filter(({ id }) => areas.length === 0 || areas.includes(id.split('.')[0]!));
  for (const operation of chosen) yield await checkOperation(walk, operation);
}

async function checkOperation(walk: CheckContext, operation: Operation): Promise<Result> {
  const result: Result = { operation, seen: [], violations: [] };
  try {
    await runAllChecks(walk, result);
  } catch (error) {
    result.violations.push(failedCheck(operation, error));
  }
  return result;
}

async function runAllChecks(walk: CheckContext, result: Result) {
  const { operation } = result;
  try {
    const attempts = probesOf(operation, await sampleOf(walk.maker, operation), {
      key: walk.key,
      unprivileged: unprivilegedUserFor(walk, operation),
    });
    for (const attempt of attempts.filter(({ after }) => !after)) await runProbe(walk, result, attempt);
    await checkSuccess(walk, result, await sampleOf(walk.maker, operation));
    for (const attempt of attempts.filter(({ after }) => after)) await runProbe(walk, result, attempt);
  } catch (error) {
    if (!(error instanceof UncheckedReason)) throw error;
    result.unchecked = error.message;
    for (const attempt of probesWithoutSample(operation)) await runProbe(walk, result, attempt);
    await probeUnprivileged(walk, result);
  }
}

/** Reports a missing or unreadable response as a violation. */
function failedCheck({ id, title }: Operation, error: unknown): Violation {
  const { message, cause } = error as Error & { cause?: Error };
  return { operation: id, request: title, answer: cause?.message ?? message, what: 'could not be examined to the end' };
}

/** A user who is not a platform administrator lacks the permissions of platform operations. As account owner they have all others. */
const unprivilegedUserFor = ({ maker }: CheckContext, { route }: Operation): { token: string } | undefined =>
  route.metadata.auth === 'platform' && maker.admin !== maker.by ? { token: maker.by.token } : undefined;

async function probeUnprivileged(walk: CheckContext, result: Result) {
  const { id, route } = result.operation;
  const stranger = unprivilegedUserFor(walk, result.operation);
  if (stranger) {
    // The server validates the query before it checks permissions, so the query must be valid.
    const path = unknownPath(route, await queries[id]?.(walk.maker));
    await runProbe(walk, result, { status: 403, reason: 'missing_permission', path, options: { token: stranger.token } });
  }
  if (walk.key && route.metadata.auth !== 'public' && route.metadata.auth !== 'user+key')
    await runProbe(walk, result, { status: 403, reason: 'api_key_not_allowed', path: unknownPath(route), options: { token: walk.key } });
}

async function checkSuccess(walk: CheckContext, result: Result, sample: Sample) {
  const { route } = result.operation;
  const path = pathOf(route, sample.params, sample.query);
  const answer = await sendAndCheck(walk, result, path, callOptionsOf(sample));
  const wanted = Object.keys(route.responses).map(Number);
  if (!wanted.includes(answer.status)) note(result, path, answer, `a good request; expected ${wanted.join(' or ')}`);
  if (!wanted.includes(304) || answer.status !== 200) return;
  const known = { 'if-none-match': answer.headers.get('etag') ?? '' };
  const again = await sendAndCheck(walk, result, path, callOptionsOf(sample, { headers: known }));
  if (again.status !== 304) note(result, path, again, 'expected 304 for the ETag just given');
}

async function runProbe(walk: CheckContext, result: Result, { status, reason, issue, path, options, announces, after }: Probe) {
  if (after) {
    const first = await sendAndCheck(walk, result, after.path, after.options);
    // The key is stored only if the first request succeeds.
    if (first.status >= 300) return;
  }
  const answer =
    announces === undefined
      ? await sendAndCheck(walk, result, path, options)
      : await sendHeadersAndCheck(walk, result, path, options, announces);
  const told = answer.body?.details?.reason;
  if (answer.status !== status || (reason !== undefined && told !== reason))
    return note(result, path, answer, `expected ${[status, reason].filter(Boolean).join(' ')}`);
  const issues: { location: string; path: string }[] = answer.body?.details?.issues ?? [];
  // Header names are case-insensitive.
  const at = (location: string, where: string) => `${location} ${location === 'header' ? where.toLowerCase() : where}`;
  if (issue && !issues.some((each) => at(each.location, each.path) === at(issue[0], issue[1])))
    note(result, path, answer, `expected an issue at ${issue.join(' ')}`);
}

async function sendAndCheck(walk: CheckContext, result: Result, path: string, options: CallOptions): Promise<HttpResponse> {
  return check(walk, result, path, await walk.call(result.operation.route.method, path, options));
}

async function sendHeadersAndCheck(walk: CheckContext, result: Result, path: string, { token, headers }: CallOptions, bytes: number) {
  const all = { 'content-type': 'application/json', ...headers, ...(token && { authorization: `Bearer ${token}` }) };
  return check(walk, result, path, await sendHeadersFirst(walk.url, result.operation.route.method, path, all, bytes));
}

function check({ checksHeaders }: CheckContext, result: Result, path: string, answer: HttpResponse): HttpResponse {
  const { route } = result.operation;
  if (!result.seen.includes(answer.status)) result.seen.push(answer.status);
  const wrong = [...violationsOf(route, answer), ...(checksHeaders ? headerViolations(route, answer) : [])];
  for (const what of wrong) note(result, path, answer, what);
  return answer;
}

function note({ operation: { id, route }, violations }: Result, path: string, answer: HttpResponse, what: string) {
  violations.push({ operation: id, request: `${route.method} ${path}`, answer: describeResponse(answer), what });
}
