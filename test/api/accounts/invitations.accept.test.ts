import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote } = app;
const { openWorkspace, invite, accept, addMember, verified } = workspaceCalls(app);

const list = ({ token }: Person, id: string, query = '') => call('GET', `/v1/accounts/${id}/invitations${query}`, { token });
const revoke = ({ token }: Person, invitationId: string, account?: string) =>
  call('DELETE', `/v1/account-invitations/${invitationId}`, { token, ...(account && { headers: inAccount(account) }) });
const membership = (id: string, { id: userId }: Person) =>
  sql('select role from memberships where account_id = $1 and user_id = $2', [id, userId]);
const expire = (id: string) => sql(`update invitations set expires_at = now() where id = $1`, [id]);
const unknownId = '01890000-0000-7000-8000-000000000000';
const address = () => `guest-${randomBytes(6).toString('hex')}@example.test`;

/** A workspace with an admin and a member. */
async function workspace() {
  const [admin, member] = [await signUp(), await signUp()];
  const { id } = await openWorkspace(admin);
  await addMember(admin, id, member);
  return { id, admin, member };
}

test('only the invited address can accept, in any case, and attempts of others do not use the invitation', async () => {
  const { id, admin } = await workspace();
  const bob = await verified(await signUp({ email: 'bob@example.com' }));
  const { token } = await invite(admin, id, 'BOB@Example.com');
  const [other, nameless, chief] = [await signUp(), await signUp(), await signUp()];
  await sql('update users set email = null, email_key = null where id = $1', [nameless.id]);
  await promote(chief);
  for (const person of [other, nameless, chief, admin])
    expect(statusAndReason(await accept(person, token))).toEqual([403, 'email_mismatch']);
  expect((await accept(bob, token)).status).toBe(200);
  expect(statusAndReason(await accept(other, token))).toEqual([403, 'email_mismatch']);
  const denied = await sql(
    `select account_id, target_id from audit_logs where action = 'account_invitation.accept' and actor_user_id = $1`,
    [other.id],
  );
  expect(denied).toEqual(Array(2).fill({ account_id: other.accountId, target_id: null }));
});

test('an invitation expires after seven days and can be replaced', async () => {
  const { id, admin } = await workspace();
  const guest = await verified(await signUp());
  const old = await invite(admin, id, guest.email);
  await expire(old.id);
  expect(statusAndReason(await accept(guest, old.token))).toEqual([409, 'invitation_expired']);
  expect((await list(admin, id)).body).toEqual([]);
  const fresh = await invite(admin, id, guest.email.toUpperCase(), 'admin');
  expect((await accept(guest, old.token)).status).toBe(404);
  expect((await accept(guest, fresh.token)).status).toBe(200);
  expect(await membership(id, guest)).toEqual([{ role: 'admin' }]);
});

test('accepting an invitation as a member changes no role and does not use the invitation', async () => {
  const { id, admin } = await workspace();
  const guest = await verified(await signUp());
  const { id: invitationId, token } = await invite(admin, id, guest.email, 'admin');
  await sql(`insert into memberships (account_id, user_id, role) values ($1, $2, 'member')`, [id, guest.id]);
  expect(statusAndReason(await accept(guest, token))).toEqual([409, 'already_member']);
  expect(await membership(id, guest)).toEqual([{ role: 'member' }]);
  expect(await sql('select accepted_at from invitations where id = $1', [invitationId])).toEqual([{ accepted_at: null }]);
});

test('an invitation into a suspended account stays valid, one into a closed account returns 404', async () => {
  const { id, admin } = await workspace();
  const [first, second] = [await verified(await signUp()), await verified(await signUp())];
  const [one, two] = [await invite(admin, id, first.email), await invite(admin, id, second.email)];
  await sql(`update accounts set status = 'suspended' where id = $1`, [id]);
  expect(statusAndReason(await accept(first, one.token))).toEqual([403, 'account_suspended']);
  await sql(`update accounts set status = 'active' where id = $1`, [id]);
  expect((await accept(first, one.token)).status).toBe(200);
  const { slug } = (await call('GET', `/v1/accounts/${id}`, { token: admin.token })).body;
  expect((await call('DELETE', `/v1/accounts/${id}`, { token: admin.token, body: { slug } })).status).toBe(204);
  expect((await accept(second, two.token)).status).toBe(404);
});

test('of ten parallel acceptances one succeeds, and of acceptance and revocation exactly one', async () => {
  const { id, admin } = await workspace();
  const guest = await verified(await signUp());
  const { token } = await invite(admin, id, guest.email);
  const answers = await Promise.all(Array.from({ length: 10 }, () => accept(guest, token)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
  expect(await membership(id, guest)).toHaveLength(1);
  expect(await sql(`select from projects where account_id = $1 and owner_user_id = $2`, [id, guest.id])).toHaveLength(1);
  expect(
    await sql(`select from audit_logs where account_id = $1 and action = 'account_invitation.accept' and actor_user_id = $2`, [
      id,
      guest.id,
    ]),
  ).toHaveLength(1);
  for (let round = 0; round < 12; round++) {
    const person = await verified(await signUp());
    const { id: invitationId, token: secret } = await invite(admin, id, person.email);
    const both = [() => accept(person, secret), () => revoke(admin, invitationId, id)];
    const [accepted, revoked] =
      round % 2 ? await Promise.all(both.map((act) => act())) : (await Promise.all(both.reverse().map((act) => act()))).reverse();
    expect([[200, 404].join(), [404, 204].join()]).toContain([accepted!.status, revoked!.status].join());
    expect(await membership(id, person)).toHaveLength(accepted!.status === 200 ? 1 : 0);
  }
});

test('a user who registers with the invited address later can accept', async () => {
  const { id, admin } = await workspace();
  const email = address();
  const { token } = await invite(admin, id, email, 'admin');
  const guest = await verified(await signUp({ email: email.toUpperCase() }));
  expect((await accept(guest, token, inAccount(unknownId))).status).toBe(200);
  expect(await membership(id, guest)).toEqual([{ role: 'admin' }]);
  const { key } = (await call('POST', '/v1/api-keys', { token: guest.token, body: { name: 'k' } })).body;
  expect(statusAndReason(await accept({ token: key }, token))).toEqual([403, 'api_key_not_allowed']);
});
