import { windowOf } from '../../models/known/window.ts';
import { ModelError } from '../../models/model.ts';
import type { ResolvedRoute } from '../../models/route.ts';
import type { Settings } from '../../resources/settings/settings.ts';

/** Context window of a model in tokens, or the platform default. */
export const contextWindow = (route: ResolvedRoute, settings: Pick<Settings, 'context.compact.fallback_context_window_tokens'>): number =>
  windowOf(route) ?? settings['context.compact.fallback_context_window_tokens'];

const tooLong =
  /context.?(?:length|window)|maximum context|prompt is too long|too many tokens|input is too long|exceed\w{0,10} .{0,40}tokens/i;

/** Whether a provider rejected a prompt for its length: by status, by error code, or by message. */
export function isOverflow(error: unknown): error is ModelError {
  if (!(error instanceof ModelError) || error.errorClass !== 'provider.non_retryable') return false;
  const { status_code: status, openai_error_code: code } = error.details;
  return status === 413 || code === 'context_length_exceeded' || (status === 400 && tooLong.test(error.message));
}
