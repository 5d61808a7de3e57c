import { Migration } from '@mikro-orm/migrations';

/** Finds the schedules that name a run, when it is deleted. */
export class Migration00048 extends Migration {
  override up(): void {
    this.addSql(`create index schedules_last_run on schedules (account_id, last_run_id) where (last_run_id is not null)`);
  }

  override down(): void {
    this.addSql(`drop index schedules_last_run`);
  }
}
