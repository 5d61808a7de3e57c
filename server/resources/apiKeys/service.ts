import type { ApiKeyChanges, ApiKeyRotation, NewApiKey } from '../../../contract/apiKeys.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import { keyPermissions, permissions, platformPermissions } from '../../../contract/shared/permissions.ts';
import { requireFutureExpiry, requireNoOverlap } from '../../http/access/keySecrets.ts';
import { periodsOf } from '../../http/access/periods.ts';
import type { Scope } from '../../http/scope.ts';
import { newKeySecret } from '../../platform/crypto/apiKeys.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { databaseDate } from '../../platform/databaseClock.ts';
import { failWith, invalid, notFound } from '../../platform/failure.ts';
import { lockSession } from '../auth/sessions/lockSession.ts';
import { requestCancel } from '../runs/cancel.ts';
import { pauseSchedule } from '../schedules/service.ts';
import type { ApiKeyRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewApiKey } from './view.ts';

/** The user whose keys the caller can see; null for all users. */
const visibleOwnerId = ({ actor, role, isPlatformAdmin }: Scope) => (role === 'admin' || isPlatformAdmin ? null : actor.userId);

/** Includes revoked keys. Throws 404 for a key that the caller cannot see. */
export async function findApiKey(scope: Scope, id: string): Promise<ApiKeyRow> {
  const row = await scope.db.row(queries.selectKey, { accountId: scope.accountId, id, ownerId: visibleOwnerId(scope) });
  if (!row) throw notFound();
  return row;
}

/** Only this response contains the secret. Throws 403 `scope_not_grantable`, or 400 for unknown or unusable scopes and an expiry in the past. */
export async function createApiKey(scope: Scope, input: NewApiKey): Promise<ApiKeyRow & { key: string }> {
  const { app, tx, accountId, actor } = scope;
  const granted = input.scopes && checkScopes(scope, input.scopes);
  const properties = propertiesOf(input);
  await lockSession(tx, actor);
  if (!(await tx.row(queries.lockMembership, { accountId, userId: actor.userId }))) throw notFound();
  const secret = newKeySecret('al_');
  const row = (await tx.row(queries.insertKey, {
    accountId,
    id: newId(),
    userId: actor.userId,
    ...secret.stored,
    scopes: granted ?? [],
    inheritsPermissions: !granted,
    ...properties,
  }))!;
  const { name, key_prefix, scopes, expires_at } = row;
  scope.audit({ metadata: { name, key_prefix, scopes, inherits_permissions: !granted, ...(expires_at && { expires_at }) } });
  scope.afterCommit(() => app.accessControl.invalidateUser(actor.userId));
  return { ...row, key: secret.key };
}

/** The new properties of a key: those of the input, else the current ones. Throws 400 for an expiry in the past. */
function propertiesOf({ name, expires_at, limits = {}, models }: ApiKeyChanges, current?: ApiKeyRow) {
  requireFutureExpiry(expires_at);
  const limit = (key: keyof typeof limits) => (limits[key] === undefined ? (current?.[key] ?? null) : limits[key]);
  return {
    name: name ?? current?.name ?? '',
    creditsPerDay: limit('credits_per_day'),
    creditsPerMonth: limit('credits_per_month'),
    creditsTotal: limit('credits_total'),
    requestsPerMinute: limit('requests_per_minute'),
    requestsPerDay: limit('requests_per_day'),
    requestsPerMonth: limit('requests_per_month'),
    requestsTotal: limit('requests_total'),
    models: models === undefined ? (current?.models ?? null) : models && [...new Set(models)].sort(),
    expiresAt: expires_at === undefined ? (current?.expires_at ?? null) : expires_at,
  };
}

/** Throws 404 for a revoked key. */
async function lockKey({ tx, accountId }: Scope, { id }: ApiKeyRow): Promise<ApiKeyRow> {
  const row = await tx.row(queries.lockKey, { accountId, id });
  if (!row) throw notFound();
  return row;
}

/** Throws 404 for a revoked key, 400 for an expiry in the past. */
export async function updateApiKey(scope: Scope, key: ApiKeyRow, changes: ApiKeyChanges): Promise<ApiKeyRow> {
  const { app, tx, accountId } = scope;
  const before = await lockKey(scope, key);
  const after = (await tx.row(queries.updateKey, { accountId, id: key.id, ...propertiesOf(changes, before) }))!;
  scope.audit({ before: auditedOf(before), after: auditedOf(after) });
  scope.afterCommit(() => app.accessControl.invalidateUser(after.user_id));
  return after;
}

/** What can be changed of a key, for its audit entries. */
function auditedOf(row: ApiKeyRow) {
  const { name, limits, models, expires_at } = viewApiKey(row);
  return { name, limits, models, expires_at };
}

/**
 * Only this response contains the new secret. Throws 404 for a revoked key, 403 `key_owner_required` for the key of another user, because its secret
 * acts on their behalf, and 409 `rotation_in_overlap`.
 */
export async function rotateApiKey(scope: Scope, key: ApiKeyRow, { overlap_seconds: overlap }: ApiKeyRotation) {
  const { app, tx, accountId, actor } = scope;
  if (key.user_id !== actor.userId) throw failWith('forbidden', 'key_owner_required', 'Only the user of the key can rotate it.');
  await lockSession(tx, actor);
  if (!(await tx.row(queries.lockMembership, { accountId, userId: actor.userId }))) throw notFound();
  requireNoOverlap(await lockKey(scope, key), overlap);
  const secret = newKeySecret('al_');
  const row = (await tx.row(queries.replaceSecret, { accountId, id: key.id, ...secret.stored, overlapSeconds: overlap }))!;
  scope.audit({ metadata: { name: row.name, key_prefix: row.key_prefix, overlap_seconds: overlap } });
  scope.afterCommit(() => app.accessControl.invalidateUser(actor.userId));
  return { ...row, key: secret.key };
}

/** What a key has used in the current periods (UTC). */
export async function readUsage({ db, accountId }: Scope, { id }: ApiKeyRow) {
  const periods = periodsOf(databaseDate());
  const sums = await db.row(queries.selectUsage, { accountId, id, day: periods.day.start, month: periods.month.start });
  return { id, sums: sums!, periods };
}

/**
 * Returns the scopes sorted and unique. A key can have the permissions of its creator, except platform permissions and those that no route
 * accepts from a key.
 */
function checkScopes({ permissions: held }: Scope, scopes: readonly string[]): string[] {
  const issuesOf = (known: readonly string[], message: string) =>
    scopes.flatMap((scope, at) => (known.includes(scope) ? [] : [{ location: 'body' as const, path: `/scopes/${at}`, message }]));
  const unknown = issuesOf(permissions, 'is not a permission');
  if (unknown.length > 0) throw invalid(unknown);
  const wanted = [...new Set(scopes)].sort();
  const lacking = wanted.filter((scope) => !held.has(scope) || (platformPermissions as readonly string[]).includes(scope));
  if (lacking.length > 0) throw failWith('forbidden', 'scope_not_grantable', 'A key cannot have more than you.', { scopes: lacking });
  const unusable = issuesOf(keyPermissions, 'is of no use to a key');
  if (unusable.length > 0) throw invalid(unusable, 'scope_unusable');
  return wanted;
}

/** Includes revoked keys. Newest first. */
export async function listApiKeys(scope: Scope, page: PageQuery): Promise<{ rows: ApiKeyRow[]; next: string | undefined }> {
  const { app, db, accountId } = scope;
  const ownerId = visibleOwnerId(scope);
  return app.cursors.fetchPage(
    page,
    ['api keys', accountId, ownerId],
    (key) => db.rows(queries.selectKeys, { accountId, ownerId, ...key }),
    (row) => [row.created_at, row.id],
  );
}

/**
 * Also cancels what the key has started, and pauses its schedules: whoever has the secret can spend nothing from then on. Succeeds without effect if the key
 * is already revoked.
 */
export async function revokeApiKey(scope: Scope, { id }: ApiKeyRow): Promise<void> {
  const { app, tx, accountId } = scope;
  const revoked = await tx.row(queries.revokeKey, { accountId, id });
  if (!revoked) return scope.skipAudit();
  // From here on the key starts nothing, because that locks its row. A schedule that is starting a run commits before it is paused; a run that is
  // creating a schedule commits before it is cancelled.
  const paused = await pauseSchedules(scope, id);
  const runs = await tx.rows(queries.selectOpenRuns, { accountId, id });
  for (const run of runs) await requestCancel(scope, run.id, {});
  const schedules = paused + (await pauseSchedules(scope, id));
  scope.audit({ metadata: { name: revoked.name, key_prefix: revoked.key_prefix, runs: runs.length, schedules } });
  scope.afterCommit(() => app.accessControl.invalidateUser(revoked.user_id));
}

async function pauseSchedules(scope: Scope, id: string): Promise<number> {
  const schedules = await scope.tx.rows(queries.lockActiveSchedules, { accountId: scope.accountId, id });
  for (const schedule of schedules) await pauseSchedule(scope, schedule);
  return schedules.length;
}
