import type { Registry } from 'prom-client';
import type { Database } from '../kernel/sql.ts';

/** What is known where metrics are opened: the database, unless the process has none of its own. */
export type Sources = { registers: [Registry]; database: Database | undefined };

/** Puts the metrics of one concern into the registry; the functions that come back end the listening. */
export type Concern = (sources: Sources) => (() => void)[];
