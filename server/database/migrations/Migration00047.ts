import { Migration } from '@mikro-orm/migrations';

/** Indexes to delete old chat completions, and the personal data of those of a user. */
export class Migration00047 extends Migration {
  override up(): void {
    this.addSql("create index chat_completions_age on chat_completions (ended_at) where (status <> 'running')");
    this.addSql(
      'create index chat_completions_personal on chat_completions (created_by_user_id) where ((end_user is not null) or (metadata is not null))',
    );
  }

  override down(): void {
    this.addSql('drop index chat_completions_personal');
    this.addSql('drop index chat_completions_age');
  }
}
