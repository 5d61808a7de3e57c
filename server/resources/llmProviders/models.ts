import type { LlmModelChanges, NewLlmModel } from '../../../contract/llmProviders.ts';
import type { Scope } from '../../http/scope.ts';
import { findKnownModel, knownPrices } from '../../models/known/knownModels.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import type { ModelRow, ProviderRow } from './queries.ts';
import * as queries from './queries.ts';
import { canManage, fieldNames } from './service.ts';
import { onUniqueViolation } from './uniqueViolation.ts';
import { checkAdvancedJson } from './validation.ts';

/** Throws 404 for a model that is hidden in pickers unless the caller manages the provider. */
export async function findModel(scope: Scope, id: string, provider: ProviderRow): Promise<ModelRow> {
  const model = await scope.db.row(queries.selectModel, { providerId: provider.id, id });
  if (!model || !(model.show_in_picker || canManage(scope, provider.account_id))) throw notFound();
  return model;
}

/** The first model of a provider becomes its default. Throws 409 `model_conflict`, or 400. */
export async function createModel(scope: Scope, provider: ProviderRow, { is_default: wanted, ...input }: NewLlmModel): Promise<ModelRow> {
  const { tx } = scope;
  checkAdvancedJson(await lockProvider(scope, provider), input.advanced_json);
  const id = newId();
  const values = valuesOf({ ...newModelDefaults, ...defaultPrices(provider, input), model: input.model }, input);
  await tx.run(queries.insertModel, { providerId: provider.id, id, ...values }).catch(onUniqueViolation(modelConflict));
  await updateDefault(scope, provider.id, id, wanted === true ? true : undefined);
  scope.audit({ accountId: provider.account_id, metadata: { fields: fieldNames({ ...input, is_default: wanted }) } });
  return (await tx.row(queries.selectModel, { providerId: provider.id, id }))!;
}

/** Throws 409 `model_conflict`, or 400. */
export async function updateModel(
  scope: Scope,
  provider: ProviderRow,
  { id }: ModelRow,
  { is_default: wanted, ...changes }: LlmModelChanges,
): Promise<ModelRow> {
  const { tx } = scope;
  checkAdvancedJson(await lockProvider(scope, provider), changes.advanced_json);
  const stored = await tx.row(queries.selectModel, { providerId: provider.id, id });
  if (!stored) throw notFound();
  await tx.run(queries.updateModel, { providerId: provider.id, id, ...valuesOf(stored, changes) }).catch(onUniqueViolation(modelConflict));
  await updateDefault(scope, provider.id, id, wanted);
  scope.audit({ accountId: provider.account_id, metadata: { fields: fieldNames({ ...changes, is_default: wanted }) } });
  return (await tx.row(queries.selectModel, { providerId: provider.id, id }))!;
}

/** If the model was the default, the next one in order becomes the default. */
export async function deleteModel(scope: Scope, provider: ProviderRow, { id }: ModelRow): Promise<void> {
  const { tx } = scope;
  await lockProvider(scope, provider);
  if ((await tx.run(queries.deleteModel, { providerId: provider.id, id })) === 0) throw notFound();
  await tx.run(queries.promoteDefault, { providerId: provider.id, lastId: null });
  scope.audit({ accountId: provider.account_id });
}

/** Locks the provider and returns its current kind. */
async function lockProvider({ tx }: Scope, { id, account_id: owner }: ProviderRow) {
  const locked = await tx.row(queries.lockProvider, { owner, id });
  if (!locked) throw notFound();
  return locked.provider;
}

/** Sets or clears the default flag of a model, and makes sure that some model has it. The caller must hold the lock of the provider. */
async function updateDefault({ tx }: Scope, providerId: string, id: string, wanted: boolean | undefined) {
  if (wanted === true) {
    await tx.run(queries.clearDefault, { providerId });
    await tx.run(queries.setDefault, { providerId, id });
    return;
  }
  if (wanted === false) await tx.run(queries.clearDefaultOf, { providerId, id });
  await tx.run(queries.promoteDefault, { providerId, lastId: id });
}

type Fields = Omit<ModelRow, 'id' | 'provider_id' | 'is_default'>;

/** Defaults of a new model. */
const newModelDefaults: Omit<Fields, 'model'> = {
  priority: 0,
  show_in_picker: true,
  tags: [],
  when: {},
  advanced_json: {},
  multiplier: 1,
  cost_per_1k_input: null,
  cost_per_1k_output: null,
  cost_per_1k_cache_write: null,
  cost_per_1k_cache_read: null,
};

const priceNames = ['cost_per_1k_input', 'cost_per_1k_output', 'cost_per_1k_cache_write', 'cost_per_1k_cache_read'] as const;

/** The prices of a known model, unless the request has any price, also null: prices of two lists are not mixed. */
function defaultPrices({ provider, base_url }: ProviderRow, input: Omit<NewLlmModel, 'is_default'>): Partial<Fields> {
  const found = findKnownModel({ provider, base_url, model: input.model });
  return found && priceNames.every((name) => input[name] === undefined) ? knownPrices(found) : {};
}

/** The values of a model after the changes. For `when` and `advanced_json`, null means an empty object. */
function valuesOf(stored: Fields, changes: Omit<LlmModelChanges, 'is_default'>) {
  const { tags = stored.tags, when = stored.when, advanced_json: advanced = stored.advanced_json } = changes;
  const cost = (name: Extract<keyof Fields, `cost_${string}`>) => (changes[name] === undefined ? stored[name] : changes[name]);
  return {
    model: changes.model ?? stored.model,
    priority: changes.priority ?? stored.priority,
    showInPicker: changes.show_in_picker ?? stored.show_in_picker,
    tags: JSON.stringify([...new Set(tags)]),
    when: JSON.stringify(when ?? {}),
    advanced: JSON.stringify(advanced ?? {}),
    multiplier: changes.multiplier ?? stored.multiplier,
    costInput: cost('cost_per_1k_input'),
    costOutput: cost('cost_per_1k_output'),
    costCacheWrite: cost('cost_per_1k_cache_write'),
    costCacheRead: cost('cost_per_1k_cache_read'),
  };
}

const modelConflict = () => failWith('conflict', 'model_conflict', 'The provider has this model already.');
