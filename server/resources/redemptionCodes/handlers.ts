import { redemptionCodes } from '../../../contract/redemptionCodes.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { deactivateCode, findCode, issueCodes, listCodes } from './admin.ts';
import { viewIssuedCode } from './view.ts';

export const redemptionCodeHandlers = implement(
  redemptionCodes,
  { code: findCode },
  {
    createBatch: async ({ scope, body }) => ({ status: 201, body: (await issueCodes(scope, body)).map(viewIssuedCode) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await listCodes(scope, query);
      return { status: 200, body: rows.map(viewIssuedCode), next };
    },
    update: async ({ scope, loaded }) => ({ status: 200, body: viewIssuedCode(await deactivateCode(scope, loaded.code)) }),
  },
);
