import type { FeatureFlagChanges, NewFeatureFlag } from '../../../contract/featureFlags.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { FlagRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewFlag } from './view.ts';

/** All flags, by key. */
export const listFlags = ({ read }: Scope): Promise<FlagRow[]> => read.rows(queries.selectFlags);

/** The flag a path names. */
export async function findFlag({ read }: Scope, key: string): Promise<FlagRow> {
  const flag = await read.row(queries.selectFlag, [key]);
  if (!flag) throw notFound();
  return flag;
}

/** Add a flag. Throws 409 `flag_exists`. */
export async function createFlag(scope: Scope, { key, description, default_value: value }: NewFeatureFlag): Promise<FlagRow> {
  const flag = await scope.tx.row(queries.insertFlag, [newId(), key, description ?? null, value]);
  if (!flag) throw refuse('conflict', 'flag_exists', 'There is a flag with this key.');
  scope.audit({ accountId: null, after: viewFlag(flag) });
  return flag;
}

/** Change a flag for all accounts that have no value of their own. */
export async function updateFlag(scope: Scope, { id }: FlagRow, { default_value, description }: FeatureFlagChanges): Promise<FlagRow> {
  const before = await scope.tx.row(queries.lockFlag, [id]);
  if (!before) throw notFound();
  const after = (await scope.tx.row(queries.updateFlag, [id, default_value ?? null, description ?? null]))!;
  scope.audit({ accountId: null, targetId: id, before: viewFlag(before), after: viewFlag(after) });
  return after;
}

/** Remove a flag with its overrides. Throws 409 `system_flag` for one that the platform itself asks. */
export async function deleteFlag(scope: Scope, flag: FlagRow): Promise<void> {
  if (flag.is_system) throw refuse('conflict', 'system_flag', 'The platform needs this flag.');
  const removed = await scope.tx.row(queries.deleteFlag, [flag.id]);
  if (!removed) throw notFound();
  scope.audit({ accountId: null, targetId: flag.id, before: viewFlag(removed) });
}
