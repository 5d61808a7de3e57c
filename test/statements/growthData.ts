import type pg from 'pg';

/** A user and their personal account, with the number of threads to generate. */
export type Person = { userId: string; accountId: string; threads: number };

/** What each thread has. */
export type Amounts = { messages: number; runs: number; eventsPerRun: number };

/** Data as it accumulates in 25 days, in chronological order. Users and accounts of `people` that are missing are created. */
export async function generateGrowth(superuser: pg.ClientBase, people: readonly Person[], amounts: Amounts): Promise<void> {
  // Neither foreign keys nor triggers: a million rows take seconds instead of minutes. Counters are computed at the end.
  await superuser.query('set session_replication_role = replica');
  await superuser.query(
    `create temp table person on commit preserve rows as
     select * from json_to_recordset($1) as p ("userId" uuid, "accountId" uuid, threads integer)`,
    [JSON.stringify(people)],
  );
  for (const statement of statementsFor(amounts)) await superuser.query(statement);
  await superuser.query('set session_replication_role = origin');
}

const statementsFor = ({ messages, runs, eventsPerRun }: Amounts) => [
  `insert into users (id, username, email) select "userId", 'u' || "userId", "userId" || '@example.test' from person on conflict do nothing`,
  `insert into accounts (id, slug, name, type, owner_user_id)
   select "accountId", 'a' || "accountId", 'A', 'personal', "userId" from person on conflict do nothing`,
  `insert into memberships (account_id, user_id, role) select "accountId", "userId", 'admin' from person on conflict do nothing`,
  `insert into credit_balances (account_id, balance) select "accountId", 1000000 from person on conflict do nothing`,
  // Threads of all people are interleaved.
  `create temp table thread as
   select row_number() over (order by at) as n, uuidv7(at - clock_timestamp()) as id, * from (
     select "userId" as user_id, "accountId" as account_id, now() - interval '25 days' * (1 - (k - 0.5) / threads) as at
     from person, generate_series(1, threads) k) t`,
  `insert into threads (account_id, id, created_by_user_id, title, last_message_number, created_at, updated_at, archived_at)
   select account_id, id, user_id, 'Thread ' || n, ${messages}, at, at, case when n % 10 = 0 then at end from thread order by n`,
  `insert into messages (account_id, thread_id, number, id, created_by_user_id, role, content, created_at)
   select account_id, id, k, uuidv7(at - clock_timestamp()), user_id, case when k % 2 = 1 then 'user' else 'assistant' end,
     'A message of some words, number ' || k, at + k * interval '1 second'
   from thread, generate_series(1, ${messages}) k order by n, k`,
  `create temp table run as
   select n, k, account_id, user_id, id as thread_id, uuidv7(at - clock_timestamp() + k * interval '2 seconds') as id, at + k * interval '2 seconds' as at,
     case when (n + k) % 50 = 0 then 'failed' when (n + k) % 75 = 0 then 'cancelled' else 'completed' end as status,
     (array['alpha', 'beta', 'gamma'])[1 + (n + k) % 3] as model
   from thread, generate_series(1, ${runs}) k`,
  `insert into runs (account_id, id, thread_id, created_by_user_id, source, status, trace_id, tail_message_number, model, persona_id,
     total_input_tokens, total_output_tokens, total_cost_usd, created_at, completed_at, last_activity_at, next_seq)
   select account_id, id, thread_id, user_id, 'api', status, repeat('0', 32), k, model, 'normal', 100, 50, 0.001, at, at, at, ${eventsPerRun + 1}
   from run order by n, k`,
  `insert into run_events (run_id, seq, event_id, type, data, created_at)
   select id, seq, uuidv7(at - clock_timestamp()), case when seq = ${eventsPerRun} then 'run.completed' else 'message.delta' end, '{}', at
   from run, generate_series(1, ${eventsPerRun}) seq order by n, k, seq`,
  `insert into usage_records (account_id, run_id, usage_type, model, user_id, input_tokens, output_tokens, cache_creation_input_tokens,
     cache_read_input_tokens, cached_tokens, cost_usd, recorded_at)
   select account_id, id, 'llm', model, user_id, 100 + n % 7, 50, 0, 0, 0, 0.001 + n * 0.000001, at from run order by n, k`,
  `insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id, user_id, created_at)
   select account_id, uuidv7(at - clock_timestamp()), 'debit', -1, 'run', id, user_id, at from run order by n, k`,
  `insert into audit_logs (id, account_id, actor_user_id, action, target_type, target_id, trace_id, metadata, created_at)
   select uuidv7(at - clock_timestamp()), account_id, user_id, 'run.create', 'run', id, repeat('0', 32), '{}', at from run order by n, k`,
  `insert into audit_logs (id, account_id, actor_user_id, action, target_type, target_id, trace_id, metadata, created_at)
   select uuidv7(at - clock_timestamp()), account_id, user_id, 'thread.create', 'thread', id, repeat('0', 32), '{}', at from thread order by n`,
  `insert into quota_usage (account_id, quota, used) select "accountId", 'messages', 0 from person on conflict do nothing`,
  `do $$ begin
     if to_regproc('rebuild_usage_rollups') is not null then perform rebuild_usage_rollups(); end if;
     if to_regclass('run_count_changes') is not null then insert into run_count_changes (change) select count(*) from run; end if;
     if to_regclass('directory_count_changes') is not null then
       insert into directory_count_changes (subject, change) select 'user', count(*) from person union all select 'account', count(*) from person;
     end if;
   end $$`,
  `drop table person, thread, run`,
];

/** A row or more per thread in the other tables that grow with use. Run after `generateGrowth`. */
export const generateRest = (superuser: pg.ClientBase) => insertAll(superuser, rest);

/** As many accounts as threads, each with an owner, a project and a workspace. Run after `generateRest`. */
export const generateAccounts = (superuser: pg.ClientBase) => insertAll(superuser, accounts);

async function insertAll(superuser: pg.ClientBase, statements: readonly string[]): Promise<void> {
  await superuser.query('set session_replication_role = replica');
  for (const statement of statements) await superuser.query(statement);
  await superuser.query('set session_replication_role = origin');
}

const rest = [
  `insert into projects (account_id, id, owner_user_id, name, is_default) select a.id, new_id(), a.owner_user_id, 'P', true from accounts a`,
  `update threads t set project_id = p.id from projects p where p.account_id = t.account_id`,
  // A few runs are open.
  `update runs set status = 'running', lease_until = created_at where id in
     (select max(id::text)::uuid from runs group by thread_id order by 1 limit 100)`,
  `insert into audit_logs (id, account_id, actor_user_id, action, target_type, target_id, trace_id, metadata, created_at)
   select new_id(), account_id, created_by_user_id, 'thing' || k % 20 || '.verb' || k, 'thing' || k % 20, id, repeat('0', 32), '{}', created_at
   from threads, generate_series(1, 6) j, lateral (select (hashtext(id::text || j) & 127) % 100 as k)`,
  // The default partition has rows too: the planner would scan an empty one.
  `insert into audit_logs (id, account_id, actor_user_id, action, target_type, target_id, trace_id, metadata, created_at)
   select overlay(id::text placing 'f' from 1 for 1)::uuid, account_id, created_by_user_id, 'thread.update', 'thread', id, repeat('0', 32), '{}', created_at from threads`,
  `insert into run_event_archives (run_id, account_id, state, claim_id, parts, bytes, event_count, event_counts)
   select id, account_id, case when random() < 0.01 then 'removing' else 'kept' end, id, '[]', 0, 2, '{}' from runs where status = 'completed'`,
  `insert into run_turns (account_id, run_id, turn_index, opaque) select account_id, id, 1, '{}' from runs`,
  `insert into thread_stars (account_id, user_id, thread_id) select account_id, created_by_user_id, id from threads`,
  `insert into thread_summaries (account_id, thread_id, up_to_number, summary, digest) select account_id, id, 1, '', '' from threads`,
  `insert into thread_reports (account_id, id, thread_id, user_id, categories, created_at)
   select account_id, new_id(), id, created_by_user_id, '{other}', created_at from threads`,
  `insert into thread_shares (account_id, id, thread_id, created_by_user_id, token_hash, token_sealed, live_update, last_message_number,
     hidden_message_numbers, snapshot_turn_count)
   select account_id, new_id(), id, created_by_user_id, id, '', false, 1, '{}', 1 from threads`,
  `insert into thread_share_messages (account_id, share_id, number, content) select account_id, id, 1, 'x' from thread_shares`,
  `insert into attachments (account_id, id, state, uploader_user_id, name, mime_type, kind, size, sha256, created_at)
   select account_id, new_id(), 'kept', created_by_user_id, 'f', 'text/plain', 'file', 10, '', created_at from threads`,
  `insert into thread_attachments (account_id, attachment_id, thread_id)
   select a.account_id, a.id, t.id from (select *, row_number() over (order by account_id, id) n from attachments) a
   join (select *, row_number() over (order by account_id, id) n from threads) t using (n)`,
  `insert into notifications (account_id, user_id, type, title, body, payload, created_at, read_at)
   select account_id, created_by_user_id, 'news', 'x', 'x', '{}', created_at, created_at from threads`,
  `insert into webhook_endpoints (account_id, id, url, events, secret_sealed, secret_prefix) select id, id, 'https://example.test', '{run.completed}', '', 'w' from accounts`,
  `insert into webhook_messages (account_id, id, event_type, body, created_at) select account_id, id, 'run.completed', '{}', created_at from runs`,
  `insert into webhook_deliveries (account_id, id, endpoint_id, message_id, event_type, status, attempts, created_at)
   select account_id, new_id(), account_id, id, 'run.completed', 'delivered', 1, created_at from runs`,
  `insert into schedules (account_id, id, created_by_user_id, name, cron, timezone, input, missed, overlap, next_run_at, created_at)
   select account_id, id, created_by_user_id, 'S', '0 9 * * *', 'UTC', 'x', 'skip', 'skip', now() + random() * interval '1 day', created_at from threads`,
  `insert into schedule_occurrences (account_id, id, schedule_id, scheduled_for, trigger, status, run_id, created_at)
   select account_id, new_id(), thread_id, created_at, 'schedule', 'started', id, created_at from runs`,
  `insert into idempotency_keys (scope_hash, request_hash, claim_id, claimed_at, status) select id, '', id, now() - random() * interval '23 hours', 201 from runs`,
  `insert into sessions (id, user_id, active_account_id, created_at) select id, created_by_user_id, account_id, created_at from threads`,
  `insert into refresh_tokens (token_hash, session_id, issued_at, expires_at, generation) select id, id, created_at, created_at + interval '30 days', 1 from threads`,
  `insert into access_log (id, timestamp, trace_id, method, path, status_code, duration_ms, client_ip, country, city, user_agent, ua_type, risk_score,
     identity_type, account_id, user_id)
   select new_id(), created_at, '', 'GET', '/v1/x', 200, 1, '203.0.113.1', '', '', '', 'tool', 0, 'user', account_id, created_by_user_id from runs`,
  `insert into attempt_counts (bucket, count, window_ends) select id, 1, created_at from runs`,
  `insert into chat_completions (account_id, id, created_by_user_id, status, model, route, trace_id, created_at, expires_at, ended_at)
   select account_id, id, created_by_user_id, 'completed', model, '{}', '', created_at, created_at, created_at from runs`,
  `insert into users (id, username, email) select id, 'u' || id, id || '@example.test' from threads`,
  `insert into login_codes (user_id, email, code_hmac, asked_from, expires_at) select id, '', '', '', created_at from threads`,
  `insert into email_verifications (user_id, email, token_hash, expires_at) select id, '', id, created_at from threads`,
  `insert into sign_in_challenges (token_hash, user_id, method, expires_at) select id, id, 'password', created_at from threads`,
  `insert into passkey_challenges (challenge_hash, purpose, expires_at) select id, 'sign_in', created_at from threads`,
  `insert into identity_flows (key_hash, purpose, provider_id, contents_sealed, expires_at) select id, 'sign_in', id, '', created_at from threads`,
  `insert into workspaces (account_id, project_id, owner_user_id, workspace_ref) select account_id, id, owner_user_id, id from projects`,
  `insert into workspace_objects (account_id, workspace_ref, name, size)
   select account_id, workspace_ref, 'o' || n, 1 from workspaces, generate_series(1, 200) n`,
];

const accounts = [
  `insert into accounts (id, slug, name, type, owner_user_id, created_at) select id, 'a' || id, 'A', 'personal', id, created_at from threads`,
  `insert into memberships (account_id, user_id, role) select id, id, 'admin' from threads`,
  `insert into credit_balances (account_id, balance) select id, 1000 from threads`,
  `insert into quota_usage (account_id, quota, used) select id, 'messages', 0 from threads`,
  `insert into projects (account_id, id, owner_user_id, name, is_default) select id, id, id, 'P', true from threads`,
  `insert into workspaces (account_id, project_id, owner_user_id, workspace_ref) select id, id, id, id from threads`,
];

/** Statistics and visibility as autovacuum leaves them. */
export const settle = (superuser: pg.ClientBase) => superuser.query('vacuum analyze');
