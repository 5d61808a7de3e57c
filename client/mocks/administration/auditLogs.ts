import { AuditEntry, type auditLogs as routes } from '../../../contract/auditLogs.ts';
import type { RouteHandlers } from '../context.ts';
import { exportOf } from '../exports.ts';

const states: readonly string[] = ['before_state', 'after_state'];
const columns = (Object.keys(AuditEntry.shape) as (keyof AuditEntry)[]).filter((name) => !states.includes(name));

export const auditLogs: RouteHandlers<typeof routes> = {
  // The mock writes no audit log.
  export: ({ query }) => exportOf<AuditEntry>('audit-log', [], columns, query.format),
};
