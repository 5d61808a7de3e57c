import { p } from '@mikro-orm/core';

export type Json = unknown;

/** A point in time as an RFC 3339 string. A `Date` for each row costs more than the query that reads it. */
export const timestamptz = (digits: 3 | 6 = 3) => p.string().columnType(`timestamptz(${digits})`);
