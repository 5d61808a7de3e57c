/** Methods that are counted by name; the rest is `other`. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export const methodLabel = (method: string): string => (methods.has(method) ? method : 'other');

/** At most `most` different values of a label, so that nobody can fill the memory with new ones; those that come later are `other`. */
export function boundedLabel(most: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= most) return 'other';
    known.add(value);
    return value;
  };
}

/** Seconds, from an answer out of memory to one that somebody waits for. */
export const shortTimes = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Seconds that a model or a receiver may take. */
export const longTimes = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
