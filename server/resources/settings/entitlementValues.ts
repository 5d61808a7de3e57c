import type { NewEntitlement } from '../../../contract/plans.ts';
import type { Issue } from '../../../contract/shared/errors.ts';
import { seal } from '../../kernel/seal.ts';
import { settingOf } from './registry.ts';
import { mask } from './view.ts';

/** The value of an entitlement as the database holds it: its text, or that sealed when the key is sensitive. */
export type ValueRow = { key: string; value: string | null; value_sealed: Buffer | null };

/** What the registry has against an entitlement. Keys it does not know may have any value. */
export function entitlementProblems({ key, value, value_type: type }: NewEntitlement, pointer: string): Issue[] {
  const setting = settingOf(key);
  const issue = (field: string, message: string): Issue[] => [{ location: 'body', path: `${pointer}/${field}`, message }];
  if (!setting) return [];
  if (setting.type !== type) return issue('value_type', `must be ${setting.type}`);
  if (setting.sensitive && value === mask) return issue('value', 'is what stands for the stored value');
  return setting.scope === 'platform' || setting.read.safeParse(value).success ? [] : issue('value', `expected ${setting.expected}`);
}

/** The columns `value` and `value_sealed` of what belongs to `owner`: a plan or an account. */
export function storeValue(
  encryptionKey: Buffer,
  owner: string,
  { key, value }: NewEntitlement,
): [text: string | null, sealed: Buffer | null] {
  return settingOf(key)?.sensitive ? [null, seal(encryptionKey, value, `${owner}:${key}`)] : [value, null];
}

/** The value as it is shown. */
export const shownValue = ({ key, value }: ValueRow): string => (value === null || settingOf(key)?.sensitive ? mask : value);
