import { RunFailure } from '../runFailure.ts';
import {
  type AllowedModels,
  bestCandidate,
  type Candidate,
  candidatesOfProvider,
  candidatesOfSelector,
  isAllowed,
  isConditional,
  isMet,
  type RoutingFacts,
} from './candidates.ts';

export type RoutePreferences = {
  route_id: string | null;
  model: string | null;
  persona_model?: string | null | undefined;
  preferred_credential?: string | null | undefined;
  /** Of the API key of the run. */
  allowed_models?: AllowedModels;
};

/**
 * Chooses the candidate for a run. Precedence: route of the run, model of the run, model of the persona, preferred
 * provider, providers of the account, providers of the platform. Undefined if none is left. Throws a `RunFailure` if
 * the requested route or model is not available, or its API key may not use it.
 */
export function chooseCandidate(
  candidates: Candidate[],
  wishes: RoutePreferences,
  facts: RoutingFacts,
  byokEnabled: boolean,
): Candidate | undefined {
  const { route_id: routeId, model, persona_model: personaModel, preferred_credential: preferred } = wishes;
  const isAdmitted = ({ account_id: owner }: Candidate) => owner === null || byokEnabled;
  const mayUse = (candidate: Candidate) => isAllowed(wishes.allowed_models, candidate);
  if (routeId) return admitted(allowed(byId(candidates, routeId), mayUse), isAdmitted);
  if (model) {
    const usable = candidates.filter(mayUse);
    const isNamed = candidatesOfSelector(usable, model).length > 0;
    return admitted(allowed(bySelector(isNamed ? usable : candidates, model, facts), mayUse), isAdmitted);
  }
  const automatic = candidates.filter((candidate) => isAdmitted(candidate) && mayUse(candidate));
  return (
    (personaModel ? bestCandidate(candidatesOfSelector(automatic, personaModel), facts) : undefined) ??
    (preferred ? bestCandidate(candidatesOfProvider(automatic, preferred), facts) : undefined) ??
    byItself(
      automatic.filter((candidate) => candidate.account_id !== null),
      facts,
    ) ??
    byItself(
      automatic.filter((candidate) => candidate.account_id === null),
      facts,
    )
  );
}

function byId(candidates: Candidate[], routeId: string) {
  const found = candidates.find((candidate) => candidate.route_id === routeId.toLowerCase());
  if (!found) throw new RunFailure('policy.denied', 'The run names a route that it may not use.', { code: 'policy.route_not_found' });
  return found;
}

function bySelector(candidates: Candidate[], selector: string, facts: RoutingFacts) {
  const found = bestCandidate(candidatesOfSelector(candidates, selector), facts);
  if (!found)
    throw new RunFailure('routing.not_found', 'There is no model that the run asks for.', {
      code: 'routing.model_not_found',
      details: { model: selector },
    });
  return found;
}

function admitted(candidate: Candidate, isAdmitted: (candidate: Candidate) => boolean) {
  if (isAdmitted(candidate)) return candidate;
  throw new RunFailure('runtime_policy.denied', 'Providers of the account are turned off.', { code: 'policy.byok_disabled' });
}

function allowed(candidate: Candidate, mayUse: (candidate: Candidate) => boolean) {
  if (mayUse(candidate)) return candidate;
  throw modelNotAllowed(candidate.model);
}

export const modelNotAllowed = (model: string) =>
  new RunFailure('policy.denied', `The API key may not use the model ${model}.`, {
    code: 'policy.model_not_allowed',
    details: { model },
  });

/** In one layer: the first candidate whose conditions are met, else the default model of the first provider. */
function byItself(layer: Candidate[], facts: RoutingFacts) {
  const first = layer[0]?.credential_id;
  return (
    layer.find((candidate) => isConditional(candidate) && isMet(candidate, facts)) ??
    layer.find((candidate) => candidate.credential_id === first && candidate.is_default)
  );
}
