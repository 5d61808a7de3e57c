import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, Time } from './shared/fields.ts';
import { permissions } from './shared/permissions.ts';
import type { Resource } from './shared/route.ts';

/** The signed-in user as seen from the active account. */
export const Me = z
  .object({
    id: Id,
    username: z.string(),
    login: z.string().nullable(),
    email: z.string().nullable(),
    email_verified: z.boolean(),
    email_verification_required: z.boolean(),
    timezone: z.string().nullable().meta({ description: 'IANA time zone.' }),
    account_timezone: z.string().nullable(),
    locale: z.string().nullable(),
    created_at: Time,
    account_id: Id,
    account_name: z.string(),
    role: z.string(),
    permissions: z.array(z.enum(permissions as [(typeof permissions)[number]])),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof Me>;

export const MeChanges = z
  .strictObject({
    username: NewName().optional(),
    timezone: z.string().trim().max(64).nullish().meta({ description: 'IANA time zone; null or empty clears.' }),
    locale: z.string().trim().max(35).nullish().meta({ description: 'BCP 47 tag; null or empty clears.' }),
  })
  .refine((changes) => Object.values(changes).some((value) => value !== undefined), 'name at least one field')
  .meta({ id: 'MeChanges' });
export type MeChanges = z.infer<typeof MeChanges>;

export const Profile = z
  .object({ username: z.string(), timezone: z.string().nullable(), locale: z.string().nullable() })
  .meta({ id: 'Profile' });
export type Profile = z.infer<typeof Profile>;

function NewName() {
  return z.string().meta({ description: 'Trimmed and normalised (NFKC); 1 to 256 bytes; no `@`, no control or format characters.' });
}

/** The signed-in user. */
export const me = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/me',
    summary: 'Read your profile, role and permissions',
    responses: { 200: Me },
    metadata: { auth: 'user' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/me',
    summary: 'Change your name, time zone or language',
    body: MeChanges,
    responses: { 200: Profile },
    metadata: { auth: 'user', audit: ['user.update', 'user'] },
  },
} as const satisfies Resource);
