import type { LlmModel, LlmProvider, NewRun, SelectablePersona } from '../../../../../client/index.ts';

/** Persona key and model id of a run. An empty string selects the default. */
export type Choice = { readonly persona: string; readonly model: string };

export const defaultChoice: Choice = { persona: '', model: '' };

/** What the workspace offers. */
export type Offer = { readonly personas: readonly SelectablePersona[]; readonly providers: readonly LlmProvider[] };

/** The persona of runs that name none. */
export const defaultPersonaKey = 'normal';

/** Null selects the default, also where a run would else repeat the options of an earlier one. */
export const runOf = ({ persona, model }: Choice) => ({ persona_id: persona || null, route_id: model || null });

export type ModelOption = { id: string; name: string; provider: string };

/** The models that a picker offers. */
export const modelsOf = (providers: readonly LlmProvider[]): ModelOption[] =>
  optionsOf(providers, ({ show_in_picker: isShown }) => isShown);

const optionsOf = (providers: readonly LlmProvider[], isWanted: (model: LlmModel) => boolean): ModelOption[] =>
  providers.flatMap(({ name: provider, models }) => models.filter(isWanted).map(({ id, model }) => ({ id, name: model, provider })));

export type RunOptions = { readonly [Name in 'persona_id' | 'route_id' | 'model']?: NewRun[Name] };

/** The choice that stands in the options of a run, with the default in place of what the workspace does not have. */
export function choiceOfRun({ persona_id, route_id, model: selector }: RunOptions, { personas, providers }: Offer): Choice {
  const key = persona_id?.split('@')[0];
  const models = modelsOf(providers);
  const model = route_id ? models.find(({ id }) => id === route_id) : selector ? modelNamed(selector, models) : undefined;
  return {
    persona: key && key !== defaultPersonaKey && personas.some(({ persona_key: each }) => each === key) ? key : '',
    model: model?.id ?? '',
  };
}

/** The first model of a selector: `provider^model`, or a model alone. */
function modelNamed(selector: string, models: readonly ModelOption[]): ModelOption | undefined {
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  return models.find(({ name, provider }) => same(selector, name) || same(selector, `${provider}^${name}`));
}

/**
 * The model that runs of a persona use if they name none, as the server selects it. Undefined where only the server can tell: if models have routing
 * conditions, or the persona may prefer a provider.
 */
export function defaultModel(persona: string, { personas, providers }: Offer): ModelOption | undefined {
  const everyModel = providers.flatMap(({ models }) => models);
  if (everyModel.some(({ when }) => Object.keys(when).length > 0)) return undefined;
  const chosen = personas.find(({ persona_key: key }) => key === (persona || defaultPersonaKey));
  const own = chosen?.model
    ? modelNamed(
        chosen.model,
        optionsOf(providers, () => true),
      )
    : undefined;
  if (own) return own;
  const withModels = providers.filter(({ models }) => models.length > 0);
  const ofAccount = withModels.filter(({ scope }) => scope === 'account');
  const [first] = (ofAccount.length > 0 ? ofAccount : withModels).flatMap(({ models }) => models).toSorted(byRank);
  if (chosen?.source === 'custom' && (withModels.length > 1 || !first?.is_default)) return undefined;
  return optionsOf(withModels, ({ provider_id: id, is_default: isDefault }) => isDefault && id === first?.provider_id)[0];
}

/** The ids of models begin with the time of creation. */
const byRank = (one: LlmModel, other: LlmModel) => other.priority - one.priority || (one.id < other.id ? -1 : 1);
