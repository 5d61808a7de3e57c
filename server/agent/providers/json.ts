/** An object of JSON that nobody has validated. */
export type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value when it is an object, else an empty one. */
export const object = (value: unknown): Json => (isObject(value) ? value : {});

/** The objects of a list; empty when it is no list. */
export const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** The value when it is a string, else an empty one. */
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The value when it is a finite number of at least 0. */
export const count = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;

/** The object that `source` writes, or undefined when it writes none. */
export function parseObject(source: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(source);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Drop the keys without a value. */
export const defined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
