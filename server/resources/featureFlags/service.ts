import type { Sql } from '../../kernel/sql.ts';
import * as queries from './queries.ts';

/** Every flag for an account: its override, or else the default. Nothing is remembered, so a change is seen by the next request. */
export async function evaluateFlags(sql: Sql, accountId: string): Promise<Record<string, boolean>> {
  const rows = await sql.rows(queries.selectEvaluated, [accountId]);
  return Object.fromEntries(rows.map(({ key, enabled }) => [key, enabled]));
}

/** Flags of the platform, which stand alike for everybody; undefined for one that is unknown. */
export async function readFlags<Key extends string>(sql: Sql, ...keys: Key[]): Promise<Record<Key, boolean | undefined>> {
  const rows = await sql.rows(queries.selectDefaults, [keys]);
  return Object.fromEntries(keys.map((key) => [key, rows.find((row) => row.key === key)?.default_value])) as Record<
    Key,
    boolean | undefined
  >;
}

/** Turn a flag on for an account; false when that cannot be. */
export const turnOnFlag = async (tx: Sql, accountId: string, key: string): Promise<boolean> =>
  (await tx.run(queries.turnOn, [accountId, key])) > 0;
