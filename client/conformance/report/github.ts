import type { Result } from '../exchange.ts';
import { findingsOf, foldFindings, operationsText } from './fold.ts';

const message = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string) => message(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** Workflow commands of GitHub Actions, one per kind of finding. */
export const annotationsOf = (results: readonly Result[]): string[] =>
  foldFindings(findingsOf(results)).map(({ rule, what, operations, count, example }) => {
    const text = `${what}\n${example.request} → ${example.answer}${count > 1 ? `, and ${count - 1} more` : ''}`;
    return `::error title=${property(`${operationsText(operations)}: ${rule}`)}::${message(text)}`;
  });
