import type { Params } from '../sample.ts';
import { asAdmin, type Maker, name, post, Unchecked, workspaceOf } from './make.ts';

const person = () => ({ login: name(), email: `${name()}@example.test`, password: 'Passw0rd-1' });

async function planFor(maker: Maker): Promise<string> {
  return (await post(asAdmin(maker), '/v1/plans', await bodies.NewPlan!(maker, {}))).id;
}

async function slugOf(maker: Maker): Promise<{ slug: string }> {
  const { body } = await maker.call('GET', `/v1/accounts/${await workspaceOf(maker)}`, { token: maker.by.token });
  return { slug: body.slug };
}

function passwordOf({ by: { login, password } }: Maker) {
  if (password === '') throw new Unchecked('needs a sign-in with a password');
  return { login, password };
}

/** The smallest good body, by the name of its model, where `{}` is none, in alphabetical order. */
export const bodies: Record<string, (maker: Maker, params: Params) => unknown> = {
  AccountChanges: () => ({ name: name() }),
  AccountClosing: slugOf,
  AccountStatusChange: () => ({ status: 'active' }),
  AsrCredentialChanges: () => ({ name: name() }),
  Credentials: passwordOf,
  CreditAdjustment: async ({ somebody }) => ({ account_id: (await somebody()).accountId, amount: 5 }),
  EditedMessage: () => ({ content: 'hi' }),
  EmailCodeRequest: async ({ somebody }) => ({ email: (await somebody()).email }),
  FeatureFlagChanges: () => ({ description: 'changed' }),
  FlowCodeRequest: async ({ call, somebody }) => {
    const { body } = await call('POST', '/v1/auth/resolve', { body: { identity: (await somebody()).login } });
    return { flow_token: body.flow_token };
  },
  ForkRequest: async (maker, { thread_id: id }) => ({
    message_id: (await post(maker, `/v1/threads/${id}/messages`, { content: 'fork here' })).id,
  }),
  Identity: async ({ somebody }) => ({ identity: (await somebody()).login }),
  InviteCodeChanges: () => ({ max_uses: 5 }),
  LlmModelChanges: () => ({ priority: 7 }),
  LlmProviderChanges: () => ({ name: name() }),
  LoginCheck: async ({ somebody }) => ({ login: (await somebody()).login }),
  McpConfigChanges: () => ({ call_timeout_ms: 2_000 }),
  MeChanges: () => ({ timezone: 'Europe/Berlin' }),
  MemberChanges: () => ({ role: 'admin' }),
  NewAccount: () => ({ slug: name(), name: name() }),
  NewApiKey: () => ({ name: name() }),
  NewAsrCredential: () => ({ name: name(), provider: 'openai', api_key: 'sk-sample-0001', model: 'm' }),
  NewAttachment: () => undefined,
  NewEntitlementOverride: async ({ somebody }) => ({
    ...{ account_id: (await somebody()).accountId, key: name() },
    ...{ value: '1', value_type: 'integer' },
  }),
  NewFeatureFlag: () => ({ key: name(), default_value: false }),
  NewFlagOverride: async ({ somebody }) => ({ account_id: (await somebody()).accountId, enabled: true }),
  NewInvitation: () => ({ email: `${name()}@example.test`, role: 'member' }),
  NewIpRule: () => ({ type: 'blocklist', cidr: `2001:db8::${crypto.randomUUID().slice(0, 4)}:${crypto.randomUUID().slice(0, 4)}/128` }),
  NewLlmModel: () => ({ model: name() }),
  NewLlmProvider: () => ({ name: name(), provider: 'openai', api_key: 'sk-sample-0001', base_url: 'https://models.example.test/v1' }),
  NewMcpConfig: () => ({ name: name(), transport: 'streamable_http', url: 'https://mcp.example.test/mcp' }),
  NewMessage: () => ({ content: 'hi' }),
  NewPersona: () => ({ persona_key: name(), version: '1', display_name: name(), prompt_md: 'Be a sample.' }),
  NewPlan: () => ({ name: name(), display_name: 'Sample', entitlements: [] }),
  NewProject: () => ({ name: name() }),
  NewRedemptionCodes: () => ({ count: 1, type: 'credits', value: '5' }),
  NewReport: () => ({ categories: ['inaccurate'] }),
  NewSubscription: async (maker) => ({
    ...{ account_id: (await maker.somebody()).accountId, plan_id: await planFor(maker) },
    ...{ current_period_start: '2026-01-01T00:00:00Z', current_period_end: '2027-01-01T00:00:00Z' },
  }),
  NewTeam: () => ({ name: name() }),
  NewTeamMember: ({ by: { id } }) => ({ user_id: id, role: 'member' }),
  NewThread: () => ({ title: name() }),
  NewUser: () => person(),
  NewWebhookEndpoint: () => ({ url: 'https://receiver.example.test/hooks', events: ['run.completed'] }),
  PersonaChanges: () => ({ description: 'changed' }),
  PlanChanges: () => ({ display_name: 'Changed' }),
  PlatformSettingValue: () => ({ value: 'sample' }),
  ProjectChanges: () => ({ description: 'changed' }),
  RedemptionCodeChanges: () => ({ is_active: false }),
  RedemptionRequest: async (maker) => ({
    code: (await post(asAdmin(maker), '/v1/admin/redemption-codes/batch', await bodies.NewRedemptionCodes!(maker, {})))[0].code,
  }),
  RunInput: () => ({ content: 'go on' }),
  SharePassword: () => ({ password: 'Sample-Passw0rd' }),
  SubscriptionChanges: () => ({ current_period_end: '2028-01-01T00:00:00Z' }),
  ThreadChanges: () => ({ title: 'renamed' }),
  ToolCredential: () => ({ api_key: 'tvly-sample-0001' }),
  UserChanges: () => ({ timezone: 'Europe/Berlin' }),
  WebhookEndpointChanges: () => ({ enabled: true }),
};
