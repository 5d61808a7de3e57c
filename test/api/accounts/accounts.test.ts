import { describe, expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote } = app;
const { openWorkspace, addMember } = workspaceCalls(app);

const create = ({ token }: Person, body: unknown, headers: Record<string, string> = {}) =>
  call('POST', '/v1/accounts', { token, body, headers });
const mine = async ({ token }: Person, headers: Record<string, string> = {}) =>
  (await call('GET', '/v1/accounts/me', { token, headers })).body as { id: string; type: string; role: string }[];
const get = ({ token }: Person, id: string, headers: Record<string, string> = {}) => call('GET', `/v1/accounts/${id}`, { token, headers });
const change = ({ token }: Person, id: string, body: unknown) => call('PATCH', `/v1/accounts/${id}`, { token, body });
const close = ({ token }: Person, id: string, body: unknown, headers: Record<string, string> = {}) =>
  call('DELETE', `/v1/accounts/${id}`, { token, body, headers });
const unknownId = '01890000-0000-7000-8000-000000000000';

describe('creating workspaces', () => {
  test('a user has one personal account, and a new workspace starts without credits', async () => {
    const person = await signUp();
    expect(await mine(person)).toMatchObject([{ id: person.accountId, type: 'personal', role: 'admin', status: 'active', timezone: null }]);
    const made = await create(person, { slug: ' acme-1 ', name: ' Acme ' });
    expect([made.status, made.body]).toMatchObject([201, { slug: 'acme-1', name: 'Acme', type: 'workspace', role: 'admin' }]);
    expect((await mine(person)).map(({ id }) => id)).toEqual([made.body.id, person.accountId]);
    expect(await get(person, made.body.id)).toMatchObject({ status: 200, body: made.body });
    expect(await sql('select balance from credit_balances where account_id = $1', [made.body.id])).toEqual([{ balance: 0 }]);
    expect(await sql('select from credit_transactions where account_id = $1', [made.body.id])).toEqual([]);
    const projects = await sql('select name, visibility, is_default, owner_user_id from projects where account_id = $1', [made.body.id]);
    expect(projects).toEqual([{ name: 'Default', visibility: 'private', is_default: true, owner_user_id: person.id }]);
    const me = await call('GET', '/v1/me', { token: person.token });
    expect(me.body.account_id).toBe(person.accountId);
    const [entry] = await sql(`select * from audit_logs where action = 'account.create' and actor_user_id = $1`, [person.id]);
    expect(entry).toMatchObject({ account_id: made.body.id, target_type: 'account', target_id: made.body.id });
  });

  test('a slug is well-formed, not reserved, and unique even after its account is closed', async () => {
    const person = await signUp();
    const bad = [
      ...['Acme', 'a b', '-a', 'a-', 'a--b', 'ü', '', ' ', 'x'.repeat(101), 'personal-x', 'me', 'admin', 'api', 'platform', 'system'],
      ...['a_b', 'a.b', 'a/b', 'a\u0000b', 'ａ', '😀', null, 5, ['a']],
    ];
    for (const slug of bad) expect([slug, (await create(person, { slug, name: 'n' })).status]).toEqual([slug, 400]);
    for (const body of [{}, { slug: 'only' }, { slug: 'a1', name: ' ' }, { slug: 'a1', name: 'x'.repeat(201) }])
      expect([body, (await create(person, body)).status]).toEqual([body, 400]);
    for (const extra of [{ type: 'personal' }, { owner_user_id: person.id }, { status: 'active' }, { id: unknownId }])
      expect((await create(person, { slug: 'fine', name: 'n', ...extra })).status).toBe(400);
    expect(await mine(person)).toHaveLength(1);
    for (const slug of ['1', 'a', 'mee', 'a-b-1', 'personal', `p${'-x'.repeat(49)}z`])
      expect([slug, (await create(person, { slug, name: '😀'.repeat(200) })).status]).toEqual([slug, 201]);
    expect(statusAndReason(await create(await signUp(), { slug: 'a-b-1', name: 'n' }))).toEqual([409, 'slug_taken']);
  });

  test('validation errors outside the schema carry a reason', async () => {
    const person = await signUp();
    expect(statusAndReason(await create(person, { slug: 'admin', name: 'n' }))).toEqual([400, 'slug_reserved']);
    expect(statusAndReason(await create(person, { slug: 'ok-1', name: 'p\u0430ypal' }))).toEqual([400, 'invalid_name']);
    const { id } = await openWorkspace(person);
    expect(statusAndReason(await change(person, id, { timezone: 'Europe/Atlantis' }))).toEqual([400, 'invalid_timezone']);
    expect(statusAndReason(await change(person, id, { name: 'p\u0430ypal' }))).toEqual([400, 'invalid_name']);
    expect(statusAndReason(await close(person, id, { slug: 'another' }))).toEqual([400, 'slug_mismatch']);
  });

  test('of parallel creations with one slug, exactly one succeeds and the others leave no rows', async () => {
    const people = await Promise.all([signUp(), signUp(), signUp(), signUp()]);
    const answers = await Promise.all(people.map((person) => create(person, { slug: 'contested', name: 'n' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(await sql(`select count(*)::int as count from accounts where slug = 'contested'`)).toEqual([{ count: 1 }]);
    const orphans = `select from accounts a where type = 'workspace' and owner_user_id = any($1)
      and not exists (select from memberships m where m.account_id = a.id)`;
    expect(await sql(orphans, [people.map(({ id }) => id)])).toEqual([]);
    const winner = people[answers.findIndex(({ status }) => status === 201)]!;
    for (const person of people) expect(await mine(person)).toHaveLength(person === winner ? 2 : 1);
  });

  test('a user may own 20 workspaces, also when many are created at once', async () => {
    const person = await signUp();
    for (let at = 0; at < 18; at++) await openWorkspace(person);
    const answers = await Promise.all(Array.from({ length: 6 }, (_, at) => create(person, { slug: `burst-${at}`, name: 'n' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409, 409, 409]);
    expect(statusAndReason(await create(person, { slug: 'one-more', name: 'n' }))).toEqual([409, 'quota_exceeded']);
    const made = answers.find(({ status }) => status === 201)!.body;
    expect((await close(person, made.id, { slug: made.slug })).status).toBe(204);
    expect((await create(person, { slug: 'one-more', name: 'n' })).status).toBe(201);
    const page = await call('GET', '/v1/accounts/me?limit=200', { token: person.token });
    expect([page.body.length, page.headers.get('link')]).toEqual([21, null]);
    const first = await call('GET', '/v1/accounts/me', { token: person.token });
    const rest = await call('GET', `/v1/accounts/me?before=${first.headers.get('x-next-cursor')}`, { token: person.token });
    expect([...first.body, ...rest.body]).toEqual(page.body);
  });

  test('a repeated request with the same idempotency key creates one workspace', async () => {
    const person = await signUp();
    const send = () => create(person, { slug: 'repeated', name: 'n' }, { 'idempotency-key': 'k' });
    const [first, again] = [await send(), await send()];
    expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([201, first.body, 'true']);
    expect(await mine(person)).toHaveLength(2);
  });
});

describe('reading and changing accounts', () => {
  test('members and platform admins read an account, its admins change it, and others get 404', async () => {
    const [owner, member, stranger, chief] = [await signUp(), await signUp(), await signUp(), await signUp()];
    await promote(chief);
    const { id } = await openWorkspace(owner);
    await addMember(owner, id, member);
    expect((await get(member, id)).body.role).toBe('member');
    expect((await get(chief, id)).body).toMatchObject({ id, role: null });
    expect((await get(stranger, id)).status).toBe(404);
    for (const person of [stranger, chief])
      for (const [method, path, body] of [
        ['PATCH', '', { name: 'x' }],
        ['DELETE', '', { slug: 'x' }],
        ['GET', '/members', undefined],
        ['PATCH', `/members/${owner.id}`, { role: 'member' }],
        ['DELETE', `/members/${owner.id}`, undefined],
        ['DELETE', `/members/${person.id}`, undefined],
        ['POST', '/invitations', { email: 'a@b.test', role: 'admin' }],
        ['GET', '/invitations', undefined],
      ] as const) {
        const [known, unknown] = [id, unknownId].map((account) =>
          call(method, `/v1/accounts/${account}${path}`, { token: person.token, body }),
        );
        const bodies = (await Promise.all([known!, unknown!])).map((answer) => ({ ...answer.body, trace_id: '', status: answer.status }));
        expect([method, path, bodies[0]]).toEqual([method, path, bodies[1]]);
        expect([method, path, bodies[0]!.status]).toEqual([method, path, 404]);
      }
    expect((await get(chief, unknownId)).status).toBe(404);
    expect(statusAndReason(await change(member, id, { name: 'x' }))).toEqual([403, 'missing_permission']);
    expect(statusAndReason(await close(member, id, { slug: 'x' }))).toEqual([403, 'missing_permission']);
    expect(await sql('select from audit_logs where account_id = $1 and actor_user_id = any($2)', [id, [stranger.id, chief.id]])).toEqual(
      [],
    );
  });

  test('an X-Account-Id header that differs from the path is rejected', async () => {
    const person = await signUp();
    const { id } = await openWorkspace(person);
    expect((await get(person, id, inAccount(id.toUpperCase()))).status).toBe(200);
    for (const other of [person.accountId, unknownId, 'x', '']) {
      const { status, body } = await get(person, id, inAccount(other));
      expect([other, status, body.details.issues]).toMatchObject([other, 400, [{ location: 'header', path: 'X-Account-Id' }]]);
    }
    expect((await get(person, 'not-an-id')).status).toBe(400);
    const { key } = (await call('POST', '/v1/api-keys', { token: person.token, body: { name: 'k' } })).body;
    for (const account of [person.accountId, id])
      expect(statusAndReason(await call('GET', `/v1/accounts/${account}`, { token: key }))).toEqual([403, 'api_key_not_allowed']);
  });

  test('name and time zone can be changed, other fields cannot', async () => {
    const person = await signUp();
    const { id, slug } = await openWorkspace(person);
    const before = (await get(person, id)).body;
    const bad = [{}, [], { slug: 'x' }, { name: '' }, { name: ' ' }, { name: null }, { name: 'x'.repeat(201) }];
    const zones = ['Mars/Base', '+08:00', '', 5].map((timezone) => ({ timezone }));
    const foreign = ['status', 'type', 'owner_user_id', 'role', 'id', 'deleted_at'].map((field) => ({ name: 'n', [field]: 'x' }));
    for (const body of [...bad, ...zones, ...foreign]) expect([body, (await change(person, id, body)).status]).toEqual([body, 400]);
    expect((await get(person, id)).body).toEqual(before);
    const changed = await change(person, id, { timezone: 'Asia/Shanghai' });
    expect(changed).toMatchObject({ status: 200, body: { ...before, timezone: 'Asia/Shanghai' } });
    expect((await change(person, id, { name: ' 研究 ' })).body).toMatchObject({ name: '研究', timezone: 'Asia/Shanghai', slug });
    const me = await call('GET', '/v1/me', { token: person.token, headers: inAccount(id) });
    expect(me.body).toMatchObject({ account_name: '研究', account_timezone: 'Asia/Shanghai' });
    expect((await change(person, id, { timezone: null })).body.timezone).toBeNull();
    expect((await change(person, person.accountId, { name: 'Home' })).status).toBe(200);
    const entries = await sql(
      `select before_state, after_state from audit_logs where action = 'account.update' and target_id = $1 order by created_at, id`,
      [id],
    );
    expect(entries[0]).toMatchObject({ before_state: { timezone: null }, after_state: { timezone: 'Asia/Shanghai' } });
  });
});
