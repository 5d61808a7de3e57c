import { Migration } from '@mikro-orm/migrations';

/** Identity providers (OpenID Connect), the identities of users at them, and sign-ins under way. */
export class Migration00060 extends Migration {
  override up(): void {
    this.addSql(create);
    for (const table of ['sessions', 'sign_in_challenges']) {
      this.addSql(`alter table ${table} drop constraint ${table}_method_check`);
      this.addSql(`alter table ${table} add constraint ${table}_method_check check (method in ('password', 'email_otp', 'oidc'))`);
    }
  }

  override down(): void {
    for (const table of ['sessions', 'sign_in_challenges']) {
      this.addSql(`alter table ${table} drop constraint ${table}_method_check`);
      this.addSql(`alter table ${table} add constraint ${table}_method_check check (method in ('password', 'email_otp')) not valid`);
    }
    this.addSql('drop table identity_flows');
    this.addSql('drop table user_identities');
    this.addSql('drop table identity_providers');
  }
}

const create = `
create table identity_providers (
  id uuid primary key,
  name text not null,
  issuer text not null constraint identity_providers_issuer_key unique,
  client_id text not null,
  client_secret_sealed bytea,
  scopes text[] not null,
  allowed_email_domains text[] not null,
  registers_users boolean not null,
  internal_network boolean not null,
  enabled boolean not null,
  revision int not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now()
);
create index identity_providers_list on identity_providers (created_at desc, id desc);
create table user_identities (
  id uuid primary key,
  user_id uuid not null references users (id),
  issuer text not null,
  subject text not null,
  email text,
  created_at timestamptz(3) not null default now(),
  last_used_at timestamptz(3)
);
create unique index user_identities_subject on user_identities (issuer, subject);
create index user_identities_user on user_identities (user_id);
create table identity_flows (
  key_hash text primary key,
  purpose text not null check (purpose in ('sign_in', 'link', 'confirm')),
  provider_id uuid not null references identity_providers (id) on delete cascade,
  user_id uuid references users (id),
  contents_sealed bytea not null,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null
);
create index identity_flows_provider on identity_flows (provider_id);
create index identity_flows_user on identity_flows (user_id);
`;
