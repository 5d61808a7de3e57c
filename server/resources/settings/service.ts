import type { SettingSchema } from '../../../contract/configSchema.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import type { Queryable } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import { seal } from '../../platform/crypto/seal.ts';
import { invalid, invalidField, notFound } from '../../platform/failure.ts';
import type { SettingRow } from './queries.ts';
import * as queries from './queries.ts';
import { type SettingKey, settingKeys, settingOf } from './registry.ts';
import { processEnvOf } from './settings.ts';
import { encryptionContext, isOfType, type Setting } from './types.ts';
import { mask, viewSchema, viewSetting } from './view.ts';

/** Internal keys that the settings API does not expose. */
const isReserved = (key: string) => /^(bootstrap|internal)\./.test(key);

export const listSettings = ({ db }: Scope): Promise<SettingRow[]> => db.rows(queries.selectSettings);

/** Throws 404 for reserved keys and for settings that are not stored. */
export async function findSetting({ db }: Scope, key: string): Promise<SettingRow> {
  const setting = isReserved(key) ? undefined : await db.row(queries.selectSetting, { key });
  if (!setting) throw notFound();
  return setting;
}

/** Throws 400 `unknown_setting_key` or `secret_required`, or 400 for an invalid value. */
export async function setSetting(scope: Scope, key: string, text: string): Promise<SettingRow> {
  if (isReserved(key)) throw notFound();
  const setting = settingOf(key);
  if (!setting) throw invalid([{ location: 'path', path: 'key', message: 'is not a setting' }], 'unknown_setting_key');
  if (setting.sensitive && text === mask) throw invalidField('/value', 'is what stands for the stored value', inconsistentValues.reason);
  if (!isOfType(setting.type, text) || !setting.schema.safeParse(text).success)
    throw invalidField('/value', `expected ${setting.expected}`, inconsistentValues.reason);
  await checkServer(scope, key as SettingKey, text);
  const before = await scope.tx.row(queries.lockSetting, { key });
  const after = await storeSetting(scope, key as SettingKey, text);
  scope.audit({ ...auditTarget(key), ...(before && { before: viewSetting(before) }), after: viewSetting(after) });
  return after;
}

/** Servers and the secrets that are sent to them. */
const secretsOfServers: { readonly [Server in SettingKey]?: SettingKey } = {
  'email.smtp_host': 'email.smtp_pass',
  'web_fetch.firecrawl_base_url': 'web_fetch.firecrawl_api_key',
};

/** Throws 400 `secret_required` for another server while a secret is stored, which would be sent to it. */
async function checkServer({ tx }: Scope, key: SettingKey, server: string): Promise<void> {
  const secret = secretsOfServers[key];
  if (secret === undefined) return;
  // Otherwise the secret could be stored meanwhile, for the server of before.
  await tx.row(queries.acquireSettingsLock);
  if (await hasOtherServer(tx, { key, secret, server }))
    throw invalidField('/value', `is another server: delete ${secret} first, and set it again afterwards`, 'secret_required');
}

type ServerChange = { key: SettingKey; secret: SettingKey; server: string };

/** Whether a secret is stored, for another server than the new one. */
export async function hasOtherServer(db: Queryable, { key, secret, server }: ServerChange): Promise<boolean> {
  const rows = await db.rows(queries.lockSettings, { keys: [key, secret] });
  const stored = rows.find((row) => row.key === key);
  return rows.some((row) => row.key === secret) && stored?.value !== settingOf(key)!.schema.parse(server);
}

/** Stores a valid value. The caller writes the audit entry. */
export async function storeSetting(scope: Scope, key: SettingKey, text: string): Promise<SettingRow> {
  const value = toStoredValue(scope.app.keys.encryptionKeys, key, settingOf(key)!, text);
  const stored = (await scope.tx.row(queries.upsertSetting, { key, value: JSON.stringify(value) }))!;
  invalidateCache(scope);
  return stored;
}

/** The stored form: typed, normalized, and encrypted if sensitive. */
function toStoredValue(encryptionKeys: Keyring, key: string, { type, schema, sensitive }: Setting, text: string): unknown {
  if (type === 'integer' || type === 'number') return Number(text) || 0;
  if (type === 'boolean') return text === 'true';
  const plain = String(schema.parse(text));
  return sensitive ? { sealed: seal(encryptionKeys, plain, encryptionContext(key)).toString('base64') } : plain;
}

/** Resets a setting to its default. Does nothing if it is not stored. */
export async function clearSetting(scope: Scope, key: string): Promise<void> {
  if (isReserved(key)) throw notFound();
  const before = await removeSetting(scope, key);
  if (before) scope.audit({ ...auditTarget(key), before: viewSetting(before) });
  else scope.skipAudit();
}

/** Deletes a stored value. The caller writes the audit entry. */
export async function removeSetting(scope: Scope, key: string): Promise<SettingRow | undefined> {
  const removed = await scope.tx.row(queries.deleteSetting, { key });
  if (removed) invalidateCache(scope);
  return removed;
}

const auditTarget = (key: string) => ({ accountId: null, targetId: key });
const invalidateCache = (scope: Scope) => scope.afterCommit(() => scope.app.cacheInvalidation.invalidate('settings', 'platform'));

/** Only platform admins see keys that accounts cannot override, and the environment. */
export function listSchemas({ permissions, app }: Scope): SettingSchema[] {
  const isAdmin = permissions.has('platform.admin');
  const visible = settingKeys.filter((key) => isAdmin || settingOf(key)!.scope === 'both');
  return visible.map((key) => viewSchema(key, isAdmin ? processEnvOf(app.database) : undefined));
}
