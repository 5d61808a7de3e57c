import type { NoClientAddress } from './clientAddress.ts';

declare const bucket: unique symbol;

/** The name that a limit counts under. */
export type Bucket = string & { readonly [bucket]: true };

/** Names a bucket by what is counted and for whom. A whole client address is not taken, so that IPv6 callers cannot widen a limit. */
export const bucketOf = (kind: string, ...parts: readonly NoClientAddress[]): Bucket => [kind, ...parts].join(':') as Bucket;
