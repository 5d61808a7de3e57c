import { teams } from '../../../contract/teams.ts';
import { implement } from '../../http/implement.ts';
import * as service from './service.ts';
import { viewTeam, viewTeamMember } from './view.ts';

export const teamHandlers = implement(
  teams,
  { team: service.findTeam, user: (scope, id, _intent, found) => service.findTeamMember(scope, id, found) },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewTeam(await service.createTeam(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listTeams(scope, query);
      return { status: 200, body: rows.map(viewTeam), next };
    },
    delete: async ({ scope, found }) => {
      await service.deleteTeam(scope, found.team);
      return { status: 204, body: undefined };
    },
    members: async ({ scope, found, query }) => {
      const { rows, next } = await service.listTeamMembers(scope, found.team, query);
      return { status: 200, body: rows.map(viewTeamMember), next };
    },
    addMember: async ({ scope, found, body }) => {
      const { member, added } = await service.addTeamMember(scope, found.team, body);
      return { status: added ? 201 : 200, body: viewTeamMember(member) };
    },
    removeMember: async ({ scope, found }) => {
      await service.removeTeamMember(scope, found.user);
      return { status: 204, body: undefined };
    },
  },
);
