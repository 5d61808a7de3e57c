import type { StorageState } from '../../contract/health.ts';
import { cacheAnswer } from '../platform/cachedAnswer.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { type Storage, StorageUnavailable } from './storage.ts';

/** Pause between two checks, in milliseconds. */
const pauseMs = 5_000;

export type StorageMonitor = { state(): Promise<StorageState>; stop(): void };

/** Checks the object store in the background. Changes of the state are logged. */
export function monitorStorage(storage: Storage | undefined, log: Log): StorageMonitor {
  if (!storage) return { state: async () => 'not_configured', stop: () => {} };
  let known: StorageState = 'ok';
  const { current, start, stop } = cacheAnswer(async () => {
    const { state, cause } = await stateOf(storage);
    if (state !== known) {
      if (state === 'ok') log.info('the object store is available again');
      else log.warn({ reason: state, err: cause }, 'the object store is not available');
      known = state;
    }
    return state;
  }, pauseMs);
  start();
  return { state: async () => (await current()) ?? 'unreachable', stop };
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
