import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { duringUncommittedChange, repeatRace } from '../../support/checks/race.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote } = app;
const { openWorkspace, invite, accept, addMember, verified } = workspaceCalls(app);
const platformAdmin = await signUp();
await promote(platformAdmin);

const member = (method: string, by: Person, id: string, who: Person, body?: unknown) =>
  call(method, `/v1/accounts/${id}/members/${who.id}`, { token: by.token, ...(body !== undefined && { body }) });
const remove = (by: Person, id: string, who: Person) => member('DELETE', by, id, who);
const setRole = (by: Person, id: string, who: Person, role: string) => member('PATCH', by, id, who, { role });
const callAdminUsers = (method: string, who: Person, body?: unknown) =>
  call(method, `/v1/admin/users/${who.id}`, { token: platformAdmin.token, ...(body !== undefined && { body }) });
const openInvitations = (id: string) => sql('select id from invitations where account_id = $1 and accepted_at is null', [id]);

/** A workspace with two admins, the second of whom has invited a verified guest as admin. */
async function invitedByAdmin() {
  const [owner, inviter, guest] = [await signUp(), await signUp(), await verified(await signUp())];
  const { id } = await openWorkspace(owner);
  await addMember(owner, id, inviter, 'admin');
  const { token } = await invite(inviter, id, guest.email, 'admin');
  return { accountId: id, owner, inviter, guest, token };
}

type Invited = Awaited<ReturnType<typeof invitedByAdmin>>;
const lossCases: [string, (at: Invited) => Promise<{ status: number }>][] = [
  ['removed', ({ owner, accountId, inviter }) => remove(owner, accountId, inviter)],
  ['leaving', ({ accountId, inviter }) => remove(inviter, accountId, inviter)],
  ['demoted', ({ owner, accountId, inviter }) => setRole(owner, accountId, inviter, 'member')],
  ['suspended', ({ inviter }) => callAdminUsers('PATCH', inviter, { status: 'suspended' })],
  ['deleted', ({ inviter }) => callAdminUsers('DELETE', inviter)],
];

test.each(lossCases)('an open invitation ends for good when its inviter is %s', async (_, lose) => {
  const at = await invitedByAdmin();
  expect([200, 204]).toContain((await lose(at)).status);
  expect(await openInvitations(at.accountId)).toEqual([]);
  expect((await accept(at.guest, at.token)).status).toBe(404);
  await callAdminUsers('PATCH', at.inviter, { status: 'active' });
  await setRole(at.owner, at.accountId, at.inviter, 'admin');
  expect((await accept(at.guest, at.token)).status).toBe(404);
  expect((await invite(at.owner, at.accountId, at.guest.email, 'member')).email).toBe(at.guest.email);
});

test('the audit entry counts the voided invitations, and accepted ones and those of other inviters stay', async () => {
  const { accountId, owner, inviter, guest, token } = await invitedByAdmin();
  const other = await invite(owner, accountId, 'other@example.test');
  expect((await accept(guest, token)).status).toBe(200);
  await invite(inviter, accountId, 'first@example.test');
  await invite(inviter, accountId, 'second@example.test', 'admin');
  expect((await setRole(owner, accountId, inviter, 'admin')).status).toBe(200);
  expect(await openInvitations(accountId)).toHaveLength(3);
  expect((await setRole(owner, accountId, inviter, 'member')).status).toBe(200);
  expect(await openInvitations(accountId)).toEqual([{ id: other.id }]);
  expect(statusAndReason(await accept(guest, token))).toEqual([409, 'already_accepted']);
  const entries = await sql(`select metadata from audit_logs where account_id = $1 and action = 'account_member.update' order by id`, [
    accountId,
  ]);
  expect(entries.map(({ metadata }) => metadata.voided_invitations)).toEqual([undefined, 2]);
});

test("acceptance checks the inviter's current rights, whatever the stored invitation says", async () => {
  const { accountId, inviter, guest, token } = await invitedByAdmin();
  const without = async (change: string, values: unknown[]) => {
    await sql('alter table memberships disable trigger user');
    await sql('alter table users disable trigger user');
    try {
      await sql(change, values);
      return await accept(guest, token);
    } finally {
      await sql('alter table memberships enable trigger user');
      await sql('alter table users enable trigger user');
    }
  };
  const role = 'update memberships set role = $3 where account_id = $1 and user_id = $2';
  for (const lost of ['member', 'legacy_role']) expect((await without(role, [accountId, inviter.id, lost])).status).toBe(404);
  await without(role, [accountId, inviter.id, 'legacy_role']);
  expect((await without(`update users set status = 'suspended' where id = $1`, [inviter.id])).status).toBe(404);
  await without(`update users set status = 'active' where id = $1`, [inviter.id]);
  expect(await openInvitations(accountId)).toHaveLength(1);
  expect((await without(role, [accountId, inviter.id, 'admin'])).status).toBe(200);
});

test('only a user with a verified address can accept', async () => {
  const owner = await signUp();
  const { id } = await openWorkspace(owner);
  const guest = await signUp();
  const { token } = await invite(owner, id, guest.email);
  expect(statusAndReason(await accept(guest, token))).toEqual([403, 'email_not_verified']);
  expect(statusAndReason(await accept(await signUp(), token))).toEqual([403, 'email_mismatch']);
  expect((await accept(await verified(guest), token)).status).toBe(200);
});

test('a request that waits while its admin loses their rights is rejected', async () => {
  const lost = `update memberships set role = 'member' where user_id = $1 and account_id <> $2`;
  const gone = 'delete from memberships where user_id = $1 and account_id <> $2';
  for (const [change, refusal] of [
    [lost, 403],
    [gone, 404],
  ] as const) {
    const { accountId, owner, inviter } = await invitedByAdmin();
    const accomplice = await signUp();
    await addMember(owner, accountId, accomplice);
    const slug = (await call('GET', `/v1/accounts/${accountId}`, { token: owner.token })).body.slug;
    const acts: [string, () => ReturnType<typeof call>][] = [
      [
        'invite',
        () =>
          call('POST', `/v1/accounts/${accountId}/invitations`, {
            token: inviter.token,
            body: { email: 'late@example.test', role: 'admin' },
          }),
      ],
      ['promote', () => setRole(inviter, accountId, accomplice, 'admin')],
      ['remove', () => remove(inviter, accountId, accomplice)],
      ['rename', () => call('PATCH', `/v1/accounts/${accountId}`, { token: inviter.token, body: { name: 'Mine' } })],
      ['close', () => call('DELETE', `/v1/accounts/${accountId}`, { token: inviter.token, body: { slug } })],
    ];
    for (const [name, act] of acts) {
      const lock: [string, unknown[]] = ['select from accounts where id = $1 for no key update', [accountId]];
      const answer = await duringUncommittedChange(app, [lock, [change, [inviter.id, inviter.accountId]]], act);
      expect([name, answer.status]).toEqual([name, refusal]);
      await sql(
        `insert into memberships (account_id, user_id, role) values ($1, $2, 'admin') on conflict (account_id, user_id) do update set role = 'admin'`,
        [accountId, inviter.id],
      );
      await sql(`select pg_notify('arkloop_access', $1)`, [inviter.id]);
    }
    const members = await sql('select user_id, role from memberships where account_id = $1', [accountId]);
    expect(members).toContainEqual({ user_id: accomplice.id, role: 'member' });
    expect(await openInvitations(accountId)).toEqual([]);
    expect((await call('GET', `/v1/accounts/${accountId}`, { token: owner.token })).body.name).not.toBe('Mine');
  }
});

test('acceptance and removal of the inviter are serialized, and no invitation is left open', async () => {
  const seen = { accepted: 0, voided: 0 };
  const [owner, inviter] = [await signUp(), await signUp()];
  const { id } = await openWorkspace(owner);
  const guest = await verified(await signUp());
  const rounds = await repeatRace(async (round) => {
    await sql(`insert into memberships (account_id, user_id, role) values ($1, $2, 'admin') on conflict do nothing`, [id, inviter.id]);
    await sql(`select pg_notify('arkloop_access', $1)`, [inviter.id]);
    await expect.poll(async () => (await call('GET', `/v1/accounts/${id}/members`, { token: inviter.token })).status).toBe(200);
    await sql('delete from attempt_counts');
    const { token } = await invite(inviter, id, guest.email, 'admin');
    const lose = () => (round % 2 ? remove(owner, id, inviter) : setRole(owner, id, inviter, 'member'));
    const acts = [() => accept(guest, token), lose];
    const answers = await Promise.all((round % 3 ? acts : acts.reverse()).map((act) => act()));
    const [accepted, lost] = round % 3 ? answers : answers.reverse();
    expect([200, 404]).toContain(accepted!.status);
    expect([200, 204]).toContain(lost!.status);
    expect(await openInvitations(id)).toEqual([]);
    const isMember = (await sql('select role from memberships where account_id = $1 and user_id = $2', [id, guest.id])).length === 1;
    expect(isMember).toBe(accepted!.status === 200);
    seen[isMember ? 'accepted' : 'voided']++;
    await sql('delete from memberships where account_id = $1 and user_id = any($2)', [id, [guest.id, inviter.id]]);
  });
  expect(seen.accepted + seen.voided).toBe(rounds);
  expect(Math.min(seen.accepted, seen.voided), JSON.stringify(seen)).toBeGreaterThan(0);
});
