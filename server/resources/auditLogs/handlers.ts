import { auditLogs } from '../../../contract/auditLogs.ts';
import { implement } from '../../http/implement.ts';
import { findAccount, findActor, listEntries } from './service.ts';
import { viewEntry } from './view.ts';

export const auditLogHandlers = implement(
  auditLogs,
  { '?account_id': findAccount, '?actor_user_id': findActor },
  {
    list: async ({ scope, query }) => {
      const { entries, total } = await listEntries(scope, query);
      return { status: 200, body: { data: entries.map(viewEntry), total } };
    },
  },
);
