import { advancedJsonIssues } from '../../../contract/advancedJson.ts';
import type { LlmProvider } from '../../../contract/llmProviders.ts';
import type { Issue } from '../../../contract/shared/errors.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import { jsonPointer } from '../../../contract/shared/input.ts';
import { trimEnd } from '../../../contract/shared/text.ts';
import { invalid, invalidField } from '../../platform/failure.ts';
import { type OutboundClient, OutboundDenied } from '../../platform/outbound/outbound.ts';

type Kind = LlmProvider['provider'];
type Json = Record<string, unknown>;

/** Throws 400 `advanced_json_key_denied` for keys of `advanced_json` that the server sets itself. */
export function checkAdvancedJson(kind: Kind, advanced: Json | null | undefined): void {
  const problems = advancedJsonIssues(kind, advanced ?? {});
  const issues = problems.map(([path, message]): Issue => ({ location: 'body', path: jsonPointer(['advanced_json', ...path]), message }));
  if (issues.length > 0) throw invalid(issues, 'advanced_json_key_denied');
}

/** Only OpenAI has API modes. */
export function checkApiMode(kind: Kind, mode: LlmProvider['openai_api_mode'] | undefined): void {
  if (kind !== 'openai' && mode) throw invalidField('/openai_api_mode', 'is only for provider openai', inconsistentValues.reason);
}

/**
 * Returns a base URL as it is stored. Its addresses are checked at every request, because the addresses of a host name can change. Throws
 * 400 `port_denied`.
 */
export function readBaseUrl(outbound: OutboundClient, text: string | null | undefined): string | null {
  const url = readInternalBaseUrl(outbound, text);
  if (url === null) return null;
  try {
    outbound.checkPort(new URL(url));
    return url;
  } catch (error) {
    throw error instanceof OutboundDenied ? invalidField('/base_url', error.message, error.reason) : error;
  }
}

/** Like `readBaseUrl`, for a back end that may be in the internal network of the platform, on any port. */
export function readInternalBaseUrl(outbound: OutboundClient, text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null;
  try {
    outbound.check(text, 'internal');
  } catch (error) {
    if (error instanceof OutboundDenied) throw invalidField('/base_url', error.message, error.reason);
    throw error;
  }
  if (text.includes('?')) throw invalidField('/base_url', 'The URL must not contain a query.', 'query_denied');
  return trimEnd(text, '/');
}
