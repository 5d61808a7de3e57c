import { formOf } from '../../../client/conformance/samples/fixtures.ts';
import { sha256 } from '../../../server/platform/crypto/ids.ts';
import { limitSetter } from '../resources/quotas.ts';
import type { ErrorScenario, RequestChange, ScenarioContext } from './scenario.ts';

const changed =
  (changes: object): ErrorScenario =>
  ({ sample }) => ({ body: { ...(sample.body as object), ...changes } });
/** Sends the request twice: the second conflicts with the result of the first. */
const sentTwice: ErrorScenario = () => ({ times: 2 });
const nobody = '00000000-0000-4000-8000-000000000000';
/** Uploads a file to the workspace of the request. */
const uploaded = ({ app, sample: { params, token } }: ScenarioContext, path: string) =>
  app.call('PUT', `/v1/projects/${params!.project_id}/workspace/file?path=${path}`, {
    token: token!,
    ...formOf('a.txt', 'text/plain', 'a'),
  });
/** The file is not in the version that the caller knows. */
const otherVersion: ErrorScenario = ({ sample }) => ({ headers: { ...sample.headers, 'if-match': '"0"' } });

/** URLs that the server must not call on behalf of a user. */
const urls: Readonly<Record<string, ErrorScenario>> = {
  '400 invalid_url': changed({ url: 'nonsense' }),
  '400 userinfo_denied': changed({ url: 'https://user:secret@example.test/' }),
  '400 fragment_denied': changed({ url: 'https://example.test/#part' }),
  '400 unsupported_scheme': changed({ url: 'ftp://example.test/' }),
  '400 localhost_denied': changed({ url: 'https://localhost/' }),
  '400 private_ip_denied': changed({ url: 'https://10.0.0.1/' }),
};

async function codeWith({ app, sample }: ScenarioContext, changes: string): Promise<RequestChange> {
  await app.sql(`update redemption_codes set ${changes} where code = $1`, [(sample.body as { code: string }).code]);
  return {};
}

/** An account with a quota of one byte. */
const quotaReached =
  (key: string): ErrorScenario =>
  async ({ app, sampleOf }) => {
    const by = await app.signUp();
    const sample = await sampleOf(by);
    await app.sql(`insert into entitlement_overrides (account_id, key, id, value, value_type) values ($1, $2, $3, '1', 'integer')`, [
      by.accountId,
      key,
      crypto.randomUUID(),
    ]);
    // The process may still have the old quota in its cache.
    return { ...sample, times: 30 };
  };
/** The caller has reached the hourly mail limit per user. */
async function mailLimitReached({ app, by }: ScenarioContext): Promise<RequestChange> {
  await app.sql(`insert into attempt_counts (bucket, count, window_ends) values ($1, 1000, now() + interval '1 hour')`, [
    `mail-by-user:hour:${by.id}`,
  ]);
  return {};
}

const webhookLimitReached =
  (action: 'test' | 'replay') =>
  async ({ app, by }: ScenarioContext): Promise<RequestChange> => {
    await app.sql(
      `insert into attempt_counts (bucket, count, window_ends) values ($1, 60, now() + interval '1 minute')
       on conflict (bucket) do update set count = 60, window_ends = excluded.window_ends`,
      [`webhook-${action}:${by.accountId}`],
    );
    return {};
  };

async function signedOut({ app }: ScenarioContext): Promise<RequestChange> {
  const { token } = await app.signUp();
  await app.call('POST', '/v1/auth/logout', { token, body: {} });
  return { token };
}

/**
 * Errors with a reason specific to the operation, caused by values of the request or by an earlier request. By operation, in alphabetical
 * order.
 */
export const ownErrors: Readonly<Record<string, Readonly<Record<string, ErrorScenario>>>> = {
  'accounts.create': { '409 slug_taken': sentTwice },
  'attachments.stage': { '409 quota_exceeded': quotaReached('quota.attachment_bytes') },
  'bootstrap.verify': { '403 host_not_allowed': () => ({ headers: { host: 'rebound.example.test' } }) },
  'credits.adjust': {
    '404 account_not_found': changed({ account_id: nobody }),
    '409 insufficient_credits': changed({ amount: -1_000_000 }),
  },
  'email.test': {
    '429 mail_rate_limited': async (scene) => {
      const body = { from: 'hello@example.test', smtp_host: '127.0.0.1', smtp_port: 9, smtp_tls_mode: 'none' };
      await scene.app.call('PUT', '/v1/admin/email/config', { token: scene.by.token, body });
      return mailLimitReached(scene);
    },
  },
  'featureFlags.create': { '409 flag_exists': sentTwice },
  'invitations.accept': {
    '403 email_mismatch': async ({ app }) => ({ token: (await app.signUp()).token }),
    '403 email_not_verified': async ({ app, sample }) => {
      const addressee =
        'update users u set email_verified_at = null from invitations i where lower(u.email) = lower(i.email) and i.token_hash = $1';
      await app.sql(addressee, [sha256(sample.params!.token!)]);
      return {};
    },
    '409 already_accepted': sentTwice,
  },
  'invitations.create': { '409 already_invited': sentTwice, '429 mail_rate_limited': mailLimitReached },
  'ipRules.create': { '409 rule_exists': sentTwice },
  'mcpConfigs.create': { ...urls, '403 stdio_requires_platform_admin': changed({ transport: 'stdio', command: 'sample', url: undefined }) },
  'memories.create': {
    '200': sentTwice,
    '409 memory_limit': async ({ app }) => {
      const by = await app.signUp();
      await app.call('POST', '/v1/memories', { token: by.token, body: { content: 'The only one' } });
      await (
        await limitSetter(app)
      )(by, 'limit.memories_per_user', 1);
      return { token: by.token };
    },
  },
  'messages.create': { '409 quota_exceeded': quotaReached('quota.message_bytes') },
  'me.get': { '401 session_revoked': signedOut },
  'me.redeem': {
    '409 already_redeemed': async (scene) => ({ ...(await codeWith(scene, 'max_uses = 5')), times: 2 }),
    '409 code_exhausted': sentTwice,
    '409 code_expired': (scene) => codeWith(scene, `expires_at = now() - interval '1 day'`),
    '409 code_inactive': (scene) => codeWith(scene, 'is_active = false'),
  },
  'personas.create': { '409 persona_conflict': sentTwice },
  'plans.create': { '409 plan_name_taken': sentTwice },
  'platformSettings.set': { '400 unknown_setting_key': () => ({ params: { key: 'no.such.setting' } }) },
  'projects.create': { '400 team_not_found': changed({ team_id: nobody }) },
  'runs.continue': {
    '409 run_cannot_continue': async ({ app, sample }) => {
      const { run_id: id } = sample.body as { run_id: string };
      await app.sql(`update runs set status = 'completed', completed_at = now(), failed_at = null where id = $1`, [id]);
      return {};
    },
  },
  'schedules.create': {
    '400 invalid_cron': changed({ cron: '61 * * * *' }),
    '400 invalid_timezone': changed({ timezone: 'Europe/Atlantis' }),
    '400 time_in_past': changed({ cron: undefined, run_at: '2020-01-01T00:00:00Z' }),
    '400 thread_not_found': changed({ thread_id: nobody }),
    '400 inconsistent_values': changed({ run_at: '2120-01-01T00:00:00Z' }),
  },
  'schedules.preview': { '400 invalid_cron': () => ({ query: { cron: 'at noon' } }) },
  'schedules.resume': {
    '409 schedule_completed': async ({ app, sample }) => {
      await app.sql(`update schedules set status = 'completed', next_run_at = null where id = $1`, [sample.params!.schedule_id]);
      return {};
    },
  },
  'skills.create': { '409 name_conflict': sentTwice, '400 invalid_skill': changed({ files: [{ path: 'notes.md', content: '' }] }) },
  'skills.delete': {
    '409 skill_in_use': async ({ app, by, sample }) => {
      const { name } = (await app.call('GET', `/v1/skills/${sample.params!.skill_id}`, { token: by.token })).body;
      const body = { persona_key: name, version: '1', display_name: 'Sample', prompt_md: 'Be a sample.', skills: [name] };
      await app.call('POST', '/v1/personas', { token: by.token, body });
      return {};
    },
  },
  'skills.replace': { '400 invalid_skill': changed({ files: [{ path: 'notes.md', content: '' }] }) },
  'subscriptions.create': {
    '404 plan_not_found': changed({ plan_id: nobody }),
    '409 active_subscription_exists': sentTwice,
  },
  'teams.addMember': { '400 user_not_in_account': changed({ user_id: nobody }) },
  'threads.create': { '400 project_not_found': changed({ project_id: nobody }) },
  'threads.update': { '400 no_fields': () => ({ body: {} }) },
  'webhookEndpoints.create': { ...urls, '400 insecure_scheme_denied': changed({ url: 'http://example.test/' }) },
  'webhookEndpoints.test': { '429 webhook_test_rate_limited': webhookLimitReached('test') },
  'webhookEndpoints.replay': { '429 webhook_replay_rate_limited': webhookLimitReached('replay') },
  'webhookDeliveries.redeliver': {
    '429 webhook_test_rate_limited': async (context) => {
      await context.app.sql('update webhook_deliveries set is_test = true where id = $1', [context.sample.params!.delivery_id]);
      return webhookLimitReached('test')(context);
    },
  },
  'workspaces.archive': { '400 invalid_path': () => ({ query: { path: '../outside' } }) },
  'workspaces.delete': {
    '400 invalid_path': () => ({ query: { path: '/' } }),
    '409 folder_not_empty': () => ({ query: { path: '/samples' } }),
    '409 revision_conflict': otherVersion,
  },
  'workspaces.file': { '400 invalid_path': () => ({ query: { path: '../outside' } }) },
  'workspaces.rename': {
    '400 invalid_path': changed({ new_path: '../outside' }),
    '409 path_taken': (scene) => uploaded(scene, '/taken').then(() => ({ body: { ...(scene.sample.body as object), new_path: '/taken' } })),
    '409 revision_conflict': otherVersion,
  },
  'workspaces.upload': {
    '400 invalid_path': () => ({ query: { path: '/a\u0001' } }),
    '409 path_taken': (scene) => uploaded(scene, '/taken/file.txt').then(() => ({ query: { path: '/Taken/file.txt' } })),
    '409 quota_exceeded': quotaReached('quota.workspace_bytes'),
    '409 revision_conflict': otherVersion,
  },
};
