import { Migration } from '@mikro-orm/migrations';

/** Passkeys of users, sessions that one has opened or confirmed, and accounts whose members need a second factor. */
export class Migration00061 extends Migration {
  override up(): void {
    this.addSql(create);
    this.addSql('alter table sessions drop constraint sessions_method_check');
    this.addSql("alter table sessions add constraint sessions_method_check check (method in ('password', 'email_otp', 'oidc', 'passkey'))");
    this.addSql('alter table sessions add column confirmed_at timestamptz(3)');
    this.addSql('alter table accounts add column second_factor_required_from timestamptz(3)');
  }

  override down(): void {
    this.addSql('alter table accounts drop column second_factor_required_from');
    this.addSql('alter table sessions drop column confirmed_at');
    this.addSql("delete from refresh_tokens where session_id in (select id from sessions where method = 'passkey')");
    this.addSql("delete from sessions where method = 'passkey'");
    this.addSql('alter table sessions drop constraint sessions_method_check');
    this.addSql("alter table sessions add constraint sessions_method_check check (method in ('password', 'email_otp', 'oidc'))");
    this.addSql('drop table passkey_challenges');
    this.addSql('drop table passkeys');
  }
}

const create = `
create table passkeys (
  id uuid primary key,
  user_id uuid not null references users (id),
  credential_id text not null constraint passkeys_credential_id_key unique,
  public_key text not null,
  counter bigint not null default 0,
  name text not null,
  transports text[] not null default '{}',
  backup_eligible boolean not null,
  backed_up boolean not null,
  created_at timestamptz(3) not null default now(),
  last_used_at timestamptz(3)
);
create index passkeys_user on passkeys (user_id, created_at desc, id desc);
create table passkey_challenges (
  challenge_hash text primary key,
  purpose text not null check (purpose in ('sign_in', 'registration', 'confirmation')),
  user_id uuid references users (id),
  session_id uuid,
  sign_in_token_hash text,
  expires_at timestamptz(3) not null
);
create index passkey_challenges_user on passkey_challenges (user_id);
create index passkey_challenges_expiry on passkey_challenges (expires_at);
`;
