import { ApiKeyLimits, type NewApiKey } from '../../../contract/apiKeys.ts';
import type { IdentityProviderChanges } from '../../../contract/identityProviders.ts';
import type { McpConfigChanges } from '../../../contract/mcpConfigs.ts';
import type { NewServiceKey } from '../../../contract/serviceKeys.ts';
import type { SecretRotation, WebhookEndpointChanges } from '../../../contract/webhooks.ts';
import { setSkillContent } from '../agents/skills.ts';
import type { Context } from '../context.ts';
import { deriveModel, removeModel } from '../integrations/models.ts';
import { keyPrefixOf, setKeyProperties } from '../keys/secrets.ts';
import { resourceType } from '../resourceTypes.ts';
import { deriveSchedule } from '../runs/schedules.ts';
import type { Json } from '../state.ts';
import { addAccount } from './people.ts';

const accounts = resourceType('/v1/accounts');
const signInProviders = resourceType('/v1/auth/identity-providers');
const adminAccounts = resourceType('/v1/admin/accounts');
const day = 86_400_000;
const blankless = (text: unknown) => (typeof text === 'string' && text.trim() ? text : null);

const graceEnd = ({ time }: Context['engine'], { grace_period_seconds: seconds }: SecretRotation) =>
  seconds === 0 ? null : time(seconds * 1000);

/** The part of a stored API key that is shown. */
function deriveKey(value: Json, { body }: Context) {
  const { api_key: key } = Object(body) as { api_key?: string };
  if (key !== undefined) value.key_prefix = [...key].slice(0, 8).join('');
}

const noLimits = Object.fromEntries(Object.keys(ApiKeyLimits.shape).map((name) => [name, null]));

/** Derived fields of new and changed resources, by the path of the list. */
const derivedFields: Record<string, (value: Json, context: Context) => void> = {
  '/v1/accounts': (value, { operation }) => {
    if (operation.id === 'accounts.create') Object.assign(value, { type: 'workspace', role: 'admin' });
  },
  '/v1/accounts/{account_id}/invitations': (value, { engine }) => Object.assign(value, { expires_at: engine.time(7 * day) }),
  '/v1/admin/users': (value, { engine, body }) => {
    const { email_verified: asked } = Object(body) as { email_verified?: boolean };
    if (asked !== undefined) value.email_verified_at = asked ? (value.email_verified_at ?? engine.time()) : null;
  },
  '/v1/api-keys': (value, { engine, body }) => {
    const { expires_at = null, limits, models = null } = Object(body) as NewApiKey;
    setKeyProperties(value, { expires_at, limits: { ...noLimits, ...limits } }, engine.now());
    Object.assign(value, { models: models && [...new Set(models)].sort(), previous_secret_expires_at: null });
    value.inherits_permissions = (Object(body) as NewApiKey).scopes == null;
    value.key_prefix = keyPrefixOf(value.key, 'al_');
  },
  '/v1/admin/identity-providers': (value, { operation, body }) => {
    const { client_secret: secret, scopes } = Object(body) as IdentityProviderChanges;
    if (secret !== undefined || operation.id === 'identityProviders.create') value.has_client_secret = Boolean(secret);
    if (scopes) value.scopes = [...new Set(['openid', ...scopes])];
  },
  '/v1/admin/service-keys': (value, { engine, body }) => {
    const { scopes, expires_at = null, allowed_addresses = null, requests_per_minute } = Object(body) as NewServiceKey;
    setKeyProperties(value, { expires_at, allowed_addresses, requests_per_minute }, engine.now());
    Object.assign(value, { scopes: [...new Set(scopes)].sort(), is_active: true, previous_secret_expires_at: null });
    value.key_prefix = keyPrefixOf(value.key, 'als_');
  },
  '/v1/feature-flags/{key}/account-overrides': (value, { loaded }) => Object.assign(value, { flag_key: loaded.key?.value.key }),
  '/v1/asr-credentials': deriveKey,
  '/v1/feature-flags': (value, { operation }) => {
    if (operation.id === 'featureFlags.create') value.supports_account_overrides = true;
  },
  '/v1/llm-providers': (value, context) => {
    deriveKey(value, context);
    value.advanced_json ??= {};
  },
  '/v1/llm-providers/{provider_id}/models': deriveModel,
  '/v1/mcp-configs': (value, { operation, body }) => {
    const { bearer_token: token } = Object(body) as McpConfigChanges;
    if (token !== undefined) value.has_auth = Boolean(token);
    if (operation.id === 'mcpConfigs.create') value.authorization = 'none';
    if (operation.id === 'mcpConfigs.completeAuthorization') value.authorization = 'authorized';
  },
  '/v1/personas': (value) => Object.assign(value, { source: 'custom', executor_type: value.executor_type ?? 'agent.simple' }),
  '/v1/plans': (value, { engine, body }) => {
    const { entitlements } = Object(body) as { entitlements?: Json[] };
    const withId = (each: Json) => ({ id: engine.fakes.id(engine.now()), ...each });
    if (entitlements) value.entitlements = entitlements.toSorted((a, b) => (`${a.key}` < `${b.key}` ? -1 : 1)).map(withId);
  },
  '/v1/schedules': deriveSchedule,
  '/v1/skills': setSkillContent,
  '/v1/threads': (value, { engine, body }) => {
    value.title = blankless(value.title);
    const { archived } = Object(body) as { archived?: boolean };
    if (archived !== undefined || value.archived_at === undefined)
      value.archived_at = archived ? (value.archived_at ?? engine.time()) : null;
    value.expires_at = value.is_private ? (value.expires_at ?? engine.time(day)) : null;
  },
  '/v1/threads/{thread_id}:share': (value) =>
    Object.assign(value, { url: `/s/${value.token}`, has_password: value.access_type === 'password' }),
  '/v1/webhook-endpoints': (value, { engine, operation, body }) => {
    const { filter, headers } = Object(body) as WebhookEndpointChanges;
    value.events = [...new Set(value.events as string[])];
    if (operation.id === 'webhookEndpoints.create' || filter) value.filter = { project_ids: [], persona_ids: [], ...filter };
    if (operation.id === 'webhookEndpoints.create' || headers) {
      value.headers = headers ?? {};
      value.header_names = Object.keys(headers ?? {}).map((name) => name.toLowerCase());
    }
    value.disabled_reason = value.enabled ? null : (value.disabled_reason ?? 'manual');
    // Only this operation has `grace_period_seconds`.
    if (operation.id === 'webhookEndpoints.rotateSecret')
      value.previous_secret_expires_at = graceEnd(engine, body as unknown as SecretRotation);
    if (typeof value.signing_secret === 'string') value.secret_prefix = value.signing_secret.slice(0, 10);
  },
};

/** Sets the derived fields. */
export const setDerivedFields = (kind: string, value: Json, context: Context) => derivedFields[kind]?.(value, context);

/** Unique fields per owner, with the reason of the 409, by operation. */
export const uniqueFields: Readonly<Record<string, readonly [field: string, reason: string]>> = {
  'accounts.create': ['slug', 'slug_taken'],
  'asrCredentials.create': ['name', 'name_conflict'],
  'featureFlags.create': ['key', 'flag_exists'],
  'identityProviders.create': ['issuer', 'issuer_taken'],
  'llmProviders.create': ['name', 'name_conflict'],
  'mcpConfigs.create': ['name', 'name_conflict'],
  'personas.create': ['persona_key', 'persona_conflict'],
  'plans.create': ['name', 'plan_name_taken'],
  'skills.create': ['name', 'name_conflict'],
};

const countMember = (by: number, { loaded }: Context) => {
  const team = loaded.team_id!.value as { members_count: number };
  team.members_count += by;
};

/** Side effects on other resources, by operation. */
export const sideEffects: Record<string, (value: Json, context: Context) => void> = {
  'accounts.create': (value, { engine, caller }) => addAccount(engine.state, caller!.user, value),
  'accounts.delete': ({ id }, { engine }) => {
    for (const kind of [accounts, adminAccounts]) engine.state.remove(kind, ({ value }) => value.id === id);
  },
  'identityProviders.create': ({ id, name }, { engine }) =>
    engine.state.add(signInProviders, { owner: 'platform', parents: {}, value: { id, name } }),
  'identityProviders.delete': ({ id }, { engine }) => engine.state.remove(signInProviders, ({ value }) => value.id === id),
  'llmModels.delete': removeModel,
  'teams.addMember': (_, context) => countMember(1, context),
  'teams.removeMember': (_, context) => countMember(-1, context),
};
