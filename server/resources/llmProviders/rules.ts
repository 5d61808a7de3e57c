import type { LlmProvider } from '../../../contract/llmProviders.ts';
import type { Issue } from '../../../contract/shared/errors.ts';
import { pointer } from '../../../contract/shared/input.ts';
import { trimEnd } from '../../../contract/shared/trim.ts';
import { anthropicDeniedKeys } from '../../agent/providers/anthropic.ts';
import { openAiDeniedKeys } from '../../agent/providers/openAi.ts';
import { invalid, invalidField } from '../../kernel/failure.ts';
import { type Outbound, OutboundDenied } from '../../kernel/outbound.ts';

type Kind = LlmProvider['provider'];
type Json = Record<string, unknown>;

const denied = { openai: openAiDeniedKeys, anthropic: anthropicDeniedKeys } as const satisfies Record<Kind, readonly string[]>;

/** Refuses the keys of `advanced_json` that the server writes itself: 400 `advanced_json_key_denied`. */
export function checkAdvanced(kind: Kind, advanced: Json | null | undefined): void {
  const problems = advancedProblems(kind, advanced ?? {});
  const issues = problems.map(([path, message]): Issue => ({ location: 'body', path: pointer(['advanced_json', ...path]), message }));
  if (issues.length > 0) throw invalid(issues, 'advanced_json_key_denied');
}

/** What a kind of provider would not take in `advanced_json`: where, and why. */
export function advancedProblems(kind: Kind, advanced: Json): [path: string[], message: string][] {
  const keys = denied[kind].filter((key) => Object.hasOwn(advanced, key)).map((key): [string[], string] => [[key], 'must not be set here']);
  return kind === 'anthropic' ? [...keys, ...headerProblems(advanced)] : keys;
}

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

/** The API mode exists at OpenAI only. */
export function checkApiMode(kind: Kind, mode: LlmProvider['openai_api_mode'] | undefined): void {
  if (kind !== 'openai' && mode) throw invalidField('/openai_api_mode', 'is only for provider openai');
}

/** A base URL as it is stored. Which addresses it may lead to is asked at every request, because names change their address. Throws 400 `port_denied`. */
export function readBaseUrl(outbound: Outbound, text: string | null | undefined): string | null {
  const url = readAnyBaseUrl(outbound, text);
  if (url === null) return null;
  try {
    outbound.checkPort(new URL(url));
    return url;
  } catch (error) {
    throw error instanceof OutboundDenied ? invalidField('/base_url', error.message, error.reason) : error;
  }
}

/** The same of a back end that may be in the network of the platform, on any port. */
export function readAnyBaseUrl(outbound: Outbound, text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null;
  try {
    outbound.check(text, 'internal');
  } catch (error) {
    if (error instanceof OutboundDenied) throw invalidField('/base_url', error.message);
    throw error;
  }
  if (text.includes('?')) throw invalidField('/base_url', 'The URL must not contain a query.');
  return trimEnd(text, '/');
}
