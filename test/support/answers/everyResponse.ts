import { type CallOptions, sendHeadersFirst } from '../../../client/conformance/call.ts';
import { probesOf } from '../../../client/conformance/probes.ts';
import { errorStatusesOf } from '../../../contract/shared/policy.ts';
import type { Answer } from '../app/testApp.ts';
import { expectConforming } from '../http/conformance.ts';
import { namesAccount, type Operation } from '../http/operations.ts';
import type { startRouteSuite } from '../http/routeSuite.ts';
import { contextOf } from '../samples/context.ts';
import { failingResponses, type Sample, sampleOf } from '../samples/samples.ts';
import { errorScenarios } from './errorScenarios.ts';
import { ownErrors } from './ownErrors.ts';

type RouteSuite = Awaited<ReturnType<typeof startRouteSuite>>;

/** A sent request, the expected response and the actual one. */
export type Exchange = {
  expected: { status: number; reason?: string | undefined };
  sample: Sample;
  answer: Answer;
};

/** Sends a request for every documented response of an operation, each with its own resources. Sorted by status. */
export async function everyResponse(walk: RouteSuite, operation: Operation): Promise<Exchange[]> {
  const { route, id } = operation;
  const maker = await contextOf(walk.makerOf(route));
  const good = async () => {
    await walk.app.sql('delete from attempt_counts');
    return sampleOf(maker, operation);
  };
  const exchanges: Exchange[] = [];
  for (const [wanted, prepare] of Object.entries({ ...ownErrors[id], ...errorScenarios[id] })) {
    const sample = await good();
    const { times = 1, ...change } = await prepare({ ...maker, sample, sampleOf: (by) => sampleOf({ ...maker, by }, operation) });
    exchanges.push(await repeat(walk, operation, wantedOf(wanted), { ...sample, ...change }, times));
  }
  if (!failingResponses[id]) exchanges.push(...(await successes(walk, operation, await good())));
  exchanges.push(...(await requestErrors(walk, operation, await good())));
  if (errorStatusesOf(route).includes(403) && !exchanges.some(({ expected }) => expected.status === 403))
    exchanges.push(await suspendedAccount(walk, operation, await good()));
  return exchanges.sort(byStatus);
}

const byStatus = (a: Exchange, b: Exchange) => a.expected.status - b.expected.status;

const wantedOf = (text: string): Exchange['expected'] => {
  const [status, reason] = text.split(' ');
  return { status: Number(status), ...(reason && { reason }) };
};

async function repeat(
  walk: RouteSuite,
  operation: Operation,
  expected: Exchange['expected'],
  sample: Sample,
  times: number,
): Promise<Exchange> {
  let answer = await walk.send(operation, sample);
  for (let sent = 1; sent < times && answer.status !== expected.status; sent++) answer = await walk.send(operation, sample);
  return { expected, sample, answer };
}

/** The response to a valid request and, if the route declares 304, the response to a conditional request. */
async function successes(walk: RouteSuite, operation: Operation, sample: Sample): Promise<Exchange[]> {
  const statuses = Object.keys(operation.route.responses).map(Number);
  const answer = await walk.send(operation, sample);
  const exchanges = [{ expected: { status: statuses.includes(answer.status) ? answer.status : statuses[0]! }, sample, answer }];
  if (!statuses.includes(304)) return exchanges;
  const known = { ...sample, headers: { ...sample.headers, 'if-none-match': answer.headers.get('etag') ?? '' } };
  return [...exchanges, { expected: { status: 304 }, sample: known, answer: await walk.send(operation, known) }];
}

async function requestErrors(walk: RouteSuite, operation: Operation, sample: Sample): Promise<Exchange[]> {
  const accountId = namesAccount(operation.route) ? sample.params.account_id! : walk.owner.accountId;
  if (namesAccount(operation.route)) await walk.app.joinAccount(walk.powerless, { ...walk.owner, accountId }, 'legacy_role');
  const unprivileged = { token: walk.powerless.token, accountId };
  const exchanges: Exchange[] = [];
  for (const { status, reason, path, options, announces, after } of probesOf(operation, sample, { key: walk.key.secret, unprivileged })) {
    // An operation that never succeeds does not store an idempotency key.
    if (after && failingResponses[operation.id]) continue;
    if (after) await walk.ask(operation, after.options, after.path);
    const answer =
      announces === undefined ? await walk.ask(operation, options, path) : await announced(walk, operation, path, options, announces);
    exchanges.push({ expected: { status, reason }, sample, answer });
  }
  return exchanges;
}

/** The response to a user whose account is suspended. The request is repeated up to 20 times, until the process has seen the change. */
async function suspendedAccount(walk: RouteSuite, operation: Operation, sample: Sample): Promise<Exchange> {
  const { id, accountId, token } = await walk.app.signUp();
  await walk.app.sql(`update accounts set status = 'suspended' where id = $1`, [accountId]);
  await walk.app.sql(`select pg_notify('arkloop_access', $1)`, [id]);
  const wanted = { status: 403, reason: 'account_suspended' };
  return repeat(walk, operation, wanted, { ...sample, token }, 20);
}

async function announced({ app }: RouteSuite, { route }: Operation, path: string, { token, headers }: CallOptions, bytes: number) {
  const all = { 'content-type': 'application/json', ...headers, ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await sendHeadersFirst(app.url, route.method, path, all, bytes);
  expectConforming(route, answer);
  return answer;
}
