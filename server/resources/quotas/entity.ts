import { defineEntity, p } from '@mikro-orm/core';

export const QuotaUsage = defineEntity({
  name: 'QuotaUsage',
  tableName: 'quota_usage',
  properties: {
    accountId: p.uuid().primary(),
    quota: p.enum(['attachments', 'events', 'messages', 'workspaces'] as const).primary(),
    used: p.bigint('number'),
  },
});
