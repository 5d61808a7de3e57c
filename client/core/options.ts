import { trimEnd } from '../../contract/shared/text.ts';
import type { Fetch, FetchOptions } from './call.ts';
import type { ApiError } from './errors.ts';
import type { Hooks, Logger } from './hooks.ts';

/** Stores the refresh cookie outside of browsers. In a browser, the browser stores it. */
export type CookieStore = {
  get(): string | undefined | Promise<string | undefined>;
  /** `undefined`: the session ended. */
  set(cookie: string | undefined): void | Promise<void>;
};

export type Tokens = { accessToken: string; expiresAt: Date };

export type SessionOptions = {
  /** Default: in memory. */
  cookies?: CookieStore | undefined;
  /** Called after each sign-in and refresh, to persist the tokens. */
  onTokens?: ((tokens: Tokens) => void | Promise<void>) | undefined;
  /**
   * Called when the session has ended and cannot be renewed: the user must sign in again. With the reason `session_replaced`, the cookie is that of
   * another user, who has signed in on another page of the browser.
   */
  onSignedOut?: ((error: ApiError) => void) | undefined;
};

/** An API key, or a function that returns it. The function is called before each request, and once more if the server rejects the key. */
export type ApiKeySource = string | (() => string | Promise<string>);

type Credential = { accessToken?: string | undefined; apiKey?: undefined } | { apiKey: ApiKeySource | undefined; accessToken?: undefined };

export type ClientOptions = Credential &
  Hooks & {
    /** `https://api.example.com`; a path is kept as a prefix. */
    baseUrl: string | URL;
    /** Default: `globalThis.fetch`. In React Native, pass the one of `expo/fetch`: the built-in one cannot stream. */
    fetch?: Fetch | undefined;
    /** Options of `fetch` for every request. */
    fetchOptions?: FetchOptions | undefined;
    /** Receives requests, responses and retries, without secrets: `console`, or an adapter. */
    logger?: Logger | undefined;
    /** Account to act in, instead of the one of the credential. */
    accountId?: string | undefined;
    session?: SessionOptions | undefined;
    /**
     * How long an attempt may take without progress in milliseconds: until the response begins, and between two parts of its body. Default 30 000,
     * longer for calls that wait for a model. An upload gets another second for each 16 KiB.
     */
    timeoutMs?: number | undefined;
    /** Maximum number of retries of calls that are safe to retry. Default 2. */
    maxRetries?: number | undefined;
    /** Delay before the first retry in milliseconds; doubles with each retry. Default 250. */
    retryDelayMs?: number | undefined;
    /** A stream reconnects after this many milliseconds without data. Default 32 000: the server sends something every 15 s. */
    silenceMs?: number | undefined;
    /** Sent with every request. */
    headers?: Readonly<Record<string, string>> | undefined;
  };

export type Settings = Hooks & {
  baseUrl: string;
  fetch: Fetch;
  fetchOptions: FetchOptions;
  logger: Logger | undefined;
  accountId: string | undefined;
  apiKey: ApiKeySource | undefined;
  accessToken: string | undefined;
  session: SessionOptions;
  timeoutMs: number | undefined;
  maxRetries: number;
  retryDelayMs: number;
  silenceMs: number;
  headers: Readonly<Record<string, string>>;
};

/** Applies the defaults. Throws a TypeError if `baseUrl` is not an http(s) URL. */
export function settingsOf(options: ClientOptions): Settings {
  // Without the class `URL`, whose getters throw in React Native. A user name and a password are dropped.
  const [, origin, host, path = ''] = /^(https?:\/\/)(?:[^/?#@]*@)?([^\s/?#@]+)([^\s?#]*)/i.exec(String(options.baseUrl).trim()) ?? [];
  if (!host) throw new TypeError('baseUrl must be an http or https address.');
  return {
    baseUrl: `${origin}${host}${trimEnd(path, '/')}`,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    fetchOptions: options.fetchOptions ?? {},
    logger: options.logger,
    onRequest: options.onRequest,
    onResponse: options.onResponse,
    accountId: options.accountId,
    apiKey: options.apiKey,
    accessToken: options.accessToken,
    session: options.session ?? {},
    timeoutMs: options.timeoutMs,
    maxRetries: options.maxRetries ?? 2,
    retryDelayMs: options.retryDelayMs ?? 250,
    silenceMs: options.silenceMs ?? 32_000,
    headers: options.headers ?? {},
  };
}
