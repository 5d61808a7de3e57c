import { Migration } from '@mikro-orm/migrations';

/** Second factors of users, and sign-ins that wait for a code of one. */
export class Migration00050 extends Migration {
  override up(): void {
    this.addSql('alter table users add column second_factor_at timestamptz(3)');
    this.addSql(create);
  }

  override down(): void {
    this.addSql('drop table sign_in_challenges');
    this.addSql('drop table second_factors');
    this.addSql('alter table users drop column second_factor_at');
  }
}

const create = `
create table second_factors (
  user_id uuid primary key references users (id),
  secret_sealed bytea not null,
  last_step int not null default 0,
  recovery_hashes text[] not null default '{}'
);
create table sign_in_challenges (
  token_hash text primary key,
  user_id uuid not null references users (id),
  method text not null check (method in ('password', 'email_otp')),
  attempts int not null default 0,
  expires_at timestamptz(3) not null
);
create index sign_in_challenges_user on sign_in_challenges (user_id);
`;
