import { createHash } from 'node:crypto';
import type { Database, Queryable, SharedDatabase, Transaction } from '../../../server/database/sql.ts';
import type { Statement } from '../../../server/database/statement.ts';

type Wrapping = {
  /** Changes the text of statements, to plant a bug. Parameters that lose their place need a cast, such as `$1::uuid is not null`. */
  rewrite?: (text: string) => string;
  /** Awaited before each statement is sent. */
  before?: () => Promise<unknown>;
};

type AnyStatement = Statement<object, unknown>;

/** A database whose statements are changed or delayed. Statements of a transaction keep their order. */
export function wrapStatements(database: Database, { rewrite = (text) => text, before }: Wrapping): Database {
  const changed = (given: AnyStatement): AnyStatement => {
    const text = rewrite(given.text);
    return text === given.text ? given : { ...given, name: createHash('sha1').update(text).digest('base64url'), text };
  };
  const wrap = (queryable: Queryable, wait: (() => Promise<unknown>) | undefined): Queryable => {
    const send =
      (method: 'rows' | 'row' | 'run') =>
      async (given: AnyStatement, ...values: unknown[]) => {
        await wait?.();
        return (queryable[method] as (...args: unknown[]) => Promise<unknown>)(changed(given), ...values);
      };
    return { rows: send('rows'), row: send('row'), run: send('run') } as Queryable;
  };
  const transactionsOf =
    (shared: SharedDatabase): SharedDatabase['transaction'] =>
    (work, options) =>
      shared.transaction(async (tx) => {
        const sent: Promise<unknown>[] = [];
        let last: Promise<unknown> = Promise.resolve();
        const inOrder = before && (() => (last = last.then(before)));
        const wrapped: Transaction = {
          ...wrap(tx, inOrder),
          attempt: tx.attempt,
          awaitAtCommit(promise) {
            sent.push(promise.catch(() => undefined));
            tx.awaitAtCommit(promise);
          },
          afterCommit: (then) => tx.afterCommit(then),
        };
        const result = await work(wrapped);
        // Delayed statements must be sent before the commit.
        if (before) await Promise.all(sent);
        return result;
      }, options);
  const wrapShared = (shared: SharedDatabase): SharedDatabase => ({ ...wrap(shared, before), transaction: transactionsOf(shared) });
  return { ...database, ...wrapShared(database), of: (share) => wrapShared(database.of(share)) };
}
