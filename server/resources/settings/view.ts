import type { SettingSchema } from '../../../contract/configSchema.ts';
import type { PlatformSetting } from '../../../contract/platformSettings.ts';
import type { SettingRow } from './queries.ts';
import { type SettingKey, settingOf } from './registry.ts';
import { storedText } from './resolve.ts';

/** Replaces a sensitive value in responses. */
export const mask = '******';

/** Does not decrypt sensitive values. */
export const viewSetting = ({ key, value, updated_at }: SettingRow): PlatformSetting => ({
  key,
  value: settingOf(key)?.sensitive ? mask : (storedText(key, value, undefined) ?? mask),
  updated_at,
});

export function viewSchema(key: SettingKey): SettingSchema {
  const { type, defaultText, description, sensitive, scope } = settingOf(key)!;
  return { key, type, default: defaultText ?? (type === 'string' ? '' : null), description, sensitive, scope };
}
