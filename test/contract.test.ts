import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { streamOf } from '../contract/shared/route.ts';
import { auditOf, firstDemand, idParams, isOfUserAlone, isProtected, namesAccount, operations, titled } from './setup/operations.ts';
import { makeParams, pathOf, type Sample, unfulfilled } from './setup/samples.ts';
import { issuesOf, nowhere, reasonOf, startWalk } from './setup/walk.ts';

const { world, owner, stranger, powerless, host, key, makerOf, good, ask, send } = await startWalk();
const { sql, call } = world;

test('the documents and the walk know the same operations', () => {
  const { paths } = JSON.parse(readFileSync(new URL('../docs/openapi.json', import.meta.url), 'utf8'));
  const documented = Object.entries<object>(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(operations.map(({ title }) => title.replaceAll('...}', '}')).sort()).toEqual(documented.sort());
});

test.for(titled(() => true))('%s does what it promises, and ignores query parameters it does not know', async ([, operation]) => {
  const { route, id } = operation;
  const expected = unfulfilled[id]
    ? Object.values(unfulfilled[id])
    : [expect.toBeOneOf(Object.keys(route.responses).map(Number)), undefined];
  for (const more of [{}, { nobody_knows: '1' }, { 'constructor[prototype]': '1', __proto__x: '2' }]) {
    const sample = await good(operation);
    expect(reasonOf(await send(operation, { ...sample, query: { ...sample.query, ...more } }))).toEqual(expected);
  }
  if (route.metadata.auth !== 'user+key') return;
  const sample = await good(operation);
  // A key is of one account.
  if (namesAccount(route)) sample.params.account_id = owner.accountId;
  expect(reasonOf(await send(operation, { ...sample, token: key.secret }))).toEqual(expected);
});

test.for(titled(isProtected))('%s wants a credential that is good', async ([, operation]) => {
  const { route } = operation;
  expect(reasonOf(await ask(operation))).toEqual([401, 'missing_token']);
  expect(reasonOf(await ask(operation, { headers: { authorization: 'Basic Zm9v' } }))).toEqual([401, 'invalid_authorization']);
  for (const token of ['nonsense', `${owner.token}x`, `al_${'0'.repeat(32)}`, 'AL_'])
    expect(reasonOf(await ask(operation, { token }))).toEqual([401, 'invalid_token']);
  const byKey = await ask(operation, { token: key.secret });
  if (route.metadata.auth !== 'user+key') expect(reasonOf(byKey)).toEqual([403, 'api_key_not_allowed']);
  else expect(byKey.status).not.toBe(403);
});

test.for(titled((route) => isProtected(route) && firstDemand(route) !== undefined))(
  '%s is closed to a role without permissions',
  async ([, operation]) => {
    const { route } = operation;
    const sample = await good(operation);
    const accountId = namesAccount(route) ? sample.params.account_id! : owner.accountId;
    const headers = { 'x-account-id': accountId };
    if (namesAccount(route)) await world.join(powerless, { ...owner, accountId }, 'legacy_role');
    // A body that is wrong: nobody without permission learns the rules of bodies.
    const answer = await ask(
      operation,
      { token: powerless.token, headers, ...(route.body && { raw: '{' }) },
      pathOf(route, sample.params, sample.query),
    );
    expect([answer.status, answer.body.details]).toEqual([403, { reason: 'missing_permission', permission: firstDemand(route) }]);
    const audit = auditOf(route);
    const entries = await sql('select action, account_id, actor_user_id, metadata from audit_logs where trace_id = $1', [
      answer.body.trace_id,
    ]);
    if (!audit) return expect(entries).toEqual([]);
    expect(entries).toEqual([
      {
        action: audit[0],
        account_id: accountId,
        actor_user_id: powerless.id,
        metadata: { result: 'denied', deny_reason: 'missing_permission', permission: firstDemand(route) },
      },
    ]);
  },
);

/** Every row of every table: what a request must not change. */
const everything = async () =>
  (await sql(`select table_name, md5(query_to_xml(format('select * from %I t order by t::text', table_name), true, false, '')::text) from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`)) as object[];

test.for(titled((route) => isProtected(route) && idParams(route).length > 0))(
  '%s tells nothing of what is somebody else’s, or in another account',
  async ([, operation]) => {
    const { route } = operation;
    const { by } = makerOf(route);
    const { params: mine, query } = await good(operation);
    const foreign = await makeParams({ world, by: stranger }, route);
    const before = await everything();
    const options = { token: by.token, ...(route.body && { raw: '{' }) };
    const at = (params: Record<string, string>, headers = {}) => ask(operation, { ...options, headers }, pathOf(route, params, query));
    for (const param of idParams(route)) {
      const absent = await at({ ...mine, [param]: randomUUID() });
      expect(absent.status).toBe(404);
      const hidden = route.metadata.auth === 'platform' ? [] : [await at({ ...mine, [param]: foreign[param]! }), await at(foreign)];
      if (namesAccount(route) && param !== 'account_id') hidden.push(await at({ ...mine, account_id: host.accountId }));
      if (!namesAccount(route) && !isOfUserAlone(route)) hidden.push(await at(mine, { 'x-account-id': host.accountId }));
      for (const answer of hidden) {
        expect([answer.status, { ...answer.body, trace_id: '' }]).toEqual([404, { ...absent.body, trace_id: '' }]);
        expect([...answer.headers.keys()]).toEqual([...absent.headers.keys()]);
      }
      for (const bad of ['garbage', `${randomUUID()}0`, '%00', '%E0%A4%A', '..%2f..']) {
        const path = pathOf(route, { ...mine, [param]: 'HERE' }, query).replace('HERE', bad);
        expect(issuesOf(await ask(operation, options, path))).toEqual([400, [['path', param]]]);
      }
    }
    expect(await everything()).toEqual(before);
  },
);

test.for(titled(isProtected))('%s works in the account that is named, if that is one of the caller’s', async ([, operation]) => {
  const { route } = operation;
  const { by } = makerOf(route);
  const optional = route.metadata.account === 'optional';
  const elsewhere = { 'x-account-id': stranger.accountId };
  expect(issuesOf(await ask(operation, { token: by.token, headers: { 'x-account-id': 'mine' } }))).toEqual([
    400,
    expect.arrayContaining([['header', 'X-Account-Id']]),
  ]);
  if (namesAccount(route)) return expect((await ask(operation, { token: by.token, headers: elsewhere })).status).toBe(400);
  const sample = await good(operation);
  const path = pathOf(route, sample.params, sample.query);
  if (!optional) expect((await ask(operation, { token: by.token, headers: elsewhere }, path)).status).toBe(404);
  if (route.metadata.auth === 'user+key') expect((await ask(operation, { token: key.secret, headers: elsewhere }, path)).status).toBe(404);
  // A sample that acts as somebody else names no account of his.
  if (sample.token !== by.token && !optional) return;
  const shouted = { ...sample.headers, 'x-account-id': by.accountId.toUpperCase() };
  const answer = await ask(operation, { ...sample, headers: shouted }, path);
  expect(unfulfilled[operation.id] ? [unfulfilled[operation.id]!.status] : Object.keys(route.responses).map(Number)).toContain(
    answer.status,
  );
});

test.for(titled((route) => route.query !== undefined))(
  '%s takes each query parameter once, and only its own cursors',
  async ([, operation]) => {
    const { route } = operation;
    const { params, query, token } = await good(operation);
    for (const param of Object.keys(route.query!._zod.def.shape)) {
      const twice = `${pathOf(route, params, query)}${Object.keys(query).length > 0 ? '&' : '?'}${param}=1&${param}=1`;
      expect(issuesOf(await ask(operation, { token }, twice))).toEqual([400, expect.arrayContaining([['query', param]])]);
    }
    if (!route.metadata.pages) return;
    for (const before of ['garbage', '', 'AAAA', '%00', Buffer.alloc(200, 7).toString('base64url')])
      expect(issuesOf(await ask(operation, { token }, pathOf(route, params, { ...query, before })))).toEqual([400, [['query', 'before']]]);
    for (const limit of ['0', '201', 'abc', '', '1e2', '0x10', ' 5', '-1', '1.5', '99999999999999999999'])
      expect(issuesOf(await ask(operation, { token }, pathOf(route, params, { ...query, limit })))).toEqual([400, [['query', 'limit']]]);
  },
);

test.for(titled(() => true))('%s answers other methods with 405 and HEAD like GET', async ([, operation]) => {
  const { route } = operation;
  const shape = (path: string) => path.replace(/\{\w+(\.\.\.)?\}/g, '{}');
  const here = operations.filter((other) => shape(other.route.path) === shape(route.path)).map((other) => other.route.method as string);
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((each) => !here.includes(each))) {
    const answer = await ask(operation, {}, nowhere(route), method);
    expect([answer.status, answer.headers.get('allow')?.split(', ').sort()]).toEqual([
      405,
      [...here, ...(route.metadata.probe ? ['HEAD'] : [])].toSorted(),
    ]);
  }
  if (route.method !== 'GET') return here.includes('GET') ? undefined : expect((await call('HEAD', nowhere(route))).status).toBe(405);
  const { params, query, token } = await good(operation);
  const head = await call('HEAD', pathOf(route, params, query), { token });
  const status = streamOf(route) ? 405 : (unfulfilled[operation.id]?.status ?? 200);
  expect([head.status, head.text, head.headers.get('x-trace-id')]).toEqual([status, '', expect.stringMatching(/^[0-9a-f]{32}$/)]);
});

describe('while all accounts are suspended', () => {
  const samples = new Map<string, Sample>();
  const turn = async (status: string) => {
    await sql('update accounts set status = $1', [status]);
    await sql(`select pg_notify('arkloop_access', id::text) from users`);
    const wanted = status === 'active' ? 200 : 403;
    await vi.waitFor(async () => expect((await call('GET', '/v1/me', { token: owner.token })).status).toBe(wanted));
  };
  beforeAll(async () => {
    for (const operation of operations) samples.set(operation.id, await good(operation));
    await turn('suspended');
  });
  afterAll(() => turn('active'));

  test.for(titled(isProtected))('%s is shut, unless it is of the user alone', async ([, operation]) => {
    const answer = await send(operation, samples.get(operation.id)!);
    // Of the user alone, but about an account that is suspended too.
    if (operation.id === 'invitations.accept') return expect(reasonOf(answer)).toEqual([403, 'account_suspended']);
    if (operation.route.metadata.account === 'optional') expect(answer.status).toBeLessThan(300);
    else expect(reasonOf(answer)).toEqual([403, 'account_suspended']);
  });
});
