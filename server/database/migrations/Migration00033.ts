import { Migration } from '@mikro-orm/migrations';

/** How assistant messages ended, and the run whose unfinished answer a run continues. See docs/decisions/0024-incomplete-answers.md. */
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
