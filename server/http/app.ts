import type { PageQuery } from '../../contract/shared/pagination.ts';
import type { QuotaName } from '../../contract/shared/quotas.ts';
import type { PageKey } from '../database/paging.ts';
import type { ReadReplica } from '../database/replica/readReplica.ts';
import type { Database, Queryable } from '../database/sql.ts';
import type { Config } from '../platform/config/config.ts';
import type { Keys } from '../platform/crypto/keys.ts';
import type { PasswordHasher } from '../platform/crypto/passwords.ts';
import type { OutboundClient } from '../platform/outbound/outbound.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { CacheInvalidation } from '../pubsub/cacheInvalidation.ts';
import type { CallCancellation } from '../pubsub/callCancellation.ts';
import type { LocalRuns } from '../pubsub/localRuns.ts';
import type { PromptRequests } from '../pubsub/promptRequests.ts';
import type { RunNotifier } from '../pubsub/runNotifier.ts';
import type { Storage } from '../storage/storage.ts';
import type { AccessControl, IpRules } from './access/accessTypes.ts';

/** Without a `parent_run_id`, a root run. */
export type QueuedRun = { id: string; account_id: string; trace_id: string; parent_run_id?: string | null };

/** Adds jobs to the queue, in the transaction of the rows that they refer to. */
export type Queue = {
  /** With `left`, the job waits, because a process that cannot do it has left it so many times. */
  enqueueRun(sql: Queryable, run: QueuedRun, maxAttempts: number, left?: number): Promise<void>;
  /** What the job of a run says, for one that is started without a job. */
  payloadOf(run: QueuedRun): Record<string, unknown>;
  /** Removes the job of a run unless a worker has already started it. */
  dequeueRun(sql: Queryable, runId: string): Promise<void>;
};

/** Creates and verifies pagination cursors. A cursor is valid only for the account, list and filters that it was created for. */
export type Cursors = {
  /** Decodes a cursor to its sort key. Throws 400 if the cursor is invalid. */
  decode(cursor: string | undefined, list: readonly unknown[]): (string | number)[] | undefined;
  /** Removes the rows beyond the limit and beyond `maxBytes` (2 MB), and returns the cursor of the next page. */
  page<Row extends object>(
    rows: Row[],
    limit: number,
    list: readonly unknown[],
    keyOf: (row: Row) => (string | number)[],
    maxBytes?: number,
  ): { rows: Row[]; next: string | undefined };
  /** Reads one page of a list that is sorted by time and id. Fetches one row more than `limit` to detect a next page. */
  fetchPage<Row extends object>(
    query: PageQuery,
    list: readonly unknown[],
    read: (page: PageKey) => Promise<Row[]>,
    keyOf: (row: Row) => [time: string, id: string],
  ): Promise<{ rows: Row[]; next: string | undefined }>;
};

/**
 * Reads the limit of a quota and returns a function that checks it in `tx`, the transaction of the rows that count against it. The check
 * rejects with 409.
 */
type PrepareQuota = (
  tx: Queryable,
  name: QuotaName,
  holder: { accountId: string | undefined; userId: string },
) => Promise<() => Promise<void>>;

/** The dependencies of an API process. */
export type App = {
  readonly config: Config;
  readonly keys: Keys;
  readonly log: Log;
  readonly database: Database;
  /** Serves lists and statistics, if one is configured. */
  readonly replica: ReadReplica | undefined;
  readonly accessControl: AccessControl;
  readonly passwords: PasswordHasher;
  readonly ipRules: IpRules;
  readonly prepareQuota: PrepareQuota;
  /** The current base URL of links shown to users. Its origin counts as an own origin. */
  readonly baseUrl: () => Promise<string>;
  readonly queue: Queue;
  readonly runNotifier: RunNotifier;
  /** Joins the API and the worker if they are in the same process. */
  readonly localRuns?: LocalRuns | undefined;
  readonly cacheInvalidation: CacheInvalidation;
  readonly callCancellation: CallCancellation;
  readonly promptRequests: PromptRequests;
  readonly cursors: Cursors;
  /** Sends requests to URLs chosen by users. */
  readonly outbound: OutboundClient;
  /** Undefined if no object store is configured. */
  readonly storage: Storage | undefined;
};
