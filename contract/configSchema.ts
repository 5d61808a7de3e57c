import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import type { Resource } from './shared/route.ts';

/** What can be set, and what counts while nothing is. */
export const SettingSchema = z
  .object({
    key: z.string(),
    type: z.enum(['string', 'integer', 'number', 'boolean']),
    default: z.string().nullable().meta({ description: 'The text of the value; null where unset means neither.' }),
    description: z.string(),
    sensitive: z.boolean(),
    scope: z.enum(['both', 'platform']).meta({ description: '`both`: plans and overrides may say otherwise for an account.' }),
  })
  .meta({ id: 'SettingSchema' });
export type SettingSchema = z.infer<typeof SettingSchema>;

/** What can be set. */
export const configSchema = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/config/schema',
    summary: 'List what can be set, by key',
    description: 'Those who are no admin of the platform see what plans and overrides may set.',
    responses: { 200: z.array(SettingSchema) },
    metadata: { auth: 'user' },
  },
} as const satisfies Resource);
