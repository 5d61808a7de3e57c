import type { Lookup } from '../../http/implement.ts';
import { Failure, notFound } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { statement } from '../../kernel/sql.ts';
import { accountNotFound, demandAccount } from './existing.ts';

const selectAnyAccount = statement<{ id: string }>('select id from accounts where id = $1');
const selectAnyUser = statement<{ id: string }>('select id from users where id = $1');

/** An account of the platform that is not closed. For platform admins. */
export const openAccount: Lookup<void> = ({ read }, id) => demandAccount(read, id);

/** An account of the platform, closed ones included: their records remain. For platform admins. */
export const anyAccount: Lookup<void> = async ({ read }, id) => {
  if (!(await read.row(selectAnyAccount, [id]))) throw accountNotFound();
};

/** A user of the platform, deleted ones included: their records remain. For platform admins. */
export const anyUser: Lookup<void> = async ({ read }, id) => {
  if (!(await read.row(selectAnyUser, [id]))) throw notFound();
};

/** Throws 403 unless the caller is a platform admin. */
export function demandPlatformAdmin({ permissions }: Pick<Scope, 'permissions'>): void {
  if (!permissions.has('platform.admin'))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: 'platform.admin' });
}
