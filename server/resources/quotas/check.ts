import { type QuotaName, quotaReason, quotas, type StorageQuotaName } from '../../../contract/shared/quotas.ts';
import type { Database, Queryable } from '../../database/sql.ts';
import { type Failure, failWith } from '../../platform/failure.ts';
import { readEntitlements } from '../settings/settings.ts';
import * as queries from './queries.ts';

export type QuotaOwner = { accountId: string | undefined; userId: string };

/**
 * Reads the limit of a quota and returns a function that sends the check. Call it after the rows are written and before the commit: check
 * and commit can share a round trip. The written rows and the check take a lock, so concurrent writes of the same account wait. The check
 * rejects with 409. See docs/decisions/0017-quotas.md.
 */
export async function prepareQuota(
  database: Database,
  tx: Queryable,
  name: QuotaName,
  { accountId, userId }: QuotaOwner,
): Promise<() => Promise<void>> {
  const quota = quotas[name];
  if (quota.unit === 'bytes') {
    const limit = (await readEntitlements(database, accountId!, tx))[quota.entitlement];
    const checked = { accountId: accountId!, quota: name as StorageQuotaName, limit };
    return async () => void (await tx.run(queries.checkBytes, checked).catch(exceeded(name, quota.entitlement, limit)));
  }
  const limit = 'entitlement' in quota ? (await readEntitlements(database, accountId!, tx))[quota.entitlement] : quota.max;
  const statement = queries.rowCountChecks[name as Exclude<QuotaName, StorageQuotaName>];
  const counted = quota.per === 'account' ? [accountId] : quota.per === 'member' ? [accountId, userId] : [userId];
  const checked = { accountId: accountId!, userId, limit };
  return async () => {
    const locked = tx.rows(queries.lockQuota, { counted: [name, ...counted].join(' ') });
    await Promise.all([locked, tx.run(statement, checked).catch(exceeded(name, 'entitlement' in quota ? quota.entitlement : name, limit))]);
  };
}

/** Checks a quota immediately. */
export const checkQuota = async (...asked: Parameters<typeof prepareQuota>): Promise<void> => (await prepareQuota(...asked))();

/** Throws 409 for an account whose ended runs have left more events than its limit. The events of a new run are counted after its end. */
export function checkEventBytes(used: number, limit: number): void {
  if (limit > 0 && used > limit) throw quotaExceeded('events', { key: quotas.events.entitlement, limit, required: used });
}

const exceeded = (name: QuotaName, key: string, limit: number) => (error: { code?: string; detail?: string }) => {
  throw error.code === queries.limitExceededSqlState ? quotaExceeded(name, { key, limit, required: Number(error.detail) }) : error;
};

/** `required` is the usage that the rejected request would have caused. */
const quotaExceeded = (name: QuotaName, details: { key: string; limit: number; required: number }): Failure =>
  failWith(
    'conflict',
    quotaReason(name),
    `At most ${details.limit} ${quotas[name].unit === 'bytes' ? `bytes of ${name}` : name.replaceAll('_', ' ')} can be kept.`,
    details,
  );
