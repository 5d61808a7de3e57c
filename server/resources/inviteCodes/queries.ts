import { statement } from '../../kernel/sql.ts';

/** The code with which a user invites others. */
export type InviteCodeRow = {
  id: string;
  user_id: string;
  code: string;
  max_uses: number;
  use_count: number;
  is_active: boolean;
  created_at: string;
};

const columns = 'id, user_id, code, max_uses, use_count, is_active, created_at';

/** Nothing comes back when the code is taken, or the user has an active one. */
export const insertCode = statement<InviteCodeRow>(`
  insert into invite_codes (id, user_id, code, max_uses) values ($1, $2, $3, $4) on conflict do nothing returning ${columns}`);

export const selectActive = statement<InviteCodeRow>(`select ${columns} from invite_codes where user_id = $1 and is_active`);

/** One more use, if there is one left and the inviter is still somebody. */
export const useCode = statement<{ id: string; user_id: string }>(`
  update invite_codes c set use_count = use_count + 1
  where code = $1 and is_active and (max_uses = 0 or use_count < max_uses)
    and exists (select from users u where u.id = c.user_id and u.status = 'active')
  returning id, user_id`);

/** The codes of a user change one after the other, under this lock. */
export const lockOwner = statement<{ status: string }>('select status from users where id = $1 for no key update');

/** The newest code of a user, active or not, and how many seconds are left until it is a day old. */
export const selectNewest = statement<{ id: string; left: number }>(`
  select id, extract(epoch from created_at + interval '24 hours' - clock_timestamp())::float8 as left
  from invite_codes where user_id = $1 order by created_at desc, id desc limit 1`);

export const deactivateCodes = statement<never>('update invite_codes set is_active = false where user_id = $1 and is_active');
