import type { Client, Pool } from 'pg';
import type { Share } from './connection/connectionShares.ts';
import type { Statement } from './statement.ts';

/** A statement without parameters takes no values. */
type ValuesOf<P extends object> = keyof P extends never ? [] : [values: P];

/** Runs statements on the pool or in a transaction. */
export type Queryable = {
  /** Throws the errors that PostgreSQL reports. */
  rows<P extends object, Row>(statement: Statement<P, Row>, ...values: ValuesOf<P>): Promise<Row[]>;
  /** The first row. */
  row<P extends object, Row>(statement: Statement<P, Row>, ...values: ValuesOf<P>): Promise<Row | undefined>;
  /** The number of rows changed. */
  run<P extends object>(statement: Statement<P, unknown>, ...values: ValuesOf<P>): Promise<number>;
};

/** A `like` pattern that matches the text as a literal substring. The default escape character is a backslash. */
export const likeLiteral = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

export type Transaction = Queryable & {
  /** 1, and 2 or 3 if the transaction is repeated after a conflict with another. */
  readonly attempt: number;
  /** For statements that were sent without awaiting them. The commit is sent together with them, and nothing is committed if one of them fails. */
  awaitAtCommit(sent: Promise<unknown>): void;
  /**
   * Called after the commit, and also if it cannot be known whether the transaction is committed. So it is a hint that something may have changed, and what must
   * follow belongs into the transaction.
   */
  afterCommit(then: () => void): void;
};

export type TransactionOptions = {
  /** Whether a crash of PostgreSQL may take the transaction back after it has resolved. Then it does not wait for the disk. */
  mayBeLost?: boolean;
};

/** Runs statements and transactions as the work of a share of the connections. */
export type SharedDatabase = Queryable & {
  /**
   * Runs `work` in a transaction. Serialization failures, deadlocks and violations of foreign keys are retried, up to three attempts in total. Rejects if
   * nothing is committed, or if PostgreSQL is away and cannot tell.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
};

/** What is called on it directly is the work of the process. */
export type Database = SharedDatabase & {
  /** What is done on it directly belongs to no share, so it must be rare and short. */
  readonly pool: Pool;
  of(share: Share): SharedDatabase;
  /**
   * For statements that are awaited together, also slow ones: those of one turn of the event loop are sent on one connection as one packet, and run in
   * sequence, each in a transaction of its own.
   */
  together(share?: Share): Queryable;
  /** Opens a connection that is not of the pool, for what holds one for long. The caller ends it, and limits how many there are at once. */
  connect(): Promise<Client>;
  close(): Promise<void>;
};
