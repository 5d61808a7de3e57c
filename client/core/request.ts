import { fillPath } from '../../contract/shared/path.ts';
import type { Problem } from '../generated/types.ts';
import type { CallOptions, FetchOptions, Operation } from './call.ts';
import { storeCookie } from './cookies.ts';
import { ApiError } from './errors.ts';
import type { RequestContext } from './hooks.ts';
import { observerOf } from './observer.ts';
import type { CookieStore, Settings } from './options.ts';
import { overNetwork } from './retry.ts';

export type RequestParts = { params?: Record<string, string>; query?: Record<string, unknown>; body?: unknown };

/** A prepared request. It may be sent several times. */
export type PreparedRequest = {
  readonly route: Operation;
  readonly url: string;
  readonly body: string | FormData | undefined;
  /** The size of its files. */
  readonly uploadBytes: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetchOptions: FetchOptions;
  readonly attempt: number;
};

/** Sends a request once. Rejects with an ApiError for an error response. */
export type SendRequest = (outgoing: PreparedRequest, bearer: string | undefined, signal: AbortSignal) => Promise<Response>;

/** Sets the URL and the headers that are the same for all attempts, including the Idempotency-Key. */
export function prepareRequest(
  route: Operation,
  { params, query, body }: RequestParts,
  options: CallOptions,
  settings: Settings,
): PreparedRequest {
  const { idempotencyKey } = options;
  const accountId = route.namesAccount ? undefined : (options.accountId ?? (route.auth === 'public' ? undefined : settings.accountId));
  return {
    route,
    url: settings.baseUrl + fillPath(route.path, params ?? {}) + searchOf(query),
    body: body === undefined ? undefined : route.form ? formOf(body as object) : JSON.stringify(body),
    uploadBytes: route.form ? sizeOf(body as object) : 0,
    headers: {
      accept: route.finalTypes ? 'text/event-stream' : route.bytes ? '*/*' : 'application/json',
      ...(body !== undefined && !route.form && { 'content-type': 'application/json' }),
      ...(accountId !== undefined && { 'x-account-id': accountId }),
      ...(route.idempotent && { 'idempotency-key': idempotencyKey ?? newKey() }),
      ...lowerCase(settings.headers),
      ...lowerCase(options.headers),
    },
    fetchOptions: { ...settings.fetchOptions, ...options.fetchOptions } as FetchOptions,
    attempt: 1,
  };
}

/** `Headers` joins the values of names that differ only in case. */
const lowerCase = (headers: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const sizeOf = (body: object = {}) =>
  Object.values(body).reduce((sum, value: { size?: number } | undefined) => sum + (value?.size ?? 0), 0);

/** `fetch` sets the Content-Type of a form. */
function formOf(body: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) if (value !== undefined) form.append(name, value);
  return form;
}

/** 128 random bits. `crypto.randomUUID` is missing on pages without HTTPS, and all of `crypto` in React Native. The key is no secret. */
export function newKey(): string {
  const bytes = new Uint8Array(16);
  const { crypto } = globalThis as { crypto?: Crypto };
  if (crypto) crypto.getRandomValues(bytes);
  else for (let at = 0; at < bytes.length; at++) bytes[at] = Math.random() * 256;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The lowest layer: hooks, log, fetch, the refresh cookie, and error responses as ApiErrors. */
export function createSender(settings: Settings, cookies: CookieStore): SendRequest {
  const { fetch, logger, onRequest, onResponse } = settings;
  return async ({ route, url, body, headers, fetchOptions, attempt }, bearer, signal) => {
    const { name: operation, method, path } = route;
    const request: RequestContext = { operation, method, url, headers: new Headers(headers), attempt };
    await onRequest?.(request);
    const sent = new Headers(request.headers);
    if (bearer !== undefined) setSecret(sent, 'authorization', `Bearer ${bearer}`);
    const cookie = route.cookie ? await cookies.get() : undefined;
    if (cookie !== undefined) setSecret(sent, 'cookie', cookie);

    const fields = { operation, method, path, attempt };
    logger?.debug(`${operation}: request`, fields);
    const began = Date.now();
    const report = async (response: Response | undefined, error: unknown) => {
      const durationMs = Date.now() - began;
      const traceId = traceIdOf(response?.headers);
      logger?.debug(`${operation}: ${response?.status ?? 'no response'}`, {
        ...fields,
        durationMs,
        ...(response && { status: response.status }),
        ...(traceId !== undefined && { traceId }),
        ...(error !== undefined && { error: nameOf(error) }),
      });
      await onResponse?.({ request, status: response?.status, headers: response?.headers, traceId, durationMs, error });
    };

    let response: Response | undefined;
    try {
      response = await overNetwork(operation, signal, () =>
        fetch(url, {
          ...fetchOptions,
          method,
          headers: sent,
          ...(body !== undefined && { body }),
          signal,
          // `keepalive` completes the request after the page is left. A lost rotated cookie would end the session.
          ...(route.cookie && { credentials: 'include', keepalive: true }),
        }),
      );
      if (route.cookie) await storeCookie(cookies, response.headers);
      if (!response.ok && !isResolvedStatus(route, response)) throw await errorOf(operation, response, signal);
    } catch (error) {
      await report(response, error);
      throw error;
    }
    await report(response, undefined);
    return response;
  };
}

/** The message of the TypeError of `Headers` contains the value. */
function setSecret(headers: Headers, name: string, value: string) {
  try {
    headers.set(name, value);
  } catch {
    throw new TypeError(`The value for the header ${name} contains characters that a header cannot have.`);
  }
}

/** A short name for logs: the `reason` or `code` of an error response, or the name of another error. Never its message. */
export const nameOf = (error: unknown): string =>
  error instanceof ApiError ? (error.reason ?? error.code) : error instanceof Error ? error.name : 'unknown';

async function errorOf(operation: string, response: Response, signal: AbortSignal) {
  const problem = await overNetwork(operation, signal, () => readProblem(response));
  return new ApiError(response.status, problem, response.headers, operation);
}

export const traceIdOf = (headers: Headers | undefined): string | undefined => headers?.get('x-trace-id') ?? undefined;

/** Whether the call resolves with this status. A response that is not JSON comes from a proxy. */
const isResolvedStatus = ({ answers }: Operation, { status, headers }: Response) =>
  answers?.includes(status) === true && headers.get('content-type')?.startsWith('application/json') === true;

/** Calls `onPart` for each part of the body that arrives. */
export async function readBody({ bytes }: Operation, response: Response, onPart: () => void): Promise<unknown> {
  if (response.status === 204) return undefined;
  const arrived = await readParts(response, onPart);
  return bytes ? arrived.blob() : observerOf(response)(await arrived.json());
}

/** React Native's own `fetch` returns bodies only as a whole. */
async function readParts(response: Response, onPart: () => void): Promise<Response> {
  const reader = response.body?.getReader();
  if (!reader) return response;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    onPart();
  }
  return new Response(new Blob(parts), { headers: response.headers });
}

/** Ignores bodies that are not JSON, such as a proxy's error page. */
async function readProblem(response: Response): Promise<Partial<Problem> | undefined> {
  const text = await response.text();
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem !== 'object' || problem === null) return undefined;
    // The shape of OpenAI has the message inside `error`.
    const { error, ...rest } = problem as { error?: { message: string } | string };
    return typeof error === 'object' ? { ...rest, message: error.message } : (problem as Partial<Problem>);
  } catch {
    return undefined;
  }
}

function searchOf(query: Record<string, unknown> = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  // Without URLSearchParams, which accepts no list of pairs in React Native.
  return pairs.length === 0
    ? ''
    : `?${pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`).join('&')}`;
}
