import { Migration } from '@mikro-orm/migrations';

/** Personas of accounts and of the platform. The definition is one document, which is read and written as a whole. */
export class Migration00007 extends Migration {
  override up(): void {
    this.addSql(personas);
  }

  override down(): void {
    this.addSql('drop table personas');
  }
}

const personas = `
create table personas (
  account_id uuid references accounts (id),
  id uuid primary key,
  persona_key text not null,
  version text not null,
  is_active boolean not null default true,
  definition jsonb not null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now()
);
create unique index personas_key on personas (account_id, persona_key, version) nulls not distinct;
create index personas_list on personas (account_id, created_at desc, id desc);
`;
