import { Migration } from '@mikro-orm/migrations';

/** When a user proved, by an emailed secret, that they read the mail of their address. A user may have no password. */
export class Migration00029 extends Migration {
  override up(): void {
    for (const part of [proof, passwords, reasons(`, 'address_verified'`)]) this.addSql(part);
  }

  override down(): void {
    this.addSql(`update sessions set revoke_reason = 'logout_all' where revoke_reason = 'address_verified'`);
    this.addSql(reasons(''));
    // No password matches an empty hash.
    this.addSql(`update credentials set password_hash = '' where password_hash is null`);
    this.addSql('alter table credentials alter column password_hash set not null');
    this.addSql('alter table users drop column email_proven_at');
  }
}

// It is unknown how existing addresses were verified. They count as proven, so that no existing user loses their password.
const proof = `
alter table users add column email_proven_at timestamptz(3);
update users set email_proven_at = email_verified_at where email_verified_at is not null;
`;

const passwords = 'alter table credentials alter column password_hash drop not null';

const reasons = (more: string) => `
alter table sessions drop constraint sessions_revoke_reason_check;
alter table sessions add constraint sessions_revoke_reason_check
  check (revoke_reason in ('logout', 'logout_all', 'reuse', 'suspended', 'deleted'${more}));
`;
