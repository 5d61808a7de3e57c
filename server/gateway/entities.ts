import { defineEntity, p } from '@mikro-orm/core';

export const Gateway = defineEntity({
  name: 'Gateway',
  tableName: 'gateways',
  properties: {
    id: p.uuid().primary(),
    seenAt: p.string().columnType('timestamptz'),
  },
});
