import { sql } from 'kysely';

// Literals, because the planner does not match parameters to the predicate of a partial index.

/** The statuses of a run that is executing or waiting for input. It can be cancelled. */
export const activeStatuses = [sql.lit('running' as const), sql.lit('waiting_for_input' as const)] as const;

/** The statuses of a run that has not ended. */
export const openStatuses = [...activeStatuses, sql.lit('cancelling' as const)] as const;
