import { callOptionsOf, unknownPath } from '../../../client/conformance/sample.ts';
import { servicePermissions } from '../../../contract/shared/permissions.ts';
import type { Route } from '../../../contract/shared/route.ts';
import { type CallOptions, startTestApp } from '../app/testApp.ts';
import { createServiceKey } from '../resources/apiKeys.ts';
import { adminOf } from '../samples/context.ts';
import { pathOf, type Sample, sampleOf } from '../samples/samples.ts';
import { expectConforming } from './conformance.ts';
import type { Operation } from './operations.ts';
import { rawRequest, rawSend } from './raw.ts';

export { unknownPath };

/**
 * A test app with users for tests of all routes: an owner with an API key, a stranger, a member without permissions, a platform admin with a
 * service key that has all scopes, and a host in whose account the owner is an admin too.
 */
export async function startRouteSuite(env: Record<string, string> = {}) {
  // Without a worker, resources stay as created, so that unintended changes are detected.
  const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ...env }, { worker: false });
  const { call, signUp } = app;
  const [owner, stranger, powerless, platformAdmin, host] = await Promise.all([signUp(), signUp(), signUp(), adminOf(app), signUp()]);
  await app.joinAccount(powerless, owner, 'legacy_role');
  await app.joinAccount(owner, host, 'admin');
  const created = await call('POST', '/v1/api-keys', { token: owner.token, body: { name: 'walk' } });
  const key: { id: string; secret: string } = { id: created.body.id, secret: created.body.key };

  const service = await createServiceKey(app, platformAdmin, servicePermissions);

  /** The user who is authorized to call a route. */
  const makerOf = ({ metadata }: Route) => ({ app, by: metadata.auth === 'platform' ? platformAdmin : owner });

  const good = (operation: Operation) => sampleOf(makerOf(operation.route), operation);

  const made = new Map<string, Promise<Sample>>();
  /** One valid request per operation, made on first use, for requests that are rejected or only read. Other requests may change what it names. */
  const lasting = (operation: Operation): Promise<Sample> => {
    const sample = made.get(operation.id) ?? good(operation);
    made.set(operation.id, sample);
    return sample;
  };

  /** Calls a route and checks that the contract declares the response. */
  async function ask({ route }: Operation, options: CallOptions = {}, path = unknownPath(route), method: string = route.method) {
    // `fetch` does not allow the Host header to be set.
    const answer = options.headers?.host
      ? await rawSend(app.url, rawRequest(method, path, options.headers))
      : await call(method, path, options);
    expectConforming(route, answer);
    return answer;
  }

  const send = (operation: Operation, sample: Sample, more: CallOptions = {}) =>
    ask(operation, callOptionsOf(sample, more), pathOf(operation.route, sample.params, sample.query));

  return { app, owner, stranger, powerless, platformAdmin, host, key, service, makerOf, good, lasting, ask, send };
}
