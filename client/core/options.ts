import { trimEnd } from '../../contract/shared/trim.ts';
import type { ApiError } from './errors.ts';

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
  /** Called when the session has ended and cannot be renewed: the user must sign in again. */
  onSignedOut?: ((error: ApiError) => void) | undefined;
};

type Credential = { accessToken?: string | undefined; apiKey?: undefined } | { apiKey: string | undefined; accessToken?: undefined };

export type ClientOptions = Credential & {
  /** `https://api.example.com`; a path is kept as a prefix. */
  baseUrl: string | URL;
  fetch?: typeof globalThis.fetch | undefined;
  /** Account to act in, instead of the one of the credential. */
  accountId?: string | undefined;
  session?: SessionOptions | undefined;
  /** Timeout of one attempt in milliseconds. Default 30 000. */
  timeoutMs?: number | undefined;
  /** Maximum number of retries of calls that are safe to retry. Default 2. */
  retries?: number | undefined;
  /** Delay before the first retry in milliseconds; doubles with each retry. Default 250. */
  retryDelayMs?: number | undefined;
  /** A stream reconnects after this many milliseconds without data. Default 45 000. */
  silenceMs?: number | undefined;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>> | undefined;
};

export type Settings = {
  baseUrl: string;
  fetch: typeof globalThis.fetch;
  accountId: string | undefined;
  apiKey: string | undefined;
  accessToken: string | undefined;
  session: SessionOptions;
  timeoutMs: number;
  retries: number;
  retryDelayMs: number;
  silenceMs: number;
  headers: Readonly<Record<string, string>>;
};

/** Applies the defaults. Throws a TypeError if `baseUrl` is not an http(s) URL. */
export function settingsOf(options: ClientOptions): Settings {
  const base = new URL(options.baseUrl);
  if (!/^https?:$/.test(base.protocol)) throw new TypeError(`baseUrl must be an http address, not ${base.protocol}`);
  return {
    baseUrl: `${base.origin}${trimEnd(base.pathname, '/')}`,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    accountId: options.accountId,
    apiKey: options.apiKey,
    accessToken: options.accessToken,
    session: options.session ?? {},
    timeoutMs: options.timeoutMs ?? 30_000,
    retries: options.retries ?? 2,
    retryDelayMs: options.retryDelayMs ?? 250,
    silenceMs: options.silenceMs ?? 45_000,
    headers: options.headers ?? {},
  };
}
