import type { Queryable } from '../../database/sql.ts';
import * as queries from './queries.ts';

/** Every flag for an account: its override, or else the default. Not cached, so that the next request sees a change. */
export async function evaluateFlags(sql: Queryable, accountId: string): Promise<Record<string, boolean>> {
  const rows = await sql.rows(queries.selectFlagValues, { accountId });
  return Object.fromEntries(rows.map(({ key, enabled }) => [key, enabled]));
}

/** Flags of the platform, without overrides of accounts. Undefined for an unknown flag. */
export async function readPlatformFlags<Key extends string>(
  sql: Queryable,
  ...keys: [Key] | [Key, Key]
): Promise<Record<Key, boolean | undefined>> {
  const [first, second = null] = keys;
  const rows = await sql.rows(queries.selectDefaults, { first, second });
  return Object.fromEntries(keys.map((key) => [key, rows.find((row) => row.key === key)?.default_value])) as Record<
    Key,
    boolean | undefined
  >;
}

/** Enables a flag for an account. Returns false if the flag does not exist or does not support overrides. */
export const enableFlag = async (tx: Queryable, accountId: string, key: string): Promise<boolean> =>
  (await tx.run(queries.enableForAccount, { accountId, key })) > 0;
