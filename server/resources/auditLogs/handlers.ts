import { auditLogs } from '../../../contract/auditLogs.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { recheckOf } from '../../http/pipeline/recheck.ts';
import { checkAccountFilter, checkActorFilter, exportEntries, listEntries } from './service.ts';
import { viewEntry } from './view.ts';

export const auditLogHandlers = implement(
  auditLogs,
  { '?account_id': checkAccountFilter, '?actor_user_id': checkActorFilter },
  {
    list: async ({ scope, query }) => {
      const { entries, total, isExact } = await listEntries(scope, query);
      return { status: 200, body: { data: entries.map(viewEntry), total, total_is_exact: isExact } };
    },
    export: ({ scope, query, signal, authenticated }) =>
      exportEntries(scope, query, { closed: signal(), recheck: recheckOf(auditLogs.export, authenticated) }),
  },
);
