import type { Thread } from '../../../../../client/index.ts';

const dayMs = 86_400_000;
const month = new Intl.DateTimeFormat(undefined, { month: 'long' });
const monthAndYear = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric' });

export type Group = { name: string; rows: Thread[] };

/** Groups threads, newest first, by the day of their last activity; those older than 30 days by month. */
export function groupByDay(threads: readonly Thread[], now = new Date()): Group[] {
  const today = new Date(now).setHours(0, 0, 0, 0);
  const groups: Group[] = [];
  for (const thread of threads) {
    const name = nameOf(new Date(thread.updated_at), today, now);
    if (groups.at(-1)?.name === name) groups.at(-1)!.rows.push(thread);
    else groups.push({ name, rows: [thread] });
  }
  return groups;
}

/** Days of 25 hours do not matter: `today` is midnight, and a day earlier is still on the day before. */
function nameOf(at: Date, today: number, now: Date): string {
  const time = at.getTime();
  if (time >= today) return 'Today';
  if (time >= today - dayMs) return 'Yesterday';
  if (time >= today - 7 * dayMs) return 'Previous 7 days';
  if (time >= today - 30 * dayMs) return 'Previous 30 days';
  return (at.getFullYear() === now.getFullYear() ? month : monthAndYear).format(at);
}
