import { Migration } from '@mikro-orm/migrations';

/** Plans, subscriptions and entitlement overrides, and notifications for cache invalidation. */
export class Migration00012 extends Migration {
  override up(): void {
    for (const part of [plans, subscriptions, overrides, word]) this.addSql(part);
  }

  override down(): void {
    for (const part of undo) this.addSql(part);
  }
}

const plans = `
create table plans (
  id uuid primary key,
  name text not null,
  display_name text not null,
  created_at timestamptz(3) not null default now()
);
create unique index plans_name on plans (lower(name));
create index plans_list on plans (created_at desc, id desc);

create table plan_entitlements (
  plan_id uuid not null references plans (id) on delete cascade,
  key text not null,
  id uuid not null unique,
  value text,
  value_sealed bytea,
  value_type text not null check (value_type in ('integer', 'boolean', 'string')),
  primary key (plan_id, key),
  check (num_nonnulls(value, value_sealed) = 1)
);
`;

const subscriptions = `
create table subscriptions (
  account_id uuid not null references accounts (id),
  id uuid not null,
  plan_id uuid not null references plans (id),
  status text not null default 'active' check (status in ('active', 'cancelled', 'expired')),
  current_period_start timestamptz(3) not null,
  current_period_end timestamptz(3) not null,
  cancelled_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  unique (id),
  check (current_period_end > current_period_start)
);
create unique index subscriptions_active on subscriptions (account_id) where status = 'active';
create index subscriptions_list on subscriptions (created_at desc, id desc);
create index subscriptions_of_account on subscriptions (account_id, created_at desc, id desc);
create index subscriptions_of_plan on subscriptions (plan_id);
`;

const overrides = `
create table entitlement_overrides (
  account_id uuid not null references accounts (id),
  key text not null,
  id uuid not null unique,
  value text,
  value_sealed bytea,
  value_type text not null check (value_type in ('integer', 'boolean', 'string')),
  reason text,
  expires_at timestamptz(3),
  created_by_user_id uuid references users (id),
  created_at timestamptz(3) not null default now(),
  primary key (account_id, key),
  check (num_nonnulls(value, value_sealed) = 1)
);
`;

// Triggers send the notifications, so that changes made outside the API are announced too. The channel is that of server/pubsub/cacheInvalidation.ts.
const word = `
create function tell_settings() returns trigger language plpgsql as $$
begin
  perform pg_notify('arkloop_changes', 'settings platform');
  return null;
end $$;
create function tell_plans() returns trigger language plpgsql as $$
begin
  perform pg_notify('arkloop_changes', 'entitlements platform');
  return null;
end $$;
create function tell_entitlements() returns trigger language plpgsql as $$
begin
  perform pg_notify('arkloop_changes', 'entitlements ' || coalesce(new.account_id, old.account_id));
  return null;
end $$;
create trigger platform_settings_changed after insert or update or delete on platform_settings for each statement execute function tell_settings();
create trigger plan_entitlements_changed after insert or update or delete on plan_entitlements for each statement execute function tell_plans();
create trigger subscriptions_changed after insert or update or delete on subscriptions for each row execute function tell_entitlements();
create trigger entitlement_overrides_changed after insert or update or delete on entitlement_overrides
  for each row execute function tell_entitlements();
`;

const undo = [
  'drop trigger platform_settings_changed on platform_settings',
  'drop table entitlement_overrides, subscriptions, plan_entitlements, plans',
  'drop function tell_settings, tell_plans, tell_entitlements',
];
