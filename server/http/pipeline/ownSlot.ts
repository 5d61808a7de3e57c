import { createConcurrencyLimiter } from '../../platform/concurrency.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { overloaded } from '../access/authenticateRequest.ts';

/** Waits for another server in a slot of its own, and not in that of the request. At most `max` at a time in this process. */
export function createOwnSlots(name: string, max: number) {
  const slots = createConcurrencyLimiter(max);
  const bucket = limiterKeyOf(name);
  return async <T>(releaseSlot: () => void, work: () => Promise<T>): Promise<T> => {
    const leave = slots.acquire(bucket);
    if (!leave) throw overloaded();
    releaseSlot();
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
