import { z } from 'zod';
import type { Answered, Context } from './context.ts';
import { Raw } from './context.ts';
import { effects, finish, unique } from './finishing.ts';
import { type Kind, kinds, rowsField, successOf, thingsIn } from './kinds.ts';
import { changeThing, knownIn, makeThing, ownerOf } from './making.ts';
import { pageOf } from './pages.ts';
import { notFound, refuse } from './refusal.ts';
import type { Json, Row } from './state.ts';

/** The values of a path as text; a route is not known here. */
export const paramsOf = ({ params }: Context) => params as Record<string, string>;

/** Everything that a path names, outermost first. Throws 404 where there is none. */
export function findNamed(context: Context): Record<string, Row> {
  const { engine, operation } = context;
  const params = paramsOf(context);
  return Object.fromEntries(
    thingsIn(operation.route.path).map(({ kind, param }) => {
      const [row] = engine.state.rows(kind, (each) => isSeen(each, kind, context) && each.value[kind.key] === params[param]);
      // A PUT sets what is not there yet.
      if (!row && !(operation.route.method === 'PUT' && !kind.isCreated)) throw notFound();
      return [param, row!];
    }),
  );
}

/** Whether a row is one that the caller sees below the path of the request. */
function isSeen({ owner, parents, value }: Row, kind: Kind, context: Context): boolean {
  const params = paramsOf(context);
  const { caller } = context;
  if (Object.entries(parents).some(([name, id]) => params[name] !== undefined && params[name] !== id)) return false;
  if (owner !== ownerOf(kind, context)) return false;
  const isElsewhere = kind.reach === 'platform' && 'account_id' in value && value.account_id !== caller?.accountId;
  return !isElsewhere || caller?.user.isAdmin === true;
}

/** The rows of a kind that the caller sees, newest first. */
export const rowsSeen = (kind: Kind, context: Context): Row[] => context.engine.state.rows(kind, (row) => isSeen(row, kind, context));

/** Serves a route by what its method, path and answer say it does. */
export function serveGenerically(context: Context): Answered {
  const { route } = context.operation;
  const here = kinds.get(route.path);
  if (here && route.method === 'GET') return list(here, context);
  if (here && route.method === 'POST') return create(here, context);
  const last = thingsIn(route.path).at(-1);
  if (!last) return invent(context);
  const isThing = route.path.endsWith(`{${last.param}}`);
  const row = context.found[last.param];
  if (route.method === 'DELETE' && isThing) return remove(last.kind, row!, context);
  if (route.method === 'PUT' && isThing && !row) return create(last.kind, context);
  const shape = successOf(route);
  if (route.method === 'GET' && isThing) return { status: 200, body: complete(row!.value, shape as z.ZodObject, context) };
  const isAbout = shape instanceof z.ZodObject && Object.keys(last.kind.model.shape).every((name) => name in shape.shape);
  return isAbout ? change(row!, shape, last.kind, context) : invent(context);
}

/** A thing with what only its own route shows: made up when it is asked for first, and kept. */
function complete(value: Json, { shape }: z.ZodObject, { engine, operation }: Context): Json {
  for (const [name, field] of Object.entries(shape))
    if (!(name in value) && !z.safeParse(field, undefined).success)
      value[name] = engine.fakes.of(field as z.ZodType, `${operation.id} ${name} ${++engine.state.made}`);
  return value;
}

function list(kind: Kind, context: Context): Answered {
  const { operation, query } = context;
  const filters = Object.entries(query as Json).filter(
    ([name, value]) => value !== undefined && name in kind.model.shape && z.safeParse(kind.model.shape[name], value).success,
  );
  const rows = rowsSeen(kind, context).filter(({ value }) => filters.every(([name, wanted]) => value[name] === wanted));
  return answerRows(rows, context, JSON.stringify([operation.id, context.caller?.user.id, context.params, filters]));
}

/** A list as its route answers it: in pages where it has pages, inside an object where it is one. */
export function answerRows(rows: readonly Row[], context: Context, name: string): Answered {
  const { route } = context.operation;
  const query = context.query as { limit?: number; before?: string; cursor?: string };
  const limits = route.metadata.pages ? { limit: query.limit ?? 20, before: query.before ?? query.cursor } : { limit: rows.length };
  const page = pageOf(rows, name, limits);
  const field = rowsField(successOf(route));
  const values = page.rows.map(({ value }) => value);
  const body = field ? { ...makeThing(successOf(route) as z.ZodObject, context), [field]: values } : values;
  return { status: 200, body, next: page.next };
}

function create(kind: Kind, context: Context): Answered {
  const { engine, operation } = context;
  const shape = successOf(operation.route) as z.ZodObject;
  const value = makeThing(kind.model.extend(shape.shape), context);
  const [field, reason] = unique[operation.id] ?? [];
  if (field && reason && rowsSeen(kind, context).some((row) => row.value[field] === value[field]))
    throw refuse('conflict', reason, 'There is one already.');
  const known = kind.key === 'id' ? undefined : rowsSeen(kind, context).find((row) => row.value[kind.key] === value[kind.key]);
  if (known) return change(known, shape, kind, context);
  finish(kind.name, value, context);
  const { [kind.key]: _, ...parents } = paramsOf(context);
  engine.state.add(kind, { owner: ownerOf(kind, context), parents, value });
  effects[operation.id]?.(value, context);
  return { status: statusOf(operation.route), body: value };
}

function change({ value }: Row, shape: z.ZodObject, kind: Kind, context: Context): Answered {
  const { engine, operation } = context;
  if (operation.route.method !== 'GET') {
    changeThing(value, shape, context);
    // What only this answer shows, a new secret, is new.
    for (const name of Object.keys(shape.shape))
      if (!(name in kind.model.shape)) value[name] = engine.fakes.of(shape.shape[name], `${operation.id} ${++engine.state.made}`);
    finish(kind.name, value, context);
  }
  return { status: 200 in operation.route.responses ? 200 : statusOf(operation.route), body: value };
}

/** The status of a success: of two, that of something new. */
const statusOf = ({ responses }: Context['operation']['route']) =>
  Math.max(
    ...Object.keys(responses)
      .map(Number)
      .filter((status) => status < 400),
  );

function remove(kind: Kind, row: Row, context: Context): Answered {
  const { state } = context.engine;
  state.remove(kind, (each) => each === row);
  effects[context.operation.id]?.(row.value, context);
  const { param } = thingsIn(context.operation.route.path).at(-1)!;
  for (const below of kinds.values())
    if (below.name.startsWith(`${context.operation.route.path}`))
      state.remove(below, ({ parents }) => parents[param] === row.value[kind.key]);
  return empty(context);
}

/** Nothing, or `ok`. */
export const empty = ({ operation: { route } }: Context): Answered =>
  204 in route.responses ? { status: 204, body: undefined } : { status: 200, body: { ok: true } };

/** An answer about nothing that is kept: the same for the same question. */
function invent(context: Context): Answered {
  const { engine, operation, caller, query } = context;
  const { route } = operation;
  if (204 in route.responses) return empty(context);
  const asked = JSON.stringify([operation.id, caller?.accountId, context.params, query, route.method === 'GET' || ++engine.state.made]);
  const shape = successOf(route);
  if (!shape) return file(engine.fakes.of(z.string().regex(/^[0-9a-f]{64}$/), asked));
  const body = engine.fakes.of(shape, asked);
  return { status: statusOf(route), body: shape instanceof z.ZodObject ? { ...(body as object), ...knownIn(shape, context) } : body };
}

/** A file that is the same for the same question. */
const file = (tag: string): Answered => ({
  status: 200,
  body: new Raw(`A file of the mock: ${tag}\n`, 'text/plain; charset=utf-8'),
  headers: { etag: `"${tag}"`, 'content-disposition': 'attachment; filename="mock.txt"' },
});
