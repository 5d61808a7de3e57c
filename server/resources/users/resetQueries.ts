import type { ChangedThing } from '../../kernel/changes.ts';
import { type Statement, statement } from '../../kernel/sql.ts';

export const deletePassword = statement<never>('update credentials set password_hash = null, updated_at = now() where user_id = $1');

/** Every session of the user $1 but $2. */
export const endSessions = statement<never>(`
  update sessions set revoked_at = now(), revoke_reason = 'address_verified'
  where user_id = $1 and id is distinct from $2::uuid and revoked_at is null`);

export const revokeKeys = statement<never>('update api_keys set revoked_at = now() where user_id = $1 and revoked_at is null');
export const deleteInvitations = statement<never>('delete from invitations where invited_by_user_id = $1 and accepted_at is null');
export const deleteShares = statement<never>('delete from thread_shares where created_by_user_id = $1');

/** Whom to tell, and how many accounts the user shares with others. */
export const selectTold = statement<{ home: string; email: string; locale: string | null; shared_accounts: number }>(`
  select a.id as home, u.email, u.locale, (
      select count(*)::int from memberships m join accounts s on s.id = m.account_id and s.deleted_at is null
      where m.user_id = u.id and exists (select from memberships o where o.account_id = m.account_id and o.user_id <> u.id)) as shared_accounts
  from users u join accounts a on a.owner_user_id = u.id and a.type = 'personal' where u.id = $1`);

/** The accounts of which the user is the only member. */
export const selectOwnAccounts = statement<{ account_id: string }>(`
  select m.account_id from memberships m where m.user_id = $1
    and not exists (select from memberships o where o.account_id = m.account_id and o.user_id <> m.user_id) order by m.account_id`);

/** What connects an account with the outside, instructs its models or keeps callers out, and the copies that a change makes stale. */
export const connections: readonly { end: Statement<never>; changed?: ChangedThing }[] = [
  {
    end: statement(`
      update webhook_endpoints set enabled = false, disabled_reason = 'manual',
        previous_secret_sealed = null, previous_secret_expires_at = null
      where account_id = $1 and enabled`),
  },
  {
    end: statement(
      'update mcp_configs set is_active = false, revision = revision + 1, updated_at = now() where account_id = $1 and is_active',
    ),
    changed: 'mcp_configs',
  },
  { end: statement('update tool_providers set is_active = false where account_id = $1 and is_active'), changed: 'tool_providers' },
  { end: statement('update personas set is_active = false, updated_at = now() where account_id = $1 and is_active'), changed: 'personas' },
  { end: statement('delete from llm_providers where account_id = $1') },
  { end: statement('delete from asr_credentials where account_id = $1') },
  { end: statement('delete from ip_rules where account_id = $1'), changed: 'ip_rules' },
];
