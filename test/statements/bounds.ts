import type { OperationNode } from 'kysely';
import { quotas } from '../../contract/shared/quotas.ts';
import { entities } from '../../server/database/entities.ts';

type Node = OperationNode & Record<string, unknown>;

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'kind' in value;
const list = (value: unknown): Node[] => (Array.isArray(value) ? value : [value]).filter(isNode);
const childrenOf = (node: Node): Node[] => Object.values(node).flatMap(list);
const nameOf = (identifier: unknown) => (identifier as { name: string }).name;
const tableOf = (node: unknown) => nameOf((node as { table: { identifier: unknown } }).table.identifier);

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The columns of each table, and the sets of columns of which few rows have the same values. */
type Catalog = { columns: Map<string, ReadonlySet<string>>; keys: Map<string, string[][]> };

/** Tables with few rows for the given columns, because of a quota of at most 1,000 rows or a closed list; without columns, tables that are small. */
const smallTables: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    Object.entries(quotas).flatMap(([table, quota]) =>
      'max' in quota && quota.max <= 1_000 && quota.per !== 'user'
        ? [[table, quota.per === 'account' ? ['account_id'] : ['account_id', 'user_id']]]
        : [],
    ),
  ),
  thread_stars: ['account_id', 'user_id'],
  // Closed lists.
  plan_entitlements: ['plan_id'],
  platform_settings: [],
  quota_usage: ['account_id'],
  tool_providers: ['account_id'],
  // Platform administrators add them one by one.
  feature_flags: [],
  plans: [],
  service_keys: [],
  signing_keys: [],
};

function readCatalog(): Catalog {
  const columns = new Map<string, ReadonlySet<string>>();
  const keys = new Map<string, string[][]>();
  for (const { meta } of entities) {
    const table = meta.tableName!;
    const properties = Object.entries(meta.properties) as [string, { primary?: boolean; unique?: unknown }][];
    columns.set(table, new Set(properties.map(([name]) => snakeCase(name))));
    const primary = properties.flatMap(([name, { primary }]) => (primary ? [snakeCase(name)] : []));
    const own = [primary, ...properties.flatMap(([name, { unique }]) => (unique ? [[snakeCase(name)]] : []))];
    // A random id is unique without its account.
    if (primary.join() === 'account_id,id') own.push(['id']);
    for (const { expression } of meta.indexes) {
      const [, indexed] = /^create unique index .* on \w+ (?:using btree )?\(([\w, ]+)\)/.exec(String(expression)) ?? [];
      if (indexed) own.push(indexed.split(', '));
    }
    if (table in smallTables) own.push([...smallTables[table]!]);
    keys.set(table, own);
  }
  return { columns, keys };
}

/** The statements that return rows and neither bound them by their text nor declare why there are few. */
export function unboundedStatements<Each extends { node: OperationNode; bound?: string | undefined }>(statements: readonly Each[]): Each[] {
  const catalog = readCatalog();
  return statements.filter(({ node, bound }) => bound === undefined && returnsRows(node) && !isBounded(node, catalog));
}

/** What a FROM item reads. */
type Source = { alias: string; table?: string; query?: Node; isBounded?: boolean };

const queryKinds = new Set(['SelectQueryNode', 'UpdateQueryNode', 'DeleteQueryNode', 'InsertQueryNode']);
/** Functions that make one value of any number of rows. */
const collecting = /\b(array_agg|jsonb?_agg|jsonb?_object_agg|string_agg)\b|\barray\(/;
const aggregating = /\b(count|sum|max|min|avg|bool_or|bool_and|every)\(/;

/** Whether the statement returns rows. */
export function returnsRows(node: OperationNode): boolean {
  if (node.kind === 'RawNode') return /^\s*(select|with)\b|\breturning\b/.test(rawText(node as Node));
  return node.kind === 'SelectQueryNode' || (queryKinds.has(node.kind) && (node as Node).returning !== undefined);
}

const rawText = (node: Node) => (node.sqlFragments as string[]).join('?');

/** Whether the text of a statement says that it returns few rows: by a limit, by keys, or as an aggregate. */
function isBounded(node: OperationNode, catalog: Catalog): boolean {
  return bounded(node as Node, catalog, new Map());
}

function bounded(query: Node, catalog: Catalog, outer: ReadonlyMap<string, boolean>): boolean {
  if (query.kind === 'RawNode') {
    const text = rawText(query);
    return /\blimit (\?|\d+)\s*$/.test(text) || !/\bfrom\b/.test(text.replace(/epoch from|distinct from/g, ''));
  }
  if (!queryKinds.has(query.kind)) return false;
  const withs = new Map(outer);
  for (const { name, expression } of list((query.with as Node | undefined)?.expressions) as unknown as { name: Node; expression: Node }[])
    withs.set(tableOf((name as Node).table), bounded(expression, catalog, withs));
  if (query.kind === 'InsertQueryNode') {
    const { values } = query;
    return isNode(values) && values.kind !== 'ValuesNode' ? bounded(values, catalog, withs) : true;
  }
  const unions = list(query.setOperations).map(({ expression }) => expression as Node);
  if (query.limit !== undefined) return true;
  if (!unions.every((each) => bounded(each, catalog, withs))) return false;
  const selections = list(query.selections);
  if (selections.some((each) => collects(each, catalog, withs))) return false;
  if (query.groupBy === undefined && selections.some(isAggregate)) return true;
  return areBounded(sourcesOf(query, catalog, withs), conditionsOf(query), catalog, withs);
}

/** An expression that collects the rows of a query into one value, unless that query is bounded. */
function collects(node: Node, catalog: Catalog, withs: ReadonlyMap<string, boolean>): boolean {
  if (node.kind === 'SelectQueryNode') {
    const isCollecting = list(node.selections).some((each) => textOf(each).some((text) => collecting.test(text)));
    const inside = { ...node, selections: [] } as Node;
    return isCollecting && !bounded(inside, catalog, withs);
  }
  if (textOf(node, true).some((text) => collecting.test(text))) return true;
  return childrenOf(node).some((child) => collects(child, catalog, withs));
}

/** The SQL fragments and names of functions of an expression. */
function textOf(node: Node, onlyOwn = false): string[] {
  const own =
    node.kind === 'RawNode'
      ? [rawText(node)]
      : node.kind === 'AggregateFunctionNode' || node.kind === 'FunctionNode'
        ? [`${String(node.func)}(`]
        : [];
  return onlyOwn ? own : [...own, ...childrenOf(node).flatMap((child) => textOf(child))];
}

const isAggregate = (node: Node): boolean => {
  if (node.kind === 'SelectQueryNode' || node.kind === 'OverNode') return false;
  if (node.kind === 'AggregateFunctionNode') return node.over === undefined;
  if (node.kind === 'RawNode') {
    const text = rawText(node);
    if (aggregating.test(text)) return !/ over \(/.test(text);
  }
  return childrenOf(node).some(isAggregate);
};

function sourcesOf(query: Node, catalog: Catalog, withs: ReadonlyMap<string, boolean>): Source[] {
  const froms = list((query.from as Node | undefined)?.froms);
  const using = list((query.using as Node | undefined)?.tables);
  const updated = query.kind === 'UpdateQueryNode' ? list(query.table) : [];
  const joined = list(query.joins).map(({ table }) => table as Node);
  return [...froms, ...using, ...updated, ...joined].map((each) => sourceOf(each, catalog, withs));
}

function sourceOf(node: Node, catalog: Catalog, withs: ReadonlyMap<string, boolean>): Source {
  if (node.kind === 'AliasNode') {
    const inner = sourceOf(node.node as Node, catalog, withs);
    const { alias } = node;
    return { ...inner, alias: isNode(alias) && alias.kind === 'IdentifierNode' ? nameOf(alias) : (textOf(alias as Node)[0] ?? '') };
  }
  if (node.kind === 'TableNode') {
    const table = tableOf(node);
    return withs.has(table) ? { alias: table, isBounded: withs.get(table)! } : { alias: table, table };
  }
  if (queryKinds.has(node.kind)) return { alias: '', isBounded: bounded(node, catalog, withs) };
  if (node.kind === 'ParensNode') return sourceOf(node.node as Node, catalog, withs);
  // The elements of a parameter or of a column.
  return { alias: '', isBounded: true };
}

const conditionsOf = (query: Node): Node[] =>
  [(query.where as Node | undefined)?.where, ...list(query.joins).map(({ on }) => (on as Node | undefined)?.on)].flatMap(conjunctsOf);

function conjunctsOf(node: unknown): Node[] {
  if (!isNode(node)) return [];
  if (node.kind === 'AndNode') return [...conjunctsOf(node.left), ...conjunctsOf(node.right)];
  return node.kind === 'ParensNode' ? conjunctsOf(node.node) : [node];
}

/** Whether each source has few rows: by a key that is equal to a parameter or to a column of a source that has few. */
function areBounded(sources: Source[], conditions: Node[], catalog: Catalog, withs: ReadonlyMap<string, boolean>): boolean {
  const known = new Set(sources.filter((each) => each.isBounded));
  const ownerOf = ({ table, column }: Node): Source | undefined => {
    const name = nameOf((column as { column: unknown }).column);
    if (table !== undefined) return sources.find(({ alias }) => alias === tableOf(table));
    const having = sources.filter(({ table: own }) => own && catalog.columns.get(own)?.has(name));
    return sources.length === 1 ? sources[0] : having.length === 1 ? having[0] : undefined;
  };
  const isGiven = (node: Node, source: Source): boolean => {
    if (node.kind === 'SelectQueryNode') return bounded(node, catalog, withs);
    if (node.kind === 'ReferenceNode') {
      const owner = ownerOf(node);
      return owner === undefined ? node.table !== undefined : owner !== source && known.has(owner);
    }
    return childrenOf(node).every((child) => isGiven(child, source));
  };
  /** The columns of a source that a condition restricts to given values. */
  const restricted = (condition: Node, source: Source): string[] => {
    if (condition.kind === 'OrNode') {
      const sides = [condition.left, condition.right].map((side) => conjunctsOf(side).flatMap((each) => restricted(each, source)));
      return sides[0]!.filter((name) => sides[1]!.includes(name));
    }
    if (condition.kind !== 'BinaryOperationNode') return [];
    const { operator } = condition.operator as { operator: string };
    if (!['=', 'in', 'is', 'is not distinct from'].includes(operator)) return [];
    const columnsOf = (side: Node): string[] => {
      const sides = side.kind === 'TupleNode' ? list(side.values) : [side];
      return sides.flatMap((each) =>
        each.kind === 'ReferenceNode' && ownerOf(each) === source ? [nameOf((each.column as { column: unknown }).column)] : [],
      );
    };
    const [left, right] = [condition.leftOperand as Node, condition.rightOperand as Node];
    return [...(isGiven(right, source) ? columnsOf(left) : []), ...(isGiven(left, source) ? columnsOf(right) : [])];
  };
  for (let before = -1; before < known.size;) {
    before = known.size;
    for (const source of sources.filter((each) => !known.has(each) && each.table)) {
      const columns = conditions.flatMap((each) => restricted(each, source));
      if (catalog.keys.get(source.table!)?.some((key) => key.every((name) => columns.includes(name)))) known.add(source);
    }
  }
  return sources.every((each) => known.has(each));
}
