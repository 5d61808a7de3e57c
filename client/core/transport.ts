import { routes } from '../generated/routes.ts';
import type { AccessGrant } from '../generated/types.ts';
import type { CallOptions, Operation } from './call.ts';
import { memoryCookies } from './cookies.ts';
import { ApiError, ConnectionError, isTransient } from './errors.ts';
import type { Settings } from './options.ts';
import { createSender, nameOf, type PreparedRequest, prepareRequest, readBody, type RequestParts } from './request.ts';
import { overNetwork, unlessAborted, withRetries, withTimeout } from './retry.ts';
import { createSession, type Session } from './session.ts';

/** A successful response whose body has been read. */
export type CallResult = { readonly body: unknown; readonly status: number; readonly headers: Headers };

/** The layer between calls and fetch: session, retries, timeouts. */
export type Transport = {
  readonly session: Session;
  call(route: Operation, parts: RequestParts, options: CallOptions): Promise<CallResult>;
  /** Opens a stream. The body stays open until `signal` aborts. */
  open(outgoing: PreparedRequest, signal: AbortSignal): Promise<Response>;
  /** Logs a retry. */
  onRetry(route: Operation, attempt: number, error: unknown, delayMs: number): void;
};

const refreshRoute: Operation = { ...routes.auth.refresh, name: 'auth.refresh' };

const defaultTimeoutMs = 30_000;
/** An upload that is slower than this, in bytes per second, may be given up. `fetch` does not tell how much it has sent. */
const minUploadSpeed = 16_384;

const timeoutOf = ({ route, uploadBytes }: PreparedRequest, timeoutMs: number | undefined) =>
  (timeoutMs ?? route.answerMs ?? defaultTimeoutMs) + Math.floor(uploadBytes / minUploadSpeed) * 1_000;

/** Whether the server may have begun to work on a request. */
const isTaken = (error: ApiError | ConnectionError) => !(error instanceof ApiError) || ![429, 503].includes(error.status);

/** The usual cause is a server of pages, which answers unknown paths with a page. */
const notJson = (operation: string, { status, headers }: Response, cause: Error) =>
  new ConnectionError(
    `${operation} failed: the response (${status}, ${headers.get('content-type')}) is not JSON. Does \`baseUrl\` lead to the API?`,
    cause,
  );

export function createTransport(settings: Settings): Transport {
  const cookies = settings.session.cookies ?? memoryCookies();
  const exchange = createSender(settings, cookies);
  const read = (route: Operation, response: Response, signal: AbortSignal, progress: () => void) =>
    overNetwork(route.name, signal, () => readBody(route, response, progress)).catch((error: Error) => {
      throw error.cause instanceof SyntaxError ? notJson(route.name, response, error.cause) : error;
    });
  const keeper = createSession(settings, {
    hasCookie: async () => (await cookies.get()) !== undefined,
    refresh: () => {
      const outgoing = prepareRequest(refreshRoute, {}, {}, settings);
      return withTimeout(refreshRoute.name, timeoutOf(outgoing, settings.timeoutMs), undefined, async (signal, progress) =>
        read(refreshRoute, await exchange(outgoing, undefined, signal), signal, progress),
      ) as Promise<AccessGrant>;
    },
  });

  const open = (outgoing: PreparedRequest, signal: AbortSignal) =>
    keeper.authorised(outgoing.route, signal, (bearer) => exchange(outgoing, bearer, signal));
  const onRetry: Transport['onRetry'] = ({ name, method, path }, attempt, error, retryInMs) =>
    settings.logger?.warn(`${name}: retry`, {
      operation: name,
      method,
      path,
      attempt,
      error: nameOf(error),
      retryInMs: Math.round(retryInMs),
    });

  const once = (outgoing: PreparedRequest, { signal, timeoutMs = settings.timeoutMs }: CallOptions) =>
    withTimeout(outgoing.route.name, timeoutOf(outgoing, timeoutMs), signal, async (inTime, progress): Promise<CallResult> => {
      const response = await open(outgoing, inTime);
      progress();
      return { body: await read(outgoing.route, response, inTime, progress), status: response.status, headers: response.headers };
    });

  const call = async (route: Operation, parts: RequestParts, options: CallOptions) => {
    const outgoing = prepareRequest(route, parts, options, settings);
    const answer = await withRetries(
      {
        retries: route.retryable ? (options.maxRetries ?? settings.maxRetries) : 0,
        delayMs: settings.retryDelayMs,
        signal: options.signal,
        mayRetry: (error) => isTransient(error) && !(route.charged && isTaken(error)),
        onRetry: (attempt, error, delayMs) => onRetry(route, attempt, error, delayMs),
      },
      (attempt) => once({ ...outgoing, attempt }, options),
    );
    if (route.grants) await keeper.storeGrant(answer.body as AccessGrant);
    else if (route.ends) keeper.clear();
    return answer;
  };

  return {
    session: keeper.session,
    open,
    onRetry,
    call(route, parts, options) {
      const work = () => call(route, parts, options);
      if (!route.grants) return work();
      return unlessAborted(route.name === refreshRoute.name ? keeper.refresh(work) : keeper.signIn(work), options.signal);
    },
  };
}
