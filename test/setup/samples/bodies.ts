import { newRedemptionCodes } from '../codeSamples.ts';
import { newAsrCredential } from '../fileSamples.ts';
import { codeFor, verificationTokenFor } from '../mail.ts';
import { newBroadcast } from '../notificationSamples.ts';
import { memberOf } from '../peopleSamples.ts';
import { newOverride, newPlan, newSubscription } from '../planSamples.ts';
import { newFlag, newFlagOverride, newIpRule } from '../ruleSamples.ts';
import type { Maker, Params } from '../samples.ts';
import { forkOf, newReport, sharePassword } from '../shareSamples.ts';
import { newEndpoint } from '../webhookSamples.ts';
import { brokenRun, flowToken, name, person, redemptionCode, setupToken } from './makers.ts';

/** Lets an address count as proven, so that the next proof ends nothing. */
const proven = ({ sql }: Maker['world'], email: string) => sql('update users set email_proven_at = now() where email = $1', [email]);

/** The smallest good body, by the name of its model, where `{}` is none, in alphabetical order. */
export const bodies: Record<string, (maker: Maker, params: Params) => unknown> = {
  AccountChanges: () => ({ name: name() }),
  AccountClosing: async ({ world }, { account_id: id }) => (await world.sql('select slug from accounts where id = $1', [id]))[0],
  AdminAccountChanges: () => ({ status: 'suspended' }),
  AsrCredentialChanges: () => ({ name: name() }),
  BulkCreditAdjustment: () => ({ amount: 5 }),
  ContinueRequest: (maker, { thread_id: threadId }) => brokenRun(maker, threadId!).then((run_id) => ({ run_id })),
  Credentials: ({ by: { login, password } }) => ({ login, password }),
  CreditAdjustment: ({ by: { accountId } }) => ({ account_id: accountId, amount: 5 }),
  EditedMessage: () => ({ content: 'hi' }),
  EmailCode: async ({ world }) => {
    const { email } = await world.signUp();
    await world.call('POST', '/v1/auth/email/otp/send', { body: { email } });
    await proven(world, email);
    return { email, otp: await codeFor(world, email) };
  },
  EmailCodeRequest: async ({ world }) => ({ email: (await world.signUp()).email }),
  EmailConfigValues: () => ({ from: '', smtp_user: 'sample' }),
  EmailConfirmation: async ({ world }) => {
    const { email } = await world.signUp();
    await proven(world, email);
    return { token: await verificationTokenFor(world, email) };
  },
  FeatureFlagChanges: () => ({ description: 'changed' }),
  FlowCode: async ({ world }) => {
    const { email } = await world.signUp();
    const flow_token = await flowToken(world, email);
    await world.call('POST', '/v1/auth/resolve/otp/send', { body: { flow_token } });
    await proven(world, email);
    return { flow_token, otp: await codeFor(world, email) };
  },
  FlowCodeRequest: async ({ world }) => ({ flow_token: await flowToken(world, (await world.signUp()).email) }),
  ForkRequest: forkOf,
  GatewayConfigChanges: () => ({ rate_limit_capacity: 500 }),
  Identity: ({ by: { login } }) => ({ identity: login }),
  InviteCodeChanges: () => ({ max_uses: 5 }),
  LlmModelChanges: () => ({ priority: 7 }),
  LlmProviderChanges: () => ({ name: name() }),
  LoginCheck: ({ by: { login } }) => ({ login }),
  McpConfigChanges: () => ({ call_timeout_ms: 2_000 }),
  MeChanges: () => ({ timezone: 'Europe/Berlin' }),
  MemberChanges: () => ({ role: 'admin' }),
  NewAccount: () => ({ slug: name(), name: name() }),
  NewApiKey: () => ({ name: name() }),
  NewAsrCredential: newAsrCredential,
  NewAttachment: () => undefined,
  NewBroadcast: newBroadcast,
  NewEntitlementOverride: newOverride,
  NewFeatureFlag: newFlag,
  NewFlagOverride: newFlagOverride,
  NewInvitation: () => ({ email: `${name()}@example.test`, role: 'member' }),
  NewIpRule: newIpRule,
  NewLlmModel: () => ({ model: name() }),
  NewLlmProvider: ({ world }) => ({ name: name(), provider: 'openai', api_key: 'sk-sample-0001', base_url: `${world.url}/upstream` }),
  NewMcpConfig: () => ({ name: name(), transport: 'streamable_http', url: 'https://mcp.example.test/mcp' }),
  NewMessage: () => ({ content: 'hi' }),
  NewPersona: () => ({ persona_key: name(), version: '1', display_name: name(), prompt_md: 'Be a sample.' }),
  NewPlan: newPlan,
  NewProject: () => ({ name: name() }),
  NewRedemptionCodes: newRedemptionCodes,
  NewReport: newReport,
  NewSubscription: newSubscription,
  NewTeam: () => ({ name: name() }),
  NewTeamMember: async (maker) => ({ user_id: await memberOf(maker, maker.by.accountId), role: 'member' }),
  NewThread: () => ({ title: name() }),
  NewUser: () => person(),
  NewWebhookEndpoint: newEndpoint,
  PasswordChange: () => ({ current_password: 'Passw0rd-1', new_password: 'Passw0rd-2' }),
  PersonaChanges: () => ({ description: 'changed' }),
  PlanChanges: () => ({ display_name: 'Changed' }),
  PlatformSettingValue: () => ({ value: 'sample' }),
  PlatformSetup: async ({ world }) => ({ ...person(), token: await setupToken(world) }),
  ProjectChanges: () => ({ description: 'changed' }),
  Recording: () => undefined,
  RedemptionCodeChanges: () => ({ is_active: false }),
  RedemptionRequest: async ({ world }) => ({ code: await redemptionCode(world) }),
  RunInput: () => ({ content: 'go on' }),
  SharePassword: sharePassword,
  SubscriptionChanges: () => ({ current_period_end: '2028-01-01T00:00:00Z' }),
  TestEmail: () => ({ to: 'somebody@example.test' }),
  ThreadChanges: () => ({ title: 'renamed' }),
  ToolCredential: () => ({ api_key: 'tvly-sample-0001' }),
  UserChanges: () => ({ timezone: 'Europe/Berlin' }),
  WebhookEndpointChanges: () => ({ enabled: true }),
};
