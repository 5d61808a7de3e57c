import { sha256 } from '../../../server/kernel/ids.ts';
import type { Change, Scene, Special } from './special.ts';

const changed =
  (changes: object): Special =>
  ({ sample }) => ({ body: { ...(sample.body as object), ...changes } });
/** The same once more: what the first made is in the way of the second. */
const again: Special = () => ({ times: 2 });
const nobody = '00000000-0000-4000-8000-000000000000';

/** Addresses that a server must not call for somebody. */
const urls: Readonly<Record<string, Special>> = {
  '400 invalid_url': changed({ url: 'nonsense' }),
  '400 userinfo_denied': changed({ url: 'https://user:secret@example.test/' }),
  '400 fragment_denied': changed({ url: 'https://example.test/#part' }),
  '400 unsupported_scheme': changed({ url: 'ftp://example.test/' }),
  '400 localhost_denied': changed({ url: 'https://localhost/' }),
  '400 private_ip_denied': changed({ url: 'https://10.0.0.1/' }),
};

async function codeWith({ world, sample }: Scene, changes: string): Promise<Change> {
  await world.sql(`update redemption_codes set ${changes} where code = $1`, [(sample.body as { code: string }).code]);
  return {};
}

/** An account that may store a single byte. */
const full =
  (key: string): Special =>
  async ({ world, sampleOf }) => {
    const by = await world.signUp();
    const sample = await sampleOf(by);
    await world.sql(`insert into entitlement_overrides (account_id, key, id, value, value_type) values ($1, $2, $3, '1', 'integer')`, [
      by.accountId,
      key,
      crypto.randomUUID(),
    ]);
    // What the process knows of the account is older.
    return { ...sample, times: 30 };
  };
/** The caller has sent as many mails as a user may in an hour. */
async function mailedEnough({ world, by }: Scene): Promise<Change> {
  await world.sql(`insert into attempt_counts (bucket, count, window_ends) values ($1, 1000, now() + interval '1 hour')`, [
    `mail-by-user:hour:${by.id}`,
  ]);
  return {};
}

async function signedOut({ world }: Scene): Promise<Change> {
  const { token } = await world.signUp();
  await world.call('POST', '/v1/auth/logout', { token, body: {} });
  return { token };
}

/** Refusals for reasons of their own, by operation, in alphabetical order: what the values of a request, or an earlier one, bring about. */
export const ownRefusals: Readonly<Record<string, Readonly<Record<string, Special>>>> = {
  'accounts.create': { '409 slug_taken': again },
  'attachments.stage': { '409 quota_exceeded': full('quota.attachment_bytes') },
  'bootstrap.verify': { '403 host_not_allowed': () => ({ headers: { host: 'rebound.example.test' } }) },
  'credits.adjust': {
    '404 account_not_found': changed({ account_id: nobody }),
    '409 insufficient_credits': changed({ amount: -1_000_000 }),
  },
  'email.test': {
    '429 mail_rate_limited': async (scene) => {
      const body = { from: 'hello@example.test', smtp_host: '127.0.0.1', smtp_port: 9, smtp_tls_mode: 'none' };
      await scene.world.call('PUT', '/v1/admin/email/config', { token: scene.by.token, body });
      return mailedEnough(scene);
    },
  },
  'featureFlags.create': { '409 flag_exists': again },
  'invitations.accept': {
    '403 email_mismatch': async ({ world }) => ({ token: (await world.signUp()).token }),
    '403 email_not_verified': async ({ world, sample }) => {
      const addressee =
        'update users u set email_verified_at = null from invitations i where lower(u.email) = lower(i.email) and i.token_hash = $1';
      await world.sql(addressee, [sha256(sample.params!.token!)]);
      return {};
    },
    '409 already_accepted': again,
  },
  'invitations.create': { '409 already_invited': again, '429 mail_rate_limited': mailedEnough },
  'ipRules.create': { '409 rule_exists': again },
  'mcpConfigs.create': { ...urls, '403 stdio_requires_platform_admin': changed({ transport: 'stdio', command: 'sample', url: undefined }) },
  'messages.create': { '409 quota_exceeded': full('quota.message_bytes') },
  'me.get': { '401 session_revoked': signedOut },
  'me.redeem': {
    '409 already_redeemed': async (scene) => ({ ...(await codeWith(scene, 'max_uses = 5')), times: 2 }),
    '409 code_exhausted': again,
    '409 code_expired': (scene) => codeWith(scene, `expires_at = now() - interval '1 day'`),
    '409 code_inactive': (scene) => codeWith(scene, 'is_active = false'),
  },
  'personas.create': { '409 persona_conflict': again },
  'plans.create': { '409 plan_name_taken': again },
  'platformSettings.set': { '400 unknown_setting_key': () => ({ params: { key: 'no.such.setting' } }) },
  'projects.create': { '400 team_not_found': changed({ team_id: nobody }) },
  'runs.continue': {
    '409 run_cannot_continue': async ({ world, sample }) => {
      const { run_id: id } = sample.body as { run_id: string };
      await world.sql(`update runs set status = 'completed', completed_at = now(), failed_at = null where id = $1`, [id]);
      return {};
    },
  },
  'subscriptions.create': {
    '404 plan_not_found': changed({ plan_id: nobody }),
    '409 active_subscription_exists': again,
  },
  'teams.addMember': { '400 user_not_in_account': changed({ user_id: nobody }) },
  'threads.create': { '400 project_not_found': changed({ project_id: nobody }) },
  'threads.update': { '400 no_fields': () => ({ body: {} }) },
  'webhookEndpoints.create': { ...urls, '400 insecure_scheme_denied': changed({ url: 'http://example.test/' }) },
  'workspaces.file': { '400 invalid_path': () => ({ query: { path: '../outside' } }) },
};
