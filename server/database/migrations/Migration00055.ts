import { Migration } from '@mikro-orm/migrations';

/** The ids of the encryption keys in use. See docs/decisions/0072-keyrings.md. */
export class Migration00055 extends Migration {
  override up(): void {
    this.addSql('create table encryption_keys (id text primary key, used_at timestamptz(3) not null default now())');
  }

  override down(): void {
    this.addSql('drop table encryption_keys');
  }
}
