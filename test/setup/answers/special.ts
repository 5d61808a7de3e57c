import { fillPath } from '../../../contract/shared/path.ts';
import { startMailServer } from '../mail.ts';
import { workspaceOf } from '../peopleSamples.ts';
import { subscriptionOf } from '../planSamples.ts';
import { bodies } from '../samples/bodies.ts';
import { flowToken, post } from '../samples/makers.ts';
import type { Maker, Params, Sample } from '../samples.ts';
import type { Person } from '../world.ts';
import { runSpecials } from './runs.ts';
import { catalogueOf } from './upstream.ts';

/** A good request of an operation, to be changed. */
export type Scene = Maker & { sample: Sample; sampleOf(by: Person): Promise<Sample> };

/** What a request is changed to, and how often it is sent at most until the answer comes. */
export type Change = Partial<Sample> & { times?: number };

/** Brings about one answer: the changes of a good request that get it. */
export type Special = (scene: Scene) => Promise<Change> | Change;

const bodyOf = ({ sample }: Scene, changes: object) => ({ body: { ...(sample.body as object), ...changes } });
const tooOften =
  (times: number, changes: object = {}): Special =>
  (scene) => ({ ...bodyOf(scene, changes), times });
const wrongCode = { otp: '00000000' };

async function renamedLike({ world, by, sample }: Scene, path: `/${string}`, model: string, field = 'name'): Promise<Change> {
  const maker = { world, by };
  const body = (await bodies[model]!(maker, sample.params)) as Params;
  await post(maker, fillPath(path, sample.params as never), body);
  return { body: { [field]: body[field] } };
}

const withoutAddress = async ({ world }: Scene, id: string) =>
  void (await world.sql('update users set email = null, email_key = null where id = $1', [id]));

/** In a workspace of his own somebody is its last admin. */
async function lastAdmin(scene: Scene): Promise<Change> {
  return { params: { account_id: await workspaceOf(scene), user_id: scene.by.id } };
}

async function defaultProject({ world, by }: Scene): Promise<Params> {
  const { body } = await world.call('GET', '/v1/projects', { token: by.token });
  return { project_id: body.find(({ is_default }: { is_default: boolean }) => is_default).id };
}

async function ended({ world }: Scene, id: string): Promise<void> {
  await world.sql(`update subscriptions set status = 'cancelled', cancelled_at = now() where id = $1`, [id]);
}

/** Mail goes to a server that takes it. */
async function mailServed({ world, by }: Scene): Promise<void> {
  const { port } = await startMailServer();
  const body = { from: 'hello@example.test', smtp_host: '127.0.0.1', smtp_port: port, smtp_tls_mode: 'none' };
  await world.call('PUT', '/v1/admin/email/config', { token: by.token, body });
}

/** A token of the same form that is nobody's. */
const unknownToken: Special = ({ sample }) => ({ params: { token: [...sample.params.token!].reverse().join('') } });

/** The answers that a declaration alone does not bring about, by operation, in alphabetical order. */
export const specials: Readonly<Record<string, Readonly<Record<string, Special>>>> = {
  ...runSpecials,
  'accounts.delete': {
    '409 personal_account': async (scene) => {
      const [{ slug }] = await scene.world.sql('select slug from accounts where id = $1', [scene.by.accountId]);
      return { params: { account_id: scene.by.accountId }, body: { slug } };
    },
  },
  'accounts.removeMember': { '409 last_admin': lastAdmin },
  'accounts.updateMember': { '409 last_admin': async (scene) => ({ ...(await lastAdmin(scene)), body: { role: 'member' } }) },
  'adminAccounts.update': {
    '409 cannot_modify_self': ({ by }) => ({ params: { account_id: by.accountId }, body: { status: 'suspended' } }),
  },
  'asr.transcribe': {
    '409 no_default_credential': async ({ world }) => ({ token: (await world.signUp()).token }),
    '502 upstream_request_failed': async ({ world, by }) => {
      await world.sql('update asr_credentials set base_url = $2 where account_id = $1', [by.accountId, `${world.url}/upstream`]);
      return {};
    },
  },
  'asrCredentials.update': { '409 name_conflict': (scene) => renamedLike(scene, '/v1/asr-credentials', 'NewAsrCredential') },
  'auth.check': { '429 lookup_rate_limited': tooOften(32) },
  'auth.confirmEmail': {
    '400 token_invalid': () => ({ body: { token: 'f'.repeat(64) } }),
    '401 invalid_token': () => ({ token: 'nonsense' }),
  },
  'auth.login': {
    '401 invalid_credentials': (scene) => bodyOf(scene, { password: 'wrong' }),
    '403 user_suspended': async ({ world }) => {
      const { id, login, password } = await world.signUp();
      await world.sql(`update users set status = 'suspended' where id = $1`, [id]);
      return { body: { login, password } };
    },
    '429 login_rate_limited': tooOften(12, { password: 'wrong' }),
  },
  'auth.refresh': {
    '401 missing_token': () => ({ headers: {} }),
    '401 invalid_token': () => ({ headers: { cookie: 'arkloop_refresh_token=nonsense' } }),
    404: ({ sample }) => ({ headers: { ...sample.headers, 'x-account-id': crypto.randomUUID() } }),
    '422 unsupported_content_type': ({ sample }) => ({
      headers: { ...sample.headers, 'content-type': 'application/x-www-form-urlencoded' },
      raw: Buffer.from('a=1'),
    }),
  },
  'auth.register': {
    '400 password_policy': (scene) => bodyOf(scene, { password: 'short' }),
    '409 login_taken': (scene) => bodyOf(scene, { login: scene.by.login }),
    '409 email_taken': (scene) => bodyOf(scene, { email: scene.by.email }),
    '429 registration_rate_limited': async (scene) => {
      await scene.world.sql(
        `insert into attempt_counts (bucket, count, window_ends) values ('registration:127.0.0.1', 1000, now() + interval '1 hour')`,
      );
      return {};
    },
  },
  'auth.resolve': { '429 lookup_rate_limited': tooOften(32) },
  'auth.sendCode': { '429 otp_rate_limited': tooOften(7) },
  'auth.sendFlowCode': {
    '401 flow_token_invalid': () => ({ body: { flow_token: 'nonsense' } }),
    '409 otp_unavailable': async (scene) => {
      const { id, login } = await scene.world.signUp();
      await withoutAddress(scene, id);
      return { body: { flow_token: await flowToken(scene.world, login) } };
    },
    '429 otp_rate_limited': tooOften(7),
  },
  'auth.sendVerification': {
    '409 no_email': async (scene) => {
      const { id, token } = await scene.world.signUp();
      await withoutAddress(scene, id);
      return { token };
    },
    '429 verification_rate_limited': () => ({ times: 7 }),
  },
  'auth.verifyCode': { '401 otp_invalid': (scene) => bodyOf(scene, wrongCode), '429 otp_locked': tooOften(10, wrongCode) },
  'auth.verifyFlowCode': { '401 otp_invalid': (scene) => bodyOf(scene, wrongCode), '429 otp_locked': tooOften(10, wrongCode) },
  'bootstrap.init': { 404: () => ({ headers: { 'x-forwarded-for': '203.0.113.9' } }), '409 already_initialized': taken },
  'bootstrap.verify': { 400: () => ({ params: { token: '\u0000' } }) },
  'bootstrap.setup': {
    '401 bootstrap_token_invalid': (scene) => bodyOf(scene, { token: 'f'.repeat(64) }),
    '409 already_initialized': taken,
  },
  'email.test': {
    204: async (scene) => mailServed(scene).then(() => ({})),
    '409 idempotency_key_reused': async (scene) => {
      await mailServed(scene);
      const headers = { 'idempotency-key': crypto.randomUUID() };
      await scene.world.call('POST', '/v1/admin/email/test', { token: scene.by.token, headers, body: scene.sample.body });
      return { headers, query: { another: '1' } };
    },
    '503 email_not_configured': async ({ world }) => {
      await world.sql(`delete from platform_settings where key like 'email.%'`);
      return { times: 60 };
    },
  },
  'entitlementOverrides.set': { 200: () => ({ times: 2 }) },
  'featureFlags.delete': {
    '409 system_flag': async ({ world, by }) => {
      const { body } = await world.call('GET', '/v1/feature-flags', { token: by.token });
      return { params: { key: body.find((flag: { supports_account_overrides: boolean }) => !flag.supports_account_overrides).key } };
    },
  },
  'featureFlags.setOverride': { 200: () => ({ times: 2 }) },
  'inviteCodes.update': {
    '409 active_code_exists': async ({ world }) => {
      const person = await world.signUp();
      const [{ id }] = await world.sql('update invite_codes set is_active = false where user_id = $1 returning id', [person.id]);
      await world.call('GET', '/v1/me/invite-code', { token: person.token });
      return { params: { code_id: id }, body: { is_active: true } };
    },
  },
  'invitations.accept': { 404: unknownToken },
  'ipRules.delete': {
    '409 would_lock_out_caller': async ({ world }) => {
      const guest = await world.signUp();
      const allow = (cidr: string) => post({ world, by: guest }, '/v1/ip-rules', { type: 'allowlist', cidr });
      const { id } = await allow('127.0.0.0/8');
      await allow('203.0.113.0/24');
      return { token: guest.token, params: { rule_id: id } };
    },
  },
  'llmModels.update': {
    '409 model_conflict': (scene) => renamedLike(scene, '/v1/llm-providers/{provider_id}/models', 'NewLlmModel', 'model'),
  },
  'llmProviders.availableModels': {
    200: async ({ world, sample }) => {
      await world.sql('update llm_providers set base_url = $2 where id = $1', [
        sample.params.provider_id,
        await catalogueOf('gpt-5', 'gpt-5-mini'),
      ]);
      return {};
    },
    '409 api_key_missing': async ({ world, sample }) => {
      await world.sql(`update llm_providers set api_key_sealed = '\\x00' where id = $1`, [sample.params.provider_id]);
      return {};
    },
    '502 upstream_request_failed': () => ({}),
  },
  'llmProviders.update': { '409 name_conflict': (scene) => renamedLike(scene, '/v1/llm-providers', 'NewLlmProvider') },
  'mcpConfigs.update': { '409 name_conflict': (scene) => renamedLike(scene, '/v1/mcp-configs', 'NewMcpConfig') },
  'me.changePassword': {
    '401 invalid_credentials': (scene) => bodyOf(scene, { current_password: 'wrong' }),
    '429 login_rate_limited': tooOften(12, { current_password: 'wrong' }),
  },
  'me.redeem': { '429 redeem_rate_limited': async () => ({ body: { code: 'NO-SUCH-CODE' }, times: 12 }) },
  'me.resetInviteCode': { '429 invite_code_reset_cooldown': () => ({ times: 2 }) },
  'plans.delete': {
    '409 plan_in_use': async (scene) => {
      const id = await subscriptionOf(scene);
      const [{ plan_id }] = await scene.world.sql('select plan_id from subscriptions where id = $1', [id]);
      return { params: { plan_id } };
    },
  },
  'projects.delete': { '409 default_project': async (scene) => ({ params: await defaultProject(scene) }) },
  'projects.update': {
    '409 default_project': async (scene) => ({ params: await defaultProject(scene), body: { visibility: 'shared' } }),
  },
  'shares.verify': {
    '403 wrong_password': () => ({ body: { password: 'wrong' } }),
    '409 no_password': async ({ world, by }) => {
      const { id } = await post({ world, by }, '/v1/threads');
      return { params: { token: (await post({ world, by }, `/v1/threads/${id}:share`, {})).token } };
    },
    '429 share_rate_limited': () => ({ body: { password: 'wrong' }, times: 12 }),
    404: unknownToken,
  },
  'shares.view': {
    '403 invalid_session': () => ({ query: { session_token: 'nonsense' } }),
    404: unknownToken,
  },
  'subscriptions.cancel': {
    '409 subscription_not_active': async (scene) => ended(scene, scene.sample.params.subscription_id!).then(() => ({})),
  },
  'subscriptions.update': {
    '409 subscription_not_active': async (scene) => ended(scene, scene.sample.params.subscription_id!).then(() => ({})),
  },
  'teams.addMember': { 200: () => ({ times: 2 }) },
  'users.delete': { '409 cannot_modify_self': ({ by }) => ({ params: { user_id: by.id } }) },
  'users.update': { '409 cannot_modify_self': ({ by }) => ({ params: { user_id: by.id }, body: { status: 'suspended' } }) },
};

/** Once there is an administrator. */
async function taken({ world }: Scene): Promise<Change> {
  await world.sql(
    `insert into platform_settings (key, value) values ('bootstrap.platform_admin.user_id', '"somebody"') on conflict do nothing`,
  );
  return {};
}
