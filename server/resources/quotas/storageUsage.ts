import { quotas, type StorageQuotaName } from '../../../contract/shared/quotas.ts';
import type { StorageUsage } from '../../../contract/usage.ts';
import type { Scope } from '../../http/scope.ts';
import { readEntitlements } from '../settings/settings.ts';
import * as queries from './queries.ts';

export async function readStorageUsage({ app, db, accountId }: Pick<Scope, 'app' | 'db' | 'accountId'>): Promise<StorageUsage> {
  const [rows, limits] = await Promise.all([db.rows(queries.selectUsage, { accountId }), readEntitlements(app.database, accountId)]);
  const used = new Map(rows.map((row) => [row.quota, row.used]));
  const of = (name: StorageQuotaName) => ({ used_bytes: used.get(name) ?? 0, limit_bytes: limits[quotas[name].entitlement] || null });
  return { attachments: of('attachments'), events: of('events'), messages: of('messages'), workspaces: of('workspaces') };
}
