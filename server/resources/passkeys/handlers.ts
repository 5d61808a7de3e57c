import { passkeys } from '../../../contract/passkeys.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { sessionCookie } from '../auth/sessions/sessions.ts';
import { confirmSession, startConfirmation } from './confirmation.ts';
import { deletePasskey, findPasskey, listPasskeys, registerPasskey, renamePasskey, startRegistration } from './service.ts';
import { signInWithPasskey, startSignIn } from './signIn.ts';
import { viewPasskey } from './view.ts';

export const passkeyHandlers = implement(
  passkeys,
  { passkey: findPasskey },
  {
    signInOptions: async ({ scope, body }) => ({ status: 200, body: await startSignIn(scope, body.challenge_token) }),
    signIn: async ({ scope, body }) => {
      const { grant, refreshToken } = await signInWithPasskey(scope, body.credential);
      return { status: 200, body: grant, headers: sessionCookie(scope, refreshToken) };
    },
    list: async ({ scope, query }) => {
      const { rows, next } = await listPasskeys(scope, query);
      return { status: 200, body: rows.map(viewPasskey), next };
    },
    registrationOptions: async ({ scope, body }) => ({ status: 200, body: await startRegistration(scope, body) }),
    register: async ({ scope, body }) => ({ status: 201, body: viewPasskey(await registerPasskey(scope, body)) }),
    rename: async ({ scope, loaded, body }) => ({ status: 200, body: viewPasskey(await renamePasskey(scope, loaded.passkey, body)) }),
    delete: async ({ scope, loaded }) => {
      await deletePasskey(scope, loaded.passkey);
      return { status: 204, body: undefined };
    },
    confirmationOptions: async ({ scope }) => ({ status: 200, body: await startConfirmation(scope) }),
    confirm: async ({ scope, body }) => {
      await confirmSession(scope, body.credential);
      return { status: 204, body: undefined };
    },
  },
);
