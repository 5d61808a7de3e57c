import { Counter } from 'prom-client';
import { facts } from '../kernel/facts.ts';
import type { Concern } from './concern.ts';

/** Errors of the program itself. */
export const defectMetrics: Concern = ({ registers }) => {
  const rejections = new Counter({
    name: 'arkloop_unhandled_rejections_total',
    help: 'Promises that were rejected without a handler while the process served; each is logged with its stack.',
    registers,
  });
  return [facts.rejectionUnhandled.hear(() => rejections.inc())];
};
