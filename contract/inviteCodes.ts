import { z } from 'zod';
import { InviteCode } from './me.ts';
import { changes, searchParam } from './shared/fields.ts';
import { adminPageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

/** An invite code with its owner. Login and email are null if the owner was deleted. */
export const OwnedInviteCode = InviteCode.extend({
  user_login: z.string().nullable().meta({ description: 'Login of the owner; null if they were deleted.' }),
  user_email: z.string().nullable().meta({ description: 'Email address of the owner; null if they have none or were deleted.' }),
}).meta({
  id: 'OwnedInviteCode',
  description: 'An invite code with its owner.',
});
export type OwnedInviteCode = z.infer<typeof OwnedInviteCode>;

export const InviteCodeChanges = changes({
  max_uses: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .meta({ description: '0 means unlimited. A limit below the current number of uses exhausts the code.' }),
  is_active: z.boolean().optional().meta({ description: 'Whether the code can be used.' }),
}).meta({ id: 'InviteCodeChanges', description: 'The fields of the code to change. At least one is required.' });
export type InviteCodeChanges = z.infer<typeof InviteCodeChanges>;

export const InviteCodesQuery = adminPageQuery({
  q: searchParam().optional().meta({ description: 'Matches part of the code, or of the login or email of its owner, ignoring case.' }),
});
export type InviteCodesQuery = z.infer<typeof InviteCodesQuery>;

const permission = 'platform.invite_codes.manage';

export const inviteCodes = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/invite-codes',
    summary: 'List invite codes, newest first',
    description: 'Shows who invites others, and how often each code was used.',
    query: InviteCodesQuery,
    responses: { 200: z.array(OwnedInviteCode) },
    metadata: { auth: 'platform', permission, pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/invite-codes/{code_id}',
    summary: 'Retrieve an invite code',
    description: 'Use this to check one code before you change it.',
    responses: { 200: OwnedInviteCode },
    metadata: { auth: 'platform', permission },
  },
  update: {
    method: 'PATCH',
    path: '/v1/admin/invite-codes/{code_id}',
    summary: 'Update the use limit of an invite code, or enable or disable it',
    description: 'Use this to stop the misuse of a code, or to allow more registrations. A user can have at most one active code.',
    body: InviteCodeChanges,
    responses: { 200: OwnedInviteCode },
    metadata: { auth: 'platform', permission, audit: ['invite_code.update', 'invite_code'], extraErrors: [409] },
  },
} as const satisfies Resource);
