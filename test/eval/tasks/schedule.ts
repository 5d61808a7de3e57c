import type { Task } from '../task.ts';

export const schedule: Task = {
  name: 'schedule',
  prompt: 'Send me a summary of the news every Monday at 9:00 from now on. My time zone is Europe/Berlin.',
  turns: [
    [['schedule_create', { name: 'News', cron: '0 9 * * 1', timezone: 'Europe/Berlin', input: 'Summarize the news.' }]],
    'The first summary comes at {{0.next_run_at}}.',
  ],
  check: async ({ client }) => {
    const schedules = await client.schedules.list();
    const [first] = schedules;
    const { times } = first?.cron
      ? await client.schedules.preview({ query: { cron: first.cron, timezone: first.timezone } })
      : { times: [] as string[] };
    const format = new Intl.DateTimeFormat('en', {
      timeZone: 'Europe/Berlin',
      weekday: 'long',
      hour: 'numeric',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    return {
      'there is one active schedule': schedules.length === 1 && first?.status === 'active',
      'its times are Mondays at 9:00': times.length > 0 && times.every((time) => /Monday.*\b0?9:00\b/.test(format.format(new Date(time)))),
    };
  },
};
