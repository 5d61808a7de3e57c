import type { LlmProvider } from './llmProviders.ts';

type Vendor = LlmProvider['provider'];
type Json = Readonly<Record<string, unknown>>;

/** The keys of `advanced_json` that the server sets itself in requests to a provider. */
export const reservedAdvancedKeys = {
  openai: ['model', 'instructions', 'messages', 'input', 'stream', 'stream_options', 'tools', 'tool_choice'],
  anthropic: ['model', 'messages', 'max_tokens', 'stream', 'tools', 'tool_choice', 'system'],
  gemini: [
    ...['model', 'contents', 'tools', 'toolConfig', 'tool_config', 'systemInstruction', 'system_instruction', 'continuationToken'],
    'continuation_token',
  ],
} as const satisfies Record<Vendor, readonly string[]>;

/** The entries of `advanced_json` that a provider does not accept: path and message. */
export function advancedJsonIssues(vendor: Vendor, advanced: Json): [path: string[], message: string][] {
  const keys = reservedAdvancedKeys[vendor]
    .filter((key) => Object.hasOwn(advanced, key))
    .map((key): [string[], string] => [[key], 'must not be set here']);
  if (vendor === 'anthropic') return [...keys, ...headerIssues(advanced)];
  if (vendor !== 'openai') return keys;
  if (!isImageTool(advanced.image_generation)) keys.push([['image_generation'], 'must be an object or a boolean']);
  if (!isPrice(advanced.image_usd)) keys.push([['image_usd'], 'must be a number from 0 to 1,000']);
  return keys;
}

const isImageTool = (value: unknown): boolean =>
  value === undefined || typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value));

const isPrice = (value: unknown) => value === undefined || (typeof value === 'number' && value >= 0 && value <= 1_000);

const isHeader = (value: unknown) => typeof value === 'string' && /^[\x20-\x7e]*[\x21-\x7e]$/.test(value);

function headerIssues({ anthropic_version: version, extra_headers: extra }: Json): [string[], string][] {
  const issues: [string[], string][] = [];
  if (version !== undefined && !isHeader(version)) issues.push([['anthropic_version'], 'must be a text']);
  if (extra === undefined) return issues;
  if (typeof extra !== 'object' || extra === null || Array.isArray(extra)) return [...issues, [['extra_headers'], 'must be an object']];
  for (const [name, value] of Object.entries(extra))
    if (name !== 'anthropic-beta') issues.push([['extra_headers', name], 'must not be set here']);
    else if (!isHeader(value)) issues.push([['extra_headers', name], 'must be a text']);
  return issues;
}
