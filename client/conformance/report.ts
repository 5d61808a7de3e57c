import { refusalsOf } from '../../contract/shared/policy.ts';
import type { Route } from '../../contract/shared/route.ts';
import type { Result } from './walk.ts';

/** Every status that an operation documents. */
export const documentedOf = (route: Route): number[] =>
  [...Object.keys(route.responses).map(Number), ...refusalsOf(route)].sort((a, b) => a - b);

/** One row of the table: each documented status, marked where the server has given it. */
export function rowOf({ operation: { id, route }, seen, violations, unchecked }: Result): string {
  const marks = documentedOf(route).map((status) => `${seen.includes(status) ? '✓' : '·'}${status}`);
  const verdict = violations.length > 0 ? 'FAIL' : unchecked === undefined ? 'ok  ' : 'part';
  return `${verdict} ${id.padEnd(34)} ${marks.join(' ')}${unchecked === undefined ? '' : `  (no success: ${unchecked})`}`;
}

/** All violations, a line each. */
export const violationLines = (results: readonly Result[]): string[] =>
  results.flatMap(({ violations }) =>
    violations.map(({ operation, request, answer, what }) => `${operation}: ${what}; ${request} → ${answer}`),
  );

/** What was covered, as one sentence. */
export function summaryOf(results: readonly Result[]): string {
  const pairs = results.flatMap(({ operation, seen }) => documentedOf(operation.route).map((status) => seen.includes(status)));
  const violations = violationLines(results).length;
  const partly = results.filter(({ unchecked }) => unchecked !== undefined).length;
  return `${results.length} operations, ${pairs.filter(Boolean).length} of ${pairs.length} documented answers seen, ${partly} operations without a success, ${violations} violations`;
}

/** The same for programs. */
export const coverageOf = (url: string, results: readonly Result[]) => ({
  url,
  summary: summaryOf(results),
  operations: results.map(({ operation: { id, route }, seen, violations, unchecked }) => ({
    ...{ id, method: route.method, path: route.path },
    ...{ documented: documentedOf(route), seen: [...seen].sort((a, b) => a - b), unchecked: unchecked ?? null, violations },
  })),
});
