import { accessLog } from '../../../contract/accessLog.ts';
import { implement } from '../../http/implement.ts';
import { listLines } from './service.ts';
import { viewPage } from './view.ts';

export const accessLogHandlers = implement(
  accessLog,
  {},
  { list: async ({ scope, query }) => ({ status: 200, body: viewPage(await listLines(scope, query)) }) },
);
