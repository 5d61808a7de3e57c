import type { GeoLocation } from './geoIp.ts';
import type { UserAgentType } from './userAgent.ts';

export type RiskSignals = { isAnonymous: boolean; location: GeoLocation; userAgentType: UserAgentType };

/** The risk score of a request: the sum of its signals, from 0 to 1 with two decimals. */
export function riskOf({ isAnonymous, location, userAgentType }: RiskSignals): number {
  const hundredths =
    (isAnonymous ? 10 : 0) +
    (location.isAnonymousProxy ? 60 : 0) +
    (location.isHosting ? 30 : 0) +
    (userAgentType === 'unknown' ? 20 : 0) +
    (userAgentType === 'bot' ? 15 : 0);
  return Math.min(100, hundredths) / 100;
}
