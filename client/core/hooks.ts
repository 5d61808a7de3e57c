/** What a log entry says. Contains no secrets: neither URLs nor headers nor bodies. */
export type LogFields = {
  /** `threads.create` */
  readonly operation: string;
  readonly method: string;
  /** With placeholders: `/v1/threads/{thread_id}`. */
  readonly path: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly status?: number;
  readonly durationMs?: number;
  readonly traceId?: string;
  /** `reason` or `code` of an error response, or the name of another error. */
  readonly error?: string;
  /** Delay before the next attempt in milliseconds. */
  readonly retryInMs?: number;
};

/** Receives one `debug` entry per request and per response, and one `warn` entry per retry and reconnect. `console` is a logger. */
export type Logger = {
  debug(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
};

/** A request that is about to be sent. `onRequest` and `onResponse` receive the same object. */
export type RequestContext = {
  /** `threads.create` */
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  /** May be changed, for example to add `traceparent`. The credential and the cookie are added later. */
  readonly headers: Headers;
  /** 1 for the first attempt. A request that is repeated with a renewed credential keeps its number. */
  readonly attempt: number;
};

/** The outcome of a request. The response fields are undefined if no response was received. */
export type ResponseContext = {
  readonly request: RequestContext;
  readonly status: number | undefined;
  readonly headers: Headers | undefined;
  readonly traceId: string | undefined;
  /** Milliseconds until the response headers. */
  readonly durationMs: number;
  /** Set unless the call succeeds: an `ApiError`, a `ConnectionError`, or the reason of an aborted signal. */
  readonly error: unknown;
};

export type Hooks = {
  /** Called before each request, including token renewals. If it throws, the call rejects with that error. */
  onRequest?: ((request: RequestContext) => void | Promise<void>) | undefined;
  /** Called after each response and each failed request. If it throws, the call rejects with that error. */
  onResponse?: ((response: ResponseContext) => void | Promise<void>) | undefined;
};
