import type { ResolvedRoute } from '../route.ts';
import { asCount, asObject } from '../wire/json.ts';
import { findKnownModel, knownWindow } from './knownModels.ts';

/**
 * Context window of a model in tokens: the override in its catalog entry, else the catalog value, else that of the known model. Undefined if none is
 * known.
 */
export function windowOf(route: ResolvedRoute): number | undefined {
  if (route.provider_kind === 'stub') return undefined;
  const catalog = asObject(asObject(route.advanced_json).available_catalog);
  const known = findKnownModel({ ...route, provider: route.provider_kind });
  return asCount(catalog.context_length_override) || asCount(catalog.context_length) || (known && knownWindow(known));
}
