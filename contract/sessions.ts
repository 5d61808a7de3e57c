import { z } from 'zod';
import { Id, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const SignInMethod = z.enum(['password', 'email_otp', 'oidc', 'passkey']).meta({
  id: 'SignInMethod',
  description: 'How a session was opened: with a password, an emailed code, an identity provider (`oidc`), or a passkey.',
});

export const UserSession = z
  .object({
    id: Id.meta({ description: 'ID of the session, for ending it.' }),
    is_current: z.boolean().meta({ description: 'Whether this request was made in the session.' }),
    account_id: Id.meta({ description: 'The active account of the session.' }),
    method: SignInMethod.meta({ description: 'How the user signed in.' }),
    device: z
      .string()
      .nullable()
      .meta({ description: 'Browser or program and operating system, derived from `user_agent`; null if they are not recognized.' }),
    user_agent: z.string().nullable().meta({ description: 'The `User-Agent` header at sign-in. It is not verified.' }),
    ip_address: z.string().nullable().meta({ description: 'The client address at sign-in.' }),
    created_at: Time.meta({ description: 'When the user signed in.' }),
    last_used_at: Time.meta({
      description: 'When the session was last refreshed. It may have been used since, for the lifetime of an access token.',
    }),
    expires_at: Time.meta({ description: 'When the session expires unless it is refreshed before.' }),
  })
  .meta({ id: 'UserSession', description: 'A device or program on which a user is signed in.' });
export type UserSession = z.infer<typeof UserSession>;

/** The sign-ins of the caller. */
export const sessions = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/me/sessions',
    summary: 'List your sessions, newest first',
    description: 'Returns the sessions in which you are signed in, from all your accounts. Ended and expired sessions are left out.',
    query: pageQuery(),
    responses: { 200: z.array(UserSession) },
    metadata: { auth: 'user', account: 'optional', pages: 'cursor' },
  },
  deleteOthers: {
    method: 'DELETE',
    path: '/v1/me/sessions',
    summary: 'End all your other sessions',
    description:
      'Use this if a device was lost. The session of this request continues, and API keys remain valid. To end this session too, call `POST /v1/auth/logout` with `all`.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', account: 'optional', audit: ['session.end_others', 'user'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/me/sessions/{session_id}',
    summary: 'End one of your sessions',
    description:
      'Its access and refresh tokens are rejected from now on, in all processes within a second, and its event streams end. It can be the session of this request.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', account: 'optional', audit: ['session.end', 'session'] },
  },
} as const satisfies Resource);
