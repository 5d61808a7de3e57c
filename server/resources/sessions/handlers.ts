import { sessions } from '../../../contract/sessions.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { endOtherSessions, endSession, findSession, listSessions } from './service.ts';
import { viewSession } from './view.ts';

export const sessionHandlers = implement(
  sessions,
  { session: findSession },
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listSessions(scope, query);
      return { status: 200, body: rows.map((row) => viewSession(row, scope.actor.sessionId)), next };
    },
    deleteOthers: async ({ scope }) => {
      await endOtherSessions(scope);
      return { status: 204, body: undefined };
    },
    delete: async ({ scope, loaded }) => {
      await endSession(scope, loaded.session);
      return { status: 204, body: undefined };
    },
  },
);
