import type { Database, SharedDatabase } from '../../../server/database/sql.ts';

/** Records the texts of the statements that run outside transactions, and `begin` for each transaction, until `stop`. */
export function recordStatements(database: Database): { texts: string[]; stop(): void } {
  const { rows, row, run, transaction, of } = database;
  const texts: string[] = [];
  const recorded = (shared: SharedDatabase): SharedDatabase => {
    const record =
      (method: (statement: never, values: never) => Promise<unknown>) =>
      (statement: { text: string }, ...values: unknown[]) => {
        texts.push(statement.text);
        return Reflect.apply(method, shared, [statement, ...values]);
      };
    const begin: SharedDatabase['transaction'] = (...given) => {
      texts.push('begin');
      return shared.transaction(...given);
    };
    return { rows: record(shared.rows), row: record(shared.row), run: record(shared.run), transaction: begin } as SharedDatabase;
  };
  const original = { rows, row, run, transaction };
  Object.assign(database, recorded(original), { of: ((share) => recorded(of(share))) satisfies Database['of'] });
  return { texts, stop: () => void Object.assign(database, original, { of }) };
}
