import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { InviteCode } from './me.ts';
import { oneOrMore, searchParam, someField } from './shared/fields.ts';
import { aliasedPageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

/** An invite code with its owner, who has neither login nor email once he was deleted. */
export const OwnedInviteCode = InviteCode.extend({ user_login: z.string().nullable(), user_email: z.string().nullable() }).meta({
  id: 'OwnedInviteCode',
});
export type OwnedInviteCode = z.infer<typeof OwnedInviteCode>;

export const InviteCodeChanges = z
  .strictObject({
    max_uses: z.int().min(0).max(1_000_000).optional().meta({ description: '0: unlimited. Fewer than it was used: used up.' }),
    is_active: z.boolean().optional(),
  })
  .refine(...someField)
  .meta(oneOrMore)
  .meta({ id: 'InviteCodeChanges' });
export type InviteCodeChanges = z.infer<typeof InviteCodeChanges>;

export const InviteCodesQuery = aliasedPageQuery({
  q: searchParam().optional().meta({ description: 'Part of the code, or of the login or email of its owner, in either case.' }),
});
export type InviteCodesQuery = z.infer<typeof InviteCodesQuery>;

const permission = 'platform.invite_codes.manage';

/** The invite codes of all users. */
export const inviteCodes = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/invite-codes',
    summary: 'List invite codes, newest first',
    query: InviteCodesQuery,
    responses: { 200: z.array(OwnedInviteCode) },
    metadata: { auth: 'platform', permission, pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/invite-codes/{code_id}',
    summary: 'Read an invite code',
    responses: { 200: OwnedInviteCode },
    metadata: { auth: 'platform', permission },
  },
  update: {
    method: 'PATCH',
    path: '/v1/admin/invite-codes/{code_id}',
    summary: 'Change how often an invite code can be used, or switch it on or off',
    description: 'A user has one active code at most.',
    body: InviteCodeChanges,
    responses: { 200: OwnedInviteCode },
    metadata: { auth: 'platform', permission, audit: ['invite_code.update', 'invite_code'], also: [409] },
  },
} as const satisfies Resource);
