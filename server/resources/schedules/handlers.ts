import { schedules } from '../../../contract/schedules.ts';
import { implement } from '../../http/pipeline/implement.ts';
import * as service from './service.ts';
import { viewOccurrence, viewSchedule } from './view.ts';

export const scheduleHandlers = implement(
  schedules,
  { schedule: service.findSchedule },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewSchedule(await service.createSchedule(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listSchedules(scope, query);
      return { status: 200, body: rows.map(viewSchedule), next };
    },
    preview: ({ query }) => ({ status: 200, body: service.previewTimes(query.cron, query.timezone) }),
    get: ({ loaded }) => ({ status: 200, body: viewSchedule(loaded.schedule) }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewSchedule(await service.updateSchedule(scope, loaded.schedule, body)),
    }),
    delete: async ({ scope, loaded }) => {
      await service.deleteSchedule(scope, loaded.schedule.id);
      return { status: 200, body: { ok: true } };
    },
    pause: async ({ scope, loaded }) => ({ status: 200, body: viewSchedule(await service.pauseSchedule(scope, loaded.schedule)) }),
    resume: async ({ scope, loaded }) => ({ status: 200, body: viewSchedule(await service.resumeSchedule(scope, loaded.schedule)) }),
    runNow: async ({ scope, loaded }) => ({
      status: 201,
      body: viewOccurrence(await service.runScheduleNow(scope, loaded.schedule)),
    }),
    occurrences: async ({ scope, loaded, query }) => {
      const { rows, next } = await service.listOccurrences(scope, loaded.schedule, query);
      return { status: 200, body: rows.map(viewOccurrence), next };
    },
  },
);
