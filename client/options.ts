import { trimEnd } from '../contract/shared/trim.ts';
import type { ApiError } from './errors.ts';

/** Where a program outside a browser keeps the refresh cookie; in a browser the browser does. */
export type CookieStore = {
  get(): string | undefined | Promise<string | undefined>;
  /** `undefined`: the session ended. */
  set(cookie: string | undefined): void | Promise<void>;
};

/** What a sign-in or a refresh brings. */
export type Tokens = { accessToken: string; expiresAt: Date };

/** How the session of a user is kept. */
export type SessionOptions = {
  /** In memory unless given. */
  cookies?: CookieStore | undefined;
  /** After each sign-in and refresh, to persist the tokens. */
  onTokens?: ((tokens: Tokens) => void | Promise<void>) | undefined;
  /** The session is over and cannot be renewed: the user must sign in again. */
  onSignedOut?: ((error: ApiError) => void) | undefined;
};

type Credential = { accessToken?: string | undefined; apiKey?: undefined } | { apiKey: string | undefined; accessToken?: undefined };

/** What a client is made from. */
export type ClientOptions = Credential & {
  /** `https://api.example.com`; a path is kept as a prefix. */
  baseUrl: string | URL;
  fetch?: typeof globalThis.fetch | undefined;
  /** Act in this account instead of the one the credential names. */
  accountId?: string | undefined;
  session?: SessionOptions | undefined;
  /** Milliseconds for one try, 30 000 unless given. */
  timeoutMs?: number | undefined;
  /** How often a call that is harmless to repeat is repeated, 2 unless given. */
  retries?: number | undefined;
  /** Milliseconds before the first repetition, doubled each time; 250 unless given. */
  retryDelayMs?: number | undefined;
  /** Milliseconds without a byte after which a stream reconnects, 45 000 unless given. */
  silenceMs?: number | undefined;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>> | undefined;
};

/** The options with their defaults. */
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

/** Fills in the defaults; throws a TypeError when `baseUrl` is not an http address. */
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
