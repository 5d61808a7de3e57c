import type { LlmModel, LlmModelChanges, LlmProvider } from '../../../contract/llmProviders.ts';
import type { Context } from '../context.ts';
import { apiError } from '../http/errors.ts';
import type { Json } from '../state.ts';

const providerOf = ({ loaded }: Context) => loaded.provider_id!.value as LlmProvider;

/** Sets the defaults of a new model, and what a change implies. Throws 409 `model_conflict`. */
export function deriveModel(value: Json, context: Context): void {
  const { is_default: wanted, ...input } = context.body as LlmModelChanges;
  const provider = providerOf(context);
  const isNew = context.operation.id === 'llmModels.create';
  const isSame = ({ id, model }: LlmModel) => id !== value.id && model.toLowerCase() === (value.model as string).toLowerCase();
  if (provider.models.some(isSame)) throw apiError('conflict', 'model_conflict', 'The provider has this model already.');
  if (isNew) Object.assign(value, { show_in_picker: input.show_in_picker ?? true, multiplier: input.multiplier ?? 1, is_default: false });
  if (input.tags) value.tags = [...new Set(input.tags)];
  value.when ??= {};
  value.advanced_json ??= {};
  // Safe cast: the value is complete.
  const model = value as unknown as LlmModel;
  if (wanted === true) for (const each of provider.models) each.is_default = false;
  model.is_default = wanted ?? model.is_default;
  settleModels(provider, isNew ? [...provider.models, model] : provider.models, model);
}

/** After a model was deleted. */
export const removeModel = ({ id }: Json, context: Context): void =>
  settleModels(
    providerOf(context),
    providerOf(context).models.filter((each) => each.id !== id),
  );

/** Models are listed by priority, and one of them is the default: if none is, the first except `last`. */
function settleModels(provider: LlmProvider, models: LlmModel[], last?: LlmModel) {
  provider.models = models.sort((a, b) => b.priority - a.priority);
  if (models.some((each) => each.is_default)) return;
  const next = models.find((each) => each !== last) ?? last;
  if (next) next.is_default = true;
}
