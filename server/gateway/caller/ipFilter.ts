import type { Queryable } from '../../database/sql.ts';
import type { CacheInvalidation } from '../../pubsub/cacheInvalidation.ts';
import { createIpRuleCache } from '../../resources/ipRules/ipRuleCache.ts';
import type { RequestContext } from '../requestContext.ts';
import { withTimeout } from '../timeout.ts';
import type { Identity } from './identity.ts';

/** Whether the account's IP rules block a request. False if that cannot be decided in time: the API enforces the same rules. */
export type IpFilter = (context: RequestContext) => Promise<boolean>;

/** Routes without authentication. They have no account, even if a token is sent. */
export const publicPaths = /^\/v1\/((auth|bootstrap|s)\/|erasure-keys$)/;

export function ipFilter(source: { database: Queryable; changes: CacheInvalidation } | undefined): IpFilter {
  if (!source) return async () => false;
  const rules = createIpRuleCache(source.database, source.changes);
  return async (context) => {
    if (!isForOwnAccount(context)) return false;
    const { ip, identity } = context;
    return rules.cachedDecision(identity.accountId, ip) ?? (await withTimeout(rules.isBlocked(identity.accountId, ip))) === true;
  };
}

/** Whether the request is for the account of its token. False for platform admins and service keys. */
function isForOwnAccount({ identity, request, path }: RequestContext): boolean {
  if (identity.type === 'anonymous' || identity.serviceKeyId || identity.isPlatformAdmin || publicPaths.test(path)) return false;
  const named = [request.headers['x-account-id'], /^\/v1\/accounts\/([^/:]+)/.exec(path)?.[1]];
  return named.every((each) => each === undefined || isSame(each, identity));
}

const isSame = (id: string | string[], { accountId }: Identity) => `${id}`.toLowerCase() === accountId;
