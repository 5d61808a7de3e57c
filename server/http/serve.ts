import { setTimeout as wait } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { isIdempotent } from '../../contract/shared/policy.ts';
import { isForm, type Route } from '../../contract/shared/route.ts';
import type { App } from '../kernel/app.ts';
import type { AuditNote, RequestScope, Scope } from '../kernel/scope.ts';
import type { Sql, Transaction } from '../kernel/sql.ts';
import { type Admission, demand, demandEither, isExcused } from './admit.ts';
import { type AuditContext, writeAudit, writeDenial } from './audit.ts';
import { parseBody, refuseForm } from './body.ts';
import { type Claim, claim } from './idempotency.ts';
import type { Answered, Input, Served } from './implement.ts';
import type { IncomingBody } from './incomingBody.ts';
import { drain } from './multipart.ts';

/** The rest of the order of checks, then the effect: lookups, permission, idempotency, body, and one transaction with its audit entry. */
export async function serve(
  app: App,
  served: Served,
  admission: Admission,
  incoming: IncomingBody,
  req: Request,
  signal: () => AbortSignal,
): Promise<Answered> {
  const { route } = served;
  const { atLeastMs } = route.metadata;
  const least = atLeastMs === undefined ? undefined : wait(atLeastMs);
  const notes = new Notes();
  const scope = scopeOf(app, admission, app.database, notes);
  try {
    const found = await lookUp(served, admission, scope);
    checkPermission(route, admission);
    if (route.method === 'GET' && !route.metadata.makes) {
      return await served.handle({ ...admission, scope, found, body: undefined, req, signal } as unknown as Input<Route>);
    }
    if (route.metadata.origin && !route.body) refuseForm(req);
    const raw = route.body && !isForm(route) ? await incoming.bytes() : Buffer.alloc(0);
    // The sender decides how long a body takes: access that ended meanwhile has ended. The answer comes from memory as long as nothing changed.
    const present = raw.length > 0 ? { ...admission, grant: await admission.grantNow() } : admission;
    checkPermission(route, present);
    const held = await claimKey(app, route, present, req, raw);
    if (held && 'status' in held) return held;
    return await effect(app, served, present, notes, held, (own) => {
      const body = isForm(route) ? incoming.form(route) : parseBody(route, req, raw);
      if (present.grant && inBody(route)) demand(present.grant, route.metadata.permission, (body as { scope?: unknown }).scope);
      return served.handle({ ...present, scope: own, found, body, req, signal } as unknown as Input<Route>);
    });
  } catch (error) {
    await writeDenial(app, route.metadata.audit, contextOf(route, admission), error);
    throw error;
  } finally {
    if (isForm(route)) drain(req);
    if (isBestEffort(route))
      await writeNotes(app.database, route, contextOf(route, admission), notes).catch((error) =>
        app.log.error({ err: error }, 'an audit entry was lost'),
      );
    await least;
  }
}

/** Audit of sign-in and the like never fails the request (identity 0.7). */
const isBestEffort = ({ path, method }: Route) => path.startsWith('/v1/auth/') && method !== 'GET';
const inBody = ({ metadata, query }: Route) => typeof metadata.permission === 'object' && 'platform' in metadata.permission && !query;

class Notes {
  list: AuditNote[] = [];
  skipped = false;
  after: (() => void)[] = [];
  clear() {
    this.list = [];
    this.after = [];
    this.skipped = false;
  }
}

function scopeOf(app: App, admission: Admission, read: App['database'], notes: Notes, tx?: Transaction): Scope {
  const { origin, actor, grant } = admission;
  const base: RequestScope = {
    app,
    origin,
    read,
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
  // A public route has no actor; its handlers see a RequestScope and cannot ask for one.
  return Object.assign(base, grant && actor && { actor, ...grant }) as Scope;
}

async function lookUp({ route, lookups }: Served, { params, query }: Admission, scope: Scope) {
  const found: Record<string, unknown> = {};
  const intent = route.method === 'GET' || route.metadata.anyReader ? 'read' : 'write';
  for (const { noun, param, in: place, find } of lookups) {
    const id = place === 'path' ? params[param]! : query[param];
    // What a query names selects or belongs to something else, which is what the request changes.
    if (id !== undefined) found[noun] = await find(scope, id as string, place === 'path' ? intent : 'read', found, query);
  }
  return found;
}

function checkPermission(route: Route, admission: Admission) {
  const { grant, query } = admission;
  const { permission, or } = route.metadata;
  if (!grant || or === 'owner' || isExcused(route, admission)) return;
  if (inBody(route)) demandEither(grant, permission);
  else demand(grant, permission, query.scope);
}

async function claimKey(
  { database, keys }: App,
  route: Route,
  { actor, grant, idempotencyKey: key }: Admission,
  req: Request,
  raw: Buffer,
) {
  if (key === undefined || !actor || !isIdempotent(route)) return undefined;
  const who = actor.apiKeyId ?? actor.userId;
  const [path = '', query = ''] = req.originalUrl.split('?', 2);
  return claim(
    database,
    keys.encryptionKey,
    [who, grant?.accountId ?? '', route.method, path, key],
    Buffer.concat([Buffer.from(`${query}\n`), raw]),
  );
}

async function effect(
  app: App,
  { route }: Served,
  admission: Admission,
  notes: Notes,
  held: Claim | undefined,
  work: (scope: Scope) => Promise<Answered>,
) {
  try {
    const answer = await app.database.transaction(async (tx) => {
      notes.clear();
      const answer = await work(scopeOf(app, admission, app.database, notes, tx));
      const check = await prepareQuota(app, route, admission, tx);
      // A key is completed before the commit, and nothing can be once a check has failed.
      if (held) await check?.();
      else if (check) tx.withCommit(check());
      if (!isBestEffort(route)) tx.withCommit(writeNotes(tx, route, contextOf(route, admission, answer), notes));
      await held?.complete(tx, answer);
      return answer;
    }, admission.grant?.accountId);
    for (const then of notes.after) then();
    return answer;
  } catch (error) {
    await held?.release().catch((failed) => app.log.warn({ err: failed }, 'an idempotency key stays claimed for a minute'));
    throw error;
  }
}

const prepareQuota = async (app: App, { metadata: { quota } }: Route, { actor, grant }: Admission, tx: Transaction) =>
  quota && actor ? app.prepareQuota(tx, quota, { accountId: grant?.accountId, userId: actor.userId }) : undefined;

async function writeNotes(sql: Sql, route: Route, context: AuditContext, notes: Notes) {
  if (notes.skipped) return;
  const { makes, audit = makes } = route.metadata;
  if (audit === undefined || audit === 'none') return;
  const list = notes.list.length > 0 || isBestEffort(route) || makes ? notes.list : [{}];
  await Promise.all(list.map((note) => writeAudit(sql, audit, context, note)));
}

/** An entry is about what was made, or else about the last id of the path. Only who belongs to an account leaves entries in its audit log. */
const contextOf = ({ pathParams }: Route, { origin, actor, grant, params }: Admission, answer?: Answered): AuditContext => ({
  origin,
  accountId: grant && grant.role !== null ? grant.accountId : null,
  actorId: actor?.userId ?? null,
  apiKeyId: actor?.apiKeyId,
  // What a path holds beside ids may be a secret, and is no target.
  targetId:
    (answer?.status === 201 && madeBy(answer)) ||
    (Object.entries(params).findLast(([name]) => !pathParams || !(name in pathParams._zod.def.shape))?.[1] ?? null),
});

const madeBy = ({ body }: Answered) => {
  const { id, run_id } = body as { id?: string; run_id?: string };
  return id ?? run_id;
};

/** A signal of the caller hanging up, made only for those who ask. */
export function hangUp(res: Response): () => AbortSignal {
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
