import type { NewEntitlement } from '../../../contract/plans.ts';
import type { Issue } from '../../../contract/shared/errors.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import { ToolGroup } from '../../../contract/toolProviders.ts';
import { rejectServiceKey } from '../../http/access/rejectServiceKey.ts';
import type { Scope } from '../../http/scope.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import { seal } from '../../platform/crypto/seal.ts';
import { settingOf } from './registry.ts';
import { mask } from './view.ts';

/** An entitlement value as stored. `value` is null if the key is sensitive; `value_sealed` is its ciphertext. */
export type EntitlementValueRow = { key: string; value: string | null; value_sealed: Buffer | null };

/** Validates an entitlement against the registry. Unknown keys accept any value. */
export function entitlementProblems({ key, value, value_type: type }: NewEntitlement, pointer: string): Issue[] {
  const setting = settingOf(key);
  const issue = (field: string, message: string): Issue[] => [
    { location: 'body', path: `${pointer}/${field}`, message, reason: inconsistentValues.reason },
  ];
  if (!setting) return [];
  if (setting.type !== type) return issue('value_type', `must be ${setting.type}`);
  if (setting.sensitive && value === mask) return issue('value', 'is what stands for the stored value');
  return setting.scope === 'platform' || setting.schema.safeParse(value).success ? [] : issue('value', `expected ${setting.expected}`);
}

/**
 * Throws 403 for a service key if one of the settings is sensitive or of a tool: the provider and the URL of a tool decide where requests of runs go, and
 * with which key. Unknown settings of tools count too, because a later version may know them.
 */
export function rejectKeyForTools(scope: Pick<Scope, 'actor'>, entitlements: readonly { key: string }[]): void {
  const closed = entitlements.find(
    ({ key }) => settingOf(key)?.sensitive || ToolGroup.options.some((group) => key.startsWith(`${group}.`)),
  );
  if (closed) rejectServiceKey(scope, `A service key cannot change the setting ${closed.key}.`);
}

/** Returns the columns `value` and `value_sealed`. `owner` identifies the plan or account in the associated data of the encryption. */
export function valueColumns(
  encryptionKeys: Keyring,
  owner: string,
  { key, value }: NewEntitlement,
): [text: string | null, sealed: Buffer | null] {
  return settingOf(key)?.sensitive ? [null, seal(encryptionKeys, value, `${owner}:${key}`)] : [value, null];
}

/** The value for the API; sensitive values are masked. */
export const maskedValue = ({ key, value }: EntitlementValueRow): string => (value === null || settingOf(key)?.sensitive ? mask : value);
