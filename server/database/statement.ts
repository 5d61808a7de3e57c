import { createHash } from 'node:crypto';
import {
  type Compilable,
  type DeleteResult,
  DummyDriver,
  type InsertResult,
  Kysely,
  type OperationNode,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
  type UpdateResult,
} from 'kysely';
import type { Tables } from './tables.ts';

/** Builds SQL without a connection. */
export const builder = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

class Placeholder {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A prepared statement: named parameters `P` in, rows of type `Row` out. */
export type Statement<P extends object, Row> = {
  /** A hash of the text, so that two different statements never share a name on a connection. */
  readonly name: string;
  readonly text: string;
  /** The parameter name of each placeholder. */
  readonly parameters: readonly string[];
  readonly isShort: boolean;
  readonly needsSynchronousCommit: boolean;
  readonly '~types'?: (parameters: P) => Row;
};

/** Why a statement returns few rows although its text has no limit and no key, or returns them in parts. */
const bounds = {
  one: 'at most one row, by what the columns mean, or few, such as the two keys of a renewal',
  batch: 'as many rows as a parameter says',
  cursor: 'read with a cursor, in parts',
  closedList: 'keys of a closed list',
  schema: 'tables, partitions and constraints',
  administered: 'rows that platform administrators add one by one',
  credentials: 'what a user adds one by one to sign in',
  accounts: 'the accounts of a user, who has accepted an invitation to each',
  members: 'small columns of the members of an account',
  openRuns: 'IDs of the open runs of an account or a user',
  schedules: 'IDs of schedules, limited by an entitlement',
  skill: 'names of the files of a skill, which are limited with it',
  thread: 'numbers or IDs of the messages of a thread, or those that fit the window of a model',
  run: 'what a run has recorded, which is limited with the run',
  range: 'a row for each day or hour of a range of at most 366 days',
  models: 'a row for each model that an account or the platform has used',
} as const;
type Bound = keyof typeof bounds;

export type StatementOptions = {
  /** Required, by `check:statements`, if the text of a statement that returns rows does not bound their number: see test/statements/bounds.ts. */
  bound?: Bound;
  /**
   * What a row of a list has at most, in bytes: 3 for each character that the contract allows. Required, by `check:statements`, if the list does not end its
   * pages by their bytes (`pageInBytes`).
   */
  rowBytes?: number;
  /**
   * Whether the statement only reads, and takes at most a millisecond whatever the size of the tables. Outside transactions, short statements share
   * connections (`shareConnections`). A test checks their plans.
   */
  isShort?: boolean;
  /**
   * Whether what the statement writes must be on disk before anybody can read it, as the events of a run, which their readers are told at once. Other
   * transactions release their locks before (`shareFlushes`).
   */
  needsSynchronousCommit?: boolean;
};

export type RowOf<S> = S extends Statement<infer _, infer Row> ? Row : never;

/** The parameters of a statement as expressions for the builder. */
export type Parameters<P> = { readonly [Name in keyof P]-?: RawBuilder<P[Name]> };

/** What `statement` passes to its callback. */
export type Builder = Kysely<Tables>;

/** All tables, with one of them under an alias. For the `expressionBuilder` of a fragment that several statements share. */
export type WithAlias<Table extends keyof Tables, Name extends string> = Tables & Record<Name, Tables[Table]>;

type RowsOf<Output> = Output extends InsertResult | UpdateResult | DeleteResult ? never : Output;

/** `variant` is the label of a representative of a family. */
export type Declared = {
  readonly text: string;
  readonly node: OperationNode;
  readonly parameters: readonly string[];
  readonly isShort: boolean;
  readonly needsSynchronousCommit: boolean;
  readonly bound?: Bound | undefined;
  readonly rowBytes?: number | undefined;
  readonly variant?: string | undefined;
};
type Compiled = Declared & { readonly name: string };
const declarations: (() => Compiled)[] = [];
let variantLabel: string | undefined;
const families: (() => void)[] = [];

/**
 * All statements declared so far, with the syntax tree of the builder; of a family, those used so far and its representatives. Statements of the
 * same text are listed once.
 */
export function declaredStatements(): Declared[] {
  for (const declareRepresentatives of families.splice(0)) declareRepresentatives();
  const compiled = declarations.map((each) => each());
  return [...new Map(compiled.map(({ name, ...declared }) => [name, declared])).values()];
}

/**
 * Statements that differ in their conditions, such as one for each set of filters, because PostgreSQL plans a generic condition
 * (`$1 is null or …`) without an index. Each is declared on first use and cached. The tests of statements check the representatives, by label.
 */
export function statementFamily<Variant, Made>(
  representatives: Readonly<Record<string, Variant>>,
  declare: (variant: Variant) => Made,
): (variant: Variant) => Made {
  const made = new Map<string, Made>();
  families.push(() => {
    for (const [label, variant] of Object.entries(representatives)) {
      variantLabel = label;
      declare(variant);
    }
    variantLabel = undefined;
  });
  return (variant) => {
    const key = JSON.stringify(variant);
    const known = made.get(key) ?? declare(variant);
    made.set(key, known);
    return known;
  };
}

/**
 * Declares a statement. It is compiled on first use, because compiling all of them takes 0.2 s of a start. Compiling throws if a value was passed
 * to the builder, because that parameter would never be bound: use `sql.lit(value)` or a named parameter. `npm run check` compiles every statement.
 */
export const statement =
  <P extends object = Record<never, never>>({ isShort = false, needsSynchronousCommit = false, bound, rowBytes }: StatementOptions = {}) =>
  <Output>(build: (db: Builder, $: Parameters<P>) => Compilable<Output>): Statement<P, RowsOf<Output>> => {
    let compiled: Compiled | undefined;
    const variant = variantLabel;
    const once = () => (compiled ??= { ...compile(build), isShort, needsSynchronousCommit, bound, rowBytes, variant });
    declarations.push(once);
    return {
      get name() {
        return once().name;
      },
      get text() {
        return once().text;
      },
      get parameters() {
        return once().parameters;
      },
      isShort,
      needsSynchronousCommit,
    };
  };

function compile<P extends object>(
  build: (db: Builder, $: Parameters<P>) => Compilable,
): Pick<Compiled, 'name' | 'text' | 'parameters' | 'node'> {
  const $ = new Proxy({} as Parameters<P>, { get: (_, name) => sql`${sql.val(new Placeholder(String(name)))}` });
  const { sql: text, parameters, query: node } = build(builder, $).compile();
  const names = parameters.map((each) => {
    if (each instanceof Placeholder) return each.name;
    throw new Error(`A statement binds the literal ${JSON.stringify(each)}: use sql.lit, or a parameter. ${text}`);
  });
  return { name: createHash('sha1').update(text).digest('base64url'), text, parameters: names, node };
}

/**
 * Declares a statement as an SQL template with a declared row type, for SQL that the builder cannot express. A test compares the row type with what
 * PostgreSQL reports.
 */
export const sqlStatement =
  <P extends object = Record<never, never>>(options?: StatementOptions) =>
  <Row = never>(build: ($: Parameters<P>) => RawBuilder<Row>): Statement<P, Row> =>
    statement<P>(options)<Row>((db, $) => {
      const raw = build($);
      return { compile: () => raw.compile(db), toOperationNode: () => raw.toOperationNode() } as unknown as Compilable<Row>;
    }) as Statement<P, Row>;

/** The values of a statement in the order of its placeholders. */
export const bindValues = <P extends object>({ parameters }: Statement<P, unknown>, values: P): unknown[] =>
  parameters.map((name) => (values as Record<string, unknown>)[name]);

/** Passes JSON text as a `jsonb` value. Without the cast, the driver sends arrays as PostgreSQL arrays. */
export const jsonb = <T = unknown>(text: RawBuilder<string> | RawBuilder<string | null>): RawBuilder<T> => sql<T>`${text}::jsonb`;
