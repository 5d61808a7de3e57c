/** The tools for schedules (`scheduleTools.ts`). They are in one group, and a persona must allow them by name. */
export const scheduleToolNames = ['schedule_create', 'schedule_list', 'schedule_delete'] as const;

export const scheduleGroup = 'schedules';
