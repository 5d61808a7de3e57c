import type { Actor } from './scope.ts';

/** What an actor may do in an account, as it is now. */
export type Grant = {
  accountId: string;
  role: string | null;
  permissions: ReadonlySet<string>;
  isPlatformAdmin: boolean;
};

/** A credential that was accepted. */
export type Admitted = {
  actor: Actor;
  claimedAccountId: string;
  grantFor(accountId: string | undefined, optional: boolean): Promise<Grant>;
};

/** Who is calling, and what may they do: the answers are cached, and forgotten the moment they change. */
export type Access = {
  /** Throws 401. */
  authenticate(authorization: string | undefined, wantedAccountId: string | undefined): Promise<Admitted>;
  /** Forget what is known of a user, here at once and in every other process by notification. */
  forgetUser(userId: string): void;
};
