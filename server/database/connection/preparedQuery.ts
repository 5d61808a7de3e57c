import pg from 'pg';
import { addToPacket, type Connection, isFollowed, skipRest, splitPacket } from './packets.ts';

/** What the driver derives from the description of a result. */
type Columns = { fields: object[]; _parsers: unknown; _prebuiltEmptyResultObject: unknown };

/** The methods of the driver's queries that its types leave out. */
type DriverQuery = {
  name: string;
  text: string;
  values: unknown[];
  readonly _result: Columns;
  _accumulateRows: boolean;
  callback: ((error: Error | null, result?: pg.QueryResult) => void) | undefined;
  hasBeenParsed(connection: Connection): boolean;
  prepare(connection: Connection): void;
  handleCommandComplete(message: object, connection: Connection): void;
  handleError(error: unknown, connection: Connection): void;
};
const DriverQuery = pg.Query as unknown as new (text: string) => DriverQuery;
const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils;

type PreparedConfig = { name: string; text: string; values: unknown[] };

const described = new WeakMap<Connection, Map<string, Columns>>();

/**
 * A named query that asks PostgreSQL to describe its columns only once per connection; the driver asks at each execution (measured: 15 % of the
 * processor time of a small read, and 10 % of that of PostgreSQL). The columns of a prepared statement cannot change: after a change of the schema,
 * PostgreSQL answers `cached plan must not change result type`. The statements of a packet are answered together.
 */
export class PreparedQuery extends DriverQuery {
  #columns: Columns | undefined;
  #packet: ReturnType<typeof addToPacket>;

  /** The driver copies a configuration with the descriptors of its properties, which takes longer than these assignments. */
  constructor({ name, text, values }: PreparedConfig) {
    super(text);
    this.name = name;
    this.values = values;
  }

  override prepare(connection: Connection): void {
    this.#columns = described.get(connection)?.get(this.name);
    if (this.#columns) {
      Object.assign(this._result, this.#columns);
      this._accumulateRows = true;
    } else if (!this.hasBeenParsed(connection)) {
      connection.parse({ name: this.name, text: this.text });
      connection.submittedNamedStatements[this.name] = this.text;
    }
    try {
      connection.bind({ portal: '', statement: this.name, values: this.values, valueMapper: prepareValue });
    } catch (error) {
      this.#packet = splitPacket(connection, this);
      return super.handleError(error, connection);
    }
    if (!this.#columns) connection.describe({ type: 'P', name: '' });
    connection.execute({ portal: '' });
    this.#packet = addToPacket(connection, this);
  }

  override handleCommandComplete(message: object, connection: Connection): void {
    super.handleCommandComplete(message, connection);
    if (!this.#columns) {
      const { fields, _parsers, _prebuiltEmptyResultObject } = this._result;
      const statements = described.get(connection) ?? new Map<string, Columns>();
      described.set(connection, statements.set(this.name, { fields, _parsers, _prebuiltEmptyResultObject }));
    }
    // The driver goes on to the next query.
    if (isFollowed(this.#packet, this)) connection.emit('readyForQuery', { status: 'T' });
  }

  override handleError(error: unknown, connection: Connection): void {
    if (this.#packet) skipRest(this.#packet, this, error);
    super.handleError(error, connection);
  }
}

/** Runs a query on a client. The driver returns a promise for its own queries only. */
export const runPrepared = (client: pg.ClientBase, query: PreparedQuery): Promise<pg.QueryResult> =>
  new Promise((resolve, reject) => {
    query.callback = (error, result) => (error ? reject(error) : resolve(result!));
    client.query(query as never);
  });
