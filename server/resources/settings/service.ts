import { betweenValues } from '../../../contract/shared/fields.ts';
import { invalid, invalidField, notFound } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { seal } from '../../kernel/seal.ts';
import { hasForm, type Setting } from './kinds.ts';
import type { SettingRow } from './queries.ts';
import * as queries from './queries.ts';
import { type SettingKey, settingKeys, settingOf } from './registry.ts';
import { sealedFor } from './resolve.ts';
import { mask, viewSetting } from './view.ts';

/** What the installation keeps under these keys is no setting. */
const isReserved = (key: string) => /^(bootstrap|internal)\./.test(key);

/** What is set, by key. */
export const listSettings = ({ read }: Scope): Promise<SettingRow[]> => read.rows(queries.selectSettings);

/** A setting that is set. */
export async function findSetting({ read }: Scope, key: string): Promise<SettingRow> {
  const setting = isReserved(key) ? undefined : await read.row(queries.selectSetting, [key]);
  if (!setting) throw notFound();
  return setting;
}

/** Set a setting. Throws 400 `unknown_setting_key`, and for what is no value of it. */
export async function setSetting(scope: Scope, key: string, text: string): Promise<SettingRow> {
  if (isReserved(key)) throw notFound();
  const setting = settingOf(key);
  if (!setting) throw invalid([{ location: 'path', path: 'key', message: 'is not a setting' }], 'unknown_setting_key');
  if (setting.sensitive && text === mask) throw invalidField('/value', 'is what stands for the stored value');
  if (!hasForm(setting.type, text) || !setting.read.safeParse(text).success)
    throw invalidField('/value', `expected ${setting.expected}`, betweenValues.reason);
  const before = await scope.tx.row(queries.lockSetting, [key]);
  const after = await storeSetting(scope, key as SettingKey, text);
  scope.audit({ ...ofPlatform(key), ...(before && { before: viewSetting(before) }), after: viewSetting(after) });
  return after;
}

/** Keep a value that fits, for `setSetting` and for the routes that set several at once; the audit entry is theirs. */
export async function storeSetting(scope: Scope, key: SettingKey, text: string): Promise<SettingRow> {
  const value = storable(scope.app.keys.encryptionKey, key, settingOf(key)!, text);
  const stored = (await scope.tx.row(queries.upsertSetting, [key, JSON.stringify(value)]))!;
  tell(scope);
  return stored;
}

/** A value as it is stored: typed, in one spelling, and sealed when it is sensitive. */
function storable(encryptionKey: Buffer, key: string, { type, read, sensitive }: Setting, text: string): unknown {
  if (type === 'integer' || type === 'number') return Number(text) || 0;
  if (type === 'boolean') return text === 'true';
  const plain = String(read.parse(text));
  return sensitive ? { sealed: seal(encryptionKey, plain, sealedFor(key)).toString('base64') } : plain;
}

/** Return a setting to its default; nothing happens when it is not set. */
export async function clearSetting(scope: Scope, key: string): Promise<void> {
  if (isReserved(key)) throw notFound();
  const before = await removeSetting(scope, key);
  if (before) scope.audit({ ...ofPlatform(key), before: viewSetting(before) });
  else scope.skipAudit();
}

/** The counterpart of `storeSetting`. */
export async function removeSetting(scope: Scope, key: string): Promise<SettingRow | undefined> {
  const removed = await scope.tx.row(queries.deleteSetting, [key]);
  if (removed) tell(scope);
  return removed;
}

const ofPlatform = (key: string) => ({ accountId: null, targetId: key });
const tell = (scope: Scope) => scope.afterCommit(() => scope.app.changes.announce('settings', 'platform'));

/** The keys that the caller may know of. */
export const knownKeys = ({ permissions }: Scope): SettingKey[] =>
  settingKeys.filter((key) => permissions.has('platform.admin') || settingOf(key)!.scope === 'both');
