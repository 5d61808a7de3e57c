/** Fields that tell how long something took, or differ with the time of day. */
const variable = new Set([
  'trace_id',
  'traceId',
  'duration_ms',
  'latency_ms',
  'next_run_at',
  'last_used_at',
  'prompt_cache_key',
  'created',
  'access_token',
  'expires_in',
]);

const patterns =
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z|\b(?:al|whsec)_[\w+/=-]+|\b[\w-]{22,}\b|-[0-9a-f]{10,12}\b|127\.0\.0\.1:\d+/g;

/** Returns a function that replaces ids, times and secrets: equal ones get the same number, in the order of their first appearance. */
export function normalize(): (value: unknown) => unknown {
  const numbers = new Map<string, number>();
  const replace = (text: string) =>
    text.replaceAll(patterns, (found) => {
      if (/^\d{4}-\d\d-\d\dT/.test(found)) return '<time>';
      if (!numbers.has(found)) numbers.set(found, numbers.size);
      return `<${numbers.get(found)}>`;
    });
  const visit = (value: unknown): unknown => {
    if (typeof value === 'string') return replace(value);
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, variable.has(name) ? '<varies>' : visit(inner)]));
  };
  return visit;
}
