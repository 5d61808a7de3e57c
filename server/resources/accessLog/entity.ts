import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const AccessLogEntry = defineEntity({
  name: 'AccessLogEntry',
  tableName: 'access_log',
  properties: {
    id: p.uuid().primary(),
    timestamp: timestamptz(),
    traceId: p.text(),
    method: p.text(),
    path: p.text(),
    statusCode: p.integer(),
    durationMs: p.integer(),
    clientIp: p.text(),
    country: p.text(),
    city: p.text(),
    userAgent: p.text(),
    uaType: p.enum(['browser', 'bot', 'tool', 'unknown'] as const),
    riskScore: p.decimal('number').precision(3).scale(2),
    identityType: p.enum(['user', 'api_key', 'anonymous'] as const),
    accountId: p.text(),
    userId: p.text(),
    serviceKeyId: p.text().default(''),
  },
});
