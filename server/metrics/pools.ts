import { Gauge } from 'prom-client';
import { openPools } from '../db/database.ts';
import type { Concern } from './concern.ts';

/** The connections of this process to PostgreSQL. Pools of one name are counted together. */
export const poolMetrics: Concern = ({ registers }) => {
  new Gauge({
    name: 'arkloop_database_connections',
    help: 'Connections of a pool to PostgreSQL, by state: used, or idle.',
    labelNames: ['pool', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { name, pool } of openPools) {
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
      for (const { name, pool } of openPools) this.inc({ pool: name }, pool.options.max);
    },
  });
  new Gauge({
    name: 'arkloop_database_connections_awaited',
    help: 'Statements and transactions that wait for a connection of a pool.',
    labelNames: ['pool'],
    registers,
    collect() {
      this.reset();
      for (const { name, pool } of openPools) this.inc({ pool: name }, pool.waitingCount);
    },
  });
  return [];
};
