import type { NoClientAddress } from './network/clientAddress.ts';

declare const bucket: unique symbol;

/** The key that a limiter counts by. */
export type LimiterKey = string & { readonly [bucket]: true };

/** The limiter key of a kind and its subjects. Does not accept a full client address, because an IPv6 client can change it within its /64. */
export const limiterKeyOf = (kind: string, ...parts: readonly NoClientAddress[]): LimiterKey => [kind, ...parts].join(':') as LimiterKey;
