import type { LlmModelChanges, NewLlmModel } from '../../../contract/llmProviders.ts';
import { defined } from '../../agent/providers/json.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { conflictAs } from './conflict.ts';
import { LlmModelSchema } from './entity.ts';
import type { ModelRow, ProviderRow } from './queries.ts';
import * as queries from './queries.ts';
import { checkAdvanced } from './rules.ts';
import { fieldsOf, manages } from './service.ts';

/** The model a path names, under the provider it names. One that is not offered is invisible to those who only pick. */
export async function findModel(scope: Scope, id: string, provider: ProviderRow): Promise<ModelRow> {
  const model = await scope.read.row(queries.selectModel, [provider.id, id]);
  if (!model || !(model.show_in_picker || manages(scope, provider.account_id))) throw notFound();
  return model;
}

/** Add a model; the first of a provider becomes its default. Throws 409 `model_conflict`, or 400. */
export async function createModel(scope: Scope, provider: ProviderRow, { is_default: wanted, ...input }: NewLlmModel): Promise<ModelRow> {
  const { tx } = scope;
  checkAdvanced(await lock(scope, provider), input.advanced_json);
  const id = newId();
  const em = await tx.em();
  em.create(LlmModelSchema, {
    id,
    providerId: provider.id,
    tags: [],
    when: {},
    advancedJson: {},
    ...columnsOf(input),
    model: input.model,
  });
  await em.flush().catch(conflictAs(modelTaken));
  await settleDefault(scope, provider.id, id, wanted === true ? true : undefined);
  scope.audit({ accountId: provider.account_id, metadata: { fields: fieldsOf({ ...input, is_default: wanted }) } });
  return (await tx.row(queries.selectModel, [provider.id, id]))!;
}

/** Change a model. Throws 409 `model_conflict`, or 400. */
export async function updateModel(
  scope: Scope,
  provider: ProviderRow,
  { id }: ModelRow,
  { is_default: wanted, ...changes }: LlmModelChanges,
): Promise<ModelRow> {
  const { tx } = scope;
  checkAdvanced(await lock(scope, provider), changes.advanced_json);
  const em = await tx.em();
  const model = await em.findOne(LlmModelSchema, { id, providerId: provider.id });
  if (!model) throw notFound();
  em.assign(model, columnsOf(changes));
  await em.flush().catch(conflictAs(modelTaken));
  await settleDefault(scope, provider.id, id, wanted);
  scope.audit({ accountId: provider.account_id, metadata: { fields: fieldsOf({ ...changes, is_default: wanted }) } });
  return (await tx.row(queries.selectModel, [provider.id, id]))!;
}

/** Remove a model; the best of the rest becomes the default if it was. */
export async function deleteModel(scope: Scope, provider: ProviderRow, { id }: ModelRow): Promise<void> {
  const { tx } = scope;
  await lock(scope, provider);
  if (!(await tx.row(queries.deleteModel, [provider.id, id]))) throw notFound();
  await tx.run(queries.promoteDefault, [provider.id, null]);
  scope.audit({ accountId: provider.account_id });
}

/** Wait for the provider to be ours; tells what kind it is by now. */
async function lock({ tx }: Scope, { id, account_id: owner }: ProviderRow) {
  const locked = await tx.row(queries.lockProvider, [owner, id]);
  if (!locked) throw notFound();
  return locked.provider;
}

/** Give the flag to a model, take it away, or see that some model has it. Needs the lock of the provider. */
async function settleDefault({ tx }: Scope, providerId: string, id: string, wanted: boolean | undefined) {
  if (wanted === true) {
    await tx.run(queries.clearDefault, [providerId]);
    await tx.run(queries.setDefault, [providerId, id]);
    return;
  }
  if (wanted === false) await tx.run(queries.clearDefaultOf, [providerId, id]);
  await tx.run(queries.promoteDefault, [providerId, id]);
}

type Columns = Omit<LlmModelChanges, 'is_default'>;

/** The columns of the fields that were given; null stands for an empty object where there is no null. */
function columnsOf(fields: Columns) {
  const columns = {
    model: fields.model,
    priority: fields.priority,
    showInPicker: fields.show_in_picker,
    tags: fields.tags && [...new Set(fields.tags)],
    when: fields.when === null ? {} : fields.when,
    advancedJson: fields.advanced_json === null ? {} : fields.advanced_json,
    multiplier: fields.multiplier,
    costPer1kInput: fields.cost_per_1k_input,
    costPer1kOutput: fields.cost_per_1k_output,
    costPer1kCacheWrite: fields.cost_per_1k_cache_write,
    costPer1kCacheRead: fields.cost_per_1k_cache_read,
  };
  return defined(columns);
}

const modelTaken = () => refuse('conflict', 'model_conflict', 'The provider has this model already.');
