import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { quotaReason, quotas } from '../../contract/shared/quotas.ts';
import { operationRows, operations } from '../support/http/operations.ts';
import { statusAndReason } from '../support/http/responses.ts';
import { startRouteSuite } from '../support/http/routeSuite.ts';

const walk = await startRouteSuite({ ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '0' });
const { sql } = walk.app;

/** POSTs without a quota, and what bounds the rows they store. Routes for platform admins need no reason. */
const bounded: Readonly<Record<string, string>> = {
  'auth.register': 'registrations per address are limited',
  'auth.login': 'a session and a refresh token; the token is removed when it expires, and sign-ins are limited',
  'auth.refresh': 'replaces a token',
  'auth.logout': 'stores nothing',
  'auth.check': 'counters of attempts, which expire',
  'auth.resolve': 'counters of attempts, which expire',
  'auth.sendCode': 'one code per user, which expires',
  'auth.sendFlowCode': 'one code per user, which expires',
  'auth.verifyCode': 'as a sign-in',
  'auth.verifyFlowCode': 'as a sign-in',
  'auth.verifySecondFactor': 'as a sign-in',
  'auth.sendVerification': 'limited for a user; removed when it expires',
  'auth.confirmEmail': 'stores nothing new',
  'bootstrap.init': 'one token of the installation',
  'bootstrap.setup': 'once for an installation',
  'me.changePassword': 'replaces the credential of a user',
  'passkeys.signInOptions': '300 challenges an address and 15 minutes; removed when they expire',
  'passkeys.signIn': 'as a sign-in',
  'passkeys.registrationOptions': 'challenges, which expire',
  'passkeys.register': '20 a user',
  'passkeys.confirmationOptions': 'challenges, which expire',
  'passkeys.confirm': 'changes a row',
  'secondFactor.setUp': 'one secret of a user',
  'secondFactor.confirm': 'changes a row',
  'secondFactor.replaceRecoveryCodes': 'changes a row',
  'secondFactor.disable': 'deletes a row',
  'providerSignIn.start': 'one row that expires; 100 per address in 15 minutes',
  'providerSignIn.complete': 'as a sign-in, or a registration',
  'identities.start': 'one row that expires; 20 per user in 10 minutes',
  'identities.complete': '20 a user',
  'identities.confirm': '20 a user',
  'me.resetInviteCode': 'replaces a code, with a cooldown',
  'me.redeem': 'once per code and user',
  'invitations.accept': 'consumes an invitation, which is counted',
  'erasures.request': 'one an account that has not ended; each takes the password',
  'teams.addMember': 'members of the account, within limit.team_members',
  'runs.cancel': 'one event of a run',
  'memories.create': 'limit.memories_per_user',
  'chatCompletions.create': 'concurrent completions and credits',
  'mcp.call': 'the quotas of the operations that tools call',
  'llmModels.test': 'stores nothing',
  'workspaces.rename': 'moves entries; what its revision replaces is removed',
  'mcpConfigs.test': 'stores nothing',
  'mcpConfigs.getPrompt': 'stores nothing',
  'mcpConfigs.authorize': 'changes a row',
  'mcpConfigs.completeAuthorization': 'changes a row',
  'asrCredentials.setDefault': 'changes a row',
  'schedules.pause': 'changes a row',
  'schedules.resume': 'changes a row',
  'apiKeys.rotate': 'changes a row',
  'asr.transcribe': 'stores nothing',
  'shares.verify': 'counters of attempts, which expire',
  'webhookEndpoints.rotateSecret': 'changes a row',
  'webhookEndpoints.test': '60 a minute and account; removed after 30 days',
  'webhookEndpoints.replay': '10,000 deliveries at a time; removed after 30 days',
  'webhookDeliveries.redeliver': 'one delivery at a time; removed after 30 days',
};

const posts = operations.filter(({ route }) => route.method === 'POST' && route.metadata.auth !== 'platform');

test('every tenant POST declares a quota or is listed with what bounds it', () => {
  const undeclared = posts.filter(({ route }) => !route.metadata.quota).map(({ id }) => id);
  expect(undeclared.sort()).toEqual(Object.keys(bounded).sort());
});

test('every quota is declared by a route', () => {
  const declared = new Set(operations.flatMap(({ route }) => route.metadata.quota ?? []));
  // That of the events is checked by what starts a run, which a worker does too: test/runs/bounds/eventBytes.test.ts.
  expect([...declared, 'events'].sort()).toEqual(Object.keys(quotas).sort());
});

/** What bounds the number of rows of each table. */
const tables: Readonly<Record<string, string>> = {
  accounts: 'quota accounts; one personal account a user',
  api_key_usage: 'a row for each day on which a key is used',
  api_keys: 'quota api_keys; revoked keys stay for the audit log',
  asr_credentials: 'quota asr_credentials',
  attachments: 'quota attachments; staged ones are removed after a day, kept ones with the last thread that uses them',
  attempt_counts: 'removed when the window ends',
  access_log: 'retention',
  audit_logs: 'retention',
  broadcasts: 'platform admins',
  chat_completions: 'retention; concurrent completions and credits',
  credentials: 'one a user',
  credit_alerts: 'removed when announced',
  credit_balances: 'one an account',
  credit_operations: 'platform admins',
  credit_transactions: 'the ledger: runs, redemptions and grants',
  email_verifications: 'removed when they expire',
  encryption_keys: 'a row for each key of a ring',
  entitlement_overrides: 'platform admins',
  erasures: 'one an account that has not ended; each takes the password of the owner',
  feature_flag_overrides: 'platform admins',
  feature_flags: 'platform admins',
  gateways: 'one a live gateway; others are removed',
  idempotency_keys: 'removed after a day',
  identity_flows: 'as sign-ins; removed when they expire',
  identity_providers: 'platform admins',
  invitations: 'quota invitations; accepted ones are one a member',
  invite_codes: 'one active code a user, with a cooldown',
  ip_rules: 'quota ip_rules',
  llm_models: 'quota llm_models',
  llm_providers: 'quota llm_providers',
  login_codes: 'one a user; removed when it expires',
  mcp_configs: 'quota mcp_configs',
  mcp_prompt_requests: 'removed with the response, or after a minute',
  memberships: 'accepted invitations',
  memories: 'limit.memories_per_user of a member',
  messages: 'quota messages',
  mikro_orm_migrations: 'migrations',
  notifications: 'broadcasts of the platform',
  passkey_challenges: 'removed when they expire',
  passkeys: '20 a user',
  personas: 'quota personas',
  plan_entitlements: 'platform admins',
  plans: 'platform admins',
  platform_settings: 'platform admins',
  platform_usage_rollups: 'at most two a run',
  projects: 'quota projects; one default project a member; deleted ones stay for their threads',
  quota_usage: 'four an account',
  redemption_codes: 'platform admins',
  redemptions: 'once per code and user',
  referrals: 'one a registration',
  refresh_tokens: 'removed when they expire',
  directory_count_changes: 'one a registration or closed account and two a day on which a user signs in, merged each hour',
  run_count_changes: 'one a run, merged each hour',
  run_event_archives: 'one row for each run, as long as its events are kept or counted',
  run_events: 'quota events; retention by month',
  run_turns: 'removed with the end of a run',
  runs: 'the record of what is charged: concurrent runs, credits, quota.runs_per_month, and none beyond the quota messages',
  schedule_occurrences: 'the times of schedules; removed after 90 days',
  schedules: 'quota schedules; 1,000 completed ones of an account',
  second_factors: 'one a user',
  service_keys: 'platform admins',
  sessions: 'removed after their last refresh token',
  signing_keys: 'one, and one for each loss of the encryption key',
  sign_in_challenges: 'as sign-ins; removed when they expire',
  skill_files: 'quota skills, and at most 2 MiB a skill',
  skills: 'quota skills',
  subscriptions: 'platform admins',
  team_members: 'members of teams',
  teams: 'quota teams',
  thread_attachments: 'messages that name attachments',
  thread_reports: 'quota reports',
  thread_share_messages: 'quota messages',
  thread_shares: 'quota messages',
  thread_stars: 'quota starred_threads',
  thread_summaries: 'one for a part of a thread',
  threads: 'quota messages; deleted ones stay without content for the statistics of their runs',
  tool_providers: 'one a provider of the catalog and account',
  usage_records: 'one a run',
  usage_rollups: 'at most two a run',
  user_identities: '20 a user',
  users: 'registrations',
  webhook_deliveries: 'removed after 30 days',
  webhook_endpoints: 'quota webhook_endpoints',
  webhook_messages: 'removed after 30 days',
  webhook_replays: 'one an endpoint',
  workers: 'removed after a day',
  workspace_objects: 'quota workspaces',
  workspaces: 'one a member and project',
};

test('every table is listed with what bounds it', async () => {
  const found = await sql(`
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = current_schema() and c.relkind in ('r', 'p') and not c.relispartition order by 1`);
  expect(found.map(({ name }: { name: string }) => name)).toEqual(Object.keys(tables).sort());
  const named = Object.values(tables).flatMap((why) => /^quota (\w+)/.exec(why)?.[1] ?? []);
  expect(named.filter((name) => !Object.hasOwn(quotas, name))).toEqual([]);
});

/** Lists without pages, and what bounds their rows: a quota, a number, an entitlement or platform admins. How often rows are added bounds nothing. */
const unpaged: Readonly<Record<string, string>> = {
  'asrCredentials.list': 'quota asr_credentials',
  'chatModels.list': 'quota llm_models',
  'configSchema.list': '1 row for each setting of the server',
  'erasures.keys': '1 key, and another for each that cannot be opened any more',
  'featureFlags.list': 'platform admins',
  'gatewayConfig.get': 'platform admins',
  'identities.list': '20 a user',
  'identityProviders.get': 'platform admins',
  'llmProviders.availableModels': '1 answer of a provider, whose size is limited',
  'llmProviders.list': 'quota llm_providers',
  'mcpConfigs.prompts': '1,000 of a server',
  'personas.selectable': 'quota personas',
  'plans.get': '1 row for each entitlement of the server',
  'platformSettings.list': '1 row for each setting of the server',
  'providerSignIn.providers': '100 in the statement',
  'runDetails.get': 'limit.subagent_max_descendants',
  'runs.get': 'limit.subagent_max_descendants',
  'schedules.preview': '20 in the query',
  'serviceKeys.get': 'platform admins',
  'skills.get': '100 files a skill',
  'threads.starred': 'quota starred_threads',
  'toolProviders.list': '1 row for each provider of the server',
  'users.get': 'quota accounts; platform admins, who can see the accounts to which others have invited the user',
  'webhookDeliveries.get': '20 attempts',
  'webhookEndpoints.get': '20 headers',
  'workspaces.files': '5,000 files',
};

/** Whether a response is a list of objects or texts, or an object with one. Lists of names that the contract knows are as long as these. */
function hasList(schema: unknown, isTop = true): boolean {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return hasList(schema.unwrap(), isTop);
  if (schema instanceof z.ZodArray) return !(schema.element instanceof z.ZodEnum);
  return isTop && schema instanceof z.ZodObject && Object.values(schema.shape).some((field) => hasList(field, false));
}

test('every list has pages, is computed, or is listed with what bounds it', () => {
  const found = operations.filter(({ route }) => {
    const { pages, report } = route.metadata;
    return (
      route.method === 'GET' && !pages && !report && hasList(Object.entries(route.responses).find(([status]) => status === '200')?.[1])
    );
  });
  expect(found.map(({ id }) => id).sort()).toEqual(Object.keys(unpaged).sort());
  const reasons = Object.values(unpaged);
  expect(reasons.filter((why) => !/^(quota|limit\.|\d|platform admins)/.test(why))).toEqual([]);
  const named = reasons.flatMap((why) => /^quota (\w+)/.exec(why)?.[1] ?? []);
  expect(named.filter((name) => !Object.hasOwn(quotas, name))).toEqual([]);
});

describe('with all quotas exhausted', () => {
  const counts = () =>
    sql(`select relname, n from (
    select c.relname, (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I', c.relname), false, true, '')))[1]::text as n
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = current_schema() and c.relkind = 'r' and c.relname not in ('attempt_counts', 'idempotency_keys', 'audit_logs', 'access_log_default')) t order by 1`);
  const fullAt = (limit: string) =>
    sql(`create or replace function check_limit(used bigint, most bigint) returns void language plpgsql as $$
      begin if used > ${limit} then raise exception 'full' using errcode = 'QU001', detail = used; end if; end $$`);

  test.for(operationRows(({ metadata }) => metadata.quota !== undefined))(
    '%s returns quota_exceeded and stores nothing',
    async ([, operation]) => {
      const { quota } = operation.route.metadata;
      const sample = await walk.good(operation);
      const before = await counts();
      await fullAt('0');
      const answers = [
        await walk.send(operation, sample),
        await walk.send(operation, sample, { headers: { 'idempotency-key': operation.id } }),
      ];
      await fullAt('most and most > 0');
      expect(answers.map(statusAndReason)).toEqual(answers.map(() => [409, quotaReason(quota!)]));
      expect(await counts()).toEqual(before);
      expect((await walk.send(operation, sample)).status).toBeLessThan(300);
    },
  );
});

test('thirty concurrent creations do not exceed the quota', async () => {
  const person = await walk.app.signUp();
  await sql(`insert into teams (account_id, id, name) select $1, gen_random_uuid(), 'team ' || n from generate_series(1, 995) n`, [
    person.accountId,
  ]);
  const create = (name: string) => walk.app.call('POST', '/v1/teams', { token: person.token, body: { name } });
  const answers = await Promise.all(Array.from({ length: 30 }, (_, at) => create(`more ${at}`)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  expect(answers.find(({ status }) => status === 409)!.body.details).toEqual({
    reason: 'quota_exceeded',
    key: 'teams',
    limit: 1_000,
    required: 1_001,
  });
  expect(await sql('select count(*)::int as n from teams where account_id = $1', [person.accountId])).toEqual([{ n: 1_000 }]);
});
