import type { Place } from './geo.ts';
import type { UserAgentType } from './userAgent.ts';

/** What is known of a caller that makes it suspicious. */
export type Signs = { isAnonymous: boolean; place: Place; agent: UserAgentType };

/** The risk of a request from 0 to 1, in two decimals: the sum of what speaks against it, at most 1 (platform 13.7). */
export function riskOf({ isAnonymous, place, agent }: Signs): number {
  const hundredths =
    (isAnonymous ? 10 : 0) +
    (place.isAnonymousProxy ? 60 : 0) +
    (place.isHosting ? 30 : 0) +
    (agent === 'unknown' ? 20 : 0) +
    (agent === 'bot' ? 15 : 0);
  return Math.min(100, hundredths) / 100;
}
