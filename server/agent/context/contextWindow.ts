import { findKnownModel, knownWindow } from '../../models/known/knownModels.ts';
import { ModelError } from '../../models/model.ts';
import type { ResolvedRoute } from '../../models/route.ts';
import { asCount, asObject } from '../../models/wire/json.ts';
import type { Settings } from '../../resources/settings/settings.ts';

/**
 * Context window of a model in tokens: the override in its catalog entry, else the catalog value, else that of the known model, else the
 * platform default.
 */
export function contextWindow(route: ResolvedRoute, settings: Pick<Settings, 'context.compact.fallback_context_window_tokens'>): number {
  const fallback = settings['context.compact.fallback_context_window_tokens'];
  if (route.provider_kind === 'stub') return fallback;
  const catalog = asObject(asObject(route.advanced_json).available_catalog);
  const known = findKnownModel({ ...route, provider: route.provider_kind });
  return asCount(catalog.context_length_override) || asCount(catalog.context_length) || (known ? knownWindow(known) : fallback);
}

const tooLong =
  /context.?(?:length|window)|maximum context|prompt is too long|too many tokens|input is too long|exceed\w{0,10} .{0,40}tokens/i;

/** Whether a provider rejected a prompt for its length: by status, by error code, or by message. */
export function isOverflow(error: unknown): error is ModelError {
  if (!(error instanceof ModelError) || error.errorClass !== 'provider.non_retryable') return false;
  const { status_code: status, openai_error_code: code } = error.details;
  return status === 413 || code === 'context_length_exceeded' || (status === 400 && tooLong.test(error.message));
}
