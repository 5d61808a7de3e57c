import { expect, test } from 'vitest';
import { keyPermissions, type Permission, permissionMatrix, permissions } from '../contract/shared/permissions.ts';
import { demandsOf, isScoped } from '../contract/shared/policy.ts';
import type { Route } from '../contract/shared/route.ts';
import { writeFiles } from './setup/files.ts';
import { namesAccount, type Operation, operations, titled } from './setup/operations.ts';
import { pathOf, type Sample, sampleOf, unfulfilled } from './setup/samples.ts';
import { type Answer, type Person, startWorld, type World } from './setup/world.ts';

// No worker: what is made for one call is still as it was at the next.
const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { call, sql, signUp, join, promote } = world;

/** A user whose session is in the account of somebody else. */
async function joined(host: Person, role: string): Promise<Person> {
  const person = await signUp();
  await join(person, host, role);
  const headers = { cookie: person.cookie, 'x-account-id': host.accountId };
  const { body } = await call('POST', '/v1/auth/refresh', { headers });
  return { ...person, token: body.access_token, accountId: host.accountId };
}

const [host, chief] = [await signUp(), await signUp()];
await promote(chief);
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

/** An installation in which providers are made for the platform. */
const platformWorld: World = {
  ...world,
  call: (method, path, { body, ...options } = {}) =>
    call(method, `${path}?scope=platform`, {
      ...options,
      body: ['/v1/llm-providers', '/v1/personas'].includes(path) ? { ...(body as object), scope: 'platform' } : body,
    }),
};

/** A good request for somebody: of things that are his where he can make them, else of those of an admin of the account. */
async function requestFor(column: Column, operation: Operation, scope: Scope): Promise<Sample> {
  const { route } = operation;
  if (scope === 'platform') return inPlatform(operation, await sampleOf({ world: platformWorld, by: chief }, operation));
  const ownMaker = { world, by: people[column] };
  // In an account that he has made himself everybody is admin.
  const own = column === 'admin' || column === 'platform_admin' || (column === 'member' && !namesAccount(route));
  const sample = own ? await sampleOf(ownMaker, operation).catch(() => undefined) : undefined;
  if (sample) return sample;
  const made = await sampleOf({ world, by: host }, operation);
  await sql(`update projects set visibility = 'shared' where account_id = $1 and not is_default`, [host.accountId]);
  const { account_id: account, project_id: project } = made.params;
  if (account) await join(people[column], { ...host, accountId: account }, column);
  if (operation.id === 'workspaces.file') await writeFiles(world, people[column], project!, { '/sample.txt': 'sample' });
  return made;
}

const inPlatform = ({ route }: Operation, sample: Sample): Sample =>
  route.query
    ? { ...sample, query: { ...sample.query, scope: 'platform' } }
    : { ...sample, body: { ...(sample.body as object), scope: 'platform' } };

const send = ({ route }: Operation, { params, query, body, headers, raw }: Sample, { token }: Person) =>
  call(route.method, pathOf(route, params, query), { token, headers, ...(raw && { raw }), ...(route.body && { body }) });

function expectAllowed({ id, route }: Operation, { status, text }: Answer) {
  const wanted = unfulfilled[id] ? [unfulfilled[id].status] : Object.keys(route.responses).map(Number);
  expect(wanted, text).toContain(status);
}

const governed = titled(({ metadata }) => demandsOf(metadata).length > 0);

/** The permission whose lack is told; who could use neither scope of a body is told so before it is read. */
function lackOf(column: Column, { metadata, query }: Route, scope: Scope): Permission | undefined {
  const lacks = (wanted: Scope) => demandsOf(metadata, wanted).find((permission) => !holds(column, permission));
  const inBody = isScoped(metadata) && !query;
  return lacks(scope) && ((inBody && lacks('platform') && lacks('account')) || lacks(scope));
}

test.for(governed)('%s is open to the roles of its permissions, and to no other', async ([, operation]) => {
  for (const scope of scopesOf(operation.route))
    for (const column of columns) {
      const lack = lackOf(column, operation.route, scope);
      const answer = await send(operation, await requestFor(column, operation, scope), people[column]);
      if (lack === undefined) expectAllowed(operation, answer);
      else
        expect([column, scope, answer.status, answer.body.details]).toEqual([
          column,
          scope,
          403,
          { reason: 'missing_permission', permission: lack },
        ]);
    }
});

test('the profile lists the column of the role, sorted', async () => {
  for (const column of columns) {
    const { body } = await call('GET', '/v1/me', { token: people[column].token });
    expect([column, body.role, body.permissions]).toEqual([column, column, permissions.filter((permission) => holds(column, permission))]);
    expect(body.permissions).toEqual([...new Set(body.permissions)].sort());
  }
});

test('the same token opens more and less as the role changes', async () => {
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

test('a key can be given what the operations open to keys ask for', () => {
  const asked = operations.filter(({ route }) => route.metadata.auth === 'user+key').flatMap(({ route }) => demandsOf(route.metadata));
  expect([...new Set(asked)].filter((permission) => !keyPermissions.includes(permission))).toEqual([]);
});
