import type { Keyring } from '../../platform/crypto/keyring.ts';
import { UnknownKeyError, unseal } from '../../platform/crypto/seal.ts';
import { registry, type SettingKey, settingKeys, settingOf, type Settings, variableOf } from './registry.ts';
import { encryptionContext, type Setting } from './types.ts';

/** A sensitive value as stored: ciphertext in base64. */
type Sealed = { sealed: string };

const isSealed = (value: unknown): value is Sealed =>
  typeof value === 'object' && value !== null && 'sealed' in value && typeof value.sealed === 'string';

/** The text of a stored value. Undefined if it is encrypted and `encryptionKeys` is missing or wrong. */
export function storedText(key: string, value: unknown, encryptionKeys: Keyring | undefined): string | undefined {
  if (isSealed(value)) return encryptionKeys && tryUnseal(encryptionKeys, Buffer.from(value.sealed, 'base64'), encryptionContext(key));
  if (value === null || value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Throws an `UnknownKeyError` if a stored value is encrypted with a key that is not in the ring. */
export function requireKey(key: string, value: unknown, encryptionKeys: Keyring): void {
  if (!isSealed(value)) return;
  try {
    unseal(encryptionKeys, Buffer.from(value.sealed, 'base64'), encryptionContext(key));
  } catch (error) {
    if (error instanceof UnknownKeyError) throw error;
  }
}

/** Decrypts a value; undefined if that fails. */
export function tryUnseal(encryptionKeys: Keyring, sealed: Buffer, owner: string): string | undefined {
  try {
    return unseal(encryptionKeys, sealed, owner).toString();
  } catch {
    return undefined;
  }
}

/**
 * Resolves all settings. The environment takes precedence over stored values, then defaults apply; `databaseFirst` swaps the first two. An
 * invalid value counts as unset.
 */
export function resolveSettings(stored: ReadonlyMap<string, string | undefined>, env: NodeJS.ProcessEnv): Settings {
  const resolve = (key: string, setting: Setting) => {
    const [fromEnv, fromStore] = [environmentText(key, setting, env), stored.get(key)];
    const order = setting.databaseFirst ? [fromStore, fromEnv] : [fromEnv, fromStore];
    return [...order, setting.defaultFrom?.(env) ?? setting.defaultText].reduce<unknown>(
      (found, text) => (found === undefined ? parseText(setting, text) : found),
      undefined,
    );
  };
  return Object.fromEntries(settingKeys.map((key) => [key, resolve(key, registry[key]) ?? null])) as Settings;
}

/** A blank value counts as unset. */
function environmentText(key: string, setting: Setting, env: NodeJS.ProcessEnv): string | undefined {
  const text = env[variableOf(key, setting)];
  return text?.trim() ? text : undefined;
}

/** Whether the environment determines the setting. Only for settings without `databaseFirst`. */
export const isSetByEnvironment = (key: SettingKey, env: NodeJS.ProcessEnv): boolean => environmentOf(key, env) !== undefined;

/** The environment variable that sets a setting. Undefined if it is not set, or invalid. */
export function environmentOf(key: SettingKey, env: NodeJS.ProcessEnv): { variable: string; text: string } | undefined {
  const setting: Setting = registry[key];
  const text = environmentText(key, setting, env);
  return text === undefined || parseText(setting, text) === undefined ? undefined : { variable: variableOf(key, setting), text };
}

const parseText = ({ schema }: Setting, text: string | null | undefined): unknown =>
  text === null || text === undefined ? undefined : schema.safeParse(text).data;

/** The value of an account entitlement; undefined if the setting applies to the platform only or the text is invalid. */
export function parseEntitlement(key: string, text: string): unknown {
  const setting = settingOf(key);
  return setting?.scope === 'both' ? parseText(setting, text) : undefined;
}

/** One line for each environment variable with an invalid value. Never contains the value. */
export const settingProblems = (env: NodeJS.ProcessEnv): string[] =>
  settingKeys.flatMap((key) => {
    const setting: Setting = registry[key];
    const variable = variableOf(key, setting);
    const text = environmentText(key, setting, env);
    return text === undefined || setting.schema.safeParse(text).success ? [] : [`${variable}: expected ${setting.expected}`];
  });
