import type { LlmProvider } from '../../../contract/llmProviders.ts';
import type { Issue } from '../../../contract/shared/errors.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import { jsonPointer } from '../../../contract/shared/input.ts';
import { trimEnd } from '../../../contract/shared/trim.ts';
import { anthropicDeniedKeys } from '../../models/anthropic/anthropic.ts';
import { geminiDeniedKeys } from '../../models/gemini/gemini.ts';
import { openAiDeniedKeys } from '../../models/openai/openAi.ts';
import { invalid, invalidField } from '../../platform/failure.ts';
import { type OutboundClient, OutboundDenied } from '../../platform/outbound/outbound.ts';

type Kind = LlmProvider['provider'];
type Json = Record<string, unknown>;

const denied = {
  openai: openAiDeniedKeys,
  anthropic: anthropicDeniedKeys,
  gemini: geminiDeniedKeys,
} as const satisfies Record<Kind, readonly string[]>;

/** Throws 400 `advanced_json_key_denied` for keys of `advanced_json` that the server sets itself. */
export function checkAdvancedJson(kind: Kind, advanced: Json | null | undefined): void {
  const problems = advancedJsonIssues(kind, advanced ?? {});
  const issues = problems.map(([path, message]): Issue => ({ location: 'body', path: jsonPointer(['advanced_json', ...path]), message }));
  if (issues.length > 0) throw invalid(issues, 'advanced_json_key_denied');
}

/** The entries of `advanced_json` that a kind of provider does not accept: path and message. */
export function advancedJsonIssues(kind: Kind, advanced: Json): [path: string[], message: string][] {
  const keys = denied[kind].filter((key) => Object.hasOwn(advanced, key)).map((key): [string[], string] => [[key], 'must not be set here']);
  if (kind === 'anthropic') return [...keys, ...headerProblems(advanced)];
  if (kind !== 'openai') return keys;
  if (!isImageTool(advanced.image_generation)) keys.push([['image_generation'], 'must be an object or a boolean']);
  if (!isPrice(advanced.image_usd)) keys.push([['image_usd'], 'must be a number from 0 to 1,000']);
  return keys;
}

const isImageTool = (value: unknown): boolean =>
  value === undefined || typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value));

const isPrice = (value: unknown) => value === undefined || (typeof value === 'number' && value >= 0 && value <= 1_000);

const isHeader = (value: unknown) => typeof value === 'string' && /^[\x20-\x7e]*[\x21-\x7e]$/.test(value);

function headerProblems({ anthropic_version: version, extra_headers: extra }: Json): [string[], string][] {
  const problems: [string[], string][] = [];
  if (version !== undefined && !isHeader(version)) problems.push([['anthropic_version'], 'must be a text']);
  if (extra === undefined) return problems;
  if (typeof extra !== 'object' || extra === null || Array.isArray(extra)) return [...problems, [['extra_headers'], 'must be an object']];
  for (const [name, value] of Object.entries(extra))
    if (name !== 'anthropic-beta') problems.push([['extra_headers', name], 'must not be set here']);
    else if (!isHeader(value)) problems.push([['extra_headers', name], 'must be a text']);
  return problems;
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
