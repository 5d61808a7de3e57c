import { z } from 'zod';
import { Time } from './shared/fields.ts';
import { initContract, type Resource } from './shared/route.ts';

export const PlatformSetting = z
  .object({
    key: z.string().meta({ description: 'Key of the setting, such as `app.base_url`.' }),
    value: z.string().meta({ description: 'The stored value as text.' }),
    updated_at: Time.meta({ description: 'When the value was last set.' }),
  })
  .meta({ id: 'PlatformSetting', description: 'A stored setting. Sensitive values read `******`.' });
export type PlatformSetting = z.infer<typeof PlatformSetting>;

export const PlatformSettingValue = z
  .strictObject({ value: z.string().trim().min(1).max(65_536).meta({ description: "The value as text, in the setting's type." }) })
  .meta({ id: 'PlatformSettingValue', description: 'The value to set.' });
export type PlatformSettingValue = z.infer<typeof PlatformSettingValue>;

const pathParams = z.object({
  key: z.string().min(1).max(200).meta({ description: 'Key of the setting, such as `app.base_url`. See `GET /v1/config/schema`.' }),
});

/** The environment takes precedence over these settings, except for gateway settings. */
export const platformSettings = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/platform-settings',
    summary: 'List stored settings by key',
    description:
      'Settings that are not stored have their default: see `GET /v1/config/schema`. An environment variable takes precedence over a stored value.',
    responses: { 200: z.array(PlatformSetting) },
    metadata: { auth: 'platform' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/platform-settings/{key}',
    pathParams,
    summary: 'Retrieve a stored setting',
    description: 'Returns the stored value, not the default. A setting that is not stored is 404.',
    responses: { 200: PlatformSetting },
    metadata: { auth: 'platform' },
  },
  set: {
    method: 'PUT',
    path: '/v1/admin/platform-settings/{key}',
    pathParams,
    summary: 'Set the value of a setting',
    description: 'Takes effect in all processes within seconds. An environment variable takes precedence, except for gateway settings.',
    body: PlatformSettingValue,
    responses: { 200: PlatformSetting },
    metadata: { auth: 'platform', audit: ['platform_setting.set', 'platform_setting'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/admin/platform-settings/{key}',
    pathParams,
    summary: 'Reset a setting to its default',
    description: 'Deletes the stored value. Repeating the request has no effect.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['platform_setting.delete', 'platform_setting'] },
  },
} as const satisfies Resource);
