/** An unvalidated JSON object. */
export type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value if it is an object, else an empty object. */
export const asObject = (value: unknown): Json => (isObject(value) ? value : {});

export const asObjects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** The value if it is a string, else an empty string. */
export const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The value if it is a finite number of at least 0. */
export const asAmount = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;

/** Far above any real count, and its sums can still be stored. */
const maxCount = 1e12;

/** A finite number of at least 0, rounded, and at most `maxCount`. Undefined for anything else. */
export function asCount(value: unknown): number | undefined {
  const amount = asAmount(value);
  return amount === undefined ? undefined : Math.min(Math.round(amount), maxCount);
}

/** Undefined if the text is not a JSON object. */
export function parseObject(source: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(source);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const withoutUndefined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
