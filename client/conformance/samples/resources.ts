import type { Params } from '../sample.ts';
import { bodies } from './bodies.ts';
import {
  asAdmin,
  erasureOf,
  formOf,
  invitationOf,
  memberOf,
  memoizePerUser,
  post,
  type SampleContext,
  spareAccountOf,
  UncheckedReason,
  uniqueName,
  workspaceOf,
} from './fixtures.ts';

const threadOf = async (maker: SampleContext): Promise<string> => {
  const { id } = await post(maker, '/v1/threads', { title: uniqueName() });
  await post(maker, `/v1/threads/${id}/messages`, { content: 'Hello!' });
  return id;
};
const runOf = async (maker: SampleContext): Promise<string> => (await post(maker, `/v1/threads/${await threadOf(maker)}/runs`)).run_id;
const madeAt =
  (path: string, model: string, field = 'id') =>
  async (maker: SampleContext, above: Params): Promise<string> =>
    (await post(maker, path, await bodies[model]!(maker, above)))[field];
const byAdmin =
  (make: (maker: SampleContext, above: Params) => Promise<string>) =>
  async (maker: SampleContext, above: Params): Promise<string> =>
    make(asAdmin(maker), above);
/** Signs the user in once more and returns the ID of the new session. */
async function sessionOf({ call, by: { login, password } }: SampleContext): Promise<string> {
  if (password === '') throw new UncheckedReason('needs a sign-in with a password');
  const { status, body } = await call('POST', '/v1/auth/login', { body: { login, password } });
  if (status !== 200) throw new UncheckedReason('the user cannot sign in again');
  const listed = await call('GET', '/v1/me/sessions', { token: body.access_token });
  return listed.body.find(({ is_current }: { is_current: boolean }) => is_current).id;
}
const codesOf = async (maker: SampleContext): Promise<string> =>
  (await post(asAdmin(maker), '/v1/admin/redemption-codes/batch', await bodies.NewRedemptionCodes!(maker, {})))[0].id;

const settingPath = '/v1/admin/platform-settings/title_summarizer.model';

const requireUnusedSetting = memoizePerUser(async ({ call, by }) => {
  const { status, body } = await call('GET', settingPath, { token: by.token });
  if (status === 200 && body.value !== 'sample') throw new UncheckedReason('title_summarizer.model has a value on this server');
});

/** Sets a platform setting that affects only the titles of threads, and returns its key. */
async function settingOf(anybody: SampleContext): Promise<string> {
  const maker = asAdmin(anybody);
  await requireUnusedSetting(maker);
  await maker.call('PUT', settingPath, { token: maker.by.token, body: { value: 'sample' } });
  return 'title_summarizer.model';
}

type ToolProviderList = { groups: { group_name: string; providers: { is_active: boolean; key_prefix: string | null }[] }[] };

/** The group of the provider whose credential the kit sets. A group that is in use is left alone. */
const unusedToolGroup = memoizePerUser(async ({ call, by }) => {
  const { body } = await call('GET', '/v1/tool-providers?scope=account', { token: by.token });
  const group = (body as ToolProviderList).groups.find(({ group_name }) => group_name === 'web_search');
  if (group?.providers.some(({ is_active, key_prefix }) => is_active || key_prefix !== null))
    throw new UncheckedReason('the account uses a provider of web_search');
  return 'web_search';
});

async function inviteCodeOf(maker: SampleContext): Promise<string> {
  const { call, by } = asAdmin(maker);
  const person = await maker.borrowUser();
  const { code } = (await call('GET', '/v1/me/invite-code', { token: person.token })).body;
  return (await call('GET', `/v1/admin/invite-codes?q=${code}`, { token: by.token })).body[0].id;
}

const providerOf = byAdmin(madeAt('/v1/admin/identity-providers', 'NewIdentityProvider'));

/** Creates the resource that a path parameter names, over HTTP, keyed by the path up to the parameter. In alphabetical order. */
export const resources: Record<string, (maker: SampleContext, above: Params) => Promise<string>> = {
  '/v1/account-invitations/{invitation_id}': async (maker) => (await invitationOf(maker)).id,
  '/v1/account-invitations/{token}': async (maker) => (await invitationOf(maker)).token,
  '/v1/accounts/{account_id}': workspaceOf,
  '/v1/accounts/{account_id}/members/{user_id}': memberOf,
  '/v1/admin/accounts/{account_id}': spareAccountOf,
  '/v1/admin/erasures/{erasure_id}': async (maker) => (await erasureOf(asAdmin(maker))).id,
  '/v1/admin/identity-providers/{identity_provider_id}': providerOf,
  '/v1/admin/invite-codes/{code_id}': inviteCodeOf,
  '/v1/admin/notifications/broadcasts/{broadcast_id}': byAdmin(madeAt('/v1/admin/notifications/broadcasts', 'NewBroadcast')),
  '/v1/admin/platform-settings/{key}': settingOf,
  '/v1/admin/redemption-codes/{code_id}': codesOf,
  '/v1/admin/runs/{run_id}': async (maker) => runOf({ ...maker, by: await maker.borrowUser() }),
  '/v1/admin/service-keys/{service_key_id}': byAdmin(madeAt('/v1/admin/service-keys', 'NewServiceKey')),
  '/v1/admin/users/{user_id}': async (maker) => (await maker.borrowUser()).id,
  '/v1/api-keys/{id}': madeAt('/v1/api-keys', 'NewApiKey'),
  '/v1/asr-credentials/{credential_id}': madeAt('/v1/asr-credentials', 'NewAsrCredential'),
  '/v1/attachments/{key...}': async (maker) =>
    (await post(maker, '/v1/attachments/stage', undefined, formOf('sample.txt', 'text/plain', 'sample'))).key,
  '/v1/auth/identity-providers/{identity_provider_id}': providerOf,
  '/v1/bootstrap/verify/{token}': async () => 'f'.repeat(64),
  '/v1/entitlement-overrides/{override_id}': byAdmin(madeAt('/v1/entitlement-overrides', 'NewEntitlementOverride')),
  '/v1/feature-flags/{key}': byAdmin(madeAt('/v1/feature-flags', 'NewFeatureFlag', 'key')),
  '/v1/feature-flags/{key}/account-overrides/{account_id}': byAdmin(async (maker, { key }) => {
    const { accountId } = await maker.borrowUser();
    await post(maker, `/v1/feature-flags/${key}/account-overrides`, { account_id: accountId, enabled: true });
    return accountId;
  }),
  '/v1/ip-rules/{rule_id}': madeAt('/v1/ip-rules', 'NewIpRule'),
  '/v1/llm-providers/{provider_id}': madeAt('/v1/llm-providers', 'NewLlmProvider'),
  '/v1/llm-providers/{provider_id}/models/{model_id}': async (maker, { provider_id: id }) =>
    (await post(maker, `/v1/llm-providers/${id}/models`, { model: uniqueName() })).id,
  '/v1/mcp-configs/{config_id}': madeAt('/v1/mcp-configs', 'NewMcpConfig'),
  '/v1/me/erasures/{erasure_id}': async (maker) => (await erasureOf(maker)).id,
  '/v1/me/identities/{identity_id}': async () => {
    throw new UncheckedReason('needs an identity provider');
  },
  '/v1/me/passkeys/{passkey_id}': async () => {
    throw new UncheckedReason('needs a passkey');
  },
  '/v1/me/sessions/{session_id}': sessionOf,
  '/v1/memories/{memory_id}': madeAt('/v1/memories', 'NewMemory'),
  '/v1/models/{model...}': async (maker) => {
    const { id } = await post(maker, '/v1/llm-providers', await bodies.NewLlmProvider!(maker, {}));
    return (await post(maker, `/v1/llm-providers/${id}/models`, { model: uniqueName() })).model;
  },
  '/v1/personas/{persona_id}': madeAt('/v1/personas', 'NewPersona'),
  '/v1/plans/{plan_id}': byAdmin(madeAt('/v1/plans', 'NewPlan')),
  '/v1/projects/{project_id}': madeAt('/v1/projects', 'NewProject'),
  '/v1/runs/{run_id}': runOf,
  '/v1/s/{token}': async (maker) =>
    (await post(maker, `/v1/threads/${await threadOf(maker)}:share`, { access_type: 'password', password: 'Sample-Passw0rd' })).token,
  '/v1/schedules/{schedule_id}': madeAt('/v1/schedules', 'NewSchedule'),
  '/v1/skills/{skill_id}': madeAt('/v1/skills', 'SkillContent'),
  '/v1/subscriptions/{subscription_id}': byAdmin(madeAt('/v1/subscriptions', 'NewSubscription')),
  '/v1/teams/{team_id}': madeAt('/v1/teams', 'NewTeam'),
  '/v1/teams/{team_id}/members/{user_id}': async (maker, { team_id: id }) => {
    await post(maker, `/v1/teams/${id}/members`, { user_id: maker.by.id, role: 'member' });
    return maker.by.id;
  },
  '/v1/threads/{thread_id}': threadOf,
  '/v1/threads/{thread_id}/messages/{message_id}': async (maker, { thread_id: id }) =>
    (await post(maker, `/v1/threads/${id}/messages`, { content: 'hi' })).id,
  '/v1/tool-providers/{group}': unusedToolGroup,
  '/v1/tool-providers/{group}/{provider}': async () => 'web_search.tavily',
  '/v1/webhook-endpoints/{endpoint_id}': madeAt('/v1/webhook-endpoints', 'NewWebhookEndpoint'),
};
