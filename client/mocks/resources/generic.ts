import { z } from 'zod';
import type { Context, RouteResult } from '../context.ts';
import { RawBody } from '../context.ts';
import { createResource, knownFields, ownerOf, updateResource } from '../factory.ts';
import { apiError, notFound } from '../http/errors.ts';
import { pageOf } from '../http/pages.ts';
import { resourcesIn, type ResourceType, resourceTypes, rowsField, successOf } from '../resourceTypes.ts';
import type { Json, Row } from '../state.ts';
import { setDerivedFields, sideEffects, uniqueFields } from './effects.ts';

/** Path parameters as strings, for code that serves any route. */
export const paramsOf = ({ params }: Context) => params as Record<string, string>;

/** They succeed also if there is nothing to delete. */
const repeatableDeletes = ['platformSettings.delete'];

/** Loads the resources in the path, outermost first. Throws 404. */
export function loadPathResources(context: Context): Record<string, Row> {
  const { engine, operation } = context;
  const params = paramsOf(context);
  return Object.fromEntries(
    resourcesIn(operation.route.path).map(({ kind, param }) => {
      const [row] = engine.state.rows(kind, (each) => isVisible(each, kind, context) && each.value[kind.key] === params[param]);
      // PUT creates the resource if it does not exist.
      const isOptional = operation.route.method === 'PUT' || repeatableDeletes.includes(operation.id);
      if (!row && !(isOptional && !kind.isCreated)) throw notFound();
      return [param, row!];
    }),
  );
}

/** Whether the caller may see a row below the path of the request. */
function isVisible({ owner, parents, value }: Row, kind: ResourceType, context: Context): boolean {
  const params = paramsOf(context);
  const { caller } = context;
  if (Object.entries(parents).some(([name, id]) => params[name] !== undefined && params[name] !== id)) return false;
  if (owner !== ownerOf(kind, context)) return false;
  const isElsewhere = kind.ownedBy === 'platform' && 'account_id' in value && value.account_id !== caller?.accountId;
  return !isElsewhere || caller?.user.isAdmin === true;
}

/** The rows that the caller may see, newest first. */
export const visibleRows = (kind: ResourceType, context: Context): Row[] =>
  context.engine.state.rows(kind, (row) => isVisible(row, kind, context));

/** Serves a route without a handwritten handler, by its method, path and response schema. */
export function serveGeneric(context: Context): RouteResult {
  const { route } = context.operation;
  const here = resourceTypes.get(route.path);
  if (here && route.method === 'GET') return list(here, context);
  if (here && route.method === 'POST') return create(here, context);
  const last = resourcesIn(route.path).at(-1);
  if (!last) return fakeResult(context);
  const isThing = route.path.endsWith(`{${last.param}}`);
  const row = context.loaded[last.param];
  if (route.method === 'DELETE' && isThing) return remove(last.kind, row!, context);
  if (route.method === 'PUT' && isThing && !row) return create(last.kind, context);
  const shape = successOf(route);
  if (route.method === 'GET' && isThing) return { status: 200, body: complete(row!.value, shape as z.ZodObject, context) };
  const isAbout = shape instanceof z.ZodObject && Object.keys(last.kind.model.shape).every((name) => name in shape.shape);
  return isAbout ? change(row!, shape, last.kind, context) : fakeResult(context);
}

/** Adds fields that only the detail route returns. They are faked on first access and stored. */
function complete(value: Json, { shape }: z.ZodObject, { engine, operation }: Context): Json {
  for (const [name, field] of Object.entries(shape))
    if (!(name in value) && !z.safeParse(field, undefined).success)
      value[name] = engine.fakes.of(field as z.ZodType, `${operation.id} ${name} ${++engine.state.fakeCount}`);
  return value;
}

function list(kind: ResourceType, context: Context): RouteResult {
  const { operation, query } = context;
  const filters = Object.entries(query as Json).filter(
    ([name, value]) => value !== undefined && name in kind.model.shape && z.safeParse(kind.model.shape[name], value).success,
  );
  const rows = visibleRows(kind, context).filter(({ value }) => filters.every(([name, wanted]) => value[name] === wanted));
  return listResult(rows, context, JSON.stringify([operation.id, context.caller?.user.id, context.params, filters]));
}

/** A list response, paginated and wrapped in an object if the route says so. */
export function listResult(rows: readonly Row[], context: Context, name: string): RouteResult {
  const { route } = context.operation;
  const query = context.query as { limit?: number; before?: string; cursor?: string };
  const limits = route.metadata.pages ? { limit: query.limit ?? 20, before: query.before ?? query.cursor } : { limit: rows.length };
  const page = pageOf(rows, name, limits);
  const field = rowsField(successOf(route));
  const values = page.rows.map(({ value }) => value);
  const body = field ? { ...createResource(successOf(route) as z.ZodObject, context), [field]: values } : values;
  return { status: 200, body, next: page.next };
}

function create(kind: ResourceType, context: Context): RouteResult {
  const { engine, operation } = context;
  const shape = successOf(operation.route) as z.ZodObject;
  const value = createResource(kind.model.extend(shape.shape), context);
  const [field, reason] = uniqueFields[operation.id] ?? [];
  if (field && reason && visibleRows(kind, context).some((row) => row.value[field] === value[field]))
    throw apiError('conflict', reason, 'There is one already.');
  const known = kind.key === 'id' ? undefined : visibleRows(kind, context).find((row) => row.value[kind.key] === value[kind.key]);
  if (known) return change(known, shape, kind, context);
  setDerivedFields(kind.name, value, context);
  const { [kind.key]: _, ...parents } = paramsOf(context);
  engine.state.add(kind, { owner: ownerOf(kind, context), parents, value });
  sideEffects[operation.id]?.(value, context);
  return { status: statusOf(operation.route), body: value };
}

function change({ value }: Row, shape: z.ZodObject, kind: ResourceType, context: Context): RouteResult {
  const { engine, operation } = context;
  if (operation.route.method !== 'GET') {
    updateResource(value, shape, context);
    // Fields that only this response contains, such as a new secret, get a new value. PATCH keeps those that the detail route returns, too.
    const isKept = (name: string) => name in kind.model.shape || (operation.route.method === 'PATCH' && name in value);
    for (const name of Object.keys(shape.shape))
      if (!isKept(name)) value[name] = engine.fakes.of(shape.shape[name], `${operation.id} ${++engine.state.fakeCount}`);
    setDerivedFields(kind.name, value, context);
  }
  return { status: 200 in operation.route.responses ? 200 : statusOf(operation.route), body: value };
}

/** The successful status of a route; the highest one if there are several (201 over 200). */
const statusOf = ({ responses }: Context['operation']['route']) =>
  Math.max(
    ...Object.keys(responses)
      .map(Number)
      .filter((status) => status < 400),
  );

function remove(kind: ResourceType, row: Row, context: Context): RouteResult {
  const { state } = context.engine;
  state.remove(kind, (each) => each === row);
  sideEffects[context.operation.id]?.(row.value, context);
  const { param } = resourcesIn(context.operation.route.path).at(-1)!;
  for (const below of resourceTypes.values())
    if (below.name.startsWith(`${context.operation.route.path}`))
      state.remove(below, ({ parents }) => parents[param] === row.value[kind.key]);
  return empty(context);
}

/** 204, or 200 with `{ ok: true }`. */
const empty = ({ operation: { route } }: Context): RouteResult =>
  204 in route.responses ? { status: 204, body: undefined } : { status: 200, body: { ok: true } };

/** A fake response of a route without stored data. The same GET gets the same response. */
function fakeResult(context: Context): RouteResult {
  const { engine, operation, caller, query } = context;
  const { route } = operation;
  if (204 in route.responses) return empty(context);
  const asked = JSON.stringify([
    operation.id,
    caller?.accountId,
    context.params,
    query,
    route.method === 'GET' || ++engine.state.fakeCount,
  ]);
  const shape = successOf(route);
  if (!shape) return file(engine.fakes.of(z.string().regex(/^[0-9a-f]{64}$/), asked));
  const body = engine.fakes.of(shape, asked);
  return { status: statusOf(route), body: shape instanceof z.ZodObject ? { ...(body as object), ...knownFields(shape, context) } : body };
}

/** A file with a content that depends on `tag`. */
const file = (tag: string): RouteResult => ({
  status: 200,
  body: new RawBody(`A file of the mock: ${tag}\n`, 'text/plain; charset=utf-8'),
  headers: { etag: `"${tag}"`, 'content-disposition': 'attachment; filename="mock.txt"' },
});
