import type { Thread } from '../../../../../client/index.ts';
import { instantIn, localTime, timeFormat } from '../../components/timeZone.ts';

const dayMs = 86_400_000;
const month = timeFormat({ month: 'long' });
const monthAndYear = timeFormat({ month: 'long', year: 'numeric' });

export type Group = { name: string; rows: Thread[] };

/** Groups threads, newest first, by the day of their last activity; those older than 30 days by month. */
export function groupByDay(threads: readonly Thread[], zone: string, now: number = Date.now()): Group[] {
  const date = localTime(now, zone).slice(0, 10);
  const startOf = (day: string) => Date.parse(instantIn(`${day}T00:00`, zone)!);
  const [today, year] = [startOf(date), startOf(`${date.slice(0, 4)}-01-01`)];
  /** Days of 25 hours do not matter: `today` is midnight, and a day earlier is still on the day before. */
  const nameOf = (at: string) => {
    const time = Date.parse(at);
    if (time >= today) return 'Today';
    if (time >= today - dayMs) return 'Yesterday';
    if (time >= today - 7 * dayMs) return 'Previous 7 days';
    if (time >= today - 30 * dayMs) return 'Previous 30 days';
    return (time >= year ? month : monthAndYear)(at, zone);
  };
  const groups: Group[] = [];
  for (const thread of threads) {
    const name = nameOf(thread.updated_at);
    if (groups.at(-1)?.name === name) groups.at(-1)!.rows.push(thread);
    else groups.push({ name, rows: [thread] });
  }
  return groups;
}
