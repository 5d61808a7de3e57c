import { Migration } from '@mikro-orm/migrations';

/** The live gateways. Without Redis, they divide the rate limits among themselves. */
export class Migration00024 extends Migration {
  override up(): void {
    this.addSql(gateways);
  }

  override down(): void {
    this.addSql('drop table gateways');
  }
}

// Unlogged: each gateway writes its row every second, so the rows return after a crash of PostgreSQL.
const gateways = `
create unlogged table gateways (
  id uuid primary key,
  seen_at timestamptz not null
)`;
