import { dashboard } from '../../../contract/dashboard.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { readDashboard } from './service.ts';
import { viewDashboard } from './view.ts';

export const dashboardHandlers = implement(
  dashboard,
  {},
  { get: async ({ scope }) => ({ status: 200, body: viewDashboard(await readDashboard(scope)) }) },
);
