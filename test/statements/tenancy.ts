import type { OperationNode } from 'kysely';

type Node = OperationNode & Record<string, unknown>;
type Source = { table: string; alias: string };

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'kind' in value;
const childrenOf = (node: Node): Node[] =>
  Object.values(node)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter(isNode);

const nameOf = (identifier: unknown) => (identifier as { name: string }).name;
const tableOf = (node: unknown) => nameOf((node as { table: { identifier: unknown } }).table.identifier);

/** The table of a FROM item; undefined for a subquery or an expression. */
function sourceOf(node: unknown): Source | undefined {
  if (!isNode(node)) return undefined;
  if (node.kind === 'AliasNode' && isNode(node.alias) && node.alias.kind === 'IdentifierNode') {
    const source = sourceOf(node.node);
    return source && { ...source, alias: nameOf(node.alias) };
  }
  return node.kind === 'TableNode' ? { table: tableOf(node), alias: tableOf(node) } : undefined;
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const joinsOf = (query: Node) => list(query.joins) as Node[];

/** The tables that a query reads or changes, excluding those of its subqueries. */
function sourcesOf(query: Node): Source[] {
  const froms = list((query.from as Node | undefined)?.froms);
  const using = list((query.using as Node | undefined)?.tables);
  const updated = query.kind === 'UpdateQueryNode' ? list(query.table) : [];
  return [...froms, ...using, ...updated, ...joinsOf(query).map(({ table }) => table)].flatMap((each) => sourceOf(each) ?? []);
}

/** The conditions that are combined with AND. */
function conjunctsOf(node: unknown): Node[] {
  if (!isNode(node)) return [];
  if (node.kind === 'AndNode') return [...conjunctsOf(node.left), ...conjunctsOf(node.right)];
  return node.kind === 'ParensNode' ? conjunctsOf(node.node) : [node];
}

/** Whether an expression is `account_id` of a source. An unqualified column counts only if the query has a single source. */
function isAccountOf(node: unknown, source: Source, isOnly: boolean): boolean {
  if (!isNode(node)) return false;
  if (node.kind === 'TupleNode') return list(node.values).some((each) => isAccountOf(each, source, isOnly));
  if (node.kind !== 'ReferenceNode') return false;
  const column = (node.column as Node).column;
  if (!isNode(column) || nameOf(column) !== 'account_id') return false;
  return node.table === undefined ? isOnly : tableOf(node.table) === source.alias;
}

const comparisons = new Set(['=', 'in', 'is not distinct from']);

/** Whether a condition restricts a source to the rows of given accounts, or to platform rows, whose `account_id` is null. */
function guards(condition: Node, source: Source, isOnly: boolean): boolean {
  if (condition.kind === 'OrNode')
    return [condition.left, condition.right].every((each) => conjunctsOf(each).some((part) => guards(part, source, isOnly)));
  if (condition.kind !== 'BinaryOperationNode') return false;
  const { operator } = condition.operator as { operator: string };
  const [left, right] = [condition.leftOperand, condition.rightOperand];
  if (operator === 'is') return isAccountOf(left, source, isOnly);
  if (!comparisons.has(operator)) return false;
  const isGuarded = (side: unknown, other: unknown) => isAccountOf(side, source, isOnly) && !isAccountOf(other, source, isOnly);
  return isGuarded(left, right) || isGuarded(right, left);
}

const queries = new Set(['SelectQueryNode', 'UpdateQueryNode', 'DeleteQueryNode', 'InsertQueryNode']);

/** The uses of `tenantTables` in a statement without a mandatory condition on `account_id`, and inserts that do not set it. */
export function unguarded(node: OperationNode, tenantTables: ReadonlySet<string>): string[] {
  const own = queries.has(node.kind) ? ownUnguarded(node as Node, tenantTables) : [];
  return [...own, ...childrenOf(node as Node).flatMap((child) => unguarded(child, tenantTables))];
}

function ownUnguarded(query: Node, tenantTables: ReadonlySet<string>): string[] {
  if (query.kind === 'InsertQueryNode') {
    const table = tableOf(query.into);
    const columns = list(query.columns).map((each) => nameOf((each as Node).column));
    return tenantTables.has(table) && !columns.includes('account_id') ? [table] : [];
  }
  const sources = sourcesOf(query);
  const conditions = [(query.where as Node | undefined)?.where, ...joinsOf(query).map(({ on }) => (on as Node | undefined)?.on)].flatMap(
    conjunctsOf,
  );
  return sources.flatMap((source) =>
    tenantTables.has(source.table) && !conditions.some((each) => guards(each, source, sources.length === 1)) ? [source.table] : [],
  );
}

/** Raw SQL fragments that name tables, which `unguarded` cannot see. Statements that are text as a whole (`template`) are not included. */
export function hiddenTables(node: OperationNode): string[] {
  if (node.kind !== 'RawNode') return childrenOf(node as Node).flatMap(hiddenTables);
  const text = ((node as Node).sqlFragments as string[]).join('?').replace(/distinct from|extract\(\s*\w+ from/g, '');
  const inside = childrenOf(node as Node).flatMap(hiddenTables);
  return /\b(from|join|update|into)\s/i.test(text) ? [text, ...inside] : inside;
}
