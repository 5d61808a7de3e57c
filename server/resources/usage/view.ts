import type { DailyUsage, HourlyUsage, ModelUsage, UsageSummary } from '../../../contract/usage.ts';
import type { DayRow, HourRow, ModelRow, TotalRow } from './queries.ts';

export const viewMonth = ({ year, month, total }: { year: number; month: number; total: TotalRow }): UsageSummary => ({
  year,
  month,
  total_input_tokens: total.input_tokens,
  total_output_tokens: total.output_tokens,
  total_cache_creation_tokens: total.cache_creation_tokens,
  total_cache_read_tokens: total.cache_read_tokens,
  total_cached_tokens: total.cached_tokens,
  total_cost_usd: total.cost_usd,
  record_count: total.record_count,
});

const usageFields = ({ input_tokens, output_tokens, cost_usd, record_count }: Omit<DayRow, 'date'>) => ({
  input_tokens,
  output_tokens,
  cost_usd,
  record_count,
});

export const viewDay = (row: DayRow): DailyUsage => ({ date: row.date, ...usageFields(row) });
export const viewHour = (row: HourRow): HourlyUsage => ({ hour: row.hour, ...usageFields(row) });

export const viewModel = (row: ModelRow): ModelUsage => ({
  model: row.model,
  ...usageFields(row),
  cache_creation_tokens: row.cache_creation_tokens,
  cache_read_tokens: row.cache_read_tokens,
  cached_tokens: row.cached_tokens,
});
