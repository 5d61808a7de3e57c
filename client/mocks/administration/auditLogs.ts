import { type AuditEntry, entryFields, type auditLogs as routes } from '../../../contract/auditLogs.ts';
import type { RouteHandlers } from '../context.ts';
import { exportOf } from '../exports.ts';

export const auditLogs: RouteHandlers<typeof routes> = {
  // The mock writes no audit log.
  export: ({ query }) => exportOf<AuditEntry>('audit-log', [], entryFields, query.format),
};
