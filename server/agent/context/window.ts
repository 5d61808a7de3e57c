import type { Settings } from '../../resources/settings/settings.ts';
import { ModelError } from '../model.ts';
import { count, object } from '../providers/json.ts';

/** Tokens of a model's window: what its catalog says, an override first, else what the platform assumes. */
export function contextWindow(
  advanced: Record<string, unknown> | null | undefined,
  settings: Pick<Settings, 'context.compact.fallback_context_window_tokens'>,
): number {
  const catalog = object(object(advanced).available_catalog);
  return (
    count(catalog.context_length_override) || count(catalog.context_length) || settings['context.compact.fallback_context_window_tokens']
  );
}

const tooLong =
  /context.?(?:length|window)|maximum context|prompt is too long|too many tokens|input is too long|exceed\w{0,10} .{0,40}tokens/i;

/** Whether a provider refused a prompt because of its length: by status, by code, or in words. */
export function isOverflow(error: unknown): error is ModelError {
  if (!(error instanceof ModelError) || error.errorClass !== 'provider.non_retryable') return false;
  const { status_code: status, openai_error_code: code } = error.details;
  return status === 413 || code === 'context_length_exceeded' || (status === 400 && tooLong.test(error.message));
}
