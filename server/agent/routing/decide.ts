import { RunFailure } from '../failure.ts';
import { best, type Candidate, type Facts, isConditional, isMet, ofProvider, ofSelector } from './candidates.ts';

/** What a run and its persona ask for. */
export type RouteWishes = {
  route_id: string | null;
  model: string | null;
  persona_model?: string | null | undefined;
  preferred_credential?: string | null | undefined;
};

/** The candidate for a run (specification, runs 11, steps 1 to 4), or undefined when nothing is left. Throws a RunFailure for a wish that cannot be met. */
export function decide(candidates: Candidate[], wishes: RouteWishes, facts: Facts, byokEnabled: boolean): Candidate | undefined {
  const { route_id: routeId, model, persona_model: personaModel, preferred_credential: preferred } = wishes;
  const isAdmitted = ({ account_id: owner }: Candidate) => owner === null || byokEnabled;
  if (routeId) return admitted(byId(candidates, routeId), isAdmitted);
  if (model) return admitted(bySelector(candidates, model, facts), isAdmitted);
  const automatic = candidates.filter(isAdmitted);
  return (
    (personaModel ? best(ofSelector(automatic, personaModel), facts) : undefined) ??
    (preferred ? best(ofProvider(automatic, preferred), facts) : undefined) ??
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

function bySelector(candidates: Candidate[], selector: string, facts: Facts) {
  const found = best(ofSelector(candidates, selector), facts);
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

/** Within one layer: the first whose conditions are met, else the default of the first provider. */
function byItself(layer: Candidate[], facts: Facts) {
  const first = layer[0]?.credential_id;
  return (
    layer.find((candidate) => isConditional(candidate) && isMet(candidate, facts)) ??
    layer.find((candidate) => candidate.credential_id === first && candidate.is_default)
  );
}
