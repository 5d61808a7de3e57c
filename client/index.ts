// The client of the Arkloop API, for browsers and Node.
import type { CallOptions, Route } from './core/call.ts';
import { followStream } from './core/follow.ts';
import { type ClientOptions, type Settings, settingsOf } from './core/options.ts';
import { pageOf, paginate } from './core/pages.ts';
import { prepareRequest, type RequestParts } from './core/request.ts';
import type { Session } from './core/session.ts';
import { createTransport, type Transport } from './core/transport.ts';
import { unwrap } from './core/webhooks.ts';
import { routes } from './generated/routes.ts';
import type { Api, RunEvent, RunsApi } from './generated/types.ts';

export type { Call, CallOptions, ConnectionState, Cursor, Page, Paged, PagedCall, StreamCall } from './core/call.ts';
export { memoryCookies } from './core/cookies.ts';
export { ApiError, type ApiErrorOf, ConnectionError, isApiError, isTransient, TimeoutError } from './core/errors.ts';
export type { ClientOptions, CookieStore, SessionOptions, Tokens } from './core/options.ts';
export type { Session } from './core/session.ts';
export { type UnwrapOptions, type WebhookErrorReason, type WebhookHeaders, WebhookVerificationError } from './core/webhooks.ts';
export type * from './generated/types.ts';
export type { RunPart, TextPart as RunTextPart, ToolCallPart, ToolCallState } from './run/parts.ts';
export { openRunViewer, type PendingQuestion, type RunView, type RunViewer, type Todo } from './run/runView.ts';

/** Verifies received webhooks: `const event = await webhooks.unwrap(headers, body, secret)`. */
export const webhooks = { unwrap };

export type StreamOptions = Pick<CallOptions, 'signal' | 'accountId' | 'headers' | 'onConnection'> & {
  /** Starts after the event with this `seq`. */
  afterSeq?: number | undefined;
  /** false: yields the stored events and ends. */
  follow?: boolean | undefined;
};

/** Calls have the form `client.threads.create({ body: { title: 'Plans' } })`. */
export type Client = Omit<Api, 'runs'> & {
  readonly session: Session;
  readonly runs: RunsApi & {
    /** Yields each event of a run once, in order, and reconnects after lost connections. Ends with the run. */
    stream(runId: string, options?: StreamOptions): AsyncIterable<RunEvent>;
  };
};

/** Creates a client for one server and one user or API key. */
export function createClient(options: ClientOptions): Client {
  const settings = settingsOf(options);
  const transport = createTransport(settings);
  const areas = mapValues(routes, (area) =>
    mapValues(area, (route: Route) => Object.assign(callOf(route, settings, transport), { route })),
  );
  // Safe cast: the route table and `Api` are generated from the same contract, and a test compares them.
  const api = areas as unknown as Api;
  const stream: Client['runs']['stream'] = (runId, { afterSeq, follow: live, ...rest } = {}) =>
    api.runs.events({ params: { run_id: runId }, query: { after_seq: afterSeq, follow: live } }, rest);
  return { ...api, session: transport.session, runs: { ...api.runs, stream } };
}

function callOf(route: Route, settings: Settings, transport: Transport) {
  if (route.finalTypes) return streamCall(route, route.finalTypes, settings, transport);
  if (!route.paged)
    return async (parts: RequestParts = {}, options: CallOptions = {}) => (await transport.call(route, parts, options)).body;
  if (route.paged === 'within')
    return async (parts: RequestParts = {}, options: CallOptions = {}) => pageOf(await transport.call(route, parts, options));
  return (parts: RequestParts = {}, options: CallOptions = {}) =>
    paginate(async (before) =>
      pageOf<unknown[]>(
        await transport.call(route, before === undefined ? parts : { ...parts, query: { ...parts.query, before } }, options),
      ),
    );
}

function streamCall(route: Route, finalTypes: readonly string[], settings: Settings, transport: Transport) {
  return (parts: RequestParts = {}, options: CallOptions = {}) => {
    const outgoing = prepareRequest(route, parts, options, settings);
    const at = (seq: number | undefined) =>
      seq === undefined ? outgoing : { ...outgoing, headers: { ...outgoing.headers, 'last-event-id': String(seq) } };
    return followStream({
      open: (seq, signal) => transport.open(at(seq), signal),
      afterSeq: Number(parts.query?.after_seq ?? 0),
      live: parts.query?.follow !== false,
      finalTypes,
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
