import { Migration } from '@mikro-orm/migrations';

/** Finds the oldest open run of an account. The index blocks writes to `runs` for about a second per million rows. */
export class Migration00094 extends Migration {
  override up(): void {
    this.addSql(
      `create index runs_active_by_age on runs (account_id, created_at) where status in ('running', 'waiting_for_input', 'cancelling')`,
    );
    this.addSql('drop index runs_active');
    this.addSql('alter index runs_active_by_age rename to runs_active');
  }

  override down(): void {
    this.addSql('drop index runs_active');
    this.addSql(`create index runs_active on runs (account_id) where status in ('running', 'waiting_for_input', 'cancelling')`);
  }
}
