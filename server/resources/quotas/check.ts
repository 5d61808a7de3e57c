import { type QuotaName, quotaReason, quotas, type StorageName } from '../../../contract/shared/quotas.ts';
import { type Failure, refuse } from '../../kernel/failure.ts';
import type { Database, Sql } from '../../kernel/sql.ts';
import { readEntitlements } from '../settings/settings.ts';
import * as queries from './queries.ts';

/** Who stores something. */
export type Holder = { accountId: string | undefined; userId: string };

/**
 * Reads the limit of a quota. The function that it gives sends the check, after the rows of the transaction are there and before it commits:
 * check and commit may travel together. Rows and check hold a lock that others who store for the same account wait for. Rejects with 409.
 */
export async function prepareQuota(
  database: Database,
  tx: Sql,
  name: QuotaName,
  { accountId, userId }: Holder,
): Promise<() => Promise<void>> {
  const quota = quotas[name];
  if (quota.unit === 'bytes') {
    const limit = (await readEntitlements(database, accountId!, tx))[quota.entitlement];
    return async () => void (await tx.run(queries.checkBytes, [accountId, name, limit]).catch(exceeded(name, quota.entitlement, limit)));
  }
  const statement = queries.checkRows[name as Exclude<QuotaName, StorageName>];
  const counted = quota.per === 'account' ? [accountId] : quota.per === 'member' ? [accountId, userId] : [userId];
  return async () => {
    const locked = tx.rows(queries.lockRows, [[name, ...counted].join(' ')]);
    await Promise.all([locked, tx.run(statement, [...counted, quota.max]).catch(exceeded(name, name, quota.max))]);
  };
}

/** The same at once. */
export const checkQuota = async (...asked: Parameters<typeof prepareQuota>): Promise<void> => (await prepareQuota(...asked))();

const exceeded = (name: QuotaName, key: string, limit: number) => (error: { code?: string; detail?: string }) => {
  throw error.code === queries.limitExceeded ? quotaExceeded(name, { key, limit, required: Number(error.detail) }) : error;
};

/** `required` is what the account would have with what was refused. */
const quotaExceeded = (name: QuotaName, details: { key: string; limit: number; required: number }): Failure =>
  refuse(
    'conflict',
    quotaReason(name),
    `At most ${details.limit} ${quotas[name].unit === 'bytes' ? `bytes of ${name}` : name.replaceAll('_', ' ')} can be kept.`,
    details,
  );
