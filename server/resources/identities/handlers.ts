import { identities, providerSignIn } from '../../../contract/identities.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { createOwnSlots } from '../../http/pipeline/ownSlot.ts';
import { sessionCookie } from '../auth/sessions/sessions.ts';
import { browserCookie, browserValueOf, readBrowserCookie } from './browserCookie.ts';
import { completeLink, confirmLink, findIdentity, listIdentities, startLink, unlinkIdentity } from './links.ts';
import { completeProviderSignIn, listSignInProviders, startProviderSignIn } from './signIn.ts';
import { viewIdentity } from './view.ts';

/** Requests that wait for identity providers in this process. */
const inOwnSlot = createOwnSlots('identity providers', 100);

export const providerSignInHandlers = implement(
  providerSignIn,
  {},
  {
    providers: async ({ scope }) => ({ status: 200, body: await listSignInProviders(scope) }),
    start: async ({ scope, params, body, req, releaseSlot }) => {
      const browser = browserValueOf(req.headers.cookie);
      const id = params.identity_provider_id;
      const start = () => startProviderSignIn(scope, id, browser, body, req.headers.origin);
      return { status: 200, body: await inOwnSlot(releaseSlot, start), headers: browserCookie(scope, browser) };
    },
    complete: async ({ scope, params, body, req, releaseSlot }) => {
      const browser = readBrowserCookie(req.headers.cookie);
      const complete = () => completeProviderSignIn(scope, params.identity_provider_id, browser, body);
      const { grant, refreshToken, returnTo } = await inOwnSlot(releaseSlot, complete);
      return { status: 200, body: { ...grant, return_to: returnTo }, headers: sessionCookie(scope, refreshToken) };
    },
  },
);

export const identityHandlers = implement(
  identities,
  { identity: findIdentity },
  {
    list: async ({ scope }) => ({ status: 200, body: (await listIdentities(scope)).map(viewIdentity) }),
    start: async ({ scope, body, req, releaseSlot }) => ({
      status: 200,
      body: await inOwnSlot(releaseSlot, () => startLink(scope, body, req.headers.origin)),
    }),
    complete: async ({ scope, body, releaseSlot }) => ({
      status: 201,
      body: viewIdentity(await inOwnSlot(releaseSlot, () => completeLink(scope, body))),
    }),
    confirm: async ({ scope, body }) => ({ status: 201, body: viewIdentity(await confirmLink(scope, body.link_token)) }),
    delete: async ({ scope, loaded }) => {
      await unlinkIdentity(scope, loaded.identity);
      return { status: 204, body: undefined };
    },
  },
);
