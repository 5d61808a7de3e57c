import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { AccessGrant, NewUser } from './auth.ts';
import { Id, Time } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

export const BootstrapToken = z.object({ token: z.string(), expires_at: Time }).meta({ id: 'BootstrapToken' });
export type BootstrapToken = z.infer<typeof BootstrapToken>;

export const BootstrapTokenState = z
  .object({ valid: z.boolean(), expires_at: Time.optional().meta({ description: 'Present only for the current token.' }) })
  .meta({ id: 'BootstrapTokenState' });
export type BootstrapTokenState = z.infer<typeof BootstrapTokenState>;

export const PlatformSetup = z
  .strictObject({
    token: z.string().max(200),
    login: NewUser.shape.login,
    password: NewUser.shape.password,
    email: z.string().nullish(),
    locale: NewUser.shape.locale,
  })
  .meta({ id: 'PlatformSetup' });
export type PlatformSetup = z.infer<typeof PlatformSetup>;

export const PlatformAdmin = AccessGrant.extend({ user_id: Id }).meta({ id: 'PlatformAdmin' });

export const bootstrap = initContract().router({
  init: {
    method: 'POST',
    path: '/v1/bootstrap/init',
    summary: 'Create a setup token for the first platform admin',
    description:
      'Allowed only from loopback or with `X-Bootstrap-Secret`; otherwise the response is 404. A new token voids the previous one.',
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
    pathParams: z.object({ token: z.string().min(1).max(200) }),
    responses: { 200: BootstrapTokenState },
    metadata: { auth: 'public', trustedHostOnly: true },
  },
  setup: {
    method: 'POST',
    path: '/v1/bootstrap/setup',
    summary: 'Create the first platform admin',
    body: PlatformSetup,
    responses: { 201: PlatformAdmin },
    metadata: { auth: 'public', origin: true, trustedHostOnly: true, audit: ['platform.bootstrap', 'user'], extraErrors: [401, 409] },
  },
} as const satisfies Resource);
