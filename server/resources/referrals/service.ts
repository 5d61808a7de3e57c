import { maxTreeNodes, type ReferralsQuery } from '../../../contract/referrals.ts';
import type { Scope } from '../../http/scope.ts';
import type { ReferralNodeRow } from './queries.ts';
import * as queries from './queries.ts';

export async function listReferrals({ app, db }: Scope, query: ReferralsQuery) {
  const { limit, before, cursor = before, inviter_user_id: inviterId = null } = query;
  return app.cursors.fetchPage(
    { limit, before: cursor },
    ['referrals', inviterId],
    (key) => db.rows(queries.selectReferrals, { inviterId, ...key }),
    (row) => [row.created_at, row.id],
  );
}

const maxDepth = 3;

/** A user and the users they referred, directly or indirectly, breadth first. */
export const readTree = ({ db }: Scope, userId: string): Promise<ReferralNodeRow[]> =>
  db.rows(queries.selectTree, { userId, steps: maxDepth, limit: maxTreeNodes });
