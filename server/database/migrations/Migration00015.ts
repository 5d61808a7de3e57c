import { Migration } from '@mikro-orm/migrations';

/** Indexes for the lists of codes and referrals that administrators read, and constraints that guard against server bugs. */
export class Migration00015 extends Migration {
  override up(): void {
    for (const part of [lists, rules]) this.addSql(part);
  }

  override down(): void {
    this.addSql(back);
  }
}

// The list of one inviter has the same order as the list of all.
const lists = `
create index invite_codes_list on invite_codes (created_at desc, id desc);
create index referrals_list on referrals (created_at desc, id desc);
drop index referrals_inviter;
create index referrals_inviter on referrals (inviter_user_id, created_at desc, id desc);
`;

const rules = `
alter table invite_codes add constraint invite_codes_used check (use_count >= 0);
alter table redemption_codes add constraint redemption_codes_used check (use_count >= 0);
alter table referrals add constraint referrals_two_people check (inviter_user_id <> invitee_user_id);
`;

const back = `
alter table referrals drop constraint referrals_two_people;
alter table redemption_codes drop constraint redemption_codes_used;
alter table invite_codes drop constraint invite_codes_used;
drop index referrals_inviter;
create index referrals_inviter on referrals (inviter_user_id, created_at);
drop index referrals_list, invite_codes_list;
`;
