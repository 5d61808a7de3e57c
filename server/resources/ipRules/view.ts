import type { IpRule } from '../../../contract/ipRules.ts';
import type { IpRuleRow } from './queries.ts';

export const viewRule = ({ id, account_id, type, network, note, created_at }: IpRuleRow): IpRule => ({
  id,
  account_id,
  type,
  cidr: network,
  note,
  created_at,
});
