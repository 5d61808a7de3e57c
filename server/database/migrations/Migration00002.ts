import { Migration } from '@mikro-orm/migrations';

/** Sign-in without a password: the method of a session, emailed codes, verification of addresses. */
export class Migration00002 extends Migration {
  override up(): void {
    this.addSql(signIn);
  }

  override down(): void {
    this.addSql(undo);
  }
}

const signIn = `
alter table sessions add column method text not null default 'password' check (method in ('password', 'email_otp'));

create table login_codes (
  user_id uuid primary key references users (id),
  email text not null,
  code_hmac text not null,
  expires_at timestamptz(3) not null
);

create table email_verifications (
  user_id uuid primary key references users (id),
  email text not null,
  token_hash text not null unique,
  expires_at timestamptz(3) not null
);
`;

const undo = `
drop table email_verifications;
drop table login_codes;
alter table sessions drop column method;
`;
