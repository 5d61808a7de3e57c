import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const AuditLogEntry = defineEntity({
  name: 'AuditLogEntry',
  tableName: 'audit_logs',
  properties: {
    id: p.uuid().primary(),
    accountId: p.uuid().nullable(),
    actorUserId: p.uuid().nullable(),
    action: p.text(),
    targetType: p.text(),
    targetId: p.text().nullable(),
    traceId: p.text(),
    metadata: p.json<Record<string, unknown>>().defaultRaw("'{}'::jsonb"),
    beforeState: p.json<Record<string, unknown>>().nullable(),
    afterState: p.json<Record<string, unknown>>().nullable(),
    ipAddress: p.text().nullable(),
    userAgent: p.text().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    {
      name: 'audit_logs_action',
      expression: "create index audit_logs_action on audit_logs (action, created_at desc, id desc) where (action > '')",
    },
    { name: 'audit_logs_actor', expression: 'create index audit_logs_actor on audit_logs (actor_user_id, created_at desc, id desc)' },
    {
      name: 'audit_logs_target',
      expression: "create index audit_logs_target on audit_logs (target_type, created_at desc, id desc) where (action > '')",
    },
    { name: 'audit_logs_list', expression: 'create index audit_logs_list on audit_logs (account_id, created_at desc, id desc)' },
    {
      name: 'audit_logs_newest',
      expression: "create index audit_logs_newest on audit_logs (created_at desc, id desc) where (action > '')",
    },
    {
      name: 'audit_logs_shown',
      expression: "create index audit_logs_shown on audit_logs (created_at desc, id desc) where (action > '' and action <> 'user.refresh')",
    },
  ],
});
