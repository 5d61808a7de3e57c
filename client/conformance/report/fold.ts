import type { Finding, Result } from '../exchange.ts';
import type { Rule } from '../rules.ts';

/** Findings of one kind. The same line of several operations is one. */
export type FoldedFinding = { rule: Rule; what: string; operations: string[]; count: number; example: Finding };

export const findingsOf = (results: readonly Result[]): Finding[] => results.flatMap(({ violations }) => violations);

/** Folds findings that differ only in operation, ids and numbers. */
export function foldFindings(findings: readonly Finding[]): FoldedFinding[] {
  const kinds = new Map<string, FoldedFinding>();
  for (const finding of findings) {
    const { rule, what, operation } = finding;
    const key = `${rule} ${what.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '#').replace(/\d+/g, '#')}`;
    const known = kinds.get(key);
    if (!known) kinds.set(key, { rule, what, operations: [operation], count: 1, example: finding });
    else {
      known.count++;
      if (!known.operations.includes(operation)) known.operations.push(operation);
    }
  }
  return [...kinds.values()];
}

const named = 3;

/** `threads.get, threads.update and 5 more`. */
export const operationsText = (operations: readonly string[]): string =>
  operations.length <= named + 1 ? operations.join(', ') : `${operations.slice(0, named).join(', ')} and ${operations.length - named} more`;
