import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import type { Resource } from './shared/route.ts';

/** A setting and its default. */
export const SettingSchema = z
  .object({
    key: z.string(),
    type: z.enum(['string', 'integer', 'number', 'boolean']),
    default: z.string().nullable().meta({ description: 'Default value as text; null if there is no default.' }),
    description: z.string(),
    sensitive: z.boolean(),
    scope: z.enum(['both', 'platform']).meta({ description: '`both`: plans and overrides can change the value for an account.' }),
  })
  .meta({ id: 'SettingSchema' });
export type SettingSchema = z.infer<typeof SettingSchema>;

export const configSchema = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/config/schema',
    summary: 'List available settings by key',
    description: 'Users who are not platform admins see only the settings that plans and overrides can change.',
    responses: { 200: z.array(SettingSchema) },
    metadata: { auth: 'user' },
  },
} as const satisfies Resource);
