import { referrals } from '../../../contract/referrals.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { checkUserExists } from '../accounts/loaders.ts';
import { listReferrals, readTree } from './service.ts';
import { viewReferral, viewReferralNode } from './view.ts';

export const referralHandlers = implement(
  referrals,
  { '?user_id': checkUserExists, '?inviter_user_id': checkUserExists },
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listReferrals(scope, query);
      return { status: 200, body: rows.map(viewReferral), next };
    },
    tree: async ({ scope, query }) => ({ status: 200, body: (await readTree(scope, query.user_id)).map(viewReferralNode) }),
  },
);
