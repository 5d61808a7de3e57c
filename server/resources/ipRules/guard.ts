import { Memory } from '../../http/memory.ts';
import type { IpRules } from '../../kernel/access.ts';
import { isWithin, type Network, parseNetwork } from '../../kernel/addresses.ts';
import type { Changes } from '../../kernel/changes.ts';
import type { Sql } from '../../kernel/sql.ts';
import { type IpRuleRow, selectNetworks } from './queries.ts';

/** The networks that an account lets in, and those that it keeps out. */
export type Networks = { readonly [type in IpRuleRow['type']]: readonly Network[] };

/** The rules of an account as they are now. */
export async function readNetworks(sql: Sql, accountId: string): Promise<Networks> {
  const rows = await sql.rows(selectNetworks, [accountId]);
  const ofType = (type: IpRuleRow['type']) => rows.filter((row) => row.type === type).map(({ network }) => parseNetwork(network));
  return { allowlist: ofType('allowlist'), blocklist: ofType('blocklist') };
}

/** Whether rules refuse an address: it is kept out, or others are let in and it is not. An address that is not known is in no network. */
export const isRefused = ({ allowlist, blocklist }: Networks, ip: string): boolean =>
  isWithin(ip, blocklist) || (allowlist.length > 0 && !isWithin(ip, allowlist));

/** A change that was announced and not heard is seen after so many milliseconds all the same; the specification allows 5 s (platform 0). */
const lifeMs = 4_000;
const mostAccounts = 20_000;

/** The rules of accounts, remembered for as long as `changes` tells what is old. What is not remembered is read: without a database nobody passes. */
export function watchIpRules(sql: Sql, changes: Changes): IpRules {
  const memory = new Memory<Networks>(mostAccounts, lifeMs);
  memory.enable(false);
  changes.onState((up) => memory.enable(up));
  changes.on('ip_rules', (accountId) => memory.forget(accountId));
  return {
    recall(accountId, ip) {
      const rules = memory.get(accountId);
      return rules && isRefused(rules, ip);
    },
    async refuse(accountId, ip) {
      const rules = memory.get(accountId) ?? (await memory.load(accountId, accountId, () => readNetworks(sql, accountId)))!;
      return isRefused(rules, ip);
    },
  };
}
