import { z } from 'zod';
import { AccessGrant, NewUser } from './auth.ts';
import { Id, Time } from './shared/fields.ts';
import { initContract, type Resource } from './shared/route.ts';

export const BootstrapToken = z
  .object({
    token: z.string().meta({ description: 'Send this with `POST /v1/bootstrap/setup`. Returned only in this response.' }),
    expires_at: Time.meta({ description: 'The token is invalid from this instant on, 30 minutes after its creation.' }),
  })
  .meta({ id: 'BootstrapToken', description: 'A setup token.' });
export type BootstrapToken = z.infer<typeof BootstrapToken>;

export const BootstrapTokenState = z
  .object({
    valid: z.boolean().meta({ description: 'Whether the platform admin can be created with the token.' }),
    expires_at: Time.optional().meta({ description: 'Present only for the current token.' }),
  })
  .meta({ id: 'BootstrapTokenState', description: 'Whether a setup token is valid.' });
export type BootstrapTokenState = z.infer<typeof BootstrapTokenState>;

export const PlatformSetup = z
  .strictObject({
    token: z.string().max(200).meta({ description: 'The setup token.' }),
    login: NewUser.shape.login,
    password: NewUser.shape.password,
    email: z.string().nullish().meta({ description: 'Email address; null or omitted for none.' }),
    locale: NewUser.shape.locale,
  })
  .meta({ id: 'PlatformSetup', description: 'The data for creating the first platform admin.' });
export type PlatformSetup = z.infer<typeof PlatformSetup>;

export const PlatformAdmin = AccessGrant.extend({ user_id: Id.meta({ description: 'ID of the new user.' }) }).meta({
  id: 'PlatformAdmin',
  description: 'The new platform admin, signed in.',
});

export const bootstrap = initContract().router({
  init: {
    method: 'POST',
    path: '/v1/bootstrap/init',
    summary: 'Create a setup token for the first platform admin',
    description:
      'Allowed only from loopback or with `X-Bootstrap-Secret`; otherwise the response is 404. A new token voids the previous one. Next, call `POST /v1/bootstrap/setup` with the token within 30 minutes.',
    body: null,
    responses: { 201: BootstrapToken },
    metadata: {
      auth: 'public',
      origin: true,
      trustedHostOnly: true,
      audit: ['platform.bootstrap_init', 'platform'],
      extraErrors: [404, 409],
    },
  },
  verify: {
    method: 'GET',
    path: '/v1/bootstrap/verify/{token}',
    summary: 'Check whether a setup token is valid',
    description: 'Use this before you show the setup form. The response is 200 for every token. After the setup, no token is valid.',
    pathParams: z.object({ token: z.string().min(1).max(200).meta({ description: 'The setup token.' }) }),
    responses: { 200: BootstrapTokenState },
    metadata: { auth: 'public', trustedHostOnly: true },
  },
  setup: {
    method: 'POST',
    path: '/v1/bootstrap/setup',
    summary: 'Create the first platform admin',
    description:
      'Registers the user with a personal account, in every registration mode, and opens a session. It works once: afterwards the response is 409 `already_initialized`.',
    body: PlatformSetup,
    responses: { 201: PlatformAdmin },
    metadata: { auth: 'public', origin: true, trustedHostOnly: true, audit: ['platform.bootstrap', 'user'], extraErrors: [401, 409] },
  },
} as const satisfies Resource);
