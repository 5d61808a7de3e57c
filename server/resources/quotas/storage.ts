import { quotas, type StorageName } from '../../../contract/shared/quotas.ts';
import type { StorageUsage } from '../../../contract/usage.ts';
import type { Scope } from '../../kernel/scope.ts';
import { readEntitlements } from '../settings/settings.ts';
import * as queries from './queries.ts';

/** What the account stores now, and what it may store. */
export async function readStorage({ app, read, accountId }: Pick<Scope, 'app' | 'read' | 'accountId'>): Promise<StorageUsage> {
  const [rows, limits] = await Promise.all([read.rows(queries.selectUsage, [accountId]), readEntitlements(app.database, accountId)]);
  const used = new Map(rows.map((row) => [row.quota, row.used]));
  const of = (name: StorageName) => ({ used_bytes: used.get(name) ?? 0, limit_bytes: limits[quotas[name].entitlement] || null });
  return { attachments: of('attachments'), messages: of('messages'), workspaces: of('workspaces') };
}
