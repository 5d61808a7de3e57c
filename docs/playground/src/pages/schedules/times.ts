/** A time in a time zone, with the day of the week. A zone that this browser does not know is replaced by its own. */
export function timeIn(at: string, timeZone: string): string {
  const style = { weekday: 'short', year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' } as const;
  try {
    return new Intl.DateTimeFormat(undefined, { ...style, timeZone }).format(new Date(at));
  } catch {
    return new Intl.DateTimeFormat(undefined, { ...style, timeZoneName: 'short' }).format(new Date(at));
  }
}

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
