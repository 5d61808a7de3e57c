import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Time } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

/** A stored setting. Sensitive values read `******`. */
export const PlatformSetting = z.object({ key: z.string(), value: z.string(), updated_at: Time }).meta({ id: 'PlatformSetting' });
export type PlatformSetting = z.infer<typeof PlatformSetting>;

export const PlatformSettingValue = z
  .strictObject({ value: z.string().trim().min(1).max(65_536).meta({ description: "The value as text, in the setting's type." }) })
  .meta({ id: 'PlatformSettingValue' });
export type PlatformSettingValue = z.infer<typeof PlatformSettingValue>;

const pathParams = z.object({ key: z.string().min(1).max(200) });

/** The environment takes precedence over these settings, except for gateway settings. */
export const platformSettings = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/platform-settings',
    summary: 'List stored settings by key',
    responses: { 200: z.array(PlatformSetting) },
    metadata: { auth: 'platform' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/platform-settings/{key}',
    pathParams,
    summary: 'Retrieve a stored setting',
    responses: { 200: PlatformSetting },
    metadata: { auth: 'platform' },
  },
  set: {
    method: 'PUT',
    path: '/v1/admin/platform-settings/{key}',
    pathParams,
    summary: 'Set the value of a setting',
    body: PlatformSettingValue,
    responses: { 200: PlatformSetting },
    metadata: { auth: 'platform', audit: ['platform_setting.set', 'platform_setting'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/admin/platform-settings/{key}',
    pathParams,
    summary: 'Reset a setting to its default',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['platform_setting.delete', 'platform_setting'] },
  },
} as const satisfies Resource);
