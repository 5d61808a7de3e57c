import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';

/**
 * One SQL statement with bound parameters, prepared once for each connection. `Row` is what it returns, `Values` what it is given: declare them where
 * a value must be of a branded type.
 */
export type Statement<Row, Values extends readonly unknown[] = readonly unknown[]> = {
  readonly name: string;
  readonly text: string;
  readonly row?: Row;
  readonly values?: Values;
};

const declared = new Map<string, string>();

/** Declare a statement. Its name is made of its text, so two statements can never be confused on a connection. */
export function statement<Row = never, Values extends readonly unknown[] = readonly unknown[]>(text: string): Statement<Row, Values> {
  const name = createHash('sha1').update(text).digest('base64url');
  declared.set(name, text);
  return { name, text };
}

/** The text of every statement that was declared so far: what this process can ask of the database. */
export const declaredStatements = (): string[] => [...declared.values()];

/** Something that runs statements: the pool, or a transaction. */
export type Sql = {
  /** All rows. */
  rows<Row, Values extends readonly unknown[]>(statement: Statement<Row, Values>, values?: NoInfer<Values>): Promise<Row[]>;
  /** The first row, or undefined. */
  row<Row, Values extends readonly unknown[]>(statement: Statement<Row, Values>, values?: NoInfer<Values>): Promise<Row | undefined>;
  /** How many rows were changed. */
  run<Values extends readonly unknown[]>(statement: Statement<never, Values>, values?: NoInfer<Values>): Promise<number>;
};

/** `like` without wildcards: the text as a literal substring (the default escape character is a backslash). */
export const likeLiteral = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** A unit of work on one connection. */
export type Transaction = Sql & {
  /** For statements that were sent and need not be waited for: the commit travels with them, and nothing is committed if one of them fails. */
  withCommit(sent: Promise<unknown>): void;
  /** The ORM's unit of work inside this transaction; what it holds is flushed before the commit. */
  em(): Promise<EntityManager>;
};

/** The connections of this process to PostgreSQL. */
export type Database = Sql & {
  readonly pool: Pool;
  /**
   * Runs `work` in a transaction; a serialisation failure or deadlock is tried again, at most three times in all.
   * The unit of work sees the rows of the account `accountId`, and without it no row that belongs to one.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, accountId?: string): Promise<T>;
  close(): Promise<void>;
};
