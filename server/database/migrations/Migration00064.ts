import { Migration } from '@mikro-orm/migrations';

/** For the retention of notifications. */
export class Migration00064 extends Migration {
  override up(): void {
    this.addSql('create index notifications_age on notifications (created_at)');
  }

  override down(): void {
    this.addSql('drop index notifications_age');
  }
}
