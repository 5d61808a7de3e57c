import { type QuotaName, quotaReason, quotas, type StorageName } from '../../../contract/shared/quotas.ts';
import { type Failure, refuse } from '../../kernel/failure.ts';
import type { Database, Sql } from '../../kernel/sql.ts';
import { readEntitlements } from '../settings/settings.ts';
import * as queries from './queries.ts';

/** Who stores something. */
export type Holder = { accountId: string | undefined; userId: string };

/**
 * Checks a quota after the rows of a transaction are there and before it commits: both hold a lock that others who store for the same account
 * wait for. Throws 409.
 */
export async function checkQuota(database: Database, tx: Sql, name: QuotaName, { accountId, userId }: Holder): Promise<void> {
  const quota = quotas[name];
  if (quota.unit === 'bytes')
    return checkBytes(tx, name as StorageName, accountId!, await limitOf(database, name as StorageName, accountId!, tx));
  const counted = quota.per === 'account' ? [accountId] : quota.per === 'member' ? [accountId, userId] : [userId];
  const locked = tx.rows(queries.lockRows, [[name, ...counted].join(' ')]);
  const checked = tx.run(queries.checkRows[name as Exclude<QuotaName, StorageName>], [...counted, quota.max]);
  await Promise.all([locked, checked.catch(exceeded(name, name, quota.max))]);
}

/** Bytes of a quota that an account may store; 0 is no limit. */
export const limitOf = async (database: Database, name: StorageName, accountId: string, through?: Sql): Promise<number> =>
  (await readEntitlements(database, accountId, through))[quotas[name].entitlement];

/** The same for bytes, with a limit that is known. */
export async function checkBytes(tx: Sql, name: StorageName, accountId: string, limit: number): Promise<void> {
  await tx.run(queries.checkBytes, [accountId, name, limit]).catch(exceeded(name, quotas[name].entitlement, limit));
}

const exceeded = (name: QuotaName, key: string, limit: number) => (error: { code?: string; detail?: string }) => {
  throw error.code === queries.limitExceeded ? quotaExceeded(name, { key, limit, required: Number(error.detail) }) : error;
};

/** `required` is what the account would have with what was refused. */
const quotaExceeded = (name: QuotaName, details: { key: string; limit: number; required: number }): Failure =>
  refuse(
    'conflict',
    quotaReason(name),
    `At most ${details.limit} ${quotas[name].unit === 'bytes' ? `bytes of ${name}` : name} can be kept.`,
    details,
  );
