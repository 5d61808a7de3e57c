import type { IpRule } from '../../../contract/ipRules.ts';
import type { IpRuleRow } from './queries.ts';

/** A rule as it is published. */
export const viewRule = ({ id, account_id, type, network, note, created_at }: IpRuleRow): IpRule => ({
  id,
  account_id,
  type,
  cidr: network,
  note,
  created_at,
});
