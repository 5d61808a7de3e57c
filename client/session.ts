import type { Route } from './call.ts';
import { ApiError, isTransient } from './errors.ts';
import type { AccessGrant } from './generated/types.ts';
import type { Settings } from './options.ts';
import { pause, unlessAborted } from './waiting.ts';

/** The signed-in user's session, as a program sees it. */
export type Session = {
  /** Set it to go on with a token you kept; undefined forgets it. */
  accessToken: string | undefined;
};

/** The session, as the transport uses it. */
export type SessionKeeper = {
  readonly session: Session;
  /** Sends with a usable credential; an expired token is renewed once, for all calls that wait for it. */
  authorised<Value>(route: Route, signal: AbortSignal, send: (bearer: string | undefined) => Promise<Value>): Promise<Value>;
  /** A renewal asked for by name: it waits for one that is under way, and others wait for it. */
  renewedBy<Value>(renew: () => Promise<Value>): Promise<Value>;
  keep(grant: AccessGrant): Promise<void>;
  forget(): void;
};

/** The ways to a new token. */
export type Renewal = { refresh(): Promise<AccessGrant>; hasCookie(): Promise<boolean> };

const longestLeadMs = 30_000;
/** The server takes the exchanged token for a mistake, not for theft, for ten seconds. */
const rotatedPausesMs = [200, 800, 2_000];

/** Keeps the access token and renews it by `refresh`, which brings a grant for the cookie. */
export function createSession({ apiKey, accessToken, session: hooks }: Settings, { refresh, hasCookie }: Renewal): SessionKeeper {
  let token: string | undefined;
  let renewAt = 0;
  let renewing: Promise<unknown> | undefined;

  const hold = (next: string | undefined, lifeMs = lifeOf(next)) => {
    token = next;
    renewAt = Date.now() + lifeMs - Math.min(longestLeadMs, lifeMs / 10);
  };
  const keep = async ({ access_token, expires_in }: AccessGrant) => {
    hold(access_token, expires_in * 1000);
    await hooks.onTokens?.({ accessToken: access_token, expiresAt: new Date(Date.now() + expires_in * 1000) });
  };
  const signOut = (error: ApiError) => {
    const held = token;
    hold(undefined, Number.POSITIVE_INFINITY);
    if (held !== undefined) hooks.onSignedOut?.(error);
  };
  hold(accessToken);

  const alone = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const mine = work().finally(() => {
      renewing = undefined;
    });
    renewing = mine;
    return mine;
  };
  const renew = () => renewing ?? alone(async () => keep(await patiently(refresh)));

  /** Whether to renew before sending: under way, due, or no token yet but a cookie from an earlier start. */
  const isDue = async () => renewing !== undefined || (Date.now() >= renewAt && (token !== undefined || (await hasCookie())));
  /** Ahead of time nothing is lost by failing: the token still holds for a while. */
  const renewEarly = async () => {
    renewAt = Date.now() + longestLeadMs;
    await renew().catch(() => undefined);
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
    keep,
    forget: () => hold(undefined),
    async renewedBy(work) {
      while (renewing) await renewing.catch(() => undefined);
      return alone(() => patiently(work));
    },
    async authorised(route, signal, send) {
      if (route.auth === 'public') return send(undefined);
      if (apiKey !== undefined) return send(apiKey);
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

/** Another holder of the same cookie was faster: the store has its successor, or will in a moment. */
async function patiently<Value>(refresh: () => Promise<Value>) {
  for (const ms of rotatedPausesMs) {
    try {
      return await refresh();
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === 'token_rotated')) throw error;
      await pause(ms);
    }
  }
  return refresh();
}

/** What is left of a token's life in milliseconds, by its own claim; for ever when it cannot be read. */
function lifeOf(token: string | undefined): number {
  if (token === undefined) return 0;
  try {
    const [, claims = ''] = token.split('.');
    const { exp } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown };
    return typeof exp === 'number' ? Math.max(0, exp * 1000 - Date.now()) : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
