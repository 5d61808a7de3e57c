import type { OwnedInviteCode } from '../../../contract/inviteCodes.ts';
import { statement } from '../../kernel/sql.ts';

/** An invite code with its owner; its columns are the fields that are published. */
export type OwnedCodeRow = OwnedInviteCode;

/** Who was deleted has neither login nor email any more. */
const owned = `
  select i.id, i.user_id, i.code, i.max_uses, i.use_count, i.is_active, i.created_at, c.login as user_login, u.email as user_email
  from invite_codes i left join users u on u.id = i.user_id and u.status <> 'deleted' left join credentials c on c.user_id = u.id`;

/** Newest first, from the sort key ($2, $3) on; $1: what code, login or email contain, as a pattern. */
export const selectCodes = statement<OwnedCodeRow>(`${owned}
  where ($1::text is null or i.code ilike $1 or c.login ilike $1 or u.email ilike $1 or c.login_key like $5 or u.email_key like $5)
    and ($2::timestamptz is null or (i.created_at, i.id) < ($2::timestamptz, $3::uuid))
  order by i.created_at desc, i.id desc limit $4`);

export const selectCode = statement<OwnedCodeRow>(`${owned} where i.id = $1`);

/** The state of a code, which the use of it waits for. */
export const lockCode = statement<{ max_uses: number; is_active: boolean }>(
  'select max_uses, is_active from invite_codes where id = $1 for no key update',
);

export const selectOtherActive = statement<{ id: string }>('select id from invite_codes where user_id = $1 and is_active and id <> $2');

export const updateCode = statement<never>('update invite_codes set max_uses = $2, is_active = $3 where id = $1');
