import type { FailedRequest, Load } from '../faults/load.ts';
import type { Finding } from '../support/auditor/finding.ts';
import type { Journal } from '../support/auditor/journal.ts';
import type { openCollector } from '../support/telemetry/collector.ts';
import type { Installation } from './installation.ts';
import type { Keys } from './keys.ts';
import type { checkOutRelease } from './release.ts';

/** What a step works with. */
export type Day = {
  isQuick: boolean;
  say(line: string): void;
  installation: Installation;
  load: Load;
  journal: Journal;
  collector: Awaited<ReturnType<typeof openCollector>>;
  keys: Keys;
  /** The life of access tokens, after which no token is signed with an old secret, in seconds. */
  tokenSeconds: number;
  /** The release that the installation is upgraded from, or why there is none. */
  release: Awaited<ReturnType<typeof checkOutRelease>>;
  /** A folder for files. */
  folder: string;
  report(finding: Finding): void;
  /** Does something, and returns the requests of the load that failed meanwhile. Reports if the load did nothing. */
  underLoad(name: string, work: () => Promise<unknown>): Promise<FailedRequest[]>;
  /** The rest of the day has no load. */
  stopLoad(): Promise<void>;
  /** Like `underLoad`, and reports each request that failed. */
  withoutFailure(name: string, work: () => Promise<unknown>): Promise<void>;
};
