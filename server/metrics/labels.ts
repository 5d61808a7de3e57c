import type { Counter, LabelValues } from 'prom-client';

/** Methods that are counted by name; all others are `other`. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export const methodLabel = (method: string): string => (methods.has(method) ? method : 'other');

/** Allows at most `most` distinct values of a label, to limit memory. Later values become `other`. */
export function boundedLabel(most: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= most) return 'other';
    known.add(value);
    return value;
  };
}

/**
 * Creates the series of these values at zero. A series that appears with its first event has no increase in Prometheus, so an alert on any event would
 * miss it.
 */
export function startAtZero<T extends string>(counter: Counter<T>, label: T, values: readonly string[]): void {
  for (const value of values) counter.inc({ [label]: value } as LabelValues<T>, 0);
}

/** Histogram buckets for HTTP requests, in seconds. */
export const shortDurationBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Histogram buckets for calls to models and webhook endpoints, in seconds. */
export const longDurationBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
