import { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { ApiError, createClient, isTransient } from '../../../client/index.ts';

/** Whether somebody is signed in; `unknown` until the cookie of an earlier visit has been tried, `unreachable` when the server was not there. */
export type SessionState = 'unknown' | 'in' | 'out' | 'unreachable';

let state: SessionState = 'unknown';
const listeners = new Set<() => void>();

/** What was loaded from the server. */
export const queries = new QueryClient({
  defaultOptions: {
    // The client repeats what is worth repeating by itself.
    queries: { retry: false, staleTime: 10_000 },
    mutations: { retry: false },
  },
});

/** The one client of the page. The access token stays in memory; the browser keeps the refresh cookie out of reach of scripts. */
export const client = createClient({
  baseUrl: location.origin,
  session: { onSignedOut: () => become('out') },
  // A page that is left in the middle of a renewal must still get the next cookie: the old one is spent.
  fetch: (input, init) => fetch(input, { ...init, keepalive: String(input).endsWith('/v1/auth/refresh') }),
});

function become(next: SessionState) {
  if (next === state) return;
  if (next === 'out') queries.clear();
  state = next;
  for (const listener of listeners) listener();
}

/** Goes on with the session of an earlier visit, if there is one. */
export async function resume() {
  become('unknown');
  try {
    await client.auth.refresh();
    become('in');
  } catch (error) {
    become(error instanceof ApiError && !isTransient(error) ? 'out' : 'unreachable');
  }
}

/** To be called when a call has brought a session. */
export const signedIn = () => become('in');

/** Ends the session here; if the server does not hear of it, the cookie ends it with its next use. */
export async function signOut() {
  await client.auth.logout({ body: { all: false } }).catch(() => undefined);
  become('out');
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** The state of the session, as it changes. */
export const useSession = (): SessionState => useSyncExternalStore(subscribe, () => state);
