import type { QuotaName } from '../../contract/shared/quotas.ts';
import type { Access, IpRules } from './access.ts';
import type { Changes } from './changes.ts';
import type { Config } from './config.ts';
import type { Keys } from './keys.ts';
import type { Log } from './log.ts';
import type { Outbound } from './outbound.ts';
import type { Passwords } from './passwords.ts';
import type { Database, Sql } from './sql.ts';
import type { Storage } from './storage.ts';

/** Puts work into the job queue, in the transaction of the rows it is about. */
export type Queue = {
  executeRun(sql: Sql, run: { id: string; account_id: string; trace_id: string }, maxAttempts: number): Promise<void>;
  /** Take back a job that no worker has begun. */
  withdrawRun(sql: Sql, runId: string): Promise<void>;
};

/** Tells every process that a run has something new; a hint, sent after the commit. */
export type Bell = { ring(runId: string): void };

/** Makes and opens the cursors of lists. A cursor is bound to the account, the list and its filters, so it is good for nothing else. */
export type Cursors = {
  /** The sort key that a cursor names. Throws 400. */
  open(cursor: string | undefined, list: readonly unknown[]): (string | number)[] | undefined;
  /** Cuts the extra row off and says where the next page begins. */
  page<Row>(
    rows: Row[],
    limit: number,
    list: readonly unknown[],
    keyOf: (row: Row) => (string | number)[],
  ): { rows: Row[]; next: string | undefined };
};

/** Reads the limit of a quota, and gives the function that sends the check in the transaction of what counts against it; that rejects with 409. */
export type PrepareQuota = (
  tx: Sql,
  name: QuotaName,
  holder: { accountId: string | undefined; userId: string },
) => Promise<() => Promise<void>>;

/** What one process has to work with. */
export type App = {
  readonly config: Config;
  readonly keys: Keys;
  readonly log: Log;
  readonly database: Database;
  readonly access: Access;
  readonly passwords: Passwords;
  readonly ipRules: IpRules;
  readonly prepareQuota: PrepareQuota;
  /** Base of links shown to people, as it is set now; an origin of ours. */
  readonly baseUrl: () => Promise<string>;
  readonly queue: Queue;
  readonly bell: Bell;
  readonly changes: Changes;
  readonly cursors: Cursors;
  /** The way to URLs that users chose. */
  readonly outbound: Outbound;
  /** The object store; undefined where none is configured. */
  readonly storage: Storage | undefined;
};
