import { teams } from '../../../contract/teams.ts';
import { implement } from '../../http/pipeline/implement.ts';
import * as service from './service.ts';
import { viewTeam, viewTeamMember } from './view.ts';

export const teamHandlers = implement(
  teams,
  { team: service.findTeam, user: (scope, id, _intent, loaded) => service.findTeamMember(scope, id, loaded) },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewTeam(await service.createTeam(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listTeams(scope, query);
      return { status: 200, body: rows.map(viewTeam), next };
    },
    delete: async ({ scope, loaded }) => {
      await service.deleteTeam(scope, loaded.team);
      return { status: 204, body: undefined };
    },
    members: async ({ scope, loaded, query }) => {
      const { rows, next } = await service.listTeamMembers(scope, loaded.team, query);
      return { status: 200, body: rows.map(viewTeamMember), next };
    },
    addMember: async ({ scope, loaded, body }) => {
      const { member, added } = await service.addTeamMember(scope, loaded.team, body);
      return { status: added ? 201 : 200, body: viewTeamMember(member) };
    },
    removeMember: async ({ scope, loaded }) => {
      await service.removeTeamMember(scope, loaded.user);
      return { status: 204, body: undefined };
    },
  },
);
