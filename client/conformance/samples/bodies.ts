import { randomInt } from 'node:crypto';
import type { Params } from '../sample.ts';
import {
  asAdmin,
  flowTokenOf,
  memoizePerUser,
  otherAccountOf,
  post,
  type SampleContext,
  spareAccountOf,
  UncheckedReason,
  uniqueName,
} from './fixtures.ts';

/** A registration body. */
export const person = () => ({ login: uniqueName(), email: `${uniqueName()}@example.test`, password: 'Passw0rd-1' });

/** One plan for all subscriptions, because a plan that had one cannot be deleted. */
const planOf = memoizePerUser(async (maker) => (await post(maker, '/v1/plans', await bodies.NewPlan!(maker, {}))).id as string);

async function slugOf({ call, by }: SampleContext, { account_id: id }: Params): Promise<{ slug: string }> {
  const { body } = await call('GET', `/v1/accounts/${id}`, { token: by.token });
  return { slug: body.slug };
}

function passwordOf({ by: { login, password } }: SampleContext) {
  if (password === '') throw new UncheckedReason('needs a sign-in with a password');
  return { login, password };
}

/** A new skill, or the same one again. */
async function skillOf({ call, by }: SampleContext, { skill_id: id }: Params) {
  const name: string = id ? (await call('GET', `/v1/skills/${id}`, { token: by.token })).body.name : uniqueName();
  return { files: [{ path: 'SKILL.md', content: `---\nname: ${name}\ndescription: A sample.\n---\n\nDo nothing.\n` }] };
}

const hextet = () => randomInt(1, 0xffff).toString(16);
const hosted = { provider: 'openai', api_key: 'sk-sample-0001', base_url: 'https://models.example.test/v1' };

/** Well-formed, but made by no authenticator. */
const credential = { id: 'sample', rawId: 'sample', type: 'public-key' };

/** The smallest valid body by model, for models that do not accept `{}`, over HTTP. In alphabetical order. */
export const bodies: Record<string, (maker: SampleContext, params: Params) => unknown> = {
  AccountChanges: () => ({ name: uniqueName() }),
  AccountClosing: slugOf,
  AdminAccountChanges: () => ({ status: 'suspended' }),
  ApiKeyChanges: () => ({ name: uniqueName() }),
  ApiKeyRotation: () => ({ overlap_seconds: 0 }),
  AsrCredentialChanges: () => ({ name: uniqueName() }),
  BulkCreditAdjustment: () => ({ amount: 5 }),
  Credentials: passwordOf,
  CreditAdjustment: async ({ borrowUser }) => ({ account_id: (await borrowUser()).accountId, amount: 5 }),
  EditedMessage: () => ({ content: 'hi' }),
  EmailCodeRequest: async ({ borrowUser }) => ({ email: (await borrowUser()).email }),
  EmailConfigValues: () => ({ from: '', smtp_user: 'sample' }),
  FeatureFlagChanges: () => ({ description: 'changed' }),
  FlowCodeRequest: async (maker) => ({ flow_token: await flowTokenOf(maker, (await maker.borrowUser()).login) }),
  ForkRequest: async (maker, { thread_id: id }) => ({
    message_id: (await post(maker, `/v1/threads/${id}/messages`, { content: 'fork here' })).id,
  }),
  GatewayConfigChanges: () => ({ rate_limit_capacity: 500 }),
  IdentityLinkStart: async (maker) => ({
    identity_provider_id: (await post(asAdmin(maker), '/v1/admin/identity-providers', await bodies.NewIdentityProvider!(maker, {}))).id,
    current_password: passwordOf(maker).password,
  }),
  IdentityLinkToken: () => ({ link_token: 'sample' }),
  IdentityProviderChanges: () => ({ name: uniqueName() }),
  Identity: async ({ borrowUser }) => ({ identity: (await borrowUser()).login }),
  InviteCodeChanges: () => ({ max_uses: 5 }),
  JsonRpcMessage: () => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_threads', arguments: { limit: 1 } } }),
  LlmModelChanges: () => ({ priority: 7 }),
  LlmProviderChanges: () => ({ name: uniqueName() }),
  LoginCheck: async ({ borrowUser }) => ({ login: (await borrowUser()).login }),
  McpAuthorizationAnswer: () => ({ state: 'sample', code: 'sample' }),
  McpConfigChanges: () => ({ call_timeout_ms: 2_000 }),
  MeChanges: () => ({ timezone: 'Europe/Berlin' }),
  MemberChanges: () => ({ role: 'admin' }),
  McpPromptRequest: () => ({ name: 'sample' }),
  MemoryChanges: () => ({ content: `Prefers ${uniqueName()}` }),
  NewChatCompletion: () => ({ model: 'stub', messages: [{ role: 'user', content: 'Hello!' }] }),
  NewAccount: () => ({ slug: uniqueName(), name: uniqueName() }),
  NewApiKey: () => ({ name: uniqueName() }),
  NewAsrCredential: () => ({ name: uniqueName(), ...hosted, model: 'm' }),
  NewAttachment: () => undefined,
  NewWorkspaceFile: () => undefined,
  NewBroadcast: () => ({ type: 'sample', title: 'Sample', body: 'For everybody.', target: 'all' }),
  NewEntitlementOverride: async (maker) => ({
    ...{ account_id: await otherAccountOf(maker), key: uniqueName() },
    ...{ value: '1', value_type: 'integer' },
  }),
  NewFeatureFlag: () => ({ key: uniqueName(), default_value: false }),
  NewFlagOverride: async ({ borrowUser }) => ({ account_id: (await borrowUser()).accountId, enabled: true }),
  NewInvitation: () => ({ email: `${uniqueName()}@example.test`, role: 'member' }),
  NewIdentityProvider: () => ({ name: uniqueName(), issuer: `https://sso.example.test/${uniqueName()}`, client_id: 'sample' }),
  NewIpRule: () => ({ type: 'blocklist', cidr: `2001:db8::${hextet()}:${hextet()}/128` }),
  NewLlmModel: () => ({ model: uniqueName() }),
  NewLlmProvider: () => ({ name: uniqueName(), ...hosted }),
  NewMcpConfig: () => ({ name: uniqueName(), transport: 'streamable_http', url: 'https://mcp.example.test/mcp' }),
  NewMemory: () => ({ content: `Prefers ${uniqueName()}` }),
  NewMessage: () => ({ content: 'hi' }),
  NewPasskey: () => ({ name: uniqueName(), credential: { ...credential, response: { clientDataJSON: 'e30', attestationObject: 'oA' } } }),
  NewPersona: () => ({ persona_key: uniqueName(), version: '1', display_name: uniqueName(), prompt_md: 'Be a sample.' }),
  NewPlan: () => ({ name: uniqueName(), display_name: 'Sample', entitlements: [{ key: 'sample.key', value: '1', value_type: 'integer' }] }),
  NewProject: () => ({ name: uniqueName() }),
  NewRedemptionCodes: () => ({ count: 1, type: 'credits', value: '5' }),
  NewReport: () => ({ categories: ['inaccurate'] }),
  NewSchedule: () => ({ name: uniqueName(), cron: '0 9 * * 1-5', timezone: 'Europe/Berlin', input: 'Good morning!' }),
  NewServiceKey: () => ({ name: uniqueName(), scopes: ['platform.usage.read'] }),
  NewSubscription: async (maker) => ({
    ...{ account_id: await spareAccountOf(maker), plan_id: await planOf(asAdmin(maker)) },
    ...{ current_period_start: '2026-01-01T00:00:00Z', current_period_end: '2027-01-01T00:00:00Z' },
  }),
  NewTeam: () => ({ name: uniqueName() }),
  NewTeamMember: ({ by: { id } }) => ({ user_id: id, role: 'member' }),
  NewThread: () => ({ title: uniqueName() }),
  NewUser: () => person(),
  NewWebhookEndpoint: () => ({ url: 'https://receiver.example.test/hooks', events: ['run.completed', 'run.failed'] }),
  NewWebhookReplay: () => ({ since: '2026-01-01T00:00:00Z' }),
  PasskeyChanges: () => ({ name: uniqueName() }),
  PasskeyProof: () => ({ credential: { ...credential, response: { clientDataJSON: 'e30', authenticatorData: 'AA', signature: 'AA' } } }),
  PersonaChanges: () => ({ description: 'changed' }),
  PlanChanges: () => ({ display_name: 'Changed' }),
  ProviderAnswer: () => ({ state: 'sample', code: 'sample' }),
  PlatformSettingValue: () => ({ value: 'sample' }),
  ProjectChanges: () => ({ description: 'changed' }),
  Recording: () => undefined,
  RedemptionCodeChanges: () => ({ is_active: false }),
  RedemptionRequest: async (maker) => ({
    code: (await post(asAdmin(maker), '/v1/admin/redemption-codes/batch', await bodies.NewRedemptionCodes!(maker, {})))[0].code,
  }),
  RunInput: () => ({ content: 'go on' }),
  ScheduleChanges: () => ({ cron: '30 8 * * *' }),
  ServiceKeyChanges: () => ({ name: uniqueName() }),
  SharePassword: () => ({ password: 'Sample-Passw0rd' }),
  SkillChanges: () => ({ is_active: false }),
  SkillContent: skillOf,
  SubscriptionChanges: () => ({ current_period_end: '2028-01-01T00:00:00Z' }),
  TestEmail: () => ({ to: 'somebody@example.test' }),
  ThreadChanges: () => ({ title: 'renamed' }),
  ToolCredential: () => ({ api_key: 'tvly-sample-0001' }),
  UserChanges: () => ({ timezone: 'Europe/Berlin' }),
  WebhookEndpointChanges: () => ({ enabled: true }),
  WebhookTest: () => ({ event_type: 'run.completed' }),
};
