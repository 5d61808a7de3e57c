import { type Attempt, attemptsAtNothing, attemptsOf } from './attempts.ts';
import { type Answer, announce, type Call, type CallOptions } from './call.ts';
import { headerViolations, violationsOf } from './check.ts';
import { type Operation, operations } from './operations.ts';
import { toldBy } from './people.ts';
import { callOptionsOf, nowhere, pathOf, type Sample } from './sample.ts';
import { type Maker, Unchecked } from './samples/make.ts';
import { queries } from './samples/requests.ts';
import { sampleOf } from './samples/sampleOf.ts';

/** Something that a server did and the contract does not allow. */
export type Violation = { operation: string; request: string; answer: string; what: string };

/** What became of one operation. */
export type Result = { operation: Operation; seen: number[]; violations: Violation[]; unchecked?: string };

/** A server under examination. */
export type Walk = { url: string; call: Call; maker: Maker; key: string | undefined; checksHeaders: boolean };

/** Examines operations one after the other; tells of each as soon as it is done. */
export async function* walkOperations(walk: Walk, areas: readonly string[] = []): AsyncGenerator<Result> {
  const chosen = operations.filter(({ id }) => areas.length === 0 || areas.includes(id.split('.')[0]!));
  for (const operation of chosen) yield await examine(walk, operation);
}

async function examine(walk: Walk, operation: Operation): Promise<Result> {
  const result: Result = { operation, seen: [], violations: [] };
  try {
    await examineWhole(walk, result);
  } catch (error) {
    result.violations.push(lost(operation, error));
  }
  return result;
}

async function examineWhole(walk: Walk, result: Result) {
  const { operation } = result;
  try {
    const attempts = attemptsOf(operation, await sampleOf(walk.maker, operation), {
      key: walk.key,
      powerless: powerlessAt(walk, operation),
    });
    for (const attempt of attempts.filter(({ after }) => !after)) await tryOne(walk, result, attempt);
    await succeed(walk, result, await sampleOf(walk.maker, operation));
    for (const attempt of attempts.filter(({ after }) => after)) await tryOne(walk, result, attempt);
  } catch (error) {
    if (!(error instanceof Unchecked)) throw error;
    result.unchecked = error.message;
    for (const attempt of attemptsAtNothing(operation)) await tryOne(walk, result, attempt);
    await refuseStranger(walk, result);
  }
}

/** No answer, or one that nothing could be made of. */
function lost({ id, title }: Operation, error: unknown): Violation {
  const { message, cause } = error as Error & { cause?: Error };
  return { operation: id, request: title, answer: cause?.message ?? message, what: 'could not be examined to the end' };
}

/** Somebody who is no administrator lacks what operations of the platform ask for; what an account asks for its owner has. */
const powerlessAt = ({ maker }: Walk, { route }: Operation): { token: string } | undefined =>
  route.metadata.auth === 'platform' && maker.admin !== maker.by ? { token: maker.by.token } : undefined;

async function refuseStranger(walk: Walk, result: Result) {
  const { id, route } = result.operation;
  const stranger = powerlessAt(walk, result.operation);
  if (stranger) {
    // What is wrong with a query is told before what is lacking.
    const path = nowhere(route, await queries[id]?.(walk.maker, {}));
    await tryOne(walk, result, { status: 403, reason: 'missing_permission', path, options: { token: stranger.token } });
  }
  if (walk.key && route.metadata.auth !== 'public' && route.metadata.auth !== 'user+key')
    await tryOne(walk, result, { status: 403, reason: 'api_key_not_allowed', path: nowhere(route), options: { token: walk.key } });
}

async function succeed(walk: Walk, result: Result, sample: Sample) {
  const { route } = result.operation;
  const path = pathOf(route, sample.params, sample.query);
  const answer = await ask(walk, result, path, callOptionsOf(sample));
  const wanted = Object.keys(route.responses).map(Number);
  if (!wanted.includes(answer.status)) note(result, path, answer, `a good request; expected ${wanted.join(' or ')}`);
  if (!wanted.includes(304) || answer.status !== 200) return;
  const known = { 'if-none-match': answer.headers.get('etag') ?? '' };
  const again = await ask(walk, result, path, callOptionsOf(sample, { headers: known }));
  if (again.status !== 304) note(result, path, again, 'expected 304 for the ETag just given');
}

async function tryOne(walk: Walk, result: Result, { status, reason, issue, path, options, announces, after }: Attempt) {
  if (after) {
    const first = await ask(walk, result, after.path, after.options);
    // Without a first success there is nothing to clash with.
    if (first.status >= 300) return;
  }
  const answer = announces === undefined ? await ask(walk, result, path, options) : await announced(walk, result, path, options, announces);
  const told = answer.body?.details?.reason;
  if (answer.status !== status || (reason !== undefined && told !== reason))
    return note(result, path, answer, `expected ${[status, reason].filter(Boolean).join(' ')}`);
  const issues: { location: string; path: string }[] = answer.body?.details?.issues ?? [];
  // Names of headers are the same in upper and lower case.
  const at = (location: string, where: string) => `${location} ${location === 'header' ? where.toLowerCase() : where}`;
  if (issue && !issues.some((each) => at(each.location, each.path) === at(issue[0], issue[1])))
    note(result, path, answer, `expected an issue at ${issue.join(' ')}`);
}

async function ask(walk: Walk, result: Result, path: string, options: CallOptions): Promise<Answer> {
  return check(walk, result, path, await walk.call(result.operation.route.method, path, options));
}

async function announced(walk: Walk, result: Result, path: string, { token, headers }: CallOptions, bytes: number) {
  const all = { 'content-type': 'application/json', ...headers, ...(token && { authorization: `Bearer ${token}` }) };
  return check(walk, result, path, await announce(walk.url, result.operation.route.method, path, all, bytes));
}

function check({ checksHeaders }: Walk, result: Result, path: string, answer: Answer): Answer {
  const { route } = result.operation;
  if (!result.seen.includes(answer.status)) result.seen.push(answer.status);
  const wrong = [...violationsOf(route, answer), ...(checksHeaders ? headerViolations(route, answer) : [])];
  for (const what of wrong) note(result, path, answer, what);
  return answer;
}

function note({ operation: { id, route }, violations }: Result, path: string, answer: Answer, what: string) {
  violations.push({ operation: id, request: `${route.method} ${path}`, answer: toldBy(answer), what });
}
