import type { Actor } from './scope.ts';

/** What an actor may do in an account, as it is now. */
export type Grant = {
  accountId: string;
  role: string | null;
  permissions: ReadonlySet<string>;
  isPlatformAdmin: boolean;
  /** A key that was given scopes: what its user owns is no permission of its own. */
  isScoped: boolean;
};

/** Who can act in an account: its members; also admins of the platform; or anybody, for what is of the user alone. */
export type Reach = 'member' | 'member or platform.admin' | 'anybody';

/** A credential that was accepted. */
export type Admitted = {
  actor: Actor;
  claimedAccountId: string;
  grantFor(accountId: string | undefined, reach: Reach): Promise<Grant>;
};

/** Who is calling, and what may they do: the answers are cached, and forgotten the moment they change. */
export type Access = {
  /** Throws 401. A stream that was admitted before its access token expired is checked with the expired token. */
  authenticate(authorization: string | undefined, wantedAccountId: string | undefined, token?: { expired: 'accept' }): Promise<Admitted>;
  /** Forget what is known of a user, here at once and in every other process by notification. */
  forgetUser(userId: string): void;
  /** The same of all users: for what concerns so many of them that naming each takes longer than asking again. */
  forgetEverybody(): void;
};

/** Which addresses of clients the accounts let in (platform 10). */
export type IpRules = {
  /** What `refuse` would say, where that is remembered. */
  recall(accountId: string, ip: string): boolean | undefined;
  /** Rejects when the rules cannot be known: nobody passes then. */
  refuse(accountId: string, ip: string): Promise<boolean>;
};
