import { statement } from '../../kernel/sql.ts';

/** A rule as it is stored. The network is in CIDR notation, without host bits. */
export type IpRuleRow = {
  account_id: string;
  id: string;
  type: 'allowlist' | 'blocklist';
  network: string;
  note: string | null;
  created_at: string;
};

const columns = 'account_id, id, type, network, note, created_at';

/** What is asked of a client's address: every rule of the account $1. */
export const selectNetworks = statement<Pick<IpRuleRow, 'type' | 'network'>>('select type, network from ip_rules where account_id = $1');

/** Newest first, from the sort key ($2, $3) on. */
export const selectRules = statement<IpRuleRow>(`
  select ${columns} from ip_rules
  where account_id = $1 and ($2::timestamptz is null or (created_at, id) < ($2::timestamptz, $3::uuid))
  order by created_at desc, id desc limit $4`);

export const selectRule = statement<IpRuleRow>(`select ${columns} from ip_rules where account_id = $1 and id = $2`);

/** Whoever changes the rules of an account waits here for his turn. */
export const lockAccount = statement<{ id: string }>('select id from accounts where id = $1 for no key update');

/** Nothing is added when the account has the rule. */
export const insertRule = statement<IpRuleRow>(`
  insert into ip_rules (account_id, id, type, network, note) values ($1, $2, $3, $4, $5)
  on conflict (account_id, type, network) do nothing returning ${columns}`);

export const deleteRule = statement<IpRuleRow>(`delete from ip_rules where account_id = $1 and id = $2 returning ${columns}`);
