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
const retrySeconds = 10;
/** How long a client that found no place keeps its turn. It may come back a little later than it was told. */
const waitingMs = 2 * retrySeconds * 1_000;
/** Callers that wait. Further ones get no turn. */
const maxWaiting = 10_000;

/**
 * Limits the exports that this process sends at a time, in all and for each of their owners. The returned function throws 429 with `reason` if there is
 * no place. A request takes one place, even if its transaction is repeated. While owners wait for a place, the clients that have one must read faster, and
 * a place that becomes free is for whoever waits longest: otherwise a few that start one export after the other would keep out all others. The first owner
 * of a request is who waits.
 */
export function createPlaces(name: string, most: { inAll: number; perOwner: number }, reason: string) {
  const ofOwner = createConcurrencyLimiter(most.perOwner);
  let taken = 0;
  /** The times of their last requests, in the order of their first ones. */
  const waiting = new Map<LimiterKey, number>();
  const forgetAbsent = () => {
    const oldest = performance.now() - waitingMs;
    for (const [each, at] of waiting) if (at <= oldest) waiting.delete(each);
  };
  const rate = () => {
    forgetAbsent();
    return waiting.size > 0 ? contendedRate : exportRate;
  };
  /** False if all places are taken, or kept for those who have waited longer. */
  function takeTurn(owner: LimiterKey): boolean {
    forgetAbsent();
    const ahead = waiting.has(owner) ? [...waiting.keys()].indexOf(owner) : waiting.size;
    if (taken + ahead < most.inAll) {
      waiting.delete(owner);
      taken++;
      return true;
    }
    if (waiting.size < maxWaiting || waiting.has(owner)) waiting.set(owner, performance.now());
    return false;
  }
  const places = new WeakMap<AbortSignal, Place>();
  return (owners: readonly string[], closed: AbortSignal): Place => {
    if (closed.aborted) throw failWith('upstream', 'client_disconnected', 'The client disconnected.');
    const known = places.get(closed);
    if (known) return known;
    const leaves: (() => void)[] = [];
    const leave = () => leaves.splice(0).forEach((each) => each());
    const keys = [...new Set(owners)].map((owner) => limiterKeyOf(name, owner));
    const hasTaken = keys.every((key) => takeSlot(ofOwner, key, leaves)) && takeTurn(keys[0]!);
    if (!hasTaken) {
      leave();
      throw rateLimited(reason, retrySeconds);
    }
    leaves.push(() => taken--);
    const place = { hasBegun: false, leave, rate };
    places.set(closed, place);
    closed.addEventListener('abort', () => !place.hasBegun && place.leave(), { once: true });
    return place;
  };
}

function takeSlot(limiter: ConcurrencyLimiter, key: LimiterKey, leaves: (() => void)[]): boolean {
  const leave = limiter.acquire(key);
  if (leave) leaves.push(leave);
  return leave !== undefined;
}
