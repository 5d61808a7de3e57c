import { routes } from '../generated/routes.ts';
import type { AccessGrant } from '../generated/types.ts';
import type { CallOptions, Route } from './call.ts';
import { memoryCookies } from './cookies.ts';
import type { Settings } from './options.ts';
import { createSender, type PreparedRequest, prepareRequest, readBody, type RequestParts } from './request.ts';
import { withRetries, withTimeout } from './retry.ts';
import { createSession, type Session } from './session.ts';

/** A successful response. `nextCursor` comes from its headers. */
export type CallResult = { body: unknown; nextCursor: string | undefined };

/** The layer between calls and fetch: session, retries, timeouts. */
export type Transport = {
  readonly session: Session;
  call(route: Route, parts: RequestParts, options: CallOptions): Promise<CallResult>;
  /** Opens a stream. The body stays open until `signal` aborts. */
  open(outgoing: PreparedRequest, signal: AbortSignal): Promise<Response>;
};

export function createTransport(settings: Settings): Transport {
  const cookies = settings.session.cookies ?? memoryCookies();
  const exchange = createSender(settings, cookies);
  const keeper = createSession(settings, {
    hasCookie: async () => (await cookies.get()) !== undefined,
    refresh: () => {
      const outgoing = prepareRequest(routes.auth.refresh, {}, {}, settings);
      return withTimeout(settings.timeoutMs, undefined, (signal) =>
        exchange(outgoing, undefined, signal).then((response) => readBody(outgoing.route, response)),
      ) as Promise<AccessGrant>;
    },
  });

  const open = (outgoing: PreparedRequest, signal: AbortSignal) =>
    keeper.authorised(outgoing.route, signal, (bearer) => exchange(outgoing, bearer, signal));

  const once = (outgoing: PreparedRequest, { signal, timeoutMs = settings.timeoutMs }: CallOptions) =>
    withTimeout(timeoutMs, signal, async (inTime): Promise<CallResult> => {
      const response = await open(outgoing, inTime);
      return { body: await readBody(outgoing.route, response), nextCursor: response.headers.get('x-next-cursor') ?? undefined };
    });

  const call = async (route: Route, parts: RequestParts, options: CallOptions) => {
    const outgoing = prepareRequest(route, parts, options, settings);
    const retries = route.retryable ? (options.retries ?? settings.retries) : 0;
    const limits = { retries, delayMs: settings.retryDelayMs, signal: options.signal };
    const answer = await withRetries(limits, () => once(outgoing, options));
    if (route.grants) await keeper.storeGrant(answer.body as AccessGrant);
    else if (route.cookie) keeper.clear();
    return answer;
  };

  return {
    session: keeper.session,
    open,
    call: (route, parts, options) =>
      route === routes.auth.refresh ? keeper.refreshExclusively(() => call(route, parts, options)) : call(route, parts, options),
  };
}
