import { type ConcurrencyLimiter, createConcurrencyLimiter } from '../../platform/concurrency.ts';
import { failWith, rateLimited } from '../../platform/failure.ts';
import { type LimiterKey, limiterKeyOf } from '../../platform/limiterKey.ts';
import { contendedRate, exportRate, type ReadingRate } from './minimumRate.ts';

/**
 * The place of one request among the exports. `hasBegun`: it is left when its reading has ended, otherwise when the response closes. `rate`: how fast its
 * client must read now.
 */
export type Place = { hasBegun: boolean; leave(): void; rate(): ReadingRate };

/** Seconds until a client without a place should try again. */
const retrySeconds = 30;
/** How long a client that found no place counts as waiting. It may come back a little later than it was told. */
const waitingMs = 2 * retrySeconds * 1_000;

/**
 * Limits the exports that this process sends at a time, in all and for each of their owners. The returned function throws 429 with `reason` if there is
 * no place. A request takes one place, even if its transaction is repeated. If all places are taken and others want one, the clients that have them must
 * read faster.
 */
export function createPlaces(name: string, most: { inAll: number; perOwner: number }, reason: string) {
  const all = createConcurrencyLimiter(most.inAll);
  const ofOwner = createConcurrencyLimiter(most.perOwner);
  let lastWantedAt = Number.NEGATIVE_INFINITY;
  const rate = () => (performance.now() - lastWantedAt < waitingMs ? contendedRate : exportRate);
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
      if (limiter === all) lastWantedAt = performance.now();
      throw rateLimited(reason, retrySeconds);
    };
    for (const owner of new Set(owners)) take(ofOwner, limiterKeyOf(name, owner));
    take(all, limiterKeyOf(name));
    const place = { hasBegun: false, leave, rate };
    places.set(closed, place);
    closed.addEventListener('abort', () => !place.hasBegun && place.leave(), { once: true });
    return place;
  };
}
