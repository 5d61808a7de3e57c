import { referrals } from '../../../contract/referrals.ts';
import { implement } from '../../http/implement.ts';
import { listReferrals, readTree } from './service.ts';
import { viewReferral, viewReferralNode } from './view.ts';

export const referralHandlers = implement(
  referrals,
  {},
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listReferrals(scope, query);
      return { status: 200, body: rows.map(viewReferral), next };
    },
    tree: async ({ scope, query }) => ({ status: 200, body: (await readTree(scope, query.user_id)).map(viewReferralNode) }),
  },
);
