// The client of the Arkloop API, for browsers and Node.
import type { CallOptions, Route } from './call.ts';
import { type Parts, prepare } from './exchange.ts';
import { follow } from './follow.ts';
import { routes } from './generated/routes.ts';
import type { Api, RunEvent, RunsApi } from './generated/types.ts';
import { type ClientOptions, type Settings, settingsOf } from './options.ts';
import { pagedFrom, pageOf } from './pages.ts';
import type { Session } from './session.ts';
import { createTransport, type Transport } from './transport.ts';
import { unwrap } from './webhooks.ts';

export type { Call, CallOptions, ConnectionState, Cursor, Page, Paged, PagedCall, StreamCall } from './call.ts';
export { memoryCookies } from './cookies.ts';
export { ApiError, ConnectionError, isRefusal, isTransient, type Refusal, TimeoutError } from './errors.ts';
export type * from './generated/types.ts';
export type { ClientOptions, CookieStore, SessionOptions, Tokens } from './options.ts';
export type { Session } from './session.ts';
export { type UnwrapOptions, type WebhookHeaders, type WebhookRefusal, WebhookVerificationError } from './webhooks.ts';

/** For whoever receives webhooks: `const event = await webhooks.unwrap(headers, body, secret)`. */
export const webhooks = { unwrap };

/** How to follow a run. */
export type StreamOptions = Pick<CallOptions, 'signal' | 'accountId' | 'headers' | 'onConnection'> & {
  /** Start after this event. */
  afterSeq?: number | undefined;
  /** false: the events there are, then the end. */
  follow?: boolean | undefined;
};

/** The API as functions: `client.threads.create({ body: { title: 'Plans' } })`. */
export type Client = Omit<Api, 'runs'> & {
  readonly session: Session;
  readonly runs: RunsApi & {
    /** The events of a run in order, each once, across lost connections, up to its last one. */
    stream(runId: string, options?: StreamOptions): AsyncIterable<RunEvent>;
  };
};

/** A client for one server and one user or API key. */
export function createClient(options: ClientOptions): Client {
  const settings = settingsOf(options);
  const transport = createTransport(settings);
  const areas = mapValues(routes, (area) =>
    mapValues(area, (route: Route) => Object.assign(callOf(route, settings, transport), { route })),
  );
  // Named here once: the table and the interfaces come from the same contract, and a test compares them.
  const api = areas as unknown as Api;
  const stream: Client['runs']['stream'] = (runId, { afterSeq, follow: live, ...rest } = {}) =>
    api.runs.events({ params: { run_id: runId }, query: { after_seq: afterSeq, follow: live } }, rest);
  return { ...api, session: transport.session, runs: { ...api.runs, stream } };
}

function callOf(route: Route, settings: Settings, transport: Transport) {
  if (route.last) return streamCall(route, route.last, settings, transport);
  if (!route.paged) return async (parts: Parts = {}, options: CallOptions = {}) => (await transport.call(route, parts, options)).body;
  if (route.paged === 'within')
    return async (parts: Parts = {}, options: CallOptions = {}) => pageOf(await transport.call(route, parts, options));
  return (parts: Parts = {}, options: CallOptions = {}) =>
    pagedFrom(async (before) =>
      pageOf<unknown[]>(
        await transport.call(route, before === undefined ? parts : { ...parts, query: { ...parts.query, before } }, options),
      ),
    );
}

function streamCall(route: Route, last: readonly string[], settings: Settings, transport: Transport) {
  return (parts: Parts = {}, options: CallOptions = {}) => {
    const outgoing = prepare(route, parts, options, settings);
    const at = (seq: number | undefined) =>
      seq === undefined ? outgoing : { ...outgoing, headers: { ...outgoing.headers, 'last-event-id': String(seq) } };
    return follow({
      open: (seq, signal) => transport.open(at(seq), signal),
      afterSeq: Number(parts.query?.after_seq ?? 0),
      live: parts.query?.follow !== false,
      last,
      signal: options.signal,
      onConnection: options.onConnection,
      retries: options.retries ?? settings.retries,
      delayMs: settings.retryDelayMs,
      silenceMs: settings.silenceMs,
    });
  };
}

const mapValues = <Value, Mapped>(tree: Readonly<Record<string, Value>>, to: (value: Value) => Mapped) =>
  Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, to(value)]));
