import { Migration } from '@mikro-orm/migrations';

/** Archived threads, and an index for their list. That of the other threads no longer contains them. */
export class Migration00049 extends Migration {
  override up(): void {
    this.addSql('alter table threads add archived_at timestamptz(3)');
    this.addSql('drop index threads_list');
    this.addSql(`create index threads_list ${listed} and (archived_at is null))`);
    this.addSql(`create index threads_archived ${listed} and (archived_at is not null))`);
  }

  override down(): void {
    this.addSql('drop index threads_archived');
    this.addSql('drop index threads_list');
    this.addSql(`create index threads_list ${listed})`);
    this.addSql('alter table threads drop column archived_at');
  }
}

const listed = 'on threads (account_id, created_by_user_id, updated_at desc, id desc) where ((deleted_at is null) and (not is_private)';
