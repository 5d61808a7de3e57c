import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { unseal } from '../../../server/platform/crypto/seal.ts';
import { type Person, sharedTestApp, testKeys } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await sharedTestApp();
const { call, sql, signUp } = app;
const { openWorkspace, invite, accept, addMember, verified } = workspaceCalls(app);

const create = ({ token }: Person, id: string, body: unknown, headers: Record<string, string> = {}) =>
  call('POST', `/v1/accounts/${id}/invitations`, { token, body, headers });
const list = ({ token }: Person, id: string, query = '') => call('GET', `/v1/accounts/${id}/invitations${query}`, { token });
const revoke = ({ token }: Person, invitationId: string, account?: string) =>
  call('DELETE', `/v1/account-invitations/${invitationId}`, { token, ...(account && { headers: inAccount(account) }) });
const membership = (id: string, { id: userId }: Person) =>
  sql('select role from memberships where account_id = $1 and user_id = $2', [id, userId]);
const unknownId = '01890000-0000-7000-8000-000000000000';
const address = () => `guest-${randomBytes(6).toString('hex')}@example.test`;

/** A workspace with an admin and a member. */
async function workspace() {
  const [admin, member] = [await signUp(), await signUp()];
  const { id } = await openWorkspace(admin);
  await addMember(admin, id, member);
  return { id, admin, member };
}

test('the invited user becomes a member with the role of the invitation', async () => {
  const { id, admin } = await workspace();
  for (const role of ['member', 'admin']) {
    const guest = await verified(await signUp());
    const made = await create(admin, id, { email: ` ${guest.email} `, role });
    expect([made.status, made.body]).toEqual([
      201,
      {
        id: expect.any(String),
        account_id: id,
        invited_by_user_id: admin.id,
        email: guest.email,
        role,
        expires_at: expect.any(String),
        accepted_at: null,
        created_at: expect.any(String),
        token: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ]);
    expect(Date.parse(made.body.expires_at) - Date.parse(made.body.created_at)).toBe(7 * 86_400_000);
    const { token, ...listed } = made.body;
    expect((await list(admin, id)).body[0]).toEqual(listed);
    const accepted = await accept(guest, token);
    expect([accepted.status, accepted.body]).toEqual([200, { ok: true }]);
    expect(await membership(id, guest)).toEqual([{ role }]);
    expect((await call('GET', '/v1/accounts/me', { token: guest.token })).body[0]).toMatchObject({ id: guest.accountId });
    expect((await call('GET', '/v1/accounts/me', { token: guest.token })).body).toContainEqual(expect.objectContaining({ id, role }));
    expect((await call('GET', '/v1/me', { token: guest.token })).body.account_id).toBe(guest.accountId);
    expect((await call('GET', '/v1/me', { token: guest.token, headers: inAccount(id) })).body.role).toBe(role);
    const projects = await sql('select is_default from projects where account_id = $1 and owner_user_id = $2', [id, guest.id]);
    expect(projects).toEqual([{ is_default: true }]);
    expect((await list(admin, id)).body).toEqual([]);
    expect(statusAndReason(await accept(guest, token))).toEqual([409, 'already_accepted']);
    const entries = await sql(`select action, account_id, actor_user_id from audit_logs where target_id = $1 order by id`, [listed.id]);
    expect(entries).toEqual([
      { action: 'account_invitation.create', account_id: id, actor_user_id: admin.id },
      { action: 'account_invitation.accept', account_id: id, actor_user_id: guest.id },
    ]);
  }
});

test('one mail with the link is queued, encrypted, and a failure to queue it does not fail the request', async () => {
  const { id, admin } = await workspace();
  const guest = await signUp();
  await sql(`update users set locale = 'zh-CN' where id = $1`, [guest.id]);
  const jobs = async (address: string) => {
    const rows = await sql(`select j.payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
      where t.identifier = 'email.send'`);
    const mails = rows.map(({ payload }) =>
      unseal(testKeys.encryptionKeys, Buffer.from(payload.sealed, 'base64'), 'email.send').toString(),
    );
    return mails.map((text) => JSON.parse(text)).filter(({ to }) => to === address);
  };
  const headers = { 'idempotency-key': 'one mail' };
  const body = { email: guest.email, role: 'member' };
  const made = await create(admin, id, body, headers);
  await create(admin, id, body, headers);
  const { name } = (await call('GET', `/v1/accounts/${id}`, { token: admin.token })).body;
  const url = `http://localhost:19000/invitations/${made.body.token}`;
  const sent = (await jobs(guest.email)).filter(({ kind }) => kind === 'invitation');
  expect(sent).toEqual([{ kind: 'invitation', to: guest.email, locale: 'zh-CN', data: { url, account: name, inviter: admin.login } }]);
  await sql(`create function refuse_jobs() returns trigger language plpgsql as 'begin raise exception ''no room''; end'`);
  await sql('create trigger refuse_jobs before insert on graphile_worker._private_jobs for each row execute function refuse_jobs()');
  try {
    const email = address();
    expect((await create(admin, id, { email, role: 'member' })).status).toBe(201);
    expect(await jobs(email)).toEqual([]);
    expect((await list(admin, id)).body[0].email).toBe(email);
  } finally {
    await sql('drop trigger refuse_jobs on graphile_worker._private_jobs');
  }
});

test('only admins of the account create, list and revoke its invitations', async () => {
  const { id, admin, member } = await workspace();
  const other = await workspace();
  const body = { email: address(), role: 'member' };
  expect([statusAndReason(await create(member, id, body)), statusAndReason(await list(member, id))]).toEqual([
    [403, 'missing_permission'],
    [403, 'missing_permission'],
  ]);
  for (const person of [admin, member])
    for (const account of [other.id, unknownId])
      expect([(await create(person, account, body)).status, (await list(person, account)).status]).toEqual([404, 404]);
  const { body: made } = await create(admin, id, body);
  const absent = { ...(await revoke(other.admin, unknownId, other.id)).body, trace_id: '' };
  for (const [person, account] of [
    [other.admin, other.id],
    [other.admin, undefined],
    [admin, undefined],
  ] as const) {
    const { status, body: refusal } = await revoke(person, made.id, account);
    expect([status, { ...refusal, trace_id: '' }]).toEqual([404, absent]);
  }
  for (const target of [made.id, unknownId]) expect(statusAndReason(await revoke(member, target, id))).toEqual([403, 'missing_permission']);
  expect((await revoke(admin, 'x', id)).status).toBe(400);
  expect((await revoke(admin, made.id, id)).status).toBe(204);
  expect((await revoke(admin, made.id, id)).status).toBe(404);
  expect((await list(admin, id)).body).toEqual([]);
});

test('invalid, existing and already invited addresses and personal accounts are rejected', async () => {
  const { id, admin, member } = await workspace();
  const bad = [
    ...['owner', 'platform_admin', 'system_agent', 'legacy_role', '', null, undefined].map((role) => ({ email: address(), role })),
    ...['', ' ', '@', 'a@', 'a', 'Alice <a@b.c>', 'a@b.c\r\nBcc: x@y.z', 'a\u0000@b.c', `${'x'.repeat(251)}@b.c`, null, ['a@b.c']].map(
      (email) => ({
        email,
        role: 'member',
      }),
    ),
    { email: address(), role: 'member', token: 'f'.repeat(64) },
    { email: address(), role: 'member', account_id: unknownId },
  ];
  for (const body of bad) expect([body, (await create(admin, id, body)).status]).toEqual([body, 400]);
  expect(statusAndReason(await create(admin, admin.accountId, { email: address(), role: 'member' }))).toEqual([409, 'personal_account']);
  for (const email of [member.email, member.email.toUpperCase(), admin.email])
    expect(statusAndReason(await create(admin, id, { email, role: 'admin' }))).toEqual([409, 'already_member']);
  const email = address();
  expect((await create(admin, id, { email, role: 'member' })).status).toBe(201);
  expect(statusAndReason(await create(admin, id, { email: email.toUpperCase(), role: 'admin' }))).toEqual([409, 'already_invited']);
  const other = await openWorkspace(admin);
  expect((await create(admin, other.id, { email, role: 'member' })).status).toBe(201);
});

test('an account may have 100 open invitations and one per address, also when many are created at once', async () => {
  const { id, admin } = await workspace();
  await sql(
    `insert into invitations (account_id, id, invited_by_user_id, email, email_key, role, token_hash, expires_at)
     select $1::uuid, gen_random_uuid(), $2::uuid, 'bulk' || n || '@example.test', 'bulk' || n || '@example.test', 'member', gen_random_uuid()::text,
       now() + case when n > 97 then interval '-1 second' else interval '1 day' end from generate_series(1, 100) n`,
    [id, admin.id],
  );
  const answers = await Promise.all(Array.from({ length: 8 }, () => create(admin, id, { email: address(), role: 'member' })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 409, 409, 409, 409, 409]);
  expect(statusAndReason(await create(admin, id, { email: address(), role: 'member' }))).toEqual([409, 'quota_exceeded']);
  const first = await list(admin, id, '?limit=60');
  const rest = await list(admin, id, `?limit=60&before=${first.headers.get('x-next-cursor')}`);
  expect([first.body.length, rest.body.length, rest.headers.get('link')]).toEqual([60, 40, null]);
  const other = await openWorkspace(admin);
  const email = address();
  const same = await Promise.all(Array.from({ length: 6 }, () => create(admin, other.id, { email, role: 'member' })));
  expect(same.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
});

test('a token has a fixed format, and is never stored or listed in plain text', async () => {
  const { id, admin } = await workspace();
  const guest = await verified(await signUp());
  const { token } = await invite(admin, id, guest.email);
  for (const bad of [
    token.toUpperCase().replace(/^\d+$/, 'A'),
    token.slice(1),
    `${token}0`,
    token.replace(/^./, 'g'),
    'x',
    `${token.slice(0, -1)}%00`,
  ])
    expect([bad, (await accept(guest, bad)).status]).toEqual([bad, 400]);
  expect((await accept(guest, randomBytes(32).toString('hex'))).status).toBe(404);
  await accept(await signUp(), token);
  const headers = { 'idempotency-key': 'invite once' };
  const body = { email: address(), role: 'member' };
  const [first, again] = [await create(admin, id, body, headers), await create(admin, id, body, headers)];
  expect([again.body, again.headers.get('idempotent-replayed')]).toEqual([first.body, 'true']);
  expect((await accept(guest, token)).status).toBe(200);
  const tables = ['invitations', 'audit_logs', 'idempotency_keys', 'graphile_worker.jobs', 'graphile_worker._private_jobs'];
  const texts = await Promise.all(tables.map((table) => sql(`select t::text from ${table} t`)));
  const dump = JSON.stringify([texts, (await list(admin, id)).text]);
  for (const secret of [token, first.body.token]) expect(dump.includes(secret)).toBe(false);
});
