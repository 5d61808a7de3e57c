import { runDetails } from '../../../contract/runDetails.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { readRunDetails } from './service.ts';
import { viewRunDetails } from './view.ts';

export const runDetailsHandlers = implement(
  runDetails,
  {},
  { get: async ({ scope, params }) => ({ status: 200, body: viewRunDetails(await readRunDetails(scope, params.run_id)) }) },
);
