import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serviceScopesOf } from '../../../contract/shared/policy.ts';
import { eventStreamOf } from '../../../contract/shared/route.ts';
import { watchRows } from '../../support/checks/rowChanges.ts';
import {
  auditOf,
  firstRequiredPermission,
  idParams,
  isAccountIndependent,
  isProtected,
  namesAccount,
  operationRows,
  operations,
} from '../../support/http/operations.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { startRouteSuite, unknownPath } from '../../support/http/routeSuite.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { failingResponses, makeParams, pathOf, type Sample } from '../../support/samples/samples.ts';

const { app, owner, stranger, powerless, host, key, service, makerOf, good, lasting, ask, send } = await startRouteSuite();
const { sql, call } = app;

test('the OpenAPI document and the route suite have the same operations', () => {
  const { paths } = JSON.parse(readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8'));
  const documented = Object.entries<object>(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) => ('x-alias-of' in operation ? [] : `${method.toUpperCase()} ${path}`)),
  );
  expect(operations.map(({ title }) => title.replaceAll('...}', '}')).sort()).toEqual(documented.sort());
});

test.for(operationRows(() => true))('%s succeeds, but not with unknown query parameters unless it ignores them', async ([, operation]) => {
  const { route, id } = operation;
  const expected = failingResponses[id]
    ? Object.values(failingResponses[id])
    : [expect.toBeOneOf(Object.keys(route.responses).map(Number)), undefined];
  const read = route.method === 'GET' ? await good(operation) : undefined;
  const names = ['nobody_knows', 'constructor[prototype]', '__proto__', 'toString'];
  const sample = read ?? (await good(operation));
  const more = await send(operation, { ...sample, query: { ...sample.query, ...Object.fromEntries(names.map((name) => [name, '1'])) } });
  if (route.metadata.ignoresUnknownQuery) expect(statusAndReason(more)).toEqual(expected);
  else expect(issuesOf(more)).toEqual([400, names.map((name) => ['query', name])]);
  expect(statusAndReason(await send(operation, sample))).toEqual(expected);
  if (serviceScopesOf(route.metadata).length > 0)
    expect(statusAndReason(await send(operation, { ...(await good(operation)), token: service.secret }))).toEqual(expected);
  if (route.metadata.auth !== 'user+key') return;
  const another = read ?? (await good(operation));
  // An API key belongs to one account.
  if (namesAccount(route)) another.params.account_id = owner.accountId;
  expect(statusAndReason(await send(operation, { ...another, token: key.secret }))).toEqual(expected);
});

test.for(operationRows(isProtected))('%s requires a valid credential', async ([, operation]) => {
  const { route } = operation;
  expect(statusAndReason(await ask(operation))).toEqual([401, 'missing_token']);
  expect(statusAndReason(await ask(operation, { headers: { authorization: 'Basic Zm9v' } }))).toEqual([401, 'invalid_authorization']);
  for (const token of ['nonsense', `${owner.token}x`, `al_${'0'.repeat(32)}`, 'AL_', `als_${'0'.repeat(32)}`])
    expect(statusAndReason(await ask(operation, { token }))).toEqual([401, 'invalid_token']);
  const byKey = await ask(operation, { token: key.secret });
  if (route.metadata.auth !== 'user+key') expect(statusAndReason(byKey)).toEqual([403, 'api_key_not_allowed']);
  else expect(byKey.status).not.toBe(403);
  const byService = await ask(operation, { token: service.secret });
  if (serviceScopesOf(route.metadata).length === 0) expect(statusAndReason(byService)).toEqual([403, 'service_key_not_allowed']);
  else expect(byService.status).not.toBe(403);
});

test.for(operationRows((route) => isProtected(route) && firstRequiredPermission(route) !== undefined))(
  '%s rejects a role without permissions',
  async ([, operation]) => {
    const { route } = operation;
    const sample = await lasting(operation);
    const accountId = namesAccount(route) ? sample.params.account_id! : owner.accountId;
    const headers = { 'x-account-id': accountId };
    if (namesAccount(route)) await app.joinAccount(powerless, { ...owner, accountId }, 'legacy_role');
    // The body is invalid: permissions are checked before it.
    const answer = await ask(
      operation,
      { token: powerless.token, headers, ...(route.body && { raw: '{' }) },
      pathOf(route, sample.params, sample.query),
    );
    expect([answer.status, answer.body.details]).toEqual([
      403,
      { reason: 'missing_permission', permission: firstRequiredPermission(route) },
    ]);
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
        metadata: { result: 'denied', deny_reason: 'missing_permission', permission: firstRequiredPermission(route) },
      },
    ]);
  },
);

test.for(operationRows((route) => isProtected(route) && idParams(route).length > 0))(
  '%s returns the same 404 for missing resources and those of other users and accounts',
  async ([, operation]) => {
    const { route } = operation;
    const { by } = makerOf(route);
    const { params: mine, query } = await lasting(operation);
    const foreign = await makeParams({ app, by: stranger }, route);
    const changedTables = await watchRows(app);
    const options = { token: by.token, ...(route.body && { raw: '{' }) };
    const at = (params: Record<string, string>, headers = {}) => ask(operation, { ...options, headers }, pathOf(route, params, query));
    for (const param of idParams(route)) {
      const absent = await at({ ...mine, [param]: randomUUID() });
      expect(absent.status).toBe(404);
      const hidden = route.metadata.auth === 'platform' ? [] : [await at({ ...mine, [param]: foreign[param]! }), await at(foreign)];
      if (namesAccount(route) && param !== 'account_id') hidden.push(await at({ ...mine, account_id: host.accountId }));
      if (!namesAccount(route) && !isAccountIndependent(route)) hidden.push(await at(mine, { 'x-account-id': host.accountId }));
      for (const answer of hidden) {
        expect([answer.status, { ...answer.body, trace_id: '' }]).toEqual([404, { ...absent.body, trace_id: '' }]);
        expect([...answer.headers.keys()]).toEqual([...absent.headers.keys()]);
      }
      for (const bad of ['garbage', `${randomUUID()}0`, '%00', '%E0%A4%A', '..%2f..']) {
        const path = pathOf(route, { ...mine, [param]: 'HERE' }, query).replace('HERE', bad);
        expect(issuesOf(await ask(operation, options, path))).toEqual([400, [['path', param]]]);
      }
    }
    // A timer stores how often the keys of earlier tests were used.
    expect((await changedTables()).filter((table) => table !== 'api_key_usage')).toEqual([]);
  },
);

test.for(operationRows((route) => route.query !== undefined))(
  '%s rejects repeated query parameters, foreign cursors and invalid limits',
  async ([, operation]) => {
    const { route } = operation;
    const { params, query, token } = await lasting(operation);
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

test.for(operationRows(() => true))('%s returns 405 for other methods and answers HEAD like GET', async ([, operation]) => {
  const { route } = operation;
  const shape = (path: string) => path.replace(/\{\w+(\.\.\.)?\}/g, '{}');
  const here = operations.filter((other) => shape(other.route.path) === shape(route.path)).map((other) => other.route.method as string);
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((each) => !here.includes(each))) {
    const answer = await ask(operation, {}, unknownPath(route), method);
    expect([answer.status, answer.headers.get('allow')?.split(', ').sort()]).toEqual([
      405,
      [...here, ...(route.metadata.probe ? ['HEAD'] : [])].toSorted(),
    ]);
  }
  if (route.method !== 'GET') return here.includes('GET') ? undefined : expect((await call('HEAD', unknownPath(route))).status).toBe(405);
  const { params, query, token } = await lasting(operation);
  const head = await call('HEAD', pathOf(route, params, query), { token });
  const status = eventStreamOf(route) ? 405 : (failingResponses[operation.id]?.status ?? 200);
  expect([head.status, head.text, head.headers.get('x-trace-id')]).toEqual([status, '', expect.stringMatching(/^[0-9a-f]{32}$/)]);
});

describe('while all accounts are suspended', () => {
  const samples = new Map<string, Sample>();
  const turn = async (status: string) => {
    await sql('update accounts set status = $1', [status]);
    await sql(`select pg_notify('arkloop_access', id::text) from users`);
    const statusesOf = (tokens: (string | undefined)[]) =>
      Promise.all(tokens.map(async (token) => (await call('GET', '/v1/me', { token })).status));
    if (status === 'active') return eventually(async () => (await statusesOf([owner.token]))[0] === 200, 'access');
    // Access ends for one user after the other.
    const tokens = [...new Set([...samples.values()].map(({ token }) => token))];
    return eventually(async () => !(await statusesOf(tokens)).includes(200), 'the end of access for all callers');
  };
  beforeAll(async () => {
    for (const [, operation] of operationRows(isProtected))
      samples.set(operation.id, await (operation.route.metadata.account === 'optional' ? good(operation) : lasting(operation)));
    await turn('suspended');
  });
  afterAll(() => turn('active'));

  test.for(operationRows(isProtected))('%s returns 403 unless it concerns only the user', async ([, operation]) => {
    const answer = await send(operation, samples.get(operation.id)!);
    // Concerns the user, but the account of the invitation is suspended too.
    if (operation.id === 'invitations.accept') return expect(statusAndReason(answer)).toEqual([403, 'account_suspended']);
    if (operation.route.metadata.account === 'optional') expect(answer.status).toBeLessThan(300);
    else expect(statusAndReason(answer)).toEqual([403, 'account_suspended']);
  });
});

// Last, because these requests succeed and may change what the lasting samples name.
test.for(operationRows(isProtected))('%s uses the account in X-Account-Id if the caller is a member', async ([, operation]) => {
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
  // A service key belongs to no account.
  if (serviceScopesOf(route.metadata).length > 0)
    for (const headers of [elsewhere, { 'x-account-id': by.accountId }])
      expect((await ask(operation, { token: service.secret, headers }, path)).status).toBe(404);
  // A sample of another user does not name their account.
  if (sample.token !== by.token && !optional) return;
  const shouted = { ...sample.headers, 'x-account-id': by.accountId.toUpperCase() };
  const answer = await ask(operation, { ...sample, headers: shouted }, path);
  expect(failingResponses[operation.id] ? [failingResponses[operation.id]!.status] : Object.keys(route.responses).map(Number)).toContain(
    answer.status,
  );
});
