import type { Log } from '../platform/telemetry/log.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';

type Process = {
  /** Undefined until the configuration is read. */
  log(): Log | undefined;
  /** Whether a part listens or takes jobs. */
  isServing(): boolean;
  isEnding(): boolean;
  /** Reports an error and ends the process. */
  fail(error: unknown): void;
};

/**
 * Handles errors that no code caught. While the process serves, an unhandled rejection is logged and counted: it concerns one request or job, and the
 * process continues. An uncaught exception ends the process, because its state is unknown. During startup, both end it.
 */
export function handleUncaughtErrors({ log, isServing, isEnding, fail }: Process): void {
  const onException = (error: unknown) => {
    // For example, a connection that the database closes while it is being closed here.
    if (isEnding()) return void log()?.debug({ err: error }, 'an error on the way out');
    if (isServing()) log()?.fatal({ err: error }, 'uncaught exception: the process ends');
    fail(error);
  };
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', (reason) => {
    if (!isServing() || isEnding()) return onException(reason);
    log()?.error({ err: reason }, 'unhandled rejection: the process goes on');
    metricsEvents.unhandledRejection.emit(undefined);
  });
}
