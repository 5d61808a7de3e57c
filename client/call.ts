import type { RefusalStatus } from '../contract/shared/failures.ts';

/** What a call may be given beside its request. */
export type CallOptions = {
  /** Ends the call at once, also while it waits; the call then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Act in this account instead of the one the session or the client names. */
  accountId?: string | undefined;
  /** Instead of the key the client would make. */
  idempotencyKey?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds for one try, body included. Not for streams. */
  timeoutMs?: number | undefined;
  /** How often a call may be repeated. */
  retries?: number | undefined;
  /** Only of streams: called when a connection is there and when it is lost, not when the stream ends. */
  onConnection?: ((state: ConnectionState) => void) | undefined;
};

/** How the connection of a stream stands: there, or lost and being made again. */
export type ConnectionState = 'open' | 'reconnecting';

/** What the client knows of a route at run time. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: `/${string}`;
  readonly auth: 'public' | 'user' | 'user+key' | 'platform';
  /** Takes an Idempotency-Key. */
  readonly idempotent?: true;
  /** Sending it again is harmless. */
  readonly retryable?: true;
  /** A list in pages: the rows alone, or an object that holds them. */
  readonly paged?: true | 'within';
  /** Reads or sets the session cookie. */
  readonly cookie?: true;
  /** A success carries an access token. */
  readonly grants?: true;
  /** A success is a file. */
  readonly bytes?: true;
  /** The body travels as a form, with a file. */
  readonly form?: true;
  /** Of a stream: the types of its last event. */
  readonly last?: readonly string[];
  /** Statuses beside the successes that the call resolves with, because they are what was asked for. */
  readonly answers?: readonly number[];
  readonly refusals: readonly RefusalStatus[];
};

/** Routes by area and verb. */
export type RouteTable = Readonly<Record<string, Readonly<Record<string, Route>>>>;

/** The request of a call that takes none. */
export type NoRequest = Record<string, never>;

type Arguments<Request> = [Request] extends [NoRequest]
  ? [request?: Request | undefined, options?: CallOptions]
  : Partial<Request> extends Request
    ? [request?: Request | undefined, options?: CallOptions]
    : [request: Request, options?: CallOptions];

type Described<Request, Answer, Status extends RefusalStatus> = {
  readonly route: Route;
  /** Only for the compiler. */
  readonly '~types'?: { readonly request: Request; readonly answer: Answer; readonly status: Status };
};

/** Where the next page begins: the `before` of the next call. It is not part of the JSON. */
export type Cursor = { readonly nextCursor: string | undefined };

/** One page of a list, and where the next one begins. */
export type Page<Row> = Row[] & Cursor;

/** One page when awaited, every row of every page when iterated. */
export type Paged<Row> = Promise<Page<Row>> & AsyncIterable<Row>;

/** A call that resolves to the body of its success. `Status` holds the statuses it can be refused with. */
export type Call<Request, Answer, Status extends RefusalStatus> = ((...args: Arguments<Request>) => Promise<Answer>) &
  Described<Request, Answer, Status>;

/** A call that lists rows. */
export type PagedCall<Request, Row, Status extends RefusalStatus> = ((...args: Arguments<Request>) => Paged<Row>) &
  Described<Request, Row[], Status>;

/** A call that follows events as they happen. */
export type StreamCall<Request, Event, Status extends RefusalStatus> = ((...args: Arguments<Request>) => AsyncIterable<Event>) &
  Described<Request, Event, Status>;

/** Any of the three. */
export type AnyCall<Status extends RefusalStatus = RefusalStatus> = Described<unknown, unknown, Status>;
