import type { LlmProviderChanges, NewLlmProvider, ProviderScope } from '../../../contract/llmProviders.ts';
import { invalidField, notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { seal } from '../../kernel/seal.ts';
import { readEntitlements } from '../settings/settings.ts';
import { conflictAs } from './conflict.ts';
import { type LlmProviderEntity, LlmProviderSchema } from './entity.ts';
import { ownerOf, sealedFor } from './owner.ts';
import type { ModelRow, ProviderRow } from './queries.ts';
import * as queries from './queries.ts';
import { advancedProblems, checkAdvanced, checkApiMode, readBaseUrl } from './rules.ts';

/** A provider with its models, and whether the caller may manage it. */
export type Listed = { provider: ProviderRow; models: ModelRow[]; managed: boolean };

/** Whether the caller manages the providers of an owner, null being the platform. */
export const manages = ({ permissions }: Scope, owner: string | null): boolean =>
  permissions.has(owner === null ? 'platform.admin' : 'data.secrets.manage');

/** The providers of the account, then those of the platform, or only those of one scope. */
export async function listProviders(scope: Scope, only: ProviderScope | undefined): Promise<Listed[]> {
  const { read, accountId } = scope;
  const providers = await read.rows(queries.selectProviders, [accountId, only !== 'platform', only !== 'account']);
  const models = await read.rows(queries.selectModels, [providers.map(({ id }) => id)]);
  const under = Map.groupBy(models, (model) => model.provider_id);
  return providers.map((provider) => ({
    provider,
    models: under.get(provider.id) ?? [],
    managed: manages(scope, provider.account_id),
  }));
}

/** The provider a path names, in the scope that the query names. */
export async function findProvider({ read, accountId }: Scope, id: string, wanted: unknown): Promise<ProviderRow> {
  const provider = await read.row(queries.selectProvider, [ownerOf(accountId, wanted), id]);
  if (!provider) throw notFound();
  return provider;
}

/** Add a provider. Throws 403 `feature_disabled`, 409 `name_conflict`, 400 for what the upstream would not take. */
export async function createProvider(scope: Scope, input: NewLlmProvider): Promise<ProviderRow> {
  const { app, tx, accountId } = scope;
  const owner = ownerOf(accountId, input.scope);
  if (owner !== null && !(await readEntitlements(app.database, accountId, tx))['feature.byok_enabled'])
    throw refuse('forbidden', 'feature_disabled', 'Accounts cannot have providers of their own here.');
  const { provider, name, api_key: key, openai_api_mode: mode = null, advanced_json: advanced } = input;
  checkApiMode(provider, mode);
  checkAdvanced(provider, advanced);
  const url = readBaseUrl(app.outbound, input.base_url);
  const id = newId();
  const secret = [prefixOf(key), seal(app.keys.encryptionKey, key, sealedFor({ id, account_id: owner }))];
  const values = [owner, id, provider, name, ...secret, url, mode, JSON.stringify(advanced ?? {})];
  const created = await tx.row(queries.insertProvider, values);
  if (!created) throw nameTaken();
  scope.audit({ accountId: owner, metadata: { fields: fieldsOf(input) } });
  return created;
}

/** Change a provider; what is checked is the state it would have. Throws 409 `name_conflict`, or 400. */
export async function updateProvider(scope: Scope, { id, account_id: owner }: ProviderRow, changes: LlmProviderChanges): Promise<Listed> {
  const { app, tx } = scope;
  if (!(await tx.row(queries.lockProvider, [owner, id]))) throw notFound();
  const models = await tx.rows(queries.selectModels, [[id]]);
  const em = await tx.em();
  const provider = await em.findOneOrFail(LlmProviderSchema, { id, accountId: owner });
  const baseUrl = changes.base_url === undefined ? (provider.baseUrl ?? null) : readBaseUrl(app.outbound, changes.base_url);
  em.assign(provider, { ...merge(provider, changes), baseUrl });
  checkMerged(provider, changes, models);
  await em.flush().catch(conflictAs(nameTaken));
  const { api_key: key } = changes;
  const secret =
    key === undefined ? [null, null] : [prefixOf(key), seal(app.keys.encryptionKey, key, sealedFor({ id, account_id: owner }))];
  const updated = await tx.row(queries.finishProvider, [owner, id, ...secret]);
  scope.audit({ accountId: owner, metadata: { fields: fieldsOf(changes) } });
  return { provider: updated!, models, managed: true };
}

const merge = (now: LlmProviderEntity, { name, provider, openai_api_mode: mode, advanced_json: advanced }: LlmProviderChanges) => ({
  name: name ?? now.name,
  provider: provider ?? now.provider,
  openaiApiMode: mode === undefined ? (now.openaiApiMode ?? null) : mode,
  advancedJson: advanced === undefined ? now.advancedJson : (advanced ?? {}),
});

function checkMerged({ provider, openaiApiMode, advancedJson }: LlmProviderEntity, changes: LlmProviderChanges, models: ModelRow[]) {
  checkApiMode(provider, openaiApiMode);
  checkAdvanced(provider, advancedJson);
  if (changes.provider !== undefined && models.some((model) => advancedProblems(provider, model.advanced_json).length > 0))
    throw invalidField('/provider', 'would not take the advanced_json of a model under it', 'advanced_json_key_denied');
}

/** Remove a provider with its key and its models. */
export async function deleteProvider(scope: Scope, { id, account_id: owner }: ProviderRow): Promise<void> {
  if ((await scope.tx.run(queries.deleteProvider, [owner, id])) === 0) throw notFound();
  scope.audit({ accountId: owner });
}

/** What may be shown of a key. */
const prefixOf = (key: string) => [...key].slice(0, 8).join('');

const nameTaken = () => refuse('conflict', 'name_conflict', 'There is a provider with this name.');

/** The names of the fields that a request gave, for the audit entry; never a value. */
export const fieldsOf = (input: object): string[] =>
  Object.entries(input)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name)
    .sort();
