import { auth } from '../../../contract/auth.ts';
import { implement } from '../../http/implement.ts';
import { logIn } from './login.ts';
import { logOut } from './logout.ts';
import { refresh } from './refresh.ts';
import { register } from './register.ts';
import { clearedCookie, sessionCookie } from './sessions.ts';
import { captchaConfig, registrationMode } from './settings.ts';

export const authHandlers = implement(
  auth,
  {},
  {
    captchaConfig: () => ({ status: 200, body: captchaConfig() }),
    registrationMode: async ({ scope }) => ({ status: 200, body: { mode: await registrationMode(scope.read) } }),
    register: async ({ scope, body }) => {
      const { userId, grant, warning, refreshToken } = await register(scope, body);
      return { status: 201, body: { user_id: userId, ...grant, warning }, headers: sessionCookie(scope, refreshToken) };
    },
    login: async ({ scope, body }) => {
      const { grant, refreshToken } = await logIn(scope, body);
      return { status: 200, body: grant, headers: sessionCookie(scope, refreshToken) };
    },
    refresh: async ({ scope, headers, req }) => {
      const { grant, refreshToken } = await refresh(scope, req.headers.cookie, headers['x-account-id']);
      return { status: 200, body: grant, headers: sessionCookie(scope, refreshToken) };
    },
    logout: async ({ scope, body, req }) => {
      await logOut(scope, body.all, req.headers.cookie);
      return { status: 200, body: { ok: true }, headers: clearedCookie(scope) };
    },
  },
);
