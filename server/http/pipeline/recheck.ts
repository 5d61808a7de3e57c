import type { Route } from '../../../contract/shared/route.ts';
import type { AccountAccess } from '../access/accessTypes.ts';
import type { AuthenticatedRequest } from '../scope.ts';
import { checkPermission } from './operation.ts';

/**
 * Checks whether the caller may still call the route, for a response that takes long. Makes the checks of a new request: credential, account, IP rules,
 * second factor, permissions. Only an access token may have expired. Throws 401, 403 or 404.
 */
export type Recheck = () => Promise<AccountAccess>;

export const recheckOf =
  (route: Route, authenticated: AuthenticatedRequest): Recheck =>
  async () => {
    const access = await authenticated.recheckAccess({ expired: 'accept' });
    checkPermission(route, { ...authenticated, access });
    return access!;
  };

/** Changes of access end long responses within five seconds. */
const recheckMs = 4_000;

/** Passes the chunks on as long as the caller has access, and throws as `recheck` when access has ended. */
export async function* whileAllowed<Chunk>(chunks: AsyncIterable<Chunk>, recheck: Recheck): AsyncGenerator<Chunk> {
  let checkedAt = performance.now();
  for await (const chunk of chunks) {
    if (performance.now() - checkedAt >= recheckMs) {
      await recheck();
      checkedAt = performance.now();
    }
    yield chunk;
  }
}
