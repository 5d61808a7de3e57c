import type { Account, Member } from '../../../contract/accounts.ts';
import { readTimeZone } from '../auth/fields.ts';
import type { MemberRow } from './memberQueries.ts';
import type { AccountRow } from './queries.ts';

/** A stored time zone that is no longer valid is published as null. */
export const viewAccount = (row: AccountRow): Account => ({
  id: row.id,
  slug: row.slug,
  name: row.name,
  type: row.type,
  status: row.status,
  timezone: readTimeZone(row.timezone) ?? null,
  low_credit_threshold: row.low_credit_threshold,
  second_factor_required_from: row.second_factor_required_from,
  role: row.role,
  created_at: row.created_at,
});

const secondFactorOf = (row: MemberRow) => (row.second_factor_at !== null ? 'authenticator_app' : row.has_passkey ? 'passkey' : 'none');

export const viewMember = (row: MemberRow): Member => ({
  account_id: row.account_id,
  user_id: row.user_id,
  username: row.username,
  email: row.email,
  role: row.role,
  second_factor: secondFactorOf(row),
  created_at: row.created_at,
});
