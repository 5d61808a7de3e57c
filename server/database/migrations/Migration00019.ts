import { Migration } from '@mikro-orm/migrations';

/** IP rules of accounts, and an index for the audit log of all accounts. */
export class Migration00019 extends Migration {
  override up(): void {
    for (const part of [ipRules, auditOrder]) this.addSql(part);
  }

  override down(): void {
    this.addSql('drop index audit_logs_newest');
    this.addSql('drop table ip_rules');
  }
}

const ipRules = `
create table ip_rules (
  account_id uuid not null references accounts (id),
  id uuid not null,
  type text not null check (type in ('allowlist', 'blocklist')),
  network cidr not null,
  note text,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  unique (account_id, type, network)
);
create index ip_rules_list on ip_rules (account_id, created_at desc, id desc);
`;

// Used to read the log of all accounts, and to remove its oldest entries.
const auditOrder = 'create index audit_logs_newest on audit_logs (created_at desc, id desc)';
