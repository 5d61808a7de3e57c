import { facts } from '../kernel/facts.ts';
import type { Log } from '../kernel/log.ts';

type Process = {
  /** Undefined until the configuration is read. */
  log(): Log | undefined;
  /** Whether a part listens or takes jobs. */
  isServing(): boolean;
  isEnding(): boolean;
  /** Report an error and end. */
  fail(error: unknown): void;
};

/**
 * Handle errors that no code caught. While the process serves, an unhandled rejection is logged and counted: it concerns one request or
 * job, and the process goes on. An uncaught exception ends the process, because its state is unknown, and so does either during start.
 */
export function handleDefects({ log, isServing, isEnding, fail }: Process): void {
  const onException = (error: unknown) => {
    // Connections that the database closed while they are being closed here.
    if (isEnding()) return void log()?.debug({ err: error }, 'an error on the way out');
    if (isServing()) log()?.fatal({ err: error }, 'uncaught exception: the process ends');
    fail(error);
  };
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', (reason) => {
    if (!isServing() || isEnding()) return onException(reason);
    log()?.error({ err: reason }, 'unhandled rejection: the process goes on');
    facts.rejectionUnhandled.tell(undefined);
  });
}
