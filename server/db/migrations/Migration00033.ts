import { Migration } from '@mikro-orm/migrations';

/** How messages of the assistant ended, and which run's unfinished answer a run goes on from. See decision 0024. */
export class Migration00033 extends Migration {
  override up(): void {
    this.addSql(
      `alter table messages add column completion text not null default 'complete' check (completion in ('complete', 'stopped', 'failed'))`,
    );
    this.addSql('alter table runs add column continues_run_id uuid');
  }

  override down(): void {
    this.addSql(`delete from messages where completion <> 'complete'`);
    this.addSql('alter table messages drop column completion');
    this.addSql('alter table runs drop column continues_run_id');
  }
}
