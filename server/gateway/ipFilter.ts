import type { Changes } from '../kernel/changes.ts';
import type { Sql } from '../kernel/sql.ts';
import { watchIpRules } from '../resources/ipRules/guard.ts';
import type { Identity } from './identity.ts';
import { within } from './patience.ts';
import type { Visit } from './visit.ts';

/** Whether an account keeps a request out; what is not certain here is left to the API, which enforces the same rules. */
export type IpFilter = (visit: Visit) => Promise<boolean>;

/** Routes that nobody signs in for: the account is not established there, whatever token is sent along. */
export const open = /^\/v1\/(auth|bootstrap|s)\//;

/** The IP filter of a gateway (platform 13.4). */
export function ipFilter(source: { database: Sql; changes: Changes } | undefined): IpFilter {
  if (!source) return async () => false;
  const rules = watchIpRules(source.database, source.changes);
  return async (visit) => {
    if (!isOfOwnAccount(visit)) return false;
    const { ip, identity } = visit;
    return rules.recall(identity.accountId, ip) ?? (await within(rules.refuse(identity.accountId, ip))) === true;
  };
}

/** Whether a request is about the account of its token, and not by an admin of the platform. */
function isOfOwnAccount({ identity, request, path }: Visit): boolean {
  if (identity.type === 'anonymous' || identity.isPlatformAdmin || open.test(path)) return false;
  const named = [request.headers['x-account-id'], /^\/v1\/accounts\/([^/:]+)/.exec(path)?.[1]];
  return named.every((each) => each === undefined || isSame(each, identity));
}

const isSame = (id: string | string[], { accountId }: Identity) => `${id}`.toLowerCase() === accountId;
