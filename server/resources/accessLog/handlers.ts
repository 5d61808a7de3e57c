import { accessLog } from '../../../contract/accessLog.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { listEntries } from './service.ts';
import { viewPage } from './view.ts';

export const accessLogHandlers = implement(
  accessLog,
  {},
  { list: async ({ scope, query }) => ({ status: 200, body: viewPage(await listEntries(scope, query)) }) },
);
