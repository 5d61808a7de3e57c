import { mayReadFromReplica } from '../../../contract/shared/policy.ts';
import type { Route } from '../../../contract/shared/route.ts';
import { nestedShare } from '../../database/connection/connectionShares.ts';
import type { Queryable, Transaction } from '../../database/sql.ts';
import { CommittedFailure } from '../../platform/failure.ts';
import { isExempt, requireEitherPermission, requirePermission } from '../access/authenticateRequest.ts';
import type { App } from '../app.ts';
import type { AuditNote, AuthenticatedRequest, RequestScope, Scope } from '../scope.ts';
import { isStreamBody } from '../sse.ts';
import { type AuditContext, writeAudit } from './audit.ts';
import type { IdempotencyClaim } from './idempotency.ts';
import type { HandlerResponse, RouteHandler } from './implement.ts';

/** Under `/v1/auth/`, a failed audit write does not fail the request. */
export const isBestEffort = ({ path, method }: Route) => path.startsWith('/v1/auth/') && method !== 'GET';
export const hasScopeInBody = ({ metadata, query }: Route) =>
  typeof metadata.permission === 'object' && 'platform' in metadata.permission && !query;

export class AuditNotes {
  list: AuditNote[] = [];
  skipped = false;
  clear() {
    this.list = [];
    this.skipped = false;
  }
}

/** One for all requests: a getter in each scope would keep the request until a full collection (docs/decisions/0103-requests-in-the-young-generation.md). */
const noTransaction = new Proxy({} as Transaction, {
  get() {
    throw new Error('a reading request has no transaction');
  },
});

/** `sql` replaces the database for reads. */
export function scopeOf(
  app: App,
  authenticated: AuthenticatedRequest,
  notes: AuditNotes,
  { tx, sql }: { tx?: Transaction; sql?: Queryable } = {},
): Scope {
  const { client, actor, access, share } = authenticated;
  const base: RequestScope = {
    app,
    client,
    db: sql ?? app.database.of(tx ? nestedShare(share) : share),
    tx: tx ?? noTransaction,
    audit: (note) => void notes.list.push(note),
    skipAudit: () => {
      notes.skipped = true;
    },
    afterCommit: (then) => base.tx.afterCommit(then),
  };
  // A public route has no actor. Its handlers get a `RequestScope`, which has no such property.
  return Object.assign(base, access && actor && { actor, ...access }) as Scope;
}

export async function loadResources({ route, loaders }: RouteHandler, { params, query }: AuthenticatedRequest, scope: Scope) {
  const loaded: Record<string, unknown> = {};
  const intent = route.method === 'GET' || route.metadata.allowReaders ? 'read' : 'write';
  for (const { noun, param, in: place, load } of loaders) {
    const id = place === 'path' ? params[param]! : query[param];
    // A resource named in the query is only referenced. The request changes the one named in the path.
    if (id !== undefined) loaded[noun] = await load(scope, id as string, place === 'path' ? intent : 'read', loaded, query);
  }
  return loaded;
}

export function checkPermission(route: Route, authenticated: AuthenticatedRequest) {
  const { actor, access, query } = authenticated;
  const { permission, exempt } = route.metadata;
  // `authenticateRequest` has checked the scope of a service key, which stands for all permissions of the route.
  if (actor?.serviceKeyId) return;
  if (!access || exempt === 'owner' || isExempt(route, authenticated)) return;
  if (hasScopeInBody(route)) requireEitherPermission(access, permission);
  else requirePermission(access, permission, query.scope);
}

/** Runs a handler that only reads, on the replica if that can serve the route. */
export function runRead(
  app: App,
  route: Route,
  authenticated: AuthenticatedRequest,
  notes: AuditNotes,
  scope: Scope,
  work: (scope: Scope) => Promise<HandlerResponse>,
): Promise<HandlerResponse> {
  const read = (sql: Queryable) => work(sql === app.database ? scope : scopeOf(app, authenticated, notes, { sql }));
  return app.replica && mayReadFromReplica(route) ? app.replica.read(read) : read(app.database);
}

/** Runs a handler in one transaction with its quota, its audit entry and its idempotency key. */
export async function runInTransaction(
  app: App,
  { route }: RouteHandler,
  authenticated: AuthenticatedRequest,
  notes: AuditNotes,
  claimed: IdempotencyClaim | undefined,
  work: (scope: Scope) => Promise<HandlerResponse>,
) {
  try {
    const answer = await app.database.of(authenticated.share).transaction(async (tx) => {
      notes.clear();
      const answer = await work(scopeOf(app, authenticated, notes, { tx })).catch(commitWithFailure);
      if (answer instanceof CommittedFailure) {
        if (!isBestEffort(route)) tx.awaitAtCommit(writeNotes(tx, route, contextOf(route, authenticated), notes));
        return answer;
      }
      const check = await prepareQuota(app, route, authenticated, tx);
      // An idempotency key is completed before the commit. After a failed check no statement can run, so the check comes first.
      if (claimed) await check?.();
      else if (check) tx.awaitAtCommit(check());
      if (!isBestEffort(route)) tx.awaitAtCommit(writeNotes(tx, route, contextOf(route, authenticated, answer), notes));
      // A stream is not stored, so its key does not stay claimed.
      await (isStreamBody(answer.body) ? claimed?.release() : claimed?.complete(tx, answer));
      return answer;
    });
    if (answer instanceof CommittedFailure) throw answer;
    return answer;
  } catch (error) {
    await claimed?.release().catch((failed) => app.log.warn({ err: failed }, 'an idempotency key stays claimed for a minute'));
    throw error;
  }
}

function commitWithFailure(error: unknown): CommittedFailure {
  if (error instanceof CommittedFailure) return error;
  throw error;
}

const prepareQuota = async (app: App, { metadata: { quota } }: Route, { actor, access }: AuthenticatedRequest, tx: Transaction) =>
  quota && actor ? app.prepareQuota(tx, quota, { accountId: access?.accountId, userId: actor.userId }) : undefined;

export async function writeNotes(sql: Queryable, route: Route, context: AuditContext, notes: AuditNotes) {
  if (notes.skipped) return;
  const { auditOnRead, audit = auditOnRead } = route.metadata;
  if (audit === undefined || audit === 'none') return;
  const list = notes.list.length > 0 || isBestEffort(route) || auditOnRead ? notes.list : [{}];
  await Promise.all(list.map((note) => writeAudit(sql, audit, context, note)));
}

/** The target is the created resource, or else the last id of the path. Only members of an account write to its audit log. */
export const contextOf = (
  { pathParams }: Route,
  { client, actor, access, params }: AuthenticatedRequest,
  answer?: HandlerResponse,
): AuditContext => ({
  client,
  accountId: access && access.role !== null ? access.accountId : null,
  actorId: actor?.userId ?? null,
  apiKeyId: actor?.apiKeyId,
  serviceKeyId: actor?.serviceKeyId,
  // Path parameters that are not ids may be secrets, so they are never a target.
  targetId:
    (answer?.status === 201 && madeBy(answer)) ||
    (Object.entries(params).findLast(([name]) => !pathParams || !(name in pathParams._zod.def.shape))?.[1] ?? null),
});

const madeBy = ({ body }: HandlerResponse) => {
  const { id, run_id } = body as { id?: string; run_id?: string };
  return id ?? run_id;
};
