import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { AccessGrant, NewUser } from './auth.ts';
import { Id, Time } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

export const BootstrapToken = z.object({ token: z.string(), expires_at: Time }).meta({ id: 'BootstrapToken' });
export type BootstrapToken = z.infer<typeof BootstrapToken>;

export const BootstrapTokenState = z
  .object({ valid: z.boolean(), expires_at: Time.optional().meta({ description: 'Only for the current token.' }) })
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

/** The first platform admin. */
export const bootstrap = initContract().router({
  init: {
    method: 'POST',
    path: '/v1/bootstrap/init',
    summary: 'Make a setup token for the first platform admin',
    description: 'Only from loopback, or with `X-Bootstrap-Secret`; 404 otherwise. A new token voids the one before.',
    body: null,
    responses: { 201: BootstrapToken },
    metadata: { auth: 'public', origin: true, ownHost: true, audit: ['platform.bootstrap_init', 'platform'], also: [404, 409] },
  },
  verify: {
    method: 'GET',
    path: '/v1/bootstrap/verify/{token}',
    summary: 'Read whether a setup token is good',
    pathParams: z.object({ token: z.string().min(1).max(200) }),
    responses: { 200: BootstrapTokenState },
    metadata: { auth: 'public', ownHost: true },
  },
  setup: {
    method: 'POST',
    path: '/v1/bootstrap/setup',
    summary: 'Create the first platform admin',
    body: PlatformSetup,
    responses: { 201: PlatformAdmin },
    metadata: { auth: 'public', origin: true, ownHost: true, audit: ['platform.bootstrap', 'user'], also: [401, 409] },
  },
} as const satisfies Resource);
