import { advancedJsonIssues } from '../../../contract/advancedJson.ts';
import type { AsrCredential, AsrCredentialChanges } from '../../../contract/asr.ts';
import type { IdentityProvider, IdentityProviderChanges } from '../../../contract/identityProviders.ts';
import type { LlmModel, LlmProvider, LlmProviderChanges, NewLlmProvider } from '../../../contract/llmProviders.ts';
import type { McpConfig, McpConfigChanges, NewMcpConfig } from '../../../contract/mcpConfigs.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import { jsonPointer } from '../../../contract/shared/input.ts';
import { trimEnd } from '../../../contract/shared/text.ts';
import { isDeniedHeader } from '../../../contract/webhookHeaders.ts';
import type { WebhookEndpoint, WebhookEndpointChanges } from '../../../contract/webhooks.ts';
import type { Context } from '../context.ts';
import { apiError, invalid, invalidField } from '../http/errors.ts';
import { checkUrl, readBaseUrl, requireSecretForMove } from '../http/outboundUrls.ts';

type Vendor = LlmProvider['provider'];
type Check = (context: Context, stored: object) => void;

function checkAdvancedJson(vendor: Vendor, advanced: Record<string, unknown> | null | undefined): void {
  const issues = advancedJsonIssues(vendor, advanced ?? {}).map(
    ([path, message]) => ({ location: 'body', path: jsonPointer(['advanced_json', ...path]), message }) as const,
  );
  if (issues.length > 0) throw invalid(issues, {}, 'advanced_json_key_denied');
}

/** Replaces the base URL of the body by its stored form. */
function readUrlOf(body: { base_url?: string | null | undefined }): string | null | undefined {
  if (typeof body.base_url === 'string') body.base_url = readBaseUrl(body.base_url);
  return body.base_url;
}

function checkProviderChanges(changes: LlmProviderChanges, stored: LlmProvider) {
  const url = readUrlOf(changes);
  const {
    provider = stored.provider,
    openai_api_mode: mode = stored.openai_api_mode,
    advanced_json: advanced = stored.advanced_json,
  } = changes;
  if (provider !== 'openai' && mode) throw invalidField('/openai_api_mode', 'is only for provider openai', inconsistentValues.reason);
  checkAdvancedJson(provider, advanced);
  const fits = ({ advanced_json: each }: LlmModel) => advancedJsonIssues(provider, each ?? {}).length === 0;
  if (changes.provider !== undefined && !stored.models.every(fits))
    throw invalidField('/provider', 'would not take the advanced_json of a model under it', 'advanced_json_key_denied');
  if (changes.api_key === undefined)
    requireSecretForMove('/api_key', {
      from: { url: stored.base_url, vendor: stored.provider },
      to: { url: url === undefined ? stored.base_url : url, vendor: provider },
    });
}

const isGiven = (value: unknown) =>
  Array.isArray(value) ? value.length > 0 : typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);

/** Throws for fields that the transport does not support, and for `needed` if it is missing. */
function checkTransport(
  { caller }: Context,
  transport: McpConfig['transport'],
  fields: { [Name in keyof NewMcpConfig]?: NewMcpConfig[Name] | undefined },
  needed: 'url' | 'command' | undefined,
) {
  if (transport === 'stdio' && !caller?.user.isAdmin)
    throw apiError('forbidden', 'stdio_requires_platform_admin', 'Only an admin of the platform may have programs run.');
  const foreign = transport === 'stdio' ? (['url', 'bearer_token'] as const) : (['command', 'args', 'cwd', 'env'] as const);
  const issue = (name: string, message: string) => ({ location: 'body', path: `/${name}`, message }) as const;
  const issues = foreign.filter((name) => isGiven(fields[name])).map((name) => issue(name, `is not for transport ${transport}`));
  if (needed && !isGiven(fields[needed])) issues.push(issue(needed, `is needed for transport ${transport}`));
  if (issues.length > 0) throw invalid(issues, {}, inconsistentValues.reason);
}

function checkServer(context: Context, input: NewMcpConfig) {
  const { transport, command, url } = input;
  checkTransport(context, transport, input, transport === 'stdio' ? 'command' : 'url');
  if (transport === 'stdio' && command && (command.includes('\0') || (!command.startsWith('/') && /[/\\]/.test(command))))
    throw invalidField('/command', 'must be the name of a program or an absolute path', 'invalid_command');
  if (url) checkUrl('/url', url, 'web');
}

function checkServerChanges(context: Context, changes: McpConfigChanges, { transport, has_auth: hasAuth, url: from }: McpConfig) {
  checkTransport(context, transport, changes, transport !== 'stdio' && changes.url !== undefined ? 'url' : undefined);
  const { url, bearer_token: token } = changes;
  if (!url) return;
  checkUrl('/url', url, 'web');
  if (hasAuth && token === undefined) requireSecretForMove('/bearer_token', { from: { url: from }, to: { url } });
}

function checkIssuer({ issuer, internal_network: isInternal }: IdentityProviderChanges, stored?: IdentityProvider) {
  const url = issuer ?? stored!.issuer;
  checkUrl('/issuer', url, (isInternal ?? stored?.internal_network) ? 'internal' : 'https');
  if (url.includes('?')) throw invalidField('/issuer', 'The URL must not contain a query.', 'query_denied');
}

/** Replaces the URL of the body by its stored form. */
function checkEndpoint(body: WebhookEndpointChanges) {
  if (body.url !== undefined) {
    checkUrl('/url', body.url, 'https');
    body.url = new URL(body.url).href;
  }
  const names = new Set<string>();
  for (const given of Object.keys(body.headers ?? {})) {
    const name = given.toLowerCase();
    const path = jsonPointer(['headers', given]);
    if (isDeniedHeader(name)) throw invalidField(path, 'is set by the server or the connection', 'header_denied');
    if (names.has(name)) throw invalidField(path, 'is named twice', 'duplicate_header');
    names.add(name);
  }
}

/** Rows that a test has added can have any text. */
function receiverOf(text: string): string {
  if (!URL.canParse(text)) return text;
  const { origin, pathname } = new URL(text);
  return origin + pathname;
}

/** Replaces the domains of the body by their stored form. */
function readDomains(body: IdentityProviderChanges) {
  if (!body.allowed_email_domains) return;
  const typed = body.allowed_email_domains;
  const domains = typed.map((text) => (URL.canParse(`http://${text}`) ? trimEnd(new URL(`http://${text}`).hostname, '.') : text));
  const isDomain = (text: string) => text.split('.').every((part) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(part));
  const issues = domains.flatMap((text, at) =>
    isDomain(text) ? [] : [{ location: 'body', path: `/allowed_email_domains/${at}`, message: 'must be a domain' } as const],
  );
  if (issues.length > 0) throw invalid(issues, {}, 'invalid_domain');
  body.allowed_email_domains = [...new Set(domains)].sort();
}

const modelCheck: Check = ({ loaded, body }) =>
  checkAdvancedJson(
    (loaded.provider_id!.value as LlmProvider).provider,
    (body as { advanced_json?: LlmModel['advanced_json'] }).advanced_json,
  );

// Safe casts: the contract has validated the body of the operation.
const checks: Readonly<Record<string, Check>> = {
  'llmProviders.create': ({ body }) => {
    const { provider, advanced_json: advanced } = body as unknown as NewLlmProvider;
    checkAdvancedJson(provider, advanced);
    readUrlOf(body as unknown as NewLlmProvider);
  },
  'llmProviders.update': ({ body }, stored) => checkProviderChanges(body as LlmProviderChanges, stored as LlmProvider),
  'llmModels.create': modelCheck,
  'llmModels.update': modelCheck,
  'asrCredentials.create': ({ body }) => void readUrlOf(body as AsrCredentialChanges),
  'asrCredentials.update': ({ body }, stored) => {
    const changes = body as AsrCredentialChanges;
    const url = readUrlOf(changes);
    if (url !== undefined && changes.api_key === undefined)
      requireSecretForMove('/api_key', { from: { url: (stored as AsrCredential).base_url }, to: { url } });
  },
  'mcpConfigs.create': (context) => checkServer(context, context.body as unknown as NewMcpConfig),
  'mcpConfigs.update': (context, stored) => checkServerChanges(context, context.body as McpConfigChanges, stored as McpConfig),
  'identityProviders.create': ({ body }) => {
    checkIssuer(body as IdentityProviderChanges);
    readDomains(body as IdentityProviderChanges);
  },
  'identityProviders.update': ({ body }, stored) => {
    const { issuer, client_secret: secret, internal_network: isInternal } = body as IdentityProviderChanges;
    const before = stored as IdentityProvider;
    if (issuer !== undefined || isInternal !== undefined) checkIssuer({ issuer, internal_network: isInternal }, before);
    readDomains(body as IdentityProviderChanges);
    if (issuer !== undefined && issuer !== before.issuer && before.has_client_secret && secret === undefined)
      throw invalidField('/client_secret', 'is needed again for another issuer', 'client_secret_required');
  },
  'webhookEndpoints.create': ({ body }) => checkEndpoint(body as WebhookEndpointChanges),
  'webhookEndpoints.update': ({ body }, stored) => {
    const changes = body as WebhookEndpointChanges;
    checkEndpoint(changes);
    // Headers hold secrets: those of another receiver are removed.
    const isMoved = changes.url !== undefined && receiverOf(changes.url) !== receiverOf((stored as WebhookEndpoint).url);
    if (isMoved) changes.headers ??= {};
  },
};

/** Throws for URLs that the server does not call, settings that a vendor does not take, and secrets that are needed again. */
export function checkIntegration(context: Context): void {
  const { operation, loaded } = context;
  checks[operation.id]?.(context, Object.values(loaded).at(-1)?.value ?? {});
}
