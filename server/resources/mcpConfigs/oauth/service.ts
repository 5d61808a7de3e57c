import type { McpAuthorizationAnswer, McpAuthorizationStart } from '../../../../contract/mcpConfigs.ts';
import type { Actor } from '../../../http/access/accessTypes.ts';
import { frontEndOf } from '../../../http/access/frontEnd.ts';
import { type AttemptLimit, countAttempt } from '../../../http/pipeline/attemptLimits.ts';
import type { Scope } from '../../../http/scope.ts';
import { newToken, sha256 } from '../../../platform/crypto/ids.ts';
import { Failure, failWith, notFound } from '../../../platform/failure.ts';
import { limiterKeyOf } from '../../../platform/limiterKey.ts';
import { lockSession } from '../../auth/sessions/lockSession.ts';
import { readEntitlements } from '../../settings/settings.ts';
import { invalidateCache } from '../invalidateCache.ts';
import type { McpConfigRow } from '../queries.ts';
import { endsInSeconds } from './accessTokens.ts';
import { sealCredential, sealPending, unsealPending } from './credential.ts';
import { completeGrant, GrantFailure, startGrant } from './grants.ts';
import * as queries from './queries.ts';

/** How long a user may take to grant access, in seconds. */
const requestLifeSeconds = 600;

/** Of one account. A completion needs a start, so it is not counted. */
const startLimit = (accountId: string): AttemptLimit => ({
  bucket: limiterKeyOf('mcp-authorization', accountId),
  max: 20,
  seconds: 600,
  reason: 'mcp_authorization_rate_limited',
});

/**
 * Throws 409 `not_connectable`, 429 `mcp_authorization_rate_limited`, 502 `authorization_failed`. `origin` is that of the front end, if a browser
 * sends the request.
 */
export async function startAuthorization(scope: Scope, config: McpConfigRow, origin: string | undefined): Promise<McpAuthorizationStart> {
  const { app, db, tx, accountId, actor } = scope;
  const { id } = config;
  const url = await connectableUrl(scope, config);
  await countAttempt(db, [startLimit(accountId)]);
  const state = newToken();
  const redirectUrl = `${await frontEndOf(app, origin)}/oauth/mcp/${id}`;
  const { authorizationUrl, pending } = await startGrant(app.outbound, url, redirectUrl, state).catch(toFailure);
  const sealed = sealPending(app.keys.encryptionKeys, config, pending);
  const kept = await tx.row(queries.keepRequest, {
    accountId,
    id,
    url,
    key: requestKey(state, actor),
    sealed,
    lifeSeconds: requestLifeSeconds,
  });
  if (!kept) throw notFound();
  scope.audit({ metadata: { issuer: pending.server.issuer } });
  return { authorization_url: authorizationUrl, expires_at: kept.expires_at };
}

/** Throws 400 `invalid_state`, 502 `authorization_failed`. */
export async function completeAuthorization(scope: Scope, config: McpConfigRow, answer: McpAuthorizationAnswer): Promise<McpConfigRow> {
  const { app, db, tx, accountId, actor } = scope;
  const { id } = config;
  // Outside the transaction, so that a failed attempt uses up the state too.
  const taken = await db.row(queries.takeRequest, { accountId, id, key: requestKey(answer.state, actor) });
  if (!taken?.sealed) throw invalidState();
  const pending = unsealPending(app.keys.encryptionKeys, config, taken.sealed);
  const credential = await completeGrant(app.outbound, pending, answer.code, answer.iss).catch(toFailure);
  // The access outlives the session.
  await lockSession(tx, actor);
  const sealed = sealCredential(app.keys.encryptionKeys, config, credential);
  // An authorization that was deleted while it was completed stays deleted.
  const values = { revision: taken.revision, url: pending.url, sealed, endsInSeconds: endsInSeconds(credential) };
  const stored = await tx.row(queries.storeAuthorization, { accountId, id, ...values });
  if (!stored) throw invalidState();
  scope.audit({ metadata: { issuer: pending.server.issuer } });
  invalidateCache(scope);
  return stored;
}

export async function deleteAuthorization(scope: Scope, { id }: McpConfigRow): Promise<void> {
  if ((await scope.tx.run(queries.clearAuthorization, { accountId: scope.accountId, id, url: null })) === 0) throw notFound();
  invalidateCache(scope);
}

async function connectableUrl({ app, accountId }: Scope, { url, has_auth }: McpConfigRow): Promise<string> {
  const { 'feature.mcp_remote_enabled': remote } = await readEntitlements(app.database, accountId);
  const obstacle =
    url === null
      ? 'A program needs no authorization.'
      : has_auth
        ? 'The server has a bearer token. Delete it first.'
        : remote === false
          ? 'This account may not use remote tool servers.'
          : undefined;
  if (url === null || obstacle) throw failWith('conflict', 'not_connectable', obstacle ?? '');
  return url;
}

/** Only the session that started an authorization can complete it. */
const requestKey = (state: string, { sessionId }: Actor) => sha256(`${sessionId} ${state}`);

const invalidState = () =>
  failWith(
    'invalid',
    'invalid_state',
    'This authorization is not known, has expired, was completed before, or was started in another session.',
  );

function toFailure(error: unknown): never {
  if (error instanceof GrantFailure) throw new Failure('upstream', error.message, { reason: 'authorization_failed' });
  throw error;
}
