import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { QueryTarget } from '../../../contract/shared/policy.ts';
import type { Person } from '../../support/app/testApp.ts';
import { type Operation, operations } from '../../support/http/operations.ts';
import { startRouteSuite } from '../../support/http/routeSuite.ts';
import { pathOf } from '../../support/samples/samples.ts';

const { app, owner, stranger, platformAdmin, makerOf, good, ask } = await startRouteSuite();
const { call } = app;

/** Two members of the owner's account: `member` sends requests, `recluse` has private resources. */
const [member, recluse] = await Promise.all([app.signUp(), app.signUp()]);
for (const each of [member, recluse]) await app.joinAccount(each, owner);

const inAccount = ({ accountId }: Person) => ({ 'x-account-id': accountId });

async function create(by: Person, account: Person, path: string, body: object) {
  const { status, text, body: made } = await call('POST', path, { token: by.token, headers: inAccount(account), body });
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${text}`);
  return made;
}

async function defaultProjectOf(by: Person, account: Person): Promise<string> {
  const { body } = await call('GET', '/v1/projects', { token: by.token, headers: inAccount(account) });
  return body.find((project: { owner_user_id: string }) => project.owner_user_id === by.id).id;
}

/** Creates one resource of each type that a query can refer to. Threads and projects are private. */
async function thingsOf(by: Person, account: Person): Promise<Record<Exclude<QueryTarget, 'rows'>, string>> {
  const thread = await create(by, account, '/v1/threads', { title: 'Private', is_private: true });
  await create(by, account, `/v1/threads/${thread.id}/messages`, { content: 'Hello' });
  return {
    account: account.accountId,
    user: by.id,
    project: await defaultProjectOf(by, account),
    run: (await create(by, account, `/v1/threads/${thread.id}/runs`, {})).run_id,
    thread: thread.id,
    share: (await create(by, account, `/v1/threads/${thread.id}:share`, { access_type: 'public' })).id,
  };
}

const own = await thingsOf(owner, owner);
const foreign = await thingsOf(stranger, stranger);
const hidden = await thingsOf(recluse, owner);

const filters = operations.flatMap((operation) =>
  Object.entries(operation.route.metadata.queryIds ?? {}).map(([param, target]): [string, Operation, string, QueryTarget] => [
    `${operation.title} ?${param}`,
    operation,
    param,
    target,
  ]),
);

const accepts = (schema: z.core.$ZodType, value: string) => z.safeParse(schema, value).success;

/** Query parameters that take ids: named `id` or `*_id`, or accepting UUIDs but not arbitrary text. */
const idParamsOf = ({ route }: Operation) =>
  Object.entries(route.query?._zod.def.shape ?? {})
    .filter(([name, schema]) => accepts(schema, randomUUID()) && (/(^|_)id$/.test(name) || !accepts(schema, 'no-UUID-and-no-short-text')))
    .map(([name]) => name);

test.for(operations.filter(({ route }) => route.query).map((operation): [string, Operation] => [operation.title, operation]))(
  '%s declares the resource types of its query ids',
  ([, operation]) => expect(Object.keys(operation.route.metadata.queryIds ?? {}).sort()).toEqual(idParamsOf(operation).sort()),
);

/** Sends the request of `by` with `value` as the query parameter. */
async function answered(operation: Operation, by: Person, param: string, value: string) {
  const { params, query } = await good(operation);
  const headers = operation.route.metadata.auth === 'platform' ? {} : inAccount(owner);
  const answer = await ask(operation, { token: by.token, headers }, pathOf(operation.route, params, { ...query, [param]: value }));
  return { status: answer.status, body: { ...answer.body, trace_id: '' } };
}

test.for(filters)('%s treats an id that is not visible to the caller like a missing one', async ([, operation, param, target]) => {
  const isPlatform = operation.route.metadata.auth === 'platform';
  for (const by of isPlatform ? [platformAdmin] : [owner, member]) {
    const absent = await answered(operation, by, param, randomUUID());
    if (target === 'rows') {
      expect(absent.status).toBe(200);
      if (isPlatform) continue;
      const others = Object.values({ ...foreign, hiddenRun: hidden.run, hiddenThread: hidden.thread });
      for (const id of others) expect(await answered(operation, by, param, id)).toEqual(absent);
      continue;
    }
    // Without the permission of the filter the request is rejected for every id.
    expect(absent.status).toBeOneOf([403, 404]);
    if (isPlatform) expect(absent.status).toBe(404);
    if (isPlatform) continue;
    expect(await answered(operation, by, param, foreign[target])).toEqual(absent);
    // An account admin sees all its projects, and members see all its users.
    if (target === 'account' || target === 'user' || (target === 'project' && by === owner)) continue;
    expect(await answered(operation, by, param, hidden[target])).toEqual(absent);
  }
});

test.for(filters.filter(([, { route }]) => route.method === 'GET'))(
  '%s accepts an id that is visible to the caller',
  async ([, operation, param, target]) => {
    const by = makerOf(operation.route).by;
    const value = target === 'rows' ? randomUUID() : own[target];
    const { status } = await answered(operation, by, param, value);
    expect(status === 403 ? (await answeredToAdmin(operation, param, value)).status : status).toBe(200);
  },
);

/** Sends the request as a platform admin, in the admin's own account. */
async function answeredToAdmin({ route }: Operation, param: string, value: string) {
  return call('GET', pathOf(route, {}, { [param]: value }), { token: platformAdmin.token });
}
