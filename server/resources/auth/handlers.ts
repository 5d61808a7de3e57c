import { auth } from '../../../contract/auth.ts';
import { implement } from '../../http/pipeline/implement.ts';
import type { RequestScope } from '../../http/scope.ts';
import { verifySecondFactor } from '../secondFactor/verify.ts';
import { readSettings } from '../settings/settings.ts';
import { captchaConfig } from './captcha.ts';
import { sendCode, verifyCode } from './codes/loginCodes.ts';
import { checkLogin, resolveIdentity, sendFlowCode, verifyFlowCode } from './codes/resolve.ts';
import { confirmEmail, sendVerification } from './codes/verification.ts';
import { logIn } from './login.ts';
import { register } from './register.ts';
import { logOut } from './sessions/logout.ts';
import { refresh } from './sessions/refresh.ts';
import { clearedCookie, sessionCookie, type SignedIn } from './sessions/sessions.ts';
import { registrationMode } from './settings.ts';

const signInResponse = (scope: RequestScope, { grant, refreshToken }: SignedIn) =>
  ({ status: 200, body: grant, headers: sessionCookie(scope, refreshToken) }) as const;

export const authHandlers = implement(
  auth,
  {},
  {
    captchaConfig: async ({ scope }) => ({ status: 200, body: captchaConfig(await readSettings(scope.app.database)) }),
    check: async ({ scope, body }) => ({ status: 200, body: { exists: await checkLogin(scope, body.login) } }),
    resolve: async ({ scope, body }) => ({ status: 200, body: await resolveIdentity(scope, body) }),
    sendFlowCode: async ({ scope, body }) => {
      await sendFlowCode(scope, body);
      return { status: 204, body: undefined };
    },
    verifyFlowCode: async ({ scope, body }) => signInResponse(scope, await verifyFlowCode(scope, body)),
    registrationMode: async ({ scope }) => ({ status: 200, body: { mode: await registrationMode(scope.db) } }),
    register: async ({ scope, body }) => {
      const { userId, grant, warning, refreshToken } = await register(scope, body);
      return { status: 201, body: { user_id: userId, ...grant, warning }, headers: sessionCookie(scope, refreshToken) };
    },
    login: async ({ scope, body }) => signInResponse(scope, await logIn(scope, body)),
    refresh: async ({ scope, headers, req }) => signInResponse(scope, await refresh(scope, req.headers.cookie, headers['x-account-id'])),
    sendVerification: async ({ scope }) => {
      await sendVerification(scope);
      return { status: 204, body: undefined };
    },
    confirmEmail: async ({ scope, body, req }) => {
      await confirmEmail(scope, body, req.headers);
      return { status: 200, body: { ok: true } };
    },
    sendCode: async ({ scope, body }) => {
      await sendCode(scope, body);
      return { status: 204, body: undefined };
    },
    verifyCode: async ({ scope, body }) => signInResponse(scope, await verifyCode(scope, body)),
    verifySecondFactor: async ({ scope, body }) => signInResponse(scope, await verifySecondFactor(scope, body)),
    logout: async ({ scope, body, req }) => {
      await logOut(scope, body.all, req.headers.cookie);
      return { status: 200, body: { ok: true }, headers: clearedCookie(scope) };
    },
  },
);
