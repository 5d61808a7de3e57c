import type { AsrCredentialChanges, NewAsrCredential } from '../../../contract/asr.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { seal } from '../../platform/crypto/seal.ts';
import { Failure, failWith, notFound } from '../../platform/failure.ts';
import { lockCredential } from '../auth/sessions/lockSession.ts';
import { ownerOf } from '../llmProviders/owner.ts';
import { requireSecretForMove } from '../llmProviders/secretOfUrl.ts';
import { canManage, fieldNames } from '../llmProviders/service.ts';
import { onUniqueViolation } from '../llmProviders/uniqueViolation.ts';
import { readBaseUrl } from '../llmProviders/validation.ts';
import { sealContextOf } from './owner.ts';
import type { AsrCredentialRow } from './queries.ts';
import * as queries from './queries.ts';

/** `canManage`: whether the caller may manage the credential. */
export type ListedCredential = { row: AsrCredentialRow; canManage: boolean };

export const listCredentials = async (scope: Scope): Promise<ListedCredential[]> =>
  (await scope.db.rows(queries.selectCredentials, { accountId: scope.accountId })).map((row) => ({
    row,
    canManage: canManage(scope, row.account_id),
  }));

/** Loads a credential that the caller may manage. Throws 404 for a platform credential unless the caller is a platform admin. */
export async function findCredential(scope: Scope, id: string): Promise<AsrCredentialRow> {
  const { db, accountId } = scope;
  const row = await db.row(queries.selectCredential, { accountId, id, seesPlatform: canManage(scope, null) });
  if (!row) throw notFound();
  // The permission of the route also admits platform admins, who may lack the permission of the account.
  if (!canManage(scope, row.account_id))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: 'data.secrets.manage' });
  return row;
}

type Owned = Pick<AsrCredentialRow, 'id' | 'account_id'>;

const sealKey = ({ app }: Scope, credential: Owned, key: string) => ({
  keyPrefix: [...key].slice(0, 8).join(''),
  sealedKey: seal(app.keys.encryptionKeys, key, sealContextOf(credential)),
});

/** Throws 409 `name_conflict`, or 400. */
export async function createCredential(scope: Scope, input: NewAsrCredential): Promise<AsrCredentialRow> {
  const credential = { id: newId(), account_id: ownerOf(scope.accountId, input.scope) };
  const { provider, name, api_key: key, model, is_default: isDefault } = input;
  const baseUrl = readBaseUrl(scope.app.outbound, input.base_url);
  await lockCredential(scope);
  if (isDefault) await lockAndClearDefault(scope, credential.account_id);
  const values = {
    owner: credential.account_id,
    id: credential.id,
    provider,
    name,
    ...sealKey(scope, credential, key),
    baseUrl,
    model,
    isDefault,
  };
  const row = await scope.tx.row(queries.insertCredential, values).catch(onUniqueViolation(nameConflict));
  scope.audit({ accountId: credential.account_id, metadata: { fields: fieldNames(input) } });
  return row!;
}

/** Another base URL needs the key again. Throws 409 `name_conflict`, or 400. */
export async function updateCredential(
  scope: Scope,
  credential: AsrCredentialRow,
  changes: AsrCredentialChanges,
): Promise<AsrCredentialRow> {
  const { id, account_id: owner } = credential;
  const { name = null, api_key: key, base_url: url, model = null, is_default: isDefault = null } = changes;
  const secret = key === undefined ? { keyPrefix: null, sealedKey: null } : sealKey(scope, credential, key);
  const baseUrl = readBaseUrl(scope.app.outbound, url);
  await lockCredential(scope);
  if (isDefault) await lockAndClearDefault(scope, owner);
  const before = await scope.tx.row(queries.lockBaseUrl, { owner, id });
  if (!before) throw notFound();
  if (key === undefined && url !== undefined) requireSecretForMove('/api_key', { from: { url: before.base_url }, to: { url: baseUrl } });
  const values = { owner, id, name, ...secret, changesBaseUrl: url !== undefined, baseUrl, model, isDefault };
  const row = await scope.tx.row(queries.updateCredential, values).catch(onUniqueViolation(nameConflict));
  scope.audit({ accountId: owner, metadata: { fields: fieldNames(changes) } });
  return row!;
}

/** If it was the default, its owner has no default afterwards. */
export async function deleteCredential(scope: Scope, { id, account_id: owner }: AsrCredentialRow): Promise<void> {
  if ((await scope.tx.run(queries.deleteCredential, { owner, id })) === 0) throw notFound();
  scope.audit({ accountId: owner });
}

export async function setDefault(scope: Scope, { id, account_id: owner }: AsrCredentialRow): Promise<void> {
  await lockAndClearDefault(scope, owner);
  if ((await scope.tx.run(queries.setDefault, { owner, id })) === 0) throw notFound();
  scope.audit({ accountId: owner });
}

/** Clears the default of an owner. Until the commit, no other transaction can set one. */
async function lockAndClearDefault({ tx }: Scope, owner: string | null) {
  await tx.rows(queries.lockDefault, { owner });
  await tx.run(queries.clearDefault, { owner });
}

const nameConflict = () => failWith('conflict', 'name_conflict', 'There is a credential with this name.');
