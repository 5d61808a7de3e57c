import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const IpRule = defineEntity({
  name: 'IpRule',
  tableName: 'ip_rules',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    type: p.enum(['allowlist', 'blocklist'] as const),
    network: p.string().columnType('cidr'),
    note: p.text().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  uniques: [{ name: 'ip_rules_account_id_type_network_key', properties: ['accountId', 'type', 'network'] }],
  indexes: [{ name: 'ip_rules_list', expression: 'create index ip_rules_list on ip_rules (account_id, created_at desc, id desc)' }],
});
