import { useQuery } from '@tanstack/react-query';
import { ApiError, type Me } from '../../../client/index.ts';
import { forgetAccount } from './account.ts';
import { client } from './session.ts';

/** The signed-in user, with role and permissions in the active account. */
export const useMe = () => useQuery({ queryKey: ['me'], queryFn: () => client.me.get().catch(leaveLostAccount), staleTime: 60_000 });

export const isPlatformAdmin = (me: Me) => me.role === 'platform_admin';

/** For the navigation and for buttons. The API enforces the permissions. */
export const may =
  (...permissions: readonly Me['permissions'][number][]) =>
  (me: Me): boolean =>
    permissions.every((permission) => me.permissions.includes(permission));

/** Whether the signed-in user has the permissions; false while it is not known. */
export function useMay(...permissions: readonly Me['permissions'][number][]): boolean {
  const me = useMe().data;
  return me !== undefined && may(...permissions)(me);
}

/**
 * Goes on in the account of the session if the chosen one was closed or the membership has ended, and in the personal one if that happened to the
 * account of the session.
 */
function leaveLostAccount(error: unknown): never {
  if (error instanceof ApiError && [403, 404].includes(error.status) && (forgetAccount() || error.reason === 'no_account_membership')) {
    sessionStorage.setItem(leftKey, 'true');
    location.reload();
  }
  throw error;
}

const leftKey = 'left account';

/** Whether the page was loaded anew because its account was lost. True once. */
export function takeLostAccount(): boolean {
  const isLost = sessionStorage.getItem(leftKey) !== null;
  sessionStorage.removeItem(leftKey);
  return isLost;
}
