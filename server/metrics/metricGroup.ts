import type { Registry } from 'prom-client';
import type { Database } from '../database/sql.ts';

/** `database` is undefined if the process has none. */
type MetricSources = { registers: [Registry]; database: Database | undefined };

/** Registers the metrics of one area. Returns functions that unsubscribe from events. */
export type MetricGroup = (sources: MetricSources) => (() => void)[];
