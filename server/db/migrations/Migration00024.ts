import { Migration } from '@mikro-orm/migrations';

/** The gateways that are live: without Redis they divide the rate limits among themselves. */
export class Migration00024 extends Migration {
  override up(): void {
    this.addSql(gateways);
  }

  override down(): void {
    this.addSql('drop table gateways');
  }
}

// Unlogged: each gateway writes its row every second, and after a crash of PostgreSQL all write theirs again.
const gateways = `
create unlogged table gateways (
  id uuid primary key,
  seen_at timestamptz not null
)`;
