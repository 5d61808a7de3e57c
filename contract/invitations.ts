import { z } from 'zod';
import { MemberRole } from './accounts.ts';
import { emailMeta, Id, Ok, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

const Token = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ description: '64 lowercase hex digits.' });

export const Invitation = z
  .object({
    id: Id.meta({ description: 'ID of the invitation.' }),
    account_id: Id.meta({ description: 'The workspace to join.' }),
    invited_by_user_id: Id.meta({ description: 'The admin who sent the invitation.' }),
    email: z.string().meta({ description: 'Address of the invited person. Only a user with this verified address can accept.' }),
    role: MemberRole.meta({ description: 'Role that the person receives.' }),
    expires_at: Time.meta({ description: 'The invitation cannot be accepted from this instant on, 7 days after its creation.' }),
    accepted_at: Time.nullable().meta({ description: 'When the person accepted; null until then.' }),
    created_at: Time.meta({ description: 'When the invitation was sent.' }),
  })
  .meta({ id: 'Invitation', description: 'An invitation to join a workspace, sent to an email address.' });
export type Invitation = z.infer<typeof Invitation>;

export const CreatedInvitation = Invitation.extend({
  token: Token.meta({ description: 'The token at the end of the link in the email. Returned only in this response.' }),
}).meta({ id: 'CreatedInvitation', description: 'A new invitation with its token.' });
export type CreatedInvitation = z.infer<typeof CreatedInvitation>;

export const NewInvitation = z
  .strictObject({
    email: z.string().meta({ ...emailMeta, description: 'An email address (RFC 5322 addr-spec) of 3 to 254 characters.' }),
    role: MemberRole.meta({ description: 'Role that the person receives when they accept.' }),
  })
  .meta({ id: 'NewInvitation', description: 'A person to invite, and their future role.' });
export type NewInvitation = z.infer<typeof NewInvitation>;

export const invitations = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/accounts/{account_id}/invitations',
    summary: 'Invite a person by email',
    description:
      'The invitation can be accepted for 7 days. It ends earlier if your role changes or your membership ends. The email contains a link with the token; if no email is configured, hand on the `token` yourself.',
    body: NewInvitation,
    responses: { 201: CreatedInvitation },
    metadata: {
      auth: 'user',
      permission: 'account.members.invite',
      quota: 'invitations',
      rateLimit: 'mail',
      audit: ['account_invitation.create', 'account_invitation'],
    },
  },
  list: {
    method: 'GET',
    path: '/v1/accounts/{account_id}/invitations',
    summary: 'List open invitations, newest first',
    description: 'Returns invitations that are neither accepted nor revoked nor expired. Tokens are not returned.',
    query: pageQuery(),
    responses: { 200: z.array(Invitation) },
    metadata: { auth: 'user', read: 'account.members.list', pages: 'cursor' },
  },
  accept: {
    method: 'POST',
    path: '/v1/account-invitations/{token}/accept',
    summary: 'Accept an invitation',
    description:
      'Your email address must be the invited one, and verified. The active account does not change. You become a member with the invited role: send `X-Account-Id` to act in the workspace.',
    pathParams: z.object({ token: Token }),
    body: null,
    responses: { 200: Ok },
    metadata: { auth: 'user', account: 'optional', audit: ['account_invitation.accept', 'account_invitation'] },
  },
  revoke: {
    method: 'DELETE',
    path: '/v1/account-invitations/{invitation_id}',
    summary: 'Revoke an invitation',
    description: 'The link in the email stops working. An accepted invitation cannot be revoked: remove the member instead.',
    body: null,
    responses: { 204: null },
    metadata: {
      auth: 'user',
      read: 'account.members.list',
      permission: 'account.members.revoke',
      audit: ['account_invitation.revoke', 'account_invitation'],
    },
  },
} as const satisfies Resource);
