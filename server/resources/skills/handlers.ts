import { skills } from '../../../contract/skills.ts';
import { fileResponse } from '../../http/fileResponse.ts';
import { implement } from '../../http/pipeline/implement.ts';
import * as service from './service.ts';
import { viewSkill, viewSkillDetails } from './view.ts';

export const skillHandlers = implement(
  skills,
  { skill: service.findSkill },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewSkillDetails(await service.createSkill(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listSkills(scope, query);
      return { status: 200, body: rows.map(viewSkill), next };
    },
    get: async ({ scope, loaded }) => ({ status: 200, body: viewSkillDetails(await service.withFiles(scope, loaded.skill)) }),
    replace: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewSkillDetails(await service.replaceSkill(scope, loaded.skill, body)),
    }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewSkillDetails(await service.updateSkill(scope, loaded.skill, body)),
    }),
    delete: async ({ scope, loaded }) => {
      await service.deleteSkill(scope, loaded.skill);
      return { status: 204, body: undefined };
    },
    file: async ({ scope, loaded, query, headers }) => {
      const file = await service.findSkillFile(scope, loaded.skill, query.path);
      const onError = (error: unknown) =>
        scope.app.log.error({ err: error, trace_id: scope.client.traceId }, 'a file of a skill was not sent to its end');
      return fileResponse(file, { ifNoneMatch: headers['if-none-match'], onError });
    },
  },
);
