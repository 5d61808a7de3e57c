// The client of the Arkloop API, for browsers and Node.
import type { CallOptions, Operation, RouteTable } from './core/call.ts';
import { type ClientOptions, type Settings, settingsOf } from './core/options.ts';
import { prepareRequest, type RequestParts } from './core/request.ts';
import { pageOf, paginate, promiseOf } from './core/results.ts';
import type { Session } from './core/session.ts';
import { followStream } from './core/stream/follow.ts';
import { type CallResult, createTransport, type Transport } from './core/transport.ts';
import { unwrap } from './core/webhooks.ts';
import { routes } from './generated/routes.ts';
import type { Api, RunsApi } from './generated/types.ts';
import { openRunStream, type RunStream } from './run/runStream.ts';

export type {
  Call,
  CallOptions,
  CallPromise,
  CallResponse,
  ConnectionState,
  Cursor,
  Fetch,
  FetchInit,
  FetchOptions,
  Page,
  Paged,
  PagedCall,
  StreamCall,
} from './core/call.ts';
export { memoryCookies } from './core/cookies.ts';
export { ApiError, type ApiErrorOf, ConnectionError, isApiError, isTransient, TimeoutError } from './core/errors.ts';
export { exportedRows } from './core/exportedRows.ts';
export type { Hooks, LogFields, Logger, RequestContext, ResponseContext } from './core/hooks.ts';
export type { ApiKeySource, ClientOptions, CookieStore, SessionOptions, Tokens } from './core/options.ts';
export type { Session } from './core/session.ts';
export { type UnwrapOptions, type WebhookErrorReason, type WebhookHeaders, WebhookVerificationError } from './core/webhooks.ts';
export type { Reasons } from './generated/reasons.ts';
export type * from './generated/types.ts';
export type { RunPart, TextPart as RunTextPart, ToolCallPart, ToolCallState, ToolProgress } from './run/parts.ts';
export { questionAnswer, type QuestionField, questionFields } from './run/questions.ts';
export { RunEndedError, type RunStream } from './run/runStream.ts';
export { openRunViewer, type PendingQuestion, type PendingRetry, type RunView, type RunViewer, type Todo } from './run/runView.ts';

/** Verifies received webhooks: `const event = await webhooks.unwrap(headers, body, secret)`. */
export const webhooks = { unwrap };

export type StreamOptions = Pick<CallOptions, 'signal' | 'accountId' | 'headers' | 'maxRetries' | 'fetchOptions' | 'onConnection'> & {
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
    stream(runId: string, options?: StreamOptions): RunStream;
  };
};

/** Creates a client for one server and one user or API key. */
export function createClient(options: ClientOptions): Client {
  const settings = settingsOf(options);
  const transport = createTransport(settings);
  const areas = mapValues<RouteTable[string], unknown>(routes, (area, areaName) =>
    mapValues(area, (route, verb) => Object.assign(callOf({ ...route, name: `${areaName}.${verb}` }, settings, transport), { route })),
  );
  // Safe cast: the route table and `Api` are generated from the same contract, and a test compares them.
  const api = areas as unknown as Api;
  const stream: Client['runs']['stream'] = (runId, { afterSeq, follow, ...rest } = {}) =>
    openRunStream(
      runId,
      (from, live = follow) => api.runs.events({ params: { run_id: runId }, query: { after_seq: from, follow: live } }, rest),
      afterSeq,
    );
  return { ...api, session: transport.session, runs: { ...api.runs, stream } };
}

function callOf(route: Operation, settings: Settings, transport: Transport) {
  if (route.finalTypes) return streamCall(route, route.finalTypes, settings, transport);
  if (route.paged === true)
    return (parts: RequestParts = {}, options: CallOptions = {}) =>
      paginate((before) => transport.call(route, before === undefined ? parts : { ...parts, query: { ...parts.query, before } }, options));
  const dataOf = route.paged ? pageOf<object> : ({ body }: CallResult) => body;
  return (parts: RequestParts = {}, options: CallOptions = {}) => promiseOf<unknown>(transport.call(route, parts, options), dataOf);
}

function streamCall(route: Operation, finalTypes: readonly string[], settings: Settings, transport: Transport) {
  return (parts: RequestParts = {}, options: CallOptions = {}) => {
    const outgoing = prepareRequest(route, parts, options, settings);
    const at = (seq: number | undefined) =>
      seq === undefined ? outgoing : { ...outgoing, headers: { ...outgoing.headers, 'last-event-id': String(seq) } };
    return followStream({
      operation: route.name,
      open: (seq, attempt, signal) => transport.open({ ...at(seq), attempt }, signal),
      afterSeq: Number(parts.query?.after_seq ?? 0),
      live: parts.query?.follow !== false,
      finalTypes,
      signal: options.signal,
      onConnection: options.onConnection,
      onRetry: (attempt, error, delayMs) => transport.onRetry(route, attempt, error, delayMs),
      retries: options.maxRetries ?? settings.maxRetries,
      delayMs: settings.retryDelayMs,
      silenceMs: settings.silenceMs,
    });
  };
}

const mapValues = <Value, Mapped>(tree: Readonly<Record<string, Value>>, to: (value: Value, name: string) => Mapped) =>
  Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, to(value, name)]));
