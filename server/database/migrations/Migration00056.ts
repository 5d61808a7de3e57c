import { Migration } from '@mikro-orm/migrations';

/** Service keys: credentials of programs that administer the platform. */
export class Migration00056 extends Migration {
  override up(): void {
    this.addSql(serviceKeys);
    this.addSql('create index service_keys_list on service_keys (created_at desc, id desc)');
  }

  override down(): void {
    this.addSql('drop table service_keys');
  }
}

// Users are never removed, so the keys of a deleted one stay.
const serviceKeys = `
create table service_keys (
  id uuid not null primary key,
  user_id uuid not null references users (id),
  name text not null,
  key_prefix text not null,
  key_hash text not null constraint service_keys_key_hash_key unique,
  previous_key_hash text constraint service_keys_previous_key_hash_key unique,
  previous_user_id uuid references users (id),
  previous_expires_at timestamptz(3),
  scopes text[] not null,
  allowed_addresses text[],
  requests_per_minute integer not null,
  expires_at timestamptz(3),
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  created_at timestamptz(3) not null default now()
);
`;
