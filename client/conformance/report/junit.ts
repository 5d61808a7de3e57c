import type { Result } from '../exchange.ts';
import { rules } from '../rules.ts';
import { foldFindings } from './fold.ts';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;' };

/** Control characters are not allowed in XML 1.0. */
const xml = (text: string) =>
  text.replace(/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g, '').replace(/[&<>"\n]/g, (character) => escapes[character]!);

const seconds = (ms: number) => (ms / 1_000).toFixed(3);

/** JUnit XML: a suite per area, a case per operation, a failure per kind of finding. Operations without a success are skipped. */
export function junitOf(results: readonly Result[]): string {
  const areaOf = ({ operation: { id } }: Result) => id.split('.')[0]!;
  const areas = [...new Set(results.map(areaOf))];
  const suites = areas
    .map((area) => [area, results.filter((result) => areaOf(result) === area)] as const)
    .map(([area, rows]) => `${tag('testsuite', area, rows)}\n${rows.map(caseOf).join('')}  </testsuite>\n`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${tag('testsuites', 'arkloop-conformance', results).trim()}\n${suites.join('')}</testsuites>\n`;
}

function tag(name: string, title: string, results: readonly Result[]): string {
  const failed = results.filter(({ violations }) => violations.length > 0).length;
  const skipped = results.filter(isSkipped).length;
  const ms = results.reduce((sum, result) => sum + result.ms, 0);
  const counts = `tests="${results.length}" failures="${failed}" ${name === 'testsuite' ? `skipped="${skipped}" ` : ''}errors="0"`;
  return `  <${name} name="${xml(title)}" ${counts} time="${seconds(ms)}">`;
}

const isSkipped = ({ unchecked, violations }: Result) => unchecked !== undefined && violations.length === 0;

function caseOf(result: Result): string {
  const { operation, violations, unchecked, ms } = result;
  const failures = foldFindings(violations).map(({ rule, what, count, example }) => {
    const text = [rules[rule], `${example.request} → ${example.answer}`, `${count} times`].join('\n');
    return `      <failure type="${rule}" message="${xml(what)}">${xml(text)}</failure>\n`;
  });
  const skipped = isSkipped(result) ? [`      <skipped message="${xml(unchecked!)}"/>\n`] : [];
  const inner = [...failures, ...skipped].join('');
  return `    <testcase classname="${xml(operation.title)}" name="${xml(operation.id)}" time="${seconds(ms)}"${inner ? `>\n${inner}    </testcase>\n` : '/>\n'}`;
}
