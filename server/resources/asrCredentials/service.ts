import type { AsrCredentialChanges, NewAsrCredential } from '../../../contract/asr.ts';
import { Failure, notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { seal } from '../../kernel/seal.ts';
import { conflictAs } from '../llmProviders/conflict.ts';
import { ownerOf } from '../llmProviders/owner.ts';
import { readBaseUrl } from '../llmProviders/rules.ts';
import { fieldsOf, manages } from '../llmProviders/service.ts';
import type { AsrRow } from './queries.ts';
import * as queries from './queries.ts';

/** A credential, and whether the caller may manage it. */
export type Listed = { row: AsrRow; managed: boolean };

/** The credentials of the account, then those of the platform. */
export const listCredentials = async (scope: Scope): Promise<Listed[]> =>
  (await scope.read.rows(queries.selectCredentials, [scope.accountId])).map((row) => ({ row, managed: manages(scope, row.account_id) }));

/** The credential a path names, for somebody who manages it. One of the platform looks absent to all but its admins. */
export async function findCredential(scope: Scope, id: string): Promise<AsrRow> {
  const row = await scope.read.row(queries.selectCredential, [scope.accountId, id, manages(scope, null)]);
  if (!row) throw notFound();
  // An admin of the platform need not be one of the account, and the route lets him pass.
  if (!manages(scope, row.account_id))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: 'data.secrets.manage' });
  return row;
}

/** What the key of a credential is sealed for, so that it opens in no other row. */
export const sealedFor = ({ id, account_id: owner }: Pick<AsrRow, 'id' | 'account_id'>): string =>
  `asr_credential:${id}:${owner ?? 'platform'}`;

type Owned = Pick<AsrRow, 'id' | 'account_id'>;

const sealed = ({ app }: Scope, credential: Owned, key: string) => [
  [...key].slice(0, 8).join(''),
  seal(app.keys.encryptionKey, key, sealedFor(credential)),
];

/** Add a credential. Throws 409 `name_conflict`, or 400. */
export async function createCredential(scope: Scope, input: NewAsrCredential): Promise<AsrRow> {
  const credential = { id: newId(), account_id: ownerOf(scope.accountId, input.scope) };
  const { provider, name, api_key: key, model, is_default: isDefault } = input;
  const url = readBaseUrl(scope.app.outbound, input.base_url);
  if (isDefault) await takeDefault(scope, credential.account_id);
  const values = [credential.account_id, credential.id, provider, name, ...sealed(scope, credential, key), url, model, isDefault];
  const row = await scope.tx.row(queries.insertCredential, values).catch(conflictAs(nameTaken));
  scope.audit({ accountId: credential.account_id, metadata: { fields: fieldsOf(input) } });
  return row!;
}

/** Change a credential. Throws 409 `name_conflict`, or 400. */
export async function updateCredential(scope: Scope, credential: AsrRow, changes: AsrCredentialChanges): Promise<AsrRow> {
  const { id, account_id: owner } = credential;
  const { name, api_key: key, base_url: url, model, is_default: isDefault } = changes;
  const secret = key === undefined ? [null, null] : sealed(scope, credential, key);
  const address = [url !== undefined, readBaseUrl(scope.app.outbound, url)];
  if (isDefault) await takeDefault(scope, owner);
  const values = [owner, id, name ?? null, ...secret, ...address, model ?? null, isDefault ?? null];
  const row = await scope.tx.row(queries.updateCredential, values).catch(conflictAs(nameTaken));
  if (!row) throw notFound();
  scope.audit({ accountId: owner, metadata: { fields: fieldsOf(changes) } });
  return row;
}

/** Remove a credential; the default of its owner is then none. */
export async function deleteCredential(scope: Scope, { id, account_id: owner }: AsrRow): Promise<void> {
  if ((await scope.tx.run(queries.deleteCredential, [owner, id])) === 0) throw notFound();
  scope.audit({ accountId: owner });
}

/** Make a credential the default of its owner, in place of the one that was. */
export async function setDefault(scope: Scope, { id, account_id: owner }: AsrRow): Promise<void> {
  await takeDefault(scope, owner);
  if ((await scope.tx.run(queries.setDefault, [owner, id])) === 0) throw notFound();
  scope.audit({ accountId: owner });
}

/** There is no default of an owner now, and nobody else makes one before the commit. */
async function takeDefault({ tx }: Scope, owner: string | null) {
  await tx.rows(queries.lockDefault, [owner]);
  await tx.run(queries.clearDefault, [owner]);
}

const nameTaken = () => refuse('conflict', 'name_conflict', 'There is a credential with this name.');
