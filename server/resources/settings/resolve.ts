import { unseal } from '../../kernel/seal.ts';
import type { Setting } from './kinds.ts';
import { registry, type SettingKey, type Settings, settingKeys, settingOf, variableOf } from './registry.ts';

/** A sensitive value as the database holds it: sealed, in base64. */
export type Sealed = { sealed: string };

const isSealed = (value: unknown): value is Sealed =>
  typeof value === 'object' && value !== null && 'sealed' in value && typeof value.sealed === 'string';

/** What a stored setting is sealed for. */
export const sealedFor = (key: string): string => `platform_setting:${key}`;

/** The text of a stored value; undefined for a sealed one that does not open, or that there is no key for. */
export function textOf(key: string, value: unknown, encryptionKey: Buffer | undefined): string | undefined {
  if (isSealed(value)) return encryptionKey && opened(encryptionKey, Buffer.from(value.sealed, 'base64'), sealedFor(key));
  if (value === null || value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What a sealed value says; undefined when it does not open. */
export function opened(encryptionKey: Buffer, sealed: Buffer, owner: string): string | undefined {
  try {
    return unseal(encryptionKey, sealed, owner).toString();
  } catch {
    return undefined;
  }
}

/** Every setting from what is stored, by key: environment > stored > default, and a text that does not fit counts as unset. */
export function resolveSettings(stored: ReadonlyMap<string, string | undefined>, env: NodeJS.ProcessEnv): Settings {
  const resolve = (key: string, setting: Setting) => {
    const [fromEnv, fromStore] = [environmentOf(key, setting, env), stored.get(key)];
    const order = setting.databaseFirst ? [fromStore, fromEnv] : [fromEnv, fromStore];
    return [...order, setting.preset].reduce<unknown>((found, text) => (found === undefined ? readText(setting, text) : found), undefined);
  };
  return Object.fromEntries(settingKeys.map((key) => [key, resolve(key, registry[key]) ?? null])) as Settings;
}

/** What the environment says of a setting, as it is written there; blank counts as unset. */
function environmentOf(key: string, setting: Setting, env: NodeJS.ProcessEnv): string | undefined {
  const text = env[variableOf(key, setting)];
  return text?.trim() ? text : undefined;
}

/** Whether it is the environment that gives a setting its value, where that counts more than what is stored. */
export const isFixed = (key: SettingKey, env: NodeJS.ProcessEnv): boolean =>
  readText(registry[key], environmentOf(key, registry[key], env)) !== undefined;

const readText = ({ read }: Setting, text: string | null | undefined): unknown =>
  text === null || text === undefined ? undefined : read.safeParse(text).data;

/** What an account has of its own instead of a setting of the platform; undefined where the platform alone decides, or the text does not fit. */
export function readOwn(key: string, text: string): unknown {
  const setting = settingOf(key);
  return setting?.scope === 'both' ? readText(setting, text) : undefined;
}

/** One line for every environment variable that sets a setting to a value it cannot have; never the value. */
export const settingProblems = (env: NodeJS.ProcessEnv): string[] =>
  settingKeys.flatMap((key) => {
    const setting: Setting = registry[key];
    const variable = variableOf(key, setting);
    const text = environmentOf(key, setting, env);
    return text === undefined || setting.read.safeParse(text).success ? [] : [`${variable}: expected ${setting.expected}`];
  });
