import { adminOf } from './planSamples.ts';
import type { Maker } from './samples.ts';

export const newRedemptionCodes = () => ({ count: 1, type: 'credits', value: '5' });

export async function redemptionCodeOf({ world }: Maker): Promise<string> {
  const { token } = await adminOf(world);
  const { status, text, body } = await world.call('POST', '/v1/admin/redemption-codes/batch', { token, body: newRedemptionCodes() });
  if (status !== 201) throw new Error(`POST batch: ${status} ${text}`);
  return body[0].id;
}

/** The code of somebody who was just registered. */
export async function inviteCodeOf({ world }: Maker): Promise<string> {
  const { id } = await world.signUp();
  return (await world.sql('select id from invite_codes where user_id = $1', [id]))[0].id;
}

/** Somebody whom the maker brought along. */
export async function referralOf({ world, by }: Maker): Promise<string> {
  const { code } = (await world.call('GET', '/v1/me/invite-code', { token: by.token })).body;
  const { id } = await world.signUp({ invite_code: code });
  return (await world.sql('select id from referrals where invitee_user_id = $1', [id]))[0].id;
}
