import { fillPath } from '../contract/shared/path.ts';
import type { CallOptions, Route } from './call.ts';
import { keepCookie } from './cookies.ts';
import { ApiError } from './errors.ts';
import type { Problem } from './generated/types.ts';
import type { CookieStore, Settings } from './options.ts';

/** The parts of a request, as a program has them. */
export type Parts = { params?: Record<string, string>; query?: Record<string, unknown>; body?: unknown };

/** A request that is ready to be sent, any number of times. */
export type Outgoing = {
  readonly route: Route;
  readonly url: string;
  readonly body: string | FormData | undefined;
  readonly headers: Readonly<Record<string, string>>;
};

/** Sends a request once; a refusal is thrown. */
export type Exchange = (outgoing: Outgoing, bearer: string | undefined, signal: AbortSignal) => Promise<Response>;

/** Fills in the address and the headers that stay the same over all tries, the Idempotency-Key among them. */
export function prepare(route: Route, { params, query, body }: Parts, options: CallOptions, settings: Settings): Outgoing {
  const { accountId = route.auth === 'public' ? undefined : settings.accountId, idempotencyKey } = options;
  return {
    route,
    url: settings.baseUrl + fillPath(route.path, params ?? {}) + searchOf(query),
    body: body === undefined ? undefined : route.form ? formOf(body as object) : JSON.stringify(body),
    headers: {
      accept: route.last ? 'text/event-stream' : route.bytes ? '*/*' : 'application/json',
      ...(body !== undefined && !route.form && { 'content-type': 'application/json' }),
      ...(accountId !== undefined && { 'x-account-id': accountId }),
      ...(route.idempotent && { 'idempotency-key': idempotencyKey ?? newKey() }),
      ...settings.headers,
      ...options.headers,
    },
  };
}

/** A form with the fields of a body; `fetch` gives it its Content-Type. */
function formOf(body: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) if (value !== undefined) form.append(name, value);
  return form;
}

/** 128 random bits; `crypto.randomUUID` is missing on pages that do not come over HTTPS. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The lowest layer: fetch, the refresh cookie, and refusals as errors. */
export function createExchange({ fetch }: Settings, cookies: CookieStore): Exchange {
  return async ({ route, url, body, headers }, bearer, signal) => {
    const cookie = route.cookie ? await cookies.get() : undefined;
    const response = await fetch(url, {
      method: route.method,
      headers: { ...headers, ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }), ...(cookie !== undefined && { cookie }) },
      body: body ?? null,
      signal,
      // Kept alive, it arrives although the page is left meanwhile: the cookie that is lost then would be the end of the session.
      ...(route.cookie && { credentials: 'include', keepalive: true }),
    });
    if (route.cookie) await keepCookie(cookies, response.headers);
    if (response.ok || isAnswer(route, response)) return response;
    throw new ApiError(response.status, await problemOf(response), response.headers);
  };
}

/** Whether a failure is what was asked for; one in another language than JSON is that of a proxy. */
const isAnswer = ({ answers }: Route, { status, headers }: Response) =>
  answers?.includes(status) === true && headers.get('content-type')?.startsWith('application/json') === true;

/** The body of a success: a file, JSON, or nothing. */
export async function readBody({ bytes }: Route, response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  return bytes ? response.blob() : response.json();
}

/** What a proxy says in a language of its own is no problem of ours. */
async function problemOf(response: Response): Promise<Partial<Problem> | undefined> {
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
