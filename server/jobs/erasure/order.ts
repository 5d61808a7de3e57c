import { sql } from 'kysely';
import { productSchema } from '../../database/productSchema.ts';
import type { Queryable } from '../../database/sql.ts';
import { sqlStatement } from '../../database/statement.ts';
import type { Step } from './steps.ts';

type ForeignKey = { child: string; parent: string };

/** A template, because the catalog has no types. */
const selectForeignKeys = sqlStatement({ bound: 'schema' })(
  () => sql<ForeignKey>`
  select distinct c.relname::text as child, p.relname::text as parent from pg_constraint k
  join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
  where k.contype = 'f' and k.conparentid = 0 and c.relnamespace = ${sql.raw(productSchema)} and c.oid <> p.oid`,
);

/** Sorts steps so that rows are deleted before those that they refer to, by the foreign keys of the database. Tables whose rows stay come last. */
export const inOrder = async (db: Queryable, steps: readonly Step[]): Promise<Step[]> =>
  sortByReferences(steps, await db.rows(selectForeignKeys));

/** Throws if tables refer to each other in a circle. */
export function sortByReferences<S extends Pick<Step, 'table' | 'rule' | 'isLast'>>(steps: readonly S[], keys: readonly ForeignKey[]): S[] {
  const sorted: S[] = [];
  let waiting = steps.filter(({ rule }) => rule === 'deleted').sort(byTable);
  while (waiting.length > 0) {
    const names = new Set(waiting.map(({ table }) => table));
    const parents = new Set(keys.filter(({ child }) => names.has(child)).map(({ parent }) => parent));
    const early = waiting.filter(({ isLast }) => !isLast);
    const next = (early.length > 0 ? early : waiting).filter(({ table }) => !parents.has(table));
    if (next.length === 0) throw new Error(`The tables ${[...names].join(', ')} refer to each other.`);
    sorted.push(...next);
    waiting = waiting.filter((step) => !next.includes(step));
  }
  return [...sorted, ...steps.filter(({ rule }) => rule !== 'deleted').sort(byTable)];
}

const byTable = (a: { table: string }, b: { table: string }) => (a.table < b.table ? -1 : 1);
