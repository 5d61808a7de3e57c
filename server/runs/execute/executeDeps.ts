import type { ToolSources } from '../../agent/tools/toolSources.ts';
import type { Database } from '../../database/sql.ts';
import type { Queue } from '../../http/app.ts';
import type { TurnQueue } from '../../platform/concurrency.ts';
import type { Config } from '../../platform/config/config.ts';
import type { Keys } from '../../platform/crypto/keys.ts';
import type { OutboundClient } from '../../platform/outbound/outbound.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import type { RunNotifier } from '../../pubsub/runNotifier.ts';
import type { Storage } from '../../storage/storage.ts';

export type ExecuteDeps = {
  config: Config;
  keys: Keys;
  database: Database;
  outbound: OutboundClient;
  /** The object store. Undefined if none is configured. */
  storage: Storage | undefined;
  tools: ToolSources;
  runNotifier: RunNotifier;
  queue: Queue;
  log: Log;
  /** The runs of this process by id. A notification about a run calls its function. */
  activeRuns: Map<string, () => void>;
  /** The attempts of this process by run. There is at most one of each. */
  attempts: Map<string, Promise<unknown>>;
  /** The turns of runs whose worker was lost before. */
  suspects: TurnQueue;
  /** Aborted when the process stops: the run is left to another worker. */
  stopping: AbortSignal;
};
