import { bootstrap } from '../../../contract/bootstrap.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { sessionCookie } from '../auth/sessions/sessions.ts';
import { initBootstrap, setUpPlatform, verifyToken } from './service.ts';

export const bootstrapHandlers = implement(
  bootstrap,
  {},
  {
    init: async ({ scope, req }) => ({ status: 201, body: await initBootstrap(scope, req.get('x-bootstrap-secret')) }),
    verify: async ({ scope, params }) => ({ status: 200, body: await verifyToken(scope, params.token) }),
    setup: async ({ scope, body }) => {
      const { userId, grant, refreshToken } = await setUpPlatform(scope, body);
      return { status: 201, body: { user_id: userId, ...grant }, headers: sessionCookie(scope, refreshToken) };
    },
  },
);
