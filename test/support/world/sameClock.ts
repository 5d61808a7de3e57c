import { resetDatabaseClock, setDatabaseClock } from '../../../server/platform/databaseClock.ts';
import { onFileFinished } from '../app/fileCleanup.ts';
import { world } from './world.ts';

let isShifted = world().clockOffset !== 0;

/** Whether this process has another clock than PostgreSQL, so that its servers have to measure that. */
export const isClockShifted = (): boolean => isShifted;

/**
 * Gives this worker and the processes that it starts the clock of PostgreSQL until the last test of the file has ended: for tests of what is not done
 * while the clocks differ, and for those that set the clock or compare times of their own with those of the server. To be called before the server
 * of the file starts.
 */
export function useDatabaseClock(): void {
  if (!isShifted) return;
  const { NODE_OPTIONS } = process.env;
  const shifted = globalThis.Date;
  globalThis.Date = Object.getPrototypeOf(shifted);
  delete process.env.NODE_OPTIONS;
  resetDatabaseClock();
  isShifted = false;
  onFileFinished(async () => {
    // PostgreSQL is on this machine, and servers that files share do not measure its clock again at once.
    setDatabaseClock(Date.now(), performance.now());
    globalThis.Date = shifted;
    process.env.NODE_OPTIONS = NODE_OPTIONS;
    isShifted = true;
  });
}
