import { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { ApiError, createClient, isTransient, type Me } from '../../../client/index.ts';
import { chosenAccount, forgetAccount } from './account.ts';
import { setTimeZone } from './components/timeZone.ts';
import { noteRetry } from './components/waiting.ts';

/** `unknown` until the refresh cookie has been tried, and while the user signs out; `unreachable` if the server did not respond. */
export type SessionState = 'unknown' | 'in' | 'out' | 'unreachable';

let state: SessionState = 'unknown';
const listeners = new Set<() => void>();

export const queries: QueryClient = new QueryClient({
  defaultOptions: {
    // The client itself retries.
    // Structural sharing reads every field. A recorder, which tests install, should see only what the pages read.
    queries: { retry: false, staleTime: 10_000, structuralSharing: !('arkloopRecorder' in globalThis) },
    // Without a connection a mutation fails at once, and does not wait unseen.
    mutations: { retry: false, networkMode: 'always' },
  },
});

// The time zone of the signed-in user is that of their profile, else that of the account.
queries.getQueryCache().subscribe(({ query }) => {
  if (query.queryKey[0] !== 'me') return;
  const me = queries.getQueryData<Me>(['me']);
  setTimeZone(me?.timezone, me?.account_timezone);
});

/** The account of this page. Another tab may choose another one meanwhile. */
export const pageAccount = chosenAccount();

/** The account has begun to require a second factor, or it was erased, or the user was removed from it. */
const accessChanges = ['second_factor_missing', 'no_account_membership'];

/** The access token stays in memory. The refresh cookie is HttpOnly. */
export const client = createClient({
  baseUrl: location.origin,
  accountId: pageAccount,
  // If somebody else has signed in in another tab, the page starts anew as theirs.
  session: { onSignedOut: ({ reason }) => (reason === 'session_replaced' ? location.reload() : setSessionState('out')) },
  logger: { debug: () => {}, warn: (_message, { retryInMs = 0 }) => noteRetry(retryInMs) },
  // `me` tells the pages what to do: the shell leads to the settings, or the page goes on in another account.
  onResponse: ({ request: { operation }, error }) => {
    if (operation !== 'me.get' && error instanceof ApiError && accessChanges.includes(error.reason ?? ''))
      void queries.invalidateQueries({ queryKey: ['me'] });
  },
  // `keepalive` completes a renewal after the page is left: the old cookie is already used up.
  fetch: (input, init) => fetch(input, { ...init, keepalive: String(input).endsWith('/v1/auth/refresh') }),
});

function setSessionState(next: SessionState) {
  if (next === state) return;
  if (next === 'out') queries.clear();
  // The next user may not be a member of the account, and the client keeps it until the page is loaded anew.
  if (next === 'out' && forgetAccount()) return location.reload();
  state = next;
  for (const listener of listeners) listener();
}

/** Restores the session of an earlier visit from the refresh cookie. */
export async function restoreSession() {
  setSessionState('unknown');
  try {
    await client.auth.refresh();
    setSessionState('in');
  } catch (error) {
    setSessionState(error instanceof ApiError && !isTransient(error) ? 'out' : 'unreachable');
  }
}

/** Call after a successful sign-in or registration. */
export const signedIn = () => setSessionState('in');

/** Signs out in the page even if the request fails. With `all`, ends the sessions on all devices; throws if that fails. */
export async function signOut(all = false) {
  // The pages are gone before the session is, so they request nothing with it. The dialog that asks for `all` stays: it shows an error.
  if (!all) setSessionState('unknown');
  await client.auth.logout({ body: { all } }).catch((error: unknown) => {
    if (all) throw error;
  });
  setSessionState('out');
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export const useSession = (): SessionState => useSyncExternalStore(subscribe, () => state);
