import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../../database/sql.ts';
import type { Keys } from '../../../platform/crypto/keys.ts';
import { databaseNow } from '../../../platform/databaseClock.ts';
import type { OutboundClient } from '../../../platform/outbound/outbound.ts';
import type { Log } from '../../../platform/telemetry/log.ts';
import { type Credential, sealCredential, unsealCredential } from './credential.ts';
import { GrantFailure, renewGrant } from './grants.ts';
import {
  type AuthorizationRow,
  claimRenewal,
  expireAuthorization,
  releaseRenewal,
  requireAuthorization,
  selectAuthorization,
  storeRenewal,
} from './queries.ts';

/** The access tokens of one MCP server. */
export type AccessTokens = {
  /** The token for the next request, renewed if it is about to expire. Undefined if no access has been granted. */
  current(): Promise<string | undefined>;
  /**
   * A token to repeat a request with that the server rejected with 401. Undefined if there is none: then the authorization has ended, or is
   * required.
   */
  replace(rejected: string | undefined): Promise<string | undefined>;
  /** The server has rejected `rejected`, which was just issued: the access does not work. */
  giveUp(rejected: string): Promise<void>;
  /** The latest tokens, to mask them. */
  secrets(): readonly string[];
};

export type AccessTokenDeps = { keys: Keys; database: Database; outbound: OutboundClient; log: Log };

type Server = AuthorizationRow & { account_id: string; id: string; url: string };

/** Tokens are renewed this time before they expire, in milliseconds. */
const marginMs = 10_000;
/** How often a process looks whether another one has renewed the tokens, in milliseconds. */
const pollMs = 100;
/** How long it waits for the other one, in milliseconds. */
const maxWaitMs = 30_000;

/**
 * Processes renew the tokens one after the other: a refresh token that is used twice may end the grant (OAuth 2.1, 4.3.1). A process that
 * dies meanwhile blocks the others for 30 seconds.
 *
 * If the URL of the server is changed, a connection to the earlier URL gets no tokens that were issued for the later one.
 */
export function createAccessTokens(deps: AccessTokenDeps, server: Server): AccessTokens {
  const { keys, database, outbound, log } = deps;
  const { url } = server;
  const key = { accountId: server.account_id, id: server.id };
  let used: string[] = [];
  let generation = 0;
  let held: Credential | undefined;
  let renewing: Promise<void> | undefined;

  function take({ oauth_status: status, oauth_sealed: sealed, oauth_generation: current }: AuthorizationRow) {
    generation = current;
    held = status === 'authorized' && sealed ? unsealCredential(keys.encryptionKeys, server, sealed) : undefined;
    if (held) used = [...used, held.tokens.access_token].slice(-3);
  }
  take(server);

  async function renewClaimed(claimed: AuthorizationRow) {
    take(claimed);
    const refreshToken = held?.tokens.refresh_token;
    try {
      if (!held || !refreshToken) throw new GrantFailure('The access has ended.', true);
      const next = await renewGrant(outbound, { ...held, tokens: { ...held.tokens, refresh_token: refreshToken } });
      const sealed = sealCredential(keys.encryptionKeys, server, next);
      const stored = await database.row(storeRenewal, { ...key, generation, sealed, endsInSeconds: endsInSeconds(next) });
      // Without a stored row, the authorization was deleted or replaced meanwhile.
      if (stored) take(stored);
      else held = undefined;
    } catch (error) {
      const isFinal = error instanceof GrantFailure && error.isFinal;
      await database.run(isFinal ? expireAuthorization : releaseRenewal, { ...key, generation });
      if (isFinal) held = undefined;
      log.warn(
        { account_id: key.accountId, mcp_config_id: key.id, reason: (error as Error).message },
        'the access to a tool server was not renewed',
      );
      if (!isFinal) throw error;
    }
  }

  /** Returns when the tokens differ from those of `generation`, or are gone. */
  async function renewOnce(): Promise<void> {
    const claimed = await database.row(claimRenewal, { ...key, generation });
    if (claimed) return renewClaimed(claimed);
    for (const end = performance.now() + maxWaitMs; performance.now() < end; await sleep(pollMs)) {
      const current = await database.row(selectAuthorization, { ...key, url });
      if (current?.oauth_status !== 'authorized' || current.oauth_generation !== generation) {
        held = undefined;
        return current && take(current);
      }
      // The other process has failed. All that wait fail with it: one attempt after the other would have no end.
      if (!current.is_renewing) break;
    }
    throw new GrantFailure('Another process could not renew the access.');
  }
  const renew = () => {
    renewing ??= renewOnce().finally(() => {
      renewing = undefined;
    });
    return renewing;
  };
  const leftMs = () => (held?.tokens.expires_at ?? Number.POSITIVE_INFINITY) - databaseNow();

  return {
    async current() {
      if (leftMs() < (held?.tokens.refresh_token ? marginMs : 0))
        await renew().catch((error: unknown) => {
          if (leftMs() <= 0) throw error;
        });
      return held?.tokens.access_token;
    },
    async replace(rejected) {
      if (rejected === undefined) {
        await database.run(requireAuthorization, { ...key, url });
        return undefined;
      }
      // Another request may have renewed the token while this one was on its way.
      if (held?.tokens.access_token === rejected) await renew();
      const next = held?.tokens.access_token;
      return next === rejected ? undefined : next;
    },
    async giveUp(rejected) {
      // Otherwise there are new tokens meanwhile.
      if (held?.tokens.access_token !== rejected) return;
      await database.run(expireAuthorization, { ...key, generation });
      held = undefined;
    },
    secrets: () => used,
  };
}

/** For the database: null if the access can be renewed, or has no known end. */
export const endsInSeconds = ({ tokens: { refresh_token, expires_at } }: Credential): number | null =>
  refresh_token === undefined && expires_at !== undefined ? Math.max(0, (expires_at - databaseNow()) / 1_000) : null;
