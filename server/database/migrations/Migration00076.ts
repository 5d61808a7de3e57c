import { Migration } from '@mikro-orm/migrations';

/** Counts a new run, and sums a new usage record, by a trigger for the row: both are inserted one at a time, and a transition table costs more than they do. */
export class Migration00076 extends Migration {
  override up(): void {
    for (const part of [countNewRun, sumNewRecord]) this.addSql(part);
  }

  override down(): void {
    this.addSql(`
      drop function count_new_run, roll_up_new_usage cascade;
      create trigger runs_inserted_counted after insert on runs referencing new table as changed for each statement execute function count_runs();
      create trigger usage_records_insert_rolled_up after insert on usage_records referencing new table as added
        for each statement execute function roll_up_usage_insert()`);
  }
}

const countNewRun = `
create function count_new_run() returns trigger language plpgsql as $$
begin
  insert into run_count_changes (change, created_on) values (1, (new.created_at at time zone 'UTC')::date);
  return null;
end $$;
drop trigger runs_inserted_counted on runs;
create trigger runs_inserted_counted after insert on runs for each row execute function count_new_run();
`;

const sums = ['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens', 'cached_tokens', 'cost_usd'];
const added = [...sums.map((name) => `new.${name}`), '1'].join(', ');

/** The row of the hour comes first, as in the triggers for changed and deleted records, so that transactions cannot wait for one another in a circle. */
const add = (table: string, key: Record<string, string>) => {
  const valuesOf = (grain: string) => {
    const own = { ...key, grain: `'${grain}'`, starts_at: `date_trunc('${grain}', new.recorded_at, 'UTC')` };
    return `(${[...Object.keys(key).map((name) => own[name as keyof typeof own]), added].join(', ')})`;
  };
  return `
  insert into ${table} as r (${[...Object.keys(key), ...sums, 'record_count'].join(', ')})
  values ${valuesOf('hour')}, ${valuesOf('month')}
  on conflict (${Object.keys(key).join(', ')}) do update set ${[...sums, 'record_count'].map((name) => `${name} = r.${name} + excluded.${name}`).join(', ')};`;
};

const sumNewRecord = `
create function roll_up_new_usage() returns trigger language plpgsql as $$
begin
  ${add('usage_rollups', {
    account_id: 'new.account_id',
    user_id: `coalesce(new.user_id, '00000000-0000-0000-0000-000000000000')`,
    grain: '',
    starts_at: '',
    model: 'new.model',
  })}
  ${add('platform_usage_rollups', { grain: '', starts_at: '', model: 'new.model', shard: 'usage_shard(new.account_id)' })}
  return null;
end $$;
drop trigger usage_records_insert_rolled_up on usage_records;
create trigger usage_records_insert_rolled_up after insert on usage_records for each row execute function roll_up_new_usage();
`;
