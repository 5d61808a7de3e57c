import { Gauge } from 'prom-client';
import { activePools } from '../database/database.ts';
import type { MetricGroup } from './metricGroup.ts';

/** Connections of this process to PostgreSQL. Pools with the same name are added up. */
export const poolMetrics: MetricGroup = ({ registers }) => {
  new Gauge({
    name: 'arkloop_database_connections',
    help: 'Connections of a pool to PostgreSQL, by state: used, or idle.',
    labelNames: ['pool', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { name, pool } of activePools) {
        this.inc({ pool: name, state: 'idle' }, pool.idleCount);
        this.inc({ pool: name, state: 'used' }, pool.totalCount - pool.idleCount);
      }
    },
  });
  new Gauge({
    name: 'arkloop_database_connections_max',
    help: 'Most connections that a pool may have.',
    labelNames: ['pool'],
    registers,
    collect() {
      this.reset();
      for (const { name, pool } of activePools) this.inc({ pool: name }, pool.options.max);
    },
  });
  new Gauge({
    name: 'arkloop_database_connections_awaited',
    help: 'Statements and transactions that wait for a connection of a pool.',
    labelNames: ['pool'],
    registers,
    collect() {
      this.reset();
      for (const { name, waiting } of activePools) this.inc({ pool: name }, waiting());
    },
  });
  return [];
};
