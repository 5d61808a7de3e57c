/** What a plan reads in a way that takes longer the more rows there are. */
export type Finding = { table: string; problem: 'scan' | 'filter' | 'sort'; rows: number };

export type PlanNode = {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  Filter?: string;
  'Parent Relationship'?: string;
  'Plan Rows': number;
  'Total Cost': number;
  Plans?: PlanNode[];
};

/** Sorting as many rows takes less than a millisecond. */
const maxSortedRows = 300;

/** Partitions count as their table. */
const tableOf = (relation: string) => relation.replace(/_(\d{4}_\d\d(_\d\d)?|default)$/, '');

/** The tables that the input of a node comes from, except those of subplans. */
function tablesUnder(node: PlanNode): string[] {
  const own = node['Relation Name'] ? [tableOf(node['Relation Name'])] : [];
  const children = (node.Plans ?? []).filter((each) => !/SubPlan|InitPlan/.test(each['Parent Relationship'] ?? ''));
  return [...own, ...children.flatMap(tablesUnder)];
}

/** `growing`: the tables to report. `partialIndexes` contain few rows. */
export type Catalog = { growing: ReadonlySet<string>; partialIndexes: ReadonlySet<string> };

/**
 * Finds scans of whole tables, also by index, unless a limit ends them; filters of such a limited scan, which may reject any number of rows; and
 * sorts of more rows than a page.
 */
export function findLinear(node: PlanNode, catalog: Catalog, isLimited = false): Finding[] {
  const { growing, partialIndexes } = catalog;
  const type = node['Node Type'];
  const findings: Finding[] = [];
  const relation = node['Relation Name'] && tableOf(node['Relation Name']);
  const isByIndex = /^Index (Only )?Scan$/.test(type) && !node['Index Cond'] && !partialIndexes.has(node['Index Name'] ?? '');
  if (relation && growing.has(relation) && (type === 'Seq Scan' || isByIndex) && !(isLimited && !node.Filter))
    findings.push({ table: relation, problem: isLimited ? 'filter' : 'scan', rows: node['Plan Rows'] });
  if (type === 'Sort' && node['Plan Rows'] > maxSortedRows)
    for (const table of new Set(tablesUnder(node)))
      if (growing.has(table)) findings.push({ table, problem: 'sort', rows: node['Plan Rows'] });
  // A sort, an aggregate or a hash reads all of its input, whatever the limit above it.
  const readsAll = ['Sort', 'Aggregate', 'Hash', 'Materialize', 'WindowAgg', 'ModifyTable'].includes(type);
  for (const child of node.Plans ?? []) findings.push(...findLinear(child, catalog, type === 'Limit' || (isLimited && !readsAll)));
  return findings;
}
