const minuteMs = 60_000;

type Period = { readonly start: string; readonly end: string };
type Periods = { readonly minute: Period; readonly day: Period; readonly month: Period };

let newest: Periods | undefined;

/** The minute, the day and the month (UTC) of a time. `start` of a day and a month is a date; `end` is when the next period starts. */
export function periodsOf(now: Date): Periods {
  const time = now.toISOString();
  if (newest && newest.minute.start <= time && time < newest.minute.end) return newest;
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const dateOf = (time: number) => new Date(time).toISOString().slice(0, 10);
  const instantOf = (time: number) => new Date(time).toISOString();
  const minute = now.getTime() - (now.getTime() % minuteMs);
  newest = {
    minute: { start: instantOf(minute), end: instantOf(minute + minuteMs) },
    day: { start: dateOf(Date.UTC(year, month, day)), end: instantOf(Date.UTC(year, month, day + 1)) },
    month: { start: dateOf(Date.UTC(year, month, 1)), end: instantOf(Date.UTC(year, month + 1, 1)) },
  };
  return newest;
}
