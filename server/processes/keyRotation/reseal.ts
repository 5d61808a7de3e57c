import type pg from 'pg';
import type { SealedColumn } from '../../database/sealedColumns.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import { newestHeader, seal, unseal } from '../../platform/crypto/seal.ts';

/** A value as it is in its column: bytes, or base64 in JSON. */
type Stored = Buffer | string;
type Row = Record<string, unknown> & { place: string; sealed: Stored };

/** How many values were re-sealed and how many could not be opened, and whether others were skipped because they were locked or changed meanwhile. */
export type Pass = { resealed: number; unopened: number; skipped: number };

/**
 * Pages of a table that are read at once, and rows that are changed in one transaction. PostgreSQL stores long values apart, so the values of a page can
 * be far longer than it.
 */
const pagesAtOnce = 8;
const rowsAtOnce = 100;

const headerLength = 9;

/** The sealed value of a row, and its first bytes, which name the key. 9 bytes are 12 characters of base64. */
function expressionsOf({ table, column, path }: SealedColumn) {
  const value = path ? `(t.${column} #>> '{${path.join(',')}}')` : `t.${column}`;
  const header = path ? `decode(left(${value}, 12), 'base64')` : `substr(${value}, 1, ${headerLength})`;
  const isSealed = path ? `length(${value}) >= 12` : `${value} is not null`;
  // The payload of a job has the type `json`.
  const changed = path
    ? `jsonb_set(t.${column}::jsonb, '{${path.join(',')}}', to_jsonb(n.new_value))${table.startsWith('graphile_worker.') ? '::json' : ''}`
    : 'n.new_value';
  return { value, header, isSealed, changed, type: path ? 'text' : 'bytea' };
}

/**
 * Re-seals the values of a column that are not sealed with the newest key, a range of pages after the other, so that no statement is long and rows without
 * a key are reached too. A value that was changed meanwhile, or is locked, is skipped. Rows that move while this runs can be missed: repeat it until
 * `countOld` is 0.
 */
export async function resealColumn(
  client: pg.Client,
  of: SealedColumn,
  ring: Keyring,
  { ending, onProgress }: { ending: AbortSignal; onProgress(resealed: number, share: number): void },
): Promise<Pass> {
  const { value, header, isSealed } = expressionsOf(of);
  const { rows: sizes } = await client.query<{ pages: number }>(
    `select (pg_relation_size('${of.table}') / current_setting('block_size')::int)::int as pages`,
  );
  const pages = sizes[0]!.pages;
  const select = `select t.ctid::text as place, ${value} as sealed${of.columns.map((name) => `, t.${name}`).join('')} from ${of.table} t
    where t.ctid >= $1::tid and t.ctid < $2::tid and ${isSealed} and ${header} <> $3`;
  const pass: Pass = { resealed: 0, unopened: 0, skipped: 0 };
  for (let page = 0; page < pages && !ending.aborted; page += pagesAtOnce) {
    const { rows } = await client.query<Row>(select, [`(${page},0)`, `(${page + pagesAtOnce},0)`, newestHeader(ring)]);
    for (let at = 0; at < rows.length && !ending.aborted; at += rowsAtOnce)
      await resealRows(client, of, ring, rows.slice(at, at + rowsAtOnce), pass);
    onProgress(pass.resealed, Math.min(1, (page + pagesAtOnce) / pages));
  }
  return pass;
}

async function resealRows(client: pg.Client, of: SealedColumn, ring: Keyring, rows: Row[], pass: Pass): Promise<void> {
  const changes = rows.flatMap((row) => {
    const resealed = tryReseal(ring, row.sealed, of.ownerOf(row));
    return resealed === undefined ? [] : [{ place: row.place, old: row.sealed, resealed }];
  });
  pass.unopened += rows.length - changes.length;
  if (changes.length === 0) return;
  const { value, changed, type } = expressionsOf(of);
  // Compare and set. Locked rows are skipped, so that this neither waits for requests nor deadlocks with them.
  const { rowCount } = await client.query(
    `with n as materialized (select * from unnest($1::tid[], $2::${type}[], $3::${type}[]) as n (place, old_value, new_value)),
      free as materialized (
        select t.ctid as place from n join ${of.table} t on t.ctid = n.place where ${value} = n.old_value for no key update of t skip locked)
    update ${of.table} t set ${of.column} = ${changed} from free join n using (place) where t.ctid = free.place and ${value} = n.old_value`,
    [changes.map(({ place }) => place), changes.map(({ old }) => old), changes.map(({ resealed }) => resealed)],
  );
  pass.resealed += rowCount ?? 0;
  pass.skipped += changes.length - (rowCount ?? 0);
}

function tryReseal(ring: Keyring, stored: Stored, owner: string): Stored | undefined {
  try {
    const plain = unseal(ring, typeof stored === 'string' ? Buffer.from(stored, 'base64') : stored, owner);
    const resealed = seal(ring, plain, owner);
    return typeof stored === 'string' ? resealed.toString('base64') : resealed;
  } catch {
    return undefined;
  }
}

/** Values of a column under one old key. `keyId` is undefined for values that do not name their key. */
export type Old = { keyId: string | undefined; count: number };

/** The values of a column that are not sealed with the newest key, at one point in time. */
export async function countOld(client: pg.Client, of: SealedColumn, ring: Keyring): Promise<Old[]> {
  const { header, isSealed } = expressionsOf(of);
  const { rows } = await client.query<{ key_id: string | null; count: number }>(
    `select case when get_byte(header, 0) = 2 then encode(substr(header, 2), 'hex') end as key_id, count(*)::int as count
    from (select ${header} as header from ${of.table} t where ${isSealed}) t where header <> $1 group by 1 order by 1`,
    [newestHeader(ring)],
  );
  return rows.map(({ key_id: keyId, count }) => ({ keyId: keyId ?? undefined, count }));
}
