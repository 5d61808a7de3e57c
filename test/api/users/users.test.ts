import { beforeAll, expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { concurrently, expectOne } from '../../support/checks/race.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { adminCalls } from '../../support/resources/adminCalls.ts';
import { workspaceCalls } from '../../support/resources/workspaces.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote } = app;
const { openWorkspace, addMember } = workspaceCalls(app);
const platformAdmin = await signUp({ login: 'The-Chief' });
beforeAll(() => promote(platformAdmin));
const { list, get, change, entriesOf } = adminCalls(app, platformAdmin);

const searchIds = async (q: string, more = '') =>
  (await list(`?q=${encodeURIComponent(q)}${more}`)).body.map(({ id }: { id: string }) => id) as string[];
const unknownId = '01990000-0000-7000-8000-00000000ffff';

/** A newly registered user as the list returns it. */
const shown = ({ id, login, email }: Person) => ({
  id,
  login,
  username: login,
  email,
  email_verified_at: null,
  status: 'active',
  locale: null,
  timezone: null,
  is_platform_admin: false,
  last_login_at: expect.stringMatching(/Z$/),
  created_at: expect.any(String),
});

test('a user is returned with their accounts, and the list has the newest first', async () => {
  const [host, person] = [await signUp(), await signUp()];
  const { id: workspace, slug } = await openWorkspace(host);
  expect((await list('?limit=2')).body).toEqual([shown(person), shown(host)]);
  await addMember(host, workspace, person);
  const member = { ...shown(person), email_verified_at: expect.stringMatching(/Z$/) };
  expect((await list('?limit=2')).body).toEqual([member, shown(host)]);
  const accounts = [
    { account_id: workspace, name: `Workspace ${slug}`, type: 'workspace', role: 'member' },
    { account_id: person.accountId, name: `${person.login}'s workspace`, type: 'personal', role: 'admin' },
  ];
  expect((await get(person.id)).body).toEqual({ ...member, accounts });
  await sql('update accounts set deleted_at = now() where id = $1', [workspace]);
  expect((await get(person.id)).body.accounts).toEqual([accounts[1]]);
  expect((await get(unknownId)).status).toBe(404);
  expect((await get(platformAdmin.id)).body).toMatchObject({ login: 'The-Chief', is_platform_admin: true });
});

test('a sign-in updates last_login_at, and an unknown stored time zone reads as null', async () => {
  const person = await signUp();
  const began = new Date().toISOString();
  await call('POST', '/v1/auth/login', { body: { login: person.login, password: person.password } });
  await sql(`update users set timezone = 'Mars/Base' where id = $1`, [person.id]);
  const { body } = await get(person.id);
  expect(body.timezone).toBeNull();
  expect(body.last_login_at >= began.slice(0, 19)).toBe(true);
});

test('the list is searched by literal, case-insensitive parts of name, login and email, and by status', async () => {
  const person = await signUp({ login: 'Percent_Person', email: 'first.100%off@example.test' });
  const other = await signUp({ login: 'percentXperson', email: 'second.1000off@example.test' });
  await change(other.id, { username: 'Back\\slash' });
  expect(await searchIds('100%')).toEqual([person.id]);
  expect(await searchIds('PERCENT')).toEqual([other.id, person.id]);
  expect(await searchIds('t_p')).toEqual([person.id]);
  expect(await searchIds('K\\S')).toEqual([other.id]);
  expect(await searchIds('SECOND.1000')).toEqual([other.id]);
  expect(await searchIds('%')).toEqual([person.id]);
  expect(await searchIds(' percent ', '&status=active')).toEqual([other.id, person.id]);
  expect(await searchIds('percent', '&status=suspended')).toEqual([]);
  await change(person.id, { status: 'suspended' });
  expect(await searchIds('percent', '&status=suspended')).toEqual([person.id]);
  expect((await list('?status=suspended')).body).toMatchObject([{ id: person.id, status: 'suspended' }]);
  for (const query of ['?status=deleted', '?status=', '?status=Active', '?q=', '?q=%20', `?q=${'x'.repeat(201)}`, '?limit=0', '?cursor=x'])
    expect([query, (await list(query)).status]).toEqual([query, 400]);
});

test('pages with `before` or `cursor`, and a cursor is valid for its own search only', async () => {
  await concurrently(3, () => signUp());
  const all = (await list('?limit=200')).body;
  for (const name of ['before', 'cursor']) {
    const seen: unknown[] = [];
    for (let query: string | undefined = '?limit=3'; query;) {
      const page = await list(query);
      seen.push(...page.body);
      const next: string | null = page.headers.get('x-next-cursor');
      query = next ? `?limit=3&${name}=${next}` : undefined;
    }
    expect(seen).toEqual(all);
  }
  const [one, two] = await Promise.all(['?limit=1', '?limit=2'].map(async (query) => (await list(query)).headers.get('x-next-cursor')));
  expect(issuesOf(await list(`?before=${one}&cursor=${two}`))).toEqual([400, [['query', 'cursor']]]);
  expect(issuesOf(await list(`?cursor=${one}&status=active`))).toEqual([400, [['query', 'before']]]);
});

test('profile fields are changed together or alone, and the audit log has the old and new values', async () => {
  const person = await signUp();
  const all = { username: ' Ｎew name ', locale: 'de-AT', timezone: 'europe/vienna', email: ` ${person.login}@Example.org ` };
  const answer = await change(person.id, all);
  const now = { username: 'New name', locale: 'de-AT', timezone: 'Europe/Vienna', email: `${person.login}@Example.org` };
  expect([answer.status, answer.body]).toMatchObject([200, { ...now, login: person.login, accounts: [{ account_id: person.accountId }] }]);
  expect((await get(person.id)).body).toEqual(answer.body);
  expect((await call('GET', '/v1/me', { token: person.token })).body).toMatchObject({ ...now, email_verified: false });
  const cleared = { locale: null, timezone: '', email: '' };
  expect((await change(person.id, cleared)).body).toMatchObject({ locale: null, timezone: null, email: null, username: 'New name' });
  expect((await change(person.id, { ...cleared, locale: '', timezone: null, email: null, username: 'New name' })).status).toBe(200);
  const by = { account_id: null, actor_user_id: platformAdmin.id, action: 'user.update', metadata: {} };
  const { username: _name, ...rest } = now;
  expect(await entriesOf('user', person.id)).toEqual([
    { ...by, before_state: { username: person.login, locale: null, timezone: null, email: person.email }, after_state: now },
    { ...by, before_state: rest, after_state: { locale: null, timezone: null, email: null } },
  ]);
});

test('an invalid change is rejected with every issue, and changes nothing', async () => {
  const person = await signUp();
  const before = (await get(person.id)).body;
  const bad: [body: object, fields: string[]][] = [
    [{ status: 'deleted' }, ['/status']],
    [{ status: null }, ['/status']],
    [{ username: 'a@b' }, ['/username']],
    [{ username: ' ' }, ['/username']],
    [{ username: 'x'.repeat(257) }, ['/username']],
    [{ username: null }, ['/username']],
    [{ email: 'nobody' }, ['/email']],
    [{ email: ' ' }, ['/email']],
    [{ email: 'A <a@b.c>' }, ['/email']],
    [{ email: 7 }, ['/email']],
    [{ email: null, email_verified: true }, ['/email_verified']],
    [{ email_verified: 'true' }, ['/email_verified']],
    [{ locale: 'not a locale' }, ['/locale']],
    [{ locale: 'x'.repeat(36) }, ['/locale']],
    [{ timezone: 'Mars/Base' }, ['/timezone']],
    [{ timezone: '+02:00' }, ['/timezone']],
    [{ is_platform_admin: 1 }, ['/is_platform_admin']],
    [{ is_platform_admin: null }, ['/is_platform_admin']],
    [{ username: 'x', login: 'other' }, ['/login']],
    [{ username: 'x', id: unknownId, created_at: '2020-01-01T00:00:00.000Z' }, ['/id', '/created_at']],
    [{ username: '@', email: '@', locale: '@', timezone: '@' }, ['/username', '/email', '/locale', '/timezone']],
  ];
  for (const [body, fields] of bad)
    expect([body, issuesOf(await change(person.id, body))]).toEqual([body, [400, fields.map((field) => ['body', field])]]);
  expect(issuesOf(await change(person.id, {}))).toEqual([400, [['body', '']]]);
  expect((await change(unknownId, { username: 'x' })).status).toBe(404);
  expect((await get(person.id)).body).toEqual(before);
  expect(await entriesOf('user', person.id)).toEqual([]);
});

test('an email address belongs to one user, in any case, until they give it up', async () => {
  const [first, second] = [await signUp(), await signUp()];
  const wanted = { email: first.email.toUpperCase() };
  expect(statusAndReason(await change(second.id, { ...wanted, username: 'changed' }))).toEqual([409, 'email_taken']);
  expect((await get(second.id)).body).toMatchObject({ email: second.email, username: second.login });
  expect((await change(first.id, wanted)).body.email).toBe(wanted.email);
  await change(first.id, { status: 'suspended' });
  expect(statusAndReason(await change(second.id, wanted))).toEqual([409, 'email_taken']);
  await change(first.id, { email: null });
  expect((await change(second.id, wanted)).status).toBe(200);
  const people = await concurrently(5, () => signUp());
  expectOne(await Promise.all(people.map(({ id }) => change(id, { email: 'wanted@example.test' }))), '200', '409 email_taken');
});

test('a new address is unverified unless the admin sets email_verified, and an existing verification time stays', async () => {
  const person = await signUp();
  const verifiedAt = async (body: object) => (await change(person.id, body)).body.email_verified_at as string | null;
  const first = await verifiedAt({ email_verified: true });
  expect(first).toMatch(/Z$/);
  expect(await verifiedAt({ email_verified: true })).toBe(first);
  // The same address in upper case.
  expect(await verifiedAt({ email: person.email.toUpperCase() })).toBe(first);
  expect(await verifiedAt({ email: `new-${person.email}` })).toBeNull();
  const second = await verifiedAt({ email: `newer-${person.email}`, email_verified: true });
  expect(second! > first!).toBe(true);
  const third = await verifiedAt({ email: `newest-${person.email}`, email_verified: true });
  expect(third! > second!).toBe(true);
  expect(await verifiedAt({ email_verified: false })).toBeNull();
  expect(await verifiedAt({ email_verified: true })).not.toBeNull();
  expect(await verifiedAt({ email: null })).toBeNull();
  expect(issuesOf(await change(person.id, { email_verified: true }))).toEqual([400, [['body', '/email_verified']]]);
});

test('platform admin rights are granted and revoked with the next request', async () => {
  const person = await signUp();
  const may = async () => (await call('GET', '/v1/admin/users', { token: person.token })).status;
  expect(await may()).toBe(403);
  expect((await change(person.id, { is_platform_admin: true })).body.is_platform_admin).toBe(true);
  expect(await may()).toBe(200);
  expect((await change(person.id, { is_platform_admin: false })).status).toBe(200);
  expect(await may()).toBe(403);
  expect((await entriesOf('user', person.id)).map((entry) => [entry.action, entry.after_state])).toEqual([
    ['user.update', { is_platform_admin: true }],
    ['user.update', { is_platform_admin: false }],
  ]);
});
