import { callOptionsOf, nowhere } from '../../client/conformance/sample.ts';
import type { Route } from '../../contract/shared/route.ts';
import { expectConforming } from './conformance.ts';
import type { Operation } from './operations.ts';
import { rawRequest, rawSend } from './raw.ts';
import { pathOf, type Sample, sampleOf } from './samples.ts';
import { type Answer, type CallOptions, startWorld } from './world.ts';

export { nowhere };

/** The status of an answer and why it was refused. */
export const reasonOf = ({ status, body }: Answer) => [status, body?.details?.reason];

/** The status of an answer and where the request was wrong. */
export const issuesOf = ({ status, body }: Answer) => [
  status,
  (body?.details?.issues ?? []).map(({ location, path }: { location: string; path: string }) => [location, path]),
];

/** An installation with people to walk all routes: an owner with a key, a stranger, somebody without permissions, a platform admin, and a host in whose account the owner is an admin too. */
export async function startWalk(env: Record<string, string> = {}) {
  // No worker: what is made here stays as it is, so that a change that nobody asked for shows.
  const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ...env }, { worker: false });
  const { call, signUp } = world;
  const [owner, stranger, powerless, platformAdmin, host] = await Promise.all([signUp(), signUp(), signUp(), signUp(), signUp()]);
  await world.join(powerless, owner, 'legacy_role');
  await world.join(owner, host, 'admin');
  await world.promote(platformAdmin);
  const made = await call('POST', '/v1/api-keys', { token: owner.token, body: { name: 'walk' } });
  const key: { id: string; secret: string } = { id: made.body.id, secret: made.body.key };

  /** Who makes good requests of a route. */
  const makerOf = ({ metadata }: Route) => ({ world, by: metadata.auth === 'platform' ? platformAdmin : owner });

  /** A good request. */
  const good = (operation: Operation) => sampleOf(makerOf(operation.route), operation);

  /** Calls a route; whatever the answer is, it must be one that the contract promises. */
  async function ask({ route }: Operation, options: CallOptions = {}, path = nowhere(route), method: string = route.method) {
    // `fetch` writes the Host header itself.
    const answer = options.headers?.host
      ? await rawSend(world.url, rawRequest(method, path, options.headers))
      : await call(method, path, options);
    expectConforming(route, answer);
    return answer;
  }

  /** Sends a good request, or one with a few changes. */
  const send = (operation: Operation, sample: Sample, more: CallOptions = {}) =>
    ask(operation, callOptionsOf(sample, more), pathOf(operation.route, sample.params, sample.query));

  return { world, owner, stranger, powerless, platformAdmin, host, key, makerOf, good, ask, send };
}
