import type { Database } from '../../../server/database/sql.ts';

/** Records the texts of the statements that run outside transactions, and `begin` for each transaction, until `stop`. */
export function recordStatements(database: Database): { texts: string[]; stop(): void } {
  const { rows, row, run, transaction } = database;
  const texts: string[] = [];
  const record =
    (method: (statement: never, values: never) => Promise<unknown>) =>
    (statement: { text: string }, ...values: unknown[]) => {
      texts.push(statement.text);
      return Reflect.apply(method, database, [statement, ...values]);
    };
  const begin: Database['transaction'] = (...given) => {
    texts.push('begin');
    return transaction(...given);
  };
  Object.assign(database, { rows: record(rows), row: record(row), run: record(run), transaction: begin });
  return { texts, stop: () => void Object.assign(database, { rows, row, run, transaction }) };
}
