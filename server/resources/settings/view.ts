import type { SettingSchema } from '../../../contract/configSchema.ts';
import type { PlatformSetting } from '../../../contract/platformSettings.ts';
import type { SettingRow } from './queries.ts';
import { type SettingKey, settingOf } from './registry.ts';
import { environmentOf, storedText } from './resolve.ts';

/** Replaces a sensitive value in responses. */
export const mask = '******';

/** Does not decrypt sensitive values. */
export const viewSetting = ({ key, value, updated_at }: SettingRow): PlatformSetting => ({
  key,
  value: settingOf(key)?.sensitive ? mask : (storedText(key, value, undefined) ?? mask),
  updated_at,
});

/** Without `env`, the environment is not shown. */
export function viewSchema(key: SettingKey, env: NodeJS.ProcessEnv | undefined): SettingSchema {
  const { type, format = null, defaultText, defaultFrom, description, sensitive, scope, databaseFirst } = settingOf(key)!;
  const set = env && environmentOf(key, env);
  return {
    key,
    type,
    format,
    default: (env && defaultFrom?.(env)) ?? defaultText ?? (type === 'string' ? '' : null),
    description,
    sensitive,
    scope,
    environment: set ? { variable: set.variable, value: sensitive ? mask : set.text.trim(), takes_precedence: !databaseFirst } : null,
  };
}
