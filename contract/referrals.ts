import { z } from 'zod';
import { Id, Time } from './shared/fields.ts';
import { adminPageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

const login = z.string().nullable().meta({ description: 'Null if the user was deleted.' });

export const Referral = z
  .object({
    id: Id.meta({ description: 'ID of the referral.' }),
    inviter_user_id: Id.meta({ description: 'The user whose code was used.' }),
    invitee_user_id: Id.meta({ description: 'The user who registered with it.' }),
    invite_code_id: Id.meta({ description: 'The code that was used.' }),
    credited: z.boolean().meta({
      description: 'Whether the inviter has received the reward.',
    }),
    created_at: Time.meta({ description: 'When the invitee registered.' }),
    inviter_login: login,
    invitee_login: login,
  })
  .meta({ id: 'Referral', description: "A registration with another user's invite code." });
export type Referral = z.infer<typeof Referral>;

export const ReferralNode = z
  .object({
    user_id: Id.meta({ description: 'The user.' }),
    login,
    inviter_id: Id.nullable().meta({ description: 'Null for the root.' }),
    depth: z.int().min(0).max(3).meta({ description: 'Distance from the root: 0 for the root itself.' }),
    created_at: Time.meta({ description: 'For the root, when the user was created; for the others, when they were referred.' }),
  })
  .meta({ id: 'ReferralNode', description: 'A user in the referral tree of another user.' });
export type ReferralNode = z.infer<typeof ReferralNode>;

export const ReferralsQuery = adminPageQuery({
  inviter_user_id: Id.optional().meta({ description: 'Return only referrals by this user.' }),
});
export type ReferralsQuery = z.infer<typeof ReferralsQuery>;

/** A larger tree is cut to the nodes nearest to the root. */
export const maxTreeNodes = 10_000;

const permission = 'platform.invite_codes.manage';

export const referrals = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/referrals',
    summary: 'List referrals, newest first',
    description: 'Each entry links an inviter to a user who registered with their code. For several levels, use the tree.',
    query: ReferralsQuery,
    responses: { 200: z.array(Referral) },
    metadata: { auth: 'platform', permission, pages: 'cursor', queryIds: { inviter_user_id: 'user' } },
  },
  tree: {
    method: 'GET',
    path: '/v1/admin/referrals/tree',
    summary: 'Retrieve the referral tree of a user, three levels deep',
    description: `Breadth-first, with each user once; at most ${maxTreeNodes} users. Use it to see who came through a user, directly and indirectly.`,
    query: z.object({ user_id: Id.meta({ description: 'The user at the root of the tree.' }) }),
    responses: { 200: z.array(ReferralNode) },
    metadata: { auth: 'platform', permission, queryIds: { user_id: 'user' }, report: true },
  },
} as const satisfies Resource);
