import { Migration } from '@mikro-orm/migrations';

/** Core tables: users, accounts, sessions, threads, messages, runs and their events, model providers, audit log. */
export class Migration00001 extends Migration {
  override up(): void {
    for (const part of [identity, secretsOfUsers, conversations, runTables, models, books]) this.addSql(part);
  }

  override down(): void {
    throw new Error('the first migration cannot be undone: drop the database instead');
  }
}

const identity = `
create table users (
  id uuid primary key,
  status text not null default 'active' check (status in ('active', 'suspended', 'deleted')),
  username text not null,
  email text,
  email_verified_at timestamptz(3),
  locale text,
  timezone text,
  is_platform_admin boolean not null default false,
  tokens_invalid_before timestamptz(3) not null default 'epoch',
  last_login_at timestamptz(3),
  created_at timestamptz(3) not null default now()
);
create unique index users_email on users (lower(email)) where status <> 'deleted';

create table accounts (
  id uuid primary key,
  slug text not null unique,
  name text not null,
  type text not null check (type in ('personal', 'workspace')),
  status text not null default 'active' check (status in ('active', 'suspended')),
  owner_user_id uuid not null references users (id),
  timezone text,
  created_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3)
);
create unique index accounts_personal on accounts (owner_user_id) where type = 'personal';

create table memberships (
  account_id uuid not null references accounts (id),
  user_id uuid not null references users (id),
  role text not null,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, user_id)
);
create index memberships_user on memberships (user_id);

create table projects (
  account_id uuid not null references accounts (id),
  id uuid not null,
  team_id uuid,
  owner_user_id uuid references users (id),
  name text not null,
  description text,
  visibility text not null default 'private' check (visibility in ('private', 'shared')),
  is_default boolean not null default false,
  created_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  primary key (account_id, id),
  unique (id)
);
create unique index projects_default on projects (account_id, owner_user_id) where is_default and deleted_at is null;
`;

const secretsOfUsers = `
create table credentials (
  user_id uuid primary key references users (id),
  login text not null,
  login_key text not null unique,
  password_hash text not null,
  updated_at timestamptz(3) not null default now()
);

create table sessions (
  id uuid primary key,
  user_id uuid not null references users (id),
  active_account_id uuid not null references accounts (id),
  created_at timestamptz(3) not null default now(),
  last_used_at timestamptz(3) not null default now(),
  revoked_at timestamptz(3),
  revoke_reason text check (revoke_reason in ('logout', 'logout_all', 'reuse', 'suspended', 'deleted')),
  ip text,
  user_agent text
);
create index sessions_user on sessions (user_id) where revoked_at is null;

create table refresh_tokens (
  token_hash text primary key,
  session_id uuid not null references sessions (id),
  issued_at timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null,
  rotated_at timestamptz(3)
);
create index refresh_tokens_session on refresh_tokens (session_id);

create table api_keys (
  account_id uuid not null references accounts (id),
  id uuid not null,
  user_id uuid not null references users (id),
  name text not null,
  key_prefix text not null,
  key_hash text not null unique,
  scopes text[] not null,
  inherits_permissions boolean not null,
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id)
);
create index api_keys_list on api_keys (account_id, created_at desc, id desc);

create table attempt_counts (
  bucket text primary key,
  count integer not null,
  window_ends timestamptz(3) not null
);
create index attempt_counts_ended on attempt_counts (window_ends);

create table platform_settings (
  key text primary key,
  value jsonb not null,
  updated_at timestamptz(3) not null default now()
);
`;

const conversations = `
create table threads (
  account_id uuid not null references accounts (id),
  id uuid not null,
  created_by_user_id uuid references users (id),
  title text,
  title_locked boolean not null default false,
  project_id uuid,
  is_private boolean not null default false,
  expires_at timestamptz(3),
  parent_thread_id uuid,
  last_message_number integer not null default 0,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  primary key (account_id, id),
  unique (id),
  foreign key (account_id, project_id) references projects (account_id, id)
) with (fillfactor = 85);
create index threads_list on threads (account_id, created_by_user_id, updated_at desc, id desc) where deleted_at is null and not is_private;
create index threads_expiry on threads (expires_at) where expires_at is not null;

create table thread_stars (
  account_id uuid not null,
  user_id uuid not null references users (id),
  thread_id uuid not null,
  created_at timestamptz(6) not null default clock_timestamp(),
  primary key (account_id, user_id, thread_id),
  foreign key (account_id, thread_id) references threads (account_id, id) on delete cascade
);

create table messages (
  account_id uuid not null,
  thread_id uuid not null,
  number integer not null,
  id uuid not null,
  created_by_user_id uuid references users (id),
  role text not null check (role in ('user', 'assistant', 'tool')),
  content text not null,
  content_json jsonb,
  run_id uuid,
  visible boolean not null default true,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, thread_id, number),
  unique (id),
  foreign key (account_id, thread_id) references threads (account_id, id) on delete cascade
);
`;

const runTables = `
create table runs (
  account_id uuid not null,
  id uuid not null,
  thread_id uuid not null,
  parent_run_id uuid,
  resume_from_run_id uuid,
  created_by_user_id uuid references users (id),
  source text not null,
  status text not null default 'running'
    check (status in ('running', 'waiting_for_input', 'cancelling', 'completed', 'failed', 'cancelled')),
  trace_id text not null,
  route_id text,
  requested_persona_id text,
  requested_model text,
  reasoning_mode text,
  tail_message_number integer not null,
  model text,
  persona_id text,
  route_snapshot jsonb,
  next_seq integer not null default 1,
  attempt integer not null default 0,
  lease_token uuid,
  lease_until timestamptz(3),
  first_started_at timestamptz(3),
  last_activity_at timestamptz(3) not null default now(),
  total_input_tokens bigint,
  total_output_tokens bigint,
  total_cost_usd numeric(18, 6),
  cache_hit_rate double precision,
  error jsonb,
  created_at timestamptz(3) not null default now(),
  completed_at timestamptz(3),
  failed_at timestamptz(3),
  cancelled_at timestamptz(3),
  primary key (account_id, id),
  unique (id),
  foreign key (account_id, thread_id) references threads (account_id, id) on delete cascade
) with (fillfactor = 80);
create unique index runs_one_active on runs (thread_id)
  where parent_run_id is null and status in ('running', 'waiting_for_input', 'cancelling');
create index runs_active on runs (account_id) where parent_run_id is null and status in ('running', 'waiting_for_input', 'cancelling');
create index runs_unfinished on runs (lease_until) where status in ('running', 'waiting_for_input', 'cancelling');
create index runs_list on runs (account_id, created_at desc, id desc);
create index runs_thread on runs (thread_id, created_at desc, id desc);
create index runs_parent on runs (parent_run_id) where parent_run_id is not null;

create table run_events (
  run_id uuid not null,
  seq integer not null,
  event_id uuid not null,
  type text not null,
  data json not null,
  created_at timestamptz(3) not null,
  primary key (run_id, seq)
) partition by range (run_id);
create table run_events_default partition of run_events default;

create table usage_records (
  account_id uuid not null,
  run_id uuid not null,
  usage_type text not null,
  model text,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_creation_input_tokens bigint not null,
  cache_read_input_tokens bigint not null,
  cached_tokens bigint not null,
  cost_usd numeric(18, 6) not null,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, run_id, usage_type)
);

create table workers (
  id uuid primary key,
  version text not null,
  capabilities text[] not null,
  started_at timestamptz(3) not null default now(),
  last_seen_at timestamptz(3) not null default now()
);
`;

const models = `
create table llm_providers (
  id uuid primary key,
  account_id uuid references accounts (id),
  provider text not null check (provider in ('openai', 'anthropic')),
  name text not null,
  key_prefix text,
  api_key_sealed bytea not null,
  base_url text,
  openai_api_mode text check (openai_api_mode in ('auto', 'responses', 'chat_completions')),
  advanced_json jsonb not null default '{}',
  revision integer not null default 1,
  created_at timestamptz(3) not null default now()
);
create unique index llm_providers_name on llm_providers (account_id, lower(name)) nulls not distinct;

create table llm_models (
  id uuid primary key,
  provider_id uuid not null references llm_providers (id) on delete cascade,
  model text not null,
  priority integer not null default 0,
  is_default boolean not null default false,
  show_in_picker boolean not null default true,
  tags jsonb not null default '[]',
  "when" jsonb not null default '{}',
  advanced_json jsonb not null default '{}',
  multiplier numeric not null default 1 check (multiplier > 0),
  cost_per_1k_input numeric(18, 6),
  cost_per_1k_output numeric(18, 6),
  cost_per_1k_cache_write numeric(18, 6),
  cost_per_1k_cache_read numeric(18, 6),
  created_at timestamptz(3) not null default now()
);
create unique index llm_models_model on llm_models (provider_id, lower(model));
create unique index llm_models_default on llm_models (provider_id) where is_default;
`;

const books = `
create table credit_balances (
  account_id uuid primary key references accounts (id),
  balance bigint not null check (balance >= 0)
);

create table credit_transactions (
  account_id uuid not null references accounts (id),
  id uuid not null,
  type text not null,
  amount bigint not null,
  reference_type text not null,
  reference_id uuid,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id)
);
create unique index credit_transactions_reference on credit_transactions (reference_type, reference_id, type) where reference_id is not null;

create table audit_logs (
  id uuid primary key,
  account_id uuid,
  actor_user_id uuid,
  action text not null,
  target_type text not null,
  target_id text,
  trace_id text not null,
  metadata jsonb not null default '{}',
  before_state jsonb,
  after_state jsonb,
  ip_address text,
  user_agent text,
  created_at timestamptz(3) not null default now()
);
create index audit_logs_list on audit_logs (account_id, created_at desc, id desc);

create table idempotency_keys (
  scope_hash text primary key,
  request_hash text not null,
  claim_id uuid not null,
  claimed_at timestamptz(3) not null default now(),
  status integer,
  headers jsonb,
  body_sealed bytea
);
create index idempotency_keys_age on idempotency_keys (claimed_at);
`;
