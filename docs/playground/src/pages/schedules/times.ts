import { timeFormat } from '../../components/timeZone.ts';

/** A time in the zone of a schedule, with the day of the week. */
export const timeIn: (at: string, zone: string) => string = timeFormat({
  weekday: 'short',
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
});

/** Common patterns, for the form. */
export const patterns = [
  { value: '0 * * * *', label: 'Every hour' },
  { value: '0 9 * * *', label: 'Every day at 9:00' },
  { value: '0 9 * * 1-5', label: 'On weekdays at 9:00' },
  { value: '0 9 * * 1', label: 'On Mondays at 9:00' },
  { value: '0 9 1 * *', label: 'On the first of the month at 9:00' },
  { value: '0 18 L * *', label: 'On the last day of the month at 18:00' },
] as const;

/** The name of a common pattern. */
export const patternName = (cron: string): string | undefined => patterns.find(({ value }) => value === cron)?.label;
