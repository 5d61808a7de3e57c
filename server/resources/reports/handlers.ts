import { reports } from '../../../contract/reports.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { findThread } from '../threads/service.ts';
import { findAnyThread, listReports, reportThread } from './service.ts';
import { viewReport } from './view.ts';

export const reportHandlers = implement(
  reports,
  { thread: findThread, '?thread_id': findAnyThread },
  {
    create: async ({ scope, loaded, body }) => {
      const { id, created_at } = await reportThread(scope, loaded.thread, body);
      return { status: 201, body: { id, created_at } };
    },
    list: async ({ scope, query }) => {
      const { rows, next } = await listReports(scope, query);
      return { status: 200, body: rows.map(viewReport), next };
    },
  },
);
