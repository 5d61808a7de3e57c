import { sql } from 'kysely';
import type { RunStatus } from '../../../contract/runRequests.ts';

// Literals, because the planner does not match parameters to the predicate of a partial index.

/** The statuses of a run that is executing or waiting for input. It can be cancelled. */
export const activeStatuses = [sql.lit('running' as const), sql.lit('waiting_for_input' as const)] as const;

/** The statuses of a run that has not ended. */
export const openStatuses = [...activeStatuses, sql.lit('cancelling' as const)] as const;

/** The statuses of a run that has ended. It appends no more events. */
export const ended: ReadonlySet<RunStatus> = new Set(['completed', 'failed', 'cancelled']);
export const endedStatuses = [sql.lit('completed' as const), sql.lit('failed' as const), sql.lit('cancelled' as const)] as const;
