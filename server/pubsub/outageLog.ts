import type { Log } from '../platform/telemetry/log.ts';

/** Logs once when a broker is lost and once when it is back, instead of at each attempt to connect. */
export function outageLog(broker: string, log: Log) {
  let isLost = false;
  return {
    lost(error: unknown) {
      if (!isLost)
        log.warn({ err: error }, `ARKLOOP_PUBSUB_URL: ${broker} cannot be used; streams poll, and invalidations go through PostgreSQL`);
      isLost = true;
    },
    over() {
      if (isLost) log.info(`ARKLOOP_PUBSUB_URL: ${broker} is used again`);
      isLost = false;
    },
  };
}
