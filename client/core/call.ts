import type { ErrorStatus } from '../../contract/shared/errorCodes.ts';

export type CallOptions = {
  /** Aborts the call, also while it waits for a retry. The call rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Account to act in, instead of the one of the session or the client. */
  accountId?: string | undefined;
  /** Replaces the generated key. */
  idempotencyKey?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  /** Timeout of one attempt in milliseconds, including the response body. Streams ignore it. */
  timeoutMs?: number | undefined;
  /** Maximum number of retries. */
  retries?: number | undefined;
  /** Streams only: called when a connection is established and when it is lost, not when the stream ends. */
  onConnection?: ((state: ConnectionState) => void) | undefined;
};

export type ConnectionState = 'open' | 'reconnecting';

export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: `/${string}`;
  readonly auth: 'public' | 'user' | 'user+key' | 'platform';
  /** Accepts an Idempotency-Key. */
  readonly idempotent?: true;
  /** Safe to send again. */
  readonly retryable?: true;
  /** A paginated list: the body is the rows, or an object that contains them. */
  readonly paged?: true | 'within';
  /** Reads or sets the session cookie. */
  readonly cookie?: true;
  /** The successful response contains an access token. */
  readonly grants?: true;
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

/** Routes by area and verb. */
export type RouteTable = Readonly<Record<string, Readonly<Record<string, Route>>>>;

export type NoRequest = Record<string, never>;

type Arguments<Request> = [Request] extends [NoRequest]
  ? [request?: Request | undefined, options?: CallOptions]
  : Partial<Request> extends Request
    ? [request?: Request | undefined, options?: CallOptions]
    : [request: Request, options?: CallOptions];

type Described<Request, Answer, Status extends ErrorStatus> = {
  readonly route: Route;
  /** Type-level only; never set. */
  readonly '~types'?: { readonly request: Request; readonly answer: Answer; readonly status: Status };
};

/** `before` of the next page. Non-enumerable: not part of the JSON. */
export type Cursor = { readonly nextCursor: string | undefined };

/** One page of a list and the cursor of the next one. */
export type Page<Row> = Row[] & Cursor;

/** Resolves to one page when awaited; yields the rows of all pages when iterated. */
export type Paged<Row> = Promise<Page<Row>> & AsyncIterable<Row>;

/** A call that resolves to the body of the successful response. `Status` is the union of its error statuses. */
export type Call<Request, Answer, Status extends ErrorStatus> = ((...args: Arguments<Request>) => Promise<Answer>) &
  Described<Request, Answer, Status>;

export type PagedCall<Request, Row, Status extends ErrorStatus> = ((...args: Arguments<Request>) => Paged<Row>) &
  Described<Request, Row[], Status>;

export type StreamCall<Request, Event, Status extends ErrorStatus> = ((...args: Arguments<Request>) => AsyncIterable<Event>) &
  Described<Request, Event, Status>;

export type AnyCall<Status extends ErrorStatus = ErrorStatus> = Described<unknown, unknown, Status>;
