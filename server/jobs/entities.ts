import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../database/columns.ts';

export const Worker = defineEntity({
  name: 'Worker',
  tableName: 'workers',
  properties: {
    id: p.uuid().primary(),
    version: p.text(),
    capabilities: p.array<string>().columnType('text[]'),
    startedAt: timestamptz().defaultRaw('now()'),
    lastSeenAt: timestamptz().defaultRaw('now()'),
  },
});
