import { statement } from '../../database/statement.ts';
import type { ResourceLoader } from '../../http/pipeline/implement.ts';
import type { Scope } from '../../http/scope.ts';
import { Failure, notFound } from '../../platform/failure.ts';
import { accountNotFound, requireAccount } from './requireAccount.ts';

const selectAnyAccount = statement<{ id: string }>({ isShort: true })((db, $) =>
  db.selectFrom('accounts').select('id').where('id', '=', $.id),
);
const selectAnyUser = statement<{ id: string }>({ isShort: true })((db, $) => db.selectFrom('users').select('id').where('id', '=', $.id));

/** Checks that an account exists and is not closed. For routes of platform admins. */
export const checkAccountOpen: ResourceLoader<void> = ({ db }, id) => requireAccount(db, id);

/** Checks that an account exists, closed or not: its records remain. For routes of platform admins. */
export const checkAccountExists: ResourceLoader<void> = async ({ db }, id) => {
  if (!(await db.row(selectAnyAccount, { id }))) throw accountNotFound();
};

/** Checks that a user exists, deleted or not: their records remain. For routes of platform admins. */
export const checkUserExists: ResourceLoader<void> = async ({ db }, id) => {
  if (!(await db.row(selectAnyUser, { id }))) throw notFound();
};

/** Throws 403 unless the caller is a platform admin. */
export function requirePlatformAdmin({ permissions }: Pick<Scope, 'permissions'>): void {
  if (!permissions.has('platform.admin'))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: 'platform.admin' });
}
