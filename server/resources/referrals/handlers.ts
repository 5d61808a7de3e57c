import { referrals } from '../../../contract/referrals.ts';
import { implement } from '../../http/implement.ts';
import { anyUser } from '../accounts/lookups.ts';
import { listReferrals, readTree } from './service.ts';
import { viewReferral, viewReferralNode } from './view.ts';

export const referralHandlers = implement(
  referrals,
  { '?user_id': anyUser, '?inviter_user_id': anyUser },
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listReferrals(scope, query);
      return { status: 200, body: rows.map(viewReferral), next };
    },
    tree: async ({ scope, query }) => ({ status: 200, body: (await readTree(scope, query.user_id)).map(viewReferralNode) }),
  },
);
