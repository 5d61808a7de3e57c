import { setTimeout as wait } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { canonicalPath } from '../../contract/shared/path.ts';
import { isIdempotent } from '../../contract/shared/policy.ts';
import { isMultipart, type Route } from '../../contract/shared/route.ts';
import { requirePermission } from './access/authenticateRequest.ts';
import type { App } from './app.ts';
import { parseBody, rejectNonJson } from './body/body.ts';
import type { IncomingBody } from './body/incomingBody.ts';
import { drainBody, type Form } from './body/multipart.ts';
import { writeDenial } from './pipeline/audit.ts';
import { claimIdempotencyKey } from './pipeline/idempotency.ts';
import type { HandlerResponse, RouteHandler } from './pipeline/implement.ts';
import {
  AuditNotes,
  checkPermission,
  contextOf,
  hasScopeInBody,
  isBestEffort,
  loadResources,
  runInTransaction,
  runRead,
  scopeOf,
  writeNotes,
} from './pipeline/operation.ts';
import { type Recheck, recheckOf } from './pipeline/recheck.ts';
import type { AuthenticatedRequest } from './scope.ts';

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
  const scope = scopeOf(app, authenticated, notes);
  try {
    const loaded = await loadResources(handler, authenticated, scope);
    checkPermission(route, authenticated);
    if (route.method === 'GET' && !route.metadata.auditOnRead)
      return await runRead(app, route, authenticated, notes, scope, (own) =>
        handler.handle({ ...authenticated, authenticated, scope: own, loaded, body: undefined, req, signal, releaseSlot }),
      );
    if (route.metadata.origin && !route.body) rejectNonJson(req);
    const raw = route.body && !isMultipart(route) ? await incoming.bytes(route) : Buffer.alloc(0);
    // Check access again, because it may have ended while the body arrived. The result is cached until access changes.
    const current = raw.length > 0 ? { ...authenticated, access: await authenticated.recheckAccess() } : authenticated;
    checkPermission(route, current);
    const claimed = await claimKey(app, route, current, req, raw);
    if (claimed && 'status' in claimed) {
      if (hasScopeInBody(route)) checkScopeInBody(route, current, parseBody(route, req, raw));
      return claimed;
    }
    return await runInTransaction(app, handler, current, notes, claimed, (txScope) => {
      const body = isMultipart(route) ? recheckedForm(incoming.form(route), recheckOf(route, current)) : parseBody(route, req, raw);
      if (hasScopeInBody(route)) checkScopeInBody(route, current, body);
      return handler.handle({ ...current, authenticated: current, scope: txScope, loaded, body, req, signal, releaseSlot });
    });
  } catch (error) {
    await writeDenial(app, route.metadata.audit, contextOf(route, authenticated), error);
    throw error;
  } finally {
    if (isMultipart(route)) drainBody(req);
    if (isBestEffort(route))
      await writeNotes(scope.db, route, contextOf(route, authenticated), notes).catch((error) =>
        app.log.error({ err: error }, 'an audit entry was lost'),
      );
    await minDuration;
  }
}

/** Also for a stored response, which may hold what only this permission shows. */
function checkScopeInBody({ metadata }: Route, { access }: AuthenticatedRequest, body: unknown) {
  if (access) requirePermission(access, metadata.permission, (body as { scope?: unknown }).scope);
}

/** Handlers store nothing before the end of a form. Access may have ended while it arrived. */
async function* recheckedForm(form: Form, recheck: Recheck): Form {
  yield* form;
  await recheck();
}

async function claimKey(
  { database, keys }: App,
  route: Route,
  { actor, access, idempotencyKey: key }: AuthenticatedRequest,
  req: Request,
  raw: Buffer,
) {
  if (key === undefined || !actor || !isIdempotent(route)) return undefined;
  const who = actor.apiKeyId ?? actor.serviceKeyId ?? actor.userId;
  const [path = '', query = ''] = req.originalUrl.split('?', 2);
  return claimIdempotencyKey(
    database,
    keys.encryptionKeys,
    [who, access?.accountId ?? '', route.method, canonicalPath(route.path, path), key],
    Buffer.concat([Buffer.from(`${query}\n`), raw]),
  );
}

/** One for all, because making an exception takes longer than the rest of the abort. */
const disconnected = new DOMException('The client has disconnected.', 'AbortError');

/** Returns a signal that aborts when the client disconnects. It is created on first use. */
export function disconnectSignal(res: Response): () => AbortSignal {
  let leaving: AbortController | undefined;
  return () => {
    if (leaving) return leaving.signal;
    const controller = new AbortController();
    leaving = controller;
    if (res.destroyed) controller.abort(disconnected);
    else res.once('close', () => controller.abort(disconnected));
    return controller.signal;
  };
}
