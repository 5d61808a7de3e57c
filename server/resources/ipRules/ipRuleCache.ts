import type { Queryable } from '../../database/sql.ts';
import type { IpRules } from '../../http/access/accessTypes.ts';
import { ExpiringCache } from '../../http/cache.ts';
import { isWithin, type Network, parseNetwork } from '../../platform/network/addresses.ts';
import type { CacheInvalidation } from '../../pubsub/cacheInvalidation.ts';
import { type IpRuleRow, selectNetworks } from './queries.ts';

export type Networks = { readonly [type in IpRuleRow['type']]: readonly Network[] };

export async function readNetworks(sql: Queryable, accountId: string): Promise<Networks> {
  const rows = await sql.rows(selectNetworks, { accountId });
  const ofType = (type: IpRuleRow['type']) => rows.filter((row) => row.type === type).map(({ network }) => parseNetwork(network));
  return { allowlist: ofType('allowlist'), blocklist: ofType('blocklist') };
}

/** Whether the rules block an address: it is on the blocklist, or there is an allowlist without it. An unknown address is in no network. */
export const isBlocked = ({ allowlist, blocklist }: Networks, ip: string): boolean =>
  isWithin(ip, blocklist) || (allowlist.length > 0 && !isWithin(ip, allowlist));

/** If a notification is lost, a change takes effect after this time. Changes must take effect within 5 s in every process. */
const maxAgeMs = 4_000;
const maxAccounts = 20_000;

/**
 * Caches the rules of accounts until `changes` announces a change, and caches nothing while notifications are down. Rules that are not
 * cached are read from the database; if that fails, the check throws and the request is rejected.
 */
export function createIpRuleCache(sql: Queryable, changes: CacheInvalidation): IpRules {
  const memory = new ExpiringCache<Networks>(maxAccounts, maxAgeMs);
  memory.setEnabled(false);
  changes.onConnectionChange((up) => memory.setEnabled(up));
  changes.on('ip_rules', (accountId) => memory.invalidateOwner(accountId));
  return {
    cachedDecision(accountId, ip) {
      const rules = memory.get(accountId);
      return rules && isBlocked(rules, ip);
    },
    async isBlocked(accountId, ip) {
      const rules = memory.get(accountId) ?? (await memory.load(accountId, accountId, () => readNetworks(sql, accountId)))!;
      return isBlocked(rules, ip);
    },
  };
}
