import type { ClientAddress } from '../../platform/network/clientAddress.ts';

/**
 * A signed-in user, one of their API keys, or a service key whose secret they received. `keyHash` is that of the secret of an API key. `models` are
 * those that the API key may use; null for all.
 */
export type Actor = {
  readonly userId: string;
  readonly sessionId?: string | undefined;
  readonly apiKeyId?: string | undefined;
  readonly serviceKeyId?: string | undefined;
  readonly keyHash?: string | undefined;
  readonly models?: readonly string[] | null;
};

/** The actor's current access to an account. */
export type AccountAccess = {
  accountId: string;
  role: string | null;
  permissions: ReadonlySet<string>;
  isPlatformAdmin: boolean;
  /** Whether the actor is an API key with explicit scopes, or a service key. Ownership by its user grants such a key nothing. */
  isScoped: boolean;
  /** Whether the account or the platform requires a second factor that the user of a session does not have. */
  lacksSecondFactor?: boolean;
};

/** Who can use a route in an account: members, platform admins as well, or anybody (routes about the user alone). */
export type AccessScope = 'member' | 'member or platform.admin' | 'anybody';

/** An accepted credential. */
export type VerifiedCredential = {
  actor: Actor;
  claimedAccountId: string;
  /** Throws 403 if the key is not accepted from an address. */
  checkAddress?(ip: ClientAddress): void;
  /** Counts a request of a key. Throws 429 if it exceeds a limit of the key. */
  countRequest?(): void | Promise<void>;
  accessTo(accountId: string | undefined, reach: AccessScope): Promise<AccountAccess>;
};

/** Authenticates callers and reads their access to accounts. Results are cached and invalidated as soon as they change. */
export type AccessControl = {
  /** Throws 401. Accepts an expired access token only to check a stream or a call again that began before it expired. */
  authenticate(
    authorization: string | undefined,
    wantedAccountId: string | undefined,
    token?: { expired: 'accept' },
  ): Promise<VerifiedCredential>;
  /** Forgets what this process has cached of a user, so that a change acts on the next request. Triggers of PostgreSQL tell the other processes. */
  invalidateUser(userId: string): void;
  /** Forgets all users, which is faster than one by one if a change affects many of them. */
  invalidateAllUsers(): void;
};

/** The IP rules of accounts. */
export type IpRules = {
  /** The cached result of `isBlocked`, if there is one. */
  cachedDecision(accountId: string, ip: string): boolean | undefined;
  /** Whether the rules block the address. Rejects if they cannot be read, so that no request passes. */
  isBlocked(accountId: string, ip: string): Promise<boolean>;
};
