import type { DailyUsage, HourlyUsage, ModelUsage } from '../../../../../client/index.ts';
import { instantIn, localTime } from '../../components/timeZone.ts';

/** Days, such as `2026-01-31`, both inclusive. */
export type Range = { start: string; end: string };
export type Month = { year: number; month: number };
/** Usage of a day, or of an hour. `name` is the day or the start of the hour. */
export type Period = { name: string; input_tokens: number; output_tokens: number; cost_usd: number; record_count: number };
/** Usage of a model, with its month such as `2026-01`. */
export type MonthOfModel = ModelUsage & { name: string };

const dayMs = 86_400_000;
const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

export const presets = {
  today: 'Today',
  '7': 'Last 7 days',
  '30': 'Last 30 days',
  '90': 'Last 90 days',
  month: 'This month',
  'last-month': 'Last month',
  year: 'Last 12 months',
  custom: 'Custom range',
} as const;
export type Preset = keyof typeof presets;

/** The current day in a zone, as the instant at which it begins in UTC. */
const todayIn = (zone: string, now: number): number => Date.parse(localTime(now, zone).slice(0, 10));

/** The days of a preset. `now` is an instant of the current day. */
export function rangeOf(preset: Exclude<Preset, 'custom'>, now: number): Range {
  const date = new Date(now);
  const monthStart = (offset: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1);
  const end = dayOf(now);
  switch (preset) {
    case 'today':
      return { start: end, end };
    case 'month':
      return { start: dayOf(monthStart(0)), end };
    case 'last-month':
      return { start: dayOf(monthStart(-1)), end: dayOf(monthStart(0) - dayMs) };
    case 'year':
      return { start: dayOf(monthStart(-11)), end };
    default:
      return { start: dayOf(now - (Number(preset) - 1) * dayMs), end };
  }
}

/** What is wrong with a range that the user has entered. The API allows 366 days. */
export function problemOfRange({ start, end }: Range): string | undefined {
  const days = (Date.parse(end) - Date.parse(start)) / dayMs + 1;
  if (Number.isNaN(days)) return 'Enter both days.';
  if (days < 1) return 'The last day is before the first.';
  return days > 366 ? 'Choose at most 366 days.' : undefined;
}

/** A day or two are shown by hour. */
export const isHourly = ({ start, end }: Range): boolean => Date.parse(end) - Date.parse(start) < 2 * dayMs;

const hourMs = dayMs / 24;

/** The zone in which days of usage are counted: the API counts by hours of UTC, so that days have to begin with one. */
export function usageZone(zone: string, now: number): string {
  const year = new Date(now).getUTCFullYear();
  // In winter and in summer.
  const offsets = [Date.UTC(year, 0, 1), Date.UTC(year, 6, 1)].map((at) => Date.parse(`${localTime(at, zone)}Z`) - at);
  return offsets.some((offset) => offset % hourMs !== 0) || offsets.every((offset) => offset === 0) ? 'UTC' : zone;
}

/** Days of a longer range are those of UTC: they would be summed up from too many hours. */
const maxZoneDays = 92;

export const zoneOfRange = ({ start, end }: Range, zone: string): string =>
  Date.parse(end) - Date.parse(start) < maxZoneDays * dayMs ? zone : 'UTC';

/** The first instant of a range of days in a zone, and the first after it. */
function boundsOf({ start, end }: Range, zone: string): [from: number, to: number] {
  const startOf = (day: string) => Date.parse(instantIn(`${day}T00:00`, zone)!);
  return [startOf(start), startOf(dayOf(Date.parse(end) + dayMs))];
}

/** The days of a preset, as of `zoneOfRange`: where these are days of UTC, the current one is that of UTC too. */
export function daysOf(preset: Exclude<Preset, 'custom'>, zone: string, now: number): Range {
  const range = rangeOf(preset, todayIn(zone, now));
  return zoneOfRange(range, zone) === zone ? range : rangeOf(preset, todayIn('UTC', now));
}

/** The days (UTC) in which those of the zone are. */
export function daysInUtc(range: Range, zone: string): Range {
  const [from, to] = boundsOf(range, zone);
  return { start: dayOf(from), end: dayOf(to - 1) };
}

/** All hours of the range in a zone, or its days as sums of their hours. */
export function periodsIn(zone: string, range: Range, rows: readonly HourlyUsage[]): Period[] {
  const [from, to] = boundsOf(range, zone);
  const known = new Map(rows.map((row) => [Date.parse(row.hour), row]));
  const hours = Array.from({ length: Math.round((to - from) / hourMs) }, (_, index): Period => {
    const at = from + index * hourMs;
    const { input_tokens = 0, output_tokens = 0, cost_usd = 0, record_count = 0 } = known.get(at) ?? {};
    return { name: new Date(at).toISOString(), input_tokens, output_tokens, cost_usd, record_count };
  });
  if (isHourly(range)) return hours;
  const days = Map.groupBy(hours, ({ name }) => localTime(name, zone).slice(0, 10));
  return [...days].map(([name, ofDay]) => ({ name, ...totalsOf(ofDay) }));
}

/** All days or hours of the range in UTC. The API leaves out those without runs. */
export function periodsOf(range: Range, rows: readonly (DailyUsage | HourlyUsage)[]): Period[] {
  const step = isHourly(range) ? dayMs / 24 : dayMs;
  const nameOf = (time: number) => (step === dayMs ? dayOf(time) : new Date(time).toISOString());
  const known = new Map(rows.map((row) => [nameOf(Date.parse('date' in row ? row.date : row.hour)), row]));
  const first = Date.parse(range.start);
  return Array.from({ length: (Date.parse(range.end) + dayMs - first) / step }, (_, index) => {
    const name = nameOf(first + index * step);
    const { input_tokens = 0, output_tokens = 0, cost_usd = 0, record_count = 0 } = known.get(name) ?? {};
    return { name, input_tokens, output_tokens, cost_usd, record_count };
  });
}

/** The months that the range touches. */
export function monthsIn({ start, end }: Range): Month[] {
  const [from, to] = [new Date(start), new Date(end)];
  const length = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth() + 1;
  return Array.from({ length }, (_, index) => {
    const at = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + index, 1));
    return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1 };
  });
}

export const monthName = ({ year, month }: Month): string => `${year}-${String(month).padStart(2, '0')}`;

/** Sums of any of the rows' numbers. */
export const totalsOf = (rows: readonly Omit<Period, 'name'>[]): Omit<Period, 'name'> =>
  rows.reduce<Omit<Period, 'name'>>(
    (sum, row) => ({
      input_tokens: sum.input_tokens + row.input_tokens,
      output_tokens: sum.output_tokens + row.output_tokens,
      cost_usd: sum.cost_usd + row.cost_usd,
      record_count: sum.record_count + row.record_count,
    }),
    { input_tokens: 0, output_tokens: 0, cost_usd: 0, record_count: 0 },
  );

/** The usage of each model in all months, the one with the most tokens first. */
export const byModel = (rows: readonly MonthOfModel[]) =>
  [...Map.groupBy(rows, ({ model }) => model)]
    .map(([model, months]) => ({ model, ...totalsOf(months) }))
    .toSorted((one, other) => other.input_tokens + other.output_tokens - one.input_tokens - one.output_tokens);

type Cell = string | number;

/** RFC 4180. A text that a spreadsheet would take for a formula is prefixed with an apostrophe. */
export function csvOf(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cell = (value: Cell) => {
    const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

export const periodsCsv = (range: Range, periods: readonly Period[]): string =>
  csvOf(
    [isHourly(range) ? 'hour' : 'date', 'input_tokens', 'output_tokens', 'cost_usd', 'runs'],
    periods.map((row) => [row.name, row.input_tokens, row.output_tokens, row.cost_usd, row.record_count]),
  );

export const modelsCsv = (rows: readonly MonthOfModel[]): string =>
  csvOf(
    ['month', 'model', 'input_tokens', 'output_tokens', 'cost_usd', 'runs'],
    rows.map((row) => [row.name, row.model, row.input_tokens, row.output_tokens, row.cost_usd, row.record_count]),
  );
