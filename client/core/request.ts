import { fillPath } from '../../contract/shared/path.ts';
import type { Problem } from '../generated/types.ts';
import type { CallOptions, Route } from './call.ts';
import { storeCookie } from './cookies.ts';
import { ApiError } from './errors.ts';
import type { CookieStore, Settings } from './options.ts';

export type RequestParts = { params?: Record<string, string>; query?: Record<string, unknown>; body?: unknown };

/** A prepared request. It may be sent several times. */
export type PreparedRequest = {
  readonly route: Route;
  readonly url: string;
  readonly body: string | FormData | undefined;
  readonly headers: Readonly<Record<string, string>>;
};

/** Sends a request once. Rejects with an ApiError for an error response. */
export type SendRequest = (outgoing: PreparedRequest, bearer: string | undefined, signal: AbortSignal) => Promise<Response>;

/** Sets the URL and the headers that are the same for all attempts, including the Idempotency-Key. */
export function prepareRequest(
  route: Route,
  { params, query, body }: RequestParts,
  options: CallOptions,
  settings: Settings,
): PreparedRequest {
  const { accountId = route.auth === 'public' ? undefined : settings.accountId, idempotencyKey } = options;
  return {
    route,
    url: settings.baseUrl + fillPath(route.path, params ?? {}) + searchOf(query),
    body: body === undefined ? undefined : route.form ? formOf(body as object) : JSON.stringify(body),
    headers: {
      accept: route.finalTypes ? 'text/event-stream' : route.bytes ? '*/*' : 'application/json',
      ...(body !== undefined && !route.form && { 'content-type': 'application/json' }),
      ...(accountId !== undefined && { 'x-account-id': accountId }),
      ...(route.idempotent && { 'idempotency-key': idempotencyKey ?? newKey() }),
      ...settings.headers,
      ...options.headers,
    },
  };
}

/** `fetch` sets the Content-Type of a form. */
function formOf(body: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) if (value !== undefined) form.append(name, value);
  return form;
}

/** 128 random bits. `crypto.randomUUID` is missing on pages without HTTPS. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The lowest layer: fetch, the refresh cookie, and error responses as ApiErrors. */
export function createSender({ fetch }: Settings, cookies: CookieStore): SendRequest {
  return async ({ route, url, body, headers }, bearer, signal) => {
    const cookie = route.cookie ? await cookies.get() : undefined;
    const response = await fetch(url, {
      method: route.method,
      headers: { ...headers, ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }), ...(cookie !== undefined && { cookie }) },
      body: body ?? null,
      signal,
      // `keepalive` completes the request after the page is left. A lost rotated cookie would end the session.
      ...(route.cookie && { credentials: 'include', keepalive: true }),
    });
    if (route.cookie) await storeCookie(cookies, response.headers);
    if (response.ok || isResolvedStatus(route, response)) return response;
    throw new ApiError(response.status, await readProblem(response), response.headers);
  };
}

/** Whether the call resolves with this status. A response that is not JSON comes from a proxy. */
const isResolvedStatus = ({ answers }: Route, { status, headers }: Response) =>
  answers?.includes(status) === true && headers.get('content-type')?.startsWith('application/json') === true;

export async function readBody({ bytes }: Route, response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  return bytes ? response.blob() : response.json();
}

/** Ignores bodies that are not JSON, such as a proxy's error page. */
async function readProblem(response: Response): Promise<Partial<Problem> | undefined> {
  const text = await response.text();
  try {
    const problem: unknown = JSON.parse(text);
    return typeof problem === 'object' && problem !== null ? problem : undefined;
  } catch {
    return undefined;
  }
}

function searchOf(query: Record<string, unknown> = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}
