import type { ErrorStatus } from '../../contract/shared/errorCodes.ts';

/** What the client passes to `fetch`. */
export type FetchInit = Omit<RequestInit, 'body' | 'signal'> & {
  method: string;
  headers: Headers;
  body?: string | FormData;
  signal: AbortSignal;
};

/** A function like `fetch`. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

/** Options of `fetch`, such as `cache` and `redirect`, and those of a runtime, such as `dispatcher`, `next` and `cf`. */
export type FetchOptions = Omit<RequestInit, 'body' | 'headers' | 'method' | 'signal'> & {
  readonly body?: never;
  readonly headers?: never;
  readonly method?: never;
  readonly signal?: never;
  readonly [option: string]: unknown;
};

export type CallOptions = {
  /** Aborts the call, also while it waits for a retry. The call rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Account to act in, instead of the one of the session or the client. Not sent where the path names the account. */
  accountId?: string | undefined;
  /** Replaces the generated key. */
  idempotencyKey?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  /** How long an attempt may take without progress in milliseconds: see `ClientOptions`. Streams ignore it. */
  timeoutMs?: number | undefined;
  /** Maximum number of retries. Calls that are not safe to repeat are never retried. */
  maxRetries?: number | undefined;
  /** Options of `fetch`, added to those of the client. */
  fetchOptions?: FetchOptions | undefined;
  /** Streams only: called when a connection is established and when it is lost, not when the stream ends. */
  onConnection?: ((state: ConnectionState) => void) | undefined;
};

/** A successful response. */
export type CallResponse<Answer> = {
  /** What the call resolves to. */
  readonly data: Answer;
  readonly status: number;
  readonly headers: Headers;
  /** Identifies the request in the server's log. */
  readonly traceId: string | undefined;
};

/** Resolves to the body of the successful response. */
export type CallPromise<Answer> = Promise<Answer> & {
  /** Resolves to the body with the status, the headers and the trace ID. */
  withResponse(): Promise<CallResponse<Answer>>;
};

export type ConnectionState = 'open' | 'reconnecting';

export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: `/${string}`;
  readonly auth: 'public' | 'user' | 'user+key' | 'platform';
  /** The path names the account, so calls do not send `X-Account-Id`. */
  readonly namesAccount?: true;
  /** Accepts an Idempotency-Key. */
  readonly idempotent?: true;
  /** Safe to send again. */
  readonly retryable?: true;
  /** Costs credits also if the response is lost, so only requests that the server has not taken are repeated. */
  readonly charged?: true;
  /** How long the response may take to begin in milliseconds, if it is longer than usual. */
  readonly answerMs?: number;
  /** A paginated list: the body is the rows, or an object that contains them. */
  readonly paged?: true | 'within';
  /** Reads or sets the session cookie. */
  readonly cookie?: true;
  /** The successful response contains an access token. */
  readonly grants?: true;
  /** Ends the session. */
  readonly ends?: true;
  /** The successful response is a file. */
  readonly bytes?: true;
  /** The body is sent as a multipart form. */
  readonly form?: true;
  /** Streams only: event types that end the stream. */
  readonly finalTypes?: readonly string[];
  /** Statuses other than 2xx that the call resolves with. */
  readonly answers?: readonly number[];
  readonly errorStatuses: readonly ErrorStatus[];
};

/** A route and its name: `threads.create`. */
export type Operation = Route & { readonly name: string };

/** Routes by area and verb. */
export type RouteTable = Readonly<Record<string, Readonly<Record<string, Route>>>>;

export type NoRequest = Record<string, never>;

/** A path that names the account leaves no other one to choose. */
type OptionsOf<Request> = Request extends { params: { account_id: string } } ? Omit<CallOptions, 'accountId'> : CallOptions;

type Arguments<Request> = [Request] extends [NoRequest]
  ? [request?: Request | undefined, options?: CallOptions]
  : Partial<Request> extends Request
    ? [request?: Request | undefined, options?: CallOptions]
    : [request: Request, options?: OptionsOf<Request>];

/** The error statuses of an operation, each with the values of `reason`. */
export type ErrorReasons = { readonly [Status in ErrorStatus]?: string };

type Described<Request, Answer, Errors extends ErrorReasons> = {
  readonly route: Route;
  /** Type-level only; never set. */
  readonly '~types'?: { readonly request: Request; readonly answer: Answer; readonly errors: Errors };
};

/** `before` of the next page. Non-enumerable: not part of the JSON. */
export type Cursor = { readonly nextCursor: string | undefined };

/** One page of a list and the cursor of the next one. */
export type Page<Row> = Row[] & Cursor;

/** Resolves to one page when awaited; yields the rows of all pages when iterated. */
export type Paged<Row> = CallPromise<Page<Row>> &
  AsyncIterable<Row> & {
    /** Resolves to the first `limit` rows. Fetches as many pages as needed. */
    toArray(options: { limit: number }): Promise<Row[]>;
  };

/** A call that resolves to the body of the successful response. */
export type Call<Request, Answer, Errors extends ErrorReasons> = ((...args: Arguments<Request>) => CallPromise<Answer>) &
  Described<Request, Answer, Errors>;

export type PagedCall<Request, Row, Errors extends ErrorReasons> = ((...args: Arguments<Request>) => Paged<Row>) &
  Described<Request, Row[], Errors>;

export type StreamCall<Request, Event, Errors extends ErrorReasons> = ((...args: Arguments<Request>) => AsyncIterable<Event>) &
  Described<Request, Event, Errors>;

export type AnyCall<Errors extends ErrorReasons = ErrorReasons> = Described<unknown, unknown, Errors>;
