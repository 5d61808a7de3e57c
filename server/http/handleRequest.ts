import { setTimeout as wait } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { canonicalPath } from '../../contract/shared/path.ts';
import { isIdempotent, mayReadFromReplica } from '../../contract/shared/policy.ts';
import { isMultipart, type Route } from '../../contract/shared/route.ts';
import type { Queryable, Transaction } from '../database/sql.ts';
import { CommittedFailure } from '../platform/failure.ts';
import type { App } from './app.ts';
import { parseBody, rejectNonJson } from './body/body.ts';
import type { IncomingBody } from './body/incomingBody.ts';
import { drainBody } from './body/multipart.ts';
import { type AuditContext, writeAudit, writeDenial } from './pipeline/audit.ts';
import { type AuthenticatedRequest, isExempt, requireEitherPermission, requirePermission } from './pipeline/authenticateRequest.ts';
import { claimIdempotencyKey, type IdempotencyClaim } from './pipeline/idempotency.ts';
import type { HandlerResponse, RouteHandler } from './pipeline/implement.ts';
import type { AuditNote, RequestScope, Scope } from './scope.ts';
import { isStreamBody } from './sse.ts';

/**
 * Continues the checks after `admit`: lookups, permission, idempotency, body. Then runs the handler in one transaction with its audit
 * entry.
 */
export async function handleRequest(
  app: App,
  handler: RouteHandler,
  authenticated: AuthenticatedRequest,
  incoming: IncomingBody,
  req: Request,
  signal: () => AbortSignal,
): Promise<HandlerResponse> {
  const { route } = handler;
  const { releaseSlot } = incoming;
  const { minDurationMs } = route.metadata;
  const minDuration = minDurationMs === undefined ? undefined : wait(minDurationMs);
  const notes = new AuditNotes();
  const scope = scopeOf(app, authenticated, app.database, notes);
  try {
    const loaded = await loadResources(handler, authenticated, scope);
    checkPermission(route, authenticated);
    if (route.method === 'GET' && !route.metadata.auditOnRead) {
      const read = (sql: Queryable) => {
        const own = sql === app.database ? scope : scopeOf(app, authenticated, sql, notes);
        return handler.handle({ ...authenticated, scope: own, loaded, body: undefined, req, signal, releaseSlot });
      };
      return app.replica && mayReadFromReplica(route) ? await app.replica.read(read) : await read(app.database);
    }
    if (route.metadata.origin && !route.body) rejectNonJson(req);
    const raw = route.body && !isMultipart(route) ? await incoming.bytes(route) : Buffer.alloc(0);
    // Check access again, because it may have ended while the body arrived. The result is cached until access changes.
    const current = raw.length > 0 ? { ...authenticated, access: await authenticated.recheckAccess() } : authenticated;
    checkPermission(route, current);
    const claimed = await claimKey(app, route, current, req, raw);
    if (claimed && 'status' in claimed) return claimed;
    return await runInTransaction(app, handler, current, notes, claimed, (txScope) => {
      const body = isMultipart(route) ? incoming.form(route) : parseBody(route, req, raw);
      if (current.access && hasScopeInBody(route))
        requirePermission(current.access, route.metadata.permission, (body as { scope?: unknown }).scope);
      return handler.handle({ ...current, scope: txScope, loaded, body, req, signal, releaseSlot });
    });
  } catch (error) {
    await writeDenial(app, route.metadata.audit, contextOf(route, authenticated), error);
    throw error;
  } finally {
    if (isMultipart(route)) drainBody(req);
    if (isBestEffort(route))
      await writeNotes(app.database, route, contextOf(route, authenticated), notes).catch((error) =>
        app.log.error({ err: error }, 'an audit entry was lost'),
      );
    await minDuration;
  }
}

/** Under `/v1/auth/`, a failed audit write does not fail the request. */
const isBestEffort = ({ path, method }: Route) => path.startsWith('/v1/auth/') && method !== 'GET';
const hasScopeInBody = ({ metadata, query }: Route) =>
  typeof metadata.permission === 'object' && 'platform' in metadata.permission && !query;

class AuditNotes {
  list: AuditNote[] = [];
  skipped = false;
  after: (() => void)[] = [];
  clear() {
    this.list = [];
    this.after = [];
    this.skipped = false;
  }
}

function scopeOf(app: App, authenticated: AuthenticatedRequest, db: Queryable, notes: AuditNotes, tx?: Transaction): Scope {
  const { client, actor, access } = authenticated;
  const base: RequestScope = {
    app,
    client,
    db,
    get tx(): Transaction {
      if (!tx) throw new Error('a reading request has no transaction');
      return tx;
    },
    audit: (note) => void notes.list.push(note),
    skipAudit: () => {
      notes.skipped = true;
    },
    afterCommit: (then) => void notes.after.push(then),
  };
  // A public route has no actor. Its handlers get a `RequestScope`, which has no such property.
  return Object.assign(base, access && actor && { actor, ...access }) as Scope;
}

async function loadResources({ route, loaders }: RouteHandler, { params, query }: AuthenticatedRequest, scope: Scope) {
  const loaded: Record<string, unknown> = {};
  const intent = route.method === 'GET' || route.metadata.allowReaders ? 'read' : 'write';
  for (const { noun, param, in: place, load } of loaders) {
    const id = place === 'path' ? params[param]! : query[param];
    // A resource named in the query is only referenced. The request changes the one named in the path.
    if (id !== undefined) loaded[noun] = await load(scope, id as string, place === 'path' ? intent : 'read', loaded, query);
  }
  return loaded;
}

function checkPermission(route: Route, authenticated: AuthenticatedRequest) {
  const { access, query } = authenticated;
  const { permission, exempt } = route.metadata;
  if (!access || exempt === 'owner' || isExempt(route, authenticated)) return;
  if (hasScopeInBody(route)) requireEitherPermission(access, permission);
  else requirePermission(access, permission, query.scope);
}

async function claimKey(
  { database, keys }: App,
  route: Route,
  { actor, access, idempotencyKey: key }: AuthenticatedRequest,
  req: Request,
  raw: Buffer,
) {
  if (key === undefined || !actor || !isIdempotent(route)) return undefined;
  const who = actor.apiKeyId ?? actor.userId;
  const [path = '', query = ''] = req.originalUrl.split('?', 2);
  return claimIdempotencyKey(
    database,
    keys.encryptionKey,
    [who, access?.accountId ?? '', route.method, canonicalPath(route.path, path), key],
    Buffer.concat([Buffer.from(`${query}\n`), raw]),
  );
}

async function runInTransaction(
  app: App,
  { route }: RouteHandler,
  authenticated: AuthenticatedRequest,
  notes: AuditNotes,
  claimed: IdempotencyClaim | undefined,
  work: (scope: Scope) => Promise<HandlerResponse>,
) {
  try {
    const answer = await app.database.transaction(async (tx) => {
      notes.clear();
      const answer = await work(scopeOf(app, authenticated, app.database, notes, tx)).catch(commitWithFailure);
      if (answer instanceof CommittedFailure) return answer;
      const check = await prepareQuota(app, route, authenticated, tx);
      // An idempotency key is completed before the commit. After a failed check no statement can run, so the check comes first.
      if (claimed) await check?.();
      else if (check) tx.awaitAtCommit(check());
      if (!isBestEffort(route)) tx.awaitAtCommit(writeNotes(tx, route, contextOf(route, authenticated, answer), notes));
      // A stream is not stored, so its key does not stay claimed.
      await (isStreamBody(answer.body) ? claimed?.release() : claimed?.complete(tx, answer));
      return answer;
    });
    for (const then of notes.after) then();
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

async function writeNotes(sql: Queryable, route: Route, context: AuditContext, notes: AuditNotes) {
  if (notes.skipped) return;
  const { auditOnRead, audit = auditOnRead } = route.metadata;
  if (audit === undefined || audit === 'none') return;
  const list = notes.list.length > 0 || isBestEffort(route) || auditOnRead ? notes.list : [{}];
  await Promise.all(list.map((note) => writeAudit(sql, audit, context, note)));
}

/** The target is the created resource, or else the last id of the path. Only members of an account write to its audit log. */
const contextOf = (
  { pathParams }: Route,
  { client, actor, access, params }: AuthenticatedRequest,
  answer?: HandlerResponse,
): AuditContext => ({
  client,
  accountId: access && access.role !== null ? access.accountId : null,
  actorId: actor?.userId ?? null,
  apiKeyId: actor?.apiKeyId,
  // Path parameters that are not ids may be secrets, so they are never a target.
  targetId:
    (answer?.status === 201 && madeBy(answer)) ||
    (Object.entries(params).findLast(([name]) => !pathParams || !(name in pathParams._zod.def.shape))?.[1] ?? null),
});

const madeBy = ({ body }: HandlerResponse) => {
  const { id, run_id } = body as { id?: string; run_id?: string };
  return id ?? run_id;
};

/** Returns a signal that aborts when the client disconnects. It is created on first use. */
export function disconnectSignal(res: Response): () => AbortSignal {
  let leaving: AbortController | undefined;
  return () => {
    if (leaving) return leaving.signal;
    const controller = new AbortController();
    leaving = controller;
    if (res.destroyed) controller.abort();
    else res.once('close', () => controller.abort());
    return controller.signal;
  };
}
