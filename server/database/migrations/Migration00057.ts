import { Migration } from '@mikro-orm/migrations';

const tables = ['api_keys', 'service_keys'] as const;

/** The expiry of which the user of a key was notified. The indexes contain only keys that are yet to be announced. */
export class Migration00057 extends Migration {
  override up(): void {
    for (const table of tables) {
      this.addSql(`alter table ${table} add column expiry_announced_for timestamptz(3)`);
      this.addSql(
        `create index ${table}_expiring on ${table} (expires_at) where revoked_at is null and expiry_announced_for is distinct from expires_at`,
      );
    }
  }

  override down(): void {
    for (const table of tables) this.addSql(`alter table ${table} drop column expiry_announced_for`);
  }
}
