import type { Log } from '../telemetry/log.ts';
import { metricsEvents } from '../telemetry/metricsEvents.ts';
import type { UnknownKeyError } from './seal.ts';

/** How often the log says it, in milliseconds. */
const logPause = 60_000;
let lastLogged = Number.NEGATIVE_INFINITY;

/** Reports that this process lacks the key of a stored value, and leaves the work that needs it to other processes. */
export function reportUnopened(log: Log, work: 'mail' | 'webhook' | 'run', { message }: UnknownKeyError): void {
  metricsEvents.workLeft.emit(work);
  if (performance.now() - lastLogged < logPause) return;
  lastLogged = performance.now();
  log.error(
    { work },
    `this process cannot open a stored value and leaves the work to others: ${message}; compare ARKLOOP_ENCRYPTION_KEYS of all processes`,
  );
}

/** Seconds until work that was put back `times` before may be taken again: 1, 2, 4 and so on, at most 30. */
export const secondsUntilNext = (times: number): number => Math.min(30, 2 ** Math.min(times, 5));
