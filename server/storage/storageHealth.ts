import { setTimeout as sleep } from 'node:timers/promises';
import type { StorageState } from '../../contract/health.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { type Storage, StorageUnavailable } from './storage.ts';

/** How long a result is reused, and how long a caller waits for one, in milliseconds. */
const times = { fresh: 5_000, patience: 1_500 };

/** Checks the object store now and on each call. Changes of the state are logged. */
export function monitorStorage(storage: Storage | undefined, log: Log): () => Promise<StorageState> {
  if (!storage) return async () => 'not_configured';
  let known: StorageState = 'ok';
  let looking: { since: number; state: Promise<StorageState> } | undefined;
  const look = async () => {
    const { state, cause } = await stateOf(storage);
    if (state !== known) {
      if (state === 'ok') log.info('the object store is available again');
      else log.warn({ reason: state, err: cause }, 'the object store is not available');
      known = state;
    }
    return state;
  };
  const ask = () => {
    if (!looking || performance.now() - looking.since > times.fresh) looking = { since: performance.now(), state: look() };
    const late = sleep(times.patience, 'unreachable' as const, { ref: false });
    return Promise.race([looking.state, late]);
  };
  ask().catch((err) => log.warn({ err }, 'the object store could not be checked'));
  return ask;
}

async function stateOf(storage: Storage): Promise<{ state: StorageState; cause?: unknown }> {
  try {
    await storage.check();
    return { state: 'ok' };
  } catch (error) {
    if (error instanceof StorageUnavailable) return { state: error.reason, cause: error.cause };
    return { state: 'failing', cause: error };
  }
}
