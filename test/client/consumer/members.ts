import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { apiError, clientsOf, errorOf, type Target } from './target.ts';

/** Invitations, members, and invite codes. */
export function describeMembers(target: Target) {
  const { register } = clientsOf(target);

  /** Creates a workspace and an invitation for another user. */
  async function invite() {
    const [owner, guest] = [await register(), await register()];
    const { id: account_id } = await owner.client.accounts.create({ body: { slug: randomBytes(6).toString('hex'), name: 'Lab' } });
    await guest.client.auth.confirmEmail({ body: { token: await target.verificationToken(guest.email) } });
    const invitation = await owner.client.invitations.create({ params: { account_id }, body: { email: guest.email, role: 'member' } });
    return { owner, guest, account_id, invitation };
  }

  test('an invited user becomes a member in the offered role until they are removed', async () => {
    const { owner, guest, account_id, invitation } = await invite();
    const params = { account_id, user_id: guest.userId };
    expect(await errorOf(guest.client.accounts.get({ params }))).toMatchObject({ status: 404 });
    expect(await guest.client.invitations.accept({ params: { token: invitation.token } })).toEqual({ ok: true });
    expect(await guest.client.accounts.get({ params })).toMatchObject({ name: 'Lab', role: 'member' });
    expect((await owner.client.accounts.members({ params })).map(({ user_id, role }) => [user_id, role])).toEqual([
      [guest.userId, 'member'],
      [owner.userId, 'admin'],
    ]);
    expect(await owner.client.accounts.updateMember({ params, body: { role: 'admin' } })).toMatchObject({ role: 'admin' });
    expect(await guest.client.accounts.get({ params })).toMatchObject({ role: 'admin' });
    await owner.client.accounts.removeMember({ params });
    expect(await errorOf(guest.client.accounts.get({ params }))).toMatchObject({ status: 404 });
    const last = { account_id, user_id: owner.userId };
    expect(await errorOf(owner.client.accounts.removeMember({ params: last }))).toEqual(apiError(409, 'conflict', 'last_admin'));
  });

  test('only the invited user can accept an invitation, once', async () => {
    const { owner, guest, account_id, invitation } = await invite();
    const [stranger, unverified] = [await register(), await register()];
    const early = await owner.client.invitations.create({ params: { account_id }, body: { email: unverified.email, role: 'member' } });
    const accepting = unverified.client.invitations.accept({ params: { token: early.token } });
    expect(await errorOf(accepting)).toEqual(apiError(403, 'auth.forbidden', 'email_not_verified'));
    await owner.client.invitations.revoke({ params: { invitation_id: early.id } }, { accountId: account_id });
    const params = { token: invitation.token };
    expect(await errorOf(stranger.client.invitations.accept({ params }))).toEqual(apiError(403, 'auth.forbidden', 'email_mismatch'));
    expect((await owner.client.invitations.list({ params: { account_id } })).map(({ id }) => id)).toEqual([invitation.id]);
    await guest.client.invitations.accept({ params });
    expect(await errorOf(guest.client.invitations.accept({ params }))).toEqual(apiError(409, 'conflict', 'already_accepted'));
    expect(await owner.client.invitations.list({ params: { account_id } })).toEqual([]);
    const revoking = owner.client.invitations.revoke({ params: { invitation_id: invitation.id } }, { accountId: account_id });
    expect(await errorOf(revoking)).toMatchObject({ status: 404 });
  });

  test('a deleted workspace is closed to all of its members', async () => {
    const { owner, guest, account_id, invitation } = await invite();
    await guest.client.invitations.accept({ params: { token: invitation.token } });
    const { slug } = await owner.client.accounts.get({ params: { account_id } });
    await owner.client.accounts.delete({ params: { account_id }, body: { slug } });
    expect(await errorOf(guest.client.accounts.get({ params: { account_id } }))).toMatchObject({ status: 404 });
  });

  test('an invite code stays the same for a day', async () => {
    const { client, userId } = await register();
    const made = await client.me.inviteCode();
    expect(made).toMatchObject({ user_id: userId, use_count: 0, is_active: true });
    expect(await client.me.inviteCode()).toEqual(made);
    expect(await errorOf(client.me.resetInviteCode({}, { maxRetries: 0 }))).toEqual(
      apiError(429, 'rate_limit', 'invite_code_reset_cooldown'),
    );
    expect(await errorOf(client.me.redeem({ body: { code: 'AAAA-AAAA-AAAA-AAAA' } }))).toMatchObject({ status: 404 });
  });
}
