import { expect, test } from 'vitest';
import { entities } from '../../../server/database/entities.ts';
import { sealedColumns } from '../../../server/processes/keyRotation/columns.ts';
import { freshDatabase } from '../../support/app/testApp.ts';
import { query } from '../../support/cluster/query.ts';

/** Columns of bytes that are not sealed, with what they contain. */
const plain: Record<string, string> = { 'skill_files.content': 'files of users' };

test('the columns that are re-sealed are all columns of bytes and all columns that are named sealed', async () => {
  const url = await freshDatabase();
  const columns: { name: string; type: string }[] = await query(
    url,
    `select c.relname || '.' || a.attname as name, format_type(a.atttypid, null) as type
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = quote_ident(current_schema())::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
  );
  const named = columns.filter(({ name, type }) => type === 'bytea' || name.endsWith('_sealed')).map(({ name }) => name);
  const resealed = sealedColumns();
  const bytes = resealed.filter(({ path }) => !path).map(({ table, column }) => `${table}.${column}`);
  expect([...bytes, ...Object.keys(plain)].toSorted()).toEqual(named.toSorted());
  // Ranges of pages can be read only from a table that is not partitioned.
  const tables = [...new Set(resealed.map(({ table }) => table))];
  const kinds = await query(
    url,
    `select distinct relkind::text as kind from pg_class where oid = any ('{${tables.join(',')}}'::regclass[])`,
  );
  expect(kinds).toEqual([{ kind: 'r' }]);
});

test('every marked column is re-sealed, and the columns that tell its owner exist', () => {
  const marked = entities.flatMap(({ meta }) =>
    Object.values(meta.properties as Record<string, { sealed?: unknown }>).flatMap((property) => (property.sealed ? [meta.tableName] : [])),
  );
  const resealed = sealedColumns().map(({ table }) => table);
  expect(resealed.toSorted()).toEqual([...marked, 'graphile_worker._private_jobs'].toSorted());
});
