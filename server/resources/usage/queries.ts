import { type Statement, statement } from '../../kernel/sql.ts';

export type TotalRow = {
  input_tokens: number;
  output_tokens: number;
  cache_creation_tokens: number;
  cache_read_tokens: number;
  cached_tokens: number;
  cost_usd: number;
  record_count: number;
};
type Used = Pick<TotalRow, 'input_tokens' | 'output_tokens' | 'cost_usd' | 'record_count'>;
export type DayRow = Used & { date: string };
export type HourRow = Used & { hour: string };
export type ModelRow = TotalRow & { model: string };

const used = `coalesce(sum(input_tokens), 0) as input_tokens, coalesce(sum(output_tokens), 0) as output_tokens,
  coalesce(sum(cost_usd), 0) as cost_usd, count(*) as record_count`;
const cached = `coalesce(sum(cache_creation_input_tokens), 0) as cache_creation_tokens, coalesce(sum(cache_read_input_tokens), 0) as cache_read_tokens,
  coalesce(sum(cached_tokens), 0) as cached_tokens`;

/** What is asked about a set of usage records. */
export type Questions = {
  total: Statement<TotalRow>;
  byDay: Statement<DayRow>;
  byHour: Statement<HourRow>;
  byModel: Statement<ModelRow>;
};

/** The questions about the records from day $1 to day $2, both included, that satisfy a condition. */
function questionsAbout(condition: string): Questions {
  const record = `with record as (select * from usage_records u where ${condition}u.recorded_at >= $1::date and u.recorded_at < $2::date + 1)`;
  return {
    total: statement(`${record} select ${used}, ${cached} from record`),
    byDay: statement(`
      ${record} select to_char(recorded_at, 'YYYY-MM-DD') as date, ${used} from record group by 1 order by 1`),
    byHour: statement(`${record} select date_trunc('hour', recorded_at) as hour, ${used} from record group by 1 order by 1`),
    byModel: statement(`
      ${record} select model, ${used}, ${cached} from record
      group by model order by sum(input_tokens) + sum(output_tokens) desc, model collate "C"`),
  };
}

export const ofUser = questionsAbout('u.account_id = $3 and u.user_id = $4 and ');
export const ofAccount = questionsAbout('u.account_id = $3 and ');
export const ofPlatform = questionsAbout('');
