import { advancedJsonIssues } from '../../../contract/advancedJson.ts';
import type { LlmProviderChanges, NewLlmProvider, ProviderScope } from '../../../contract/llmProviders.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { seal } from '../../platform/crypto/seal.ts';
import { failWith, invalidField, notFound } from '../../platform/failure.ts';
import { lockCredential } from '../auth/sessions/lockSession.ts';
import { readEntitlements } from '../settings/settings.ts';
import { ownerOf, sealContextOf } from './owner.ts';
import type { ModelRow, ProviderRow } from './queries.ts';
import * as queries from './queries.ts';
import { requireSecretForMove } from './secretOfUrl.ts';
import { onUniqueViolation } from './uniqueViolation.ts';
import { checkAdvancedJson, checkApiMode, readBaseUrl } from './validation.ts';

/** `canManage`: whether the caller may manage the provider. */
export type ListedProvider = { provider: ProviderRow; models: ModelRow[]; canManage: boolean };

/** `owner`: an account, or null for the platform. */
export const canManage = ({ permissions }: Scope, owner: string | null): boolean =>
  permissions.has(owner === null ? 'platform.admin' : 'data.secrets.manage');

/** Providers of the account come first, then those of the platform. `only` limits the list to one scope. */
export async function listProviders(scope: Scope, only: ProviderScope | undefined): Promise<ListedProvider[]> {
  const { db, accountId } = scope;
  const providers = await db.rows(queries.selectProviders, {
    accountId,
    ofAccount: only !== 'platform',
    ofPlatform: only !== 'account',
  });
  const models = await db.rows(queries.selectModels, { providerIds: providers.map(({ id }) => id) });
  const under = Map.groupBy(models, (model) => model.provider_id);
  return providers.map((provider) => ({
    provider,
    models: under.get(provider.id) ?? [],
    canManage: canManage(scope, provider.account_id),
  }));
}

export async function findProvider({ db, accountId }: Scope, id: string, wanted: unknown): Promise<ProviderRow> {
  const provider = await db.row(queries.selectProvider, { owner: ownerOf(accountId, wanted), id });
  if (!provider) throw notFound();
  return provider;
}

/** Throws 403 `feature_disabled`, 409 `name_conflict`, or 400 for values that the upstream does not accept. */
export async function createProvider(scope: Scope, input: NewLlmProvider): Promise<ProviderRow> {
  const { app, tx, accountId } = scope;
  const owner = ownerOf(accountId, input.scope);
  if (owner !== null && !(await readEntitlements(app.database, accountId, tx))['feature.byok_enabled'])
    throw failWith('forbidden', 'feature_disabled', 'Accounts cannot have providers of their own here.');
  const { provider, name, api_key: key, openai_api_mode: mode = null, advanced_json: advanced } = input;
  checkAdvancedJson(provider, advanced);
  const url = readBaseUrl(app.outbound, input.base_url);
  await lockCredential(scope);
  const id = newId();
  const created = await tx.row(queries.insertProvider, {
    owner,
    id,
    provider,
    name,
    keyPrefix: prefixOf(key),
    sealedKey: seal(app.keys.encryptionKeys, key, sealContextOf({ id, account_id: owner })),
    baseUrl: url,
    apiMode: mode,
    advanced: JSON.stringify(advanced ?? {}),
  });
  if (!created) throw nameConflict();
  scope.audit({ accountId: owner, metadata: { fields: fieldNames(input) } });
  return created;
}

/**
 * Validates the resulting state, not only the changes. Another base URL, or another vendor without one, needs the key again. Throws 409 `name_conflict`,
 * or 400.
 */
export async function updateProvider(
  scope: Scope,
  { id, account_id: owner }: ProviderRow,
  changes: LlmProviderChanges,
): Promise<ListedProvider> {
  const { app, tx } = scope;
  await lockCredential(scope);
  const stored = await tx.row(queries.lockProvider, { owner, id });
  if (!stored) throw notFound();
  const models = await tx.rows(queries.selectModels, { providerIds: [id] });
  const { api_key: key } = changes;
  const baseUrl = changes.base_url === undefined ? stored.base_url : readBaseUrl(app.outbound, changes.base_url);
  const merged = merge(stored, changes);
  checkMerged(merged, changes, models);
  if (key === undefined)
    requireSecretForMove('/api_key', {
      from: { url: stored.base_url, vendor: stored.provider },
      to: { url: baseUrl, vendor: merged.provider },
    });
  const updated = await tx
    .row(queries.updateProvider, {
      owner,
      id,
      provider: merged.provider,
      name: merged.name,
      keyPrefix: key === undefined ? null : prefixOf(key),
      sealedKey: key === undefined ? null : seal(app.keys.encryptionKeys, key, sealContextOf({ id, account_id: owner })),
      baseUrl,
      apiMode: merged.openai_api_mode,
      advanced: JSON.stringify(merged.advanced_json),
    })
    .catch(onUniqueViolation(nameConflict));
  scope.audit({ accountId: owner, metadata: { fields: fieldNames(changes) } });
  return { provider: updated!, models, canManage: true };
}

type Merged = Pick<ProviderRow, 'name' | 'provider' | 'openai_api_mode' | 'advanced_json'>;

const merge = (stored: ProviderRow, { name, provider, openai_api_mode: mode, advanced_json: advanced }: LlmProviderChanges): Merged => ({
  name: name ?? stored.name,
  provider: provider ?? stored.provider,
  openai_api_mode: mode === undefined ? stored.openai_api_mode : mode,
  advanced_json: advanced === undefined ? stored.advanced_json : (advanced ?? {}),
});

function checkMerged(
  { provider, openai_api_mode: mode, advanced_json: advanced }: Merged,
  changes: LlmProviderChanges,
  models: ModelRow[],
) {
  checkApiMode(provider, mode);
  checkAdvancedJson(provider, advanced);
  if (changes.provider !== undefined && models.some((model) => advancedJsonIssues(provider, model.advanced_json).length > 0))
    throw invalidField('/provider', 'would not take the advanced_json of a model under it', 'advanced_json_key_denied');
}

/** Deletes a provider with its key and its models. */
export async function deleteProvider(scope: Scope, { id, account_id: owner }: ProviderRow): Promise<void> {
  if ((await scope.tx.run(queries.deleteProvider, { owner, id })) === 0) throw notFound();
  scope.audit({ accountId: owner });
}

/** The part of a key that may be shown. */
const prefixOf = (key: string) => [...key].slice(0, 8).join('');

const nameConflict = () => failWith('conflict', 'name_conflict', 'There is a provider with this name.');

/** The names of the fields in a request, for the audit entry. Never the values. */
export const fieldNames = (input: object): string[] =>
  Object.entries(input)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name)
    .sort();
