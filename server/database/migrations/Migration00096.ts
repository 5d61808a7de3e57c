import { Migration } from '@mikro-orm/migrations';

/**
 * Find closed accounts and platform administrators without reading all accounts and users. Each index blocks writes to its table for about a
 * second per million rows.
 */
export class Migration00096 extends Migration {
  override up(): void {
    this.addSql('create index accounts_closed on accounts (id) where deleted_at is not null');
    this.addSql('create index users_platform_admins on users (id) where is_platform_admin');
  }

  override down(): void {
    this.addSql('drop index accounts_closed');
    this.addSql('drop index users_platform_admins');
  }
}
