import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, Time } from './shared/fields.ts';
import { aliasedPageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

const login = z.string().nullable().meta({ description: 'Null once the user was deleted.' });

/** Who brought whom along, and with which code. */
export const Referral = z
  .object({
    id: Id,
    inviter_user_id: Id,
    invitee_user_id: Id,
    invite_code_id: Id,
    credited: z.boolean().meta({ description: 'Whether the inviter was paid.' }),
    created_at: Time,
    inviter_login: login,
    invitee_login: login,
  })
  .meta({ id: 'Referral' });
export type Referral = z.infer<typeof Referral>;

/** A user in the tree of those whom somebody brought along, directly or through others. */
export const ReferralNode = z
  .object({
    user_id: Id,
    login,
    inviter_id: Id.nullable().meta({ description: 'Null for the root.' }),
    depth: z.int().min(0).max(3),
    created_at: Time.meta({ description: 'When the root came to be; of the others, when they were referred.' }),
  })
  .meta({ id: 'ReferralNode' });
export type ReferralNode = z.infer<typeof ReferralNode>;

export const ReferralsQuery = aliasedPageQuery({ inviter_user_id: Id.optional() });
export type ReferralsQuery = z.infer<typeof ReferralsQuery>;

/** A tree has so many nodes at most, those nearest to the root. */
export const mostNodes = 10_000;

const permission = 'platform.invite_codes.manage';

/** Who brought whom along. */
export const referrals = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/referrals',
    summary: 'List referrals, newest first',
    query: ReferralsQuery,
    responses: { 200: z.array(Referral) },
    metadata: { auth: 'platform', permission, pages: 'cursor', queryIds: { inviter_user_id: 'user' } },
  },
  tree: {
    method: 'GET',
    path: '/v1/admin/referrals/tree',
    summary: 'Read whom a user brought along, and whom those did, three steps down',
    description: `Breadth first, each user once, ${mostNodes} at most.`,
    query: z.object({ user_id: Id }),
    responses: { 200: z.array(ReferralNode) },
    metadata: { auth: 'platform', permission, queryIds: { user_id: 'user' } },
  },
} as const satisfies Resource);
