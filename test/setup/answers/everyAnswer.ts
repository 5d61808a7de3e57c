import { attemptsOf } from '../../../client/conformance/attempts.ts';
import { announce, type CallOptions } from '../../../client/conformance/call.ts';
import { refusalsOf } from '../../../contract/shared/policy.ts';
import { expectConforming } from '../conformance.ts';
import { namesAccount, type Operation } from '../operations.ts';
import { type Sample, sampleOf, unfulfilled } from '../samples.ts';
import type { startWalk } from '../walk.ts';
import type { Answer } from '../world.ts';
import { ownRefusals } from './refusals.ts';
import { specials } from './special.ts';

type Walk = Awaited<ReturnType<typeof startWalk>>;

/** A request as it was sent, what was to come, and what came. */
export type Exchange = {
  wanted: { status: number; reason?: string | undefined };
  sample: Sample;
  answer: Answer;
};

/** Sends a request for every answer that an operation documents, good ones first; each on things of its own. */
export async function everyAnswer(walk: Walk, operation: Operation): Promise<Exchange[]> {
  const { route, id } = operation;
  const maker = { ...walk.makerOf(route) };
  const good = async () => {
    await walk.world.sql('truncate attempt_counts');
    return sampleOf(maker, operation);
  };
  const exchanges: Exchange[] = [];
  for (const [wanted, prepare] of Object.entries({ ...ownRefusals[id], ...specials[id] })) {
    const sample = await good();
    const { times = 1, ...change } = await prepare({ ...maker, sample, sampleOf: (by) => sampleOf({ ...maker, by }, operation) });
    exchanges.push(await repeat(walk, operation, wantedOf(wanted), { ...sample, ...change }, times));
  }
  if (!unfulfilled[id]) exchanges.push(...(await successes(walk, operation, await good())));
  exchanges.push(...(await refusals(walk, operation, await good())));
  if (refusalsOf(route).includes(403) && !exchanges.some(({ wanted }) => wanted.status === 403))
    exchanges.push(await shut(walk, operation, await good()));
  return exchanges.sort(byStatus);
}

const byStatus = (a: Exchange, b: Exchange) => a.wanted.status - b.wanted.status;

const wantedOf = (text: string): Exchange['wanted'] => {
  const [status, reason] = text.split(' ');
  return { status: Number(status), ...(reason && { reason }) };
};

async function repeat(walk: Walk, operation: Operation, wanted: Exchange['wanted'], sample: Sample, times: number): Promise<Exchange> {
  let answer = await walk.send(operation, sample);
  for (let sent = 1; sent < times && answer.status !== wanted.status; sent++) answer = await walk.send(operation, sample);
  return { wanted, sample, answer };
}

/** What a good request gets, and, where it is a file, what somebody gets who has it. */
async function successes(walk: Walk, operation: Operation, sample: Sample): Promise<Exchange[]> {
  const statuses = Object.keys(operation.route.responses).map(Number);
  const answer = await walk.send(operation, sample);
  const exchanges = [{ wanted: { status: statuses.includes(answer.status) ? answer.status : statuses[0]! }, sample, answer }];
  if (!statuses.includes(304)) return exchanges;
  const known = { ...sample, headers: { ...sample.headers, 'if-none-match': answer.headers.get('etag') ?? '' } };
  return [...exchanges, { wanted: { status: 304 }, sample: known, answer: await walk.send(operation, known) }];
}

async function refusals(walk: Walk, operation: Operation, sample: Sample): Promise<Exchange[]> {
  const accountId = namesAccount(operation.route) ? sample.params.account_id! : walk.owner.accountId;
  if (namesAccount(operation.route)) await walk.world.join(walk.powerless, { ...walk.owner, accountId }, 'legacy_role');
  const powerless = { token: walk.powerless.token, accountId };
  const exchanges: Exchange[] = [];
  for (const { status, reason, path, options, announces, after } of attemptsOf(operation, sample, { key: walk.key.secret, powerless })) {
    // What never succeeds leaves a key free.
    if (after && unfulfilled[operation.id]) continue;
    if (after) await walk.ask(operation, after.options, after.path);
    const answer =
      announces === undefined ? await walk.ask(operation, options, path) : await announced(walk, operation, path, options, announces);
    exchanges.push({ wanted: { status, reason }, sample, answer });
  }
  return exchanges;
}

/** What somebody gets whose account is suspended. */
async function shut(walk: Walk, operation: Operation, sample: Sample): Promise<Exchange> {
  const { id, accountId, token } = await walk.world.signUp();
  await walk.world.sql(`update accounts set status = 'suspended' where id = $1`, [accountId]);
  await walk.world.sql(`select pg_notify('arkloop_access', $1)`, [id]);
  const wanted = { status: 403, reason: 'account_suspended' };
  return repeat(walk, operation, wanted, { ...sample, token }, 20);
}

async function announced({ world }: Walk, { route }: Operation, path: string, { token, headers }: CallOptions, bytes: number) {
  const all = { 'content-type': 'application/json', ...headers, ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await announce(world.url, route.method, path, all, bytes);
  expectConforming(route, answer);
  return answer;
}
