import { inviteCodeOf, redemptionCodeOf, referralOf } from '../codeSamples.ts';
import { creditOperationOf } from '../credits.ts';
import { asrCredentialOf } from '../fileSamples.ts';
import { stagedText } from '../forms.ts';
import { broadcastOf, notificationOf } from '../notificationSamples.ts';
import { invitationTo, memberOf, workspaceOf } from '../peopleSamples.ts';
import { overrideOf, planOf, settingOf, subscriptionOf } from '../planSamples.ts';
import { flagOf, flagOverrideOf, ipRuleOf } from '../ruleSamples.ts';
import type { Maker, Params } from '../samples.ts';
import { reportOf, shareTokenOf } from '../shareSamples.ts';
import { deliveryOf, endpointOf } from '../webhookSamples.ts';
import { bodies } from './bodies.ts';
import { name, post, threadOf } from './makers.ts';

const runOf = async (maker: Maker): Promise<string> => (await post(maker, `/v1/threads/${await threadOf(maker)}/runs`)).run_id;

/** Makes what a path names, by the path up to the parameter, in alphabetical order. A resource with ids adds a line for each. */
export const things: Record<string, (maker: Maker, above: Params) => Promise<string> | string> = {
  '/v1/account-invitations/{invitation_id}': async (maker) => (await invitationTo(maker, maker.by.accountId)).id,
  '/v1/account-invitations/{token}': async (maker) => (await invitationTo(maker, await workspaceOf(maker))).token,
  '/v1/accounts/{account_id}': workspaceOf,
  '/v1/accounts/{account_id}/members/{user_id}': (maker, { account_id: id }) => memberOf(maker, id!),
  '/v1/admin/accounts/{account_id}': workspaceOf,
  '/v1/admin/credits/operations/{operation_id}': creditOperationOf,
  '/v1/admin/invite-codes/{code_id}': inviteCodeOf,
  '/v1/admin/notifications/broadcasts/{broadcast_id}': broadcastOf,
  '/v1/admin/platform-settings/{key}': settingOf,
  '/v1/admin/redemption-codes/{code_id}': redemptionCodeOf,
  // No path names one: the list alone shows them.
  '/v1/admin/referrals/{referral_id}': referralOf,
  '/v1/admin/reports/{report_id}': reportOf,
  '/v1/admin/runs/{run_id}': runOf,
  '/v1/admin/users/{user_id}': async ({ world }) => (await world.signUp()).id,
  '/v1/api-keys/{id}': async (maker) => (await post(maker, '/v1/api-keys', { name: name() })).id,
  '/v1/asr-credentials/{credential_id}': asrCredentialOf,
  '/v1/attachments/{key...}': ({ world, by }) => stagedText(world, by),
  '/v1/bootstrap/verify/{token}': () => 'f'.repeat(64),
  '/v1/entitlement-overrides/{override_id}': overrideOf,
  '/v1/feature-flags/{key}': flagOf,
  '/v1/feature-flags/{key}/account-overrides/{account_id}': flagOverrideOf,
  '/v1/ip-rules/{rule_id}': ipRuleOf,
  '/v1/llm-providers/{provider_id}': async (maker) => (await post(maker, '/v1/llm-providers', bodies.NewLlmProvider!(maker, {}))).id,
  '/v1/llm-providers/{provider_id}/models/{model_id}': async (maker, above) =>
    (await post(maker, `/v1/llm-providers/${above.provider_id}/models`, { model: name() })).id,
  '/v1/mcp-configs/{config_id}': async (maker) => (await post(maker, '/v1/mcp-configs', bodies.NewMcpConfig!(maker, {}))).id,
  '/v1/notifications/{notification_id}': notificationOf,
  '/v1/personas/{persona_id}': async (maker) => (await post(maker, '/v1/personas', bodies.NewPersona!(maker, {}))).id,
  '/v1/plans/{plan_id}': planOf,
  '/v1/projects/{project_id}': async (maker) => (await post(maker, '/v1/projects', { name: name() })).id,
  '/v1/runs/{run_id}': runOf,
  '/v1/s/{token}': shareTokenOf,
  '/v1/subscriptions/{subscription_id}': subscriptionOf,
  '/v1/teams/{team_id}': async (maker) => (await post(maker, '/v1/teams', { name: name() })).id,
  '/v1/teams/{team_id}/members/{user_id}': async (maker, { team_id: team }) => {
    const id = await memberOf(maker, maker.by.accountId);
    await post(maker, `/v1/teams/${team}/members`, { user_id: id, role: 'member' });
    return id;
  },
  '/v1/threads/{thread_id}': threadOf,
  '/v1/threads/{thread_id}/messages/{message_id}': async (maker, above) =>
    (await post(maker, `/v1/threads/${above.thread_id}/messages`, { content: 'hi' })).id,
  '/v1/tool-providers/{group}': () => 'web_search',
  '/v1/tool-providers/{group}/{provider}': () => 'web_search.tavily',
  '/v1/webhook-endpoints/{endpoint_id}': endpointOf,
  '/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}': deliveryOf,
};
