import { Migration } from '@mikro-orm/migrations';

/**
 * Referrals are rewarded when the invitee has verified their address, once per mailbox. Those of before are settled, and by the default of
 * `rewarded_at` those of processes of an earlier release, which pay at the registration. The index blocks writes to `users`
 * for about two seconds per million users.
 */
export class Migration00086 extends Migration {
  override up(): void {
    this.addSql(`
create function mailbox_of(email_key text) returns text language sql immutable parallel safe as $$
  select case when domain in ('gmail.com', 'googlemail.com') then replace(name, '.', '') || '@gmail.com' else name || '@' || domain end
  from (
    select substring(email_key from '@([^@]*)$') as domain, regexp_replace(regexp_replace(email_key, '@[^@]*$', ''), '(?<=.)[+].*$', '') as name
  ) address
$$;
create index users_mailbox on users (mailbox_of(email_key)) where email_key is not null;
alter table referrals add rewarded_at timestamptz(3) default now(), add mailbox_hash text;
update referrals set rewarded_at = created_at;
update referrals r set mailbox_hash = first.hash
from (
  select distinct on (1) encode(sha256(convert_to(mailbox_of(u.email_key), 'UTF8')), 'hex') as hash, r.id
  from referrals r join users u on u.id = r.invitee_user_id where u.email_key is not null order by 1, r.created_at, r.id
) first
where first.id = r.id;
create unique index referrals_mailbox on referrals (mailbox_hash);
create index referrals_rewarded on referrals (inviter_user_id, rewarded_at);
`);
  }

  override down(): void {
    this.addSql(`
drop index referrals_mailbox, referrals_rewarded, users_mailbox;
alter table referrals drop rewarded_at, drop mailbox_hash;
drop function mailbox_of;
`);
  }
}
