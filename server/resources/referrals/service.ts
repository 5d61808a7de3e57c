import { mostNodes, type ReferralsQuery } from '../../../contract/referrals.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { ReferralNodeRow } from './queries.ts';
import * as queries from './queries.ts';

/** Referrals, newest first. */
export async function listReferrals({ app, read }: Scope, query: ReferralsQuery) {
  const { limit, before, cursor = before, inviter_user_id: inviter = null } = query;
  const list = ['referrals', inviter];
  const [createdAt = null, id = null] = app.cursors.open(cursor, list) ?? [];
  const rows = await read.rows(queries.selectReferrals, [inviter, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

const mostSteps = 3;

/** A user and those they referred, directly or through others, breadth first. */
export const readTree = ({ read }: Scope, userId: string): Promise<ReferralNodeRow[]> =>
  read.rows(queries.selectTree, [userId, mostSteps, mostNodes]);
