import { Migration } from '@mikro-orm/migrations';

/** Counts how often the worker of a run was lost, and keeps why its last attempt failed. The defaults need no rewrite: the table is locked for milliseconds. */
export class Migration00090 extends Migration {
  override up(): void {
    this.addSql(
      'alter table runs add lost_leases integer not null default 0, add failure text, add failed_attempt integer not null default 0',
    );
  }

  override down(): void {
    this.addSql('alter table runs drop lost_leases, drop failure, drop failed_attempt');
  }
}
