import { Migration } from '@mikro-orm/migrations';

/** Counts the bytes of the events of each run. The default needs no rewrite: the table is locked for milliseconds. */
export class Migration00089 extends Migration {
  override up(): void {
    this.addSql('alter table runs add event_bytes bigint not null default 0');
  }

  override down(): void {
    this.addSql('alter table runs drop event_bytes');
  }
}
