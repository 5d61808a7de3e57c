import { errorStatusesOf } from '../../contract/shared/policy.ts';
import type { Route } from '../../contract/shared/route.ts';
import type { Result } from './checkOperations.ts';

const documentedOf = (route: Route): number[] =>
  [...Object.keys(route.responses).map(Number), ...errorStatusesOf(route)].sort((a, b) => a - b);

/** One row of the report. ✓ marks the statuses that the server has returned. */
export function rowOf({ operation: { id, route }, seen, violations, unchecked }: Result): string {
  const marks = documentedOf(route).map((status) => `${seen.includes(status) ? '✓' : '·'}${status}`);
  const verdict = violations.length > 0 ? 'FAIL' : unchecked === undefined ? 'ok  ' : 'part';
  return `${verdict} ${id.padEnd(34)} ${marks.join(' ')}${unchecked === undefined ? '' : `  (no success: ${unchecked})`}`;
}

export const violationLines = (results: readonly Result[]): string[] =>
  results.flatMap(({ violations }) =>
    violations.map(({ operation, request, answer, what }) => `${operation}: ${what}; ${request} → ${answer}`),
  );

export function summaryOf(results: readonly Result[]): string {
  const pairs = results.flatMap(({ operation, seen }) => documentedOf(operation.route).map((status) => seen.includes(status)));
  const violations = violationLines(results).length;
  const partly = results.filter(({ unchecked }) => unchecked !== undefined).length;
  return `${results.length} operations, ${pairs.filter(Boolean).length} of ${pairs.length} documented answers seen, ${partly} operations without a success, ${violations} violations`;
}

/** The JSON report. */
export const coverageOf = (url: string, results: readonly Result[]) => ({
  url,
  summary: summaryOf(results),
  operations: results.map(({ operation: { id, route }, seen, violations, unchecked }) => ({
    ...{ id, method: route.method, path: route.path },
    ...{ documented: documentedOf(route), seen: [...seen].sort((a, b) => a - b), unchecked: unchecked ?? null, violations },
  })),
});
