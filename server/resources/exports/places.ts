import { type ConcurrencyLimiter, createConcurrencyLimiter } from '../../platform/concurrency.ts';
import { failWith, rateLimited } from '../../platform/failure.ts';
import { type LimiterKey, limiterKeyOf } from '../../platform/limiterKey.ts';

/** The place of one request among the exports. `hasBegun`: it is left when its reading has ended, otherwise when the response closes. */
export type Place = { hasBegun: boolean; leave(): void };

/** Seconds until a client without a place should try again. */
const retrySeconds = 30;

/**
 * Limits the exports that this process sends at a time, in all and for each of their owners. The returned function throws 429 with `reason` if there is
 * no place. A request takes one place, even if its transaction is repeated.
 */
export function createPlaces(name: string, most: { inAll: number; perOwner: number }, reason: string) {
  const all = createConcurrencyLimiter(most.inAll);
  const ofOwner = createConcurrencyLimiter(most.perOwner);
  const places = new WeakMap<AbortSignal, Place>();
  return (owners: readonly string[], closed: AbortSignal): Place => {
    if (closed.aborted) throw failWith('upstream', 'client_disconnected', 'The client disconnected.');
    const taken = places.get(closed);
    if (taken) return taken;
    const leaves: (() => void)[] = [];
    const leave = () => leaves.forEach((each) => each());
    const take = (limiter: ConcurrencyLimiter, bucket: LimiterKey) => {
      const left = limiter.acquire(bucket);
      if (left) return void leaves.push(left);
      leave();
      throw rateLimited(reason, retrySeconds);
    };
    for (const owner of new Set(owners)) take(ofOwner, limiterKeyOf(name, owner));
    take(all, limiterKeyOf(name));
    const place = { hasBegun: false, leave };
    places.set(closed, place);
    closed.addEventListener('abort', () => !place.hasBegun && place.leave(), { once: true });
    return place;
  };
}
