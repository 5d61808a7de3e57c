import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Time } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

/** A setting as it is stored; a sensitive value reads `******`. */
export const PlatformSetting = z.object({ key: z.string(), value: z.string(), updated_at: Time }).meta({ id: 'PlatformSetting' });
export type PlatformSetting = z.infer<typeof PlatformSetting>;

export const PlatformSettingValue = z
  .strictObject({ value: z.string().trim().min(1).max(65_536).meta({ description: 'The text of a value of the setting’s type.' }) })
  .meta({ id: 'PlatformSettingValue' });
export type PlatformSettingValue = z.infer<typeof PlatformSettingValue>;

const pathParams = z.object({ key: z.string().min(1).max(200) });

/** Settings of the installation; the environment counts more, except for those of the gateway. */
export const platformSettings = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/platform-settings',
    summary: 'List what is set, by key',
    responses: { 200: z.array(PlatformSetting) },
    metadata: { auth: 'platform' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/platform-settings/{key}',
    pathParams,
    summary: 'Read a setting that is set',
    responses: { 200: PlatformSetting },
    metadata: { auth: 'platform' },
  },
  set: {
    method: 'PUT',
    path: '/v1/admin/platform-settings/{key}',
    pathParams,
    summary: 'Set a setting',
    body: PlatformSettingValue,
    responses: { 200: PlatformSetting },
    metadata: { auth: 'platform', audit: ['platform_setting.set', 'platform_setting'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/admin/platform-settings/{key}',
    pathParams,
    summary: 'Return a setting to its default',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['platform_setting.delete', 'platform_setting'] },
  },
} as const satisfies Resource);
