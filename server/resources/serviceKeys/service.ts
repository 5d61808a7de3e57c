import type { ApiKeyRotation } from '../../../contract/apiKeys.ts';
import type { NewServiceKey, ServiceKeyChanges } from '../../../contract/serviceKeys.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import { requireFutureExpiry, requireNoOverlap } from '../../http/access/keySecrets.ts';
import type { Scope } from '../../http/scope.ts';
import { newKeySecret } from '../../platform/crypto/apiKeys.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { notFound } from '../../platform/failure.ts';
import { networkText, parseNetwork } from '../../platform/network/addresses.ts';
import { lockAdminSession } from '../auth/sessions/lockSession.ts';
import type { ServiceKeyRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewServiceKey } from './view.ts';

/** Includes revoked keys. */
export async function findServiceKey({ db }: Scope, id: string): Promise<ServiceKeyRow> {
  const row = await db.row(queries.selectKey, { id });
  if (!row) throw notFound();
  return row;
}

/** Includes revoked keys. Newest first. */
export const listServiceKeys = ({ app, db }: Scope, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['service keys'],
    (key) => db.rows(queries.selectKeys, key),
    (row) => [row.created_at, row.id],
  );

/** Only this response contains the secret. Throws 400 for an expiry in the past. */
export async function createServiceKey(scope: Scope, input: NewServiceKey): Promise<ServiceKeyRow & { key: string }> {
  const { tx, actor } = scope;
  const properties = propertiesOf(input);
  await lockAdminSession(tx, actor);
  const secret = newKeySecret('als_');
  const scopes = [...new Set(input.scopes)].sort();
  const row = (await tx.row(queries.insertKey, { id: newId(), userId: actor.userId, ...secret.stored, scopes, ...properties }))!;
  scope.audit({ accountId: null, metadata: { key_prefix: row.key_prefix }, after: auditedOf(row) });
  return { ...row, key: secret.key };
}

/** The new properties of a key: those of the input, else the current ones. Throws 400 for an expiry in the past. */
function propertiesOf(
  { name, allowed_addresses: addresses, requests_per_minute: rate, expires_at: expiry }: ServiceKeyChanges,
  current?: ServiceKeyRow,
) {
  requireFutureExpiry(expiry);
  return {
    name: name ?? current?.name ?? '',
    allowedAddresses: addresses === undefined ? (current?.allowed_addresses ?? null) : addresses && networksOf(addresses),
    requestsPerMinute: rate ?? current?.requests_per_minute ?? 0,
    expiresAt: expiry === undefined ? (current?.expires_at ?? null) : expiry,
  };
}

const networksOf = (addresses: readonly string[]) => [...new Set(addresses.map((each) => networkText(parseNetwork(each))))];

/** Throws 404 for a revoked key. */
async function lockKey({ tx }: Scope, { id }: ServiceKeyRow): Promise<ServiceKeyRow> {
  const row = await tx.row(queries.lockKey, { id });
  if (!row) throw notFound();
  return row;
}

/** Throws 404 for a revoked key, 400 for an expiry in the past. */
export async function updateServiceKey(scope: Scope, key: ServiceKeyRow, changes: ServiceKeyChanges): Promise<ServiceKeyRow> {
  const before = await lockKey(scope, key);
  const after = (await scope.tx.row(queries.updateKey, { id: key.id, ...propertiesOf(changes, before) }))!;
  scope.audit({ accountId: null, before: auditedOf(before), after: auditedOf(after) });
  invalidate(scope, after);
  return after;
}

/** What a key may do, for its audit entries. */
function auditedOf(row: ServiceKeyRow) {
  const { name, scopes, allowed_addresses, requests_per_minute, expires_at } = viewServiceKey(row);
  return { name, scopes, allowed_addresses, requests_per_minute, expires_at };
}

/**
 * Only this response contains the new secret, which the caller answers for from now on. Throws 404 for a revoked key, 409 `rotation_in_overlap`.
 */
export async function rotateServiceKey(scope: Scope, key: ServiceKeyRow, { overlap_seconds: overlap }: ApiKeyRotation) {
  const { tx, actor } = scope;
  await lockAdminSession(tx, actor);
  const before = await lockKey(scope, key);
  requireNoOverlap(before, overlap);
  const secret = newKeySecret('als_');
  const row = (await tx.row(queries.replaceSecret, { id: key.id, userId: actor.userId, ...secret.stored, overlapSeconds: overlap }))!;
  const metadata = { name: row.name, key_prefix: row.key_prefix, overlap_seconds: overlap, previous_user_id: before.user_id };
  scope.audit({ accountId: null, metadata });
  invalidate(scope, row);
  return { ...row, key: secret.key };
}

/** Succeeds without effect if the key is already revoked. */
export async function revokeServiceKey(scope: Scope, { id }: ServiceKeyRow): Promise<void> {
  const revoked = await scope.tx.row(queries.revokeKey, { id });
  if (!revoked) return scope.skipAudit();
  scope.audit({ accountId: null, metadata: { name: revoked.name, key_prefix: revoked.key_prefix } });
  invalidate(scope, revoked);
}

const invalidate = ({ app, afterCommit }: Scope, { user_id: userId }: Pick<ServiceKeyRow, 'user_id'>) =>
  afterCommit(() => app.accessControl.invalidateUser(userId));
