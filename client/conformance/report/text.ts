import { errorStatusesOf } from '../../../contract/shared/policy.ts';
import type { Route } from '../../../contract/shared/route.ts';
import type { Result } from '../exchange.ts';
import { rules } from '../rules.ts';
import { findingsOf, type FoldedFinding, foldFindings, operationsText } from './fold.ts';

const documentedOf = (route: Route): number[] =>
  [...Object.keys(route.responses).map(Number), ...errorStatusesOf(route)].sort((a, b) => a - b);

/** One row of the report. ✓ marks the statuses that the server has returned. */
export function rowOf({ operation: { id, route }, seen, violations, unchecked, notes, ms }: Result): string {
  const marks = documentedOf(route).map((status) => `${seen.includes(status) ? '✓' : '·'}${status}`);
  const verdict = violations.length > 0 ? 'FAIL' : unchecked === undefined ? 'ok  ' : 'part';
  const missing = [...(unchecked === undefined ? [] : [`no success: ${unchecked}`]), ...notes];
  const comment = missing.length > 0 ? `  (${missing.join('; ')})` : '';
  return `${verdict} ${id.padEnd(34)} ${String(Math.round(ms)).padStart(5)} ms  ${marks.join(' ')}${comment}`;
}

/** Two lines per kind of finding: operations, difference and rule; then an example. */
export function findingLines(results: readonly Result[]): string[] {
  return foldFindings(findingsOf(results)).flatMap(({ operations, what, rule, count, example }: FoldedFinding) => [
    `✗ ${operationsText(operations)}: ${what} [${rule}]`,
    `    ${example.request} → ${example.answer}${count > 1 ? `, and ${count - 1} more` : ''}`,
  ]);
}

/** The rules that were broken, with their text. */
export const brokenRules = (results: readonly Result[]): string[] =>
  [...new Set(findingsOf(results).map(({ rule }) => rule))].sort().map((rule) => `  ${rule.padEnd(24)} ${rules[rule]}`);

/** `consumers` names those whose uses were checked, if not the whole contract was. */
export function summaryOf(results: readonly Result[], consumers?: string): string {
  const pairs = results.flatMap(({ operation, seen }) => documentedOf(operation.route).map((status) => seen.includes(status)));
  const findings = findingsOf(results);
  const kinds = foldFindings(findings).length;
  const partly = results.filter(({ unchecked }) => unchecked !== undefined).length;
  const found = `${kinds} finding${kinds === 1 ? '' : 's'}${findings.length === kinds ? '' : ` (${findings.length} times)`}`;
  return [
    `${results.length} operation${results.length === 1 ? '' : 's'}${consumers === undefined ? '' : ` used by ${consumers}`}, ${partly} of them without a success`,
    ...(consumers === undefined ? [`${pairs.filter(Boolean).length} of ${pairs.length} documented answers seen`] : []),
    findings.length === 0 ? 'no findings' : found,
  ].join(', ');
}

/** The JSON report. Findings are not folded. */
export const coverageOf = (url: string, summary: string, results: readonly Result[]) => ({
  url,
  summary,
  operations: results.map(({ operation: { id, route }, seen, violations, unchecked, notes, ms }) => ({
    ...{ id, method: route.method, path: route.path, ms: Math.round(ms) },
    ...{ documented: documentedOf(route), seen: [...seen].sort((a, b) => a - b) },
    ...{ unchecked: unchecked ?? null, notes, violations },
  })),
});
