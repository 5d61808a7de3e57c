import { Migration } from '@mikro-orm/migrations';

const countRuns = (columns: string, values: string) => `
create or replace function count_runs() returns trigger language plpgsql as $$
begin
  insert into run_count_changes (${columns})
  ${values};
  return null;
end $$`;

/** The day of the counted runs, so that the dashboard need not count the runs of today. */
export class Migration00071 extends Migration {
  override up(): void {
    this.addSql('alter table run_count_changes add created_on date');
    const change = `case tg_op when 'INSERT' then count(*) else -count(*) end`;
    this.addSql(
      countRuns('change, created_on', `select ${change}, (created_at at time zone 'UTC')::date as day from changed group by day`),
    );
    this.addSql(`
      with today as (select count(*) as n, (now() at time zone 'UTC')::date as day from runs where created_at >= date_trunc('day', now(), 'UTC'))
      insert into run_count_changes (change, created_on)
      select n, day from today where n > 0 union all select -n, null from today where n > 0`);
  }

  override down(): void {
    this.addSql(
      countRuns('change', `select case tg_op when 'INSERT' then n else -n end from (select count(*) as n from changed) c where n > 0`),
    );
    this.addSql('alter table run_count_changes drop column created_on');
  }
}
