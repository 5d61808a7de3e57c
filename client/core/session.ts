import type { AccessGrant } from '../generated/types.ts';
import type { Route } from './call.ts';
import { ApiError, isTransient } from './errors.ts';
import type { Settings } from './options.ts';
import { pause, unlessAborted } from './retry.ts';

export type Session = {
  /** Assign a stored token to continue a session; assign undefined to forget it. */
  accessToken: string | undefined;
};

export type SessionKeeper = {
  readonly session: Session;
  /** Sends with a valid credential. An expired token is renewed once for all concurrent calls. */
  authorised<Value>(route: Route, signal: AbortSignal, send: (bearer: string | undefined) => Promise<Value>): Promise<Value>;
  /** Runs a sign-in, or an explicit renewal, after those that are pending. Calls whose token is due wait for it. */
  signIn<Value>(work: () => Promise<Value>): Promise<Value>;
  /** An explicit renewal. All other calls wait for it. */
  refresh<Value>(work: () => Promise<Value>): Promise<Value>;
  storeGrant(grant: AccessGrant): Promise<void>;
  clear(): void;
};

export type TokenRefresh = { refresh(): Promise<AccessGrant>; hasCookie(): Promise<boolean> };

const maxLeadMs = 30_000;
/** The pauses total 3 s. For 10 s after a rotation the server answers the old token with `token_rotated` instead of ending the session. */
const rotationRetryDelaysMs = [200, 800, 2_000];

/** Holds the access token and renews it with `refresh`, which exchanges the refresh cookie. */
export function createSession({ apiKey, accessToken, session: hooks }: Settings, { refresh, hasCookie }: TokenRefresh): SessionKeeper {
  let token: string | undefined;
  let renewAt = 0;
  let renewing: Promise<void> | undefined;
  /** Settles when the pending explicit renewals have ended. Never rejects. */
  let switching: Promise<void> | undefined;
  /** Counts the changes of the token. */
  let changes = 0;
  /** The last sign-in or renewal. Each starts after the one before it, so that the session of the later one stays, also in the cookie store. */
  let turn: Promise<unknown> = Promise.resolve();

  const hold = (next: string | undefined, lifeMs = remainingLifetimeMs(next)) => {
    changes++;
    token = next;
    renewAt = Date.now() + lifeMs - Math.min(maxLeadMs, lifeMs / 10);
  };
  const storeGrant = async ({ access_token, expires_in }: AccessGrant) => {
    hold(access_token, expires_in * 1000);
    await hooks.onTokens?.({ accessToken: access_token, expiresAt: new Date(Date.now() + expires_in * 1000) });
  };
  const signOut = (error: ApiError) => {
    const held = token;
    hold(undefined, Number.POSITIVE_INFINITY);
    if (held !== undefined) hooks.onSignedOut?.(error);
  };
  hold(accessToken);

  const inTurn = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const renewOnce = async (before: number) => {
    // A sign-in that was pending has brought another token.
    if (changes !== before) return;
    const grant = await retryRotated(refresh);
    // The user has signed out meanwhile.
    if (changes !== before) return;
    if (isOfAnotherUser(token, grant.access_token)) throw replaced();
    await storeGrant(grant);
  };
  const renew = () => {
    renewing ??= inTurn(renewOnce.bind(undefined, changes)).finally(() => {
      renewing = undefined;
    });
    return renewing;
  };

  /** Whether to renew before sending: a renewal is pending or due, or there is no token but a stored cookie. */
  const isDue = async () => renewing !== undefined || (Date.now() >= renewAt && (token !== undefined || (await hasCookie())));
  /** Ignores errors, because the current token is still valid, unless the session is that of another user now. */
  const renewEarly = async () => {
    renewAt = Date.now() + maxLeadMs;
    await renew().catch((error: unknown) => {
      if (!(error instanceof ApiError && error.reason === replacedReason)) return;
      signOut(error);
      throw error;
    });
  };
  const renewExpired = async (expired: ApiError) => {
    try {
      await renew();
    } catch (error) {
      if (!(error instanceof ApiError) || isTransient(error)) throw error;
      signOut(error);
      throw expired;
    }
  };

  return {
    session: {
      get accessToken() {
        return token;
      },
      set accessToken(next) {
        hold(next);
      },
    },
    storeGrant,
    clear: () => hold(undefined),
    signIn: inTurn,
    refresh(work) {
      const mine = inTurn(() => retryRotated(work));
      const over = mine
        .catch(() => undefined)
        .then(() => {
          if (switching === over) switching = undefined;
        });
      switching = over;
      return mine;
    },
    async authorised(route, signal, send) {
      if (route.auth === 'public') return send(undefined);
      if (typeof apiKey === 'function') return withKeyOf(apiKey, send);
      if (apiKey !== undefined) return send(apiKey);
      if (switching) await unlessAborted(switching, signal);
      if (await isDue()) await unlessAborted(renewEarly(), signal);
      const used = token;
      try {
        return await send(used);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
        if (error.reason === 'session_revoked' && token === used) signOut(error);
        if (error.reason !== 'token_expired') throw error;
        if (token === used) await unlessAborted(renewExpired(error), signal);
        if (token === undefined) throw error;
        return send(token);
      }
    },
  };
}

/** If the server rejects the key and the function returns another one, the key was rotated meanwhile: send once more. */
async function withKeyOf<Value>(apiKey: () => string | Promise<string>, send: (bearer: string) => Promise<Value>): Promise<Value> {
  const used = await apiKey();
  try {
    return await send(used);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    const current = await apiKey();
    if (current === used) throw error;
    return send(current);
  }
}

/** On `token_rotated`, another process or tab has rotated the cookie: retry with the new cookie from the store. */
async function retryRotated<Value>(refresh: () => Promise<Value>) {
  for (const ms of rotationRetryDelaysMs) {
    try {
      return await refresh();
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === 'token_rotated')) throw error;
      await pause(ms);
    }
  }
  return refresh();
}

const replacedReason = 'session_replaced';

/** The browser has one refresh cookie, and in another page somebody else has signed in. What this client has loaded is not theirs. */
const replaced = () =>
  new ApiError(401, {
    error: 'auth.unauthorized',
    message: 'Another user has signed in with the same cookie.',
    details: { reason: replacedReason },
  });

function isOfAnotherUser(before: string | undefined, after: string): boolean {
  const [mine, theirs] = [before, after].map((token) => claimsOf(token).sub);
  return mine !== undefined && theirs !== undefined && mine !== theirs;
}

/** Remaining lifetime in milliseconds from the `exp` claim; Infinity if the token is unreadable. */
function remainingLifetimeMs(token: string | undefined): number {
  if (token === undefined) return 0;
  const { exp } = claimsOf(token);
  return typeof exp === 'number' ? Math.max(0, exp * 1000 - Date.now()) : Number.POSITIVE_INFINITY;
}

/** Empty if the token is unreadable. */
function claimsOf(token = ''): { exp?: unknown; sub?: unknown } {
  try {
    const [, claims = ''] = token.split('.');
    return JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown; sub?: unknown };
  } catch {
    return {};
  }
}
