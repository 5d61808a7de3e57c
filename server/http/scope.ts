import type { ParsedInput } from '../../contract/shared/input.ts';
import type { Share } from '../database/connection/connectionShares.ts';
import type { Queryable, Transaction } from '../database/sql.ts';
import type { ClientAddress } from '../platform/network/clientAddress.ts';
import type { AccountAccess, Actor } from './access/accessTypes.ts';
import type { Caller } from './access/caller.ts';
import type { App } from './app.ts';

/** What a handler adds to its audit entry. `action` and `targetType` default to those of the route's policy. */
export type AuditNote = {
  /** Set if rows of the same transaction reference the entry. */
  id?: string;
  action?: string;
  accountId?: string | null;
  actorId?: string | null;
  targetType?: string;
  targetId?: string | null;
  metadata?: Record<string, unknown>;
  before?: Record<string, unknown>;
  after?: Record<string, unknown>;
};

export type ClientInfo = {
  readonly traceId: string;
  readonly ip: ClientAddress;
  readonly userAgent: string | null;
  /** Whether the client used HTTPS, as reported by a trusted proxy. */
  readonly secure: boolean;
  /** Whether a proxy forwarded the request. */
  readonly forwarded: boolean;
  /** When the headers of the request had arrived. */
  readonly receivedAt: Date;
};

/** An authenticated request with validated input. */
export type AuthenticatedRequest = ParsedInput & {
  client: ClientInfo;
  caller: Caller;
  actor: Actor | undefined;
  access: AccountAccess | undefined;
  /** Of the database connections. */
  share: Share;
  /** Checks access again. Throws the same errors as `authenticateRequest`, except that an access token may have expired since if that is accepted. */
  recheckAccess(token?: { expired: 'accept' }): Promise<AccountAccess | undefined>;
  idempotencyKey: string | undefined;
};

/** The state of one request, including the transaction of its effect. */
export type RequestScope = {
  readonly app: App;
  readonly client: ClientInfo;
  /** Runs each statement outside the transaction: for reads before the effect, and for writes that must persist if the request fails. */
  readonly db: Queryable;
  /** The transaction of the request. It starts with its first statement and commits together with the audit entry. */
  readonly tx: Transaction;
  /** Completes the audit entry of the request. A second call adds a second entry. */
  audit(note: AuditNote): void;
  /** Suppresses the audit entry of a request that had no effect. */
  skipAudit(): void;
  /** As `tx.afterCommit`. */
  afterCommit(then: () => void): void;
};

/** An authenticated request, its active account, and what the actor may do in it. */
export type Scope = RequestScope & {
  readonly actor: Actor;
  readonly accountId: string;
  readonly role: string | null;
  readonly permissions: ReadonlySet<string>;
  readonly isPlatformAdmin: boolean;
  /** Whether the actor is an API key with explicit scopes, or a service key. Ownership by its user grants such a key nothing. */
  readonly isScoped: boolean;
  /** Whether the account or the platform requires a second factor that the session does not have. Only some routes are open then. */
  readonly lacksSecondFactor?: boolean;
};
