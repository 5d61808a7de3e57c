import type { CallOptions, Route } from './call.ts';
import { memoryCookies } from './cookies.ts';
import { createExchange, type Outgoing, type Parts, prepare, readBody } from './exchange.ts';
import { routes } from './generated/routes.ts';
import type { AccessGrant } from './generated/types.ts';
import type { Settings } from './options.ts';
import { createSession, type Session } from './session.ts';
import { attempt, repeated } from './waiting.ts';

/** A success: its body and what its headers say about the list it is a page of. */
export type Answer = { body: unknown; nextCursor: string | undefined };

/** Everything between a call and fetch: session, tries, times. */
export type Transport = {
  readonly session: Session;
  call(route: Route, parts: Parts, options: CallOptions): Promise<Answer>;
  /** Opens a stream: the body may go on until `signal` aborts. */
  open(outgoing: Outgoing, signal: AbortSignal): Promise<Response>;
};

/** The transport of one client. */
export function createTransport(settings: Settings): Transport {
  const cookies = settings.session.cookies ?? memoryCookies();
  const exchange = createExchange(settings, cookies);
  const keeper = createSession(settings, {
    hasCookie: async () => (await cookies.get()) !== undefined,
    refresh: () => {
      const outgoing = prepare(routes.auth.refresh, {}, {}, settings);
      return attempt(settings.timeoutMs, undefined, (signal) =>
        exchange(outgoing, undefined, signal).then((response) => readBody(outgoing.route, response)),
      ) as Promise<AccessGrant>;
    },
  });

  const open = (outgoing: Outgoing, signal: AbortSignal) =>
    keeper.authorised(outgoing.route, signal, (bearer) => exchange(outgoing, bearer, signal));

  const once = (outgoing: Outgoing, { signal, timeoutMs = settings.timeoutMs }: CallOptions) =>
    attempt(timeoutMs, signal, async (inTime): Promise<Answer> => {
      const response = await open(outgoing, inTime);
      return { body: await readBody(outgoing.route, response), nextCursor: response.headers.get('x-next-cursor') ?? undefined };
    });

  const call = async (route: Route, parts: Parts, options: CallOptions) => {
    const outgoing = prepare(route, parts, options, settings);
    const retries = route.retryable ? (options.retries ?? settings.retries) : 0;
    const limits = { retries, delayMs: settings.retryDelayMs, signal: options.signal };
    const answer = await repeated(limits, () => once(outgoing, options));
    if (route.grants) await keeper.keep(answer.body as AccessGrant);
    else if (route.cookie) keeper.forget();
    return answer;
  };

  return {
    session: keeper.session,
    open,
    call: (route, parts, options) =>
      route === routes.auth.refresh ? keeper.renewedBy(() => call(route, parts, options)) : call(route, parts, options),
  };
}
