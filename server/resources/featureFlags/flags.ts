import type { FeatureFlagChanges, NewFeatureFlag } from '../../../contract/featureFlags.ts';
import { rejectServiceKey } from '../../http/access/rejectServiceKey.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import type { FlagRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewFlag } from './view.ts';

export const listFlags = ({ db }: Scope): Promise<FlagRow[]> => db.rows(queries.selectFlags);

export async function findFlag({ db }: Scope, key: string): Promise<FlagRow> {
  const flag = await db.row(queries.selectFlag, { key });
  if (!flag) throw notFound();
  return flag;
}

/** Throws 409 `flag_exists`. */
export async function createFlag(scope: Scope, { key, description, default_value: value }: NewFeatureFlag): Promise<FlagRow> {
  const flag = await scope.tx.row(queries.insertFlag, { id: newId(), key, description: description ?? null, defaultValue: value });
  if (!flag) throw failWith('conflict', 'flag_exists', 'There is a flag with this key.');
  scope.audit({ accountId: null, after: viewFlag(flag) });
  return flag;
}

/** Flags of the platform itself decide who can register and sign in. Throws 403 for a service key. */
export function rejectKeyForSystemFlag(scope: Scope, { key, is_system: isSystem }: FlagRow): void {
  if (isSystem) rejectServiceKey(scope, `A service key cannot change the flag ${key} of the platform.`);
}

/** Affects all accounts without an override. */
export async function updateFlag(scope: Scope, flag: FlagRow, { default_value, description }: FeatureFlagChanges): Promise<FlagRow> {
  rejectKeyForSystemFlag(scope, flag);
  const { id } = flag;
  const before = await scope.tx.row(queries.lockFlag, { id });
  if (!before) throw notFound();
  const after = (await scope.tx.row(queries.updateFlag, { id, defaultValue: default_value ?? null, description: description ?? null }))!;
  scope.audit({ accountId: null, targetId: id, before: viewFlag(before), after: viewFlag(after) });
  return after;
}

/** Deletes a flag with its overrides. Throws 409 `system_flag` for a flag that the platform itself uses. */
export async function deleteFlag(scope: Scope, flag: FlagRow): Promise<void> {
  rejectKeyForSystemFlag(scope, flag);
  if (flag.is_system) throw failWith('conflict', 'system_flag', 'The platform needs this flag.');
  const removed = await scope.tx.row(queries.deleteFlag, { id: flag.id });
  if (!removed) throw notFound();
  scope.audit({ accountId: null, targetId: flag.id, before: viewFlag(removed) });
}
