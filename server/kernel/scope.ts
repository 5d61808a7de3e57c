import type { App } from './app.ts';
import type { ClientAddress } from './clientAddress.ts';
import type { Sql, Transaction } from './sql.ts';

/** Who acts: a signed-in user, or one of the user's API keys. */
export type Actor = { readonly userId: string; readonly sessionId?: string | undefined; readonly apiKeyId?: string | undefined };

/** What a call adds to its audit entry; action and target type come from the policy. */
export type AuditNote = {
  /** Made here when rows of the effect name their entry. */
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

/** Where a request came from. */
export type Origin = {
  readonly traceId: string;
  readonly ip: ClientAddress;
  readonly userAgent: string | null;
  /** Whether the caller spoke HTTPS, to us or to a trusted proxy. */
  readonly secure: boolean;
  /** Whether somebody passed the request on. */
  readonly forwarded: boolean;
};

/** What lives exactly as long as one request: where it came from, and the transaction that carries its effect. */
export type RequestScope = {
  readonly app: App;
  readonly origin: Origin;
  /** Each statement on its own: for what is read before the effect, or must stay whatever becomes of it. */
  readonly read: Sql;
  /** One transaction, begun by its first statement and committed with the audit entry. */
  readonly tx: Transaction;
  /** Completes the audit entry of this call; a second note is a second entry. */
  audit(note: AuditNote): void;
  /** Says that nothing happened, so that no audit entry is written. */
  skipAudit(): void;
  /** Runs once the effect is durable. */
  afterCommit(then: () => void): void;
};

/** A request of somebody: the active account and what the actor may do in it. */
export type Scope = RequestScope & {
  readonly actor: Actor;
  readonly accountId: string;
  readonly role: string | null;
  readonly permissions: ReadonlySet<string>;
  readonly isPlatformAdmin: boolean;
  /** A key that was given scopes acts: what its user owns is no permission of its own. */
  readonly isScoped: boolean;
};
