import type { SettingSchema } from '../../../contract/configSchema.ts';
import type { PlatformSetting } from '../../../contract/platformSettings.ts';
import type { SettingRow } from './queries.ts';
import { type SettingKey, settingOf } from './registry.ts';
import { textOf } from './resolve.ts';

/** What is shown of a sensitive value. */
export const mask = '******';

/** A setting as published; no sealed value is opened for it. */
export const viewSetting = ({ key, value, updated_at }: SettingRow): PlatformSetting => ({
  key,
  value: settingOf(key)?.sensitive ? mask : (textOf(key, value, undefined) ?? mask),
  updated_at,
});

/** What can be set, and what counts while nothing is. */
export function viewSchema(key: SettingKey): SettingSchema {
  const { type, preset, description, sensitive, scope } = settingOf(key)!;
  return { key, type, default: preset ?? (type === 'string' ? '' : null), description, sensitive, scope };
}
