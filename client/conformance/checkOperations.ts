import { eventStreamOf } from '../../contract/shared/route.ts';
import type { HttpResponse } from './call.ts';
import { checkIdempotency } from './checks/idempotency.ts';
import { checkList } from './checks/lists.ts';
import { checkMethods } from './checks/methods.ts';
import { type Before, checkIsolation, checkReadBack, readBefore } from './checks/resources.ts';
import { announceAndCheck, type CheckContext, note, type Result, sendAndCheck } from './exchange.ts';
import type { Operation } from './operations.ts';
import { describeResponse } from './people.ts';
import { type Probe, probesOf, probesWithoutSample } from './probes.ts';
import { ruleOfStatus } from './rules.ts';
import { callOptionsOf, pathOf, type Sample, unknownPath } from './sample.ts';
import { UncheckedReason } from './samples/fixtures.ts';
import { queries } from './samples/requests.ts';
import { sampleOf } from './samples/sampleOf.ts';
import { checkStream } from './stream/checkStream.ts';

/** Checks one operation and adds what it finds to the result. */
export type Check = (kit: CheckContext, result: Result) => Promise<void>;

/** Checks operations one after the other and yields each result when it is done. Ends early when the run is interrupted. */
export async function* checkOperations(
  kit: CheckContext,
  chosen: readonly Operation[],
  check: Check = checkContract,
): AsyncGenerator<Result> {
  for (const operation of chosen) {
    if (kit.signal.aborted) return;
    const result = await checkOperation(kit, operation, check);
    if (kit.signal.aborted) return;
    yield result;
  }
}

async function checkOperation(kit: CheckContext, operation: Operation, check: Check): Promise<Result> {
  const result: Result = { operation, seen: [], violations: [], notes: [], ms: 0 };
  const started = performance.now();
  try {
    await check(kit, result);
  } catch (error) {
    // A missing or unreadable response is a finding.
    const { message, cause } = error as Error & { cause?: Error };
    note(result, 'request.answered', operation.route.path, cause?.message || message, 'could not be examined to the end');
  }
  result.ms = performance.now() - started;
  return result;
}

/** Everything that the contract declares. */
async function checkContract(kit: CheckContext, result: Result) {
  const { operation } = result;
  await checkMethods(kit, result);
  try {
    const sample = await sampleOf(kit.maker, operation);
    const others = { key: kit.key, unprivileged: unprivilegedUserFor(kit, operation) };
    const probes = probesOf(operation, sample, others);
    for (const probe of probes.filter(({ after }) => !after)) await runProbe(kit, result, probe);
    await checkIsolation(kit, result, sample);
    const before = await readBefore(kit, result, sample);
    const answer = await checkSuccess(kit, result, sample);
    if (answer.status < 300) await checkEffects(kit, result, sample, { ...before, answer });
    // The request with a key changes what it names, so it needs a sample of its own.
    if (probes.some(({ after }) => after)) await checkKeys(kit, result, await sampleOf(kit.maker, operation));
  } catch (error) {
    if (!(error instanceof UncheckedReason)) throw error;
    result.unchecked = error.message;
    for (const probe of probesWithoutSample(operation)) await runProbe(kit, result, probe);
    await probeUnprivileged(kit, result);
  }
}

async function checkEffects(kit: CheckContext, result: Result, sample: Sample, before: Before) {
  await checkReadBack(kit, result, sample, before);
  await checkList(kit, result, sample);
  if (eventStreamOf(result.operation.route)) await checkStream(kit, result);
}

async function checkKeys(kit: CheckContext, result: Result, sample: Sample) {
  const probes = probesOf(result.operation, sample).filter(({ after }) => after);
  for (const probe of probes) {
    const first = await sendAndCheck(kit, result, probe.after!.path, probe.after!.options);
    // The key is stored only if the first request succeeds.
    if (first.status >= 300) continue;
    await runProbe(kit, result, probe);
    await checkIdempotency(kit, result, probe.after!, first);
  }
}

/** A user who is not a platform administrator lacks the permissions of platform operations. As account owner they have all others. */
const unprivilegedUserFor = ({ maker }: CheckContext, { route }: Operation): { token: string } | undefined =>
  route.metadata.auth === 'platform' && maker.admin !== maker.by ? { token: maker.by.token } : undefined;

async function probeUnprivileged(kit: CheckContext, result: Result) {
  const { id, route } = result.operation;
  const stranger = unprivilegedUserFor(kit, result.operation);
  if (stranger) {
    // The server validates the query before it checks permissions, so the query must be valid.
    const path = unknownPath(route, await queries[id]?.(kit.maker));
    await runProbe(kit, result, { status: 403, reason: 'missing_permission', path, options: { token: stranger.token } });
  }
  if (kit.key && route.metadata.auth !== 'public' && route.metadata.auth !== 'user+key')
    await runProbe(kit, result, { status: 403, reason: 'api_key_not_allowed', path: unknownPath(route), options: { token: kit.key } });
}

async function checkSuccess(kit: CheckContext, result: Result, sample: Sample): Promise<HttpResponse> {
  const { route } = result.operation;
  const path = pathOf(route, sample.params, sample.query);
  const answer = await sendAndCheck(kit, result, path, callOptionsOf(sample));
  const wanted = Object.keys(route.responses).map(Number);
  if (answer.status === 429) throw new UncheckedReason(describeResponse(answer));
  if (!wanted.includes(answer.status)) note(result, 'request.valid', path, answer, `a valid request; expected ${wanted.join(' or ')}`);
  if (!wanted.includes(304) || answer.status !== 200) return answer;
  const known = { 'if-none-match': answer.headers.get('etag') ?? '' };
  const again = await sendAndCheck(kit, result, path, callOptionsOf(sample, { headers: known }));
  if (again.status !== 304) note(result, 'file.not-modified', path, again, 'expected 304 for the ETag just given');
  return answer;
}

async function runProbe(kit: CheckContext, result: Result, { status, reason, issue, path, options, announces }: Probe) {
  const answer =
    announces === undefined
      ? await sendAndCheck(kit, result, path, options)
      : await announceAndCheck(kit, result, path, options, announces);
  const rule = ruleOfStatus(status);
  const told = answer.body?.details?.reason;
  if (answer.status !== status || (reason !== undefined && told !== reason))
    return note(result, rule, path, answer, `expected ${[status, reason].filter(Boolean).join(' ')}`);
  const issues: { location: string; path: string }[] = answer.body?.details?.issues ?? [];
  // Header names are case-insensitive.
  const at = (location: string, where: string) => `${location} ${location === 'header' ? where.toLowerCase() : where}`;
  if (issue && !issues.some((each) => at(each.location, each.path) === at(issue[0], issue[1])))
    note(result, rule, path, answer, `expected an issue at ${issue.join(' ')}`);
}
