import type { Database } from '../../../server/database/sql.ts';
import { wrapStatements } from './wrapStatements.ts';

/** Parts of the text of statements, with single spaces, and what they become. */
export type TextChange = readonly [from: RegExp, to: string];

/** A database on which the statements of the server have a bug. */
export function plantBug(database: Database, changes: readonly TextChange[]) {
  const planted = new Set<RegExp>();
  const rewrite = (text: string) => {
    const flat = text.replace(/\s+/g, ' ').trim();
    const matching = changes.filter(([from]) => from.test(flat));
    for (const [from] of matching) planted.add(from);
    return matching.length > 0 ? matching.reduce((changed, change) => changed.replace(...change), flat) : text;
  };
  return { database: wrapStatements(database, { rewrite }), isPlanted: () => planted.size === changes.length };
}
