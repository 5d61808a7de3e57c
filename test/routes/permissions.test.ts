import { expect, test } from 'vitest';
import { unknownPath } from '../../client/conformance/sample.ts';
import { keyPermissions, type Permission, permissionMatrix, permissions, servicePermissions } from '../../contract/shared/permissions.ts';
import { isScoped, requiredPermissionsOf, serviceScopesOf } from '../../contract/shared/policy.ts';
import type { Route } from '../../contract/shared/route.ts';
import { type Answer, type Person, sharedTestApp, type TestApp } from '../support/app/testApp.ts';
import { namesAccount, type Operation, operationRows, operations } from '../support/http/operations.ts';
import { createServiceKey } from '../support/resources/apiKeys.ts';
import { writeFiles } from '../support/resources/files.ts';
import { adminOf } from '../support/samples/context.ts';
import { failingResponses, pathOf, type Sample, sampleOf } from '../support/samples/samples.ts';

// No worker, so that runs keep their state between calls.
const app = await sharedTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' });
const { call, sql, signUp, joinAccount } = app;

/** A user with a session in the account of `host`. */
async function joined(host: Person, role: string): Promise<Person> {
  const person = await signUp();
  await joinAccount(person, host, role);
  const headers = { cookie: person.cookie, 'x-account-id': host.accountId };
  const { body } = await call('POST', '/v1/auth/refresh', { headers });
  return { ...person, token: body.access_token, accountId: host.accountId };
}

const [host, chief] = [await signUp(), await adminOf(app)];
const people = {
  platform_admin: chief,
  admin: host,
  member: await joined(host, 'member'),
  legacy_role: await joined(host, 'legacy_role'),
} as const;
type Column = keyof typeof people;
const columns = Object.keys(people) as Column[];

const holds = (column: Column, permission: Permission) => (permissionMatrix[permission] as readonly string[]).includes(column);
const scopesOf = ({ metadata }: Route) => (isScoped(metadata) ? (['account', 'platform'] as const) : (['account'] as const));
type Scope = ReturnType<typeof scopesOf>[number];

/** Creates providers and personas with scope `platform`. */
const platformWorld: TestApp = {
  ...app,
  call: (method, path, { body, ...options } = {}) =>
    ['/v1/llm-providers', '/v1/personas'].includes(path)
      ? call(method, path, { ...options, body: { ...(body as object), scope: 'platform' } })
      : call(method, `${path}?scope=platform`, { ...options, body }),
};

type MakeSample = (by: Person, make: () => Promise<Sample>) => Promise<Sample>;

/** Makes one sample for each user who creates it. */
function makeOncePerMaker(): MakeSample {
  const made = new Map<Person, Promise<Sample>>();
  return (by, make) => {
    const sample = made.get(by) ?? make();
    made.set(by, sample);
    return sample;
  };
}

/** A valid request for a role, on resources of its own if it can create them, else on those of an account admin. */
async function requestFor(column: Column, operation: Operation, scope: Scope, make: MakeSample): Promise<Sample> {
  const { route } = operation;
  if (scope === 'platform') return inPlatform(operation, await make(chief, () => sampleOf({ app: platformWorld, by: chief }, operation)));
  // Samples of operations of the platform are created by the platform admin.
  const ownMaker = route.metadata.auth === 'platform' ? host : people[column];
  const sampleBy = (by: Person) => make(by, () => sampleOf({ app, by }, operation));
  // Users are admins of accounts that they create.
  const own = column === 'admin' || column === 'platform_admin' || (column === 'member' && !namesAccount(route));
  const sample = own ? await sampleBy(ownMaker).catch(() => undefined) : undefined;
  if (sample) return sample;
  const made = await sampleBy(host);
  await sql(`update projects set visibility = 'shared' where account_id = $1 and not is_default`, [host.accountId]);
  const { account_id: account, project_id: project } = made.params;
  if (account) await joinAccount(people[column], { ...host, accountId: account }, column);
  // Each user has files of their own.
  const path = made.query?.path ?? (made.body as { path?: string } | undefined)?.path;
  if (/^workspaces\.(archive|delete|file|rename)$/.test(operation.id))
    await writeFiles(app, people[column], project!, { [operation.id === 'workspaces.archive' ? `${path}/a.txt` : path!]: 'sample' });
  return made;
}

const inPlatform = ({ route }: Operation, sample: Sample): Sample =>
  route.query
    ? { ...sample, query: { ...sample.query, scope: 'platform' } }
    : { ...sample, body: { ...(sample.body as object), scope: 'platform' } };

const send = ({ route }: Operation, { params, query, body, headers, raw }: Sample, { token }: Person) =>
  call(route.method, pathOf(route, params, query), { token, headers, ...(raw && { raw }), ...(route.body && { body }) });

function expectAllowed({ id, route }: Operation, { status, text }: Answer) {
  const wanted = failingResponses[id] ? [failingResponses[id].status] : Object.keys(route.responses).map(Number);
  expect(wanted, text).toContain(status);
}

const permissionRoutes = operationRows(({ metadata }) => requiredPermissionsOf(metadata).length > 0);

/** The permission that the error names. If the scope is in the body and the role has neither scope, the error precedes reading the body. */
function missingPermission(column: Column, { metadata, query }: Route, scope: Scope): Permission | undefined {
  const lacks = (wanted: Scope) => requiredPermissionsOf(metadata, wanted).find((permission) => !holds(column, permission));
  const inBody = isScoped(metadata) && !query;
  return lacks(scope) && ((inBody && lacks('platform') && lacks('account')) || lacks(scope));
}

test.for(permissionRoutes)('%s is allowed exactly for the roles with its permissions', async ([, operation]) => {
  for (const scope of scopesOf(operation.route)) {
    // Requests that are rejected change nothing, so they share samples.
    const forRejected = makeOncePerMaker();
    for (const column of columns) {
      const lack = missingPermission(column, operation.route, scope);
      const make: MakeSample = lack === undefined ? (_, makeSample) => makeSample() : forRejected;
      const answer = await send(operation, await requestFor(column, operation, scope, make), people[column]);
      if (lack === undefined) expectAllowed(operation, answer);
      else
        expect([column, scope, answer.status, answer.body.details]).toEqual([
          column,
          scope,
          403,
          { reason: 'missing_permission', permission: lack },
        ]);
    }
  }
});

test('the profile lists the permissions of the role, sorted', async () => {
  for (const column of columns) {
    const { body } = await call('GET', '/v1/me', { token: people[column].token });
    expect([column, body.role, body.permissions]).toEqual([column, column, permissions.filter((permission) => holds(column, permission))]);
    expect(body.permissions).toEqual([...new Set(body.permissions)].sort());
  }
});

test('a role change takes effect for an existing token', async () => {
  const owner = await signUp();
  const body = { slug: `team-${owner.id.slice(-12)}`, name: 'Team' };
  const { id: accountId } = (await call('POST', '/v1/accounts', { token: owner.token, body })).body;
  const person = await joined({ ...owner, accountId }, 'member');
  const seen: unknown[] = [];
  for (const role of ['member', 'admin', 'member', 'admin']) {
    const turned = await call('PATCH', `/v1/accounts/${accountId}/members/${person.id}`, { token: owner.token, body: { role } });
    const made = await call('POST', '/v1/teams', { token: person.token, body: { name: role } });
    const { body: me } = await call('GET', '/v1/me', { token: person.token });
    seen.push([turned.status, made.status, me.role]);
  }
  expect(seen).toEqual([
    [200, 403, 'member'],
    [200, 201, 'admin'],
    [200, 403, 'member'],
    [200, 201, 'admin'],
  ]);
});

test('API keys can have every permission of the operations that accept keys', () => {
  const asked = operations
    .filter(({ route }) => route.metadata.auth === 'user+key')
    .flatMap(({ route }) => requiredPermissionsOf(route.metadata));
  expect([...new Set(asked)].filter((permission) => !(keyPermissions as readonly string[]).includes(permission))).toEqual([]);
});

const everyScope = await createServiceKey(app, chief, servicePermissions);

test.for(operationRows(({ metadata }) => metadata.auth !== 'public'))(
  '%s is open exactly to service keys with one of its scopes',
  async ([, operation]) => {
    const { route } = operation;
    const scopes = serviceScopesOf(route.metadata);
    const by = route.metadata.auth === 'platform' ? chief : host;
    const sendBy = async (secret: string) => send(operation, await sampleOf({ app, by }, operation), { ...chief, token: secret });
    if (scopes.length === 0) {
      // Before any lookup, so that the request needs no sample.
      const answer = await call(route.method, unknownPath(route), { token: everyScope.secret, ...(route.body && { raw: '{' }) });
      expect([answer.status, answer.body.details?.reason ?? answer.body.error.code]).toEqual([403, 'service_key_not_allowed']);
      return;
    }
    for (const scope of scopes) expectAllowed(operation, await sendBy((await createServiceKey(app, chief, [scope])).secret));
    const others = servicePermissions.filter((scope) => !scopes.includes(scope));
    const answer = await sendBy((await createServiceKey(app, chief, others)).secret);
    expect([answer.status, answer.body.details]).toEqual([403, { reason: 'missing_permission', permission: scopes[0] }]);
  },
);

test('exactly these operations are open to service keys, and every scope opens one', () => {
  const open = operations.filter(({ route }) => serviceScopesOf(route.metadata).length > 0);
  expect(new Set(open.flatMap(({ route }) => serviceScopesOf(route.metadata)))).toEqual(new Set(servicePermissions));
  // The service of a route decides by account or scope of the request only for persons.
  expect(open.filter(({ route: { metadata } }) => isScoped(metadata) || ['owner', 'self'].includes(metadata.exempt ?? ''))).toEqual([]);
  expect(open.map(({ id }) => id).sort()).toEqual([
    'adminAccounts.get',
    'adminAccounts.list',
    'adminAccounts.update',
    'adminErasures.account',
    'adminErasures.cancel',
    'adminErasures.get',
    'adminErasures.list',
    'adminErasures.user',
    'credits.adjust',
    'credits.ofAccount',
    'entitlementOverrides.delete',
    'entitlementOverrides.list',
    'entitlementOverrides.set',
    'featureFlags.create',
    'featureFlags.delete',
    'featureFlags.deleteOverride',
    'featureFlags.get',
    'featureFlags.list',
    'featureFlags.listOverrides',
    'featureFlags.setOverride',
    'featureFlags.update',
    'plans.create',
    'plans.delete',
    'plans.get',
    'plans.list',
    'plans.update',
    'redemptionCodes.createBatch',
    'redemptionCodes.list',
    'redemptionCodes.update',
    'subscriptions.cancel',
    'subscriptions.create',
    'subscriptions.get',
    'subscriptions.list',
    'subscriptions.update',
    'usage.byModel',
    'usage.daily',
    'usage.export',
    'usage.exportOfAccount',
    'usage.hourly',
    'usage.ofAccount',
    'usage.ofAccountByModel',
    'usage.ofAccountDaily',
    'usage.ofAccountHourly',
    'usage.ofChatCompletions',
    'usage.summary',
  ]);
});
