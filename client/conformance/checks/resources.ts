import { isDeepStrictEqual } from 'node:util';
import type { HttpResponse } from '../call.ts';
import { type CheckContext, note, type Result, sendAndCheck } from '../exchange.ts';
import { idParams, isAccountIndependent, isProtected, operations } from '../operations.ts';
import { callOptionsOf, pathOf, type Sample } from '../sample.ts';
import { memoizePerUser, UncheckedReason } from '../samples/fixtures.ts';
import { keyOf, type Row, rowsOf } from './rows.ts';

/** What was read before a change, and the response to the change. */
export type Before = { earlier?: Row | undefined; answer: HttpResponse };

/** The operation that retrieves the resource of a path. */
const getAt = (path: string) =>
  operations.find(({ route }) => route.method === 'GET' && route.path === path && !route.metadata.pages)?.route;
const listAt = (path: string) => operations.find(({ route }) => route.path === path && route.metadata.pages === 'cursor')?.route;

/** The operation that retrieves what `POST path` creates. */
const getBelow = (path: string) =>
  operations.find(({ route }) => route.method === 'GET' && /^\/\{\w+\}$/.test(route.path.slice(path.length)) && route.path.startsWith(path))
    ?.route;

/** The value of the last path parameter, from the body of the resource. */
const idIn = (body: unknown, path: string): unknown => {
  const name = /\{(\w+)\}$/.exec(path)?.[1] ?? 'id';
  const row = (body ?? {}) as Row;
  return row[name] ?? row.id;
};

/** A user of another account, with one session for all operations. */
const outsiderOf = memoizePerUser(({ borrowUser }) => borrowUser());

/** 404 for a resource of another account. */
export async function checkIsolation(kit: CheckContext, result: Result, sample: Sample) {
  const { route } = result.operation;
  if (!isProtected(route) || isAccountIndependent(route) || idParams(route).length === 0) return;
  const stranger = await outsiderOf(kit.maker).catch(unavailable);
  if (!stranger) return void result.notes.push('access of another user not checked: the server registers none');
  if (stranger.id === kit.maker.by.id || Object.values(sample.params).includes(stranger.id)) return;
  const path = pathOf(route, sample.params, sample.query);
  const { 'x-account-id': _, ...headers } = sample.headers;
  const answer = await sendAndCheck(kit, result, path, { ...callOptionsOf({ ...sample, headers }), token: stranger.token });
  if (answer.status !== 404) note(result, 'request.isolation', path, answer, 'expected 404 for a user of another account');
}

function unavailable(error: unknown): undefined {
  if (!(error instanceof UncheckedReason)) throw error;
}

/** Reads the resource that a PATCH is about to change. */
export async function readBefore({ call }: CheckContext, { operation: { route } }: Result, sample: Sample): Promise<{ earlier?: Row }> {
  if (route.method !== 'PATCH' || !getAt(route.path)) return {};
  const { status, body } = await call('GET', pathOf(route, sample.params, sample.query), readingOptions(sample));
  return status === 200 ? { earlier: body } : {};
}

const readingOptions = ({ token, headers }: Sample) => ({ ...(token !== undefined && { token }), headers });

/** Reads what a successful request has created, changed or deleted. */
export async function checkReadBack(kit: CheckContext, result: Result, sample: Sample, { earlier, answer }: Before) {
  const { method } = result.operation.route;
  if (method === 'POST' && answer.status === 201) await checkCreated(kit, result, sample, answer);
  if (method === 'PATCH') await checkChanged(kit, result, sample, answer, earlier);
  // Another name means another effect: a canceled subscription stays.
  if (method === 'DELETE' && answer.status === 204 && result.operation.id.endsWith('.delete')) await checkDeleted(kit, result, sample);
}

async function checkCreated(kit: CheckContext, result: Result, sample: Sample, { body, text }: HttpResponse) {
  const { route } = result.operation;
  const below = getBelow(route.path);
  const id = below && idIn(body, below.path);
  if (typeof id !== 'string') return;
  const path = pathOf(route, sample.params);
  if (below) {
    const got = await kit.call('GET', `${path}/${id}`, readingOptions(sample));
    compare(result, 'GET after the creation', `${path}/${id}`, got, body);
  }
  if (listAt(route.path)) {
    const listed = await kit.call('GET', `${path}?limit=200`, readingOptions(sample));
    const times = rowsOf(listed.body).filter((row) => keyOf(row) === id).length;
    if (listed.status === 200 && times !== 1 && !listed.headers.has('link'))
      note(result, 'resource.listed', path, text.slice(0, 80), `the created resource is ${times} times in its list`);
  }
}

async function checkChanged(kit: CheckContext, result: Result, sample: Sample, { body }: HttpResponse, earlier: Row | undefined) {
  const { route } = result.operation;
  if (!getAt(route.path)) return;
  const path = pathOf(route, sample.params, sample.query);
  const got = await kit.call('GET', path, readingOptions(sample));
  compare(result, 'GET after the change', path, got, body);
  if (!earlier || got.status !== 200) return;
  const named = Object.keys((sample.body ?? {}) as Row);
  const others = Object.keys(earlier).filter((name) => !named.includes(name) && !name.endsWith('_at') && name in got.body);
  const changed = others.filter((name) => !isDeepStrictEqual(earlier[name], got.body[name]));
  if (changed.length > 0) note(result, 'resource.unchanged', path, got, `${changed.join(', ')} changed, which the request does not name`);
}

async function checkDeleted(kit: CheckContext, result: Result, sample: Sample) {
  const { route } = result.operation;
  const path = pathOf(route, sample.params, sample.query);
  if (getAt(route.path)) {
    const got = await kit.call('GET', path, readingOptions(sample));
    // A revoked key stays, as in its list.
    if (got.status !== 404 && !got.body?.revoked_at) note(result, 'resource.deleted', path, got, 'GET after the deletion; expected 404');
  }
  const above = route.path.replace(/\/\{\w+\}$/, '');
  if (above === route.path || !listAt(above)) return;
  const listed = await kit.call('GET', pathOf({ path: above as `/${string}` }, sample.params, sample.query), readingOptions(sample));
  const id = Object.values(sample.params).at(-1);
  if (rowsOf(listed.body).some((row) => keyOf(row) === id && !row.revoked_at))
    note(result, 'resource.deleted', path, listed, 'the list still has the deleted resource');
}

/** Compares the fields that both responses have. Times of activity may move. */
function compare(result: Result, when: string, path: string, got: HttpResponse, wanted: Row) {
  if (got.status !== 200) return note(result, 'resource.read', path, got, `${when}; expected 200`);
  const names = Object.keys(wanted ?? {}).filter((name) => name in got.body && name !== 'updated_at');
  const wrong = names.filter((name) => !isDeepStrictEqual(got.body[name], wanted[name]));
  if (wrong.length > 0) note(result, 'resource.read', path, got, `${when}: ${wrong.join(', ')} differ`);
}
