import type { Params } from '../../../client/conformance/sample.ts';
import { asAdmin, erasureOf, flowTokenOf, post } from '../../../client/conformance/samples/fixtures.ts';
import { fillPath } from '../../../contract/shared/path.ts';
import { passkeyOf, verifiedUser } from '../passkeys/samples.ts';
import { codeFor, startMailServer, verificationTokenFor } from '../resources/mail.ts';
import { enrol } from '../resources/secondFactor.ts';
import { bodies } from '../samples/bodies.ts';
import { workspaceOf } from '../samples/people.ts';
import { resources } from '../samples/resources.ts';
import { emptyThreadOf } from '../samples/runs.ts';
import { identityScenarios } from './identityScenarios.ts';
import { runScenarios } from './runScenarios.ts';
import type { ErrorScenario, RequestChange, ScenarioContext } from './scenario.ts';
import { startModelCatalog } from './upstream.ts';

const bodyOf = ({ sample }: ScenarioContext, changes: object) => ({ body: { ...(sample.body as object), ...changes } });
const tooOften =
  (times: number, changes: object = {}): ErrorScenario =>
  (scene) => ({ ...bodyOf(scene, changes), times });
const wrongCode = { otp: '00000000' };

async function renamedLike(scene: ScenarioContext, path: `/${string}`, model: string, field = 'name'): Promise<RequestChange> {
  const { params } = scene.sample;
  const body = (await bodies[model]!(scene, params)) as Params;
  await post(scene, fillPath(path, params as never), body);
  return { body: { [field]: body[field] } };
}

const withoutAddress = async ({ app }: ScenarioContext, id: string) =>
  void (await app.sql('update users set email = null, email_key = null where id = $1', [id]));

/** The user is the last admin of their own workspace. */
async function lastAdmin(scene: ScenarioContext): Promise<RequestChange> {
  return { params: { account_id: await workspaceOf(scene), user_id: scene.by.id } };
}

async function defaultProject({ app, by }: ScenarioContext): Promise<Params> {
  const { body } = await app.call('GET', '/v1/projects', { token: by.token });
  return { project_id: body.find(({ is_default }: { is_default: boolean }) => is_default).id };
}

async function ended({ app }: ScenarioContext, id: string): Promise<void> {
  await app.sql(`update subscriptions set status = 'cancelled', cancelled_at = now() where id = $1`, [id]);
}

/** Configures a mail server that accepts everything. */
async function mailServed({ app, by }: ScenarioContext): Promise<void> {
  const { port } = await startMailServer();
  const body = { from: 'hello@example.test', smtp_host: '127.0.0.1', smtp_port: port, smtp_tls_mode: 'none' };
  await app.call('PUT', '/v1/admin/email/config', { token: by.token, body });
}

/** The request of another user without a second factor, who has the same password as all users of the tests. */
const newUser: ErrorScenario = async ({ app }) => ({ token: (await app.signUp()).token });

/** A well-formed token that does not exist. */
const unknownToken: ErrorScenario = ({ sample }) => ({ params: { token: [...sample.params.token!].reverse().join('') } });

const promptServerErrors: Record<string, ErrorScenario> = {
  '409 mcp_server_unavailable': async ({ app, sample, by }) => {
    await app.call('PATCH', `/v1/mcp-configs/${sample.params.config_id}`, { token: by.token, body: { is_active: false } });
    return {};
  },
  '502 upstream_unreachable': async ({ app, sample }) => {
    await app.sql(`update mcp_configs set url = 'http://127.0.0.1:1/mcp' where id = $1`, [sample.params.config_id]);
    return {};
  },
  '503 worker_unavailable': async ({ app, sample }) => {
    await app.sql(`update mcp_configs set transport = 'stdio', url = null, command = 'sample' where id = $1`, [sample.params.config_id]);
    return {};
  },
};

const tooManyExports: ErrorScenario = async ({ app, by }) => {
  await app.sql(
    `insert into attempt_counts (bucket, count, window_ends) values ('row-export:' || $1, 60, now() + interval '1 minute')
     on conflict (bucket) do update set count = 60, window_ends = excluded.window_ends`,
    [by.id],
  );
  return {};
};

/** Responses that do not follow from the route declaration alone, by operation, in alphabetical order. */
export const errorScenarios: Readonly<Record<string, Readonly<Record<string, ErrorScenario>>>> = {
  ...runScenarios,
  ...identityScenarios,
  'accounts.delete': {
    '409 personal_account': async (scene) => {
      const [{ slug }] = await scene.app.sql('select slug from accounts where id = $1', [scene.by.accountId]);
      return { params: { account_id: scene.by.accountId }, body: { slug } };
    },
  },
  'accounts.export': {
    '429 account_export_rate_limited': async ({ app, by }) => {
      await app.sql(
        `insert into attempt_counts (bucket, count, window_ends) values ('account-export:' || $1, 30, now() + interval '1 minute')
         on conflict (bucket) do update set count = 30, window_ends = excluded.window_ends`,
        [by.accountId],
      );
      return { params: { account_id: by.accountId } };
    },
  },
  'accounts.removeMember': { '409 last_admin': lastAdmin },
  'accounts.updateMember': { '409 last_admin': async (scene) => ({ ...(await lastAdmin(scene)), body: { role: 'member' } }) },
  'adminAccounts.update': {
    '409 cannot_modify_self': ({ by }) => ({ params: { account_id: by.accountId }, body: { status: 'suspended' } }),
  },
  'adminErasures.account': {
    '400 slug_mismatch': (scene) => bodyOf(scene, { slug: 'another' }),
    '401 invalid_credentials': (scene) => bodyOf(scene, { current_password: 'wrong' }),
    '404 account_not_found': () => ({ params: { account_id: crypto.randomUUID() } }),
    '409 user_not_deleted': async ({ app, by }) => {
      const { accountId } = await app.signUp();
      const [{ slug }] = await app.sql('select slug from accounts where id = $1', [accountId]);
      return { params: { account_id: accountId }, body: { slug, current_password: by.password } };
    },
    '429 login_rate_limited': tooOften(12, { current_password: 'wrong' }),
  },
  'adminErasures.cancel': { '409 erasure_running': () => ({ times: 2 }) },
  'adminErasures.user': {
    '401 invalid_credentials': (scene) => bodyOf(scene, { current_password: 'wrong' }),
    '409 user_not_deleted': async ({ app }) => ({ params: { user_id: (await app.signUp()).id } }),
    '429 login_rate_limited': tooOften(12, { current_password: 'wrong' }),
  },
  'asr.transcribe': {
    '409 no_default_credential': async ({ app }) => ({ token: (await app.signUp()).token }),
    '502 upstream_request_failed': async ({ app, by }) => {
      await app.sql('update asr_credentials set base_url = $2 where account_id = $1', [by.accountId, `${app.url}/upstream`]);
      return {};
    },
  },
  'asrCredentials.update': { '409 name_conflict': (scene) => renamedLike(scene, '/v1/asr-credentials', 'NewAsrCredential') },
  'auditLogs.export': { '429 export_rate_limited': tooManyExports },
  'auth.check': { '429 lookup_rate_limited': tooOften(32) },
  'auth.confirmEmail': {
    '400 token_invalid': () => ({ body: { token: 'f'.repeat(64) } }),
    '401 invalid_token': () => ({ token: 'nonsense' }),
    '409 first_verification': async ({ app }) => {
      const { email } = await app.signUp();
      return { body: { token: await verificationTokenFor(app, email) } };
    },
    '429 verification_rate_limited': async ({ app }) => {
      const { id, email } = await app.signUp();
      await app.sql(`insert into attempt_counts (bucket, count, window_ends) values ($1, 10, now() + interval '1 hour')`, [
        `verification-password:${id}`,
      ]);
      return { body: { token: await verificationTokenFor(app, email), password: 'wrong' } };
    },
  },
  'auth.login': {
    '401 invalid_credentials': (scene) => bodyOf(scene, { password: 'wrong' }),
    '403 user_suspended': async ({ app }) => {
      const { id, login, password } = await app.signUp();
      await app.sql(`update users set status = 'suspended' where id = $1`, [id]);
      return { body: { login, password } };
    },
    '401 second_factor_required': async ({ app }) => {
      const person = await app.signUp();
      await enrol(app, person);
      return { body: { login: person.login, password: person.password } };
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
      await scene.app.sql(
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
      const { id, login } = await scene.app.signUp();
      await withoutAddress(scene, id);
      return { body: { flow_token: await flowTokenOf(scene, login) } };
    },
    '429 otp_rate_limited': tooOften(7),
  },
  'auth.sendVerification': {
    '409 no_email': async (scene) => {
      const { id, token } = await scene.app.signUp();
      await withoutAddress(scene, id);
      return { token };
    },
    '429 verification_rate_limited': () => ({ times: 7 }),
  },
  'auth.verifyCode': {
    '401 otp_invalid': (scene) => bodyOf(scene, wrongCode),
    '409 first_verification': async ({ app }) => {
      const { email } = await app.signUp();
      await app.call('POST', '/v1/auth/email/otp/send', { body: { email } });
      return { body: { email, otp: await codeFor(app, email) } };
    },
    '429 otp_locked': tooOften(10, wrongCode),
  },
  'auth.verifyFlowCode': {
    '401 otp_invalid': (scene) => bodyOf(scene, wrongCode),
    '409 first_verification': async ({ app }) => {
      const { login: identity, email } = await app.signUp();
      const { flow_token } = (await app.call('POST', '/v1/auth/resolve', { body: { identity } })).body;
      await app.call('POST', '/v1/auth/resolve/otp/send', { body: { flow_token } });
      return { body: { flow_token, otp: await codeFor(app, email) } };
    },
    '429 otp_locked': tooOften(10, wrongCode),
  },
  'auth.verifySecondFactor': {
    '401 challenge_invalid': (scene) => bodyOf(scene, { challenge_token: 'nonsense' }),
    '401 second_factor_invalid': (scene) => bodyOf(scene, { code: 'nonsense' }),
    '429 login_rate_limited': async (scene) => {
      await scene.app.sql(
        `insert into attempt_counts (bucket, count, window_ends)
         select 'second-factor:' || user_id, 10, now() + interval '1 hour' from sign_in_challenges on conflict do nothing`,
      );
      return {};
    },
  },
  'bootstrap.init': { 404: () => ({ headers: { 'x-forwarded-for': '203.0.113.9' } }), '409 already_initialized': alreadyInitialized },
  'bootstrap.verify': { 400: () => ({ params: { token: '\u0000' } }) },
  'bootstrap.setup': {
    '401 bootstrap_token_invalid': (scene) => bodyOf(scene, { token: 'f'.repeat(64) }),
    '409 already_initialized': alreadyInitialized,
  },
  'chatCompletions.create': {
    '402 credits_exhausted': async (scene) => {
      const by = await scene.registerUser();
      await scene.app.sql('update credit_balances set balance = 0 where account_id = $1', [by.accountId]);
      return scene.sampleOf(by);
    },
    '404 model_not_found': (scene) => bodyOf(scene, { model: 'unknown' }),
    '429 concurrent_completions_exceeded': async (scene) => {
      const by = await scene.registerUser();
      const limit = { account_id: by.accountId, key: 'limit.concurrent_runs', value: '1', value_type: 'integer' };
      await post(asAdmin(scene), '/v1/entitlement-overrides', limit);
      await scene.app.sql(
        `insert into chat_completions (account_id, id, created_by_user_id, model, route, trace_id, expires_at)
         values ($1, gen_random_uuid(), $2, 'stub', '{}', repeat('0', 32), now() + interval '1 hour')`,
        [by.accountId, by.id],
      );
      return scene.sampleOf(by);
    },
    '502 upstream_request_failed': async (scene) => {
      const provider = await post(scene, '/v1/llm-providers', (await bodies.NewLlmProvider!(scene, {})) as object);
      const model = `broken-${provider.id}`;
      await post(scene, `/v1/llm-providers/${provider.id}/models`, { model });
      return bodyOf(scene, { model });
    },
  },
  'mcp.call': { 202: () => ({ body: { jsonrpc: '2.0', method: 'notifications/initialized' } }) },
  'email.test': {
    204: async (scene) => mailServed(scene).then(() => ({})),
    '409 idempotency_key_reused': async (scene) => {
      await mailServed(scene);
      const headers = { 'idempotency-key': crypto.randomUUID() };
      await scene.app.call('POST', '/v1/admin/email/test', { token: scene.by.token, headers, body: scene.sample.body });
      return { headers, ...bodyOf(scene, { to: 'another@example.test' }) };
    },
    '503 email_not_configured': async ({ app }) => {
      await app.sql(`delete from platform_settings where key like 'email.%'`);
      return { times: 60 };
    },
  },
  'entitlementOverrides.set': { 200: () => ({ times: 2 }) },
  'featureFlags.delete': {
    '409 system_flag': async ({ app, by }) => {
      const { body } = await app.call('GET', '/v1/feature-flags', { token: by.token });
      return { params: { key: body.find((flag: { supports_account_overrides: boolean }) => !flag.supports_account_overrides).key } };
    },
  },
  'featureFlags.setOverride': { 200: () => ({ times: 2 }) },
  'inviteCodes.update': {
    '409 active_code_exists': async ({ app }) => {
      const person = await app.signUp();
      const [{ id }] = await app.sql('update invite_codes set is_active = false where user_id = $1 returning id', [person.id]);
      await app.call('GET', '/v1/me/invite-code', { token: person.token });
      return { params: { code_id: id }, body: { is_active: true } };
    },
  },
  'invitations.accept': { 404: unknownToken },
  'ipRules.delete': {
    '409 would_lock_out_caller': async (scene) => {
      const guest = await scene.registerUser();
      const allow = (cidr: string) => post({ ...scene, by: guest }, '/v1/ip-rules', { type: 'allowlist', cidr });
      const { id } = await allow('127.0.0.0/8');
      await allow('203.0.113.0/24');
      return { token: guest.token, params: { rule_id: id } };
    },
  },
  'llmModels.update': {
    '409 model_conflict': (scene) => renamedLike(scene, '/v1/llm-providers/{provider_id}/models', 'NewLlmModel', 'model'),
  },
  'llmProviders.availableModels': {
    200: async ({ app, sample }) => {
      await app.sql('update llm_providers set base_url = $2 where id = $1', [
        sample.params.provider_id,
        await startModelCatalog('gpt-5', 'gpt-5-mini'),
      ]);
      return {};
    },
    '409 api_key_missing': async ({ app, sample }) => {
      await app.sql(`update llm_providers set api_key_sealed = '\\x00' where id = $1`, [sample.params.provider_id]);
      return {};
    },
    '502 upstream_request_failed': () => ({}),
  },
  'llmProviders.update': { '409 name_conflict': (scene) => renamedLike(scene, '/v1/llm-providers', 'NewLlmProvider') },
  'mcpConfigs.authorize': {
    '429 mcp_authorization_rate_limited': async ({ app, by }) => {
      await app.sql(
        `insert into attempt_counts (bucket, count, window_ends) values ('mcp-authorization:' || $1, 20, now() + interval '1 minute')
         on conflict (bucket) do update set count = 20, window_ends = excluded.window_ends`,
        [by.accountId],
      );
      return {};
    },
    '409 not_connectable': async ({ app, sample, by }) => {
      await app.call('PATCH', `/v1/mcp-configs/${sample.params.config_id}`, { token: by.token, body: { bearer_token: 'sample' } });
      return {};
    },
    '502 authorization_failed': async ({ app, sample }) => {
      await app.sql(`update mcp_configs set url = 'https://mcp.example.test/mcp' where id = $1`, [sample.params.config_id]);
      return {};
    },
  },
  'mcpConfigs.completeAuthorization': {
    '400 invalid_state': (scene) => bodyOf(scene, { state: 'sample' }),
    '502 authorization_failed': (scene) => bodyOf(scene, { code: 'sample' }),
  },
  'mcpConfigs.getPrompt': {
    ...promptServerErrors,
    '400 invalid_prompt_arguments': (scene) => bodyOf(scene, { arguments: { planet: 'Mars' } }),
    '400 prompt_not_found': (scene) => bodyOf(scene, { name: 'absent' }),
  },
  'mcpConfigs.prompts': promptServerErrors,
  'mcpConfigs.update': { '409 name_conflict': (scene) => renamedLike(scene, '/v1/mcp-configs', 'NewMcpConfig') },
  'me.changePassword': {
    '401 invalid_credentials': (scene) => bodyOf(scene, { current_password: 'wrong' }),
    '429 login_rate_limited': tooOften(12, { current_password: 'wrong' }),
  },
  'erasures.cancel': {
    '409 erasure_of_platform': async (scene) => {
      const by = await scene.app.signUp();
      const { accountId } = await erasureOf({ ...scene, by });
      await scene.app.sql('update erasures set by_platform = true where account_id = $1', [accountId]);
      return { params: { account_id: accountId }, token: by.token };
    },
  },
  'erasures.request': {
    '401 invalid_credentials': (scene) => bodyOf(scene, { current_password: 'wrong' }),
    '409 erasure_exists': () => ({ times: 2 }),
    '429 login_rate_limited': tooOften(12, { current_password: 'wrong' }),
  },
  'me.redeem': { '429 redeem_rate_limited': async () => ({ body: { code: 'NO-SUCH-CODE' }, times: 12 }) },
  'me.resetInviteCode': { '429 invite_code_reset_cooldown': () => ({ times: 2 }) },
  'plans.delete': {
    '409 plan_in_use': async (scene) => {
      const id = await resources['/v1/subscriptions/{subscription_id}']!(scene, {});
      const [{ plan_id }] = await scene.app.sql('select plan_id from subscriptions where id = $1', [id]);
      return { params: { plan_id } };
    },
  },
  'projects.delete': { '409 default_project': async (scene) => ({ params: await defaultProject(scene) }) },
  'projects.update': {
    '409 default_project': async (scene) => ({ params: await defaultProject(scene), body: { visibility: 'shared' } }),
  },
  'passkeys.confirm': {
    '401 challenge_invalid': (scene) => scene.app.sql('delete from passkey_challenges').then(() => ({})),
    '401 passkey_invalid': rejectedPasskey,
    '429 login_rate_limited': tooManyPasskeys,
  },
  'passkeys.confirmationOptions': { '409 passkey_missing': newUser },
  'passkeys.delete': {
    '409 last_sign_in_method': async (scene) => {
      const person = await scene.app.signUp();
      const id = await passkeyOf({ app: scene.app, by: person });
      await withoutAddress(scene, person.id);
      await scene.app.sql('update credentials set password_hash = null where user_id = $1', [person.id]);
      return { params: { passkey_id: id }, token: person.token };
    },
  },
  'passkeys.register': {
    '401 challenge_invalid': (scene) => scene.app.sql('delete from passkey_challenges').then(() => ({})),
    '401 passkey_invalid': (scene) => bodyOf(scene, { credential: withResponse(scene, { attestationObject: 'oA' }) }),
    '409 passkey_exists': async (scene) => {
      const { id } = (scene.sample.body as { credential: { id: string } }).credential;
      await passkeyOf({ app: scene.app, by: scene.by });
      await scene.app.sql(
        `update passkeys set credential_id = $2 where id = (select max(id::text)::uuid from passkeys where user_id = $1)`,
        [scene.by.id, id],
      );
      return {};
    },
  },
  'passkeys.registrationOptions': {
    '401 invalid_credentials': (scene) => bodyOf(scene, { current_password: 'wrong' }),
    '409 passkey_limit_reached': async (scene) => {
      const person = await verifiedUser(scene.app);
      for (let count = 0; count < 20; count++) await passkeyOf({ app: scene.app, by: person });
      return { token: person.token, body: { current_password: person.password } };
    },
    '429 login_rate_limited': tooOften(12, { current_password: 'wrong' }),
  },
  'passkeys.signIn': {
    '401 challenge_invalid': (scene) => scene.app.sql('delete from passkey_challenges').then(() => ({})),
    '401 passkey_invalid': rejectedPasskey,
    '429 login_rate_limited': tooManyPasskeys,
  },
  'passkeys.signInOptions': {
    '401 challenge_invalid': () => ({ body: { challenge_token: 'nonsense' } }),
    '409 passkey_missing': async ({ app }) => {
      const person = await app.signUp();
      await enrol(app, person);
      const { login, password } = person;
      const { body } = await app.call('POST', '/v1/auth/login', { body: { login, password } });
      return { body: { challenge_token: body.details.challenge_token } };
    },
    '429 login_rate_limited': async ({ app }) => {
      await app.sql(
        `insert into attempt_counts (bucket, count, window_ends) values ('passkey-options:127.0.0.1', 1000, now() + interval '1 hour')
         on conflict (bucket) do update set count = 1000`,
      );
      return {};
    },
  },
  'secondFactor.confirm': {
    '401 second_factor_invalid': (scene) => bodyOf(scene, { code: 'nonsense' }),
    '409 second_factor_not_set_up': newUser,
    '429 login_rate_limited': tooOften(12, { code: 'nonsense' }),
  },
  'secondFactor.disable': {
    '401 second_factor_invalid': (scene) => bodyOf(scene, { code: 'nonsense' }),
    '409 second_factor_disabled': newUser,
    '429 login_rate_limited': tooOften(12, { code: 'nonsense' }),
  },
  'secondFactor.replaceRecoveryCodes': {
    '401 second_factor_invalid': (scene) => bodyOf(scene, { code: 'nonsense' }),
    '409 second_factor_disabled': newUser,
    '429 login_rate_limited': tooOften(12, { code: 'nonsense' }),
  },
  'secondFactor.setUp': {
    '401 invalid_credentials': (scene) => bodyOf(scene, { current_password: 'wrong' }),
    '409 second_factor_enabled': async ({ app }) => {
      const person = await app.signUp();
      await enrol(app, person);
      return { token: person.token, body: { current_password: person.password } };
    },
    '429 login_rate_limited': tooOften(12, { current_password: 'wrong' }),
  },
  'shares.verify': {
    '403 wrong_password': () => ({ body: { password: 'wrong' } }),
    '409 no_password': async (scene) => ({
      params: { token: (await post(scene, `/v1/threads/${await emptyThreadOf(scene)}:share`, {})).token },
    }),
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
  'usage.export': { '429 export_rate_limited': tooManyExports },
  'usage.exportOfAccount': {
    '429 export_rate_limited': async (scene) => ({ ...(await tooManyExports(scene)), params: { account_id: scene.by.accountId } }),
  },
  'users.delete': { '409 cannot_modify_self': ({ by }) => ({ params: { user_id: by.id } }) },
  'users.removeSecondFactor': { '409 cannot_modify_self': ({ by }) => ({ params: { user_id: by.id } }) },
  'users.update': { '409 cannot_modify_self': ({ by }) => ({ params: { user_id: by.id }, body: { status: 'suspended' } }) },
};

/** A credential of the sample whose response has other parts. */
const withResponse = ({ sample }: ScenarioContext, changes: object) => {
  const { credential } = sample.body as { credential: { response: object } };
  return { ...credential, response: { ...credential.response, ...changes } };
};

function rejectedPasskey(scene: ScenarioContext): RequestChange {
  return bodyOf(scene, { credential: withResponse(scene, { signature: 'AAAA' }) });
}

async function tooManyPasskeys({ app }: ScenarioContext): Promise<RequestChange> {
  await app.sql(
    `insert into attempt_counts (bucket, count, window_ends) values ('passkey:127.0.0.1', 1000, now() + interval '1 hour')
     on conflict (bucket) do update set count = 1000`,
  );
  return {};
}

/** The platform already has an administrator. */
async function alreadyInitialized({ app }: ScenarioContext): Promise<RequestChange> {
  await app.sql(
    `insert into platform_settings (key, value) values ('bootstrap.platform_admin.user_id', '"somebody"') on conflict do nothing`,
  );
  return {};
}
