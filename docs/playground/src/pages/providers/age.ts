/** After a year, published prices are no longer a good guess. */
const maxAgeMs = 365 * 86_400_000;

export const isOutdated = (asOf: string, now = Date.now()): boolean => now - Date.parse(asOf) > maxAgeMs;
