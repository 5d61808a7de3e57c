import { Migration } from '@mikro-orm/migrations';

/** Invite codes, referrals, redemption codes and feature flags. */
export class Migration00005 extends Migration {
  override up(): void {
    for (const part of [inviteCodes, redemptionCodes, featureFlags, references]) this.addSql(part);
  }

  override down(): void {
    this.addSql('drop table referrals, invite_codes, redemptions, redemption_codes, feature_flag_overrides, feature_flags');
    this.addSql('drop index credit_transactions_list, credit_transactions_reference');
    // Each referral has credited two accounts by now, as it should. Only the earlier reference types are unique again.
    this.addSql(`create unique index credit_transactions_reference on credit_transactions (reference_type, reference_id, type)
      where reference_type in ('initial_grant', 'run')`);
  }
}

const inviteCodes = `
create table invite_codes (
  id uuid primary key,
  user_id uuid not null references users (id),
  code text not null unique,
  max_uses integer not null default 0 check (max_uses >= 0),
  use_count integer not null default 0,
  is_active boolean not null default true,
  created_at timestamptz(3) not null default now()
);
create unique index invite_codes_active on invite_codes (user_id) where is_active;
create index invite_codes_newest on invite_codes (user_id, created_at desc);

create table referrals (
  id uuid primary key,
  inviter_user_id uuid not null references users (id),
  invitee_user_id uuid not null unique references users (id),
  invite_code_id uuid not null references invite_codes (id),
  credited boolean not null default false,
  created_at timestamptz(3) not null default now()
);
create index referrals_inviter on referrals (inviter_user_id, created_at);
create index referrals_code on referrals (invite_code_id);
`;

const redemptionCodes = `
create table redemption_codes (
  id uuid primary key,
  code text not null unique,
  type text not null check (type in ('credits', 'feature')),
  value text not null,
  max_uses integer not null default 1 check (max_uses > 0),
  use_count integer not null default 0 check (use_count <= max_uses),
  expires_at timestamptz(3),
  is_active boolean not null default true,
  batch_id text,
  created_by_user_id uuid references users (id),
  created_at timestamptz(3) not null default now()
);
create index redemption_codes_list on redemption_codes (created_at desc, id desc);

create table redemptions (
  account_id uuid not null references accounts (id),
  code_id uuid not null references redemption_codes (id),
  user_id uuid not null references users (id),
  created_at timestamptz(3) not null default now(),
  primary key (code_id, user_id)
);
`;

// Includes the flags that the platform itself uses. Existing rows keep their values.
const featureFlags = `
create table feature_flags (
  id uuid primary key,
  key text not null unique,
  description text,
  default_value boolean not null,
  supports_account_overrides boolean not null default true,
  is_system boolean not null default false,
  created_at timestamptz(3) not null default now()
);

create table feature_flag_overrides (
  account_id uuid not null references accounts (id),
  flag_id uuid not null references feature_flags (id) on delete cascade,
  enabled boolean not null,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, flag_id)
);
create index feature_flag_overrides_flag on feature_flag_overrides (flag_id);

insert into feature_flags (id, key, description, default_value, supports_account_overrides, is_system) values
  ('01990000-0000-7000-8000-000000000001', 'registration.enabled', 'Whether anybody can register.', true, false, true),
  ('01990000-0000-7000-8000-000000000002', 'registration.open', 'Whether registering needs no invite code.', true, false, true),
  ('01990000-0000-7000-8000-000000000003', 'auth.require_email_verification', 'Whether a password is of use only once the email address is verified.', false, false, true)
on conflict (key) do nothing;
`;

// A referral credits two accounts, and several users of an account may redeem the same code (`redemptions` limits each user to one redemption).
// References are therefore unique only within an account.
const references = `
drop index credit_transactions_reference;
create unique index credit_transactions_reference on credit_transactions (reference_type, reference_id, account_id, type)
  where reference_type in ('initial_grant', 'admin_bulk_adjust', 'admin_reset', 'referral', 'run');
create index credit_transactions_list on credit_transactions (account_id, created_at desc, id desc);
`;
