-- agent/context/summaries.ts 1
select "s"."up_to_number", "s"."summary"
  from "thread_summaries" as "s"
  where "s"."account_id" = $1 and "s"."thread_id" = $2 and "s"."up_to_number" < $3 and "s"."digest" = (select encode(sha256(convert_to(string_agg(concat_ws(E'\x1f', m.number, m.role, m.content, m.content_json), E'\x1e'
  order by m.number), 'UTF8')), 'hex') as "digest"
  from "messages" as "m"
  where "m"."account_id" = $4 and "m"."thread_id" = $5 and "m"."visible" = true and "m"."number" <= "s"."up_to_number")
  order by "s"."up_to_number" desc
  limit 1;

-- agent/context/summaries.ts 2
with "run" as (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = $1 and "r"."thread_id" = $2 and "r"."id" = $3 and "r"."status" in ('running', 'waiting_for_input')
  for share) insert into "thread_summaries" ("account_id", "thread_id", "up_to_number", "summary", "digest") select $4::uuid as "account_id", $5::uuid as "thread_id", $6::integer as "up_to_number", $7::text as "summary", (select encode(sha256(convert_to(string_agg(concat_ws(E'\x1f', m.number, m.role, m.content, m.content_json), E'\x1e'
  order by m.number), 'UTF8')), 'hex') as "digest"
  from "messages" as "m"
  where "m"."account_id" = $8 and "m"."thread_id" = $9 and "m"."visible" = true and "m"."number" <= $10::integer) as "digest"
  from "run"
  on conflict ("account_id", "thread_id", "up_to_number") do update
  set "summary" = "excluded"."summary", "digest" = "excluded"."digest";

-- agent/mcp/prompts/queries.ts claimRequest
update "mcp_prompt_requests"
  set "claim_id" = $1, "claimed_until" = clock_timestamp() + make_interval(secs => $2), "attempts" = "attempts" + 1
  where ("account_id", "id") in (select "r"."account_id", "r"."id"
  from "mcp_prompt_requests" as "r"
  where "r"."reply_sealed" is null and "r"."attempts" < 2 and ("r"."claimed_until" is null or "r"."claimed_until" <= clock_timestamp()) and "r"."created_at" > clock_timestamp() - $3::float8 * interval '1 millisecond' and r.account_id <> all ($4::uuid[]) and r.id <> all ($5::uuid[])
  order by "r"."created_at"
  limit 1
  for update skip locked)
  returning "account_id", "id", "request_sealed", (extract(epoch
  from clock_timestamp() - created_at) * 1000)::float8 as "age_ms";

-- agent/mcp/prompts/queries.ts renewClaims
update "mcp_prompt_requests"
  set "claimed_until" = clock_timestamp() + make_interval(secs => $1)
  where "claim_id" = any ($2::uuid[])
  returning "claim_id";

-- agent/mcp/prompts/queries.ts storeReply
update "mcp_prompt_requests"
  set "reply_sealed" = $1
  where "account_id" = $2 and "id" = $3 and "reply_sealed" is null;

-- agent/mcp/prompts/queries.ts releaseClaim
update "mcp_prompt_requests"
  set "claim_id" = null, "claimed_until" = clock_timestamp()
  where "account_id" = $1 and "id" = $2 and "claim_id" = $3;

-- agent/mcp/prompts/queries.ts deleteAbandoned
delete
  from "mcp_prompt_requests"
  where "created_at" < now() - interval '1 minute';

-- agent/memory/access.ts 1
select not t.is_private and coalesce(p.visibility, 'private') = 'private' as "has_memory"
  from "threads" as "t"
  left
  join "projects" as "p" on "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null
  where "t"."account_id" = $1 and "t"."id" = $2;

-- agent/tools/progressTools.ts 1
update "threads"
  set "title" = $1, "title_provisional" = false
  where "account_id" = $2 and "id" = $3 and "title_locked" = false and "deleted_at" is null;

-- agent/tools/workspace/runWorkspace.ts 1
select coalesce((select "p"."id"
  from "threads" as "t"
  inner
  join "projects" as "p" on "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id"
  where "t"."account_id" = $1 and "t"."id" = $2 and "p"."deleted_at" is null), (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = $3 and "p"."owner_user_id" = $4 and "p"."is_default" = true and "p"."deleted_at" is null)) as "id";

-- chatCompletions/queries.ts selectLimits
select (select "status"
  from "accounts"
  where "id" = $1 and "deleted_at" is null) as "account_status", coalesce((select "balance"
  from "credit_balances"
  where "account_id" = $2), 0) as "balance", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = $3 and "r"."status" in ('running', 'waiting_for_input', 'cancelling')), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $4 and "cc"."status" = 'running'), 0), 9007199254740991)::bigint as "reserved", (select count(*) as "count"
  from "chat_completions"
  where "account_id" = $5 and "status" = 'running') as "running";

-- chatCompletions/queries.ts insertCompletion
with "creator" as (select "id"
  from "users"
  where "id" = $1 and "status" = 'active'
  for share) insert into "chat_completions" ("account_id", "id", "created_by_user_id", "api_key_id", "model", "route", "reserved_credits", "end_user", "metadata", "trace_id", "expires_at") select $2::uuid as "account_id", $3::uuid as "id", "creator"."id" as "created_by_user_id", $4::uuid as "api_key_id", $5::text as "model", $6::jsonb as "route", $7::bigint as "reserved_credits", $8::text as "end_user", $9::jsonb as "metadata", $10::text as "trace_id", clock_timestamp() + interval '60 seconds' as "expires_at"
  from "creator";

-- chatCompletions/queries.ts storeProgress
update "chat_completions"
  set "usage" = coalesce($1::jsonb, usage), "expires_at" = clock_timestamp() + interval '60 seconds'
  where "account_id" = $2 and "id" = $3 and "status" = 'running' and exists (select 1 as "one"
  from "accounts" as "a"
  inner
  join "memberships" as "m" on "m"."account_id" = "a"."id"
  inner
  join "users" as "u" on "u"."id" = "m"."user_id"
  where "a"."id" = $4 and "a"."status" = 'active' and "a"."deleted_at" is null and "u"."id" = "chat_completions"."created_by_user_id" and "u"."status" = 'active' and not exists (select 1 as "one"
  from "api_keys" as "k"
  where "k"."account_id" = $5 and "k"."id" = "chat_completions"."api_key_id" and ("k"."revoked_at" is not null or "k"."expires_at" <= clock_timestamp() or k.key_hash <> $6 and not coalesce(k.previous_key_hash = $7 and k.previous_expires_at > clock_timestamp(), false))));

-- chatCompletions/queries.ts extendReservation
with "account" as materialized (select coalesce((select "balance"
  from "credit_balances"
  where "account_id" = $1), 0) as "balance", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = $2 and "r"."status" in ('running', 'waiting_for_input', 'cancelling') and "r"."id" <> $3), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $4 and "cc"."status" = 'running' and "cc"."id" <> $5), 0), 9007199254740991)::bigint as "others"), "budget" as materialized (select "key"."credits_per_day", "key"."credits_per_month", "key"."credits_total", "key"."used_today", "key"."used_this_month", "key"."used_in_total", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = $6 and "r"."status" in ('running', 'waiting_for_input', 'cancelling') and "r"."api_key_id" = "key"."id" and "r"."id" <> $7), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $8 and "cc"."status" = 'running' and "cc"."api_key_id" = "key"."id" and "cc"."id" <> $9), 0), 9007199254740991)::bigint as "reserved", least(key.credits_per_day - key.used_today, key.credits_per_month - key.used_this_month, key.credits_total - key.used_in_total) as "remaining"
  from (select "k"."id", "k"."credits_per_day", "k"."credits_per_month", "k"."credits_total", coalesce(sum(u.credits) filter (where u.day = (now() at time zone 'utc')::date), 0)::bigint as "used_today", coalesce(sum(u.credits) filter (where u.day >= date_trunc('month', now() at time zone 'utc')::date), 0)::bigint as "used_this_month", coalesce(sum(u.credits), 0)::bigint as "used_in_total"
  from "api_keys" as "k"
  left
  join "api_key_usage" as "u" on "u"."account_id" = "k"."account_id" and "u"."api_key_id" = "k"."id" and "u"."day" >= case when k.credits_total is null then date_trunc('month', now() at time zone 'utc')::date else '-infinity'::date end
  where "k"."account_id" = $10 and "k"."id" = (select "api_key_id"
  from "chat_completions"
  where "account_id" = $11 and "id" = $12) and num_nonnulls(k.credits_per_day, k.credits_per_month, k.credits_total) > 0
  group by "k"."account_id", "k"."id") as "key"), "shares" as materialized (select "account"."balance", "account"."others", case when "account"."balance" - "account"."others" >= $13::bigint then $14::bigint when "account"."others" = 0 and "account"."balance" > $15::bigint then "account"."balance" end as "of_account", case when budget.remaining is null then $16::bigint else case when "budget"."remaining" - "budget"."reserved" >= $17::bigint then $18::bigint when "budget"."reserved" = 0 and "budget"."remaining" > $19::bigint then "budget"."remaining" end end as "of_key", to_jsonb(budget) as "budget"
  from "account"
  left
  join "budget" on true), "decision" as (select "balance", "others", case when of_account is not null and of_key is not null then least(of_account, of_key) end as "granted", case when of_key is null then budget end as "key_budget"
  from "shares") update "chat_completions" as "c"
  set "reserved_credits" = coalesce(decision.granted, least(c.reserved_credits, $20::bigint))
  from "decision"
  where "c"."account_id" = $21 and "c"."id" = $22 and "c"."status" = 'running'
  returning "decision"."granted", "decision"."balance", "decision"."others", "decision"."key_budget";

-- chatCompletions/queries.ts endCompletion
update "chat_completions"
  set "status" = $1, "usage" = $2::jsonb, "cost_usd" = $3::numeric, "reserved_credits" = 0, "ended_at" = now()
  where "account_id" = $4 and "id" = $5 and "status" = 'running'
  returning "id";

-- chatCompletions/queries.ts selectModels
select "m"."model", "m"."show_in_picker", "m"."created_at", "p"."name" as "provider", "p"."account_id"
  from "llm_models" as "m"
  inner
  join "llm_providers" as "p" on "p"."id" = "m"."provider_id"
  where ("p"."account_id" = $1 or "p"."account_id" is null)
  order by "p"."account_id" is null, "m"."priority" desc, "m"."created_at", "m"."id";

-- gateway/accessLog.ts 1
insert into "access_log" ("id", "timestamp", "trace_id", "method", "path", "status_code", "duration_ms", "client_ip", "country", "city", "user_agent", "ua_type", "risk_score", "identity_type", "account_id", "user_id", "service_key_id") select line.id::uuid as "id", to_timestamp(line.timestamp::float8 / 1000) as "timestamp", line.trace_id as "trace_id", line.method as "method", line.path as "path", line.status_code::integer as "status_code", line.duration_ms::integer as "duration_ms", line.client_ip as "client_ip", line.country as "country", line.city as "city", line.user_agent as "user_agent", line.ua_type as "ua_type", line.risk_score::numeric as "risk_score", line.identity_type as "identity_type", line.account_id as "account_id", line.user_id as "user_id", line.service_key_id as "service_key_id"
  from unnest(coalesce(nullif(string_to_array($1, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($2, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($3, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($4, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($5, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($6, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($7, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($8, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($9, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($10, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($11, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($12, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($13, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($14, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($15, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($16, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($17, E'\n'), '{}'), array[''])) as line ("id", "timestamp", "trace_id", "method", "path", "status_code", "duration_ms", "client_ip", "country", "city", "user_agent", "ua_type", "risk_score", "identity_type", "account_id", "user_id", "service_key_id");

-- gateway/accessLog.ts 2
insert into "access_log" ("id", "timestamp", "trace_id", "method", "path", "status_code", "duration_ms", "client_ip", "country", "city", "user_agent", "ua_type", "risk_score", "identity_type", "account_id", "user_id", "service_key_id") select line.id::uuid as "id", to_timestamp(line.timestamp::float8 / 1000) as "timestamp", line.trace_id as "trace_id", line.method as "method", line.path as "path", line.status_code::integer as "status_code", line.duration_ms::integer as "duration_ms", line.client_ip as "client_ip", line.country as "country", line.city as "city", line.user_agent as "user_agent", line.ua_type as "ua_type", line.risk_score::numeric as "risk_score", line.identity_type as "identity_type", line.account_id as "account_id", line.user_id as "user_id", line.service_key_id as "service_key_id"
  from unnest(coalesce(nullif(string_to_array($1, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($2, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($3, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($4, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($5, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($6, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($7, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($8, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($9, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($10, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($11, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($12, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($13, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($14, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($15, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($16, E'\n'), '{}'), array['']), coalesce(nullif(string_to_array($17, E'\n'), '{}'), array[''])) as line ("id", "timestamp", "trace_id", "method", "path", "status_code", "duration_ms", "client_ip", "country", "city", "user_agent", "ua_type", "risk_score", "identity_type", "account_id", "user_id", "service_key_id")
  on conflict ("id") do nothing;

-- gateway/activeGateways.ts 1
with "own" as (insert into "gateways" ("id", "seen_at")
  values ($1, clock_timestamp())
  on conflict ("id") do update
  set "seen_at" = "excluded"."seen_at"), "gone" as (delete
  from "gateways"
  where "id" <> $2 and "seen_at" < clock_timestamp() - interval '1 minute') select 1 + count(*)::int as "live"
  from "gateways"
  where "id" <> $3 and "seen_at" > clock_timestamp() - make_interval(secs => 4);

-- gateway/activeGateways.ts 2
delete
  from "gateways"
  where "id" = $1;

-- gateway/caller/identity.ts 1
select "id", "account_id", "user_id", least(expires_at, case when previous_key_hash = $1 then previous_expires_at end) as "expires_at"
  from "api_keys"
  where ("key_hash" = $2 or "previous_key_hash" = $3) and "revoked_at" is null;

-- gateway/caller/identity.ts 2
select "id", least(expires_at, case when previous_key_hash = $1 then previous_expires_at end) as "expires_at"
  from "service_keys"
  where ("key_hash" = $2 or "previous_key_hash" = $3) and "revoked_at" is null;

-- gateway/rateLimits/accountLimits.ts 1
select 'plan' as "key", lower(p.name) as "value", 0 as "rank"
  from "subscriptions" as "s"
  inner
  join "plans" as "p" on "p"."id" = "s"."plan_id"
  where "s"."account_id" = $1 and "s"."status" = 'active'
  union all select "e"."key", "e"."value", 1 as "rank"
  from "subscriptions" as "s"
  inner
  join "plan_entitlements" as "e" on "e"."plan_id" = "s"."plan_id"
  where "s"."account_id" = $2 and "s"."status" = 'active' and "e"."key" = any('{limit.request_burst,limit.requests_per_minute}'::text[])
  union all select "o"."key", "o"."value", 2 as "rank"
  from "entitlement_overrides" as "o"
  where "o"."account_id" = $3 and "o"."key" = any('{limit.request_burst,limit.requests_per_minute}'::text[]) and ("o"."expires_at" is null or "o"."expires_at" > clock_timestamp());

-- gateway/rateLimits/requestedAccount.ts 1
select "account_id"
  from "memberships"
  where "user_id" = $1;

-- http/access/accessControl.ts 1
select "u"."status", "u"."is_platform_admin", "u"."tokens_invalid_before", "a"."status" as "account_status", "m"."role", "s"."id" is not null as "session_live", ("u"."second_factor_at" is not null or ("s"."confirmed_at" is not null and exists (select 1 as "one"
  from "passkeys" as "k"
  where "k"."user_id" = "u"."id"))) as "has_second_factor", "a"."second_factor_required_from"
  from "users" as "u"
  left
  join "sessions" as "s" on "s"."id" = $1 and "s"."user_id" = "u"."id" and "s"."revoked_at" is null
  left
  join "accounts" as "a" on "a"."id" = $2 and "a"."deleted_at" is null
  left
  join "memberships" as "m" on "m"."account_id" = "a"."id" and "m"."user_id" = "u"."id"
  where "u"."id" = $3 and "u"."status" <> 'deleted';

-- http/access/accessControl.ts 2
select "u"."status", "u"."is_platform_admin", "u"."tokens_invalid_before", "a"."status" as "account_status", "m"."role", true as "session_live", "k"."user_id", "k"."account_id", "k"."id" as "key_id", "k"."scopes", "k"."inherits_permissions", "k"."revoked_at", "k"."expires_at", "k"."key_hash" = $1 as "is_current_secret", "k"."previous_expires_at", "k"."models", "k"."requests_per_minute", "k"."requests_per_day", "k"."requests_per_month", "k"."requests_total", $2::text as "day", coalesce("today"."requests", 0) as "requests_today", "today"."minute" as "minute", coalesce("today"."minute_requests", 0) as "requests_in_minute", coalesce("earlier"."requests_in_month", 0) as "requests_earlier_in_month", coalesce("earlier"."requests", 0) as "requests_earlier"
  from "api_keys" as "k"
  inner
  join "users" as "u" on "u"."id" = "k"."user_id" and "u"."status" <> 'deleted'
  left
  join "accounts" as "a" on "a"."id" = "k"."account_id" and "a"."deleted_at" is null
  left
  join "memberships" as "m" on "m"."account_id" = "a"."id" and "m"."user_id" = "u"."id"
  left
  join "api_key_usage" as "today" on "today"."account_id" = "k"."account_id" and "today"."api_key_id" = "k"."id" and "today"."day" = $3::date
  left
  join lateral (select sum("e"."requests") as "requests", sum("e"."requests") filter(where "e"."day" >= date_trunc('month', $4::date)::date) as "requests_in_month"
  from "api_key_usage" as "e"
  where "e"."account_id" = "k"."account_id" and "e"."api_key_id" = "k"."id" and "e"."day" < $5::date and e.day >= case when k.requests_total is null then date_trunc('month', $6::date)::date else '-infinity'::date end and num_nonnulls(k.requests_per_month, k.requests_total) > 0) as "earlier" on true
  where ("k"."key_hash" = $7 or "k"."previous_key_hash" = $8);

-- http/access/accessControl.ts 3
update "api_keys"
  set "last_used_at" = now()
  where "account_id" = $1 and "id" = $2 and (last_used_at is null or last_used_at < now() - interval '1 minute');

-- http/access/keyRequests.ts 1
insert into "api_key_usage" ("account_id", "api_key_id", "day", "requests", "minute", "minute_requests") select "added"."account_id", "added"."id" as "api_key_id", $1::date as "day", "added"."requests", $2::timestamptz as "minute", "added"."in_minute" as "minute_requests"
  from unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[]) as added(account_id, id, requests, in_minute)
  order by "added"."id"
  on conflict ("account_id", "api_key_id", "day") do update
  set "requests" = "api_key_usage"."requests" + "excluded"."requests", "minute" = greatest("api_key_usage"."minute", excluded.minute), "minute_requests" = case when "api_key_usage"."minute" > excluded.minute then "api_key_usage"."minute_requests" when "api_key_usage"."minute" = excluded.minute then "api_key_usage"."minute_requests" + excluded.minute_requests else excluded.minute_requests end
  returning "api_key_id", "requests", "minute", "minute_requests";

-- http/access/serviceKeyAccess.ts 1
select "k"."id", "u"."id" as "user_id", "k"."scopes", "k"."allowed_addresses", "k"."requests_per_minute", "k"."expires_at", "k"."previous_expires_at", "k"."key_hash" = $1 as "is_current_secret"
  from "service_keys" as "k"
  inner
  join "users" as "u" on u.id = case when "k"."key_hash" = $2 then k.user_id else k.previous_user_id end and "u"."status" = 'active' and "u"."is_platform_admin" = true
  where ("k"."key_hash" = $3 or "k"."previous_key_hash" = $4) and "k"."revoked_at" is null;

-- http/access/serviceKeyAccess.ts 2
select "id"
  from "accounts"
  where "id" = $1 and "deleted_at" is null;

-- http/access/serviceKeyAccess.ts 3
update "service_keys"
  set "last_used_at" = now()
  where "id" = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute');

-- http/pipeline/attemptLimits.ts 1
insert into "attempt_counts" ("bucket", "count", "window_ends")
  values ($1, 1, now() + make_interval(secs => $2))
  on conflict ("bucket") do update
  set "count" = case when attempt_counts.window_ends <= now() then 1 else attempt_counts.count + 1 end, "window_ends" = case when attempt_counts.window_ends <= now() or attempt_counts.count + 1 = $3 then excluded.window_ends else attempt_counts.window_ends end
  returning "bucket", "count", extract(epoch
  from attempt_counts.window_ends - clock_timestamp())::float8 as "seconds";

-- http/pipeline/attemptLimits.ts 2
select "bucket", "count", extract(epoch
  from attempt_counts.window_ends - clock_timestamp())::float8 as "seconds"
  from "attempt_counts"
  where "bucket" in ($1, $2) and "window_ends" > now();

-- http/pipeline/attemptLimits.ts 3
update "attempt_counts"
  set "count" = "count" - 1
  where "bucket" = $1 and "count" > 0;

-- http/pipeline/attemptLimits.ts 4
delete
  from "attempt_counts"
  where "bucket" = $1;

-- http/pipeline/attemptLimits.ts 5
delete
  from "attempt_counts"
  where "bucket" in (select "bucket"
  from "attempt_counts"
  where "window_ends" < now()
  order by "window_ends"
  limit 10
  for update skip locked);

-- http/pipeline/audit.ts 1
insert into "audit_logs" ("id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "before_state", "after_state", "ip_address", "user_agent")
  values ($1, $2, $3, $4::text, $5::text, $6, $7, $8::jsonb, $9::jsonb, $10::jsonb, $11, $12);

-- http/pipeline/idempotency.ts 1
insert into "idempotency_keys" ("scope_hash", "request_hash", "claim_id")
  values ($1, $2, $3)
  on conflict ("scope_hash") do update
  set "request_hash" = "excluded"."request_hash", "claim_id" = "excluded"."claim_id", "claimed_at" = now(), "status" = null, "headers" = null, "body_sealed" = null
  where "idempotency_keys"."claimed_at" < now() - case when idempotency_keys.status is null then interval '60 seconds' else interval '24 hours' end
  returning "claim_id", "request_hash", "status", "headers", "body_sealed";

-- http/pipeline/idempotency.ts 2
select "claim_id", "request_hash", "status", "headers", "body_sealed"
  from "idempotency_keys"
  where "scope_hash" = $1;

-- http/pipeline/idempotency.ts 3
update "idempotency_keys"
  set "status" = $1, "headers" = $2::jsonb, "body_sealed" = $3
  where "scope_hash" = $4 and "claim_id" = $5 and "status" is null;

-- http/pipeline/idempotency.ts 4
update "idempotency_keys"
  set "claimed_at" = now()
  where "scope_hash" = $1 and "claim_id" = $2 and "status" is null;

-- http/pipeline/idempotency.ts 5
delete
  from "idempotency_keys"
  where "scope_hash" = $1 and "claim_id" = $2 and "status" is null;

-- jobs/changeCredits.ts 1
select graphile_worker.force_unlock_workers(array_agg(j.locked_by))
  from graphile_worker.jobs j
  left
  join "credit_operations" o on j.key = 'credits:' || o.id
  where j.task_identifier = $1 and j.id <> all ($2::bigint[]) and j.locked_at < now() - $3 * interval '1 second' and coalesce(o.moved_at, j.locked_at) < now() - $4 * interval '1 second'
  having count(*) > 0;

-- jobs/changeCredits.ts 2
select o.id, o.trace_id
  from credit_operations o
  where o.state = 'running' and not exists ( select
  from graphile_worker.jobs j
  where j.key = 'credits:' || o.id and (j.locked_at is not null or j.attempts = 0));

-- jobs/closedAccounts.ts 1
update "threads"
  set "deleted_at" = now()
  where id = any (array((select "t"."id"
  from "threads" as "t"
  where "t"."account_id" = any (array((select "q"."account_id"
  from "quota_usage" as "q"
  inner
  join "accounts" as "a" on "a"."id" = "q"."account_id" and "a"."deleted_at" is not null
  where "q"."quota" = 'messages' and "q"."used" > 0))) and "t"."deleted_at" is null
  order by "t"."account_id", "t"."id"
  limit 100
  for update skip locked)))
  returning "account_id", "id";

-- jobs/closedAccounts.ts 2
update "workspaces"
  set "leftovers_since" = '-infinity'
  where "account_id" in (select "q"."account_id"
  from "quota_usage" as "q"
  inner
  join "accounts" as "a" on "a"."id" = "q"."account_id" and "a"."deleted_at" is not null
  where "q"."quota" = 'workspaces' and "q"."used" > 0);

-- jobs/closedAccounts.ts 3
delete
  from "skills"
  where ("account_id", "id") in (select "s"."account_id", "s"."id"
  from "skills" as "s"
  inner
  join "accounts" as "a" on "a"."id" = "s"."account_id" and "a"."deleted_at" is not null
  limit 100
  for update of "s" skip locked);

-- jobs/closedAccounts.ts 4
delete
  from "chat_completions"
  where ctid = any (array((select c.ctid as "ctid"
  from "chat_completions" as "c"
  where "c"."account_id" = any (array((select "id"
  from "accounts"
  where "deleted_at" is not null))) and "c"."status" <> 'running'
  order by "c"."account_id", "c"."ended_at"
  limit $1)));

-- jobs/endAbandonedCompletions.ts 1
select "account_id", "id", "usage", "route", "trace_id"
  from "chat_completions"
  where "status" = 'running' and "expires_at" < clock_timestamp()
  order by "expires_at"
  limit 100;

-- jobs/erasure/order.ts 1
select distinct c.relname::text as child, p.relname::text as parent
  from pg_constraint k
  join pg_class c on c.oid = k.conrelid
  join pg_class p on p.oid = k.confrelid
  where k.contype = 'f' and k.conparentid = 0 and c.relnamespace = (select relnamespace
  from pg_class
  where oid = to_regclass('users')) and c.oid <> p.oid;

-- jobs/erasure/ownBatches.ts 1
select "id"
  from "attachments"
  where "account_id" = $1 and "id" > $2
  order by "id"
  limit $3;

-- jobs/erasure/ownBatches.ts 2
delete
  from "attachments"
  where "account_id" = $1 and "id" = any($2::uuid[])
  returning "size";

-- jobs/erasure/ownBatches.ts 3
select "run_id", "parts"
  from "run_event_archives"
  where "account_id" = $1 and "run_id" > $2
  order by "run_id"
  limit $3;

-- jobs/erasure/ownBatches.ts 4
delete
  from "run_event_archives"
  where "account_id" = $1 and "run_id" = any($2::uuid[])
  returning case when state = 'removed' then 0 else coalesce(jsonb_array_length(parts), 0) end as "files", "bytes";

-- jobs/erasure/ownBatches.ts 5
select "id"
  from "runs"
  where "account_id" = $1 and "id" > $2
  order by "id"
  limit $3;

-- jobs/erasure/ownBatches.ts 6
delete
  from "run_events"
  where "run_id" = any($1::uuid[]);

-- jobs/erasure/ownBatches.ts 7
delete
  from "workspace_objects"
  where "account_id" = $1 and ctid = any(array((select ctid as "ctid"
  from "workspace_objects" as "o"
  where "o"."account_id" = $2
  limit $3)))
  returning "size";

-- jobs/erasure/ownBatches.ts 8
select "workspace_ref"
  from "workspaces"
  where "account_id" = $1
  limit $2;

-- jobs/erasure/ownBatches.ts 9
delete
  from "workspaces"
  where "account_id" = $1 and "workspace_ref" = any($2::text[]);

-- jobs/erasure/ownBatches.ts default
delete
  from "run_events_default"
  where run_id = any($1::uuid[]);

-- jobs/erasure/ownBatches.ts default
delete
  from "audit_logs_default"
  where account_id = $1::uuid;

-- jobs/erasure/queries.ts beginErasure
update "erasures"
  set "state" = 'running', "started_at" = coalesce(started_at, now()), "moved_at" = clock_timestamp()
  where "account_id" = $1 and "id" = $2 and ("state" = 'running' or ("state" = 'scheduled' and "due_at" <= clock_timestamp()))
  returning "account_id", "id", "user_id", "requested_by", "service_key_id", "reference", "trace_id", "due_at", "created_at", started_at as "started_at";

-- jobs/erasure/queries.ts selectScheduled
select "due_at", "trace_id"
  from "erasures"
  where "account_id" = $1 and "id" = $2 and "state" = 'scheduled';

-- jobs/erasure/queries.ts lockErasure
select "deleted", "anonymized", "files_deleted", "bytes_deleted", "workspace_refs", clock_timestamp()::timestamptz(3) as "now"
  from "erasures"
  where "account_id" = $1 and "id" = $2 and "state" = 'running'
  for update;

-- jobs/erasure/queries.ts recordBatch
update "erasures"
  set "deleted" = case when $1::boolean then "deleted" || jsonb_build_object($2::text, coalesce(("deleted" ->> $3::text)::bigint, 0) + $4::bigint) else deleted end, "anonymized" = case when $5::boolean then anonymized else "anonymized" || jsonb_build_object($6::text, coalesce(("anonymized" ->> $7::text)::bigint, 0) + $8::bigint) end, "files_deleted" = files_deleted + $9::bigint, "bytes_deleted" = bytes_deleted + $10::bigint, "workspace_refs" = workspace_refs || $11::text[], "waiting_for" = null, "moved_at" = clock_timestamp()
  where "account_id" = $12 and "id" = $13;

-- jobs/erasure/queries.ts markWaiting
update "erasures"
  set "waiting_for" = $1, "moved_at" = clock_timestamp()
  where "account_id" = $2 and "id" = $3 and "state" = 'running';

-- jobs/erasure/queries.ts markCompleted
update "erasures"
  set "state" = 'completed', "waiting_for" = null, "report" = $1::jsonb, "proof" = $2, "finished_at" = ($3::jsonb ->> 'finished_at')::timestamptz, "moved_at" = clock_timestamp()
  where "account_id" = $4 and "id" = $5;

-- jobs/erasure/queries.ts selectClosedAt
select "deleted_at"
  from "accounts"
  where "id" = $1;

-- jobs/erasure/queries.ts selectOpenWork
select (exists (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = $1 and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) or exists (select "c"."id"
  from "chat_completions" as "c"
  where "c"."account_id" = $2 and "c"."status" = 'running')) as "found";

-- jobs/erasure/queries.ts selectOldTransaction
select now() < $1::timestamptz + $2::float8 * interval '1 second' or exists ( select
  from pg_stat_activity a
  where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend' and a.xact_start < $3::timestamptz + $4::float8 * interval '1 second') as found;

-- jobs/erasure/queries.ts selectAbandoned
select e.account_id, e.id, e.trace_id
  from erasures e
  where e.state in ('scheduled', 'running') and e.due_at <= now() and not exists ( select
  from graphile_worker.jobs j
  where j.key = 'erasure:' || e.id and (j.locked_at is not null or j.attempts = 0))
  limit 1000;

-- jobs/erasure/queries.ts selectRequester
select "home"."id" as "home_id", "u"."locale", case when u.email_verified_at is not null then u.email end as "email"
  from "users" as "u"
  inner
  join "accounts" as "home" on "home"."owner_user_id" = "u"."id" and "home"."type" = 'personal' and "home"."deleted_at" is null
  where "u"."id" = $1 and "u"."status" = 'active';

-- jobs/erasure/queries.ts selectSlug
select "slug"
  from "accounts"
  where "id" = $1;

-- jobs/erasure/queries.ts insertAudit
insert into "audit_logs" ("id", "account_id", "action", "target_type", "target_id", "trace_id", "metadata")
  values ($1, null, 'account.erase', 'erasure', $2, $3, $4::jsonb);

-- jobs/erasure/steps.ts 1
update "accounts"
  set "name" = 'Erased account', "timezone" = null, "low_credit_threshold" = null, "second_factor_required_from" = null
  where "id" = $1 and (name <> 'Erased account' or timezone is not null or low_credit_threshold is not null or second_factor_required_from is not null);

-- jobs/erasure/steps.ts 2
update "audit_logs"
  set "metadata" = '{}'::jsonb, "before_state" = null, "after_state" = null, "ip_address" = null, "user_agent" = null
  where "account_id" = $1 and (metadata <> '{}' or before_state is not null or after_state is not null or ip_address is not null or user_agent is not null) and ("id", "created_at") in (select "l"."id", "l"."created_at"
  from "audit_logs" as "l"
  where "l"."account_id" = $2 and (metadata <> '{}' or before_state is not null or after_state is not null or ip_address is not null or user_agent is not null)
  limit $3);

-- jobs/erasure/steps.ts 3
update "users"
  set "username" = 'Erased user', "locale" = null, "timezone" = null, "last_login_at" = null
  where "id" = $1 and "status" = 'deleted' and (username <> 'Erased user' or locale is not null or timezone is not null or last_login_at is not null);

-- jobs/erasure/steps.ts 4
select coalesce((select sum(of_run.count)::bigint as "count"
  from "runs" as "r"
  inner
  join lateral (select count(*) as "count"
  from "run_events" as "e"
  where "e"."run_id" = "r"."id") as "of_run" on true
  where "r"."account_id" = $1), 0::bigint) as "count";

-- jobs/erasure/steps.ts 5
select count(*) as "count"
  from "accounts"
  where id = $1::uuid and (name <> 'Erased account' or timezone is not null or low_credit_threshold is not null or second_factor_required_from is not null);

-- jobs/erasure/steps.ts 6
select count(*) as "count"
  from "accounts"
  where id = $1::uuid and true;

-- jobs/erasure/steps.ts 7
select count(*) as "count"
  from "api_key_usage"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 8
delete
  from "api_key_usage"
  where ctid = any(array((select ctid as "ctid"
  from "api_key_usage"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 9
select count(*) as "count"
  from "api_keys"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 10
delete
  from "api_keys"
  where ctid = any(array((select ctid as "ctid"
  from "api_keys"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 11
select count(*) as "count"
  from "asr_credentials"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 12
delete
  from "asr_credentials"
  where ctid = any(array((select ctid as "ctid"
  from "asr_credentials"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 13
select count(*) as "count"
  from "attachments"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 14
select count(*) as "count"
  from "audit_logs"
  where account_id = $1::uuid and (metadata <> '{}' or before_state is not null or after_state is not null or ip_address is not null or user_agent is not null);

-- jobs/erasure/steps.ts 15
select count(*) as "count"
  from "audit_logs"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 16
select count(*) as "count"
  from "broadcasts"
  where target_id = $1::uuid and true;

-- jobs/erasure/steps.ts 17
select count(*) as "count"
  from "chat_completions"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 18
delete
  from "chat_completions"
  where ctid = any(array((select ctid as "ctid"
  from "chat_completions"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 19
select count(*) as "count"
  from "credit_alerts"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 20
delete
  from "credit_alerts"
  where ctid = any(array((select ctid as "ctid"
  from "credit_alerts"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 21
select count(*) as "count"
  from "credit_balances"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 22
select count(*) as "count"
  from "credit_transactions"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 23
select count(*) as "count"
  from "entitlement_overrides"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 24
delete
  from "entitlement_overrides"
  where ctid = any(array((select ctid as "ctid"
  from "entitlement_overrides"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 25
select count(*) as "count"
  from "erasures"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 26
select count(*) as "count"
  from "feature_flag_overrides"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 27
delete
  from "feature_flag_overrides"
  where ctid = any(array((select ctid as "ctid"
  from "feature_flag_overrides"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 28
select count(*) as "count"
  from "invitations"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 29
delete
  from "invitations"
  where ctid = any(array((select ctid as "ctid"
  from "invitations"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 30
select count(*) as "count"
  from "ip_rules"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 31
delete
  from "ip_rules"
  where ctid = any(array((select ctid as "ctid"
  from "ip_rules"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 32
select count(*) as "count"
  from "llm_models"
  where provider_id in ((select "p"."id"
  from "llm_providers" as "p"
  where "p"."account_id" = $1)) and true;

-- jobs/erasure/steps.ts 33
delete
  from "llm_models"
  where ctid = any(array((select ctid as "ctid"
  from "llm_models"
  where provider_id in ((select "p"."id"
  from "llm_providers" as "p"
  where "p"."account_id" = $1))
  limit $2)));

-- jobs/erasure/steps.ts 34
select count(*) as "count"
  from "llm_providers"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 35
delete
  from "llm_providers"
  where ctid = any(array((select ctid as "ctid"
  from "llm_providers"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 36
select count(*) as "count"
  from "mcp_configs"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 37
delete
  from "mcp_configs"
  where ctid = any(array((select ctid as "ctid"
  from "mcp_configs"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 38
select count(*) as "count"
  from "memberships"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 39
delete
  from "memberships"
  where ctid = any(array((select ctid as "ctid"
  from "memberships"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 40
select count(*) as "count"
  from "memories"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 41
delete
  from "memories"
  where ctid = any(array((select ctid as "ctid"
  from "memories"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 42
select count(*) as "count"
  from "mcp_prompt_requests"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 43
delete
  from "mcp_prompt_requests"
  where ctid = any(array((select ctid as "ctid"
  from "mcp_prompt_requests"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 44
select count(*) as "count"
  from "messages"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 45
delete
  from "messages"
  where ctid = any(array((select ctid as "ctid"
  from "messages"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 46
select count(*) as "count"
  from "notifications"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 47
delete
  from "notifications"
  where ctid = any(array((select ctid as "ctid"
  from "notifications"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 48
select count(*) as "count"
  from "personas"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 49
delete
  from "personas"
  where ctid = any(array((select ctid as "ctid"
  from "personas"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 50
select count(*) as "count"
  from "projects"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 51
delete
  from "projects"
  where ctid = any(array((select ctid as "ctid"
  from "projects"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 52
select count(*) as "count"
  from "quota_usage"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 53
delete
  from "quota_usage"
  where ctid = any(array((select ctid as "ctid"
  from "quota_usage"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 54
select count(*) as "count"
  from "redemptions"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 55
select count(*) as "count"
  from "refresh_tokens"
  where session_id in ((select "s"."id"
  from "sessions" as "s"
  where "s"."active_account_id" = $1)) and true;

-- jobs/erasure/steps.ts 56
delete
  from "refresh_tokens"
  where ctid = any(array((select ctid as "ctid"
  from "refresh_tokens"
  where session_id in ((select "s"."id"
  from "sessions" as "s"
  where "s"."active_account_id" = $1))
  limit $2)));

-- jobs/erasure/steps.ts 57
select count(*) as "count"
  from "run_event_archives"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 58
select count(*) as "count"
  from "run_turns"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 59
delete
  from "run_turns"
  where ctid = any(array((select ctid as "ctid"
  from "run_turns"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 60
select count(*) as "count"
  from "runs"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 61
delete
  from "runs"
  where ctid = any(array((select ctid as "ctid"
  from "runs"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 62
select count(*) as "count"
  from "schedule_occurrences"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 63
delete
  from "schedule_occurrences"
  where ctid = any(array((select ctid as "ctid"
  from "schedule_occurrences"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 64
select count(*) as "count"
  from "schedules"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 65
delete
  from "schedules"
  where ctid = any(array((select ctid as "ctid"
  from "schedules"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 66
select count(*) as "count"
  from "sessions"
  where active_account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 67
delete
  from "sessions"
  where ctid = any(array((select ctid as "ctid"
  from "sessions"
  where active_account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 68
select count(*) as "count"
  from "skill_files"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 69
delete
  from "skill_files"
  where ctid = any(array((select ctid as "ctid"
  from "skill_files"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 70
select count(*) as "count"
  from "skills"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 71
delete
  from "skills"
  where ctid = any(array((select ctid as "ctid"
  from "skills"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 72
select count(*) as "count"
  from "subscriptions"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 73
select count(*) as "count"
  from "team_members"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 74
delete
  from "team_members"
  where ctid = any(array((select ctid as "ctid"
  from "team_members"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 75
select count(*) as "count"
  from "teams"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 76
delete
  from "teams"
  where ctid = any(array((select ctid as "ctid"
  from "teams"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 77
select count(*) as "count"
  from "thread_attachments"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 78
delete
  from "thread_attachments"
  where ctid = any(array((select ctid as "ctid"
  from "thread_attachments"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 79
select count(*) as "count"
  from "thread_reports"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 80
delete
  from "thread_reports"
  where ctid = any(array((select ctid as "ctid"
  from "thread_reports"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 81
select count(*) as "count"
  from "thread_share_messages"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 82
delete
  from "thread_share_messages"
  where ctid = any(array((select ctid as "ctid"
  from "thread_share_messages"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 83
select count(*) as "count"
  from "thread_shares"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 84
delete
  from "thread_shares"
  where ctid = any(array((select ctid as "ctid"
  from "thread_shares"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 85
select count(*) as "count"
  from "thread_stars"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 86
delete
  from "thread_stars"
  where ctid = any(array((select ctid as "ctid"
  from "thread_stars"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 87
select count(*) as "count"
  from "thread_summaries"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 88
delete
  from "thread_summaries"
  where ctid = any(array((select ctid as "ctid"
  from "thread_summaries"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 89
select count(*) as "count"
  from "threads"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 90
delete
  from "threads"
  where ctid = any(array((select ctid as "ctid"
  from "threads"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 91
select count(*) as "count"
  from "tool_providers"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 92
delete
  from "tool_providers"
  where ctid = any(array((select ctid as "ctid"
  from "tool_providers"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 93
select count(*) as "count"
  from "usage_records"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 94
select count(*) as "count"
  from "usage_rollups"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 95
select count(*) as "count"
  from "webhook_deliveries"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 96
delete
  from "webhook_deliveries"
  where ctid = any(array((select ctid as "ctid"
  from "webhook_deliveries"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 97
select count(*) as "count"
  from "webhook_endpoints"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 98
delete
  from "webhook_endpoints"
  where ctid = any(array((select ctid as "ctid"
  from "webhook_endpoints"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 99
select count(*) as "count"
  from "webhook_messages"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 100
delete
  from "webhook_messages"
  where ctid = any(array((select ctid as "ctid"
  from "webhook_messages"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 101
select count(*) as "count"
  from "webhook_replays"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 102
delete
  from "webhook_replays"
  where ctid = any(array((select ctid as "ctid"
  from "webhook_replays"
  where account_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 103
select count(*) as "count"
  from "workspace_objects"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 104
select count(*) as "count"
  from "workspaces"
  where account_id = $1::uuid and true;

-- jobs/erasure/steps.ts 105
select count(*) as "count"
  from "credentials"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 106
delete
  from "credentials"
  where ctid = any(array((select ctid as "ctid"
  from "credentials"
  where user_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 107
select count(*) as "count"
  from "email_verifications"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 108
delete
  from "email_verifications"
  where ctid = any(array((select ctid as "ctid"
  from "email_verifications"
  where user_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 109
select count(*) as "count"
  from "identity_flows"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 110
delete
  from "identity_flows"
  where ctid = any(array((select ctid as "ctid"
  from "identity_flows"
  where user_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 111
select count(*) as "count"
  from "invite_codes"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 112
select count(*) as "count"
  from "login_codes"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 113
delete
  from "login_codes"
  where ctid = any(array((select ctid as "ctid"
  from "login_codes"
  where user_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 114
select count(*) as "count"
  from "passkey_challenges"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 115
delete
  from "passkey_challenges"
  where ctid = any(array((select ctid as "ctid"
  from "passkey_challenges"
  where user_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 116
select count(*) as "count"
  from "passkeys"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 117
delete
  from "passkeys"
  where ctid = any(array((select ctid as "ctid"
  from "passkeys"
  where user_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 118
select count(*) as "count"
  from "referrals"
  where (inviter_user_id = $1::uuid or invitee_user_id = $2::uuid) and true;

-- jobs/erasure/steps.ts 119
select count(*) as "count"
  from "refresh_tokens"
  where session_id in ((select "s"."id"
  from "sessions" as "s"
  where "s"."user_id" = $1::uuid)) and true;

-- jobs/erasure/steps.ts 120
delete
  from "refresh_tokens"
  where ctid = any(array((select ctid as "ctid"
  from "refresh_tokens"
  where session_id in ((select "s"."id"
  from "sessions" as "s"
  where "s"."user_id" = $1::uuid))
  limit $2)));

-- jobs/erasure/steps.ts 121
select count(*) as "count"
  from "second_factors"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 122
delete
  from "second_factors"
  where ctid = any(array((select ctid as "ctid"
  from "second_factors"
  where user_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 123
select count(*) as "count"
  from "service_keys"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 124
select count(*) as "count"
  from "sessions"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 125
delete
  from "sessions"
  where ctid = any(array((select ctid as "ctid"
  from "sessions"
  where user_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 126
select count(*) as "count"
  from "sign_in_challenges"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 127
delete
  from "sign_in_challenges"
  where ctid = any(array((select ctid as "ctid"
  from "sign_in_challenges"
  where user_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 128
select count(*) as "count"
  from "user_identities"
  where user_id = $1::uuid and true;

-- jobs/erasure/steps.ts 129
delete
  from "user_identities"
  where ctid = any(array((select ctid as "ctid"
  from "user_identities"
  where user_id = $1::uuid
  limit $2)));

-- jobs/erasure/steps.ts 130
select count(*) as "count"
  from "users"
  where id = $1::uuid and (username <> 'Erased user' or locale is not null or timezone is not null or last_login_at is not null);

-- jobs/erasure/steps.ts 131
select count(*) as "count"
  from "users"
  where id = $1::uuid and true;

-- jobs/housekeeping.ts 1
with "gone" as (delete
  from "threads" as "t"
  where t.id = any (array((select "e"."id"
  from "threads" as "e"
  where ("e"."is_private" = true and "e"."expires_at" < now() and not exists (select 1 as "one"
  from "runs" as "r"
  where "r"."thread_id" = "e"."id" and "r"."status" in ('running', 'waiting_for_input', 'cancelling')))
  order by "e"."expires_at"
  limit $1))) and ("t"."is_private" = true and "t"."expires_at" < now() and not exists (select 1 as "one"
  from "runs" as "r"
  where "r"."thread_id" = "t"."id" and "r"."status" in ('running', 'waiting_for_input', 'cancelling')))
  returning "t"."id", (select array_agg(r.id) as "ids"
  from "runs" as "r"
  where "r"."thread_id" = "t"."id") as "run_ids"), "archives" as (update "run_event_archives" as "a"
  set "state" = 'removing'
  from "gone"
  where "a"."run_id" = any (gone.run_ids)), "events" as (delete
  from "run_events" as "e" using "gone"
  where "e"."run_id" = any (gone.run_ids)) select count(*) as "count"
  from "gone";

-- jobs/housekeeping.ts 2
select "r"."id", "r"."trace_id"
  from "runs" as "r"
  inner
  join "threads" as "t" on "t"."id" = "r"."thread_id"
  where "t"."is_private" = true and "t"."expires_at" < now() and "r"."status" in ('running', 'waiting_for_input')
  limit 1000
  for update of "r" skip locked;

-- jobs/housekeeping.ts 3
delete
  from "idempotency_keys"
  where ctid = any (array( select ctid
  from "idempotency_keys"
  where true and claimed_at < now() - interval '1 day'
  order by claimed_at
  limit $1)) and true and claimed_at < now() - interval '1 day';

-- jobs/housekeeping.ts 4
delete
  from "attempt_counts"
  where ctid = any (array( select ctid
  from "attempt_counts"
  where true and window_ends < now()
  order by window_ends
  limit $1)) and true and window_ends < now();

-- jobs/housekeeping.ts 5
delete
  from "workers"
  where "last_seen_at" < now() - interval '1 day';

-- jobs/housekeeping.ts 6
delete
  from "refresh_tokens"
  where ctid = any (array( select ctid
  from "refresh_tokens"
  where true and expires_at < now() - interval '1 day'
  order by expires_at
  limit $1)) and true and expires_at < now() - interval '1 day';

-- jobs/housekeeping.ts 7
with "walked" as (select "w"."id"
  from "sessions" as "w"
  where "w"."id" > $1
  order by "w"."id"
  limit $2), "gone" as (delete
  from "sessions" as "s"
  where "s"."id" = any (array((select "walked"."id"
  from "walked"))) and "s"."created_at" < now() - interval '1 day' and not exists (select 1 as "one"
  from "refresh_tokens" as "t"
  where "t"."session_id" = "s"."id")) select count(*) as "count", max(id::text) as "last"
  from "walked";

-- jobs/housekeeping.ts 8
delete
  from "login_codes"
  where ctid = any (array( select ctid
  from "login_codes"
  where true and expires_at < now()
  order by expires_at
  limit $1)) and true and expires_at < now();

-- jobs/housekeeping.ts 9
delete
  from "sign_in_challenges"
  where ctid = any (array( select ctid
  from "sign_in_challenges"
  where true and expires_at < now()
  order by expires_at
  limit $1)) and true and expires_at < now();

-- jobs/housekeeping.ts 10
delete
  from "identity_flows"
  where ctid = any (array( select ctid
  from "identity_flows"
  where true and expires_at < now()
  order by expires_at
  limit $1)) and true and expires_at < now();

-- jobs/housekeeping.ts 11
delete
  from "passkey_challenges"
  where ctid = any (array( select ctid
  from "passkey_challenges"
  where true and expires_at < now()
  order by expires_at
  limit $1)) and true and expires_at < now();

-- jobs/housekeeping.ts 12
delete
  from "email_verifications"
  where ctid = any (array( select ctid
  from "email_verifications"
  where true and expires_at < now()
  order by expires_at
  limit $1)) and true and expires_at < now();

-- jobs/housekeeping.ts 13
delete
  from "schedule_occurrences"
  where ctid = any (array( select ctid
  from "schedule_occurrences"
  where true and created_at < now() - interval '90 days'
  order by created_at
  limit $1)) and true and created_at < now() - interval '90 days';

-- jobs/housekeeping.ts 14
delete
  from "schedules"
  where ctid = any (array( select ctid
  from "schedules"
  where status = 'completed' and greatest(run_at, updated_at) < now() - interval '90 days'
  order by greatest(run_at, updated_at)
  limit $1)) and status = 'completed' and greatest(run_at, updated_at) < now() - interval '90 days';

-- jobs/housekeeping.ts 15
with walked as (select id
  from accounts
  where id > $1
  order by id
  limit $2), gone as (delete
  from schedules
  where status = 'completed' and ctid = any (array( select s.ctid
  from walked
  cross
  join lateral ( select ctid
  from schedules
  where account_id = walked.id and status = 'completed'
  order by greatest(run_at, updated_at) desc, id desc offset 1000
  limit $3) s))) select count(*) as count, max(id::text) as last
  from walked;

-- jobs/housekeeping.ts 16
delete
  from "audit_logs"
  where "id" = any (array((select "id"
  from "audit_logs"
  where "created_at" < now() - $1 * interval '1 day' and "action" > ''
  order by "created_at", "id"
  limit $2)));

-- jobs/housekeeping.ts 17
delete
  from "chat_completions"
  where ctid = any (array( select ctid
  from "chat_completions"
  where status <> 'running' and ended_at < now() - $1 * interval '1 month'
  order by ended_at
  limit $2)) and status <> 'running' and ended_at < now() - $3 * interval '1 month';

-- jobs/housekeeping.ts 18
delete
  from "notifications"
  where ctid = any (array( select ctid
  from "notifications"
  where true and created_at < now() - $1 * interval '1 day'
  order by created_at
  limit $2)) and true and created_at < now() - $3 * interval '1 day';

-- jobs/housekeeping.ts 19
with "merged" as (delete
  from "run_count_changes"
  returning "change", "created_on") insert into "run_count_changes" ("change", "created_on") select sum(change) as "change", case when created_on >= (now() at time zone 'UTC')::date then created_on end as "day"
  from "merged"
  group by "day";

-- jobs/housekeeping.ts 20
with "merged" as (delete
  from "directory_count_changes"
  returning "subject", "change", "last_login_on") insert into "directory_count_changes" ("subject", "change", "last_login_on") select "subject", sum(change) as "change", case when last_login_on >= (now() at time zone 'UTC')::date - 30 then last_login_on end as "day"
  from "merged"
  group by "subject", "day"
  having sum(change) <> 0;

-- jobs/jobRunner.ts 1
select 1 as "alive";

-- jobs/notices/announceExpiringKeys.ts 1
update "api_keys"
  set "expiry_announced_for" = "expires_at"
  where ("account_id", "id") in (select "k"."account_id", "k"."id"
  from "api_keys" as "k"
  inner
  join "accounts" as "a" on "a"."id" = "k"."account_id" and "a"."deleted_at" is null and "a"."status" = 'active'
  where k.revoked_at is null and k.expires_at > now() and k.expires_at <= now() + interval '7 days' and k.expires_at - k.created_at > interval '7 days' and k.expiry_announced_for is distinct
  from k.expires_at
  order by "k"."expires_at"
  limit $1
  for no key update of "k" skip locked)
  returning "account_id", "id", "user_id", "name", "key_prefix", expires_at as "expires_at";

-- jobs/notices/announceExpiringKeys.ts 2
update "service_keys"
  set "expiry_announced_for" = "expires_at"
  where "id" in (select "k"."id"
  from "service_keys" as "k"
  where k.revoked_at is null and k.expires_at > now() and k.expires_at <= now() + interval '7 days' and k.expires_at - k.created_at > interval '7 days' and k.expiry_announced_for is distinct
  from k.expires_at
  order by "k"."expires_at"
  limit $1
  for no key update of "k" skip locked)
  returning "id", "name", "key_prefix", expires_at as "expires_at";

-- jobs/notices/announceExpiringKeys.ts 3
select "u"."id", "a"."id" as "home"
  from "users" as "u"
  inner
  join "accounts" as "a" on "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal'
  where "u"."is_platform_admin" = true and "u"."status" = 'active';

-- jobs/notices/announceLowCredits.ts 1
with "taken" as (delete
  from "credit_alerts"
  where ("account_id", "id") in (select "c"."account_id", "c"."id"
  from "credit_alerts" as "c"
  order by "c"."account_id", "c"."id"
  limit $1
  for update skip locked)
  returning "account_id", "id", "balance", "threshold") select "t"."account_id", "t"."balance", "t"."threshold", "a"."name", a.deleted_at is null and a.status = 'active' as "is_open"
  from "taken" as "t"
  inner
  join "accounts" as "a" on "a"."id" = "t"."account_id"
  order by "t"."account_id", "t"."id";

-- jobs/notices/announceLowCredits.ts 2
select "u"."id", "u"."locale", case when u.email_verified_at is not null then u.email end as "email"
  from "memberships" as "m"
  inner
  join "users" as "u" on "u"."id" = "m"."user_id" and "u"."status" = 'active'
  where "m"."account_id" = $1 and "m"."role" = 'admin';

-- jobs/partitions/maintainPartitions.ts 1
delete
  from run_events_default
  where ctid = any (array( select ctid
  from run_events_default
  where run_id < (lpad(to_hex((extract(epoch
  from ((date_trunc('month', coalesce($1::timestamptz, now()) at time zone 'UTC') - $2::int * interval '1 month') at time zone 'UTC')) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid and created_at < ((date_trunc('month', coalesce($3::timestamptz, now()) at time zone 'UTC') - $4::int * interval '1 month') at time zone 'UTC') + 7 * interval '1 day'
  order by run_id
  limit $5));

-- jobs/partitions/maintainPartitions.ts 2
delete
  from access_log_default
  where id < (lpad(to_hex((extract(epoch
  from ((date_trunc('day', coalesce($1::timestamptz, now()) at time zone 'UTC') - $2::int * interval '1 day') at time zone 'UTC')) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- jobs/partitions/partitions.ts 1
select c.relname as name
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  where i.inhparent = $1::regclass;

-- jobs/partitions/partitions.ts 2
select coalesce($1::timestamptz, now()) as time;

-- jobs/partitions/partitions.ts 3
select d.name, d.noted[2] as bounds, d.noted[1]::timestamptz <= coalesce($1::timestamptz, now()) - interval '1 day' as is_due, d.noted[1]::timestamptz > coalesce($2::timestamptz, now()) as is_in_future
  from (select c.relname as name, regexp_match(obj_description(c.oid, 'pg_class'), '^detached at (\S+), (.*)$') as noted
  from pg_class c
  join pg_class p on p.oid = $3::regclass and p.relnamespace = c.relnamespace
  where c.relkind = 'r' and not c.relispartition and c.relname ~ ('^' || $4 || '[0-9_]+$')) d
  where d.noted is not null
  order by d.name;

-- jobs/queue.ts 1
select graphile_worker.add_job($1::text, payload := $2::json, job_key := $3::text, max_attempts := $4::integer, flags := $5::text[], run_at := now() + $6 * interval '1 second', priority := case when (select (select j.id
  from graphile_worker._private_jobs j
  where j.key = 'run:' || r.id::text and j.is_available and j.run_at <= clock_timestamp())
  from runs r
  where r.account_id = $7::uuid and r.status in ('running', 'waiting_for_input', 'cancelling') and r.lease_token is null and (select j.id
  from graphile_worker._private_jobs j
  where j.key = 'run:' || r.id::text and j.is_available and j.run_at <= clock_timestamp()) is not null and r.id <> $8::uuid
  order by r.created_at
  limit 1) is null then 0 else 1 end) as job;

-- jobs/queue.ts 2
update graphile_worker._private_jobs j
  set priority = 0, run_at = clock_timestamp()
  where j.id = (select (select j.id
  from graphile_worker._private_jobs j
  where j.key = 'run:' || r.id::text and j.is_available and j.run_at <= clock_timestamp())
  from runs r
  where r.account_id = $1::uuid and r.status in ('running', 'waiting_for_input', 'cancelling') and r.lease_token is null and (select j.id
  from graphile_worker._private_jobs j
  where j.key = 'run:' || r.id::text and j.is_available and j.run_at <= clock_timestamp()) is not null and r.id <> $2::uuid
  order by r.created_at
  limit 1) and j.priority = 1 and j.is_available;

-- jobs/queue.ts 3
with recursive owner as ( (select r.account_id
  from runs r
  where r.status in ('running', 'waiting_for_input', 'cancelling') and exists (select
  from graphile_worker._private_jobs j
  where j.priority = 1 and j.is_available)
  order by r.account_id
  limit 1)
  union all select next.account_id
  from owner o
  cross
  join lateral ( select r.account_id
  from runs r
  where r.status in ('running', 'waiting_for_input', 'cancelling') and r.account_id > o.account_id
  order by r.account_id
  limit 1) next), first as materialized (select (select (select j.id
  from graphile_worker._private_jobs j
  where j.key = 'run:' || r.id::text and j.is_available and j.run_at <= clock_timestamp())
  from runs r
  where r.account_id = o.account_id and r.status in ('running', 'waiting_for_input', 'cancelling') and r.lease_token is null and (select j.id
  from graphile_worker._private_jobs j
  where j.key = 'run:' || r.id::text and j.is_available and j.run_at <= clock_timestamp()) is not null
  order by r.created_at
  limit 1) as id
  from owner o) update graphile_worker._private_jobs j
  set priority = 0, run_at = clock_timestamp()
  from first
  where j.id = first.id and j.priority = 1 and j.is_available;

-- jobs/queue.ts 4
select graphile_worker.remove_job($1::text) as "job";

-- jobs/removeAttachments.ts 1
select "a"."account_id", "a"."id", (("a"."state" = 'kept' and not exists (select 1 as "one"
  from "thread_attachments" as "u"
  where "u"."account_id" = "a"."account_id" and "u"."attachment_id" = "a"."id")) or ("a"."state" <> 'kept' and "a"."created_at" < now() - interval '24 hours')) as "is_removable"
  from "attachments" as "a"
  where ("a"."account_id", "a"."id") > ($1, $2)
  order by "a"."account_id", "a"."id"
  limit $3;

-- jobs/removeAttachments.ts 2
select "a"."account_id", "a"."id"
  from "attachments" as "a"
  where ("a"."account_id", "a"."id") in (select "keys"."account_id", "keys"."id"
  from unnest($1::uuid[], $2::uuid[]) as keys (account_id, id)) and (("a"."state" = 'kept' and not exists (select 1 as "one"
  from "thread_attachments" as "u"
  where "u"."account_id" = "a"."account_id" and "u"."attachment_id" = "a"."id")) or ("a"."state" <> 'kept' and "a"."created_at" < now() - interval '24 hours'))
  for update skip locked;

-- jobs/removeAttachments.ts 3
delete
  from "attachments" as "a"
  where ("a"."account_id", "a"."id") in (select "keys"."account_id", "keys"."id"
  from unnest($1::uuid[], $2::uuid[]) as keys (account_id, id)) and not exists (select 1 as "one"
  from "thread_attachments" as "u"
  where "u"."account_id" = "a"."account_id" and "u"."attachment_id" = "a"."id")
  returning "a"."account_id", "a"."id";

-- jobs/runSchedules.ts 1
select pg_try_advisory_xact_lock(7203118407) as "locked";

-- jobs/runSchedules.ts 2
with late as ( select account_id, id
  from schedules
  where status = 'active' and next_run_at < now() - $1::float8 * interval '1 second' union select account_id, schedule_id
  from schedule_occurrences
  where status = 'waiting' ) select s.account_id, s.id
  from late s
  where not exists ( select
  from graphile_worker.jobs j
  where j.key = 'schedule:' || s.id and (case when j.locked_at is null then j.attempts < j.max_attempts and j.run_at < now() + $2::float8 * interval '1 second' else j.locked_at > now() - $3::float8 * interval '1 second' end))
  limit 1000;

-- jobs/runSchedules.ts 3
select graphile_worker.force_unlock_workers(array_agg(locked_by))
  from graphile_worker.jobs
  where task_identifier = $1 and locked_at < now() - $2::float8 * interval '1 second'
  having count(*) > 0;

-- jobs/sendBroadcast.ts 1
update "broadcasts"
  set "status" = 'sending', "moved_at" = now()
  where "id" = $1 and "deleted_at" is null and "status" in ('pending', 'sending')
  returning "target_id";

-- jobs/sendBroadcast.ts 2
with "open" as (select *
  from "broadcasts"
  where "id" = $1 and "deleted_at" is null and "status" = 'sending'), "next" as materialized (select "id" as "user_id"
  from "users"
  where "status" = 'active' and "id" > (select "last_user_id"
  from "open")
  order by "user_id"
  limit 1000), "sent" as (insert into "notifications" ("account_id", "user_id", "type", "broadcast_id") select coalesce("open"."target_id", "a"."id") as "account_id", "u"."id" as "user_id", "open"."type", "open"."id" as "broadcast_id"
  from "open"
  cross
  join "next"
  inner
  join "users" as "u" on "u"."id" = "next"."user_id" and "u"."status" = 'active'
  inner
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  inner
  join "accounts" as "a" on "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal'
  on conflict ("broadcast_id", "user_id")
  where "broadcast_id" is not null do nothing
  returning 1 as "one"), "counted" as (select (select count(*) as "count"
  from "next") < 1000 as "is_last", (select count(*)::int as "count"
  from "sent") as "sent") update "broadcasts" as "b"
  set "status" = case when counted.is_last then 'completed' else 'sending' end, "sent_count" = counted.sent + case when counted.is_last then (select count(*)::int as "count"
  from "notifications" as "n"
  where "n"."broadcast_id" = $2) else b.sent_count end, "last_user_id" = coalesce((select "user_id"
  from "next"
  order by "user_id" desc
  limit 1), "b"."last_user_id"), "moved_at" = now()
  from "counted", "open"
  where "b"."id" = "open"."id"
  returning "b"."status", "b"."sent_count";

-- jobs/sendBroadcast.ts 3
with "open" as (select *
  from "broadcasts"
  where "id" = $1 and "deleted_at" is null and "status" = 'sending'), "next" as materialized (select "user_id"
  from "memberships"
  where "account_id" = (select "target_id"
  from "open") and "user_id" > (select "last_user_id"
  from "open")
  order by "user_id"
  limit 1000), "sent" as (insert into "notifications" ("account_id", "user_id", "type", "broadcast_id") select coalesce("open"."target_id", "a"."id") as "account_id", "u"."id" as "user_id", "open"."type", "open"."id" as "broadcast_id"
  from "open"
  cross
  join "next"
  inner
  join "users" as "u" on "u"."id" = "next"."user_id" and "u"."status" = 'active'
  inner
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  inner
  join "accounts" as "a" on "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal'
  on conflict ("broadcast_id", "user_id")
  where "broadcast_id" is not null do nothing
  returning 1 as "one"), "counted" as (select (select count(*) as "count"
  from "next") < 1000 as "is_last", (select count(*)::int as "count"
  from "sent") as "sent") update "broadcasts" as "b"
  set "status" = case when counted.is_last then 'completed' else 'sending' end, "sent_count" = counted.sent + case when counted.is_last then (select count(*)::int as "count"
  from "notifications" as "n"
  where "n"."broadcast_id" = $2) else b.sent_count end, "last_user_id" = coalesce((select "user_id"
  from "next"
  order by "user_id" desc
  limit 1), "b"."last_user_id"), "moved_at" = now()
  from "counted", "open"
  where "b"."id" = "open"."id"
  returning "b"."status", "b"."sent_count";

-- jobs/sendBroadcast.ts 4
select set_config('lock_timeout', '8s', true)
  limit 1;

-- jobs/sendBroadcast.ts 5
select graphile_worker.force_unlock_workers(array_agg(j.locked_by))
  from graphile_worker.jobs j
  left
  join "broadcasts" o on j.key = 'broadcast:' || o.id
  where j.task_identifier = $1 and j.id <> all ($2::bigint[]) and j.locked_at < now() - $3 * interval '1 second' and coalesce(o.moved_at, j.locked_at) < now() - $4 * interval '1 second'
  having count(*) > 0;

-- jobs/sendBroadcast.ts 6
update broadcasts b
  set status = 'failed'
  where b.status in ('pending', 'sending') and not exists ( select
  from graphile_worker.jobs j
  where j.key = 'broadcast:' || b.id and (j.locked_at is not null or j.attempts < j.max_attempts))
  returning b.id;

-- jobs/sendMail.ts 1
select graphile_worker.force_unlock_workers(array_agg(locked_by))
  from graphile_worker.jobs
  where task_identifier = $1 and locked_at < now() - interval '2 minutes'
  having count(*) > 0;

-- jobs/sweepWorkspaces.ts 1
select "w"."account_id", "w"."workspace_ref", "w"."manifest_rev", (p.deleted_at is not null or a.deleted_at is not null) as "is_gone", (lpad(to_hex((extract(epoch
  from (now() - interval '1 hour')) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid as "young"
  from "workspaces" as "w"
  inner
  join "projects" as "p" on "p"."account_id" = "w"."account_id" and "p"."id" = "w"."project_id"
  inner
  join "accounts" as "a" on "a"."id" = "w"."account_id"
  where "w"."leftovers_since" < now() - interval '1 hour'
  order by "w"."leftovers_since"
  limit 1
  for update of "w" skip locked;

-- jobs/sweepWorkspaces.ts 2
update "workspaces" as "w"
  set "sweeps" = w.sweeps + 1, "manifest_rev" = case when $1::text = 'gone' then null else w.manifest_rev end, "leftovers_since" = case when $2::text in ('all', 'gone') then null when $3::text = 'some' then w.leftovers_since else now() end
  where "w"."account_id" = $4 and "w"."workspace_ref" = $5;

-- jobs/sweepWorkspaces.ts 3
delete
  from "workspace_objects"
  where "account_id" = $1 and "workspace_ref" = $2 and name <> all ($3::text[]);

-- jobs/sweepWorkspaces.ts 4
insert into "workspace_objects" ("account_id", "workspace_ref", "name", "size") select $1::uuid as "account_id", $2::text as "workspace_ref", "o"."name", "o"."size"
  from unnest($3::text[], $4::bigint[]) as o (name, size)
  on conflict do nothing;

-- mcpServer/queries.ts selectPosition
select "status", "next_seq"
  from "runs"
  where "account_id" = $1 and "id" = $2;

-- mcpServer/queries.ts selectOutcome
select (select "m"."content"
  from "messages" as "m"
  where "m"."account_id" = "r"."account_id" and "m"."thread_id" = "r"."thread_id" and "m"."run_id" = "r"."id" and "m"."role" = 'assistant' and "m"."visible" = true
  order by "m"."number" desc
  limit 1) as "answer", (select "e"."data" as "data"
  from "run_events" as "e"
  where "e"."run_id" = "r"."id" and "r"."status" = 'waiting_for_input' and "e"."type" = 'run.waiting_for_input'
  order by "e"."seq" desc
  limit 1) as "question"
  from "runs" as "r"
  where "r"."account_id" = $1 and "r"."id" = $2;

-- metrics/backlog.ts 1
with "due_jobs" as (select "j"."task_identifier" as "name", case when "j"."locked_at" is null then 'waiting' else 'taken' end as "state", "j"."run_at" as "since"
  from "graphile_worker"."jobs" as "j"
  where "j"."attempts" < "j"."max_attempts" and "j"."run_at" <= now()
  order by "j"."priority", "j"."run_at"
  limit 10000), "webhooks" as (select 'webhook.deliver' as "name", case when "claim_id" is null then 'waiting' else 'taken' end as "state", next_attempt_at as "since"
  from "webhook_deliveries"
  where "status" = 'pending' and "next_attempt_at" <= now()
  limit 10000), "open_runs" as (select case when status = 'running' and first_started_at is null then 'queued' else status end as "state"
  from "runs"
  where "status" in ('running', 'waiting_for_input', 'cancelling')
  limit 10000) select 'job' as "kind", "name", state as "state", count(*)::int as "count", extract(epoch
  from now() - min(since))::float8 as "oldest"
  from (select *
  from "due_jobs"
  union all select *
  from "webhooks") as "all_jobs"
  group by "name", "state"
  union all select 'run' as "kind", '' as "name", "state", count(*)::int as "count", 0 as "oldest"
  from "open_runs"
  group by "state";

-- models/routing/candidates.ts 1
select "m"."id" as "route_id", "m"."model", "m"."is_default", "m"."when" as "when", m.multiplier::text as "multiplier", "m"."advanced_json" as "model_advanced_json", m.cost_per_1k_input::text as "cost_per_1k_input", m.cost_per_1k_output::text as "cost_per_1k_output", m.cost_per_1k_cache_write::text as "cost_per_1k_cache_write", m.cost_per_1k_cache_read::text as "cost_per_1k_cache_read", "p"."id" as "credential_id", "p"."account_id", "p"."name" as "credential_name", "p"."provider" as "provider_kind", "p"."base_url", "p"."openai_api_mode", "p"."advanced_json" as "provider_advanced_json", "p"."api_key_sealed"
  from "llm_models" as "m"
  inner
  join "llm_providers" as "p" on "p"."id" = "m"."provider_id"
  where ("p"."account_id" = $1 or "p"."account_id" is null)
  order by "p"."account_id" is null, "m"."priority" desc, (select count(*) as "count"
  from jsonb_object_keys(m."when") as "key") desc, "m"."created_at", "m"."id";

-- processes/keyRotation/keyUse.ts 1
select "id", "used_at"
  from "encryption_keys"
  order by "used_at" desc
  limit 1;

-- processes/keyRotation/keyUse.ts 2
insert into "encryption_keys" ("id")
  values ($1)
  on conflict ("id") do update
  set "used_at" = now();

-- processes/worker.ts 1
select graphile_worker.force_unlock_workers(array_agg(j.locked_by))
  from graphile_worker.jobs j
  left
  join "erasures" o on j.key = 'erasure:' || o.id
  where j.task_identifier = $1 and j.id <> all ($2::bigint[]) and j.locked_at < now() - $3 * interval '1 second' and coalesce(o.moved_at, j.locked_at) < now() - $4 * interval '1 second'
  having count(*) > 0;

-- processes/worker.ts 2
insert into "workers" ("id", "version", "capabilities")
  values ($1, $2, $3::text[])
  on conflict ("id") do update
  set "last_seen_at" = now();

-- processes/worker.ts 3
select count(*) as "waiting"
  from "graphile_worker"."jobs" as "j"
  where "j"."task_identifier" = $1 and "j"."locked_at" is null and "j"."run_at" <= now() and "j"."attempts" < "j"."max_attempts";

-- processes/worker.ts 4
delete
  from "workers"
  where "id" = $1;

-- pubsub/postgresChannel.ts 1
select set_config('synchronous_commit', 'off', true) as "synchronous_commit", pg_notify($1, $2) as "notified";

-- resources/accessLog/queries.ts selectEntries
with "page" as (select "id", "timestamp", "trace_id", "method", "path", "status_code", "duration_ms", "client_ip", "country", "city", "user_agent", "ua_type", "risk_score", "identity_type", "account_id", "user_id", "service_key_id"
  from "access_log"
  where "id" < $1 and "id" >= $2 and ($3::text is null or method = $4) and ($5::text is null or starts_with(path, $6)) and ($7::inet is null or case when client_ip <> '' then client_ip::inet <<= $8::inet end) and ($9::text is null or country = $10) and ($11::numeric is null or risk_score >= $12) and ($13::text is null or ua_type = $14)
  order by "id" desc
  limit $15) select "page".*, coalesce(u.username, '') as "username"
  from "page"
  left
  join "users" as "u" on "u"."status" <> 'deleted' and "u"."id" = case when page.user_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then page.user_id::uuid end
  order by "page"."id" desc;

-- resources/accounts/authority.ts 1
select (select case when a.id is null then 'account_closed' when a.status <> 'active' then 'account_suspended' when u.id is null then 'user_suspended' when m.user_id is null then 'no_account_membership' when not (m.role in ('platform_admin', 'admin', 'member')) then 'missing_permission' when $1::uuid is null then null when k.id is null then 'key_revoked' when k.expires_at <= clock_timestamp() then 'key_expired' when not (k.inherits_permissions or k.scopes @> array['data.runs.write']) then 'missing_permission' end as "lost"
  from (select 0 as "zero") as "one"
  left
  join "accounts" as "a" on "a"."id" = $2 and "a"."deleted_at" is null
  left
  join "users" as "u" on "u"."id" = $3::uuid and "u"."status" = 'active'
  left
  join "memberships" as "m" on "m"."account_id" = $4 and "m"."user_id" = "u"."id"
  left
  join "api_keys" as "k" on "k"."account_id" = $5 and "k"."id" = $6::uuid and "k"."user_id" = "u"."id" and "k"."revoked_at" is null) as "lost";

-- resources/accounts/createUser.ts 1
insert into "users" ("id", "username", "email", "email_key", "email_skeleton", "locale", "is_platform_admin")
  values ($1, $2, $3, $4, $5, $6, $7)
  on conflict do nothing;

-- resources/accounts/createUser.ts 2
insert into "credentials" ("user_id", "login", "login_key", "login_skeleton", "password_hash")
  values ($1, $2, $3, $4, $5)
  on conflict do nothing;

-- resources/accounts/createUser.ts 3
insert into "accounts" ("id", "slug", "name", "type", "owner_user_id")
  values ($1, $2, $3, 'personal', $4)
  on conflict ("slug") do nothing;

-- resources/accounts/export/queries.ts 1
select *
  from "projects"
  where "account_id" = $1 and "deleted_at" is null;

-- resources/accounts/export/queries.ts 2
select "id", "slug", "name", "type", "status", "owner_user_id", "timezone", "created_at"
  from "accounts"
  where "id" = $1;

-- resources/accounts/export/queries.ts 3
select "m"."user_id", "m"."role", "m"."created_at", "u"."username", "u"."email"
  from "memberships" as "m"
  inner
  join "users" as "u" on "u"."id" = "m"."user_id"
  where "m"."account_id" = $1
  order by "m"."created_at";

-- resources/accounts/export/queries.ts 4
select "id", "invited_by_user_id", "email", "role", "expires_at", "accepted_at", "created_at"
  from "invitations"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 5
select "id", "user_id", "name", "key_prefix", "scopes", "expires_at", "models", "last_used_at", "revoked_at", "created_at"
  from "api_keys"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 6
select "id", "provider", "name", "base_url", "openai_api_mode", "created_at"
  from "llm_providers"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 7
select "m"."id", "m"."provider_id", "m"."model", "m"."priority", "m"."is_default", "m"."show_in_picker", "m"."tags", "m"."created_at"
  from "llm_models" as "m"
  inner
  join "llm_providers" as "p" on "p"."id" = "m"."provider_id"
  where "p"."account_id" = $1;

-- resources/accounts/export/queries.ts 8
select "id", "name", "transport", "url", "is_active", "created_at", "updated_at"
  from "mcp_configs"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 9
select "id", "url", "events", "enabled", "disabled_reason", "filter_project_ids", "filter_persona_ids", "header_names", "created_at"
  from "webhook_endpoints"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 10
select "id", "created_by_user_id", "api_key_id", "status", "model", "usage", "cost_usd", "created_at", "ended_at", case when "created_by_user_id" = $1 then "end_user" end as "end_user", case when "created_by_user_id" = $2 then "metadata" end as "metadata"
  from "chat_completions"
  where "account_id" = $3;

-- resources/accounts/export/queries.ts 11
select "id", "name", "description", "is_active", "created_at", "updated_at"
  from "skills"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 12
select "skill_id", "path", "size", encode(content, 'base64') as "content_base64"
  from "skill_files"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 13
select "id", "user_id", "content", "source", "thread_id", "created_at", "updated_at"
  from "memories"
  where "account_id" = $1 and "user_id" = $2;

-- resources/accounts/export/queries.ts 14
select "id", "name", "cron", "run_at", "timezone", "persona_id", "input", "thread_id", "status", "created_at", "updated_at"
  from "schedules"
  where "account_id" = $1 and "created_by_user_id" = $2;

-- resources/accounts/export/queries.ts 15
with "readable" as (select "t"."id"
  from "threads" as "t"
  where "t"."account_id" = $1 and (("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now())) and "t"."root_thread_id" is null and ("t"."created_by_user_id" = $2 or ("t"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = $3 and "p"."id" = "t"."project_id" and "p"."visibility" = 'shared' and ("p"."deleted_at" is null and ("p"."owner_user_id" = $4 or true::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $5)))))))))), "exported" as (select "c"."id"
  from "threads" as "c"
  where "c"."account_id" = $6 and "c"."deleted_at" is null and ("c"."id" in (select "readable"."id"
  from "readable") or "c"."root_thread_id" in (select "readable"."id"
  from "readable"))) select "t"."id", "t"."created_by_user_id", "t"."title", "t"."project_id", "t"."is_private", "t"."parent_thread_id", "t"."root_thread_id", "t"."created_at", "t"."updated_at", "t"."archived_at"
  from "threads" as "t"
  where "t"."account_id" = $7 and "t"."id" in (select "exported"."id"
  from "exported");

-- resources/accounts/export/queries.ts 16
with "readable" as (select "t"."id"
  from "threads" as "t"
  where "t"."account_id" = $1 and (("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now())) and "t"."root_thread_id" is null and ("t"."created_by_user_id" = $2 or ("t"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = $3 and "p"."id" = "t"."project_id" and "p"."visibility" = 'shared' and ("p"."deleted_at" is null and ("p"."owner_user_id" = $4 or true::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $5)))))))))), "exported" as (select "c"."id"
  from "threads" as "c"
  where "c"."account_id" = $6 and "c"."deleted_at" is null and ("c"."id" in (select "readable"."id"
  from "readable") or "c"."root_thread_id" in (select "readable"."id"
  from "readable"))) select "m"."id", "m"."thread_id", "m"."number", "m"."created_by_user_id", "m"."role", "m"."content", "m"."content_json", "m"."run_id", "m"."created_at"
  from "messages" as "m"
  where "m"."account_id" = $7 and "m"."visible" = true and "m"."thread_id" in (select "exported"."id"
  from "exported")
  order by "m"."thread_id", "m"."number";

-- resources/accounts/export/queries.ts 17
with "readable" as (select "t"."id"
  from "threads" as "t"
  where "t"."account_id" = $1 and (("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now())) and "t"."root_thread_id" is null and ("t"."created_by_user_id" = $2 or ("t"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = $3 and "p"."id" = "t"."project_id" and "p"."visibility" = 'shared' and ("p"."deleted_at" is null and ("p"."owner_user_id" = $4 or true::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $5)))))))))), "exported" as (select "c"."id"
  from "threads" as "c"
  where "c"."account_id" = $6 and "c"."deleted_at" is null and ("c"."id" in (select "readable"."id"
  from "readable") or "c"."root_thread_id" in (select "readable"."id"
  from "readable"))) select "r"."id", "r"."thread_id", "r"."parent_run_id", "r"."created_by_user_id", "r"."source", "r"."status", "r"."model", "r"."persona_id", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."error", "r"."trace_id", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  where "r"."account_id" = $7 and "r"."thread_id" in (select "exported"."id"
  from "exported");

-- resources/accounts/export/queries.ts 18
with "readable" as (select "t"."id"
  from "threads" as "t"
  where "t"."account_id" = $1 and (("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now())) and "t"."root_thread_id" is null and ("t"."created_by_user_id" = $2 or ("t"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = $3 and "p"."id" = "t"."project_id" and "p"."visibility" = 'shared' and ("p"."deleted_at" is null and ("p"."owner_user_id" = $4 or true::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $5)))))))))), "exported" as (select "c"."id"
  from "threads" as "c"
  where "c"."account_id" = $6 and "c"."deleted_at" is null and ("c"."id" in (select "readable"."id"
  from "readable") or "c"."root_thread_id" in (select "readable"."id"
  from "readable"))) select "e"."run_id", "e"."seq", "e"."event_id", "e"."type", "e"."data", "e"."created_at"
  from "runs" as "r"
  inner
  join "run_events" as "e" on "e"."run_id" = "r"."id"
  where "r"."account_id" = $7 and "r"."thread_id" in (select "exported"."id"
  from "exported")
  order by "e"."run_id", "e"."seq";

-- resources/accounts/export/queries.ts 19
select *
  from "teams"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 20
select *
  from "team_members"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 21
select *
  from "personas"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 22
select *
  from "ip_rules"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 23
select *
  from "subscriptions"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 24
select *
  from "credit_transactions"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 25
select *
  from "usage_records"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts 26
select *
  from "audit_logs"
  where "account_id" = $1;

-- resources/accounts/export/queries.ts exportedArchives
with "readable" as (select "t"."id"
  from "threads" as "t"
  where "t"."account_id" = $1 and (("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now())) and "t"."root_thread_id" is null and ("t"."created_by_user_id" = $2 or ("t"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = $3 and "p"."id" = "t"."project_id" and "p"."visibility" = 'shared' and ("p"."deleted_at" is null and ("p"."owner_user_id" = $4 or true::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $5)))))))))), "exported" as (select "c"."id"
  from "threads" as "c"
  where "c"."account_id" = $6 and "c"."deleted_at" is null and ("c"."id" in (select "readable"."id"
  from "readable") or "c"."root_thread_id" in (select "readable"."id"
  from "readable"))) select "a"."run_id", "a"."parts"
  from "runs" as "r"
  inner
  join "run_event_archives" as "a" on "a"."run_id" = "r"."id" and "a"."account_id" = "r"."account_id" and "a"."state" = 'kept'
  where "r"."account_id" = $7 and "r"."thread_id" in (select "exported"."id"
  from "exported");

-- resources/accounts/export/queries.ts exportedAttachments
with "readable" as (select "t"."id"
  from "threads" as "t"
  where "t"."account_id" = $1 and (("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now())) and "t"."root_thread_id" is null and ("t"."created_by_user_id" = $2 or ("t"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = $3 and "p"."id" = "t"."project_id" and "p"."visibility" = 'shared' and ("p"."deleted_at" is null and ("p"."owner_user_id" = $4 or true::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $5)))))))))), "exported" as (select "c"."id"
  from "threads" as "c"
  where "c"."account_id" = $6 and "c"."deleted_at" is null and ("c"."id" in (select "readable"."id"
  from "readable") or "c"."root_thread_id" in (select "readable"."id"
  from "readable"))) select "a"."id", "a"."name", "a"."mime_type", "a"."size", "a"."sha256", "a"."created_at"
  from "attachments" as "a"
  where "a"."account_id" = $7 and "a"."id" in (select "u"."attachment_id"
  from "thread_attachments" as "u"
  where "u"."account_id" = $8 and "u"."thread_id" in (select "exported"."id"
  from "exported"));

-- resources/accounts/export/queries.ts exportedWorkspaces
select "project_id", "workspace_ref", "manifest_rev"
  from "workspaces"
  where "account_id" = $1 and "owner_user_id" = $2 and "manifest_rev" is not null and "project_id" in (select "id"
  from "projects"
  where "account_id" = $3 and "deleted_at" is null);

-- resources/accounts/loaders.ts 1
select "id"
  from "accounts"
  where "id" = $1;

-- resources/accounts/loaders.ts 2
select "id"
  from "users"
  where "id" = $1;

-- resources/accounts/memberQueries.ts selectMember
select "m"."account_id", "m"."user_id", "u"."username", "u"."email", "m"."role", "m"."created_at", "u"."second_factor_at", exists (select 1 as "one"
  from "passkeys" as "p"
  where "p"."user_id" = "u"."id") as "has_passkey"
  from "memberships" as "m"
  inner
  join "users" as "u" on "u"."id" = "m"."user_id"
  where "m"."account_id" = $1 and "m"."user_id" = $2;

-- resources/accounts/memberQueries.ts selectMembers
select "m"."account_id", "m"."user_id", "u"."username", "u"."email", "m"."role", "m"."created_at", "u"."second_factor_at", exists (select 1 as "one"
  from "passkeys" as "p"
  where "p"."user_id" = "u"."id") as "has_passkey"
  from "memberships" as "m"
  inner
  join "users" as "u" on "u"."id" = "m"."user_id"
  where "m"."account_id" = $1 and ($2::timestamptz is null or ("m"."created_at", "m"."user_id") < ($3::timestamptz, $4::uuid))
  order by "m"."created_at" desc, "m"."user_id" desc
  limit $5;

-- resources/accounts/memberQueries.ts selectMemberIds
select "user_id"
  from "memberships"
  where "account_id" = $1;

-- resources/accounts/memberQueries.ts selectMemberState
select "role", (select count(*) as "count"
  from "memberships" as "o"
  where "o"."account_id" = $1 and "o"."role" = 'admin' and "o"."user_id" <> $2) as "other_admins", (select count(*) as "count"
  from "invitations" as "i"
  where "i"."account_id" = $3 and "i"."invited_by_user_id" = $4 and "i"."accepted_at" is null and "i"."expires_at" > now()) as "open_invitations"
  from "memberships"
  where "account_id" = $5 and "user_id" = $6;

-- resources/accounts/memberQueries.ts selectRole
select "role"
  from "memberships"
  where "account_id" = $1 and "user_id" = $2;

-- resources/accounts/memberQueries.ts updateRole
update "memberships"
  set "role" = $1
  where "account_id" = $2 and "user_id" = $3;

-- resources/accounts/memberQueries.ts deleteMemberships
delete
  from "memberships"
  where "account_id" = $1 and "user_id" = any($2::uuid[]);

-- resources/accounts/memberQueries.ts revokeKeys
update "api_keys"
  set "revoked_at" = now()
  where "account_id" = $1 and "user_id" = any($2::uuid[]) and "revoked_at" is null;

-- resources/accounts/memberQueries.ts deleteShares
delete
  from "thread_shares"
  where "account_id" = $1 and "created_by_user_id" = any($2::uuid[]);

-- resources/accounts/memberQueries.ts moveSessions
update "sessions" as "s"
  set "active_account_id" = "home"."id"
  from "accounts" as "home"
  where "home"."owner_user_id" = "s"."user_id" and "home"."type" = 'personal' and "s"."active_account_id" = $1 and "s"."user_id" = any($2::uuid[]) and "s"."revoked_at" is null;

-- resources/accounts/queries.ts selectAccount
select "a"."id", "a"."slug", "a"."name", "a"."type", "a"."status", "a"."timezone", "a"."low_credit_threshold", "a"."second_factor_required_from", "a"."created_at", "m"."role"
  from "accounts" as "a"
  left
  join "memberships" as "m" on "m"."account_id" = "a"."id" and "m"."user_id" = $1
  where "a"."id" = $2 and "a"."deleted_at" is null;

-- resources/accounts/queries.ts selectAccountsOfUser
select "a"."id", "a"."slug", "a"."name", "a"."type", "a"."status", "a"."timezone", "a"."low_credit_threshold", "a"."second_factor_required_from", "a"."created_at", "m"."role"
  from "memberships" as "m"
  inner
  join "accounts" as "a" on "a"."id" = "m"."account_id" and "a"."deleted_at" is null
  where "m"."user_id" = $1 and ($2::timestamptz is null or ("a"."created_at", "a"."id") < ($3::timestamptz, $4::uuid))
  order by "a"."created_at" desc, "a"."id" desc
  limit $5;

-- resources/accounts/queries.ts lockAccount
select "id", "slug", "name", "type", "status", "timezone", "low_credit_threshold", "second_factor_required_from", "created_at"
  from "accounts"
  where "id" = $1 and "deleted_at" is null
  for no key update;

-- resources/accounts/queries.ts lockUser
select "id"
  from "users"
  where "id" = $1 and "status" = 'active'
  for no key update;

-- resources/accounts/queries.ts insertWorkspace
insert into "accounts" ("id", "slug", "name", "type", "owner_user_id")
  values ($1, $2, $3, 'workspace', $4)
  on conflict ("slug") do nothing
  returning "id", "slug", "name", "type", "status", "timezone", "low_credit_threshold", "second_factor_required_from", "created_at";

-- resources/accounts/queries.ts insertAdmin
insert into "memberships" ("account_id", "user_id", "role")
  values ($1, $2, 'admin');

-- resources/accounts/queries.ts insertEmptyBalance
insert into "credit_balances" ("account_id", "balance")
  values ($1, 0);

-- resources/accounts/queries.ts updateAccount
update "accounts"
  set "name" = $1, "timezone" = $2, "low_credit_threshold" = $3, "second_factor_required_from" = $4
  where "id" = $5;

-- resources/accounts/queries.ts markClosed
update "accounts"
  set "deleted_at" = now()
  where "id" = $1 and "deleted_at" is null;

-- resources/accounts/queries.ts deleteInvitations
delete
  from "invitations"
  where "account_id" = $1;

-- resources/accounts/queries.ts lockRunSlots
select pg_advisory_xact_lock(hashtextextended('run slots ' || $1::uuid::text, 0)) as "lock";

-- resources/accounts/queries.ts selectOpenRuns
select "id"
  from "runs"
  where "account_id" = $1 and ($2::uuid[] is null or created_by_user_id = any($3::uuid[])) and "status" in ('running', 'waiting_for_input')
  order by "id";

-- resources/accounts/requireAccount.ts 1
select "id"
  from "accounts"
  where "id" = $1 and "deleted_at" is null
  for share;

-- resources/adminAccounts/queries.ts selectAccounts
select "a"."id", "a"."slug", "a"."name", "a"."type", "a"."status", "a"."owner_user_id", "a"."created_at", (select count(*) as "count"
  from "memberships" as "m"
  where "m"."account_id" = "a"."id") as "members_count", coalesce((select "b"."balance"
  from "credit_balances" as "b"
  where "b"."account_id" = "a"."id"), 0) as "balance", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = "a"."id" and "r"."status" in ('running', 'waiting_for_input', 'cancelling')), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = "a"."id" and "cc"."status" = 'running'), 0), 9007199254740991)::bigint as "reserved"
  from "accounts" as "a"
  where "a"."deleted_at" is null and ($1::text is null or a.slug ilike $2 or a.name ilike $3) and ($4::text is null or a.status = $5) and ($6::text is null or a.type = $7) and ($8::timestamptz is null or ("a"."created_at", "a"."id") < ($9::timestamptz, $10::uuid))
  order by "a"."created_at" desc, "a"."id" desc
  limit $11;

-- resources/adminAccounts/queries.ts selectAccount
select "a"."id", "a"."slug", "a"."name", "a"."type", "a"."status", "a"."owner_user_id", "a"."created_at", (select count(*) as "count"
  from "memberships" as "m"
  where "m"."account_id" = "a"."id") as "members_count", coalesce((select "b"."balance"
  from "credit_balances" as "b"
  where "b"."account_id" = "a"."id"), 0) as "balance", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = "a"."id" and "r"."status" in ('running', 'waiting_for_input', 'cancelling')), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = "a"."id" and "cc"."status" = 'running'), 0), 9007199254740991)::bigint as "reserved"
  from "accounts" as "a"
  where "a"."deleted_at" is null and "a"."id" = $1;

-- resources/adminAccounts/queries.ts updateStatus
update "accounts"
  set "status" = $1
  where "id" = $2;

-- resources/adminAccounts/queries.ts selectActiveAdmin
select "u"."id"
  from "memberships" as "m"
  inner
  join "users" as "u" on "u"."id" = "m"."user_id"
  where "m"."account_id" = $1 and "u"."is_platform_admin" = true and "u"."status" = 'active'
  limit 1;

-- resources/apiKeys/queries.ts lockMembership
select "role"
  from "memberships"
  where "account_id" = $1 and "user_id" = $2
  for no key update;

-- resources/apiKeys/queries.ts insertKey
insert into "api_keys" ("account_id", "id", "user_id", "key_prefix", "key_hash", "scopes", "inherits_permissions", "name", "credits_per_day", "credits_per_month", "credits_total", "requests_per_minute", "requests_per_day", "requests_per_month", "requests_total", "models", "expires_at")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
  returning "id", "account_id", "user_id", "name", "key_prefix", "scopes", "inherits_permissions", "credits_per_day", "credits_per_month", "credits_total", "requests_per_minute", "requests_per_day", "requests_per_month", "requests_total", "models", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at";

-- resources/apiKeys/queries.ts selectKeys
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("models"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("models"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "user_id", "name", "key_prefix", "scopes", "inherits_permissions", "credits_per_day", "credits_per_month", "credits_total", "requests_per_minute", "requests_per_day", "requests_per_month", "requests_total", "models", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at"
  from "api_keys"
  where "account_id" = $1 and ($2::uuid is null or user_id = $3) and ($4::timestamptz is null or ("created_at", "id") < ($5::timestamptz, $6::uuid))
  order by "created_at" desc, "id" desc
  limit $7) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/apiKeys/queries.ts selectKey
select "id", "account_id", "user_id", "name", "key_prefix", "scopes", "inherits_permissions", "credits_per_day", "credits_per_month", "credits_total", "requests_per_minute", "requests_per_day", "requests_per_month", "requests_total", "models", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at"
  from "api_keys"
  where "account_id" = $1 and "id" = $2 and ($3::uuid is null or user_id = $4);

-- resources/apiKeys/queries.ts lockKey
select "id", "account_id", "user_id", "name", "key_prefix", "scopes", "inherits_permissions", "credits_per_day", "credits_per_month", "credits_total", "requests_per_minute", "requests_per_day", "requests_per_month", "requests_total", "models", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at"
  from "api_keys"
  where "account_id" = $1 and "id" = $2 and "revoked_at" is null
  for update;

-- resources/apiKeys/queries.ts updateKey
update "api_keys"
  set "name" = $1, "credits_per_day" = $2, "credits_per_month" = $3, "credits_total" = $4, "requests_per_minute" = $5, "requests_per_day" = $6, "requests_per_month" = $7, "requests_total" = $8, "models" = $9, "expires_at" = $10
  where "account_id" = $11 and "id" = $12
  returning "id", "account_id", "user_id", "name", "key_prefix", "scopes", "inherits_permissions", "credits_per_day", "credits_per_month", "credits_total", "requests_per_minute", "requests_per_day", "requests_per_month", "requests_total", "models", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at";

-- resources/apiKeys/queries.ts replaceSecret
update "api_keys"
  set "key_prefix" = $1, "key_hash" = $2, "previous_key_hash" = case when $3::int > 0 then key_hash end, "previous_expires_at" = case when $4::int > 0 then now() + $5::int * interval '1 second' end
  where "account_id" = $6 and "id" = $7
  returning "id", "account_id", "user_id", "name", "key_prefix", "scopes", "inherits_permissions", "credits_per_day", "credits_per_month", "credits_total", "requests_per_minute", "requests_per_day", "requests_per_month", "requests_total", "models", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at";

-- resources/apiKeys/queries.ts revokeKey
update "api_keys"
  set "revoked_at" = now()
  where "account_id" = $1 and "id" = $2 and "revoked_at" is null
  returning "user_id", "name", "key_prefix";

-- resources/apiKeys/queries.ts selectOpenRuns
select "id"
  from "runs"
  where "account_id" = $1 and "api_key_id" = $2 and "status" in ('running', 'waiting_for_input')
  order by "id";

-- resources/apiKeys/queries.ts lockActiveSchedules
select "id"
  from "schedules"
  where "account_id" = $1 and "api_key_id" = $2 and "status" = 'active'
  order by "id"
  for update;

-- resources/apiKeys/queries.ts selectUsage
select coalesce(sum("credits") filter (where day = $1::date), 0)::bigint as "credits_of_day", coalesce(sum("requests") filter (where day = $2::date), 0)::bigint as "requests_of_day", coalesce(sum("credits") filter (where day >= $3::date), 0)::bigint as "credits_of_month", coalesce(sum("requests") filter (where day >= $4::date), 0)::bigint as "requests_of_month", coalesce(sum("credits") filter (where true), 0)::bigint as "credits_in_total", coalesce(sum("requests") filter (where true), 0)::bigint as "requests_in_total", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = $5 and "r"."status" in ('running', 'waiting_for_input', 'cancelling') and "r"."api_key_id" = $6), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $7 and "cc"."status" = 'running' and "cc"."api_key_id" = $8), 0), 9007199254740991)::bigint as "reserved_credits"
  from "api_key_usage"
  where "account_id" = $9 and "api_key_id" = $10;

-- resources/asrCredentials/queries.ts selectCredentials
select "id", "account_id", "provider", "name", "key_prefix", "base_url", "model", "is_default", "created_at"
  from "asr_credentials"
  where ("account_id" = $1 or "account_id" is null)
  order by "account_id" is null, "created_at" desc, "id" desc;

-- resources/asrCredentials/queries.ts selectCredential
select "id", "account_id", "provider", "name", "key_prefix", "base_url", "model", "is_default", "created_at"
  from "asr_credentials"
  where ("account_id" = $1 or ("account_id" is null and $2::boolean)) and "id" = $3;

-- resources/asrCredentials/queries.ts selectDefault
select "id", "account_id", "provider", "name", "key_prefix", "base_url", "model", "is_default", "created_at", "api_key_sealed"
  from "asr_credentials"
  where ("account_id" = $1 or "account_id" is null) and "is_default" = true
  order by "account_id" is null
  limit 1;

-- resources/asrCredentials/queries.ts lockDefault
select pg_advisory_xact_lock(hashtextextended('asr default ' || coalesce($1::text, 'platform'), 0)) as "locked";

-- resources/asrCredentials/queries.ts clearDefault
update "asr_credentials"
  set "is_default" = false
  where "account_id" is not distinct
  from $1 and "is_default" = true;

-- resources/asrCredentials/queries.ts setDefault
update "asr_credentials"
  set "is_default" = true
  where "account_id" is not distinct
  from $1 and "id" = $2;

-- resources/asrCredentials/queries.ts insertCredential
insert into "asr_credentials" ("account_id", "id", "provider", "name", "key_prefix", "api_key_sealed", "base_url", "model", "is_default")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  returning "id", "account_id", "provider", "name", "key_prefix", "base_url", "model", "is_default", "created_at";

-- resources/asrCredentials/queries.ts lockBaseUrl
select "base_url"
  from "asr_credentials"
  where "account_id" is not distinct
  from $1 and "id" = $2
  for no key update;

-- resources/asrCredentials/queries.ts updateCredential
update "asr_credentials"
  set "name" = coalesce($1, name), "key_prefix" = coalesce($2, key_prefix), "api_key_sealed" = coalesce($3, api_key_sealed), "base_url" = case when $4::boolean then $5 else base_url end, "model" = coalesce($6, model), "is_default" = coalesce($7, is_default)
  where "account_id" is not distinct
  from $8 and "id" = $9
  returning "id", "account_id", "provider", "name", "key_prefix", "base_url", "model", "is_default", "created_at";

-- resources/asrCredentials/queries.ts deleteCredential
delete
  from "asr_credentials"
  where "account_id" is not distinct
  from $1 and "id" = $2;

-- resources/attachments/queries.ts insertArriving
insert into "attachments" ("account_id", "id", "state", "uploader_user_id", "name", "mime_type", "kind", "size", "sha256", "extracted_text")
  values ($1, $2, 'arriving', $3, $4, $5, $6, $7, $8, $9);

-- resources/attachments/queries.ts deleteArriving
delete
  from "attachments"
  where "account_id" = $1 and "id" = $2 and "state" = 'arriving';

-- resources/attachments/queries.ts markStaged
update "attachments" as "a"
  set "state" = 'staged', "created_at" = now()
  where "a"."account_id" = $1 and "a"."id" = $2 and "a"."state" = 'arriving'
  returning "a"."id", "a"."account_id", "a"."state", "a"."name", "a"."mime_type", "a"."kind", "a"."size", "a"."sha256";

-- resources/attachments/queries.ts selectReadable
select "a"."id", "a"."account_id", "a"."state", "a"."name", "a"."mime_type", "a"."kind", "a"."size", "a"."sha256"
  from "attachments" as "a"
  where ("a"."account_id" = $1 and "a"."id" = $2 and "a"."name" = $3 and (("a"."state" = 'staged' and $4::boolean and "a"."uploader_user_id" = $5) or ("a"."state" = 'kept' and not $6::boolean and exists (select 1 as "one"
  from "thread_attachments" as "u"
  inner
  join "threads" as "t" on "t"."account_id" = "u"."account_id" and "t"."id" = "u"."thread_id"
  where "u"."account_id" = "a"."account_id" and "u"."attachment_id" = "a"."id" and (("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now())) and "t"."root_thread_id" is null and ("t"."created_by_user_id" = $7 or ("t"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = $8 and "p"."id" = "t"."project_id" and "p"."visibility" = 'shared' and ("p"."deleted_at" is null and ("p"."owner_user_id" = $9 or $10::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $11)))))))))))));

-- resources/attachments/queries.ts claim
with "found" as (update "attachments" as "a"
  set "state" = 'kept'
  where ("a"."account_id" = $1 and "a"."id" = $2 and "a"."name" = $3 and (("a"."state" = 'staged' and $4::boolean and "a"."uploader_user_id" = $5) or ("a"."state" = 'kept' and not $6::boolean and exists (select 1 as "one"
  from "thread_attachments" as "u"
  inner
  join "threads" as "t" on "t"."account_id" = "u"."account_id" and "t"."id" = "u"."thread_id"
  where "u"."account_id" = "a"."account_id" and "u"."attachment_id" = "a"."id" and (("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now())) and "t"."root_thread_id" is null and ("t"."created_by_user_id" = $7 or ("t"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = $8 and "p"."id" = "t"."project_id" and "p"."visibility" = 'shared' and ("p"."deleted_at" is null and ("p"."owner_user_id" = $9 or $10::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $11)))))))))))))
  returning "a"."id", "a"."account_id", "a"."state", "a"."name", "a"."mime_type", "a"."kind", "a"."size", "a"."sha256"), "used" as (insert into "thread_attachments" ("account_id", "attachment_id", "thread_id") select "account_id", "id", $12::uuid as "thread_id"
  from "found"
  on conflict do nothing) select *
  from "found";

-- resources/attachments/queries.ts keepImages
with "thread" as (select "id"
  from "threads"
  where "account_id" = $1 and "id" = $2 and "deleted_at" is null
  for update), "found" as (update "attachments" as "a"
  set "state" = 'kept'
  from "thread"
  where "a"."account_id" = $3 and "a"."id" = any($4::uuid[]) and "a"."state" = 'staged'
  returning "a"."account_id", "a"."id", "thread"."id" as "thread_id"), "used" as (insert into "thread_attachments" ("account_id", "attachment_id", "thread_id") select "account_id", "id", "thread_id"
  from "found") select "id"
  from "found";

-- resources/attachments/queries.ts selectKept
select "a"."id", "a"."account_id", "a"."state", "a"."name", "a"."mime_type", "a"."kind", "a"."size", "a"."sha256"
  from "attachments" as "a"
  where "a"."account_id" = $1 and "a"."id" = $2 and "a"."name" = $3 and "a"."state" = 'kept';

-- resources/attachments/queries.ts selectTexts
select "a"."id", "a"."extracted_text"
  from "attachments" as "a"
  where "a"."account_id" = $1 and "a"."id" = any($2::uuid[]) and "a"."kind" = 'file';

-- resources/attachments/queries.ts copyThreadAttachments
insert into "thread_attachments" ("account_id", "attachment_id", "thread_id") select "u"."account_id", "u"."attachment_id", $1::uuid as "thread_id"
  from "thread_attachments" as "u"
  where "u"."account_id" = $2 and "u"."thread_id" = $3 and u.attachment_id::text in (select split_part(named.key #>> '{}', '/', 3) as "id"
  from "messages" as "m"
  cross
  join jsonb_path_query(m.content_json, '$.parts[*].attachment.key') as named (key)
  where "m"."account_id" = $4 and "m"."thread_id" = $5 and "m"."role" <> 'tool');

-- resources/auditLogs/queries.ts selectActor
select "u"."id"
  from "users" as "u"
  where "u"."id" = $1 and (exists (select 1 as "one"
  from "memberships" as "m"
  where "m"."account_id" = $2 and "m"."user_id" = $3) or (select "l"."id"
  from "audit_logs" as "l"
  where "l"."account_id" = $4 and "l"."actor_user_id" = $5
  order by "l"."created_at" desc, "l"."id" desc
  limit 1) is not null);

-- resources/auditLogs/queries.ts page of an account
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where "account_id" = $1 and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page of an account by action
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where ("account_id" = $1 and "action" = $2)
  order by "created_at" desc, "id" desc
  limit $3 offset $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page of an account by targetType
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where ("account_id" = $1 and "target_type" = $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3 offset $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page of an account by actorId
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where ("account_id" = $1 and "actor_user_id" = $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3 offset $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page of an account by since
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where ("account_id" = $1 and "created_at" >= $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3 offset $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page of an account by until
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where ("account_id" = $1 and "created_at" <= $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3 offset $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page of all accounts
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where 1 = 1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $1 offset $2) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page of all accounts by action
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where "action" = $1 and "action" > ''
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page of all accounts by targetType
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where "target_type" = $1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page of all accounts by actorId
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where "actor_user_id" = $1 and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page of all accounts by since
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where "created_at" >= $1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page of all accounts by until
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at"
  from "audit_logs"
  where "created_at" <= $1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of an account
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "account_id" = $1 and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of an account by action
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where ("account_id" = $1 and "action" = $2)
  order by "created_at" desc, "id" desc
  limit $3 offset $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of an account by targetType
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where ("account_id" = $1 and "target_type" = $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3 offset $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of an account by actorId
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where ("account_id" = $1 and "actor_user_id" = $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3 offset $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of an account by since
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where ("account_id" = $1 and "created_at" >= $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3 offset $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of an account by until
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where ("account_id" = $1 and "created_at" <= $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3 offset $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of all accounts
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where 1 = 1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $1 offset $2) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of all accounts by action
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "action" = $1 and "action" > ''
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of all accounts by targetType
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "target_type" = $1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of all accounts by actorId
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "actor_user_id" = $1 and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of all accounts by since
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "created_at" >= $1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts page with states of all accounts by until
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "created_at" <= $1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2 offset $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts count of an account
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where "account_id" = $1 and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2) as "found";

-- resources/auditLogs/queries.ts count of an account by action
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where ("account_id" = $1 and "action" = $2)
  order by "created_at" desc, "id" desc
  limit $3) as "found";

-- resources/auditLogs/queries.ts count of an account by targetType
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where ("account_id" = $1 and "target_type" = $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3) as "found";

-- resources/auditLogs/queries.ts count of an account by actorId
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where ("account_id" = $1 and "actor_user_id" = $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3) as "found";

-- resources/auditLogs/queries.ts count of an account by since
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where ("account_id" = $1 and "created_at" >= $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3) as "found";

-- resources/auditLogs/queries.ts count of an account by until
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where ("account_id" = $1 and "created_at" <= $2) and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $3) as "found";

-- resources/auditLogs/queries.ts count of all accounts
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where 1 = 1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $1) as "found";

-- resources/auditLogs/queries.ts count of all accounts by action
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where "action" = $1 and "action" > ''
  order by "created_at" desc, "id" desc
  limit $2) as "found";

-- resources/auditLogs/queries.ts count of all accounts by targetType
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where "target_type" = $1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2) as "found";

-- resources/auditLogs/queries.ts count of all accounts by actorId
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where "actor_user_id" = $1 and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2) as "found";

-- resources/auditLogs/queries.ts count of all accounts by since
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where "created_at" >= $1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2) as "found";

-- resources/auditLogs/queries.ts count of all accounts by until
select count(*) as "total"
  from (select 1 as "one"
  from "audit_logs"
  where "created_at" <= $1 and "action" > '' and "action" <> 'user.refresh'
  order by "created_at" desc, "id" desc
  limit $2) as "found";

-- resources/auditLogs/queries.ts export of an account
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "account_id" = $1 and (created_at, id) < ($2::timestamptz, $3::uuid)
  order by "created_at" desc, "id" desc
  limit $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts export of an account by action
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where ("account_id" = $1 and "action" = $2) and (created_at, id) < ($3::timestamptz, $4::uuid)
  order by "created_at" desc, "id" desc
  limit $5) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts export of an account by targetType
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where ("account_id" = $1 and "target_type" = $2) and (created_at, id) < ($3::timestamptz, $4::uuid)
  order by "created_at" desc, "id" desc
  limit $5) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts export of an account by actorId
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where ("account_id" = $1 and "actor_user_id" = $2) and (created_at, id) < ($3::timestamptz, $4::uuid)
  order by "created_at" desc, "id" desc
  limit $5) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts export of an account by since
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where ("account_id" = $1 and "created_at" >= $2) and (created_at, id) < ($3::timestamptz, $4::uuid)
  order by "created_at" desc, "id" desc
  limit $5) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts export of an account by until
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where ("account_id" = $1 and "created_at" <= $2) and (created_at, id) < ($3::timestamptz, $4::uuid)
  order by "created_at" desc, "id" desc
  limit $5) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts export of all accounts
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where 1 = 1 and "action" > '' and (created_at, id) < ($1::timestamptz, $2::uuid)
  order by "created_at" desc, "id" desc
  limit $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts export of all accounts by action
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "action" = $1 and "action" > '' and (created_at, id) < ($2::timestamptz, $3::uuid)
  order by "created_at" desc, "id" desc
  limit $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts export of all accounts by targetType
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "target_type" = $1 and "action" > '' and (created_at, id) < ($2::timestamptz, $3::uuid)
  order by "created_at" desc, "id" desc
  limit $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts export of all accounts by actorId
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "actor_user_id" = $1 and (created_at, id) < ($2::timestamptz, $3::uuid)
  order by "created_at" desc, "id" desc
  limit $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts export of all accounts by since
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "created_at" >= $1 and "action" > '' and (created_at, id) < ($2::timestamptz, $3::uuid)
  order by "created_at" desc, "id" desc
  limit $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auditLogs/queries.ts export of all accounts by until
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("metadata"::text), 0) + coalesce(octet_length("user_agent"::text), 0) + coalesce(octet_length("before_state"::text), 0) + coalesce(octet_length("after_state"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata", "ip_address", "user_agent", "created_at", "before_state", "after_state"
  from "audit_logs"
  where "created_at" <= $1 and "action" > '' and (created_at, id) < ($2::timestamptz, $3::uuid)
  order by "created_at" desc, "id" desc
  limit $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/auth/codes/queries.ts upsertCode
insert into "login_codes" ("user_id", "email", "code_hmac", "expires_at", "asked_from")
  values ($1, $2, $3, now() + make_interval(secs => $4), $5)
  on conflict ("user_id", "asked_from") do update
  set "email" = "excluded"."email", "code_hmac" = "excluded"."code_hmac", "expires_at" = "excluded"."expires_at", "foreign_guesses" = 0;

-- resources/auth/codes/queries.ts countForeignGuess
update "login_codes"
  set "foreign_guesses" = "foreign_guesses" + 1
  where "user_id" = $1 and "asked_from" <> $2 and "foreign_guesses" < $3 and "expires_at" > clock_timestamp()
  returning "asked_from";

-- resources/auth/codes/queries.ts consumeCode
delete
  from "login_codes" as "c" using "users" as "u"
  where "c"."user_id" = $1 and "c"."code_hmac" = any($2::text[]) and "c"."asked_from" = any($3::text[]) and "c"."expires_at" > clock_timestamp() and "u"."id" = "c"."user_id" and "u"."email" = "c"."email"
  returning "c"."email";

-- resources/auth/codes/queries.ts deleteCodes
delete
  from "login_codes"
  where "user_id" = $1;

-- resources/auth/codes/queries.ts selectSignInAddresses
select distinct "ip"
  from "sessions"
  where "user_id" = $1 and "created_at" > now() - interval '90 days' and "ip" is not null and ("revoke_reason" is null or "revoke_reason" = 'logout')
  limit 1000;

-- resources/auth/codes/queries.ts selectEmailStatus
select "u"."email", "u"."email_verified_at" is not null as "verified", "u"."locale", (select "a"."id"
  from "accounts" as "a"
  where "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal') as "home"
  from "users" as "u"
  where "u"."id" = $1;

-- resources/auth/codes/queries.ts upsertVerification
insert into "email_verifications" ("user_id", "email", "token_hash", "expires_at")
  values ($1, $2, $3, now() + interval '1 hour')
  on conflict ("user_id") do update
  set "email" = "excluded"."email", "token_hash" = "excluded"."token_hash", "expires_at" = "excluded"."expires_at";

-- resources/auth/codes/queries.ts selectVerification
select "c"."user_id", "c"."password_hash"
  from "email_verifications" as "v"
  inner
  join "credentials" as "c" on "c"."user_id" = "v"."user_id"
  where "v"."token_hash" = $1 and "v"."expires_at" > clock_timestamp();

-- resources/auth/codes/queries.ts consumeVerification
delete
  from "email_verifications" as "v" using "users" as "u"
  where "v"."token_hash" = $1 and "v"."expires_at" > clock_timestamp() and "u"."id" = "v"."user_id" and "u"."email" = "v"."email" and "u"."status" <> 'deleted'
  returning "v"."user_id", "v"."email", (select "a"."id"
  from "accounts" as "a"
  where "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal') as "home";

-- resources/auth/codes/verifyAddress.ts 1
select "email_proven_at" is not null as "proven", "created_at", (select "login"
  from "credentials"
  where "user_id" = "users"."id") as "login"
  from "users"
  where "id" = $1 and "email_key" = $2 and "status" <> 'deleted'
  for no key update;

-- resources/auth/codes/verifyAddress.ts 2
update "users"
  set "email_verified_at" = coalesce(email_verified_at, now()), "email_proven_at" = case when $1::boolean then coalesce(email_proven_at, now()) else email_proven_at end
  where "id" = $2;

-- resources/auth/codes/verifyAddress.ts 3
update "users"
  set "email_verified_at" = null, "email_proven_at" = case when $1::boolean then null else email_proven_at end
  where "id" = $2;

-- resources/auth/queries.ts selectTaken
select ('system_agent' in ($1::text, $2::text) or exists (select 1 as "one"
  from "credentials"
  where "login_key" = $3) or exists (select 1 as "one"
  from "credentials"
  where "login_skeleton" = $4)) as "login", (exists (select 1 as "one"
  from "users"
  where "status" <> 'deleted' and "email_key" = $5) or exists (select 1 as "one"
  from "users"
  where "status" <> 'deleted' and "email_skeleton" = $6)) as "email";

-- resources/auth/queries.ts selectCredential
select "u"."id" as "user_id", "c"."login_key", "c"."password_hash", "u"."status", "u"."email_verified_at" is not null as "email_verified", "u"."is_platform_admin", "u"."email", "u"."email_key" as "email_key", "u"."locale", "a"."id" as "account_id", "m"."role"
  from "users" as "u"
  inner
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  inner
  join "accounts" as "a" on "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal'
  left
  join "memberships" as "m" on "m"."account_id" = "a"."id" and "m"."user_id" = "u"."id"
  where "u"."status" <> 'deleted' and "c"."login_key" = $1
  union all select "u"."id" as "user_id", "c"."login_key", "c"."password_hash", "u"."status", "u"."email_verified_at" is not null as "email_verified", "u"."is_platform_admin", "u"."email", "u"."email_key" as "email_key", "u"."locale", "a"."id" as "account_id", "m"."role"
  from "users" as "u"
  inner
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  inner
  join "accounts" as "a" on "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal'
  left
  join "memberships" as "m" on "m"."account_id" = "a"."id" and "m"."user_id" = "u"."id"
  where "u"."status" <> 'deleted' and "u"."email_key" = $2
  limit 1;

-- resources/auth/queries.ts selectCredentialByEmail
select "u"."id" as "user_id", "c"."login_key", "c"."password_hash", "u"."status", "u"."email_verified_at" is not null as "email_verified", "u"."is_platform_admin", "u"."email", "u"."email_key" as "email_key", "u"."locale", "a"."id" as "account_id", "m"."role"
  from "users" as "u"
  inner
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  inner
  join "accounts" as "a" on "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal'
  left
  join "memberships" as "m" on "m"."account_id" = "a"."id" and "m"."user_id" = "u"."id"
  where "u"."status" <> 'deleted' and "u"."email_key" = $1;

-- resources/auth/queries.ts selectCredentialByUserId
select "u"."id" as "user_id", "c"."login_key", "c"."password_hash", "u"."status", "u"."email_verified_at" is not null as "email_verified", "u"."is_platform_admin", "u"."email", "u"."email_key" as "email_key", "u"."locale", "a"."id" as "account_id", "m"."role"
  from "users" as "u"
  inner
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  inner
  join "accounts" as "a" on "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal'
  left
  join "memberships" as "m" on "m"."account_id" = "a"."id" and "m"."user_id" = "u"."id"
  where "u"."status" <> 'deleted' and "u"."id" = $1;

-- resources/auth/queries.ts lockActiveUser
select "second_factor_at" is not null as "second_factor"
  from "users"
  where "id" = $1 and "status" = 'active'
  for no key update;

-- resources/auth/queries.ts lockPasswordHash
select "password_hash"
  from "credentials"
  where "user_id" = $1
  for update;

-- resources/auth/queries.ts replacePasswordHash
update "credentials"
  set "password_hash" = $1, "updated_at" = now()
  where "user_id" = $2 and "password_hash" is not distinct
  from $3;

-- resources/auth/queries.ts invalidateTokens
update "users"
  set "tokens_invalid_before" = greatest(tokens_invalid_before, now())
  where "id" = $1;

-- resources/auth/queries.ts selectPersonalAccount
select "id"
  from "accounts"
  where "owner_user_id" = $1 and "type" = 'personal';

-- resources/auth/sessions/lockSession.ts 1
select "u"."is_platform_admin"
  from "users" as "u"
  inner
  join "sessions" as "s" on "s"."user_id" = "u"."id" and "s"."id" = $1::uuid and "s"."revoked_at" is null
  where "u"."id" = $2 and "u"."status" = 'active'
  for share of "u", "s";

-- resources/auth/sessions/lockSession.ts selectKeyForShare
select "k"."id"
  from "users" as "u"
  inner
  join "api_keys" as "k" on "k"."user_id" = "u"."id" and "k"."account_id" = $1::uuid and "k"."id" = $2::uuid and "k"."revoked_at" is null and (k.expires_at is null or k.expires_at > clock_timestamp())
  where "u"."id" = $3 and "u"."status" = 'active'
  for share of "u", "k";

-- resources/auth/sessions/queries.ts insertSession
with "signed_in" as (update "users"
  set "last_login_at" = now()
  where "id" = $1), "opened" as (insert into "sessions" ("id", "user_id", "active_account_id", "ip", "user_agent", "method", "confirmed_at")
  values ($2, $3, $4, $5, $6, $7, case when $8::boolean then now() end)
  returning "id", "created_at") insert into "refresh_tokens" ("token_hash", "session_id", "generation", "issued_at", "expires_at") select $9::text as "token_hash", "opened"."id", 0 as "generation", "opened"."created_at" as "issued_at", opened.created_at + make_interval(secs => $10) as "expires_at"
  from "opened"
  returning "issued_at";

-- resources/auth/sessions/queries.ts selectRefreshToken
select "t"."session_id", "s"."user_id", "u"."status" as "user_status", "u"."is_platform_admin", "s"."revoked_at" is not null as "revoked", "t"."rotated_at" is not null as "rotated", (coalesce(t.rotated_at > clock_timestamp() - make_interval(secs => $1), false) and not exists (select 1 as "one"
  from "refresh_tokens" as "n"
  where "n"."session_id" = "t"."session_id" and "n"."generation" = "t"."generation" + 1 and "n"."rotated_at" <= $2::timestamptz)) as "in_grace", "t"."expires_at" <= clock_timestamp() as "expired", "a"."id" as "account_id", "a"."status" as "account_status", "m"."role", "p"."id" as "personal_account_id", "pm"."role" as "personal_role"
  from "refresh_tokens" as "t"
  inner
  join "sessions" as "s" on "s"."id" = "t"."session_id"
  inner
  join "users" as "u" on "u"."id" = "s"."user_id"
  inner
  join "accounts" as "p" on "p"."owner_user_id" = "u"."id" and "p"."type" = 'personal'
  left
  join "memberships" as "pm" on "pm"."account_id" = "p"."id" and "pm"."user_id" = "u"."id"
  left
  join "accounts" as "a" on "a"."id" = coalesce($3::uuid, "s"."active_account_id") and "a"."deleted_at" is null
  left
  join "memberships" as "m" on "m"."account_id" = "a"."id" and "m"."user_id" = "u"."id"
  where "t"."token_hash" = $4;

-- resources/auth/sessions/queries.ts rotateRefreshToken
with "taken" as (update "refresh_tokens"
  set "rotated_at" = now()
  where "token_hash" = $1 and "rotated_at" is null and "expires_at" > now()
  returning "session_id", "generation"), "live" as (update "sessions" as "s"
  set "last_used_at" = now(), "active_account_id" = $2
  from "taken"
  where "s"."id" = "taken"."session_id" and "s"."revoked_at" is null
  returning "s"."id", "taken"."generation") insert into "refresh_tokens" ("token_hash", "session_id", "generation", "expires_at") select $3::text as "token_hash", "live"."id", "live"."generation" + 1 as "generation", now() + make_interval(secs => $4) as "expires_at"
  from "live"
  returning "issued_at";

-- resources/auth/sessions/queries.ts revokeReusedSession
update "sessions"
  set "revoked_at" = now(), "revoke_reason" = 'reuse'
  where "id" = $1 and "revoked_at" is null;

-- resources/auth/sessions/queries.ts revokeSessions
update "sessions"
  set "revoked_at" = now(), "revoke_reason" = case when $1::boolean then 'logout_all' else 'logout' end
  where "user_id" = $2 and "revoked_at" is null and ($3::boolean or "id" = $4::uuid or "id" in (select "session_id"
  from "refresh_tokens"
  where "token_hash" = any($5::text[])));

-- resources/auth/sessions/queries.ts selectFreshCodeSession
select "id"
  from "sessions"
  where "id" = $1::uuid and (("method" in ('email_otp', 'oidc') and "created_at" > clock_timestamp() - interval '10 minutes') or "confirmed_at" > clock_timestamp() - interval '10 minutes');

-- resources/auth/sessions/queries.ts selectOwnSession
select "id", "method"
  from "sessions"
  where "user_id" = $1 and "revoked_at" is null and ("id" = $2::uuid or "id" = (select "session_id"
  from "refresh_tokens"
  where "token_hash" = $3::text and "expires_at" > now()))
  order by "method" <> 'email_otp' desc
  limit 1;

-- resources/auth/sessions/queries.ts revokeOtherSessions
update "sessions"
  set "revoked_at" = now(), "revoke_reason" = 'logout_all'
  where "user_id" = $1 and "id" <> $2::uuid and "revoked_at" is null;

-- resources/auth/waysToSignIn.ts 1
select "c"."password_hash" is not null as "has_password", "u"."email_key" is not null as "has_address", exists (select 1 as "one"
  from "passkeys" as "k"
  where "k"."user_id" = "u"."id") as "has_passkey", exists (select 1 as "one"
  from "user_identities" as "i"
  inner
  join "identity_providers" as "p" on "p"."issuer" = "i"."issuer"
  where "i"."user_id" = "u"."id" and "p"."enabled" = true) as "has_identity"
  from "users" as "u"
  inner
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  where "u"."id" = $1;

-- resources/bootstrap/queries.ts upsertToken
insert into "platform_settings" ("key", "value") select 'bootstrap.token' as "key", jsonb_build_object('hash', $1::text, 'expires_at', (now() + interval '30 minutes')::timestamptz(3)) as "value"
  where not exists (select "key"
  from "platform_settings"
  where "key" = 'bootstrap.platform_admin.user_id')
  on conflict ("key") do update
  set "value" = "excluded"."value", "updated_at" = now()
  returning (platform_settings.value ->> 'expires_at')::timestamptz(3) as "expires_at";

-- resources/bootstrap/queries.ts selectToken
select (platform_settings.value ->> 'expires_at')::timestamptz(3) as "expires_at", (platform_settings.value ->> 'expires_at')::timestamptz > now() as "live"
  from "platform_settings"
  where "key" = 'bootstrap.token' and platform_settings.value ->> 'hash' = $1;

-- resources/bootstrap/queries.ts consumeToken
delete
  from "platform_settings"
  where "key" = 'bootstrap.token' and platform_settings.value ->> 'hash' = $1 and (platform_settings.value ->> 'expires_at')::timestamptz > now();

-- resources/bootstrap/queries.ts deleteToken
delete
  from "platform_settings"
  where "key" = 'bootstrap.token';

-- resources/bootstrap/queries.ts insertMarker
insert into "platform_settings" ("key", "value")
  values ('bootstrap.platform_admin.user_id', to_jsonb($1::text))
  on conflict ("key") do nothing;

-- resources/bootstrap/queries.ts selectMarker
select value #>> '{}' as "user_id"
  from "platform_settings"
  where "key" = 'bootstrap.platform_admin.user_id';

-- resources/bootstrap/queries.ts selectAdmin
select "id"
  from "users"
  where "is_platform_admin" = true and "status" <> 'deleted'
  limit 1;

-- resources/bootstrap/queries.ts promoteUser
with "candidate" as (select "u"."id"
  from "users" as "u"
  inner
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  where "u"."id" = $1 and "u"."status" <> 'deleted'), "marked" as (insert into "platform_settings" ("key", "value") select 'bootstrap.platform_admin.user_id' as "key", to_jsonb(candidate.id::text) as "value"
  from "candidate"
  on conflict ("key") do nothing
  returning "key") update "users"
  set "is_platform_admin" = true
  from "marked"
  where "users"."id" = $2;

-- resources/broadcasts/queries.ts insertBroadcast
insert into "broadcasts" ("id", "type", "title", "body", "payload", "target_type", "target_id", "created_by")
  values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8)
  returning "id", "type", "title", "body", "target_type", "target_id", "payload", "status", "sent_count", "created_by", "created_at";

-- resources/broadcasts/queries.ts selectBroadcasts
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("body"::text), 0) + coalesce(octet_length("payload"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("body"::text), 0) + coalesce(octet_length("payload"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "type", "title", "body", "target_type", "target_id", "payload", "status", "sent_count", "created_by", "created_at"
  from "broadcasts"
  where "deleted_at" is null and ($1::timestamptz is null or ("created_at", "id") < ($2::timestamptz, $3::uuid))
  order by "created_at" desc, "id" desc
  limit $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/broadcasts/queries.ts selectBroadcast
select "id", "type", "title", "body", "target_type", "target_id", "payload", "status", "sent_count", "created_by", "created_at"
  from "broadcasts"
  where "id" = $1 and "deleted_at" is null;

-- resources/broadcasts/queries.ts lockBroadcast
select pg_advisory_xact_lock(hashtextextended('broadcast ' || $1::uuid::text, 0)) as "locked";

-- resources/broadcasts/queries.ts deleteBroadcast
update "broadcasts"
  set "deleted_at" = now(), "status" = case when status = 'completed' then status else 'failed' end
  where "id" = $1 and "deleted_at" is null
  returning "id", "type", "title", "body", "target_type", "target_id", "payload", "status", "sent_count", "created_by", "created_at";

-- resources/broadcasts/queries.ts addJob
select graphile_worker.add_job($1, payload := $2::json, job_key := $3, max_attempts := 3, queue_name := 'broadcasts') as "job";

-- resources/broadcasts/queries.ts lockReceiversShared
select pg_advisory_xact_lock_shared(hashtextextended('broadcasts', 0)) as "locked";

-- resources/broadcasts/queries.ts lockReceivers
select pg_advisory_xact_lock(hashtextextended('broadcasts', 0)) as "locked";

-- resources/broadcasts/queries.ts backfill
insert into "notifications" ("account_id", "user_id", "type", "broadcast_id", "created_at") select $1::uuid as "account_id", $2::uuid as "user_id", "b"."type", "b"."id" as "broadcast_id", "b"."created_at"
  from "broadcasts" as "b"
  where "b"."deleted_at" is null and "b"."created_at" > now() - interval '30 days' and "b"."target_id" is not distinct
  from $3::uuid
  on conflict ("broadcast_id", "user_id")
  where "broadcast_id" is not null do nothing;

-- resources/credits/charge.ts 1
insert into "usage_records" ("account_id", "run_id", "usage_type", "model", "user_id", "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "cached_tokens", "cost_usd", "estimated", "recorded_at", "shortfall") select "r"."account_id", "r"."id" as "run_id", 'llm' as "usage_type", coalesce(r.model, 'unknown') as "model", "r"."created_by_user_id" as "user_id", $1::bigint as "input_tokens", $2::bigint as "output_tokens", $3::bigint as "cache_creation_input_tokens", $4::bigint as "cache_read_input_tokens", $5::bigint as "cached_tokens", $6::numeric as "cost_usd", $7::boolean as "estimated", now() as "recorded_at", 0 as "shortfall"
  from "runs" as "r"
  where "r"."account_id" = $8 and "r"."id" = $9
  on conflict ("account_id", "run_id", "usage_type") do nothing;

-- resources/credits/charge.ts 2
with "held" as materialized (select "balance"
  from "credit_balances"
  where "account_id" = $1
  for update), "bill" as materialized (select $2::bigint as "credits", least($3::bigint, coalesce((select "held"."balance"
  from "held"), 0)) as "charged"), "usage" as (insert into "usage_records" ("account_id", "run_id", "usage_type", "model", "user_id", "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "cached_tokens", "cost_usd", "estimated", "recorded_at", "shortfall") select "r"."account_id", "r"."id" as "run_id", 'llm' as "usage_type", coalesce(r.model, 'unknown') as "model", "r"."created_by_user_id" as "user_id", $4::bigint as "input_tokens", $5::bigint as "output_tokens", $6::bigint as "cache_creation_input_tokens", $7::bigint as "cache_read_input_tokens", $8::bigint as "cached_tokens", $9::numeric as "cost_usd", $10::boolean as "estimated", now() as "recorded_at", bill.credits - bill.charged as "shortfall"
  from "runs" as "r", "bill"
  where "r"."account_id" = $11 and "r"."id" = $12
  on conflict ("account_id", "run_id", "usage_type") do nothing
  returning "account_id", "run_id", "user_id", "model"), "entry" as (insert into "credit_transactions" ("account_id", "id", "type", "amount", "reference_type", "reference_id", "user_id", "metadata") select "usage"."account_id", $13::uuid as "id", 'debit' as "type", -bill.charged as "amount", 'run' as "reference_type", "usage"."run_id" as "reference_id", "usage"."user_id", $14::jsonb || jsonb_build_object('model', usage.model, 'charged', bill.charged, 'shortfall', bill.credits - bill.charged) as "metadata"
  from "usage", "bill"
  where "bill"."charged" > 0
  on conflict do nothing
  returning "account_id", "amount"), "key_usage" as (insert into "api_key_usage" ("account_id", "api_key_id", "day", "credits") select "r"."account_id", "r"."api_key_id", (now() at time zone 'utc')::date as "day", "bill"."charged" as "credits"
  from "usage", "bill", "runs" as "r"
  where "r"."account_id" = $15 and "r"."id" = $16 and "r"."api_key_id" is not null and "bill"."charged" > 0
  on conflict ("account_id", "api_key_id", "day") do update
  set "credits" = "api_key_usage"."credits" + "excluded"."credits"), "alert" as (insert into "credit_alerts" ("account_id", "id", "balance", "threshold") select a.id as "account_id", new_id() as "id", held.balance + entry.amount as "balance", coalesce(a.low_credit_threshold, $17::bigint) as "threshold"
  from "entry", "held", "accounts" as "a"
  where "a"."id" = "entry"."account_id" and a.deleted_at is null and held.balance >= coalesce(a.low_credit_threshold, $18::bigint) and held.balance + entry.amount < coalesce(a.low_credit_threshold, $19::bigint)) update "credit_balances" as "b"
  set "balance" = greatest(b.balance + entry.amount, 0)
  from "entry"
  where "b"."account_id" = "entry"."account_id";

-- resources/credits/charge.ts 3
insert into "usage_records" ("account_id", "run_id", "usage_type", "model", "user_id", "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "cached_tokens", "cost_usd", "estimated", "recorded_at", "shortfall") select "r"."account_id", "r"."id" as "run_id", 'llm' as "usage_type", coalesce(r.model, 'unknown') as "model", "r"."created_by_user_id" as "user_id", $1::bigint as "input_tokens", $2::bigint as "output_tokens", $3::bigint as "cache_creation_input_tokens", $4::bigint as "cache_read_input_tokens", $5::bigint as "cached_tokens", $6::numeric as "cost_usd", $7::boolean as "estimated", now() as "recorded_at", 0 as "shortfall"
  from "chat_completions" as "r"
  where "r"."account_id" = $8 and "r"."id" = $9
  on conflict ("account_id", "run_id", "usage_type") do nothing;

-- resources/credits/charge.ts 4
with "held" as materialized (select "balance"
  from "credit_balances"
  where "account_id" = $1
  for update), "bill" as materialized (select $2::bigint as "credits", least($3::bigint, coalesce((select "held"."balance"
  from "held"), 0)) as "charged"), "usage" as (insert into "usage_records" ("account_id", "run_id", "usage_type", "model", "user_id", "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "cached_tokens", "cost_usd", "estimated", "recorded_at", "shortfall") select "r"."account_id", "r"."id" as "run_id", 'llm' as "usage_type", coalesce(r.model, 'unknown') as "model", "r"."created_by_user_id" as "user_id", $4::bigint as "input_tokens", $5::bigint as "output_tokens", $6::bigint as "cache_creation_input_tokens", $7::bigint as "cache_read_input_tokens", $8::bigint as "cached_tokens", $9::numeric as "cost_usd", $10::boolean as "estimated", now() as "recorded_at", bill.credits - bill.charged as "shortfall"
  from "chat_completions" as "r", "bill"
  where "r"."account_id" = $11 and "r"."id" = $12
  on conflict ("account_id", "run_id", "usage_type") do nothing
  returning "account_id", "run_id", "user_id", "model"), "entry" as (insert into "credit_transactions" ("account_id", "id", "type", "amount", "reference_type", "reference_id", "user_id", "metadata") select "usage"."account_id", $13::uuid as "id", 'debit' as "type", -bill.charged as "amount", 'chat_completion' as "reference_type", "usage"."run_id" as "reference_id", "usage"."user_id", $14::jsonb || jsonb_build_object('model', usage.model, 'charged', bill.charged, 'shortfall', bill.credits - bill.charged) as "metadata"
  from "usage", "bill"
  where "bill"."charged" > 0
  on conflict do nothing
  returning "account_id", "amount"), "key_usage" as (insert into "api_key_usage" ("account_id", "api_key_id", "day", "credits") select "r"."account_id", "r"."api_key_id", (now() at time zone 'utc')::date as "day", "bill"."charged" as "credits"
  from "usage", "bill", "chat_completions" as "r"
  where "r"."account_id" = $15 and "r"."id" = $16 and "r"."api_key_id" is not null and "bill"."charged" > 0
  on conflict ("account_id", "api_key_id", "day") do update
  set "credits" = "api_key_usage"."credits" + "excluded"."credits"), "alert" as (insert into "credit_alerts" ("account_id", "id", "balance", "threshold") select a.id as "account_id", new_id() as "id", held.balance + entry.amount as "balance", coalesce(a.low_credit_threshold, $17::bigint) as "threshold"
  from "entry", "held", "accounts" as "a"
  where "a"."id" = "entry"."account_id" and a.deleted_at is null and held.balance >= coalesce(a.low_credit_threshold, $18::bigint) and held.balance + entry.amount < coalesce(a.low_credit_threshold, $19::bigint)) update "credit_balances" as "b"
  set "balance" = greatest(b.balance + entry.amount, 0)
  from "entry"
  where "b"."account_id" = "entry"."account_id";

-- resources/credits/charge.ts 5
select pg_advisory_xact_lock(hashtextextended('cost of tree ' || $1::uuid::text, 0)) as "lock";

-- resources/credits/charge.ts 6
select coalesce(sum(case when u.cost_usd > 0 then u.cost_usd else (u.input_tokens + u.output_tokens + u.cache_creation_input_tokens + u.cache_read_input_tokens) / 1000000.0 end), 0)::text as "usd"
  from "runs" as "r"
  inner
  join "usage_records" as "u" on "u"."account_id" = "r"."account_id" and "u"."run_id" = "r"."id"
  where "r"."account_id" = $1 and ("r"."id" = $2 or "r"."root_run_id" = $3) and "r"."id" <> $4;

-- resources/credits/keyBudget.ts selectKeyBudget
select "key"."credits_per_day", "key"."credits_per_month", "key"."credits_total", "key"."used_today", "key"."used_this_month", "key"."used_in_total", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = $1 and "r"."status" in ('running', 'waiting_for_input', 'cancelling') and "r"."api_key_id" = "key"."id"), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $2 and "cc"."status" = 'running' and "cc"."api_key_id" = "key"."id"), 0), 9007199254740991)::bigint as "reserved", least(key.credits_per_day - key.used_today, key.credits_per_month - key.used_this_month, key.credits_total - key.used_in_total) as "remaining"
  from (select "k"."id", "k"."credits_per_day", "k"."credits_per_month", "k"."credits_total", coalesce(sum(u.credits) filter (where u.day = (now() at time zone 'utc')::date), 0)::bigint as "used_today", coalesce(sum(u.credits) filter (where u.day >= date_trunc('month', now() at time zone 'utc')::date), 0)::bigint as "used_this_month", coalesce(sum(u.credits), 0)::bigint as "used_in_total"
  from "api_keys" as "k"
  left
  join "api_key_usage" as "u" on "u"."account_id" = "k"."account_id" and "u"."api_key_id" = "k"."id" and "u"."day" >= case when k.credits_total is null then date_trunc('month', now() at time zone 'utc')::date else '-infinity'::date end
  where "k"."account_id" = $3 and "k"."id" = $4 and num_nonnulls(k.credits_per_day, k.credits_per_month, k.credits_total) > 0
  group by "k"."account_id", "k"."id") as "key";

-- resources/credits/ledger.ts 1
with "balance" as (insert into "credit_balances" ("account_id", "balance")
  values ($1, $2::bigint)
  on conflict ("account_id") do update
  set "balance" = credit_balances.balance + excluded.balance
  where "credit_balances"."balance" <= 9007199254740991 - excluded.balance
  returning "account_id") insert into "credit_transactions" ("account_id", "id", "type", "amount", "reference_type", "reference_id", "metadata", "user_id") select "account_id", $3::uuid as "id", 'credit' as "type", $4::bigint as "amount", $5::text as "reference_type", $6::uuid as "reference_id", $7::jsonb as "metadata", $8::uuid as "user_id"
  from "balance";

-- resources/credits/monthlyGrants.ts 1
select "s"."account_id", "s"."id", to_char("w"."starts", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "window_start", to_char("w"."ends", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "window_end"
  from "subscriptions" as "s"
  cross
  join lateral (select (extract(year
  from coalesce($1::timestamptz, now())) - extract(year
  from s.current_period_start)) * 12 + extract(month
  from coalesce($2::timestamptz, now())) - extract(month
  from s.current_period_start) as "apart") as "calendar"
  cross
  join lateral (select (calendar.apart - (s.current_period_start + make_interval(months => calendar.apart::int) > coalesce($3::timestamptz, now()))::int)::int as "n") as "whole"
  cross
  join lateral (select s.current_period_start + make_interval(months => whole.n) as "starts", least(s.current_period_start + make_interval(months => whole.n + 1), s.current_period_end) as "ends") as "w"
  where "s"."status" = 'active' and "s"."current_period_start" <= coalesce($4::timestamptz, now()) and "s"."current_period_end" > coalesce($5::timestamptz, now()) and not exists (select 1 as "one"
  from "credit_transactions" as "t"
  where "t"."account_id" = "s"."account_id" and "t"."reference_type" = 'monthly_grant' and "t"."reference_id" = "s"."id" and t.metadata ->> 'window_start' = to_char("w"."starts", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) and "s"."account_id" = $6 and "s"."id" = $7;

-- resources/credits/monthlyGrants.ts 2
select "s"."account_id", "s"."id", to_char("w"."starts", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "window_start", to_char("w"."ends", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "window_end"
  from "subscriptions" as "s"
  cross
  join lateral (select (extract(year
  from coalesce($1::timestamptz, now())) - extract(year
  from s.current_period_start)) * 12 + extract(month
  from coalesce($2::timestamptz, now())) - extract(month
  from s.current_period_start) as "apart") as "calendar"
  cross
  join lateral (select (calendar.apart - (s.current_period_start + make_interval(months => calendar.apart::int) > coalesce($3::timestamptz, now()))::int)::int as "n") as "whole"
  cross
  join lateral (select s.current_period_start + make_interval(months => whole.n) as "starts", least(s.current_period_start + make_interval(months => whole.n + 1), s.current_period_end) as "ends") as "w"
  where "s"."status" = 'active' and "s"."current_period_start" <= coalesce($4::timestamptz, now()) and "s"."current_period_end" > coalesce($5::timestamptz, now()) and not exists (select 1 as "one"
  from "credit_transactions" as "t"
  where "t"."account_id" = "s"."account_id" and "t"."reference_type" = 'monthly_grant' and "t"."reference_id" = "s"."id" and t.metadata ->> 'window_start' = to_char("w"."starts", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) and "s"."account_id" > $6
  order by "s"."account_id"
  limit 200;

-- resources/credits/monthlyGrants.ts 3
with "entry" as (insert into "credit_transactions" ("account_id", "id", "type", "amount", "reference_type", "reference_id", "metadata") select $1::uuid as "account_id", $2::uuid as "id", 'credit' as "type", $3::bigint as "amount", 'monthly_grant' as "reference_type", $4::uuid as "reference_id", $5::jsonb as "metadata"
  where coalesce((select "balance"
  from "credit_balances"
  where "account_id" = $6), 0) <= 9007199254740991 - $7::bigint and exists (select 1 as "one"
  from "subscriptions" as "s"
  where "s"."account_id" = $8 and "s"."id" = $9 and "s"."status" = 'active'
  for share)
  on conflict do nothing
  returning "account_id", "amount") insert into "credit_balances" ("account_id", "balance") select "account_id", "amount"
  from "entry"
  on conflict ("account_id") do update
  set "balance" = credit_balances.balance + excluded.balance;

-- resources/credits/monthlyGrants.ts 4
select pg_try_advisory_xact_lock(7203118404) as "locked";

-- resources/credits/operationQueries.ts selectOperation
select "o"."id", "o"."operation", "o"."amount", "o"."note", "o"."state", "o"."total", "o"."done", "o"."affected", "o"."failed", "o"."created_by", "o"."created_at", "o"."completed_at"
  from "credit_operations" as "o"
  where "o"."id" = $1;

-- resources/credits/operationQueries.ts selectRunning
select "o"."id", "o"."operation", "o"."amount", "o"."note", "o"."state", "o"."total", "o"."done", "o"."affected", "o"."failed", "o"."created_by", "o"."created_at", "o"."completed_at"
  from "credit_operations" as "o"
  where "o"."state" = 'running';

-- resources/credits/operationQueries.ts insertOperation
insert into "credit_operations" ("id", "operation", "amount", "note", "trace_id", "created_by", "total") select $1::uuid as "id", $2::text as "operation", $3::bigint as "amount", $4::text as "note", $5::text as "trace_id", $6::uuid as "created_by", count(*) as "total"
  from "accounts" as "a"
  where "a"."created_at" <= now() and (a.deleted_at is null or $7::text = 'reset_all')
  on conflict ("state")
  where "state" = 'running' do nothing
  returning "id", "operation", "amount", "note", "state", "total", "done", "affected", "failed", "created_by", "created_at", "completed_at";

-- resources/credits/operationQueries.ts selectOverflow
select exists (select 1 as "one"
  from "credit_balances" as "b"
  inner
  join "accounts" as "a" on "a"."id" = "b"."account_id" and "a"."deleted_at" is null
  where "b"."balance" > 9007199254740991 - $1::bigint) as "found";

-- resources/credits/operationQueries.ts lockOperation
select pg_advisory_xact_lock(hashtextextended('credit operation ' || $1::uuid::text, 0)) as "locked";

-- resources/credits/operationQueries.ts lockNextAccount
select "a"."id"
  from "accounts" as "a"
  where "a"."id" = (with "op" as (select "id", "operation", "amount", "note", "created_at", "last_account_id"
  from "credit_operations"
  where "id" = $1 and "state" = 'running'), "next" as materialized (select "a"."id", "a"."deleted_at"
  from "accounts" as "a"
  where "a"."id" > (select "op"."last_account_id"
  from "op") and "a"."created_at" <= (select "op"."created_at"
  from "op") and ("a"."deleted_at" is null or (select "op"."operation"
  from "op") = 'reset_all')
  order by "a"."id"
  limit 1), "unlocked" as materialized (select "a"."id"
  from "accounts" as "a"
  where "a"."id" = any (array((select "next"."id"
  from "next")))
  order by "a"."id"
  for key share skip locked) select "next"."id"
  from "next")
  for key share;

-- resources/credits/operationQueries.ts lockNextBalance
select "b"."account_id"
  from "credit_balances" as "b"
  where "b"."account_id" = (with "op" as (select "id", "operation", "amount", "note", "created_at", "last_account_id"
  from "credit_operations"
  where "id" = $1 and "state" = 'running'), "next" as materialized (select "a"."id", "a"."deleted_at"
  from "accounts" as "a"
  where "a"."id" > (select "op"."last_account_id"
  from "op") and "a"."created_at" <= (select "op"."created_at"
  from "op") and ("a"."deleted_at" is null or (select "op"."operation"
  from "op") = 'reset_all')
  order by "a"."id"
  limit 1), "unlocked" as materialized (select "a"."id"
  from "accounts" as "a"
  where "a"."id" = any (array((select "next"."id"
  from "next")))
  order by "a"."id"
  for key share skip locked) select "next"."id"
  from "next")
  for update;

-- resources/credits/operationQueries.ts insertMissing
with "op" as (select "id", "operation", "amount", "note", "created_at", "last_account_id"
  from "credit_operations"
  where "id" = $1 and "state" = 'running'), "next" as materialized (select "a"."id", "a"."deleted_at"
  from "accounts" as "a"
  where "a"."id" > (select "op"."last_account_id"
  from "op") and "a"."created_at" <= (select "op"."created_at"
  from "op") and ("a"."deleted_at" is null or (select "op"."operation"
  from "op") = 'reset_all')
  order by "a"."id"
  limit 1000), "unlocked" as materialized (select "a"."id"
  from "accounts" as "a"
  where "a"."id" = any (array((select "next"."id"
  from "next")))
  order by "a"."id"
  for key share skip locked) insert into "credit_balances" ("account_id", "balance") select "unlocked"."id", 0 as "balance"
  from "unlocked", "op"
  where "op"."amount" > 0
  order by "unlocked"."id"
  on conflict ("account_id") do nothing;

-- resources/credits/operationQueries.ts changeBatch
with "op" as (select "id", "operation", "amount", "note", "created_at", "last_account_id"
  from "credit_operations"
  where "id" = $1 and "state" = 'running'), "next" as materialized (select "a"."id", "a"."deleted_at"
  from "accounts" as "a"
  where "a"."id" > (select "op"."last_account_id"
  from "op") and "a"."created_at" <= (select "op"."created_at"
  from "op") and ("a"."deleted_at" is null or (select "op"."operation"
  from "op") = 'reset_all')
  order by "a"."id"
  limit 1000), "unlocked" as materialized (select "a"."id"
  from "accounts" as "a"
  where "a"."id" = any (array((select "next"."id"
  from "next")))
  order by "a"."id"
  for key share skip locked), "held" as materialized (select "b"."account_id", "b"."balance"
  from "credit_balances" as "b"
  inner
  join "unlocked" on "unlocked"."id" = "b"."account_id"
  order by "b"."account_id"
  for update of "b" skip locked), "batch" as materialized (select "next"."id"
  from "next"
  where next.id < coalesce(((select "next"."id"
  from "op", "next"
  left
  join "unlocked" as "u" on "u"."id" = "next"."id"
  left
  join "held" as "h" on "h"."account_id" = "next"."id"
  left
  join "credit_balances" as "b" on "b"."account_id" = "next"."id"
  where "h"."account_id" is null and ("u"."id" is null or "b"."account_id" is not null or "op"."amount" > 0)
  order by "next"."id"
  limit 1)), 'ffffffff-ffff-ffff-ffff-ffffffffffff')), "wanted" as (select "h"."account_id", "h"."balance", case when op.operation = 'reset_all' then -h.balance else greatest(op.amount, -h.balance) end as "amount"
  from "op", "held" as "h"
  inner
  join "batch" on "batch"."id" = "h"."account_id"), "change" as materialized (select *
  from "wanted"
  where "amount" <> 0 and "balance" <= 9007199254740991 - amount), "entry" as (insert into "credit_transactions" ("account_id", "id", "type", "amount", "reference_type", "reference_id", "note", "metadata") select "c"."account_id", new_id() as "id", case when c.amount > 0 then 'credit' else 'debit' end as "type", "c"."amount", case when op.operation = 'reset_all' then 'admin_reset' else 'admin_bulk_adjust' end as "reference_type", "op"."id" as "reference_id", "op"."note", case when op.operation = 'reset_all' then '{}' else jsonb_build_object('requested_amount', op.amount) end as "metadata"
  from "change" as "c", "op"), "alert" as (insert into "credit_alerts" ("account_id", "id", "balance", "threshold") select a.id as "account_id", new_id() as "id", c.balance + c.amount as "balance", coalesce(a.low_credit_threshold, $2::bigint) as "threshold"
  from "change" as "c"
  inner
  join "accounts" as "a" on "a"."id" = "c"."account_id"
  where a.deleted_at is null and c.balance >= coalesce(a.low_credit_threshold, $3::bigint) and c.balance + c.amount < coalesce(a.low_credit_threshold, $4::bigint)), "moved" as (update "credit_balances" as "b"
  set "balance" = least(greatest(b.balance + c.amount, 0), 9007199254740991)
  from "change" as "c"
  where "b"."account_id" = "c"."account_id"), "counted" as (select (select count(*)::int as "count"
  from "batch") as "seen", ((select count(*) as "count"
  from "next")) = ((select count(*) as "count"
  from "batch")) and ((select count(*) as "count"
  from "next")) < 1000 as "is_last", (select count(*)::int as "count"
  from "change") as "changed", (select count(*)::int as "count"
  from "wanted"
  where "balance" > 9007199254740991 - amount) as "failed") update "credit_operations" as "o"
  set "state" = case when counted.is_last then 'completed' else 'running' end, "completed_at" = case when counted.is_last then clock_timestamp() end, "done" = o.done + counted.seen, "affected" = o.affected + counted.changed, "failed" = o.failed + counted.failed, "last_account_id" = coalesce((select "batch"."id"
  from "batch"
  order by "batch"."id" desc
  limit 1), "o"."last_account_id"), "moved_at" = clock_timestamp()
  from "counted", "op"
  where "o"."id" = "op"."id"
  returning "o"."id", "o"."operation", "o"."amount", "o"."note", "o"."state", "o"."total", "o"."done", "o"."affected", "o"."failed", "o"."created_by", "o"."created_at", "o"."completed_at";

-- resources/credits/operationQueries.ts addJob
select graphile_worker.add_job($1, payload := $2::json, job_key := $3, queue_name := 'credit operations') as "job";

-- resources/credits/queries.ts selectTransactions
select "t"."id", "t"."account_id", "t"."amount", "t"."type", "t"."reference_type", "t"."reference_id", "t"."note", "t"."metadata", "t"."created_at", (select "th"."title"
  from "runs" as "r"
  inner
  join "threads" as "th" on "th"."account_id" = "r"."account_id" and "th"."id" = "r"."thread_id"
  where "t"."reference_type" = 'run' and "r"."account_id" = "t"."account_id" and "r"."id" = "t"."reference_id" and $1::uuid is not null and "th"."deleted_at" is null and ("th"."expires_at" is null or "th"."expires_at" > now()) and ("th"."created_by_user_id" = $2::uuid or ("th"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "th"."account_id" and "p"."id" = "th"."project_id" and "p"."visibility" = 'shared' and ("p"."deleted_at" is null and ("p"."owner_user_id" = $3::uuid or $4::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $5::uuid))))))))) as "thread_title"
  from "credit_transactions" as "t"
  where "t"."account_id" = $6 and ($7::boolean or t.user_id is null or t.user_id = $8) and ($9::date is null or t.created_at >= $10::date) and ($11::date is null or t.created_at < $12::date + 1) and ($13::timestamptz is null or ("t"."created_at", "t"."id") < ($14::timestamptz, $15::uuid))
  order by "t"."created_at" desc, "t"."id" desc
  limit $16;

-- resources/credits/queries.ts selectBalance
select coalesce((select "b"."balance"
  from "credit_balances" as "b"
  where "b"."account_id" = "a"."id"), 0) as "balance", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = $1 and "r"."status" in ('running', 'waiting_for_input', 'cancelling')), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $2 and "cc"."status" = 'running'), 0), 9007199254740991)::bigint as "reserved"
  from "accounts" as "a"
  where "a"."id" = $3 and "a"."deleted_at" is null;

-- resources/credits/queries.ts lockBalance
insert into "credit_balances" ("account_id", "balance") select "a"."id", 0 as "balance"
  from "accounts" as "a"
  where "a"."id" = $1 and "a"."deleted_at" is null
  on conflict ("account_id") do update
  set "balance" = "credit_balances"."balance"
  returning "credit_balances"."balance", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = $2 and "r"."status" in ('running', 'waiting_for_input', 'cancelling')), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $3 and "cc"."status" = 'running'), 0), 9007199254740991)::bigint as "reserved";

-- resources/credits/queries.ts changeBalance
with "entry" as (insert into "credit_transactions" ("account_id", "id", "type", "amount", "reference_type", "reference_id", "note")
  values ($1, $2, case when $3::bigint > 0 then 'credit' else 'debit' end, $4::bigint, 'admin_adjust', $5, $6)), "alert" as (insert into "credit_alerts" ("account_id", "id", "balance", "threshold") select a.id as "account_id", new_id() as "id", b.balance + $7::bigint as "balance", coalesce(a.low_credit_threshold, $8::bigint) as "threshold"
  from "credit_balances" as "b"
  inner
  join "accounts" as "a" on "a"."id" = "b"."account_id"
  where "b"."account_id" = $9 and a.deleted_at is null and b.balance >= coalesce(a.low_credit_threshold, $10::bigint) and b.balance + $11::bigint < coalesce(a.low_credit_threshold, $12::bigint)) update "credit_balances"
  set "balance" = "balance" + $13::bigint
  where "account_id" = $14;

-- resources/dashboard/queries.ts selectTotals
select "people".*, "made".*, "used".*
  from (select coalesce(sum(change) filter (where subject = 'user'), 0) as "total_users", coalesce(sum(change) filter (where subject = 'user' and last_login_on >= (now() at time zone 'UTC')::date - 30), 0) as "active_users_30d", coalesce(sum(change) filter (where subject = 'account'), 0) as "active_accounts"
  from "directory_count_changes") as "people", (select coalesce(sum(change), 0) as "total_runs", coalesce(sum(change) filter (where created_on = (now() at time zone 'UTC')::date), 0) as "runs_today"
  from "run_count_changes") as "made", (select coalesce(sum("input_tokens"), 0) as "total_input_tokens", coalesce(sum("output_tokens"), 0) as "total_output_tokens", coalesce(sum("cost_usd"), 0) as "total_cost_usd"
  from "platform_usage_rollups"
  where "grain" = 'month') as "used";

-- resources/email/queue.ts 1
savepoint before_mail;

-- resources/email/queue.ts 2
rollback to savepoint before_mail;

-- resources/email/queue.ts 3
select graphile_worker.add_job($1, payload := $2::json, max_attempts := $3) as "job";

-- resources/entitlementOverrides/queries.ts selectOverrides
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("value"::text), 0) + coalesce(octet_length("value_sealed"::text), 0) + coalesce(octet_length("reason"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("value"::text), 0) + coalesce(octet_length("value_sealed"::text), 0) + coalesce(octet_length("reason"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "key", "value", "value_sealed", "value_type", "reason", "expires_at", "created_by_user_id", "created_at"
  from "entitlement_overrides"
  where "account_id" = $1 and ($2::timestamptz is null or ("created_at", "id") < ($3::timestamptz, $4::uuid))
  order by "created_at" desc, "id" desc
  limit $5) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/entitlementOverrides/queries.ts selectOverride
select "id", "account_id", "key", "value", "value_sealed", "value_type", "reason", "expires_at", "created_by_user_id", "created_at"
  from "entitlement_overrides"
  where "account_id" = $1 and "id" = $2;

-- resources/entitlementOverrides/queries.ts lockOverride
select "id", "account_id", "key", "value", "value_sealed", "value_type", "reason", "expires_at", "created_by_user_id", "created_at"
  from "entitlement_overrides"
  where "account_id" = $1 and "key" = $2
  for update;

-- resources/entitlementOverrides/queries.ts upsertOverride
insert into "entitlement_overrides" ("account_id", "id", "key", "value", "value_sealed", "value_type", "reason", "expires_at", "created_by_user_id")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  on conflict ("account_id", "key") do update
  set "value" = "excluded"."value", "value_sealed" = "excluded"."value_sealed", "value_type" = "excluded"."value_type", "reason" = "excluded"."reason", "expires_at" = "excluded"."expires_at", "created_by_user_id" = "excluded"."created_by_user_id"
  returning "id", "account_id", "key", "value", "value_sealed", "value_type", "reason", "expires_at", "created_by_user_id", "created_at";

-- resources/entitlementOverrides/queries.ts deleteOverride
delete
  from "entitlement_overrides"
  where "account_id" = $1 and "id" = $2
  returning "id", "account_id", "key", "value", "value_sealed", "value_type", "reason", "expires_at", "created_by_user_id", "created_at";

-- resources/erasures/queries.ts selectOpen
select "e"."account_id", "e"."id", "e"."user_id", "e"."state", "e"."requested_by", "e"."service_key_id", "e"."by_platform", "e"."reference", "e"."trace_id", "e"."due_at", "e"."waiting_for", "e"."deleted", "e"."anonymized", "e"."files_deleted", "e"."bytes_deleted", "e"."created_at", "e"."cancelled_at", "e"."started_at", "e"."finished_at", "a"."slug" as "account_slug"
  from "erasures" as "e"
  inner
  join "accounts" as "a" on "a"."id" = "e"."account_id"
  where "e"."account_id" = $1 and "e"."state" in ('scheduled', 'running');

-- resources/erasures/queries.ts selectErasure
select "e"."account_id", "e"."id", "e"."user_id", "e"."state", "e"."requested_by", "e"."service_key_id", "e"."by_platform", "e"."reference", "e"."trace_id", "e"."due_at", "e"."waiting_for", "e"."deleted", "e"."anonymized", "e"."files_deleted", "e"."bytes_deleted", "e"."created_at", "e"."cancelled_at", "e"."started_at", "e"."finished_at", "a"."slug" as "account_slug", "e"."report", "e"."proof"
  from "erasures" as "e"
  inner
  join "accounts" as "a" on "a"."id" = "e"."account_id"
  where "e"."id" = $1
  order by "e"."created_at" desc
  limit 1;

-- resources/erasures/queries.ts selectRequested
select "e"."account_id", "e"."id", "e"."user_id", "e"."state", "e"."requested_by", "e"."service_key_id", "e"."by_platform", "e"."reference", "e"."trace_id", "e"."due_at", "e"."waiting_for", "e"."deleted", "e"."anonymized", "e"."files_deleted", "e"."bytes_deleted", "e"."created_at", "e"."cancelled_at", "e"."started_at", "e"."finished_at", "a"."slug" as "account_slug"
  from "erasures" as "e"
  inner
  join "accounts" as "a" on "a"."id" = "e"."account_id"
  where "e"."requested_by" = $1 and ($2::timestamptz is null or ("e"."created_at", "e"."id") < ($3::timestamptz, $4::uuid))
  order by "e"."created_at" desc, "e"."id" desc
  limit $5;

-- resources/erasures/queries.ts selectErasures
select "e"."account_id", "e"."id", "e"."user_id", "e"."state", "e"."requested_by", "e"."service_key_id", "e"."by_platform", "e"."reference", "e"."trace_id", "e"."due_at", "e"."waiting_for", "e"."deleted", "e"."anonymized", "e"."files_deleted", "e"."bytes_deleted", "e"."created_at", "e"."cancelled_at", "e"."started_at", "e"."finished_at", "a"."slug" as "account_slug"
  from "erasures" as "e"
  inner
  join "accounts" as "a" on "a"."id" = "e"."account_id"
  where ($1::text is null or e.state = $2) and ($3::timestamptz is null or ("e"."created_at", "e"."id") < ($4::timestamptz, $5::uuid))
  order by "e"."created_at" desc, "e"."id" desc
  limit $6;

-- resources/erasures/queries.ts insertErasure
insert into "erasures" ("account_id", "id", "user_id", "requested_by", "service_key_id", "by_platform", "reference", "trace_id", "due_at")
  values ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9::float8 * interval '1 day')
  on conflict ("account_id")
  where state = any (array['scheduled'::text, 'running'::text]) do nothing
  returning "id", "due_at";

-- resources/erasures/queries.ts cancelErasure
update "erasures"
  set "state" = 'cancelled', "cancelled_at" = now(), "moved_at" = now()
  where "account_id" = $1 and "id" = $2 and "state" = 'scheduled';

-- resources/erasures/queries.ts lockAnyAccount
select "a"."id", "a"."slug", "a"."name", "a"."type", "a"."owner_user_id", "a"."deleted_at", "u"."status" as "owner_status"
  from "accounts" as "a"
  inner
  join "users" as "u" on "u"."id" = "a"."owner_user_id"
  where "a"."id" = $1
  for no key update of "a";

-- resources/erasures/queries.ts selectOwner
select "owner_user_id"
  from "accounts"
  where "id" = $1;

-- resources/erasures/queries.ts selectDeletedUser
select "u"."id", "u"."status", "a"."id" as "account_id", "a"."slug"
  from "users" as "u"
  inner
  join "accounts" as "a" on "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal'
  where "u"."id" = $1;

-- resources/erasures/queries.ts selectMembers
select "u"."id", "u"."locale", case when u.email_verified_at is not null then u.email end as "email"
  from "memberships" as "m"
  inner
  join "users" as "u" on "u"."id" = "m"."user_id" and "u"."status" = 'active'
  where "m"."account_id" = $1;

-- resources/erasures/queue.ts 1
select graphile_worker.add_job($1::text, payload := $2::json, job_key := $3::text, run_at := coalesce($4::timestamptz, clock_timestamp() + $5::float8 * interval '1 second')) as "job";

-- resources/erasures/signingKeys.ts insertKey
insert into "signing_keys" ("id", "public_key", "private_key_sealed", "created_at")
  values ($1, $2, $3, clock_timestamp());

-- resources/erasures/signingKeys.ts lockNewest
select "id", "public_key", private_key_sealed as "private_key_sealed"
  from "signing_keys"
  where "retired_at" is null and "private_key_sealed" is not null
  order by "created_at" desc, "id"
  limit 1
  for share;

-- resources/erasures/signingKeys.ts lockReplacement
select pg_advisory_xact_lock(hashtextextended('key of erasures', 0)) as "locked";

-- resources/erasures/signingKeys.ts retireOthers
update "signing_keys"
  set "retired_at" = clock_timestamp(), "private_key_sealed" = null
  where "retired_at" is null and "id" <> $1;

-- resources/erasures/signingKeys.ts 5
select "id", "public_key", "created_at", "retired_at"
  from "signing_keys"
  order by "created_at" desc, "id";

-- resources/featureFlags/queries.ts selectFlags
select "id", "key", "description", "default_value", "supports_account_overrides", "is_system", "created_at"
  from "feature_flags"
  order by "key" collate "C";

-- resources/featureFlags/queries.ts selectFlag
select "id", "key", "description", "default_value", "supports_account_overrides", "is_system", "created_at"
  from "feature_flags"
  where "key" = $1;

-- resources/featureFlags/queries.ts insertFlag
insert into "feature_flags" ("id", "key", "description", "default_value")
  values ($1, $2, $3, $4)
  on conflict ("key") do nothing
  returning "id", "key", "description", "default_value", "supports_account_overrides", "is_system", "created_at";

-- resources/featureFlags/queries.ts lockFlag
select "id", "key", "description", "default_value", "supports_account_overrides", "is_system", "created_at"
  from "feature_flags"
  where "id" = $1
  for no key update;

-- resources/featureFlags/queries.ts selectFlagForKeyShare
select "id"
  from "feature_flags"
  where "id" = $1
  for key share;

-- resources/featureFlags/queries.ts updateFlag
update "feature_flags"
  set "default_value" = coalesce($1, default_value), "description" = coalesce($2, description)
  where "id" = $3
  returning "id", "key", "description", "default_value", "supports_account_overrides", "is_system", "created_at";

-- resources/featureFlags/queries.ts deleteFlag
delete
  from "feature_flags"
  where "id" = $1 and "is_system" = false
  returning "id", "key", "description", "default_value", "supports_account_overrides", "is_system", "created_at";

-- resources/featureFlags/queries.ts selectOverrides
select "account_id", "enabled", "created_at"
  from "feature_flag_overrides"
  where "flag_id" = $1 and ($2::timestamptz is null or ("created_at", "account_id") < ($3::timestamptz, $4::uuid))
  order by "created_at" desc, "account_id" desc
  limit $5;

-- resources/featureFlags/queries.ts selectOverride
select "account_id", "enabled", "created_at"
  from "feature_flag_overrides"
  where "account_id" = $1 and "flag_id" = $2;

-- resources/featureFlags/queries.ts lockOverride
select "account_id", "enabled", "created_at"
  from "feature_flag_overrides"
  where "account_id" = $1 and "flag_id" = $2
  for update;

-- resources/featureFlags/queries.ts upsertOverride
insert into "feature_flag_overrides" ("account_id", "flag_id", "enabled")
  values ($1, $2, $3)
  on conflict ("account_id", "flag_id") do update
  set "enabled" = "excluded"."enabled"
  returning "account_id", "enabled", "created_at", xmax = 0 as "created";

-- resources/featureFlags/queries.ts deleteOverride
delete
  from "feature_flag_overrides"
  where "account_id" = $1 and "flag_id" = $2
  returning "account_id", "enabled", "created_at";

-- resources/featureFlags/queries.ts selectFlagValues
select "f"."key", coalesce("o"."enabled", "f"."default_value") as "enabled"
  from "feature_flags" as "f"
  left
  join "feature_flag_overrides" as "o" on "o"."flag_id" = "f"."id" and "o"."account_id" = $1
  order by "f"."key";

-- resources/featureFlags/queries.ts selectDefaults
select "key", "default_value"
  from "feature_flags"
  where "key" in ($1, $2);

-- resources/featureFlags/queries.ts enableForAccount
insert into "feature_flag_overrides" ("account_id", "flag_id", "enabled") select $1::uuid as "account_id", "id", true as "enabled"
  from "feature_flags"
  where "key" = $2 and "supports_account_overrides" = true
  on conflict ("account_id", "flag_id") do update
  set "enabled" = true;

-- resources/identities/queries.ts insertFlow
insert into "identity_flows" ("key_hash", "purpose", "provider_id", "user_id", "contents_sealed", "expires_at")
  values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
  returning "expires_at";

-- resources/identities/queries.ts takeFlow
delete
  from "identity_flows"
  where "key_hash" = $1 and "purpose" = $2 and "user_id" is not distinct
  from $3::uuid and "expires_at" > clock_timestamp()
  returning "provider_id", "contents_sealed", "created_at";

-- resources/identities/queries.ts selectSessionSince
select "id"
  from "sessions"
  where "id" = $1::uuid and "created_at" >= $2::timestamptz;

-- resources/identities/queries.ts selectIdentities
select "i"."id", "i"."user_id", "i"."issuer", "i"."subject", "i"."email", "i"."created_at", "i"."last_used_at", "p"."name" as "provider_name", coalesce("p"."enabled", false) as "usable"
  from "user_identities" as "i"
  left
  join "identity_providers" as "p" on "p"."issuer" = "i"."issuer"
  where "i"."user_id" = $1
  order by "i"."created_at", "i"."id";

-- resources/identities/queries.ts selectIdentity
select "i"."id", "i"."user_id", "i"."issuer", "i"."subject", "i"."email", "i"."created_at", "i"."last_used_at", "p"."name" as "provider_name", coalesce("p"."enabled", false) as "usable"
  from "user_identities" as "i"
  left
  join "identity_providers" as "p" on "p"."issuer" = "i"."issuer"
  where "i"."user_id" = $1 and "i"."id" = $2;

-- resources/identities/queries.ts selectBySubject
select "i"."id", "i"."user_id", "i"."issuer", "i"."subject", "i"."email", "i"."created_at", "i"."last_used_at", "p"."name" as "provider_name", coalesce("p"."enabled", false) as "usable"
  from "user_identities" as "i"
  left
  join "identity_providers" as "p" on "p"."issuer" = "i"."issuer"
  where "i"."issuer" = $1 and "i"."subject" = $2;

-- resources/identities/queries.ts countIdentities
select count(*) as "count"
  from "user_identities"
  where "user_id" = $1;

-- resources/identities/queries.ts insertIdentity
insert into "user_identities" ("id", "user_id", "issuer", "subject", "email")
  values ($1, $2, $3, $4, $5)
  on conflict ("issuer", "subject") do nothing
  returning "id";

-- resources/identities/queries.ts markIdentityUsed
update "user_identities"
  set "last_used_at" = now(), "email" = $1
  where "id" = $2 and "user_id" = $3
  returning "id";

-- resources/identities/queries.ts deleteIdentity
delete
  from "user_identities"
  where "user_id" = $1 and "id" = $2;

-- resources/identities/queries.ts deleteIdentities
with "ended" as (delete
  from "identity_flows"
  where "user_id" = $1 and "purpose" = 'link') delete
  from "user_identities"
  where "user_id" = $2;

-- resources/identityProviders/queries.ts insertProvider
insert into "identity_providers" ("id", "name", "issuer", "client_id", "client_secret_sealed", "scopes", "allowed_email_domains", "registers_users", "internal_network", "enabled")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  on conflict ("issuer") do nothing
  returning "id", "name", "issuer", "client_id", "client_secret_sealed", "scopes", "allowed_email_domains", "registers_users", "internal_network", "enabled", "revision", "created_at", "updated_at";

-- resources/identityProviders/queries.ts selectProviders
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("scopes"::text), 0) + coalesce(octet_length("allowed_email_domains"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("scopes"::text), 0) + coalesce(octet_length("allowed_email_domains"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "name", "issuer", "client_id", "client_secret_sealed", "scopes", "allowed_email_domains", "registers_users", "internal_network", "enabled", "revision", "created_at", "updated_at"
  from "identity_providers"
  where ($1::timestamptz is null or ("created_at", "id") < ($2::timestamptz, $3::uuid))
  order by "created_at" desc, "id" desc
  limit $4) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/identityProviders/queries.ts selectProvider
select "id", "name", "issuer", "client_id", "client_secret_sealed", "scopes", "allowed_email_domains", "registers_users", "internal_network", "enabled", "revision", "created_at", "updated_at"
  from "identity_providers"
  where "id" = $1;

-- resources/identityProviders/queries.ts selectEnabledProviders
select "id", "name"
  from "identity_providers"
  where "enabled" = true
  order by lower(name), "id"
  limit 100;

-- resources/identityProviders/queries.ts lockProvider
select "id", "name", "issuer", "client_id", "client_secret_sealed", "scopes", "allowed_email_domains", "registers_users", "internal_network", "enabled", "revision", "created_at", "updated_at"
  from "identity_providers"
  where "id" = $1
  for update;

-- resources/identityProviders/queries.ts updateProvider
update "identity_providers"
  set "name" = $1, "issuer" = $2, "client_id" = $3, "client_secret_sealed" = $4, "scopes" = $5, "allowed_email_domains" = $6, "registers_users" = $7, "internal_network" = $8, "enabled" = $9, "revision" = "revision" + 1, "updated_at" = now()
  where "id" = $10
  returning "id", "name", "issuer", "client_id", "client_secret_sealed", "scopes", "allowed_email_domains", "registers_users", "internal_network", "enabled", "revision", "created_at", "updated_at";

-- resources/identityProviders/queries.ts deleteProvider
delete
  from "identity_providers"
  where "id" = $1;

-- resources/identityProviders/queries.ts lockForSignIn
select "id"
  from "identity_providers"
  where "id" = $1 and "revision" = $2 and "enabled" = true
  for share;

-- resources/invitations/queries.ts selectInviteContext
select exists (select 1 as "one"
  from "memberships" as "m"
  inner
  join "users" as "u" on "u"."id" = "m"."user_id" and "u"."status" <> 'deleted'
  where "m"."account_id" = $1 and "u"."email_key" = $2) as "is_member", exists (select 1 as "one"
  from "invitations" as "i"
  where "i"."account_id" = $3 and "i"."email_key" = $4 and "i"."accepted_at" is null and "i"."expires_at" > now()) as "is_invited", coalesce((select "u"."locale"
  from "users" as "u"
  where "u"."email_key" = $5 and "u"."status" <> 'deleted'), (select "u"."locale"
  from "users" as "u"
  where "u"."id" = $6)) as "locale", (select "u"."username"
  from "users" as "u"
  where "u"."id" = $7) as "inviter";

-- resources/invitations/queries.ts deleteExpired
delete
  from "invitations"
  where "account_id" = $1 and "email_key" = $2 and "accepted_at" is null and "expires_at" <= now();

-- resources/invitations/queries.ts insertInvitation
insert into "invitations" ("account_id", "id", "invited_by_user_id", "email", "role", "token_hash", "email_key", "expires_at")
  values ($1, $2, $3, $4, $5, $6, $7, now() + interval '7 days')
  returning "id", "account_id", "invited_by_user_id", "email", "role", "expires_at", "accepted_at", "created_at";

-- resources/invitations/queries.ts selectInvitations
select "id", "account_id", "invited_by_user_id", "email", "role", "expires_at", "accepted_at", "created_at"
  from "invitations"
  where "account_id" = $1 and "accepted_at" is null and "expires_at" > now() and ($2::timestamptz is null or ("created_at", "id") < ($3::timestamptz, $4::uuid))
  order by "created_at" desc, "id" desc
  limit $5;

-- resources/invitations/queries.ts selectPending
select "id", "account_id", "invited_by_user_id", "email", "role", "expires_at", "accepted_at", "created_at"
  from "invitations"
  where "account_id" = $1 and "id" = $2 and "accepted_at" is null;

-- resources/invitations/queries.ts revokeInvitation
delete
  from "invitations"
  where "account_id" = $1 and "id" = $2 and "accepted_at" is null
  returning "email", "role";

-- resources/invitations/queries.ts selectAccountOfToken
select "account_id"
  from "invitations"
  where "token_hash" = $1;

-- resources/invitations/queries.ts lockInvitation
select "i"."id", "i"."role", coalesce((select "u"."email_key" = "i"."email_key" as "is_same"
  from "users" as "u"
  where "u"."id" = $1), false) as "is_addressee", exists (select 1 as "one"
  from "users" as "u"
  where "u"."id" = $2 and "u"."email_verified_at" is not null) as "is_verified", (select "m"."role"
  from "memberships" as "m"
  inner
  join "users" as "u" on "u"."id" = "m"."user_id" and "u"."status" = 'active'
  where "m"."account_id" = "i"."account_id" and "m"."user_id" = "i"."invited_by_user_id") as "inviter_role", "i"."accepted_at" is not null as "is_accepted", "i"."expires_at" <= now() as "is_expired", exists (select 1 as "one"
  from "memberships" as "m"
  where "m"."account_id" = "i"."account_id" and "m"."user_id" = $3) as "is_member", "a"."status" as "account_status"
  from "invitations" as "i"
  inner
  join "accounts" as "a" on "a"."id" = "i"."account_id" and "a"."deleted_at" is null
  where "i"."account_id" = $4 and "i"."token_hash" = $5
  for update of "i";

-- resources/invitations/queries.ts markAccepted
update "invitations"
  set "accepted_at" = now()
  where "account_id" = $1 and "id" = $2 and "accepted_at" is null and "expires_at" > now();

-- resources/invitations/queries.ts insertMembership
insert into "memberships" ("account_id", "user_id", "role")
  values ($1, $2, $3)
  on conflict ("account_id", "user_id") do nothing;

-- resources/inviteCodes/adminQueries.ts selectCodes
select "i"."id", "i"."user_id", "i"."code", "i"."max_uses", "i"."use_count", "i"."is_active", "i"."created_at", "c"."login" as "user_login", "u"."email" as "user_email"
  from "invite_codes" as "i"
  left
  join "users" as "u" on "u"."id" = "i"."user_id" and "u"."status" <> 'deleted'
  left
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  where ($1::text is null or i.code ilike $2 or c.login ilike $3 or u.email ilike $4 or c.login_key like $5 or u.email_key like $6) and ($7::timestamptz is null or ("i"."created_at", "i"."id") < ($8::timestamptz, $9::uuid))
  order by "i"."created_at" desc, "i"."id" desc
  limit $10;

-- resources/inviteCodes/adminQueries.ts selectCode
select "i"."id", "i"."user_id", "i"."code", "i"."max_uses", "i"."use_count", "i"."is_active", "i"."created_at", "c"."login" as "user_login", "u"."email" as "user_email"
  from "invite_codes" as "i"
  left
  join "users" as "u" on "u"."id" = "i"."user_id" and "u"."status" <> 'deleted'
  left
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  where "i"."id" = $1;

-- resources/inviteCodes/adminQueries.ts lockCode
select "max_uses", "is_active"
  from "invite_codes"
  where "id" = $1
  for no key update;

-- resources/inviteCodes/adminQueries.ts selectOtherActive
select "id"
  from "invite_codes"
  where "user_id" = $1 and "is_active" = true and "id" <> $2;

-- resources/inviteCodes/adminQueries.ts updateCode
update "invite_codes"
  set "max_uses" = $1, "is_active" = $2
  where "id" = $3;

-- resources/inviteCodes/queries.ts insertCode
insert into "invite_codes" ("id", "user_id", "code", "max_uses")
  values ($1, $2, $3, $4)
  on conflict do nothing
  returning "id", "user_id", "code", "max_uses", "use_count", "is_active", "created_at";

-- resources/inviteCodes/queries.ts selectActive
select "id", "user_id", "code", "max_uses", "use_count", "is_active", "created_at"
  from "invite_codes"
  where "user_id" = $1 and "is_active" = true;

-- resources/inviteCodes/queries.ts incrementUses
update "invite_codes" as "c"
  set "use_count" = "c"."use_count" + 1
  where "c"."code" = $1 and "c"."is_active" = true and ("c"."max_uses" = 0 or "c"."use_count" < "c"."max_uses") and exists (select 1 as "one"
  from "users" as "u"
  where "u"."id" = "c"."user_id" and "u"."status" = 'active')
  returning "c"."id", "c"."user_id";

-- resources/inviteCodes/queries.ts lockOwner
select "status"
  from "users"
  where "id" = $1
  for no key update;

-- resources/inviteCodes/queries.ts selectNewest
select "id", extract(epoch
  from created_at + interval '24 hours' - clock_timestamp())::float8 as "left"
  from "invite_codes"
  where "user_id" = $1
  order by "created_at" desc, "id" desc
  limit 1;

-- resources/inviteCodes/queries.ts deactivateCodes
update "invite_codes"
  set "is_active" = false
  where "user_id" = $1 and "is_active" = true;

-- resources/ipRules/queries.ts selectNetworks
select "type", "network"
  from "ip_rules"
  where "account_id" = $1;

-- resources/ipRules/queries.ts selectRules
select "account_id", "id", "type", "network", "note", "created_at"
  from "ip_rules"
  where "account_id" = $1 and ($2::timestamptz is null or ("created_at", "id") < ($3::timestamptz, $4::uuid))
  order by "created_at" desc, "id" desc
  limit $5;

-- resources/ipRules/queries.ts selectRule
select "account_id", "id", "type", "network", "note", "created_at"
  from "ip_rules"
  where "account_id" = $1 and "id" = $2;

-- resources/ipRules/queries.ts insertRule
insert into "ip_rules" ("account_id", "id", "type", "network", "note")
  values ($1, $2, $3, $4, $5)
  on conflict ("account_id", "type", "network") do nothing
  returning "account_id", "id", "type", "network", "note", "created_at";

-- resources/ipRules/queries.ts deleteRule
delete
  from "ip_rules"
  where "account_id" = $1 and "id" = $2
  returning "account_id", "id", "type", "network", "note", "created_at";

-- resources/llmProviders/queries.ts selectProviders
select "id", "account_id", "provider", "name", "key_prefix", "base_url", "openai_api_mode", "advanced_json", "revision", "created_at"
  from "llm_providers"
  where (("account_id" = $1 and $2::boolean) or ("account_id" is null and $3::boolean))
  order by "account_id" is null, "created_at" desc, "id" desc;

-- resources/llmProviders/queries.ts selectProvider
select "id", "account_id", "provider", "name", "key_prefix", "base_url", "openai_api_mode", "advanced_json", "revision", "created_at"
  from "llm_providers"
  where "account_id" is not distinct
  from $1 and "id" = $2;

-- resources/llmProviders/queries.ts lockProvider
select "id", "account_id", "provider", "name", "key_prefix", "base_url", "openai_api_mode", "advanced_json", "revision", "created_at"
  from "llm_providers"
  where "account_id" is not distinct
  from $1 and "id" = $2
  for update;

-- resources/llmProviders/queries.ts selectKey
select "api_key_sealed"
  from "llm_providers"
  where "account_id" is not distinct
  from $1 and "id" = $2;

-- resources/llmProviders/queries.ts insertProvider
insert into "llm_providers" ("account_id", "id", "provider", "name", "key_prefix", "api_key_sealed", "base_url", "openai_api_mode", "advanced_json")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb)
  on conflict do nothing
  returning "id", "account_id", "provider", "name", "key_prefix", "base_url", "openai_api_mode", "advanced_json", "revision", "created_at";

-- resources/llmProviders/queries.ts updateProvider
update "llm_providers"
  set "provider" = $1, "name" = $2, "base_url" = $3, "openai_api_mode" = $4, "advanced_json" = $5::jsonb, "revision" = "revision" + 1, "key_prefix" = coalesce($6, key_prefix), "api_key_sealed" = coalesce($7, api_key_sealed)
  where "account_id" is not distinct
  from $8 and "id" = $9
  returning "id", "account_id", "provider", "name", "key_prefix", "base_url", "openai_api_mode", "advanced_json", "revision", "created_at";

-- resources/llmProviders/queries.ts deleteProvider
delete
  from "llm_providers"
  where "account_id" is not distinct
  from $1 and "id" = $2;

-- resources/llmProviders/queries.ts selectModels
select "id", "provider_id", "model", "priority", "is_default", "show_in_picker", "tags", "when", "advanced_json", "multiplier", "cost_per_1k_input", "cost_per_1k_output", "cost_per_1k_cache_write", "cost_per_1k_cache_read"
  from "llm_models"
  where "provider_id" = any($1::uuid[])
  order by "priority" desc, "created_at", "id";

-- resources/llmProviders/queries.ts selectModel
select "id", "provider_id", "model", "priority", "is_default", "show_in_picker", "tags", "when", "advanced_json", "multiplier", "cost_per_1k_input", "cost_per_1k_output", "cost_per_1k_cache_write", "cost_per_1k_cache_read"
  from "llm_models"
  where "provider_id" = $1 and "id" = $2;

-- resources/llmProviders/queries.ts insertModel
insert into "llm_models" ("provider_id", "id", "model", "priority", "show_in_picker", "tags", "when", "advanced_json", "multiplier", "cost_per_1k_input", "cost_per_1k_output", "cost_per_1k_cache_write", "cost_per_1k_cache_read")
  values ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8::jsonb, $9, $10, $11, $12, $13);

-- resources/llmProviders/queries.ts updateModel
update "llm_models"
  set "model" = $1, "priority" = $2, "show_in_picker" = $3, "tags" = $4::jsonb, "when" = $5::jsonb, "advanced_json" = $6::jsonb, "multiplier" = $7, "cost_per_1k_input" = $8, "cost_per_1k_output" = $9, "cost_per_1k_cache_write" = $10, "cost_per_1k_cache_read" = $11
  where "provider_id" = $12 and "id" = $13;

-- resources/llmProviders/queries.ts deleteModel
delete
  from "llm_models"
  where "provider_id" = $1 and "id" = $2;

-- resources/llmProviders/queries.ts clearDefault
update "llm_models"
  set "is_default" = false
  where "provider_id" = $1 and "is_default" = true;

-- resources/llmProviders/queries.ts clearDefaultOf
update "llm_models"
  set "is_default" = false
  where "provider_id" = $1 and "id" = $2 and "is_default" = true;

-- resources/llmProviders/queries.ts setDefault
update "llm_models"
  set "is_default" = true
  where "provider_id" = $1 and "id" = $2;

-- resources/llmProviders/queries.ts promoteDefault
update "llm_models"
  set "is_default" = true
  where "id" = (select "id"
  from "llm_models"
  where "provider_id" = $1
  order by "id" is not distinct
  from $2, "priority" desc, "created_at", "id"
  limit 1) and not exists (select 1 as "one"
  from "llm_models"
  where "provider_id" = $3 and "is_default" = true);

-- resources/mcpConfigs/oauth/queries.ts keepRequest
update "mcp_configs"
  set "oauth_request_key" = $1, "oauth_request_sealed" = $2, "oauth_request_expires_at" = clock_timestamp() + make_interval(secs => $3)
  where "account_id" = $4 and "id" = $5 and "url" = $6
  returning oauth_request_expires_at as "expires_at";

-- resources/mcpConfigs/oauth/queries.ts takeRequest
with "found" as (select "account_id", "id", "oauth_request_sealed" as "sealed"
  from "mcp_configs"
  where "account_id" = $1 and "id" = $2 and "oauth_request_key" = $3 and "oauth_request_expires_at" > clock_timestamp()
  for update) update "mcp_configs" as "c"
  set "oauth_request_key" = null, "oauth_request_sealed" = null, "oauth_request_expires_at" = null
  from "found"
  where "c"."account_id" = $4 and "c"."account_id" = "found"."account_id" and "c"."id" = "found"."id"
  returning "found"."sealed", "c"."revision";

-- resources/mcpConfigs/oauth/queries.ts storeAuthorization
update "mcp_configs"
  set "oauth_status" = 'authorized', "oauth_sealed" = $1, "oauth_ends_at" = clock_timestamp() + make_interval(secs => $2), "oauth_generation" = "oauth_generation" + 1, "oauth_renewing_until" = null, "revision" = "revision" + 1, "updated_at" = now()
  where "account_id" = $3 and "id" = $4 and "revision" = $5 and "url" = $6 and "bearer_token_sealed" is null
  returning "id", "account_id", "name", "transport", "url", bearer_token_sealed is not null as "has_auth", case when oauth_status = 'authorized' and oauth_ends_at <= now() then 'expired' else coalesce(oauth_status, 'none') end as "authorization", "command", "args", "cwd", "call_timeout_ms", "elicitation_enabled", "is_active", "revision", "created_at", "updated_at";

-- resources/mcpConfigs/oauth/queries.ts clearAuthorization
update "mcp_configs"
  set "oauth_status" = null, "oauth_sealed" = null, "oauth_ends_at" = null, "oauth_generation" = "oauth_generation" + 1, "oauth_renewing_until" = null, "oauth_request_key" = null, "oauth_request_sealed" = null, "oauth_request_expires_at" = null, "revision" = "revision" + 1, "updated_at" = now()
  where "account_id" = $1 and "id" = $2 and ($3::text is null or url is distinct
  from $4::text);

-- resources/mcpConfigs/oauth/queries.ts selectAuthorization
select "oauth_status", "oauth_sealed", "oauth_generation", coalesce(oauth_renewing_until > clock_timestamp(), false) as "is_renewing"
  from "mcp_configs"
  where "account_id" = $1 and "id" = $2 and "url" = $3;

-- resources/mcpConfigs/oauth/queries.ts claimRenewal
update "mcp_configs"
  set "oauth_renewing_until" = clock_timestamp() + interval '30 seconds'
  where "account_id" = $1 and "id" = $2 and "oauth_generation" = $3 and "oauth_status" = 'authorized' and ("oauth_renewing_until" is null or "oauth_renewing_until" < clock_timestamp())
  returning "oauth_status", "oauth_sealed", "oauth_generation";

-- resources/mcpConfigs/oauth/queries.ts releaseRenewal
update "mcp_configs"
  set "oauth_renewing_until" = null
  where "account_id" = $1 and "id" = $2 and "oauth_generation" = $3;

-- resources/mcpConfigs/oauth/queries.ts storeRenewal
update "mcp_configs"
  set "oauth_sealed" = $1, "oauth_ends_at" = clock_timestamp() + make_interval(secs => $2), "oauth_generation" = "oauth_generation" + 1, "oauth_renewing_until" = null
  where "account_id" = $3 and "id" = $4 and "oauth_generation" = $5 and "oauth_status" = 'authorized'
  returning "oauth_status", "oauth_sealed", "oauth_generation";

-- resources/mcpConfigs/oauth/queries.ts expireAuthorization
update "mcp_configs"
  set "oauth_status" = 'expired', "oauth_sealed" = null, "oauth_ends_at" = null, "oauth_generation" = "oauth_generation" + 1, "oauth_renewing_until" = null
  where "account_id" = $1 and "id" = $2 and "oauth_generation" = $3 and "oauth_status" = 'authorized';

-- resources/mcpConfigs/oauth/queries.ts requireAuthorization
update "mcp_configs"
  set "oauth_status" = 'required'
  where "account_id" = $1 and "id" = $2 and "url" = $3 and "oauth_status" is null and "bearer_token_sealed" is null;

-- resources/mcpConfigs/promptRequests/queries.ts insertRequest
insert into "mcp_prompt_requests" ("account_id", "id", "request_sealed")
  values ($1, $2, $3);

-- resources/mcpConfigs/promptRequests/queries.ts selectReply
select "reply_sealed", "attempts", (extract(epoch
  from greatest(interval '0', clock_timestamp() - coalesce(claimed_until, created_at))) * 1000)::float8 as "waiting_ms", (extract(epoch
  from clock_timestamp() - created_at) * 1000)::float8 as "age_ms", exists (select 1 as "one"
  from "workers"
  where "last_seen_at" > now() - interval '1 minute') as "has_workers"
  from "mcp_prompt_requests"
  where "account_id" = $1 and "id" = $2;

-- resources/mcpConfigs/promptRequests/queries.ts deleteRequest
delete
  from "mcp_prompt_requests"
  where "account_id" = $1 and "id" = $2;

-- resources/mcpConfigs/queries.ts lockAccount
select "id"
  from "accounts"
  where "id" = $1
  for no key update;

-- resources/mcpConfigs/queries.ts insertConfig
insert into "mcp_configs" ("account_id", "id", "name", "transport", "url", "bearer_token_sealed", "command", "args", "cwd", "env_sealed", "call_timeout_ms", "elicitation_enabled")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  returning "id", "account_id", "name", "transport", "url", bearer_token_sealed is not null as "has_auth", case when oauth_status = 'authorized' and oauth_ends_at <= now() then 'expired' else coalesce(oauth_status, 'none') end as "authorization", "command", "args", "cwd", "call_timeout_ms", "elicitation_enabled", "is_active", "revision", "created_at", "updated_at";

-- resources/mcpConfigs/queries.ts selectConfigs
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("url"::text), 0) + coalesce(octet_length("command"::text), 0) + coalesce(octet_length("args"::text), 0) + coalesce(octet_length("cwd"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("url"::text), 0) + coalesce(octet_length("command"::text), 0) + coalesce(octet_length("args"::text), 0) + coalesce(octet_length("cwd"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "name", "transport", "url", bearer_token_sealed is not null as "has_auth", case when oauth_status = 'authorized' and oauth_ends_at <= now() then 'expired' else coalesce(oauth_status, 'none') end as "authorization", "command", "args", "cwd", "call_timeout_ms", "elicitation_enabled", "is_active", "revision", "created_at", "updated_at"
  from "mcp_configs"
  where "account_id" = $1 and ($2::timestamptz is null or ("created_at", "id") < ($3::timestamptz, $4::uuid))
  order by "created_at" desc, "id" desc
  limit $5) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/mcpConfigs/queries.ts selectConfig
select "id", "account_id", "name", "transport", "url", bearer_token_sealed is not null as "has_auth", case when oauth_status = 'authorized' and oauth_ends_at <= now() then 'expired' else coalesce(oauth_status, 'none') end as "authorization", "command", "args", "cwd", "call_timeout_ms", "elicitation_enabled", "is_active", "revision", "created_at", "updated_at"
  from "mcp_configs"
  where "account_id" = $1 and "id" = $2;

-- resources/mcpConfigs/queries.ts lockUrl
select "url", bearer_token_sealed is not null as "has_auth"
  from "mcp_configs"
  where "account_id" = $1 and "id" = $2
  for no key update;

-- resources/mcpConfigs/queries.ts updateConfig
update "mcp_configs"
  set "name" = coalesce($1, name), "url" = coalesce($2, url), "bearer_token_sealed" = case when $3::boolean then $4::bytea else bearer_token_sealed end, "call_timeout_ms" = coalesce($5, call_timeout_ms), "elicitation_enabled" = coalesce($6, elicitation_enabled), "is_active" = coalesce($7, is_active), "revision" = "revision" + 1, "updated_at" = now()
  where "account_id" = $8 and "id" = $9
  returning "id", "account_id", "name", "transport", "url", bearer_token_sealed is not null as "has_auth", case when oauth_status = 'authorized' and oauth_ends_at <= now() then 'expired' else coalesce(oauth_status, 'none') end as "authorization", "command", "args", "cwd", "call_timeout_ms", "elicitation_enabled", "is_active", "revision", "created_at", "updated_at";

-- resources/mcpConfigs/queries.ts deleteConfig
delete
  from "mcp_configs"
  where "account_id" = $1 and "id" = $2;

-- resources/mcpConfigs/queries.ts selectServers
select "id", "account_id", "name", "transport", "url", "bearer_token_sealed", "command", "args", "cwd", "env_sealed", "oauth_sealed", "oauth_status", "oauth_generation", "call_timeout_ms", "elicitation_enabled", "revision"
  from "mcp_configs"
  where "account_id" = $1 and "is_active" = true
  order by "created_at", "id";

-- resources/mcpConfigs/queries.ts selectSealedConfig
select "id", "account_id", "name", "transport", "url", "bearer_token_sealed", "command", "args", "cwd", "env_sealed", "oauth_sealed", "oauth_status", "oauth_generation", "call_timeout_ms", "elicitation_enabled", "revision"
  from "mcp_configs"
  where "account_id" = $1 and "id" = $2;

-- resources/mcpConfigs/queries.ts selectServer
select "id", "account_id", "name", "transport", "url", "bearer_token_sealed", "command", "args", "cwd", "env_sealed", "oauth_sealed", "oauth_status", "oauth_generation", "call_timeout_ms", "elicitation_enabled", "revision"
  from "mcp_configs"
  where "account_id" = $1 and "id" = $2 and "is_active" = true;

-- resources/me/queries.ts selectMe
select "u"."id", "u"."username", "c"."login", "u"."email", "u"."email_verified_at" is not null as "email_verified", "u"."timezone", "u"."locale", "u"."created_at", "a"."id" as "account_id", "a"."name" as "account_name", "a"."timezone" as "account_timezone", coalesce((select "default_value"
  from "feature_flags"
  where "key" = 'auth.require_email_verification'), false) as "email_verification_required"
  from "users" as "u"
  inner
  join "accounts" as "a" on "a"."id" = $1
  left
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  where "u"."id" = $2;

-- resources/me/queries.ts lockProfile
select "u"."username", "u"."timezone", "u"."locale", (select "a"."id"
  from "accounts" as "a"
  where "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal') as "home"
  from "users" as "u"
  where "u"."id" = $1
  for update;

-- resources/me/queries.ts updateProfile
update "users"
  set "username" = $1, "timezone" = $2, "locale" = $3
  where "id" = $4;

-- resources/memories/queries.ts upsertMemory
insert into "memories" ("account_id", "id", "user_id", "content", "search_keys", "fact_hash", "source", "thread_id")
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict ("account_id", "user_id", "fact_hash") do update
  set "content" = $9, "search_keys" = $10, "source" = $11, "thread_id" = $12, "updated_at" = now()
  returning "id", "account_id", "content", "source", "thread_id", "created_at", "updated_at", (id = $13::uuid) as "is_new";

-- resources/memories/queries.ts countMemories
select count(*)::integer as "count"
  from "memories"
  where "account_id" = $1 and "user_id" = $2;

-- resources/memories/queries.ts selectMemory
select "id", "account_id", "content", "source", "thread_id", "created_at", "updated_at"
  from "memories"
  where "account_id" = $1 and "id" = $2 and "user_id" = $3;

-- resources/memories/queries.ts updateMemory
update "memories"
  set "content" = $1, "search_keys" = $2, "fact_hash" = $3, "source" = $4, "thread_id" = $5, "updated_at" = now()
  where "account_id" = $6 and "id" = $7 and "user_id" = $8
  returning "id", "account_id", "content", "source", "thread_id", "created_at", "updated_at";

-- resources/memories/queries.ts deleteSameFact
delete
  from "memories"
  where "account_id" = $1 and "user_id" = $2 and "fact_hash" = $3 and "id" <> $4;

-- resources/memories/queries.ts deleteMemory
delete
  from "memories"
  where "account_id" = $1 and "id" = $2 and "user_id" = $3
  returning "content";

-- resources/memories/queries.ts deleteMemories
delete
  from "memories"
  where "account_id" = $1 and "user_id" = $2;

-- resources/memories/queries.ts selectMemories
select "id", "account_id", "content", "source", "thread_id", "created_at", "updated_at"
  from "memories"
  where "account_id" = $1 and "user_id" = $2 and ($3::timestamptz is null or ("updated_at", "id") < ($4::timestamptz, $5::uuid))
  order by "updated_at" desc, "id" desc
  limit $6;

-- resources/memories/queries.ts selectNewestMemories
select "id", "account_id", "content", "source", "thread_id", "created_at", "updated_at"
  from "memories"
  where "account_id" = $1 and "user_id" = $2
  order by "updated_at" desc, "id" desc
  limit $3;

-- resources/memories/queries.ts searchMemories
select "id", "account_id", "content", "source", "thread_id", "created_at", "updated_at"
  from "memories" as "m"
  where "m"."account_id" = $1 and "m"."user_id" = $2 and "m"."id" in (select "hit"."id"
  from (select "m"."id", "term"."word", sum("term"."weight") as "share"
  from "memories" as "m"
  inner
  join lateral unnest(m.search_keys) as part (key) on true
  inner
  join unnest($3::integer[], $4::integer[], $5::float8[]) as term (key, word, weight) on "term"."key" = "part"."key"
  where "m"."account_id" = $6 and "m"."user_id" = $7
  group by "m"."id", "term"."word"
  having sum("term"."weight") >= 0.5) as "hit"
  group by "hit"."id"
  having count(*) = $8::integer) and ($9::timestamptz is null or ("m"."updated_at", "m"."id") < ($10::timestamptz, $11::uuid))
  order by "m"."updated_at" desc, "m"."id" desc
  limit $12;

-- resources/memories/queries.ts rankMemories
with "own" as (select "id", "account_id", "content", "source", "thread_id", "created_at", "updated_at", (count(*) over ())::integer as "total"
  from "memories"
  where "account_id" = $1 and "user_id" = $2), "hits" as (select "m"."id", "term"."word", sum("term"."weight") as "share"
  from "memories" as "m"
  inner
  join lateral unnest(m.search_keys) as part (key) on true
  inner
  join unnest($3::integer[], $4::integer[], $5::float8[]) as term (key, word, weight) on "term"."key" = "part"."key"
  where "m"."account_id" = $6 and "m"."user_id" = $7
  group by "m"."id", "term"."word"
  having sum("term"."weight") >= 0.5), "weighted" as (select "id", share * ln(1 + (select count(*)::float8 as "count"
  from "own") / count(*) over (partition by word)) as "score"
  from "hits"), "scores" as (select "id", sum("score") as "score"
  from "weighted"
  group by "id") select "m"."id", "m"."account_id", "m"."content", "m"."source", "m"."thread_id", "m"."created_at", "m"."updated_at", "m"."total", coalesce(s.score, 0)::float8 as "score"
  from "own" as "m"
  left
  join "scores" as "s" on "s"."id" = "m"."id"
  order by "score" desc, "m"."updated_at" desc, "m"."id" desc
  limit $8;

-- resources/messages/queries.ts insertMessage
with "thread" as (update "threads"
  set "last_message_number" = last_message_number + 1, "updated_at" = now(), "archived_at" = null, "title" = coalesce(title, $1), "title_provisional" = title_provisional or title is null
  where "account_id" = $2 and "id" = $3 and "deleted_at" is null
  returning "account_id", "id", "created_by_user_id" as "owner_id", "last_message_number") insert into "messages" ("account_id", "thread_id", "thread_owner_id", "number", "id", "created_by_user_id", "role", "content", "content_json") select "account_id", "id" as "thread_id", "owner_id", "last_message_number", $4::uuid as "id", $5::uuid as "created_by_user_id", 'user' as "role", $6::text as "content", $7::jsonb as "content_json"
  from "thread"
  returning "id", "account_id", "thread_id", "number", "created_by_user_id", "role", "content", "content_json", "run_id", "completion", "created_at";

-- resources/messages/queries.ts selectMessages
select "page".*
  from (select "listed".*, least((coalesce(octet_length(content), 0) * case when content_json is null then 1 else 2 end + 500), 2000000) as "row_bytes", (sum(least((coalesce(octet_length(content), 0) * case when content_json is null then 1 else 2 end + 500), 2000000)) over (order by number desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "thread_id", "number", "created_by_user_id", "role", "content", "content_json", "run_id", "completion", "created_at"
  from "messages"
  where "account_id" = $1 and "thread_id" = $2 and "visible" = true and "role" <> 'tool' and ($3::integer is null or number < $4::integer)
  order by "number" desc
  limit $5) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by number desc;

-- resources/messages/queries.ts selectMessage
select "id", "account_id", "thread_id", "number", "created_by_user_id", "role", "content", "content_json", "run_id", "completion", "created_at"
  from "messages"
  where "account_id" = $1 and "thread_id" = $2 and "id" = $3 and "visible" = true and "role" = 'user';

-- resources/messages/queries.ts selectLastVisible
select "id", "account_id", "thread_id", "number", "created_by_user_id", "role", "content", "content_json", "run_id", "completion", "created_at"
  from "messages"
  where "account_id" = $1 and "thread_id" = $2 and "visible" = true and "role" <> 'tool'
  order by "number" desc
  limit 1;

-- resources/messages/queries.ts updateContent
update "messages"
  set "content" = $1, "content_json" = $2::jsonb
  where "account_id" = $3 and "thread_id" = $4 and "id" = $5;

-- resources/messages/queries.ts hideAfter
update "messages"
  set "visible" = false
  where "account_id" = $1 and "thread_id" = $2 and "number" > $3 and "visible" = true;

-- resources/messages/queries.ts hideRun
update "messages"
  set "visible" = false
  where "account_id" = $1 and "thread_id" = $2 and "visible" = true and ("run_id" = $3 or ("role" = 'tool' and "number" > $4 and exists (select 1 as "one"
  from "runs" as "r"
  where "r"."account_id" = $5 and "r"."thread_id" = $6 and "r"."id" = "messages"."run_id")));

-- resources/messages/runQueries.ts insertAnswer
with "thread" as (update "threads"
  set "last_message_number" = last_message_number + 1
  where "account_id" = $1 and "id" = $2 and "deleted_at" is null
  returning "account_id", "id", "created_by_user_id" as "owner_id", "last_message_number") insert into "messages" ("account_id", "thread_id", "thread_owner_id", "number", "id", "role", "content", "content_json", "run_id", "completion") select "account_id", "id" as "thread_id", "owner_id", "last_message_number", $3::uuid as "id", 'assistant' as "role", $4::text as "content", $5::jsonb as "content_json", $6::uuid as "run_id", $7::text as "completion"
  from "thread";

-- resources/messages/runQueries.ts insertTurnHistory
with "thread" as (update "threads"
  set "last_message_number" = last_message_number + $1::integer
  where "account_id" = $2 and "id" = $3 and "deleted_at" is null
  returning "account_id", "id", "created_by_user_id" as "owner_id", last_message_number - $4::integer as "before") insert into "messages" ("account_id", "thread_id", "thread_owner_id", "number", "id", "role", "content", "content_json", "run_id", "completion") select "thread"."account_id", "thread"."id" as "thread_id", "thread"."owner_id", thread.before + m.n as "number", "m"."id", 'tool' as "role", "m"."content", m.content_json::jsonb as "content_json", $5::uuid as "run_id", $6::text as "completion"
  from "thread"
  cross
  join unnest($7::uuid[], $8::text[], $9::text[]) with ordinality as m (id, content, content_json, n);

-- resources/messages/runQueries.ts selectHistory
select "m"."id", "m"."account_id", "m"."thread_id", "m"."number", "m"."created_by_user_id", "m"."role", "m"."content", "m"."content_json", "m"."run_id", "m"."completion", "m"."created_at", "m"."place", "m"."bytes"
  from (select "m".*, sum(m.bytes) over (order by m.number desc) - m.bytes as "newer_bytes"
  from (select "m"."id", "m"."account_id", "m"."thread_id", "m"."number", "m"."created_by_user_id", "m"."role", "m"."content", "m"."content_json", "m"."run_id", "m"."completion", "m"."created_at", least(case when m.completion <> 'complete' and m.run_id is distinct
  from $1::uuid then (select "r"."tail_message_number"
  from "runs" as "r"
  where "r"."account_id" = $2 and "r"."thread_id" = $3 and "r"."id" = "m"."run_id") end, m.number) as "place", message_bytes(m.content, m.content_json)::float8 as "bytes"
  from "messages" as "m"
  where "m"."account_id" = $4 and "m"."thread_id" = $5 and "m"."visible" = true and "m"."number" <= $6 and ("m"."completion" = 'complete' or "m"."role" = 'tool')
  order by "m"."number" desc
  limit $7::integer) as "m") as "m"
  where "m"."newer_bytes" < $8
  order by "m"."number" desc;

-- resources/messages/runQueries.ts selectLastUserMessage
select "m"."id", "m"."account_id", "m"."thread_id", "m"."number", "m"."created_by_user_id", "m"."role", "m"."content", "m"."content_json", "m"."run_id", "m"."completion", "m"."created_at", "m"."number" as "place", message_bytes(m.content, m.content_json)::float8 as "bytes"
  from "messages" as "m"
  where "m"."account_id" = $1 and "m"."thread_id" = $2 and "m"."visible" = true and "m"."number" <= $3 and "m"."role" = 'user'
  order by "m"."number" desc
  limit 1;

-- resources/messages/runQueries.ts selectIncompleteAnswer
select max(content) filter (where role = 'assistant') as "shown", (array_agg(content_json) filter (where role = 'assistant'))[1] as "structured", max(content) filter (where content_json ->> 'kind' = 'unfinished') as "text"
  from "messages"
  where "account_id" = $1 and "thread_id" = $2 and "run_id" = $3 and "visible" = true and "completion" <> 'complete';

-- resources/messages/runQueries.ts reassignMessages
update "messages"
  set "visible" = role = 'tool' and not ($1::boolean and content_json ->> 'kind' = 'unfinished'), "run_id" = case when role = 'tool' then $2::uuid else run_id end, "completion" = case when role = 'tool' then $3 else completion end, "content_json" = case when content_json ->> 'kind' = 'unfinished' then '{"kind": "assistant"}'::jsonb when $4::text = 'complete' then content_json - 'opaque' else content_json end
  where "account_id" = $5 and "thread_id" = $6 and "run_id" = $7 and "visible" = true and "completion" <> 'complete';

-- resources/notifications/queries.ts insertNotifications
insert into "notifications" ("account_id", "user_id", "type", "title", "body", "payload") select $1::uuid as "account_id", "u"."id", $2::text as "type", $3::text as "title", $4::text as "body", $5::jsonb as "payload"
  from unnest($6::uuid[]) as u (id);

-- resources/notifications/queries.ts selectNotifications
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("body"::text), 0) + coalesce(octet_length("payload"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("body"::text), 0) + coalesce(octet_length("payload"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "n".*
  from "memberships" as "m"
  cross
  join lateral (select "n"."id", "n"."user_id", "n"."account_id", "n"."type", coalesce(n.title, b.title) as "title", coalesce(n.body, b.body) as "body", coalesce(n.payload, b.payload) as "payload", "n"."read_at", "n"."created_at"
  from "notifications" as "n"
  left
  join "broadcasts" as "b" on "b"."id" = "n"."broadcast_id"
  where "n"."account_id" = "m"."account_id" and "n"."user_id" = "m"."user_id" and "b"."deleted_at" is null and (not $1::boolean or n.read_at is null) and ($2::text is null or n.type = $3) and ($4::timestamptz is null or ("n"."created_at", "n"."id") < ($5::timestamptz, $6::uuid))
  order by "n"."created_at" desc, "n"."id" desc
  limit $7) as "n"
  where "m"."user_id" = $8
  order by "n"."created_at" desc, "n"."id" desc
  limit $9) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/notifications/queries.ts selectNotification
select "n"."id", "n"."user_id", "n"."account_id", "n"."type", coalesce(n.title, b.title) as "title", coalesce(n.body, b.body) as "body", coalesce(n.payload, b.payload) as "payload", "n"."read_at", "n"."created_at"
  from "memberships" as "m"
  inner
  join "notifications" as "n" on "n"."account_id" = "m"."account_id" and "n"."user_id" = "m"."user_id" and "n"."id" = $1
  left
  join "broadcasts" as "b" on "b"."id" = "n"."broadcast_id"
  where "m"."user_id" = $2 and "b"."deleted_at" is null;

-- resources/notifications/queries.ts lockNotification
select "n"."id", "n"."user_id", "n"."account_id", "n"."type", coalesce(n.title, b.title) as "title", coalesce(n.body, b.body) as "body", coalesce(n.payload, b.payload) as "payload", "n"."read_at", "n"."created_at"
  from "memberships" as "m"
  inner
  join "notifications" as "n" on "n"."account_id" = "m"."account_id" and "n"."user_id" = "m"."user_id" and "n"."id" = $1
  left
  join "broadcasts" as "b" on "b"."id" = "n"."broadcast_id"
  where "m"."user_id" = $2 and "b"."deleted_at" is null
  for no key update of "n";

-- resources/notifications/queries.ts markRead
update "notifications"
  set "read_at" = now()
  where "account_id" = $1 and "id" = $2;

-- resources/notifications/queries.ts markAllRead
update "notifications" as "n"
  set "read_at" = now()
  from "memberships" as "m"
  where "m"."user_id" = $1 and "n"."account_id" = "m"."account_id" and "n"."user_id" = "m"."user_id" and "n"."read_at" is null and not exists (select 1 as "one"
  from "broadcasts" as "b"
  where "b"."id" = "n"."broadcast_id" and "b"."deleted_at" is not null);

-- resources/passkeys/queries.ts selectPasskeys
select "id", "name", "backup_eligible", "backed_up", "created_at", "last_used_at"
  from "passkeys"
  where "user_id" = $1 and ($2::timestamptz is null or ("created_at", "id") < ($3::timestamptz, $4::uuid))
  order by "created_at" desc, "id" desc
  limit $5;

-- resources/passkeys/queries.ts selectPasskey
select "id", "name", "backup_eligible", "backed_up", "created_at", "last_used_at"
  from "passkeys"
  where "user_id" = $1 and "id" = $2;

-- resources/passkeys/queries.ts selectDescriptors
select "credential_id", "transports"
  from "passkeys"
  where "user_id" = $1
  order by "id";

-- resources/passkeys/queries.ts selectByCredentialId
select "id", "user_id", "credential_id", "public_key", "counter", "transports"
  from "passkeys"
  where "credential_id" = $1;

-- resources/passkeys/queries.ts selectUsername
select "username"
  from "users"
  where "id" = $1;

-- resources/passkeys/queries.ts countPasskeys
select count(*) as "count"
  from "passkeys"
  where "user_id" = $1;

-- resources/passkeys/queries.ts insertPasskey
insert into "passkeys" ("id", "user_id", "credential_id", "public_key", "counter", "name", "transports", "backup_eligible", "backed_up")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  on conflict ("credential_id") do nothing
  returning "id", "name", "backup_eligible", "backed_up", "created_at", "last_used_at";

-- resources/passkeys/queries.ts recordUse
update "passkeys"
  set "counter" = $1, "backed_up" = $2, "last_used_at" = clock_timestamp()
  where "user_id" = $3 and "id" = $4 and ("counter" < $5 or ("counter" = 0 and $6::bigint = 0));

-- resources/passkeys/queries.ts renamePasskey
update "passkeys"
  set "name" = $1
  where "user_id" = $2 and "id" = $3
  returning "id", "name", "backup_eligible", "backed_up", "created_at", "last_used_at";

-- resources/passkeys/queries.ts deletePasskey
delete
  from "passkeys"
  where "user_id" = $1 and "id" = $2;

-- resources/passkeys/queries.ts deletePasskeysOfUser
delete
  from "passkeys"
  where "user_id" = $1;

-- resources/passkeys/queries.ts deleteChallengesOfUser
delete
  from "passkey_challenges"
  where "user_id" = $1;

-- resources/passkeys/queries.ts insertChallenge
insert into "passkey_challenges" ("challenge_hash", "purpose", "user_id", "session_id", "sign_in_token_hash", "expires_at")
  values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6));

-- resources/passkeys/queries.ts consumeChallenge
delete
  from "passkey_challenges"
  where "challenge_hash" = $1 and "purpose" = $2 and "session_id" is not distinct
  from $3::uuid and "expires_at" > clock_timestamp()
  returning "user_id", "sign_in_token_hash";

-- resources/passkeys/queries.ts selectSignInChallenge
select "user_id", "method"
  from "sign_in_challenges"
  where "token_hash" = $1 and "expires_at" > clock_timestamp();

-- resources/passkeys/queries.ts confirmSession
update "sessions"
  set "confirmed_at" = clock_timestamp()
  where "user_id" = $1 and "id" = $2 and "revoked_at" is null;

-- resources/passkeys/queries.ts selectConfirmedSession
select "id"
  from "sessions"
  where "user_id" = $1 and "id" = $2::uuid and "confirmed_at" > clock_timestamp() - interval '10 minutes';

-- resources/personas/queries.ts selectPersonas
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("definition"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("definition"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "persona_key", "version", "is_active", "created_at", "updated_at", "definition"
  from "personas"
  where "account_id" is not distinct
  from $1 and ($2::timestamptz is null or ("created_at", "id") < ($3::timestamptz, $4::uuid))
  order by "created_at" desc, "id" desc
  limit $5) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/personas/queries.ts selectActiveKeys
select "persona_key"
  from "personas"
  where "account_id" is not distinct
  from $1 and "is_active" = true;

-- resources/personas/queries.ts selectPersona
select "id", "account_id", "persona_key", "version", "is_active", "created_at", "updated_at", "definition"
  from "personas"
  where "account_id" is not distinct
  from $1 and "id" = $2;

-- resources/personas/queries.ts lockPersona
select "id", "account_id", "persona_key", "version", "is_active", "created_at", "updated_at", "definition"
  from "personas"
  where "account_id" is not distinct
  from $1 and "id" = $2
  for update;

-- resources/personas/queries.ts insertPersona
insert into "personas" ("account_id", "id", "persona_key", "version", "definition")
  values ($1, $2, $3, $4, $5::jsonb)
  on conflict do nothing
  returning "id", "account_id", "persona_key", "version", "is_active", "created_at", "updated_at", "definition";

-- resources/personas/queries.ts updatePersona
update "personas"
  set "definition" = $1::jsonb, "is_active" = $2, "updated_at" = now()
  where "account_id" is not distinct
  from $3 and "id" = $4
  returning "id", "account_id", "persona_key", "version", "is_active", "created_at", "updated_at", "definition";

-- resources/personas/queries.ts deletePersona
delete
  from "personas"
  where "account_id" is not distinct
  from $1 and "id" = $2;

-- resources/personas/queries.ts selectEffectivePersonas
select distinct on ("persona_key") "id", "account_id", "persona_key", "version", "is_active", "created_at", "updated_at", definition - '{prompt_md,soul_md,roles,executor_config,tool_allowlist,tool_denylist,core_tools,skills,budgets}'::text[] as "definition"
  from "personas"
  where "is_active" = true and ("account_id" = $1 or "account_id" is null)
  order by "persona_key", "account_id" is null, "created_at" desc, "id" desc;

-- resources/personas/queries.ts selectEffectivePersona
select "id", "account_id", "persona_key", "version", "is_active", "created_at", "updated_at", "definition"
  from "personas"
  where "is_active" = true and ("account_id" = $1 or "account_id" is null) and "persona_key" = $2 and ($3::text is null or "version" = $4)
  order by "account_id" is null, "created_at" desc, "id" desc
  limit 1;

-- resources/plans/queries.ts selectPlans
select "id", "name", "display_name", "created_at"
  from "plans"
  where ($1::timestamptz is null or ("created_at", "id") < ($2::timestamptz, $3::uuid))
  order by "created_at" desc, "id" desc
  limit $4;

-- resources/plans/queries.ts selectPlan
select "id", "name", "display_name", "created_at"
  from "plans"
  where "id" = $1;

-- resources/plans/queries.ts selectEntitlements
select "plan_id", "key", "id", "value", "value_sealed", "value_type"
  from "plan_entitlements"
  where "plan_id" = any($1::uuid[])
  order by key collate "C";

-- resources/plans/queries.ts insertPlan
insert into "plans" ("id", "name", "display_name")
  values ($1, $2, $3)
  on conflict do nothing
  returning "id", "name", "display_name", "created_at";

-- resources/plans/queries.ts lockPlan
select "id", "name", "display_name", "created_at"
  from "plans"
  where "id" = $1
  for update;

-- resources/plans/queries.ts updatePlan
update "plans"
  set "display_name" = coalesce($1, display_name)
  where "id" = $2
  returning "id", "name", "display_name", "created_at";

-- resources/plans/queries.ts deletePlan
delete
  from "plans"
  where "id" = $1;

-- resources/plans/queries.ts clearEntitlements
delete
  from "plan_entitlements"
  where "plan_id" = $1;

-- resources/plans/queries.ts insertEntitlements
insert into "plan_entitlements" ("plan_id", "id", "key", "value", "value_sealed", "value_type") select $1::uuid as "plan_id", "given"."id", "given"."key", "given"."value", "given"."value_sealed", "given"."value_type"
  from unnest($2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[]) as given (id, key, value, value_sealed, value_type);

-- resources/projects/queries.ts insertProject
insert into "projects" ("account_id", "id", "owner_user_id", "team_id", "name", "description", "visibility")
  values ($1, $2, $3, $4, $5, $6, $7)
  returning "id", "account_id", "team_id", "owner_user_id", "name", "description", "visibility", "is_default", "created_at";

-- resources/projects/queries.ts insertDefaultProject
insert into "projects" ("account_id", "id", "owner_user_id", "name", "is_default") select $1::uuid as "account_id", $2::uuid as "id", $3::uuid as "owner_user_id", 'Default' as "name", true as "is_default"
  where not exists (select "id"
  from "projects"
  where "account_id" = $4 and "owner_user_id" = $5 and "is_default" = true and "deleted_at" is null)
  on conflict ("account_id", "owner_user_id")
  where "is_default" = true and "deleted_at" is null do nothing;

-- resources/projects/queries.ts selectVisibleProject
select "id", "account_id", "team_id", "owner_user_id", "name", "description", "visibility", "is_default", "created_at"
  from "projects" as "p"
  where "p"."account_id" = $1 and ("p"."deleted_at" is null and ("p"."owner_user_id" = $2 or $3::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $4))))) and "p"."id" = $5;

-- resources/projects/queries.ts selectVisibleProjects
select "id", "account_id", "team_id", "owner_user_id", "name", "description", "visibility", "is_default", "created_at"
  from "projects" as "p"
  where "p"."account_id" = $1 and ("p"."deleted_at" is null and ("p"."owner_user_id" = $2 or $3::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $4))))) and ($5::timestamptz is null or ("p"."created_at", "p"."id") < ($6::timestamptz, $7::uuid))
  order by "p"."created_at" desc, "p"."id" desc
  limit $8;

-- resources/projects/queries.ts lockProject
select "id", "is_default"
  from "projects"
  where "account_id" = $1 and "id" = $2 and "deleted_at" is null
  for no key update;

-- resources/projects/queries.ts updateProject
update "projects" as "p"
  set "name" = coalesce($1, p.name), "description" = case when $2::boolean then $3 else p.description end, "team_id" = case when $4::boolean then $5::uuid else p.team_id end, "visibility" = coalesce($6, p.visibility)
  where "p"."account_id" = $7 and "p"."id" = $8
  returning "id", "account_id", "team_id", "owner_user_id", "name", "description", "visibility", "is_default", "created_at";

-- resources/projects/queries.ts deleteProject
update "projects"
  set "deleted_at" = now()
  where "account_id" = $1 and "id" = $2;

-- resources/projects/queries.ts lockTeamKeyShare
select "id"
  from "teams"
  where "account_id" = $1 and "id" = $2
  for key share;

-- resources/quotas/queries.ts selectUsage
select "quota", "used"
  from "quota_usage"
  where "account_id" = $1;

-- resources/quotas/queries.ts checkBytes
select check_limit((select "q"."used"
  from "quota_usage" as "q"
  where "q"."account_id" = $1 and "q"."quota" = $2), $3::bigint) as "checked";

-- resources/quotas/queries.ts lockQuota
select pg_advisory_xact_lock(hashtextextended('quota ' || $1::text, 0)) as "locked";

-- resources/quotas/queries.ts 4
select check_limit((select count(*) as "count"
  from "memberships" as "m"
  inner
  join "accounts" as "a" on "a"."id" = "m"."account_id" and "a"."deleted_at" is null
  where "m"."user_id" = $1 and "m"."role" = 'admin' and "a"."type" = 'workspace'), $2) as "checked";

-- resources/quotas/queries.ts 5
select check_limit((select count(*) as "count"
  from "api_keys"
  where "account_id" = $1 and "user_id" = $2 and "revoked_at" is null), $3) as "checked";

-- resources/quotas/queries.ts 6
select check_limit((select count(*) as "count"
  from "asr_credentials"
  where "account_id" = $1), $2) as "checked";

-- resources/quotas/queries.ts 7
select check_limit((select count(*) as "count"
  from "invitations"
  where "account_id" = $1 and "accepted_at" is null and "expires_at" > now()), $2) as "checked";

-- resources/quotas/queries.ts 8
select check_limit((select count(*) as "count"
  from "ip_rules"
  where "account_id" = $1), $2) as "checked";

-- resources/quotas/queries.ts 9
select check_limit((select count(*) as "count"
  from "llm_models" as "m"
  inner
  join "llm_providers" as "p" on "p"."id" = "m"."provider_id"
  where "p"."account_id" = $1), $2) as "checked";

-- resources/quotas/queries.ts 10
select check_limit((select count(*) as "count"
  from "llm_providers"
  where "account_id" = $1), $2) as "checked";

-- resources/quotas/queries.ts 11
select check_limit((select count(*) as "count"
  from "mcp_configs"
  where "account_id" = $1), $2) as "checked";

-- resources/quotas/queries.ts 12
select check_limit((select count(*) as "count"
  from "personas"
  where "account_id" = $1), $2) as "checked";

-- resources/quotas/queries.ts 13
select check_limit((select count(*) as "count"
  from "projects"
  where "account_id" = $1 and "deleted_at" is null and "is_default" = false), $2) as "checked";

-- resources/quotas/queries.ts 14
select check_limit((select count(*) as "count"
  from "thread_reports"
  where "account_id" = $1 and "user_id" = $2 and "created_at" > now() - interval '1 day'), $3) as "checked";

-- resources/quotas/queries.ts 15
select check_limit((select count(*) as "count"
  from "schedules"
  where "account_id" = $1 and "status" <> 'completed'), $2) as "checked";

-- resources/quotas/queries.ts 16
select check_limit((select count(*) as "count"
  from "skills"
  where "account_id" = $1), $2) as "checked";

-- resources/quotas/queries.ts 17
select check_limit((select count(*) as "count"
  from "thread_stars"
  where "account_id" = $1 and "user_id" = $2), $3) as "checked";

-- resources/quotas/queries.ts 18
select check_limit((select count(*) as "count"
  from "teams"
  where "account_id" = $1), $2) as "checked";

-- resources/quotas/queries.ts 19
select check_limit((select count(*) as "count"
  from "webhook_endpoints"
  where "account_id" = $1), $2) as "checked";

-- resources/redemptionCodes/adminQueries.ts insertCodes
insert into "redemption_codes" ("id", "code", "type", "value", "max_uses", "expires_at", "batch_id", "created_by_user_id") select "made"."id", "made"."code", $1::text as "type", $2::text as "value", $3::integer as "max_uses", $4::timestamptz as "expires_at", $5::text as "batch_id", $6::uuid as "created_by_user_id"
  from unnest($7::uuid[], $8::text[]) as made (id, code)
  on conflict ("code") do nothing
  returning "id", "code", "type", "value", "max_uses", "use_count", "expires_at", "is_active", "batch_id", "created_by_user_id", "created_at";

-- resources/redemptionCodes/adminQueries.ts selectCodes
select "id", "code", "type", "value", "max_uses", "use_count", "expires_at", "is_active", "batch_id", "created_by_user_id", "created_at"
  from "redemption_codes"
  where ($1::text is null or code ilike $2 or batch_id ilike $3) and ($4::text is null or type = $5) and ($6::timestamptz is null or ("created_at", "id") < ($7::timestamptz, $8::uuid))
  order by "created_at" desc, "id" desc
  limit $9;

-- resources/redemptionCodes/adminQueries.ts selectCode
select "id", "code", "type", "value", "max_uses", "use_count", "expires_at", "is_active", "batch_id", "created_by_user_id", "created_at"
  from "redemption_codes"
  where "id" = $1;

-- resources/redemptionCodes/adminQueries.ts deactivateCode
update "redemption_codes"
  set "is_active" = false
  where "id" = $1 and "is_active" = true
  returning "id", "code", "type", "value", "max_uses", "use_count", "expires_at", "is_active", "batch_id", "created_by_user_id", "created_at";

-- resources/redemptionCodes/adminQueries.ts selectOverridable
select "key"
  from "feature_flags"
  where "key" = $1 and "supports_account_overrides" = true;

-- resources/redemptionCodes/queries.ts incrementUseCount
update "redemption_codes"
  set "use_count" = "use_count" + 1
  where "code" = $1 and "is_active" = true and ("expires_at" is null or "expires_at" > clock_timestamp()) and "use_count" < "max_uses"
  returning "id", "type", "value";

-- resources/redemptionCodes/queries.ts insertRedemption
insert into "redemptions" ("account_id", "code_id", "user_id")
  values ($1, $2, $3)
  on conflict ("code_id", "user_id") do nothing;

-- resources/redemptionCodes/queries.ts selectCodeState
select not "c"."is_active" as "inactive", coalesce(c.expires_at <= clock_timestamp(), false) as "expired", c.use_count >= c.max_uses as "exhausted", exists (select 1 as "one"
  from "redemptions" as "r"
  where "r"."code_id" = "c"."id" and "r"."user_id" = $1) as "redeemed"
  from "redemption_codes" as "c"
  where "c"."code" = $2;

-- resources/referrals/queries.ts insertReferral
insert into "referrals" ("id", "inviter_user_id", "invitee_user_id", "invite_code_id", "rewarded_at")
  values ($1, $2, $3, $4, null);

-- resources/referrals/queries.ts selectReferrals
select "r"."id", "r"."inviter_user_id", "r"."invitee_user_id", "r"."invite_code_id", "r"."credited", "r"."created_at", (select "c"."login"
  from "credentials" as "c"
  inner
  join "users" as "u" on "u"."id" = "c"."user_id" and "u"."status" <> 'deleted'
  where "c"."user_id" = "r"."inviter_user_id") as "inviter_login", (select "c"."login"
  from "credentials" as "c"
  inner
  join "users" as "u" on "u"."id" = "c"."user_id" and "u"."status" <> 'deleted'
  where "c"."user_id" = "r"."invitee_user_id") as "invitee_login"
  from "referrals" as "r"
  where ($1::uuid is null or r.inviter_user_id = $2) and ($3::timestamptz is null or ("r"."created_at", "r"."id") < ($4::timestamptz, $5::uuid))
  order by "r"."created_at" desc, "r"."id" desc
  limit $6;

-- resources/referrals/queries.ts selectTree
with recursive "tree"("user_id", "inviter_id", "depth", "created_at", "path") as (select "u"."id" as "user_id", null::uuid as "inviter_id", 0 as "depth", "u"."created_at", array[u.id] as "path"
  from "users" as "u"
  where "u"."id" = $1
  union all select "r"."invitee_user_id" as "user_id", "r"."inviter_user_id" as "inviter_id", t.depth + 1 as "depth", "r"."created_at", t.path || r.invitee_user_id as "path"
  from "tree" as "t"
  inner
  join "referrals" as "r" on "r"."inviter_user_id" = "t"."user_id"
  where "t"."depth" < $2 and "r"."invitee_user_id" <> all(t.path)), "nearest" as (select "user_id", "inviter_id", "depth", "created_at"
  from "tree"
  order by "depth", "created_at", "user_id"
  limit $3) select "n"."user_id", (select "c"."login"
  from "credentials" as "c"
  inner
  join "users" as "u" on "u"."id" = "c"."user_id" and "u"."status" <> 'deleted'
  where "c"."user_id" = "n"."user_id") as "login", "n"."inviter_id", "n"."depth", "n"."created_at"
  from "nearest" as "n"
  order by "n"."depth", "n"."created_at", "n"."user_id";

-- resources/referrals/reward.ts 1
select "id"
  from "referrals"
  where "invitee_user_id" = $1 and "rewarded_at" is null;

-- resources/referrals/reward.ts 2
select pg_advisory_xact_lock(hashtextextended('referral rewards', 0)) as "lock";

-- resources/referrals/reward.ts 3
update "referrals" as "r"
  set "rewarded_at" = now(), "mailbox_hash" = encode(sha256(convert_to(mailbox_of(u.email_key), 'UTF8')), 'hex')
  from "users" as "u"
  inner
  join "users" as "i" on true
  where "r"."invitee_user_id" = $1 and "r"."rewarded_at" is null and "u"."id" = "r"."invitee_user_id" and "u"."email_verified_at" is not null and "i"."id" = "r"."inviter_user_id" and "i"."status" = 'active' and mailbox_of(u.email_key) is distinct
  from mailbox_of(i.email_key) and not exists (select 1 as "one"
  from "users" as "o"
  where mailbox_of(o.email_key) = mailbox_of(u.email_key) and "o"."email_key" is not null and "o"."id" <> "u"."id" and "o"."email_verified_at" is not null) and not exists (select 1 as "one"
  from "referrals" as "p"
  where "p"."mailbox_hash" = encode(sha256(convert_to(mailbox_of(u.email_key), 'UTF8')), 'hex')) and ((select count(*) as "count"
  from "referrals" as "d"
  where "d"."inviter_user_id" = "r"."inviter_user_id" and "d"."rewarded_at" > now() - interval '24 hours')) < $2
  returning "r"."id", "r"."inviter_user_id", i.email_verified_at is not null as "is_inviter_verified";

-- resources/referrals/reward.ts 4
update "referrals"
  set "credited" = true
  where "id" = $1;

-- resources/reports/queries.ts insertReport
insert into "thread_reports" ("account_id", "id", "thread_id", "user_id", "categories", "feedback") select "t"."account_id", $1::uuid as "id", "t"."id" as "thread_id", $2::uuid as "user_id", $3::text[] as "categories", $4::text as "feedback"
  from "threads" as "t"
  where "t"."account_id" = $5 and "t"."id" = $6 and "t"."deleted_at" is null
  returning "id", "created_at";

-- resources/reports/queries.ts selectAnyThread
select true as "is_there"
  from "threads"
  where "id" = $1;

-- resources/reports/queries.ts selectReports
select "r"."id", "r"."thread_id", "r"."account_id", "r"."user_id", "r"."categories", "r"."feedback", "r"."created_at"
  from "thread_reports" as "r"
  where ($1::text is null or $2 = any (r.categories)) and ($3::uuid is null or r.thread_id = $4) and ($5::timestamptz is null or ("r"."created_at", "r"."id") < ($6::timestamptz, $7::uuid))
  order by "r"."created_at" desc, "r"."id" desc
  limit $8;

-- resources/runDetails/queries.ts selectRun
select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at", r.route_snapshot #>> '{event,model}' as "selected_model", r.route_snapshot #>> '{event,provider_kind}' as "provider_kind", r.route_snapshot #>> '{event,credential_name}' as "credential_name", coalesce(r.route_snapshot #>> '{event,persona_model}', r.persona_snapshot ->> 'model') as "persona_model", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used", "u"."username" as "user_name", "u"."email" as "user_email", "stats".*, (select "m"."content"
  from "messages" as "m", (select coalesce((select "t"."number"
  from "messages" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."thread_id" = "r"."thread_id" and "t"."id" = coalesce(a.tail_message_id, (select (e.data ->> 'thread_tail_message_id')::uuid as "id"
  from "run_events" as "e"
  where "e"."run_id" = "r"."id" and "e"."seq" = 1))), r.tail_message_number) as "number") as "tail"
  where "m"."account_id" = "r"."account_id" and "m"."thread_id" = "r"."thread_id" and "m"."role" = 'user' and "m"."number" <= "tail"."number" and ("m"."visible" = true or "m"."number" = "tail"."number")
  order by "m"."number" desc
  limit 1) as "user_prompt"
  from "runs" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  left
  join "run_event_archives" as "a" on "a"."run_id" = "r"."id"
  inner
  join lateral (select count(*) + coalesce(a.event_count, 0) as "total", count(*) filter(where "type" = 'llm.turn.completed') + coalesce((a.event_counts ->> 'llm.turn.completed')::int, 0) as "llm_turns", count(*) filter(where "type" = 'tool.call') + coalesce((a.event_counts ->> 'tool.call')::int, 0) as "tool_calls", count(*) filter(where "type" = 'run.provider_fallback') + coalesce((a.event_counts ->> 'run.provider_fallback')::int, 0) as "provider_fallbacks"
  from "run_events"
  where "run_id" = "r"."id") as "stats" on true
  where "r"."id" = $1;

-- resources/runDetails/queries.ts selectChildren
select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at", r.route_snapshot #>> '{event,model}' as "selected_model", r.route_snapshot #>> '{event,provider_kind}' as "provider_kind", r.route_snapshot #>> '{event,credential_name}' as "credential_name", coalesce(r.route_snapshot #>> '{event,persona_model}', r.persona_snapshot ->> 'model') as "persona_model", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "runs" as "r"
  where "r"."account_id" = $1 and "r"."parent_run_id" = $2
  order by "r"."created_at", "r"."id";

-- resources/runs/eventQueries.ts lockRun
select "id", "status", "attempt", "trace_id", "pending_inputs"
  from "runs"
  where "account_id" = $1 and "id" = $2
  for update;

-- resources/runs/eventQueries.ts selectOpenChildren
select "id"
  from "runs"
  where "account_id" = $1 and "parent_run_id" = $2 and "status" in ('running', 'waiting_for_input')
  order by "id";

-- resources/runs/eventQueries.ts selectInputOfKey
select "seq"
  from "run_events"
  where "run_id" = $1 and "type" = 'run.input_provided' and data ->> 'input_key' = $2
  limit 1;

-- resources/runs/eventQueries.ts selectInputBytes
select coalesce(sum(bytes), 0)::float8 as "bytes"
  from (select octet_length(data ->> 'content') as "bytes"
  from "run_events"
  where "run_id" = $1 and "type" = 'run.input_provided' and data ->> 'request_id' is null
  order by "seq" desc
  limit $2) as "e";

-- resources/runs/eventQueries.ts selectArchivedInputKeys
select "input_keys"
  from "run_event_archives"
  where "account_id" = $1 and "run_id" = $2;

-- resources/runs/eventQueries.ts selectInputRequest
select "data" as "data"
  from "run_events"
  where "run_id" = $1 and "type" = 'run.waiting_for_input'
  order by "seq" desc
  limit 1;

-- resources/runs/eventQueries.ts incrementPendingInputs
update "runs"
  set "pending_inputs" = "pending_inputs" + 1
  where "account_id" = $1 and "id" = $2;

-- resources/runs/eventQueries.ts appendEvents
with "run" as (update "runs"
  set "next_seq" = next_seq + $1, "last_activity_at" = clock_timestamp(), "status" = coalesce($2, status), "cancelled_at" = case when $3::text = 'cancelled' then clock_timestamp() else cancelled_at end
  where "id" = $4
  returning "id", "next_seq") insert into "run_events" ("run_id", "seq", "event_id", "type", "data", "created_at") select "run"."id", run.next_seq - $5 + e.n - 1 as "seq", "e"."event_id", "e"."type", e.data::json as "data", clock_timestamp() as "created_at"
  from unnest($6::uuid[], $7::text[], $8::text[]) with ordinality as e(event_id, type, data, n)
  inner
  join "run" on true;

-- resources/runs/eventQueries.ts selectEnded
select "id", "thread_id", "parent_run_id", "status", "error"
  from "runs"
  where "account_id" = $1 and "id" = $2 and "parent_run_id" is not null and "status" not in ('running', 'waiting_for_input', 'cancelling');

-- resources/runs/eventQueries.ts selectReports
select "type", "data" as "data"
  from "run_events"
  where "run_id" = $1 and "type" in ('subagent.started', 'subagent.finished');

-- resources/runs/list.ts a run of an account
select "r"."id"
  from "runs" as "r"
  inner
  join "threads" as "t" on "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id"
  where ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2)) and "r"."id" = $3;

-- resources/runs/list.ts a run of an account, readable
select "r"."id"
  from "runs" as "r"
  inner
  join "threads" as "t" on "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id"
  where ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6))))))) and "r"."id" = $7;

-- resources/runs/list.ts a run of all accounts
select "r"."id"
  from "runs" as "r"
  inner
  join "threads" as "t" on "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id"
  where ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1)) and "r"."id" = $2;

-- resources/runs/list.ts runs of an account
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where 1 = 1 and "r"."account_id" = $3
  order by "r"."created_at" desc, "r"."id" desc
  limit $4) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by createdBy
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."created_by_user_id" = $3 and "r"."account_id" = $4
  order by "r"."created_at" desc, "r"."id" desc
  limit $5) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by firstRunId
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where r.id between $3::uuid and $4::uuid and "r"."account_id" = $5
  order by "r"."created_at" desc, "r"."id" desc
  limit $6) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by firstThreadId
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where r.thread_id between $3::uuid and $4::uuid and "r"."account_id" = $5
  order by "r"."created_at" desc, "r"."id" desc
  limit $6) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by parentRunId
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."parent_run_id" = $3 and "r"."account_id" = $4
  order by "r"."created_at" desc, "r"."id" desc
  limit $5) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by modelPattern
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."model" ilike $3 and "r"."account_id" = $4
  order by "r"."created_at" desc, "r"."id" desc
  limit $5) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by personaPattern
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."persona_id" ilike $3 and "r"."account_id" = $4
  order by "r"."created_at" desc, "r"."id" desc
  limit $5) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by since
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."created_at" >= $3 and "r"."account_id" = $4
  order by "r"."created_at" desc, "r"."id" desc
  limit $5) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by until
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."created_at" <= $3 and "r"."account_id" = $4
  order by "r"."created_at" desc, "r"."id" desc
  limit $5) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by beforeTime
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where (r.created_at, r.id) < ($3::timestamptz, $4::uuid) and "r"."account_id" = $5
  order by "r"."created_at" desc, "r"."id" desc
  limit $6) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by status running
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."status" = 'running' and "r"."account_id" = $3
  order by "r"."created_at" desc, "r"."id" desc
  limit $4) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by status waiting_for_input
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."status" = 'waiting_for_input' and "r"."account_id" = $3
  order by "r"."created_at" desc, "r"."id" desc
  limit $4) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by status cancelling
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."status" = 'cancelling' and "r"."account_id" = $3
  order by "r"."created_at" desc, "r"."id" desc
  limit $4) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by status completed
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."status" = 'completed' and "r"."account_id" = $3
  order by "r"."created_at" desc, "r"."id" desc
  limit $4) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by status failed
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."status" = 'failed' and "r"."account_id" = $3
  order by "r"."created_at" desc, "r"."id" desc
  limit $4) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account by status cancelled
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2))
  limit 1) as "thread" on true
  where "r"."status" = 'cancelled' and "r"."account_id" = $3
  order by "r"."created_at" desc, "r"."id" desc
  limit $4) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where 1 = 1 and "r"."account_id" = $7
  order by "r"."created_at" desc, "r"."id" desc
  limit $8) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by createdBy
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."created_by_user_id" = $7 and "r"."account_id" = $8
  order by "r"."created_at" desc, "r"."id" desc
  limit $9) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by firstRunId
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where r.id between $7::uuid and $8::uuid and "r"."account_id" = $9
  order by "r"."created_at" desc, "r"."id" desc
  limit $10) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by firstThreadId
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where r.thread_id between $7::uuid and $8::uuid and "r"."account_id" = $9
  order by "r"."created_at" desc, "r"."id" desc
  limit $10) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by parentRunId
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."parent_run_id" = $7 and "r"."account_id" = $8
  order by "r"."created_at" desc, "r"."id" desc
  limit $9) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by modelPattern
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."model" ilike $7 and "r"."account_id" = $8
  order by "r"."created_at" desc, "r"."id" desc
  limit $9) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by personaPattern
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."persona_id" ilike $7 and "r"."account_id" = $8
  order by "r"."created_at" desc, "r"."id" desc
  limit $9) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by since
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."created_at" >= $7 and "r"."account_id" = $8
  order by "r"."created_at" desc, "r"."id" desc
  limit $9) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by until
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."created_at" <= $7 and "r"."account_id" = $8
  order by "r"."created_at" desc, "r"."id" desc
  limit $9) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by beforeTime
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where (r.created_at, r.id) < ($7::timestamptz, $8::uuid) and "r"."account_id" = $9
  order by "r"."created_at" desc, "r"."id" desc
  limit $10) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by status running
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."status" = 'running' and "r"."account_id" = $7
  order by "r"."created_at" desc, "r"."id" desc
  limit $8) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by status waiting_for_input
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."status" = 'waiting_for_input' and "r"."account_id" = $7
  order by "r"."created_at" desc, "r"."id" desc
  limit $8) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by status cancelling
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."status" = 'cancelling' and "r"."account_id" = $7
  order by "r"."created_at" desc, "r"."id" desc
  limit $8) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by status completed
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."status" = 'completed' and "r"."account_id" = $7
  order by "r"."created_at" desc, "r"."id" desc
  limit $8) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by status failed
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."status" = 'failed' and "r"."account_id" = $7
  order by "r"."created_at" desc, "r"."id" desc
  limit $8) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of an account, readable by status cancelled
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("r"."account_id" = $1 and "t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $2) and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $5 or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $6)))))))
  limit 1) as "thread" on true
  where "r"."status" = 'cancelled' and "r"."account_id" = $7
  order by "r"."created_at" desc, "r"."id" desc
  limit $8) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where 1 = 1 and "r"."pending_inputs" >= 0
  order by "r"."created_at" desc, "r"."id" desc
  limit $2) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by createdBy
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."created_by_user_id" = $2
  order by "r"."created_at" desc, "r"."id" desc
  limit $3) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by firstRunId
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where r.id between $2::uuid and $3::uuid
  order by "r"."created_at" desc, "r"."id" desc
  limit $4) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by firstThreadId
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where r.thread_id between $2::uuid and $3::uuid
  order by "r"."created_at" desc, "r"."id" desc
  limit $4) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by parentRunId
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."parent_run_id" = $2
  order by "r"."created_at" desc, "r"."id" desc
  limit $3) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by modelPattern
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."model" ilike $2 and "r"."pending_inputs" >= 0
  order by "r"."created_at" desc, "r"."id" desc
  limit $3) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by personaPattern
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."persona_id" ilike $2 and "r"."pending_inputs" >= 0
  order by "r"."created_at" desc, "r"."id" desc
  limit $3) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by since
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."created_at" >= $2 and "r"."pending_inputs" >= 0
  order by "r"."created_at" desc, "r"."id" desc
  limit $3) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by until
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."created_at" <= $2 and "r"."pending_inputs" >= 0
  order by "r"."created_at" desc, "r"."id" desc
  limit $3) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by beforeTime
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where (r.created_at, r.id) < ($2::timestamptz, $3::uuid) and "r"."pending_inputs" >= 0
  order by "r"."created_at" desc, "r"."id" desc
  limit $4) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by status running
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."status" = 'running'
  order by "r"."created_at" desc, "r"."id" desc
  limit $2) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by status waiting_for_input
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."status" = 'waiting_for_input'
  order by "r"."created_at" desc, "r"."id" desc
  limit $2) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by status cancelling
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."status" = 'cancelling'
  order by "r"."created_at" desc, "r"."id" desc
  limit $2) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by status completed
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."status" = 'completed' and "r"."pending_inputs" >= 0
  order by "r"."created_at" desc, "r"."id" desc
  limit $2) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by status failed
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."status" = 'failed' and "r"."pending_inputs" >= 0
  order by "r"."created_at" desc, "r"."id" desc
  limit $2) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/list.ts runs of all accounts by status cancelled
with "page" as (select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at"
  from "runs" as "r"
  inner
  join lateral (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."is_private" = false or "t"."created_by_user_id" = $1))
  limit 1) as "thread" on true
  where "r"."status" = 'cancelled' and "r"."pending_inputs" >= 0
  order by "r"."created_at" desc, "r"."id" desc
  limit $2) select "r".*, "u"."username" as "user_name", "u"."email" as "user_email", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "page" as "r"
  left
  join "users" as "u" on "u"."id" = "r"."created_by_user_id"
  order by "r"."created_at" desc, "r"."id" desc;

-- resources/runs/queries.ts selectRun
select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at", "r"."api_key_id", "t"."created_by_user_id" as "thread_owner_id"
  from "runs" as "r"
  inner
  join "threads" as "t" on "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and ("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now()))
  where "r"."account_id" = $1 and "r"."id" = $2 and ("r"."created_by_user_id" = $3 or "t"."created_by_user_id" = $4 or $5::boolean or ("t"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null and "p"."visibility" = 'shared' and ("p"."owner_user_id" = $6 or $7::boolean or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $8)))))));

-- resources/runs/queries.ts selectChildRuns
select "id"
  from "runs"
  where "account_id" = $1 and "parent_run_id" = $2
  order by "created_at", "id";

-- resources/runs/queries.ts selectThreadRuns
select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at", coalesce(a.tail_message_id, (select (e.data ->> 'thread_tail_message_id')::uuid as "id"
  from "run_events" as "e"
  where "e"."run_id" = "r"."id" and "e"."seq" = 1)) as "tail_message_id"
  from "runs" as "r"
  left
  join "run_event_archives" as "a" on "a"."account_id" = "r"."account_id" and "a"."run_id" = "r"."id"
  where "r"."account_id" = $1 and "r"."thread_id" = $2 and ($3::timestamptz is null or ("r"."created_at", "r"."id") < ($4::timestamptz, $5::uuid))
  order by "r"."created_at" desc, "r"."id" desc
  limit $6;

-- resources/runs/queries.ts selectRunOptions
select "route_id", "requested_persona_id", "requested_model", "reasoning_mode"
  from "runs"
  where "account_id" = $1 and "thread_id" = $2 and "parent_run_id" is null and ("id" = $3 or ($4::uuid is null and "tail_message_number" >= $5))
  order by "tail_message_number", "created_at" desc, "id" desc
  limit 1;

-- resources/runs/queries.ts selectContinuableRun
select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at", ("r"."status" in ('failed', 'cancelled') and (exists (select 1 as "one"
  from "messages" as "m"
  where "m"."account_id" = $1 and "m"."thread_id" = $2 and "m"."run_id" = "r"."id" and "m"."visible" = true and "m"."completion" <> 'complete') or exists (select 1 as "one"
  from "run_events" as "e"
  where "e"."run_id" = "r"."id" and "e"."type" in ('message.delta', 'message.image', 'tool.call', 'tool.call.delta', 'tool.result', 'run.segment.start', 'run.segment.end')) or exists (select 1 as "one"
  from "run_event_archives" as "a"
  where "a"."account_id" = $3 and "a"."run_id" = "r"."id" and a.event_counts ?| array['message.delta', 'message.image', 'tool.call', 'tool.call.delta', 'tool.result', 'run.segment.start', 'run.segment.end']))) as "can_continue"
  from "runs" as "r"
  where "r"."account_id" = $4 and "r"."thread_id" = $5 and "r"."id" = $6 and "r"."parent_run_id" is null;

-- resources/runs/replay.ts 1
select "r"."tail_message_number", "r"."continues_run_id", "m"."number", "m"."visible"
  from "runs" as "r"
  left
  join "run_event_archives" as "a" on "a"."account_id" = "r"."account_id" and "a"."run_id" = "r"."id"
  inner
  join "messages" as "m" on "m"."account_id" = "r"."account_id" and "m"."thread_id" = "r"."thread_id" and "m"."id" = coalesce(a.tail_message_id, (select (e.data ->> 'thread_tail_message_id')::uuid as "id"
  from "run_events" as "e"
  where "e"."run_id" = "r"."id" and "e"."seq" = 1))
  where "r"."account_id" = $1 and "r"."id" = $2;

-- resources/runs/replay.ts 2
select min("m"."number") filter(where "r"."source" = 'edit') as "edited", min("m"."number") filter(where "r"."source" = 'retry') as "retried"
  from "runs" as "r"
  left
  join "run_event_archives" as "a" on "a"."account_id" = "r"."account_id" and "a"."run_id" = "r"."id"
  inner
  join "messages" as "m" on "m"."account_id" = "r"."account_id" and "m"."thread_id" = "r"."thread_id" and "m"."id" = coalesce(a.tail_message_id, (select (e.data ->> 'thread_tail_message_id')::uuid as "id"
  from "run_events" as "e"
  where "e"."run_id" = "r"."id" and "e"."seq" = 1))
  where "r"."account_id" = $1 and "r"."thread_id" = $2 and "r"."source" in ('edit', 'retry') and "r"."created_at" > (select "created_at"
  from "runs"
  where "account_id" = $3 and "id" = $4);

-- resources/schedules/queries.ts insertSchedule
insert into "schedules" ("account_id", "id", "created_by_user_id", "api_key_id", "name", "cron", "run_at", "timezone", "persona_id", "input", "thread_id", "missed", "overlap", "status", "next_run_at")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
  returning "id", "account_id", "created_by_user_id", "api_key_id", "name", "cron", "run_at", "timezone", "persona_id", "input", "thread_id", "missed", "overlap", "status", "disabled_reason", "next_run_at", "last_run_id", "created_at", "updated_at";

-- resources/schedules/queries.ts lockRunOrigin
select "persona_id", "api_key_id"
  from "runs"
  where "account_id" = $1 and "id" = $2 and "status" in ('running', 'waiting_for_input')
  for share;

-- resources/schedules/queries.ts selectSchedules
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("input"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("input"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "created_by_user_id", "api_key_id", "name", "cron", "run_at", "timezone", "persona_id", "input", "thread_id", "missed", "overlap", "status", "disabled_reason", "next_run_at", "last_run_id", "created_at", "updated_at"
  from "schedules" as "s"
  where "s"."account_id" = $1 and "s"."created_by_user_id" = $2 and ($3::timestamptz is null or ("s"."created_at", "s"."id") < ($4::timestamptz, $5::uuid))
  order by "s"."created_at" desc, "s"."id" desc
  limit $6) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/schedules/queries.ts selectSchedule
select "id", "account_id", "created_by_user_id", "api_key_id", "name", "cron", "run_at", "timezone", "persona_id", "input", "thread_id", "missed", "overlap", "status", "disabled_reason", "next_run_at", "last_run_id", "created_at", "updated_at"
  from "schedules" as "s"
  where "s"."account_id" = $1 and "s"."id" = $2 and "s"."created_by_user_id" = $3;

-- resources/schedules/queries.ts lockSchedule
select "id", "account_id", "created_by_user_id", "api_key_id", "name", "cron", "run_at", "timezone", "persona_id", "input", "thread_id", "missed", "overlap", "status", "disabled_reason", "next_run_at", "last_run_id", "created_at", "updated_at", clock_timestamp()::timestamptz(3) as "now"
  from "schedules" as "s"
  where "s"."account_id" = $1 and "s"."id" = $2
  for update;

-- resources/schedules/queries.ts selectLostAuthority
select (select case when a.id is null then 'account_closed' when a.status <> 'active' then 'account_suspended' when u.id is null then 'user_suspended' when m.user_id is null then 'no_account_membership' when not (m.role in ('platform_admin', 'admin', 'member') and m.role in ('platform_admin', 'admin', 'member')) then 'missing_permission' when "s"."api_key_id" is null then null when k.id is null then 'key_revoked' when k.expires_at <= clock_timestamp() then 'key_expired' when not (k.inherits_permissions or k.scopes @> array['data.runs.write', 'data.threads.write']) then 'missing_permission' end as "lost"
  from (select 0 as "zero") as "one"
  left
  join "accounts" as "a" on "a"."id" = $1 and "a"."deleted_at" is null
  left
  join "users" as "u" on "u"."id" = "s"."created_by_user_id" and "u"."status" = 'active'
  left
  join "memberships" as "m" on "m"."account_id" = $2 and "m"."user_id" = "u"."id"
  left
  join "api_keys" as "k" on "k"."account_id" = $3 and "k"."id" = "s"."api_key_id" and "k"."user_id" = "u"."id" and "k"."revoked_at" is null) as "lost"
  from "schedules" as "s"
  where "s"."account_id" = $4 and "s"."id" = $5;

-- resources/schedules/queries.ts updateSchedule
update "schedules" as "s"
  set "name" = $1, "cron" = $2, "run_at" = $3, "timezone" = $4, "persona_id" = $5, "input" = $6, "thread_id" = $7, "missed" = $8, "overlap" = $9, "status" = $10, "next_run_at" = $11, "api_key_id" = coalesce($12::uuid, s.api_key_id), "updated_at" = now()
  where "s"."account_id" = $13 and "s"."id" = $14
  returning "id", "account_id", "created_by_user_id", "api_key_id", "name", "cron", "run_at", "timezone", "persona_id", "input", "thread_id", "missed", "overlap", "status", "disabled_reason", "next_run_at", "last_run_id", "created_at", "updated_at";

-- resources/schedules/queries.ts changeStatus
update "schedules" as "s"
  set "status" = $1, "next_run_at" = $2, "disabled_reason" = $3, "failures_since" = case when $4::boolean then clock_timestamp() else s.failures_since end, "updated_at" = now()
  where "s"."account_id" = $5 and "s"."id" = $6
  returning "id", "account_id", "created_by_user_id", "api_key_id", "name", "cron", "run_at", "timezone", "persona_id", "input", "thread_id", "missed", "overlap", "status", "disabled_reason", "next_run_at", "last_run_id", "created_at", "updated_at";

-- resources/schedules/queries.ts replaceApiKey
update "schedules"
  set "api_key_id" = $1
  where "account_id" = $2 and "id" = $3;

-- resources/schedules/queries.ts advance
update "schedules"
  set "status" = $1, "next_run_at" = $2
  where "account_id" = $3 and "id" = $4;

-- resources/schedules/queries.ts setLastRun
update "schedules"
  set "last_run_id" = $1
  where "account_id" = $2 and "id" = $3;

-- resources/schedules/queries.ts deleteSchedule
delete
  from "schedules"
  where "account_id" = $1 and "id" = $2;

-- resources/schedules/queries.ts selectOwnThread
select "id"
  from "threads"
  where "account_id" = $1 and "id" = $2 and "created_by_user_id" = $3 and "deleted_at" is null and "is_private" = false;

-- resources/schedules/queries.ts selectProgress
select exists (select 1 as "one"
  from "runs" as "r"
  where "r"."account_id" = "s"."account_id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling') and ("r"."thread_id" = "s"."thread_id" or exists (select 1 as "one"
  from "schedule_occurrences" as "o"
  where "o"."account_id" = "r"."account_id" and "o"."run_id" = "r"."id" and "o"."schedule_id" = "s"."id"))) as "is_busy", (select count(*) as "count"
  from "schedule_occurrences" as "o"
  where "o"."account_id" = "s"."account_id" and "o"."schedule_id" = "s"."id" and "o"."status" = 'waiting')::int as "waiting"
  from "schedules" as "s"
  where "s"."account_id" = $1 and "s"."id" = $2;

-- resources/schedules/queries.ts insertOccurrence
insert into "schedule_occurrences" ("account_id", "id", "schedule_id", "scheduled_for", "trigger", "status", "skip_reason", "run_id", "created_at")
  values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp())
  on conflict ("account_id", "schedule_id", "scheduled_for")
  where "trigger" = 'schedule' do nothing;

-- resources/schedules/queries.ts selectWaiting
select "id", "scheduled_for", created_at < now() - interval '1 hour' as "is_late"
  from "schedule_occurrences"
  where "account_id" = $1 and "schedule_id" = $2 and "status" = 'waiting'
  order by "scheduled_for"
  limit 1;

-- resources/schedules/queries.ts markStarted
update "schedule_occurrences"
  set "status" = 'started', "run_id" = $1
  where "account_id" = $2 and "id" = $3 and "status" = 'waiting';

-- resources/schedules/queries.ts markFailed
update "schedule_occurrences"
  set "status" = 'failed', "error_code" = $1, "error_message" = $2
  where "account_id" = $3 and "id" = $4 and "status" = 'waiting';

-- resources/schedules/queries.ts markSkipped
update "schedule_occurrences"
  set "status" = 'skipped', "skip_reason" = $1
  where "account_id" = $2 and "id" = $3 and "status" = 'waiting';

-- resources/schedules/queries.ts skipWaiting
update "schedule_occurrences"
  set "status" = 'skipped', "skip_reason" = 'paused'
  where "account_id" = $1 and "schedule_id" = $2 and "status" = 'waiting';

-- resources/schedules/queries.ts countFailures
select (count(*) filter (where has_failed))::int as "failures"
  from (select coalesce(r.status, o.status) = 'failed' as "has_failed"
  from "schedule_occurrences" as "o"
  inner
  join "schedules" as "s" on "s"."account_id" = "o"."account_id" and "s"."id" = "o"."schedule_id"
  left
  join "runs" as "r" on "r"."account_id" = "o"."account_id" and "r"."id" = "o"."run_id"
  where "o"."account_id" = $1 and "o"."schedule_id" = $2 and "o"."created_at" >= "s"."failures_since" and ("o"."status" = 'failed' or "r"."status" in ('completed', 'failed'))
  order by "o"."created_at" desc, "o"."id" desc
  limit $3) as "results";

-- resources/schedules/queries.ts selectOccurrence
select "o"."id", "o"."schedule_id", "o"."scheduled_for", "o"."trigger", "o"."status", "o"."skip_reason", "o"."error_code", "o"."error_message", "o"."run_id", "r"."thread_id", "r"."status" as "run_status", "o"."created_at"
  from "schedule_occurrences" as "o"
  left
  join "runs" as "r" on "r"."account_id" = "o"."account_id" and "r"."id" = "o"."run_id"
  where "o"."account_id" = $1 and "o"."id" = $2;

-- resources/schedules/queries.ts selectOccurrences
select "o"."id", "o"."schedule_id", "o"."scheduled_for", "o"."trigger", "o"."status", "o"."skip_reason", "o"."error_code", "o"."error_message", "o"."run_id", "r"."thread_id", "r"."status" as "run_status", "o"."created_at"
  from "schedule_occurrences" as "o"
  left
  join "runs" as "r" on "r"."account_id" = "o"."account_id" and "r"."id" = "o"."run_id"
  where "o"."account_id" = $1 and "o"."schedule_id" = $2 and ($3::timestamptz is null or ("o"."created_at", "o"."id") < ($4::timestamptz, $5::uuid))
  order by "o"."created_at" desc, "o"."id" desc
  limit $6;

-- resources/schedules/queries.ts insertAudit
insert into "audit_logs" ("id", "account_id", "actor_user_id", "action", "target_type", "target_id", "trace_id", "metadata")
  values ($1, $2, $3, $4, 'schedule', $5, $6, $7::jsonb);

-- resources/schedules/queue.ts 1
select graphile_worker.add_job($1::text, payload := $2::json, job_key := $3::text, max_attempts := 3, flags := array[$4::text], run_at := coalesce($5::timestamptz, clock_timestamp() + $6::float8 * interval '1 second')) as "job";

-- resources/secondFactor/queries.ts selectSecondFactor
select "u"."second_factor_at" as "enabled_at", coalesce(cardinality(f.recovery_hashes), 0) as "recovery_codes_left"
  from "users" as "u"
  left
  join "second_factors" as "f" on "f"."user_id" = "u"."id"
  where "u"."id" = $1;

-- resources/secondFactor/queries.ts lockUser
select "c"."login", "u"."second_factor_at" is not null as "is_enabled", ("u"."email" is not null and "u"."email_verified_at" is null) as "is_unverified"
  from "users" as "u"
  inner
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  where "u"."id" = $1 and "u"."status" <> 'deleted'
  for no key update of "u";

-- resources/secondFactor/queries.ts upsertSecret
insert into "second_factors" ("user_id", "secret_sealed", "last_step")
  values ($1, $2, $3)
  on conflict ("user_id") do update
  set "secret_sealed" = "excluded"."secret_sealed", "last_step" = "excluded"."last_step", "recovery_hashes" = '{}'::text[];

-- resources/secondFactor/queries.ts lockSecret
select "secret_sealed", "last_step"
  from "second_factors"
  where "user_id" = $1
  for update;

-- resources/secondFactor/queries.ts consumeStep
update "second_factors"
  set "last_step" = $1
  where "user_id" = $2 and "last_step" < $3;

-- resources/secondFactor/queries.ts consumeRecoveryCode
update "second_factors"
  set "recovery_hashes" = array_remove(recovery_hashes, $1)
  where "user_id" = $2 and $3::text = any(recovery_hashes);

-- resources/secondFactor/queries.ts replaceRecoveryCodes
update "second_factors"
  set "recovery_hashes" = $1
  where "user_id" = $2;

-- resources/secondFactor/queries.ts enable
update "users"
  set "second_factor_at" = now()
  where "id" = $1;

-- resources/secondFactor/queries.ts disable
update "users"
  set "second_factor_at" = null
  where "id" = $1 and "second_factor_at" is not null;

-- resources/secondFactor/queries.ts deleteSecret
delete
  from "second_factors"
  where "user_id" = $1;

-- resources/secondFactor/queries.ts insertChallenge
insert into "sign_in_challenges" ("token_hash", "user_id", "method", "expires_at")
  values ($1, $2, $3, now() + make_interval(secs => $4));

-- resources/secondFactor/queries.ts countChallengeAttempt
update "sign_in_challenges"
  set "attempts" = "attempts" + 1
  where "token_hash" = $1 and "expires_at" > clock_timestamp() and "attempts" < $2
  returning "user_id", "method";

-- resources/secondFactor/queries.ts deleteChallenge
delete
  from "sign_in_challenges"
  where "token_hash" = $1;

-- resources/secondFactor/queries.ts deleteChallenges
delete
  from "sign_in_challenges"
  where "user_id" = $1;

-- resources/serviceKeys/queries.ts insertKey
insert into "service_keys" ("id", "user_id", "key_prefix", "key_hash", "scopes", "name", "allowed_addresses", "requests_per_minute", "expires_at")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  returning "id", "user_id", "name", "key_prefix", "scopes", "allowed_addresses", "requests_per_minute", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at", exists (select 1 as "one"
  from "users" as "u"
  where "u"."id" = "service_keys"."user_id" and "u"."status" = 'active' and "u"."is_platform_admin" = true) as "has_admin";

-- resources/serviceKeys/queries.ts selectKeys
select "id", "user_id", "name", "key_prefix", "scopes", "allowed_addresses", "requests_per_minute", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at", exists (select 1 as "one"
  from "users" as "u"
  where "u"."id" = "service_keys"."user_id" and "u"."status" = 'active' and "u"."is_platform_admin" = true) as "has_admin"
  from "service_keys"
  where ($1::timestamptz is null or ("created_at", "id") < ($2::timestamptz, $3::uuid))
  order by "created_at" desc, "id" desc
  limit $4;

-- resources/serviceKeys/queries.ts selectKey
select "id", "user_id", "name", "key_prefix", "scopes", "allowed_addresses", "requests_per_minute", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at", exists (select 1 as "one"
  from "users" as "u"
  where "u"."id" = "service_keys"."user_id" and "u"."status" = 'active' and "u"."is_platform_admin" = true) as "has_admin"
  from "service_keys"
  where "id" = $1;

-- resources/serviceKeys/queries.ts lockKey
select "id", "user_id", "name", "key_prefix", "scopes", "allowed_addresses", "requests_per_minute", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at", exists (select 1 as "one"
  from "users" as "u"
  where "u"."id" = "service_keys"."user_id" and "u"."status" = 'active' and "u"."is_platform_admin" = true) as "has_admin"
  from "service_keys"
  where "id" = $1 and "revoked_at" is null
  for update;

-- resources/serviceKeys/queries.ts updateKey
update "service_keys"
  set "name" = $1, "allowed_addresses" = $2, "requests_per_minute" = $3, "expires_at" = $4
  where "id" = $5
  returning "id", "user_id", "name", "key_prefix", "scopes", "allowed_addresses", "requests_per_minute", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at", exists (select 1 as "one"
  from "users" as "u"
  where "u"."id" = "service_keys"."user_id" and "u"."status" = 'active' and "u"."is_platform_admin" = true) as "has_admin";

-- resources/serviceKeys/queries.ts replaceSecret
update "service_keys"
  set "user_id" = $1, "key_prefix" = $2, "key_hash" = $3, "previous_key_hash" = case when $4::int > 0 then key_hash end, "previous_expires_at" = case when $5::int > 0 then now() + $6::int * interval '1 second' end, "previous_user_id" = case when $7::int > 0 then user_id end
  where "id" = $8
  returning "id", "user_id", "name", "key_prefix", "scopes", "allowed_addresses", "requests_per_minute", "expires_at", "previous_expires_at", "revoked_at", "last_used_at", "created_at", exists (select 1 as "one"
  from "users" as "u"
  where "u"."id" = "service_keys"."user_id" and "u"."status" = 'active' and "u"."is_platform_admin" = true) as "has_admin";

-- resources/serviceKeys/queries.ts revokeKey
update "service_keys"
  set "revoked_at" = now()
  where "id" = $1 and "revoked_at" is null
  returning "user_id", "name", "key_prefix";

-- resources/sessions/queries.ts selectSessions
select "s"."id", "s"."active_account_id", "s"."method", "s"."user_agent", "s"."ip", "s"."created_at", "s"."last_used_at", "t"."expires_at"
  from "sessions" as "s"
  inner
  join lateral (select "r"."expires_at"
  from "refresh_tokens" as "r"
  where "r"."session_id" = "s"."id"
  order by "r"."generation" desc
  limit 1) as "t" on "t"."expires_at" > now()
  where "s"."revoked_at" is null and "s"."user_id" = $1 and ($2::timestamptz is null or ("s"."created_at", "s"."id") < ($3::timestamptz, $4::uuid))
  order by "s"."created_at" desc, "s"."id" desc
  limit $5;

-- resources/sessions/queries.ts selectSessionId
select "id"
  from "sessions"
  where "user_id" = $1 and "id" = $2;

-- resources/sessions/queries.ts endSession
update "sessions"
  set "revoked_at" = now(), "revoke_reason" = 'logout_all'
  where "user_id" = $1 and "id" = $2 and "revoked_at" is null;

-- resources/settings/queries.ts selectSettings
select "key", "value", "updated_at"
  from "platform_settings"
  where "key" !~ '^(bootstrap|internal)[.]'
  order by "key" collate "C";

-- resources/settings/queries.ts selectValues
select "key", "value"
  from "platform_settings";

-- resources/settings/queries.ts selectSetting
select "key", "value", "updated_at"
  from "platform_settings"
  where "key" = $1;

-- resources/settings/queries.ts lockSetting
select "key", "value", "updated_at"
  from "platform_settings"
  where "key" = $1
  for update;

-- resources/settings/queries.ts acquireSettingsLock
select pg_advisory_xact_lock(hashtextextended('platform settings', 0)) as "lock";

-- resources/settings/queries.ts lockSettings
select "key", "value", "updated_at"
  from "platform_settings"
  where "key" = any($1::text[])
  order by "key"
  for update;

-- resources/settings/queries.ts upsertSetting
insert into "platform_settings" ("key", "value")
  values ($1, $2::jsonb)
  on conflict ("key") do update
  set "value" = "excluded"."value", "updated_at" = now()
  returning "key", "value", "updated_at";

-- resources/settings/queries.ts deleteSetting
delete
  from "platform_settings"
  where "key" = $1
  returning "key", "value", "updated_at";

-- resources/settings/queries.ts selectAccountEntitlements
select "e"."key", "e"."value", "e"."value_sealed", 'plan_entitlement:' || e.plan_id as "owner", null::double precision as "left_ms"
  from "subscriptions" as "s"
  inner
  join "plan_entitlements" as "e" on "e"."plan_id" = "s"."plan_id"
  where "s"."account_id" = $1 and "s"."status" = 'active'
  union all select "o"."key", "o"."value", "o"."value_sealed", 'entitlement_override:' || o.account_id as "owner", (extract(epoch
  from o.expires_at - clock_timestamp()) * 1000)::double precision as "left_ms"
  from "entitlement_overrides" as "o"
  where "o"."account_id" = $2 and ("o"."expires_at" is null or "o"."expires_at" > clock_timestamp());

-- resources/shares/queries.ts insertShare
insert into "thread_shares" ("account_id", "id", "thread_id", "created_by_user_id", "token_hash", "token_sealed", "password_hash", "live_update", "last_message_number", "hidden_message_numbers", "snapshot_turn_count") select "t"."account_id", $1::uuid as "id", "t"."id" as "thread_id", $2::uuid as "created_by_user_id", $3::text as "token_hash", $4::bytea as "token_sealed", $5::text as "password_hash", $6::boolean as "live_update", "m"."last", "m"."hidden", "m"."turns"
  from "threads" as "t"
  cross
  join lateral (select coalesce(max(m.number), 0) as "last", coalesce(array_agg(m.number) filter (where not m.visible), '{}') as "hidden", count(*) filter(where "m"."visible" = true and "m"."role" = 'user') as "turns"
  from "messages" as "m"
  where "m"."account_id" = "t"."account_id" and "m"."thread_id" = "t"."id" and "m"."role" <> 'tool') as "m"
  where "t"."account_id" = $7 and "t"."id" = $8 and "t"."created_by_user_id" = $9 and "t"."deleted_at" is null
  returning "account_id", "id", "thread_id", "token_sealed", "password_hash", "live_update", "last_message_number", "hidden_message_numbers", "snapshot_turn_count", "created_at";

-- resources/shares/queries.ts selectShares
select "page".*
  from (select "listed".*, least((cardinality(hidden_message_numbers) * 8 + 500), 2000000) as "row_bytes", (sum(least((cardinality(hidden_message_numbers) * 8 + 500), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "account_id", "id", "thread_id", "token_sealed", "password_hash", "live_update", "last_message_number", "hidden_message_numbers", "snapshot_turn_count", "created_at"
  from "thread_shares" as "s"
  where "s"."account_id" = $1 and "s"."thread_id" = $2 and ($3::timestamptz is null or ("s"."created_at", "s"."id") < ($4::timestamptz, $5::uuid))
  order by "s"."created_at" desc, "s"."id" desc
  limit $6) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/shares/queries.ts selectShareOfThread
select "id"
  from "thread_shares"
  where "account_id" = $1 and "thread_id" = $2 and "id" = $3;

-- resources/shares/queries.ts deleteShare
delete
  from "thread_shares"
  where "account_id" = $1 and "thread_id" = $2 and "id" = $3
  returning "id";

-- resources/shares/queries.ts selectShareByToken
select "s"."account_id", "s"."id", "s"."thread_id", "s"."token_sealed", "s"."password_hash", "s"."live_update", "s"."last_message_number", "s"."hidden_message_numbers", "s"."snapshot_turn_count", "s"."created_at", case when s.live_update or s.snapshot_turn_count > 0 or t.title_locked then t.title end as "title", "t"."created_at" as "thread_created_at", extract(epoch
  from now())::float8 as "now"
  from "thread_shares" as "s"
  inner
  join "threads" as "t" on "t"."account_id" = "s"."account_id" and "t"."id" = "s"."thread_id"
  inner
  join "accounts" as "a" on "a"."id" = "s"."account_id" and "a"."status" = 'active' and "a"."deleted_at" is null
  inner
  join "users" as "u" on "u"."id" = "s"."created_by_user_id" and "u"."status" = 'active'
  where "s"."token_hash" = $1 and ("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now()));

-- resources/shares/queries.ts snapshotMessage
insert into "thread_share_messages" ("account_id", "share_id", "number", "content", "content_json") select "s"."account_id", "s"."id", "m"."number", "m"."content", "m"."content_json"
  from "thread_shares" as "s"
  inner
  join "messages" as "m" on "m"."account_id" = "s"."account_id" and "m"."thread_id" = "s"."thread_id"
  where "s"."account_id" = $1 and "s"."thread_id" = $2 and "m"."id" = $3 and "s"."live_update" = false and "m"."number" <= "s"."last_message_number" and m.number <> all (s.hidden_message_numbers)
  on conflict do nothing;

-- resources/shares/queries.ts selectSharedMessages
select "page".*
  from (select "listed".*, least((coalesce(octet_length(content), 0) * case when content_json is null then 1 else 2 end + 500), 1000000) as "row_bytes", (sum(least((coalesce(octet_length(content), 0) * case when content_json is null then 1 else 2 end + 500), 1000000)) over (order by number rows unbounded preceding))::int8 as "page_bytes"
  from (select "m"."id", "m"."number", "m"."role", "m"."completion", "m"."created_at", coalesce(kept.content, m.content) as "content", case when kept.number is null then m.content_json else kept.content_json end as "content_json"
  from "thread_shares" as "s"
  left
  join "messages" as "m" on "m"."account_id" = $1 and "m"."thread_id" = $2 and "m"."role" <> 'tool' and m.number > $3 and case when $4::boolean then "m"."visible" else ("m"."number" <= $5 and "m"."number" not in (select unnest($6::integer[]) as "number")) end
  left
  join "thread_share_messages" as "kept" on "kept"."account_id" = $7 and "kept"."share_id" = $8 and "kept"."number" = "m"."number"
  where "s"."account_id" = $9 and "s"."id" = $10
  order by "m"."number"
  limit $11) as "listed") as "page"
  where page_bytes - row_bytes <= 1000000
  order by number;

-- resources/shares/queries.ts selectAttachmentReference
select "m"."id"
  from "thread_shares" as "s"
  left
  join "messages" as "m" on "m"."account_id" = $1 and "m"."thread_id" = $2 and "m"."role" <> 'tool' and true and case when $3::boolean then "m"."visible" else ("m"."number" <= $4 and "m"."number" not in (select unnest($5::integer[]) as "number")) end
  left
  join "thread_share_messages" as "kept" on "kept"."account_id" = $6 and "kept"."share_id" = $7 and "kept"."number" = "m"."number"
  where "s"."account_id" = $8 and "s"."id" = $9 and exists (select 1 as "one"
  from "thread_attachments"
  where "account_id" = $10 and "attachment_id" = $11 and "thread_id" = $12) and case when kept.number is null then m.content_json else kept.content_json end @> jsonb_build_object('parts', jsonb_build_array(jsonb_build_object('attachment', jsonb_build_object('key', $13::text))))
  limit 1;

-- resources/skills/queries.ts insertSkill
insert into "skills" ("account_id", "id", "name", "description", "file_count", "size")
  values ($1, $2, $3, $4, $5, $6)
  returning "id", "account_id", "name", "description", "is_active", "file_count", "size", "created_at", "updated_at";

-- resources/skills/queries.ts replaceSkill
update "skills"
  set "description" = $1, "file_count" = $2, "size" = $3, "updated_at" = now()
  where "account_id" = $4 and "id" = $5 and "name" = $6
  returning "id", "account_id", "name", "description", "is_active", "file_count", "size", "created_at", "updated_at";

-- resources/skills/queries.ts setActive
update "skills"
  set "is_active" = $1, "updated_at" = now()
  where "account_id" = $2 and "id" = $3
  returning "id", "account_id", "name", "description", "is_active", "file_count", "size", "created_at", "updated_at";

-- resources/skills/queries.ts deleteSkill
delete
  from "skills"
  where "account_id" = $1 and "id" = $2;

-- resources/skills/queries.ts selectPersonasWith
select distinct "persona_key"
  from "personas"
  where "account_id" = $1 and definition -> 'skills' ? $2::text
  order by "persona_key"
  limit 20;

-- resources/skills/queries.ts selectSkills
select "id", "account_id", "name", "description", "is_active", "file_count", "size", "created_at", "updated_at"
  from "skills"
  where "account_id" = $1 and ($2::timestamptz is null or ("created_at", "id") < ($3::timestamptz, $4::uuid))
  order by "created_at" desc, "id" desc
  limit $5;

-- resources/skills/queries.ts selectSkill
select "id", "account_id", "name", "description", "is_active", "file_count", "size", "created_at", "updated_at"
  from "skills"
  where "account_id" = $1 and "id" = $2;

-- resources/skills/queries.ts insertFiles
insert into "skill_files" ("account_id", "skill_id", "path", "sha256", "size", "content") select $1::uuid as "account_id", $2::uuid as "skill_id", "f"."path", "f"."sha256", octet_length(f.content) as "size", "f"."content"
  from unnest($3::text[], $4::text[], $5::bytea[]) as f (path, sha256, content);

-- resources/skills/queries.ts deleteFiles
delete
  from "skill_files"
  where "account_id" = $1 and "skill_id" = $2;

-- resources/skills/queries.ts selectFiles
select "path", "size", "sha256"
  from "skill_files"
  where "account_id" = $1 and "skill_id" = $2
  order by "path" <> 'SKILL.md', path collate "C";

-- resources/skills/queries.ts selectFile
select "path", "sha256", "content"
  from "skill_files"
  where "account_id" = $1 and "skill_id" = $2 and "path" = $3;

-- resources/skills/queries.ts selectActiveSkills
select "name", "description"
  from "skills"
  where "account_id" = $1 and "is_active" = true
  order by name collate "C";

-- resources/skills/queries.ts selectSkillFile
select "f"."content", "s"."id", (select array_agg(o.path
  order by o.path collate "C") as "paths"
  from "skill_files" as "o"
  where "o"."account_id" = "s"."account_id" and "o"."skill_id" = "s"."id") as "paths"
  from "skills" as "s"
  left
  join "skill_files" as "f" on "f"."account_id" = "s"."account_id" and "f"."skill_id" = "s"."id" and "f"."path" = $1
  where "s"."account_id" = $2 and "s"."name" = $3 and "s"."is_active" = true;

-- resources/subscriptions/queries.ts lockPlanKeyShare
select "id"
  from "plans"
  where "id" = $1
  for key share;

-- resources/subscriptions/queries.ts insertSubscription
insert into "subscriptions" ("account_id", "id", "plan_id", "current_period_start", "current_period_end")
  values ($1, $2, $3, $4, $5)
  on conflict ("account_id")
  where "status" = 'active' do nothing
  returning "id", "account_id", "plan_id", "status", "current_period_start", "current_period_end", "cancelled_at", "created_at";

-- resources/subscriptions/queries.ts selectSubscriptions
select "id", "account_id", "plan_id", "status", "current_period_start", "current_period_end", "cancelled_at", "created_at"
  from "subscriptions"
  where ($1::uuid is null or account_id = $2) and ($3::text is null or status = $4) and ($5::timestamptz is null or ("created_at", "id") < ($6::timestamptz, $7::uuid))
  order by "created_at" desc, "id" desc
  limit $8;

-- resources/subscriptions/queries.ts selectSubscription
select "id", "account_id", "plan_id", "status", "current_period_start", "current_period_end", "cancelled_at", "created_at"
  from "subscriptions"
  where ($1::uuid is null or account_id = $2) and "id" = $3;

-- resources/subscriptions/queries.ts lockSubscription
select "id", "account_id", "plan_id", "status", "current_period_start", "current_period_end", "cancelled_at", "created_at"
  from "subscriptions"
  where "account_id" = $1 and "id" = $2
  for update;

-- resources/subscriptions/queries.ts updatePeriod
update "subscriptions"
  set "current_period_start" = $1, "current_period_end" = $2
  where "account_id" = $3 and "id" = $4 and "status" = 'active'
  returning "id", "account_id", "plan_id", "status", "current_period_start", "current_period_end", "cancelled_at", "created_at";

-- resources/subscriptions/queries.ts cancelSubscription
update "subscriptions"
  set "status" = 'cancelled', "cancelled_at" = now()
  where "account_id" = $1 and "id" = $2 and "status" = 'active'
  returning "id", "account_id", "plan_id", "status", "current_period_start", "current_period_end", "cancelled_at", "created_at";

-- resources/teams/queries.ts selectTeam
select "t"."id", "t"."account_id", "t"."name", "t"."created_at", (select count(*) as "count"
  from "team_members" as "m"
  where "m"."account_id" = "t"."account_id" and "m"."team_id" = "t"."id") as "members_count"
  from "teams" as "t"
  where "t"."account_id" = $1 and "t"."id" = $2;

-- resources/teams/queries.ts selectTeams
select "t"."id", "t"."account_id", "t"."name", "t"."created_at", (select count(*) as "count"
  from "team_members" as "m"
  where "m"."account_id" = "t"."account_id" and "m"."team_id" = "t"."id") as "members_count"
  from "teams" as "t"
  where "t"."account_id" = $1 and ($2::timestamptz is null or ("t"."created_at", "t"."id") < ($3::timestamptz, $4::uuid))
  order by "t"."created_at" desc, "t"."id" desc
  limit $5;

-- resources/teams/queries.ts insertTeam
insert into "teams" ("account_id", "id", "name")
  values ($1, $2, $3)
  returning "id", "account_id", "name", 0 as "members_count", "created_at";

-- resources/teams/queries.ts lockTeam
select "id"
  from "teams"
  where "account_id" = $1 and "id" = $2
  for no key update;

-- resources/teams/queries.ts lockTeamToDelete
select "name"
  from "teams"
  where "account_id" = $1 and "id" = $2
  for update;

-- resources/teams/queries.ts releaseProjects
update "projects"
  set "team_id" = null, "visibility" = 'private'
  where "account_id" = $1 and "team_id" = $2;

-- resources/teams/queries.ts deleteTeam
delete
  from "teams"
  where "account_id" = $1 and "id" = $2;

-- resources/teams/queries.ts selectTeamMember
select "team_id", "user_id", "role", "created_at"
  from "team_members"
  where "account_id" = $1 and "team_id" = $2 and "user_id" = $3;

-- resources/teams/queries.ts selectTeamMembers
select "team_id", "user_id", "role", "created_at"
  from "team_members"
  where "account_id" = $1 and "team_id" = $2 and ($3::timestamptz is null or ("created_at", "user_id") < ($4::timestamptz, $5::uuid))
  order by "created_at" desc, "user_id" desc
  limit $6;

-- resources/teams/queries.ts countTeamMembers
select count(*) as "current"
  from "team_members"
  where "account_id" = $1 and "team_id" = $2;

-- resources/teams/queries.ts lockMembershipKeyShare
select "user_id"
  from "memberships"
  where "account_id" = $1 and "user_id" = $2
  for key share;

-- resources/teams/queries.ts insertTeamMember
insert into "team_members" ("account_id", "team_id", "user_id", "role")
  values ($1, $2, $3, $4)
  returning "team_id", "user_id", "role", "created_at";

-- resources/teams/queries.ts updateTeamMember
update "team_members"
  set "role" = $1
  where "account_id" = $2 and "team_id" = $3 and "user_id" = $4
  returning "team_id", "user_id", "role", "created_at";

-- resources/teams/queries.ts deleteTeamMember
delete
  from "team_members"
  where "account_id" = $1 and "team_id" = $2 and "user_id" = $3;

-- resources/threads/forkQueries.ts selectMessagesToCopy
select "id", "role", "number"
  from "messages"
  where "account_id" = $1 and "thread_id" = $2 and "number" <= (select "last"."number"
  from "messages" as "last"
  where "last"."account_id" = $3 and "last"."thread_id" = $4 and "last"."id" = $5 and "last"."visible" = true and "last"."role" <> 'tool') and "visible" = true
  order by "number";

-- resources/threads/forkQueries.ts selectMessagesUpTo
select "id", "role", "number"
  from "messages"
  where "account_id" = $1 and "thread_id" = $2 and "number" <= $3 and "visible" = true
  order by "number";

-- resources/threads/forkQueries.ts insertFork
insert into "threads" ("account_id", "id", "created_by_user_id", "title", "title_locked", "title_provisional", "project_id", "is_private", "expires_at", "parent_thread_id", "last_message_number") select "t"."account_id", $1::uuid as "id", $2::uuid as "created_by_user_id", "t"."title", "t"."title_locked", "t"."title_provisional", "t"."project_id", coalesce($3::boolean, t.is_private) as "is_private", case when coalesce($4::boolean, t.is_private) then now() + interval '24 hours' end as "expires_at", "t"."id" as "parent_thread_id", $5::integer as "last_message_number"
  from "threads" as "t"
  where "t"."account_id" = $6 and "t"."id" = $7
  returning "id", "account_id", "created_by_user_id", "title", "title_locked", "is_private", "expires_at", "parent_thread_id", "created_at", "updated_at", "archived_at", (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = "threads"."account_id" and "p"."id" = "threads"."project_id" and "p"."deleted_at" is null) as "project_id", (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = "threads"."account_id" and "r"."thread_id" = "threads"."id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) as "active_run_id";

-- resources/threads/forkQueries.ts copyMessages
insert into "messages" ("account_id", "thread_id", "thread_owner_id", "number", "id", "created_by_user_id", "role", "content", "content_json", "run_id", "completion", "created_at") select "m"."account_id", $1::uuid as "thread_id", $2::uuid as "thread_owner_id", "copy"."number", "copy"."id", "m"."created_by_user_id", "m"."role", "m"."content", "m"."content_json", "m"."run_id", "m"."completion", "m"."created_at"
  from unnest($3::integer[], $4::uuid[]) with ordinality as copy (old_number, id, number)
  inner
  join lateral (select *
  from "messages"
  where "account_id" = $5 and "thread_id" = $6 and "number" = "copy"."old_number"
  limit 1) as "m" on true;

-- resources/threads/queries.ts insertThread
insert into "threads" ("account_id", "id", "created_by_user_id", "title", "title_locked", "project_id", "is_private", "expires_at")
  values ($1, $2, $3, $4, $5::text is not null, $6, $7, case when $8::boolean then now() + interval '24 hours' end)
  returning "id", "account_id", "created_by_user_id", "title", "title_locked", "is_private", "expires_at", "parent_thread_id", "created_at", "updated_at", "archived_at", (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = "threads"."account_id" and "p"."id" = "threads"."project_id" and "p"."deleted_at" is null) as "project_id", (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = "threads"."account_id" and "r"."thread_id" = "threads"."id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) as "active_run_id";

-- resources/threads/queries.ts selectReadableThread
select "id", "account_id", "created_by_user_id", "title", "title_locked", "is_private", "expires_at", "parent_thread_id", "created_at", "updated_at", "archived_at", (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null) as "project_id", (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = "t"."account_id" and "r"."thread_id" = "t"."id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) as "active_run_id"
  from "threads" as "t"
  where "t"."account_id" = $1 and "t"."id" = $2 and (("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now())) and "t"."root_thread_id" is null and ("t"."created_by_user_id" = $3 or ("t"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = $4 and "p"."id" = "t"."project_id" and "p"."visibility" = 'shared' and ("p"."deleted_at" is null and ("p"."owner_user_id" = $5 or $6::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $7)))))))));

-- resources/threads/queries.ts selectThreads
select "id", "account_id", "created_by_user_id", "title", "title_locked", "is_private", "expires_at", "parent_thread_id", "created_at", "updated_at", "archived_at", (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null) as "project_id", (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = "t"."account_id" and "r"."thread_id" = "t"."id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) as "active_run_id"
  from "threads" as "t"
  where "t"."account_id" = $1 and "t"."created_by_user_id" = $2 and "t"."deleted_at" is null and "t"."is_private" = false and "t"."archived_at" is null and ($3::timestamptz is null or ("t"."updated_at", "t"."id") < ($4::timestamptz, $5::uuid))
  order by "t"."updated_at" desc, "t"."id" desc
  limit $6;

-- resources/threads/queries.ts selectArchivedThreads
select "id", "account_id", "created_by_user_id", "title", "title_locked", "is_private", "expires_at", "parent_thread_id", "created_at", "updated_at", "archived_at", (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null) as "project_id", (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = "t"."account_id" and "r"."thread_id" = "t"."id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) as "active_run_id"
  from "threads" as "t"
  where "t"."account_id" = $1 and "t"."created_by_user_id" = $2 and "t"."deleted_at" is null and "t"."is_private" = false and "t"."archived_at" is not null and ($3::timestamptz is null or ("t"."updated_at", "t"."id") < ($4::timestamptz, $5::uuid))
  order by "t"."updated_at" desc, "t"."id" desc
  limit $6;

-- resources/threads/queries.ts selectThreadsOfProject
select "id", "account_id", "created_by_user_id", "title", "title_locked", "is_private", "expires_at", "parent_thread_id", "created_at", "updated_at", "archived_at", (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null) as "project_id", (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = "t"."account_id" and "r"."thread_id" = "t"."id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) as "active_run_id"
  from "threads" as "t"
  where "t"."account_id" = $1 and "t"."created_by_user_id" = $2 and "t"."deleted_at" is null and "t"."is_private" = false and "t"."archived_at" is null and ($3::timestamptz is null or ("t"."updated_at", "t"."id") < ($4::timestamptz, $5::uuid)) and "t"."project_id" = $6
  order by "t"."updated_at" desc, "t"."id" desc
  limit $7;

-- resources/threads/queries.ts selectArchivedThreadsOfProject
select "id", "account_id", "created_by_user_id", "title", "title_locked", "is_private", "expires_at", "parent_thread_id", "created_at", "updated_at", "archived_at", (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null) as "project_id", (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = "t"."account_id" and "r"."thread_id" = "t"."id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) as "active_run_id"
  from "threads" as "t"
  where "t"."account_id" = $1 and "t"."created_by_user_id" = $2 and "t"."deleted_at" is null and "t"."is_private" = false and "t"."archived_at" is not null and ($3::timestamptz is null or ("t"."updated_at", "t"."id") < ($4::timestamptz, $5::uuid)) and "t"."project_id" = $6
  order by "t"."updated_at" desc, "t"."id" desc
  limit $7;

-- resources/threads/queries.ts updateThread
update "threads" as "t"
  set "title" = case when $1::boolean then $2 else t.title end, "title_locked" = case when $3::boolean then $4::text is not null else t.title_locked end, "title_provisional" = t.title_provisional and not $5::boolean, "updated_at" = case when $6::boolean and t.title is distinct
  from $7 then now() else t.updated_at end, "archived_at" = case $8::boolean when true then coalesce(t.archived_at, now()) when false then null else t.archived_at end, "project_id" = case when $9::boolean then $10::uuid else t.project_id end
  where "t"."account_id" = $11 and "t"."id" = $12 and "t"."created_by_user_id" = $13 and "t"."deleted_at" is null
  returning "id", "account_id", "created_by_user_id", "title", "title_locked", "is_private", "expires_at", "parent_thread_id", "created_at", "updated_at", "archived_at", (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null) as "project_id", (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = "t"."account_id" and "r"."thread_id" = "t"."id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) as "active_run_id";

-- resources/threads/queries.ts deleteThread
update "threads"
  set "deleted_at" = now()
  where "account_id" = $1 and "id" = $2 and "deleted_at" is null
  returning "id";

-- resources/threads/queries.ts deleteHiddenThreads
update "threads"
  set "deleted_at" = now()
  where "account_id" = $1 and "root_thread_id" = $2 and "deleted_at" is null
  returning "account_id", "id";

-- resources/threads/queries.ts selectActiveRun
select "id"
  from "runs"
  where "account_id" = $1 and "thread_id" = $2 and "parent_run_id" is null and "status" in ('running', 'waiting_for_input', 'cancelling');

-- resources/threads/queries.ts lockThreadShare
select "t"."id"
  from "threads" as "t"
  where "t"."account_id" = $1 and "t"."id" = $2 and ("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now()))
  for share;

-- resources/threads/queries.ts insertStar
insert into "thread_stars" ("account_id", "user_id", "thread_id")
  values ($1, $2, $3)
  on conflict do nothing;

-- resources/threads/queries.ts deleteStar
delete
  from "thread_stars"
  where "account_id" = $1 and "user_id" = $2 and "thread_id" = $3;

-- resources/threads/queries.ts selectStars
select "s"."thread_id"
  from "thread_stars" as "s"
  inner
  join "threads" as "t" on "t"."account_id" = "s"."account_id" and "t"."id" = "s"."thread_id"
  where "s"."account_id" = $1 and "s"."user_id" = $2 and (("t"."deleted_at" is null and ("t"."expires_at" is null or "t"."expires_at" > now())) and "t"."root_thread_id" is null and ("t"."created_by_user_id" = $3 or ("t"."is_private" = false and exists (select 1 as "one"
  from "projects" as "p"
  where "p"."account_id" = $4 and "p"."id" = "t"."project_id" and "p"."visibility" = 'shared' and ("p"."deleted_at" is null and ("p"."owner_user_id" = $5 or $6::boolean is true or ("p"."visibility" = 'shared' and ("p"."team_id" is null or exists (select 1 as "one"
  from "team_members" as "tm"
  where "tm"."account_id" = "p"."account_id" and "tm"."team_id" = "p"."team_id" and "tm"."user_id" = $7)))))))))
  order by "s"."created_at" desc;

-- resources/threads/removeContent.ts 1
insert into "run_event_archives" ("run_id", "account_id", "state", "claim_id") select "r"."id", "r"."account_id", 'removing' as "state", gen_random_uuid() as "claim_id"
  from "runs" as "r"
  where "r"."account_id" = $1 and "r"."thread_id" = $2
  order by "r"."id"
  on conflict ("run_id") do update
  set "state" = 'removing'
  where "run_event_archives"."state" <> 'removed';

-- resources/threads/removeContent.ts 2
delete
  from "messages"
  where "account_id" = $1 and "thread_id" = $2;

-- resources/threads/removeContent.ts 3
delete
  from "thread_shares"
  where "account_id" = $1 and "thread_id" = $2;

-- resources/threads/removeContent.ts 4
delete
  from "thread_summaries"
  where "account_id" = $1 and "thread_id" = $2;

-- resources/threads/removeContent.ts 5
delete
  from "thread_attachments"
  where "account_id" = $1 and "thread_id" = $2;

-- resources/threads/removeContent.ts 6
delete
  from "thread_stars"
  where "account_id" = $1 and "thread_id" = $2;

-- resources/threads/searchQueries.ts walkThreads
select "id", "account_id", "created_by_user_id", "title", "title_locked", "is_private", "expires_at", "parent_thread_id", "created_at", "updated_at", "archived_at", (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null) as "project_id", (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = "t"."account_id" and "r"."thread_id" = "t"."id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) as "active_run_id", "hit"."snippet", coalesce(strpos(lower("t"."title"), (select lower($1::text))) > 0, false) as "has_title", ("hit"."snippet" is null and ("t"."last_message_number" > 50 or (select 1 as "one"
  from "messages" as "m"
  where "m"."account_id" = "t"."account_id" and "m"."thread_id" = "t"."id" and ("m"."visible" = true and "m"."role" <> 'tool') and octet_length(m.content) > 20000
  limit 1) is not null)) as "is_partial"
  from "threads" as "t"
  left
  join lateral (select case when greatest(strpos(lower("m"."content"), (select lower($2::text))) - 40, 1) > 1 then '…' else '' end || substr(m.content, greatest(strpos(lower("m"."content"), (select lower($3::text))) - 40, 1), greatest(120, 40 + char_length($4::text))) || case when char_length(m.content) >= greatest(strpos(lower("m"."content"), (select lower($5::text))) - 40, 1) + greatest(120, 40 + char_length($6::text)) then '…' else '' end as "snippet"
  from "messages" as "m"
  where "m"."account_id" = "t"."account_id" and "m"."thread_id" = "t"."id" and ("m"."visible" = true and "m"."role" <> 'tool') and ("m"."number" > t.last_message_number - 50 and octet_length(m.content) <= 20000) and strpos(lower("m"."content"), (select lower($7::text))) > 0
  order by "m"."number" desc
  limit 1) as "hit" on true
  where ("t"."account_id" = $8 and "t"."created_by_user_id" = $9 and ("t"."deleted_at" is null and "t"."is_private" = false) and "t"."archived_at" is null) and ($10::timestamptz is null or ("t"."updated_at", "t"."id") < ($11::timestamptz, $12::uuid))
  order by "t"."updated_at" desc, "t"."id" desc
  limit $13;

-- resources/threads/searchQueries.ts walkArchivedThreads
select "id", "account_id", "created_by_user_id", "title", "title_locked", "is_private", "expires_at", "parent_thread_id", "created_at", "updated_at", "archived_at", (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null) as "project_id", (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = "t"."account_id" and "r"."thread_id" = "t"."id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) as "active_run_id", "hit"."snippet", coalesce(strpos(lower("t"."title"), (select lower($1::text))) > 0, false) as "has_title", ("hit"."snippet" is null and ("t"."last_message_number" > 50 or (select 1 as "one"
  from "messages" as "m"
  where "m"."account_id" = "t"."account_id" and "m"."thread_id" = "t"."id" and ("m"."visible" = true and "m"."role" <> 'tool') and octet_length(m.content) > 20000
  limit 1) is not null)) as "is_partial"
  from "threads" as "t"
  left
  join lateral (select case when greatest(strpos(lower("m"."content"), (select lower($2::text))) - 40, 1) > 1 then '…' else '' end || substr(m.content, greatest(strpos(lower("m"."content"), (select lower($3::text))) - 40, 1), greatest(120, 40 + char_length($4::text))) || case when char_length(m.content) >= greatest(strpos(lower("m"."content"), (select lower($5::text))) - 40, 1) + greatest(120, 40 + char_length($6::text)) then '…' else '' end as "snippet"
  from "messages" as "m"
  where "m"."account_id" = "t"."account_id" and "m"."thread_id" = "t"."id" and ("m"."visible" = true and "m"."role" <> 'tool') and ("m"."number" > t.last_message_number - 50 and octet_length(m.content) <= 20000) and strpos(lower("m"."content"), (select lower($7::text))) > 0
  order by "m"."number" desc
  limit 1) as "hit" on true
  where ("t"."account_id" = $8 and "t"."created_by_user_id" = $9 and ("t"."deleted_at" is null and "t"."is_private" = false) and "t"."archived_at" is not null) and ($10::timestamptz is null or ("t"."updated_at", "t"."id") < ($11::timestamptz, $12::uuid))
  order by "t"."updated_at" desc, "t"."id" desc
  limit $13;

-- resources/threads/searchQueries.ts searchIndex
select "id", "account_id", "created_by_user_id", "title", "title_locked", "is_private", "expires_at", "parent_thread_id", "created_at", "updated_at", "archived_at", (select "p"."id"
  from "projects" as "p"
  where "p"."account_id" = "t"."account_id" and "p"."id" = "t"."project_id" and "p"."deleted_at" is null) as "project_id", (select "r"."id"
  from "runs" as "r"
  where "r"."account_id" = "t"."account_id" and "r"."thread_id" = "t"."id" and "r"."parent_run_id" is null and "r"."status" in ('running', 'waiting_for_input', 'cancelling')) as "active_run_id", "hit"."snippet"
  from (select "t".*, "c"."numbers"
  from (select "c"."thread_id", array_agg(c.number) as "numbers"
  from (select "m"."thread_id", "m"."number"
  from "messages" as "m"
  where "m"."account_id" is not distinct
  from $1 and ("m"."visible" = true and "m"."role" <> 'tool') and search_keys(m.account_id, m.thread_owner_id, m.content) @> search_all_of($2::uuid, $3::uuid, $4::text) and search_keys(m.account_id, m.thread_owner_id, m.content) && search_any_of($5::uuid, $6::uuid, $7::text)
  union all select "t"."id" as "thread_id", null::integer as "number"
  from "threads" as "t"
  where ("t"."account_id" is not distinct
  from $8 and "t"."created_by_user_id" is not distinct
  from $9 and case when (("t"."deleted_at" is null and "t"."is_private" = false) and (t.archived_at is not null) = $10::boolean) then true else false end) and "t"."title" is not null and search_keys(t.account_id, t.created_by_user_id, t.title) @> search_all_of($11::uuid, $12::uuid, $13::text) and search_keys(t.account_id, t.created_by_user_id, t.title) && search_any_of($14::uuid, $15::uuid, $16::text)) as "c"
  group by "c"."thread_id") as "c"
  inner
  join lateral (select "t".*
  from "threads" as "t"
  where "t"."id" = "c"."thread_id" and ("t"."account_id" is not distinct
  from $17 and "t"."created_by_user_id" is not distinct
  from $18 and case when (("t"."deleted_at" is null and "t"."is_private" = false) and (t.archived_at is not null) = $19::boolean) then true else false end) and ($20::timestamptz is null or ("t"."updated_at", "t"."id") < ($21::timestamptz, $22::uuid))
  limit 1) as "t" on true
  order by "t"."updated_at" desc, "t"."id" desc offset 0) as "t"
  left
  join lateral (select case when greatest(strpos(lower("m"."content"), (select lower($23::text))) - 40, 1) > 1 then '…' else '' end || substr(m.content, greatest(strpos(lower("m"."content"), (select lower($24::text))) - 40, 1), greatest(120, 40 + char_length($25::text))) || case when char_length(m.content) >= greatest(strpos(lower("m"."content"), (select lower($26::text))) - 40, 1) + greatest(120, 40 + char_length($27::text)) then '…' else '' end as "snippet"
  from "messages" as "m"
  where "m"."account_id" = "t"."account_id" and "m"."thread_id" = "t"."id" and ("m"."visible" = true and "m"."role" <> 'tool') and m.number = any(t.numbers) and strpos(lower("m"."content"), (select lower($28::text))) > 0
  order by "m"."number" desc
  limit 1) as "hit" on true
  where ("hit"."snippet" is not null or strpos(lower("t"."title"), (select lower($29::text))) > 0)
  order by "t"."updated_at" desc, "t"."id" desc
  limit $30;

-- resources/toolProviders/queries.ts selectProviders
select "provider_name", "is_active", "key_prefix", "base_url"
  from "tool_providers"
  where "account_id" is not distinct
  from $1;

-- resources/toolProviders/queries.ts selectActiveProviders
select "group_name", "provider_name", "base_url", "api_key_sealed"
  from "tool_providers"
  where "account_id" is not distinct
  from $1 and "is_active" = true;

-- resources/toolProviders/queries.ts lockGroup
select pg_advisory_xact_lock(hashtextextended('tool providers ' || coalesce($1::uuid::text, 'platform') || ' ' || $2::text, 0)) as "locked";

-- resources/toolProviders/queries.ts deactivateOthers
update "tool_providers"
  set "is_active" = false
  where "account_id" is not distinct
  from $1 and "group_name" = $2 and "provider_name" <> $3 and "is_active" = true;

-- resources/toolProviders/queries.ts activate
insert into "tool_providers" ("account_id", "group_name", "provider_name", "is_active")
  values ($1, $2, $3, true)
  on conflict ("account_id", "provider_name") do update
  set "is_active" = true;

-- resources/toolProviders/queries.ts deactivate
update "tool_providers"
  set "is_active" = false
  where "account_id" is not distinct
  from $1 and "provider_name" = $2 and "is_active" = true;

-- resources/toolProviders/queries.ts upsertCredential
insert into "tool_providers" ("account_id", "group_name", "provider_name", "key_prefix", "api_key_sealed", "base_url")
  values ($1, $2, $3, $4, $5, $6)
  on conflict ("account_id", "provider_name") do update
  set "key_prefix" = coalesce("excluded"."key_prefix", "tool_providers"."key_prefix"), "api_key_sealed" = coalesce("excluded"."api_key_sealed", "tool_providers"."api_key_sealed"), "base_url" = coalesce("excluded"."base_url", "tool_providers"."base_url");

-- resources/toolProviders/queries.ts clearKey
update "tool_providers"
  set "key_prefix" = null, "api_key_sealed" = null
  where "account_id" is not distinct
  from $1 and "provider_name" = $2 and "api_key_sealed" is not null;

-- resources/usage/export.ts 1
select "account_id", "run_id", "usage_type", "model", "user_id", "input_tokens", "output_tokens", "cache_creation_input_tokens" as "cache_creation_tokens", "cache_read_input_tokens" as "cache_read_tokens", "cached_tokens", "cost_usd", "shortfall", "estimated", "recorded_at"
  from "usage_records"
  where "recorded_at" >= $1::date and "recorded_at" < $2::date + 1 and (recorded_at, run_id, usage_type) < ($3::timestamptz, $4::uuid, $5::text) and "account_id" = $6
  order by "recorded_at" desc, "run_id" desc, "usage_type" desc
  limit $7;

-- resources/usage/export.ts 2
select "account_id", "run_id", "usage_type", "model", "user_id", "input_tokens", "output_tokens", "cache_creation_input_tokens" as "cache_creation_tokens", "cache_read_input_tokens" as "cache_read_tokens", "cached_tokens", "cost_usd", "shortfall", "estimated", "recorded_at"
  from "usage_records"
  where "recorded_at" >= $1::date and "recorded_at" < $2::date + 1 and (recorded_at, run_id, usage_type) < ($3::timestamptz, $4::uuid, $5::text)
  order by "recorded_at" desc, "run_id" desc, "usage_type" desc
  limit $6;

-- resources/usage/queries.ts 1
select coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count", coalesce(sum(u.cache_creation_input_tokens), 0) as "cache_creation_tokens", coalesce(sum(u.cache_read_input_tokens), 0) as "cache_read_tokens", coalesce(sum(u.cached_tokens), 0) as "cached_tokens"
  from "usage_rollups" as "u"
  where ("u"."account_id" = $1 and "u"."user_id" = $2 and "u"."grain" = 'month' and "u"."starts_at" >= $3::date and "u"."starts_at" < $4::date + 1 and "u"."record_count" > 0);

-- resources/usage/queries.ts 2
select to_char(u.starts_at, 'YYYY-MM-DD') as "date", coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count"
  from "usage_rollups" as "u"
  where ("u"."account_id" = $1 and "u"."user_id" = $2 and "u"."grain" = 'hour' and "u"."starts_at" >= $3::date and "u"."starts_at" < $4::date + 1 and "u"."record_count" > 0)
  group by 1
  order by 1;

-- resources/usage/queries.ts 3
select "u"."starts_at" as "hour", coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count"
  from "usage_rollups" as "u"
  where ("u"."account_id" = $1 and "u"."user_id" = $2 and "u"."grain" = 'hour' and "u"."starts_at" >= $3::date and "u"."starts_at" < $4::date + 1 and "u"."record_count" > 0)
  group by "u"."starts_at"
  order by "u"."starts_at";

-- resources/usage/queries.ts 4
select "u"."model", coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count", coalesce(sum(u.cache_creation_input_tokens), 0) as "cache_creation_tokens", coalesce(sum(u.cache_read_input_tokens), 0) as "cache_read_tokens", coalesce(sum(u.cached_tokens), 0) as "cached_tokens"
  from "usage_rollups" as "u"
  where ("u"."account_id" = $1 and "u"."user_id" = $2 and "u"."grain" = 'month' and "u"."starts_at" >= $3::date and "u"."starts_at" < $4::date + 1 and "u"."record_count" > 0)
  group by "u"."model"
  order by sum(u.input_tokens) + sum(u.output_tokens) desc, u.model collate "C";

-- resources/usage/queries.ts 5
select coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count", coalesce(sum(u.cache_creation_input_tokens), 0) as "cache_creation_tokens", coalesce(sum(u.cache_read_input_tokens), 0) as "cache_read_tokens", coalesce(sum(u.cached_tokens), 0) as "cached_tokens"
  from "usage_rollups" as "u"
  where ("u"."account_id" = $1 and "u"."grain" = 'month' and "u"."starts_at" >= $2::date and "u"."starts_at" < $3::date + 1 and "u"."record_count" > 0);

-- resources/usage/queries.ts 6
select to_char(u.starts_at, 'YYYY-MM-DD') as "date", coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count"
  from "usage_rollups" as "u"
  where ("u"."account_id" = $1 and "u"."grain" = 'hour' and "u"."starts_at" >= $2::date and "u"."starts_at" < $3::date + 1 and "u"."record_count" > 0)
  group by 1
  order by 1;

-- resources/usage/queries.ts 7
select "u"."starts_at" as "hour", coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count"
  from "usage_rollups" as "u"
  where ("u"."account_id" = $1 and "u"."grain" = 'hour' and "u"."starts_at" >= $2::date and "u"."starts_at" < $3::date + 1 and "u"."record_count" > 0)
  group by "u"."starts_at"
  order by "u"."starts_at";

-- resources/usage/queries.ts 8
select "u"."model", coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count", coalesce(sum(u.cache_creation_input_tokens), 0) as "cache_creation_tokens", coalesce(sum(u.cache_read_input_tokens), 0) as "cache_read_tokens", coalesce(sum(u.cached_tokens), 0) as "cached_tokens"
  from "usage_rollups" as "u"
  where ("u"."account_id" = $1 and "u"."grain" = 'month' and "u"."starts_at" >= $2::date and "u"."starts_at" < $3::date + 1 and "u"."record_count" > 0)
  group by "u"."model"
  order by sum(u.input_tokens) + sum(u.output_tokens) desc, u.model collate "C";

-- resources/usage/queries.ts 9
select coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count", coalesce(sum(u.cache_creation_input_tokens), 0) as "cache_creation_tokens", coalesce(sum(u.cache_read_input_tokens), 0) as "cache_read_tokens", coalesce(sum(u.cached_tokens), 0) as "cached_tokens"
  from "platform_usage_rollups" as "u"
  where ("u"."grain" = 'month' and "u"."starts_at" >= $1::date and "u"."starts_at" < $2::date + 1 and "u"."record_count" > 0);

-- resources/usage/queries.ts 10
select to_char(u.starts_at, 'YYYY-MM-DD') as "date", coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count"
  from "platform_usage_rollups" as "u"
  where ("u"."grain" = 'hour' and "u"."starts_at" >= $1::date and "u"."starts_at" < $2::date + 1 and "u"."record_count" > 0)
  group by 1
  order by 1;

-- resources/usage/queries.ts 11
select "u"."starts_at" as "hour", coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count"
  from "platform_usage_rollups" as "u"
  where ("u"."grain" = 'hour' and "u"."starts_at" >= $1::date and "u"."starts_at" < $2::date + 1 and "u"."record_count" > 0)
  group by "u"."starts_at"
  order by "u"."starts_at";

-- resources/usage/queries.ts 12
select "u"."model", coalesce(sum(u.input_tokens), 0) as "input_tokens", coalesce(sum(u.output_tokens), 0) as "output_tokens", coalesce(sum(u.cost_usd), 0) as "cost_usd", coalesce(sum(u.record_count), 0) as "record_count", coalesce(sum(u.cache_creation_input_tokens), 0) as "cache_creation_tokens", coalesce(sum(u.cache_read_input_tokens), 0) as "cache_read_tokens", coalesce(sum(u.cached_tokens), 0) as "cached_tokens"
  from "platform_usage_rollups" as "u"
  where ("u"."grain" = 'month' and "u"."starts_at" >= $1::date and "u"."starts_at" < $2::date + 1 and "u"."record_count" > 0)
  group by "u"."model"
  order by sum(u.input_tokens) + sum(u.output_tokens) desc, u.model collate "C";

-- resources/usage/queries.ts selectCompletionUsage
select "c"."api_key_id", "c"."model", coalesce(sum((c.usage ->> 'input_tokens')::bigint), 0) as "input_tokens", coalesce(sum((c.usage ->> 'output_tokens')::bigint), 0) as "output_tokens", coalesce(sum(c.cost_usd), 0) as "cost_usd", count(*) as "record_count"
  from "chat_completions" as "c"
  where "c"."account_id" = $1 and "c"."status" <> 'running' and "c"."usage" is not null and "c"."ended_at" >= $2::date and "c"."ended_at" < $3::date + 1
  group by "c"."api_key_id", "c"."model"
  order by sum((c.usage ->> 'input_tokens')::bigint) + sum((c.usage ->> 'output_tokens')::bigint) desc, c.model collate "C", "c"."api_key_id";

-- resources/users/queries.ts selectUsers
select "u"."id", "c"."login", "u"."username", "u"."email", "u"."email_verified_at", "u"."status", "u"."locale", "u"."timezone", "u"."is_platform_admin", "u"."last_login_at", "u"."created_at", "c"."user_id" is not null as "is_person"
  from "users" as "u"
  left
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  where "u"."status" <> 'deleted' and ($1::text is null or "u"."username" ilike $2::text or "c"."login" ilike $3::text or "u"."email" ilike $4::text or "c"."login_key" like $5::text or "u"."email_key" like $6::text) and ($7::text is null or "u"."status" = $8::text) and ($9::timestamptz is null or ("u"."created_at", "u"."id") < ($10::timestamptz, $11::uuid))
  order by "u"."created_at" desc, "u"."id" desc
  limit $12;

-- resources/users/queries.ts selectUser
select "u"."id", "c"."login", "u"."username", "u"."email", "u"."email_verified_at", "u"."status", "u"."locale", "u"."timezone", "u"."is_platform_admin", "u"."last_login_at", "u"."created_at", "c"."user_id" is not null as "is_person"
  from "users" as "u"
  left
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  where "u"."status" <> 'deleted' and "u"."id" = $1;

-- resources/users/queries.ts lockUser
select "u"."id", "c"."login", "u"."username", "u"."email", "u"."email_verified_at", "u"."status", "u"."locale", "u"."timezone", "u"."is_platform_admin", "u"."last_login_at", "u"."created_at", "c"."user_id" is not null as "is_person"
  from "users" as "u"
  left
  join "credentials" as "c" on "c"."user_id" = "u"."id"
  where "u"."status" <> 'deleted' and "u"."id" = $1
  for no key update of "u";

-- resources/users/queries.ts selectAccounts
select "a"."id" as "account_id", "a"."name", "a"."type", "m"."role"
  from "memberships" as "m"
  inner
  join "accounts" as "a" on "a"."id" = "m"."account_id" and "a"."deleted_at" is null
  where "m"."user_id" = $1
  order by "m"."created_at" desc, "a"."id" desc;

-- resources/users/queries.ts acquireUserAdministrationLock
select pg_advisory_xact_lock(hashtextextended('administration of users', 0)) as "turn";

-- resources/users/queries.ts selectAdmins
select count(*) filter(where "id" <> $1) as "others", coalesce(bool_or("id" = $2), false) as "with_actor"
  from "users"
  where "is_platform_admin" = true and "status" = 'active';

-- resources/users/queries.ts isActive
select "id"
  from "users"
  where "id" = $1 and "status" = 'active';

-- resources/users/queries.ts updateUser
update "users"
  set "status" = $1, "username" = $2, "locale" = $3, "timezone" = $4, "is_platform_admin" = $5
  where "id" = $6;

-- resources/users/queries.ts updateEmail
update "users"
  set "email" = $1, "email_key" = $2, "email_skeleton" = $3
  where "id" = $4;

-- resources/users/queries.ts markDeleted
update "users"
  set "status" = 'deleted', "email" = null, "email_key" = null, "email_skeleton" = null, "is_platform_admin" = false
  where "id" = $1;

-- resources/users/queries.ts deleteCredential
delete
  from "credentials"
  where "user_id" = $1;

-- resources/users/queries.ts deleteVerification
delete
  from "email_verifications"
  where "user_id" = $1;

-- resources/users/queries.ts forgetEndUsers
update "chat_completions"
  set "end_user" = null, "metadata" = null
  where "created_by_user_id" = $1 and ("end_user" is not null or "metadata" is not null);

-- resources/users/queries.ts endSessions
update "sessions"
  set "revoked_at" = now(), "revoke_reason" = $1
  where "user_id" = $2 and "revoked_at" is null;

-- resources/users/queries.ts selectOpenRuns
select "r"."id", "r"."account_id"
  from "runs" as "r"
  where "r"."created_by_user_id" = $1 and "r"."status" in ('running', 'waiting_for_input')
  order by "r"."id";

-- resources/users/queries.ts lockAccounts
select "a"."id"
  from "memberships" as "m"
  inner
  join "accounts" as "a" on "a"."id" = "m"."account_id" and "a"."deleted_at" is null
  where "m"."user_id" = $1
  order by "a"."id"
  for no key update of "a";

-- resources/users/queries.ts selectMemberships
select "m"."account_id", "a"."type", "m"."role", count("o"."user_id") as "others", count(*) filter(where "o"."role" = 'admin') as "other_admins"
  from "memberships" as "m"
  inner
  join "accounts" as "a" on "a"."id" = "m"."account_id" and "a"."deleted_at" is null
  left
  join "memberships" as "o" on "o"."account_id" = "m"."account_id" and "o"."user_id" <> "m"."user_id"
  where "m"."user_id" = $1
  group by "m"."account_id", "a"."type", "m"."role"
  order by "m"."account_id";

-- resources/users/resetQueries.ts deletePassword
update "credentials"
  set "password_hash" = null, "updated_at" = now()
  where "user_id" = $1;

-- resources/users/resetQueries.ts endSessions
update "sessions"
  set "revoked_at" = now(), "revoke_reason" = 'address_verified'
  where "user_id" = $1 and "id" is distinct
  from $2::uuid and "revoked_at" is null;

-- resources/users/resetQueries.ts revokeKeys
update "api_keys"
  set "revoked_at" = now()
  where "user_id" = $1 and "revoked_at" is null;

-- resources/users/resetQueries.ts deleteInvitations
delete
  from "invitations"
  where "invited_by_user_id" = $1 and "accepted_at" is null;

-- resources/users/resetQueries.ts deleteShares
delete
  from "thread_shares"
  where "created_by_user_id" = $1;

-- resources/users/resetQueries.ts selectActiveSchedules
select "s"."id", "s"."account_id"
  from "memberships" as "m"
  inner
  join "schedules" as "s" on "s"."account_id" = "m"."account_id" and "s"."created_by_user_id" = "m"."user_id"
  where "m"."user_id" = $1 and "s"."status" = 'active'
  order by "s"."id"
  for update of "s";

-- resources/users/resetQueries.ts selectNotificationTarget
select "a"."id" as "home", "u"."email", "u"."locale", (select count(*) as "count"
  from "memberships" as "m"
  inner
  join "accounts" as "s" on "s"."id" = "m"."account_id" and "s"."deleted_at" is null
  where "m"."user_id" = "u"."id" and exists (select 1 as "one"
  from "memberships" as "o"
  where "o"."account_id" = "m"."account_id" and "o"."user_id" <> "u"."id")) as "shared_accounts"
  from "users" as "u"
  inner
  join "accounts" as "a" on "a"."owner_user_id" = "u"."id" and "a"."type" = 'personal'
  where "u"."id" = $1;

-- resources/users/resetQueries.ts selectOwnAccounts
select "m"."account_id"
  from "memberships" as "m"
  where "m"."user_id" = $1 and not exists (select 1 as "one"
  from "memberships" as "o"
  where "o"."account_id" = "m"."account_id" and "o"."user_id" <> "m"."user_id")
  order by "m"."account_id";

-- resources/users/resetQueries.ts 9
update "webhook_endpoints"
  set "enabled" = false, "disabled_reason" = 'manual', "previous_secret_sealed" = null, "previous_secret_expires_at" = null
  where "account_id" = $1 and "enabled" = true;

-- resources/users/resetQueries.ts 10
update "webhook_replays"
  set "status" = 'cancelled', "ended_at" = now()
  where "account_id" = $1 and "status" = 'running';

-- resources/users/resetQueries.ts 11
update "mcp_configs"
  set "is_active" = false, "revision" = "revision" + 1, "updated_at" = now()
  where "account_id" = $1 and "is_active" = true;

-- resources/users/resetQueries.ts 12
update "tool_providers"
  set "is_active" = false
  where "account_id" = $1 and "is_active" = true;

-- resources/users/resetQueries.ts 13
update "personas"
  set "is_active" = false, "updated_at" = now()
  where "account_id" = $1 and "is_active" = true;

-- resources/users/resetQueries.ts 14
update "skills"
  set "is_active" = false, "updated_at" = now()
  where "account_id" = $1 and "is_active" = true;

-- resources/users/resetQueries.ts 15
delete
  from "llm_providers"
  where "account_id" = $1;

-- resources/users/resetQueries.ts 16
delete
  from "asr_credentials"
  where "account_id" = $1;

-- resources/users/resetQueries.ts 17
delete
  from "ip_rules"
  where "account_id" = $1;

-- resources/webhooks/outbox.ts 1
with "message" as (insert into "webhook_messages" ("account_id", "id", "event_type", "body")
  values ($1, $2, $3, $4)
  on conflict do nothing
  returning "account_id", "id", "event_type"), "delivery" as (insert into "webhook_deliveries" ("account_id", "id", "endpoint_id", "message_id", "event_type", "next_attempt_at") select "m"."account_id", "new"."id", "new"."endpoint_id", "m"."id" as "message_id", "m"."event_type", now() as "next_attempt_at"
  from "message" as "m"
  cross
  join unnest($5::uuid[], $6::uuid[]) as new (id, endpoint_id)
  returning "id") select pg_notify('arkloop_webhooks', '') as "notified"
  from (select "id"
  from "delivery"
  limit 1) as "one";

-- resources/webhooks/outbox.ts 2
select pg_notify('arkloop_webhooks', '') as "notified";

-- resources/webhooks/queries.ts lockAccount
select "id"
  from "accounts"
  where "id" = $1 and "deleted_at" is null
  for no key update;

-- resources/webhooks/queries.ts insertEndpoint
insert into "webhook_endpoints" ("account_id", "id", "url", "events", "filter_project_ids", "filter_persona_ids", "header_names", "headers_sealed", "secret_sealed", "secret_prefix")
  values ($1, $2, $3, $4, $5::uuid[], $6, $7, $8, $9, $10)
  returning "id", "account_id", "url", "events", "enabled", "disabled_reason", "filter_project_ids", "filter_persona_ids", "header_names", "secret_prefix", case when previous_secret_expires_at > now() then previous_secret_expires_at end as "previous_secret_expires_at", "created_at";

-- resources/webhooks/queries.ts selectEndpoints
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("url"::text), 0) + coalesce(octet_length("filter_project_ids"::text), 0) + coalesce(octet_length("filter_persona_ids"::text), 0) + coalesce(octet_length("header_names"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("url"::text), 0) + coalesce(octet_length("filter_project_ids"::text), 0) + coalesce(octet_length("filter_persona_ids"::text), 0) + coalesce(octet_length("header_names"::text), 0)), 2000000)) over (order by created_at desc, id desc rows unbounded preceding))::int8 as "page_bytes"
  from (select "id", "account_id", "url", "events", "enabled", "disabled_reason", "filter_project_ids", "filter_persona_ids", "header_names", "secret_prefix", case when previous_secret_expires_at > now() then previous_secret_expires_at end as "previous_secret_expires_at", "created_at"
  from "webhook_endpoints"
  where "account_id" = $1 and ($2::timestamptz is null or ("created_at", "id") < ($3::timestamptz, $4::uuid))
  order by "created_at" desc, "id" desc
  limit $5) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by created_at desc, id desc;

-- resources/webhooks/queries.ts selectEndpoint
select "id", "account_id", "url", "events", "enabled", "disabled_reason", "filter_project_ids", "filter_persona_ids", "header_names", "secret_prefix", case when previous_secret_expires_at > now() then previous_secret_expires_at end as "previous_secret_expires_at", "created_at"
  from "webhook_endpoints"
  where "account_id" = $1 and "id" = $2;

-- resources/webhooks/queries.ts lockUrl
select "url"
  from "webhook_endpoints"
  where "account_id" = $1 and "id" = $2
  for no key update;

-- resources/webhooks/queries.ts updateEndpoint
update "webhook_endpoints"
  set "url" = coalesce($1, url), "events" = coalesce($2, events), "filter_project_ids" = coalesce($3::uuid[], filter_project_ids), "filter_persona_ids" = coalesce($4::text[], filter_persona_ids), "header_names" = coalesce($5::text[], header_names), "headers_sealed" = case when $6::text[] is null then headers_sealed else $7::bytea end, "enabled" = coalesce($8::boolean, enabled), "disabled_reason" = case when $9::boolean then null when not $10::boolean and enabled then 'manual' else disabled_reason end, "consecutive_failures" = case when $11::boolean then 0 else consecutive_failures end
  where "account_id" = $12 and "id" = $13
  returning "id", "account_id", "url", "events", "enabled", "disabled_reason", "filter_project_ids", "filter_persona_ids", "header_names", "secret_prefix", case when previous_secret_expires_at > now() then previous_secret_expires_at end as "previous_secret_expires_at", "created_at";

-- resources/webhooks/queries.ts deleteEndpoint
delete
  from "webhook_endpoints"
  where "account_id" = $1 and "id" = $2;

-- resources/webhooks/queries.ts deleteEndpointsOf
delete
  from "webhook_endpoints"
  where "account_id" = $1;

-- resources/webhooks/queries.ts rotateSecret
update "webhook_endpoints"
  set "secret_sealed" = $1, "secret_prefix" = $2, "previous_secret_sealed" = case when $3::int > 0 then secret_sealed end, "previous_secret_expires_at" = case when $4::int > 0 then now() + $5::int * interval '1 second' end
  where "account_id" = $6 and "id" = $7
  returning "id", "account_id", "url", "events", "enabled", "disabled_reason", "filter_project_ids", "filter_persona_ids", "header_names", "secret_prefix", case when previous_secret_expires_at > now() then previous_secret_expires_at end as "previous_secret_expires_at", "created_at";

-- resources/webhooks/queries.ts failPendingDeliveries
update "webhook_deliveries" as "d"
  set "status" = 'failed', "error" = 'endpoint_disabled', "next_attempt_at" = null, "claim_id" = null, "claimed_until" = null
  where "d"."account_id" = $1 and "d"."id" in (select "w"."id"
  from "webhook_deliveries" as "w"
  where "w"."account_id" = $2 and "w"."endpoint_id" = $3 and "w"."status" = 'pending' and ("w"."claimed_until" is null or "w"."claimed_until" < clock_timestamp())
  for update skip locked);

-- resources/webhooks/queries.ts selectDeliveries
select "id", "endpoint_id", "account_id", "message_id", "event_type", "status", "attempts", "last_attempt_at", "next_attempt_at", "response_status", "response_body", "error", "redelivery_of", "is_test", "created_at"
  from "webhook_deliveries"
  where "account_id" = $1 and "endpoint_id" = $2 and ($3::text is null or "status" = $4) and ($5::text is null or "event_type" = $6) and ($7::timestamptz is null or ("created_at", "id") < ($8::timestamptz, $9::uuid))
  order by "created_at" desc, "id" desc
  limit $10;

-- resources/webhooks/queries.ts selectDelivery
select "id", "endpoint_id", "account_id", "message_id", "event_type", "status", "attempts", "last_attempt_at", "next_attempt_at", "response_status", "response_body", "error", "redelivery_of", "is_test", "created_at"
  from "webhook_deliveries"
  where "account_id" = $1 and "endpoint_id" = $2 and "id" = $3;

-- resources/webhooks/queries.ts selectDetail
select "m"."body", "d"."attempt_log"
  from "webhook_deliveries" as "d"
  inner
  join "webhook_messages" as "m" on "m"."account_id" = "d"."account_id" and "m"."id" = "d"."message_id"
  where "d"."account_id" = $1 and "d"."id" = $2;

-- resources/webhooks/queries.ts lockEndpoint
select "enabled"
  from "webhook_endpoints"
  where "account_id" = $1 and "id" = $2
  for share;

-- resources/webhooks/queries.ts insertRedelivery
insert into "webhook_deliveries" ("account_id", "id", "endpoint_id", "message_id", "event_type", "next_attempt_at", "redelivery_of", "is_test") select "d"."account_id", $1::uuid as "id", "d"."endpoint_id", "d"."message_id", "d"."event_type", now() as "next_attempt_at", "d"."id" as "redelivery_of", "d"."is_test"
  from "webhook_deliveries" as "d"
  where "d"."account_id" = $2 and "d"."endpoint_id" = $3 and "d"."id" = $4 and "d"."status" <> 'pending'
  returning "id", "endpoint_id", "account_id", "message_id", "event_type", "status", "attempts", "last_attempt_at", "next_attempt_at", "response_status", "response_body", "error", "redelivery_of", "is_test", "created_at";

-- resources/webhooks/queries.ts insertTestDelivery
with "message" as (insert into "webhook_messages" ("account_id", "id", "event_type", "body")
  values ($1, $2, $3, $4)
  returning "account_id", "id", "event_type") insert into "webhook_deliveries" ("account_id", "id", "endpoint_id", "message_id", "event_type", "next_attempt_at", "is_test") select "m"."account_id", $5::uuid as "id", $6::uuid as "endpoint_id", "m"."id" as "message_id", "m"."event_type", now() as "next_attempt_at", true as "is_test"
  from "message" as "m"
  returning "id", "endpoint_id", "account_id", "message_id", "event_type", "status", "attempts", "last_attempt_at", "next_attempt_at", "response_status", "response_body", "error", "redelivery_of", "is_test", "created_at";

-- resources/webhooks/queries.ts selectSubscribers
select "e"."id" as "endpoint_id"
  from "webhook_endpoints" as "e"
  where "e"."account_id" = $1 and "e"."enabled" = true and $2 = any (e.events)
  order by "e"."id"
  for key share of "e";

-- resources/webhooks/queries.ts selectSubscribed
select "r"."id", "r"."account_id", "r"."thread_id", "r"."parent_run_id", "r"."resume_from_run_id", "r"."created_by_user_id", "r"."status", "r"."trace_id", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", "r"."model", "r"."persona_id", "r"."next_seq", "r"."total_input_tokens", "r"."total_output_tokens", "r"."total_cost_usd", "r"."usage_estimated", "r"."cache_hit_rate", "r"."error", "r"."created_at", "r"."completed_at", "r"."failed_at", "r"."cancelled_at", "e"."id" as "endpoint_id", coalesce((select -sum("c"."amount") as "sum"
  from "credit_transactions" as "c"
  where "c"."account_id" = "r"."account_id" and "c"."reference_type" = 'run' and "c"."reference_id" = "r"."id" and "c"."type" = 'debit'), 0) as "credits_used"
  from "runs" as "r"
  inner
  join "webhook_endpoints" as "e" on "e"."account_id" = "r"."account_id"
  where "r"."account_id" = $1 and "r"."id" = $2 and "r"."parent_run_id" is null and "e"."enabled" = true and 'run.' || r.status = any (e.events) and (e.filter_persona_ids = '{}' or coalesce(r.persona_id, split_part(r.requested_persona_id, '@', 1)) = any (e.filter_persona_ids)) and (e.filter_project_ids = '{}' or exists (select 1 as "one"
  from "threads" as "t"
  where "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id" and t.project_id = any (e.filter_project_ids)))
  order by "e"."id"
  for key share of "e";

-- resources/webhooks/replayQueries.ts countReplayed
select count(*)::int as "total"
  from (select 1 as "one"
  from "webhook_deliveries" as "d"
  where "d"."account_id" = $1 and "d"."endpoint_id" = $2 and "d"."created_at" >= $3 and "d"."created_at" < least(coalesce($4::timestamptz, now()), now()) and d.redelivery_of is null and not d.is_test and d.status <> 'pending' and not ($5::boolean and (d.status <> 'failed' or exists (select 1 as "one"
  from "webhook_deliveries" as "o"
  where "o"."account_id" = "d"."account_id" and "o"."message_id" = "d"."message_id" and "o"."endpoint_id" = "d"."endpoint_id" and "o"."status" <> 'failed')))
  limit $6) as "matching";

-- resources/webhooks/replayQueries.ts insertReplay
insert into "webhook_replays" ("account_id", "endpoint_id", "since", "until", "only_failed", "total", "cursor_at", "cursor_id")
  values ($1, $2, $3, least(coalesce($4::timestamptz, now()), now()), $5, $6, $7, '00000000-0000-0000-0000-000000000000'::uuid)
  on conflict ("account_id", "endpoint_id") do update
  set "status" = 'running', "since" = "excluded"."since", "until" = "excluded"."until", "only_failed" = "excluded"."only_failed", "total" = "excluded"."total", "queued" = 0, "cursor_at" = "excluded"."cursor_at", "cursor_id" = "excluded"."cursor_id", "created_at" = now(), "ended_at" = null
  where "webhook_replays"."status" <> 'running'
  returning "account_id", "endpoint_id", "status", "since", "until", "only_failed", "total", "queued", "created_at", "ended_at";

-- resources/webhooks/replayQueries.ts selectReplay
select "account_id", "endpoint_id", "status", "since", "until", "only_failed", "total", "queued", "created_at", "ended_at"
  from "webhook_replays"
  where "account_id" = $1 and "endpoint_id" = $2;

-- resources/webhooks/replayQueries.ts lockStage
select "endpoint_id"
  from "webhook_replays"
  where "account_id" = $1 and "endpoint_id" = $2 and "status" = 'running' and "created_at" = $3 and "cursor_id" = $4
  for update skip locked;

-- resources/webhooks/replayQueries.ts selectReplayed
select "d"."id", "d"."created_at"
  from "webhook_deliveries" as "d"
  where "d"."account_id" = $1 and "d"."endpoint_id" = $2 and "d"."created_at" < $3 and (d.created_at, d.id) > ($4::timestamptz, $5::uuid) and d.redelivery_of is null and not d.is_test and d.status <> 'pending' and not ($6::boolean and (d.status <> 'failed' or exists (select 1 as "one"
  from "webhook_deliveries" as "o"
  where "o"."account_id" = "d"."account_id" and "o"."message_id" = "d"."message_id" and "o"."endpoint_id" = "d"."endpoint_id" and "o"."status" <> 'failed')))
  order by "d"."created_at", "d"."id"
  limit $7;

-- resources/webhooks/replayQueries.ts insertReplayed
insert into "webhook_deliveries" ("account_id", "id", "endpoint_id", "message_id", "event_type", "next_attempt_at", "redelivery_of") select "d"."account_id", "n"."id", "d"."endpoint_id", "d"."message_id", "d"."event_type", greatest(now(), (select "next_attempt_at"
  from "webhook_deliveries"
  where "account_id" = $1 and "endpoint_id" = $2 and "status" = 'pending' and "redelivery_of" is not null and "attempts" = 0
  order by "next_attempt_at" desc
  limit 1)) + n.place * interval '1 ms' as "next_attempt_at", "d"."id" as "redelivery_of"
  from unnest($3::uuid[], $4::uuid[]) with ordinality as n (original, id, place)
  inner
  join "webhook_deliveries" as "d" on "d"."account_id" = $5 and "d"."id" = "n"."original";

-- resources/webhooks/replayQueries.ts updateProgress
update "webhook_replays"
  set "status" = $1, "queued" = "queued" + $2, "cursor_at" = coalesce($3::timestamptz, cursor_at), "cursor_id" = coalesce($4::uuid, cursor_id), "ended_at" = case when $5::text <> 'running' then now() end
  where "account_id" = $6 and "endpoint_id" = $7 and "status" = 'running';

-- resources/webhooks/replayQueries.ts cancelReplay
update "webhook_replays"
  set "status" = 'cancelled', "ended_at" = now()
  where "account_id" = $1 and "endpoint_id" = $2 and "status" = 'running';

-- resources/webhooks/sending/deleteExpired.ts 1
delete
  from "webhook_deliveries"
  where ctid = any (array( select ctid
  from "webhook_deliveries"
  where true and created_at < now() - $1 * interval '1 day'
  order by created_at
  limit $2)) and true and created_at < now() - $3 * interval '1 day';

-- resources/webhooks/sending/deleteExpired.ts 2
delete
  from "webhook_messages"
  where ctid = any (array( select ctid
  from "webhook_messages"
  where not exists (select 1
  from webhook_deliveries as d
  where d.account_id = webhook_messages.account_id and d.message_id = webhook_messages.id offset 0) and created_at < now() - $1 * interval '1 day'
  order by created_at
  limit $2)) and not exists (select 1
  from webhook_deliveries as d
  where d.account_id = webhook_messages.account_id and d.message_id = webhook_messages.id offset 0) and created_at < now() - $3 * interval '1 day';

-- resources/webhooks/sending/deleteExpired.ts 3
update "webhook_endpoints"
  set "previous_secret_sealed" = null, "previous_secret_expires_at" = null
  where "previous_secret_expires_at" < now();

-- resources/webhooks/sending/queries.ts selectPending
select 1 as "one"
  from "webhook_deliveries"
  where "status" = 'pending'
  order by "account_id", "endpoint_id"
  limit 1;

-- resources/webhooks/sending/queries.ts lockClaims
select pg_advisory_xact_lock(7203118405) as "locked";

-- resources/webhooks/sending/queries.ts claimDue
with recursive queue as ( (select account_id, endpoint_id
  from webhook_deliveries
  where status = 'pending'
  order by account_id, endpoint_id
  limit 1)
  union all select next.account_id, next.endpoint_id
  from queue q
  cross
  join lateral ( select d.account_id, d.endpoint_id
  from webhook_deliveries d
  where d.status = 'pending' and (d.account_id, d.endpoint_id) > (q.account_id, q.endpoint_id)
  order by d.account_id, d.endpoint_id
  limit 1) next), due as materialized ( select first.ctid
  from queue q
  cross
  join lateral (select
  from accounts a
  where a.id = q.account_id and a.status = 'active' and a.deleted_at is null
  limit 1) a
  cross
  join lateral ( select count(*)::int as claims
  from webhook_deliveries c
  where c.account_id = q.account_id and c.endpoint_id = q.endpoint_id and c.claim_id is not null and c.claimed_until > clock_timestamp()) busy
  cross
  join lateral ( select d.ctid, d.next_attempt_at, row_number() over (order by d.next_attempt_at, d.id) + busy.claims as place
  from ( select w.ctid, w.id, w.next_attempt_at
  from webhook_deliveries w
  where w.account_id = q.account_id and w.endpoint_id = q.endpoint_id and w.status = 'pending' and w.next_attempt_at <= clock_timestamp() and (w.claimed_until is null or w.claimed_until < clock_timestamp())
  order by w.next_attempt_at
  limit greatest(0, $1::int - busy.claims)
  for update skip locked) d) first
  order by first.place, first.next_attempt_at
  limit $2) update webhook_deliveries d
  set claim_id = $3, claimed_until = clock_timestamp() + $4 * interval '1 second'
  from webhook_endpoints e, webhook_messages m
  where d.ctid = any (array(select ctid
  from due)) and e.account_id = d.account_id and e.id = d.endpoint_id and m.account_id = d.account_id and m.id = d.message_id
  returning d.id, d.account_id, d.endpoint_id, d.message_id, d.event_type, d.attempts, d.is_test, e.url, e.enabled, e.secret_sealed, e.headers_sealed, case when e.previous_secret_expires_at > clock_timestamp() then e.previous_secret_sealed end as previous_secret_sealed, m.body, extract(epoch
  from clock_timestamp() - d.created_at)::float8 as age_seconds;

-- resources/webhooks/sending/queries.ts lockEndpointsKeyShare
select "e"."id"
  from "webhook_endpoints" as "e"
  where ("e"."account_id", "e"."id") in (select "named"."account_id", "named"."id"
  from unnest($1::uuid[], $2::uuid[]) as named (account_id, id))
  order by "e"."account_id", "e"."id"
  for key share of "e";

-- resources/webhooks/sending/queries.ts recordAttempts
with "result" as (select *
  from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::float8[], $7::int[], $8::text[], $9::text[], $10::text[]) as r (account_id, id, claim_id, status, tried_at, wait, response_status, response_body, error, attempt)), "written" as (update "webhook_deliveries" as "d"
  set "claim_id" = null, "claimed_until" = null, "attempts" = d.attempts + (r.tried_at is not null)::int, "attempt_log" = case when "r"."attempt"::text is null then d.attempt_log when jsonb_array_length(d.attempt_log) >= 20 then d.attempt_log - 0 || "r"."attempt"::jsonb else d.attempt_log || "r"."attempt"::jsonb end, "last_attempt_at" = coalesce(r.tried_at, d.last_attempt_at), "response_status" = case when r.tried_at is null then d.response_status else r.response_status end, "response_body" = case when r.tried_at is null then d.response_body else r.response_body end, "status" = case when r.status = 'pending' and not e.enabled then 'failed' else r.status end, "error" = case when r.status = 'pending' and not e.enabled then 'endpoint_disabled' when r.status = 'pending' and r.tried_at is null then coalesce(r.error, d.error) else r.error end, "next_attempt_at" = case when r.status = 'pending' and e.enabled then clock_timestamp() + r.wait * interval '1 second' end
  from "result" as "r", "webhook_endpoints" as "e"
  where "d"."account_id" = "r"."account_id" and "d"."id" = "r"."id" and "d"."claim_id" = "r"."claim_id" and "d"."status" = 'pending' and "e"."account_id" = "d"."account_id" and "e"."id" = "d"."endpoint_id"
  returning "d"."account_id", "d"."endpoint_id", "d"."status", "d"."is_test"), "succeeded" as (select "e"."account_id", "e"."id"
  from "webhook_endpoints" as "e"
  where ("e"."account_id", "e"."id") in (select "w"."account_id", "w"."endpoint_id"
  from "written" as "w"
  where "w"."status" = 'delivered' and "w"."is_test" = false) and "e"."consecutive_failures" > 0
  order by "e"."account_id", "e"."id"
  for no key update) update "webhook_endpoints" as "e"
  set "consecutive_failures" = 0
  from "succeeded" as "s"
  where "e"."account_id" = "s"."account_id" and "e"."id" = "s"."id";

-- resources/webhooks/sending/queries.ts failDelivery
update "webhook_deliveries" as "d"
  set "claim_id" = null, "claimed_until" = null, "attempts" = "d"."attempts" + 1, "attempt_log" = case when $1::text is null then d.attempt_log when jsonb_array_length(d.attempt_log) >= 20 then d.attempt_log - 0 || $2::jsonb else d.attempt_log || $3::jsonb end, "last_attempt_at" = $4, "response_status" = $5, "response_body" = $6, "status" = 'failed', "error" = $7, "next_attempt_at" = null
  where "d"."account_id" = $8 and "d"."id" = $9 and "d"."claim_id" = $10 and "d"."status" = 'pending';

-- resources/webhooks/sending/queries.ts countFailure
update "webhook_endpoints"
  set "consecutive_failures" = "consecutive_failures" + 1, "enabled" = not ($1::boolean or consecutive_failures + 1 >= $2::int), "disabled_reason" = case when $3::boolean then 'gone' when consecutive_failures + 1 >= $4::int then 'consecutive_failures' end
  where "account_id" = $5 and "id" = $6 and "enabled" = true
  returning "enabled", "disabled_reason", "url";

-- resources/webhooks/sending/queries.ts insertAudit
insert into "audit_logs" ("id", "account_id", "action", "target_type", "target_id", "trace_id", "metadata")
  values ($1, $2, 'webhook_endpoint.auto_disable', 'webhook_endpoint', $3, $4, $5::jsonb);

-- resources/webhooks/sending/queries.ts selectAdmins
select "user_id"
  from "memberships"
  where "account_id" = $1 and "role" = 'admin';

-- resources/webhooks/sending/queries.ts selectRunnableReplay
select "r"."account_id", "r"."endpoint_id", "r"."until", "r"."only_failed", "r"."cursor_at", "r"."cursor_id", "r"."created_at"
  from "webhook_replays" as "r"
  where "r"."status" = 'running' and (select count(*) as "n"
  from (select 1 as "one"
  from "webhook_deliveries" as "d"
  where "d"."account_id" = "r"."account_id" and "d"."endpoint_id" = "r"."endpoint_id" and "d"."status" = 'pending'
  limit $1) as "p") < $2::int
  order by random()
  limit 1
  for update of "r" skip locked;

-- resources/workspaces/queries.ts selectWorkspace
select "account_id", "project_id", "owner_user_id", "workspace_ref", "manifest_rev", "last_used_at", "sweeps"
  from "workspaces"
  where "account_id" = $1 and "project_id" = $2 and "owner_user_id" = $3;

-- resources/workspaces/queries.ts insertWorkspace
insert into "workspaces" ("account_id", "project_id", "owner_user_id", "workspace_ref")
  values ($1, $2, $3, $4)
  on conflict do nothing
  returning "account_id", "project_id", "owner_user_id", "workspace_ref", "manifest_rev", "last_used_at", "sweeps";

-- resources/workspaces/queries.ts touch
update "workspaces"
  set "last_used_at" = now()
  where "account_id" = $1 and "workspace_ref" = $2;

-- resources/workspaces/queries.ts reserveObjects
with "workspace" as (update "workspaces"
  set "leftovers_since" = coalesce(leftovers_since, now())
  where "account_id" = $1 and "workspace_ref" = $2
  returning "account_id", "workspace_ref") insert into "workspace_objects" ("account_id", "workspace_ref", "name", "size") select "w"."account_id", "w"."workspace_ref", "o"."name", "o"."size"
  from "workspace" as "w"
  cross
  join unnest($3::text[], $4::bigint[]) as o (name, size)
  on conflict do nothing;

-- resources/workspaces/queries.ts releaseObjects
delete
  from "workspace_objects"
  where "account_id" = $1 and "workspace_ref" = $2 and name = any($3::text[]);

-- resources/workspaces/queries.ts sumManifests
select coalesce(sum(size), 0)::float8 as "bytes"
  from "workspace_objects"
  where "account_id" = $1 and "workspace_ref" = $2 and "name" like 'manifests/%';

-- resources/workspaces/queries.ts releaseWorkspaces
update "workspaces"
  set "leftovers_since" = '-infinity'
  where "account_id" = $1 and "project_id" = $2;

-- resources/workspaces/queries.ts replaceManifest
update "workspaces"
  set "manifest_rev" = $1, "last_used_at" = now(), "leftovers_since" = coalesce(leftovers_since, now())
  where "account_id" = $2 and "workspace_ref" = $3 and "manifest_rev" is not distinct
  from $4 and "sweeps" = $5;

-- runs/archive/eventBytes.ts 1
select (extract(epoch
  from clock_timestamp()) * 1000)::float8 as ms;

-- runs/archive/eventBytes.ts countEventBytes
select count_event_bytes($1::uuid[]) as "count";

-- runs/archive/eventBytes.ts 3
select count_event_bytes(array((select "id"
  from "runs"
  where "counted_event_bytes" is null and "status" in ('completed', 'failed', 'cancelled')
  order by "id"
  limit $1))) as "count";

-- runs/archive/eventBytes.ts 4
select "id"
  from "runs"
  where "counted_event_bytes" > 0 and "id" > $1 and "id" < (lpad(to_hex((extract(epoch
  from ((date_trunc('month', coalesce($2::timestamptz, now()) at time zone 'UTC') - $3::int * interval '1 month') at time zone 'UTC')) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
  order by "id"
  limit $4;

-- runs/archive/queries.ts selectNextRun
select "run_id"
  from "run_events"
  where "run_id" > $1 and "run_id" < (lpad(to_hex((extract(epoch
  from (coalesce($2::timestamptz, now()) - $3::int * interval '1 day')) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
  order by "run_id"
  limit 1;

-- runs/archive/queries.ts selectEndedRun
select "r"."id", "r"."account_id", "r"."next_seq", t.deleted_at is not null as "is_deleted"
  from "runs" as "r"
  inner
  join "threads" as "t" on "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id"
  where "r"."id" = $1 and "r"."status" in ('completed', 'failed', 'cancelled') and coalesce(r.completed_at, r.failed_at, r.cancelled_at) < (coalesce($2::timestamptz, now()) - $3::int * interval '1 day');

-- runs/archive/queries.ts claimRun
insert into "run_event_archives" ("run_id", "account_id", "state", "claim_id")
  values ($1, $2, 'writing', $3)
  on conflict ("run_id") do update
  set "claim_id" = $4, "claimed_at" = now()
  where "run_event_archives"."state" = 'writing' and "run_event_archives"."claimed_at" < now() - interval '10 minutes';

-- runs/archive/queries.ts selectRawEvents
select "page".*
  from (select "listed".*, least((1000 + coalesce(octet_length("data"::text), 0)), 2000000) as "row_bytes", (sum(least((1000 + coalesce(octet_length("data"::text), 0)), 2000000)) over (order by seq rows unbounded preceding))::int8 as "page_bytes"
  from (select "seq", "event_id", "type", "created_at", data::text as "data"
  from "run_events"
  where "run_id" = $1 and "seq" > $2
  order by "seq"
  limit $3) as "listed") as "page"
  where page_bytes - row_bytes <= 2000000
  order by seq;

-- runs/archive/queries.ts lockEndedRun
select "r"."next_seq", t.deleted_at is not null as "is_deleted"
  from "runs" as "r"
  inner
  join "threads" as "t" on "t"."account_id" = "r"."account_id" and "t"."id" = "r"."thread_id"
  where "r"."id" = $1 and "r"."status" in ('completed', 'failed', 'cancelled')
  for share of "t"
  for no key update of "r";

-- runs/archive/queries.ts markKept
update "run_event_archives"
  set "state" = 'kept', "parts" = $1::jsonb, "bytes" = $2, "event_count" = $3, "event_counts" = $4::jsonb, "tail_message_id" = $5, "input_keys" = $6::text[]
  where "run_id" = $7 and "claim_id" = $8 and "state" = 'writing';

-- runs/archive/queries.ts insertRemoved
insert into "run_event_archives" ("run_id", "account_id", "state", "claim_id", "event_count", "event_counts", "tail_message_id", "input_keys")
  values ($1, $2, 'removed', $3, $4, $5::jsonb, $6, $7::text[])
  on conflict ("run_id") do update
  set "event_count" = "excluded"."event_count", "event_counts" = "excluded"."event_counts", "tail_message_id" = "excluded"."tail_message_id", "input_keys" = "excluded"."input_keys"
  where "run_event_archives"."state" = 'removed';

-- runs/archive/queries.ts deleteEvents
delete
  from "run_events"
  where "run_id" = $1;

-- runs/archive/queries.ts lockClaim
select "state", "claim_id"
  from "run_event_archives"
  where "run_id" = $1
  for update;

-- runs/archive/queries.ts deleteArchive
delete
  from "run_event_archives"
  where "run_id" = $1;

-- runs/archive/queries.ts lockRemovable
select "a"."run_id", "a"."account_id", "a"."parts", ("a"."run_id" >= (lpad(to_hex((extract(epoch
  from ((date_trunc('month', coalesce($1::timestamptz, now()) at time zone 'UTC') - $2::int * interval '1 month') at time zone 'UTC')) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid and exists (select 1 as "one"
  from "runs" as "r"
  where "r"."id" = "a"."run_id")) as "is_counted"
  from "run_event_archives" as "a"
  where "a"."state" = 'removing' and "a"."claimed_at" < now() - interval '10 minutes' and not exists (select 1 as "one"
  from "runs" as "r"
  where "r"."id" = "a"."run_id" and "r"."status" in ('running', 'waiting_for_input', 'cancelling'))
  order by "a"."claimed_at"
  limit $3
  for update of "a" skip locked;

-- runs/archive/queries.ts lockExpired
select "a"."run_id", "a"."account_id", "a"."parts", false as "is_counted"
  from "run_event_archives" as "a"
  where "a"."run_id" < (lpad(to_hex((extract(epoch
  from ((date_trunc('month', coalesce($1::timestamptz, now()) at time zone 'UTC') - $2::int * interval '1 month') at time zone 'UTC')) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid and not exists (select 1 as "one"
  from "runs" as "r"
  where "r"."id" = "a"."run_id" and "r"."created_at" >= ((date_trunc('month', coalesce($3::timestamptz, now()) at time zone 'UTC') - $4::int * interval '1 month') at time zone 'UTC')) and "a"."claimed_at" < now() - interval '10 minutes'
  order by "a"."run_id"
  limit $5
  for update of "a" skip locked;

-- runs/archive/queries.ts markRemoved
with "gone" as (delete
  from "run_events"
  where "run_id" = $1
  returning "type"), "counted" as (select coalesce(sum(count), 0)::integer as "events", coalesce(jsonb_object_agg(type, count), '{}') as "by_type"
  from (select "type", count(*) as "count"
  from "gone"
  group by "type") as "each") update "run_event_archives" as "a"
  set "state" = 'removed', "parts" = null, "bytes" = null, "event_count" = coalesce(a.event_count, counted.events), "event_counts" = coalesce(a.event_counts, counted.by_type)
  from "counted"
  where "a"."run_id" = $2;

-- runs/create/queries.ts lockThread
select "t"."last_message_number", (select "m"."id"
  from "messages" as "m"
  where "m"."account_id" = "t"."account_id" and "m"."thread_id" = "t"."id" and "m"."number" <= "t"."last_message_number" and "m"."visible" = true and "m"."role" <> 'tool'
  order by "m"."number" desc
  limit 1) as "tail_message_id"
  from "threads" as "t"
  where "t"."account_id" = $1 and "t"."id" = $2 and "t"."deleted_at" is null
  for update of "t";

-- runs/create/queries.ts selectLimits
select (select "status"
  from "accounts"
  where "id" = $1 and "deleted_at" is null) as "account_status", exists (select 1 as "one"
  from "memberships"
  where "account_id" = $2 and "user_id" = $3) as "is_member", exists (select 1 as "one"
  from "runs"
  where "account_id" = $4 and "thread_id" = $5 and "parent_run_id" is null and "status" in ('running', 'waiting_for_input', 'cancelling')) as "is_busy", coalesce((select "used"
  from "quota_usage"
  where "account_id" = $6 and "quota" = 'events'), 0) as "event_bytes", coalesce((select "balance"
  from "credit_balances"
  where "account_id" = $7), 0) as "balance", open.reserved + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $8 and "cc"."status" = 'running'), 0) as "reserved", "open"."active_runs"
  from (select count(*) filter(where "parent_run_id" is null) as "active_runs", coalesce(sum("reserved_credits"), 0) as "reserved"
  from "runs"
  where "account_id" = $9 and "status" in ('running', 'waiting_for_input', 'cancelling')) as "open";

-- runs/create/queries.ts checkLimits
select repeat_unless(now.account_status = 'active' and now.is_member and ($1::integer = 0 or now.active_runs < $2::integer) and now.balance - now.reserved >= $3::bigint and (key.remaining is null or key.remaining - key.reserved >= $4::bigint)) as "checked"
  from (select (select "status"
  from "accounts"
  where "id" = $5 and "deleted_at" is null) as "account_status", exists (select 1 as "one"
  from "memberships"
  where "account_id" = $6 and "user_id" = $7) as "is_member", exists (select 1 as "one"
  from "runs"
  where "account_id" = $8 and "thread_id" = $9 and "parent_run_id" is null and "status" in ('running', 'waiting_for_input', 'cancelling')) as "is_busy", coalesce((select "used"
  from "quota_usage"
  where "account_id" = $10 and "quota" = 'events'), 0) as "event_bytes", coalesce((select "balance"
  from "credit_balances"
  where "account_id" = $11), 0) as "balance", open.reserved + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $12 and "cc"."status" = 'running'), 0) as "reserved", "open"."active_runs"
  from (select count(*) filter(where "parent_run_id" is null) as "active_runs", coalesce(sum("reserved_credits"), 0) as "reserved"
  from "runs"
  where "account_id" = $13 and "status" in ('running', 'waiting_for_input', 'cancelling')) as "open") as "now"
  left
  join (select "key"."credits_per_day", "key"."credits_per_month", "key"."credits_total", "key"."used_today", "key"."used_this_month", "key"."used_in_total", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = $14 and "r"."status" in ('running', 'waiting_for_input', 'cancelling') and "r"."api_key_id" = "key"."id"), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $15 and "cc"."status" = 'running' and "cc"."api_key_id" = "key"."id"), 0), 9007199254740991)::bigint as "reserved", least(key.credits_per_day - key.used_today, key.credits_per_month - key.used_this_month, key.credits_total - key.used_in_total) as "remaining"
  from (select "k"."id", "k"."credits_per_day", "k"."credits_per_month", "k"."credits_total", coalesce(sum(u.credits) filter (where u.day = (now() at time zone 'utc')::date), 0)::bigint as "used_today", coalesce(sum(u.credits) filter (where u.day >= date_trunc('month', now() at time zone 'utc')::date), 0)::bigint as "used_this_month", coalesce(sum(u.credits), 0)::bigint as "used_in_total"
  from "api_keys" as "k"
  left
  join "api_key_usage" as "u" on "u"."account_id" = "k"."account_id" and "u"."api_key_id" = "k"."id" and "u"."day" >= case when k.credits_total is null then date_trunc('month', now() at time zone 'utc')::date else '-infinity'::date end
  where "k"."account_id" = $16 and "k"."id" = $17 and num_nonnulls(k.credits_per_day, k.credits_per_month, k.credits_total) > 0
  group by "k"."account_id", "k"."id") as "key") as "key" on true;

-- runs/create/queries.ts selectContinuation
select (select "r"."id"
  from (select "id", "status", "error", "tail_message_number"
  from "runs"
  where "account_id" = $1 and "thread_id" = $2 and "parent_run_id" is null
  order by "created_at" desc, "id" desc
  limit 1) as "r"
  where ("r"."status" = 'cancelled' or ("r"."status" = 'failed' and (r.error ->> 'resumable')::boolean)) and exists (select 1 as "one"
  from "messages" as "m"
  where "m"."account_id" = $3 and "m"."thread_id" = $4 and "m"."role" = 'user' and "m"."visible" = true and "m"."number" > "r"."tail_message_number")) as "resumable_run_id", "last"."run_id" as "continues_run_id", "last"."message_id" as "continues_message_id"
  from (select 0 as "zero") as "one"
  left
  join (select "m"."run_id", (select "s"."id"
  from "messages" as "s"
  where "s"."account_id" = $5 and "s"."thread_id" = $6 and "s"."run_id" = "m"."run_id" and "s"."visible" = true and "s"."role" = 'assistant' and "s"."completion" <> 'complete' and exists (select 1 as "one"
  from "messages" as "u"
  where "u"."account_id" = $7 and "u"."thread_id" = $8 and "u"."run_id" = "m"."run_id" and "u"."visible" = true and u.content_json ->> 'kind' = 'unfinished')) as "message_id"
  from (select "run_id", "completion"
  from "messages"
  where "account_id" = $9 and "thread_id" = $10 and "visible" = true
  order by "number" desc
  limit 1) as "m"
  left
  join "runs" as "r" on "r"."account_id" = $11 and "r"."thread_id" = $12 and "r"."id" = "m"."run_id"
  where "m"."completion" <> 'complete' and ($13::boolean or not exists (select 1 as "one"
  from "messages" as "m"
  where "m"."account_id" = $14 and "m"."thread_id" = $15 and "m"."role" = 'user' and "m"."visible" = true and "m"."number" > "r"."tail_message_number"))) as "last" on true;

-- runs/create/queries.ts lockCreator
select "id"
  from "users"
  where "id" = $1 and "status" = 'active'
  for share;

-- runs/create/queries.ts insertRun
with "thread" as (update "threads"
  set "updated_at" = now(), "archived_at" = null
  where "account_id" = $1 and "id" = $2), "creator" as (select "id"
  from "users"
  where "id" = $3 and "status" = 'active'
  for share), "run" as (insert into "runs" ("account_id", "id", "thread_id", "created_by_user_id", "api_key_id", "source", "trace_id", "route_id", "requested_persona_id", "requested_model", "reasoning_mode", "tail_message_number", "resume_from_run_id", "continues_run_id", "reserved_credits", "next_seq", "parent_run_id", "root_run_id", "depth", "spawn_call_id") select $4::uuid as "account_id", $5::uuid as "id", $6::uuid as "thread_id", "creator"."id" as "created_by_user_id", $7::uuid as "api_key_id", $8::text as "source", $9::text as "trace_id", $10::text as "route_id", $11::text as "requested_persona_id", $12::text as "requested_model", $13::text as "reasoning_mode", $14::integer as "tail_message_number", $15::uuid as "resume_from_run_id", $16::uuid as "continues_run_id", $17::bigint as "reserved_credits", 1 + $18::integer as "next_seq", $19::uuid as "parent_run_id", $20::uuid as "root_run_id", $21::integer as "depth", $22::text as "spawn_call_id"
  from "creator"
  returning "id", "next_seq") insert into "run_events" ("run_id", "seq", "event_id", "type", "data", "created_at") select "run"."id", run.next_seq - $23 + e.n - 1 as "seq", "e"."event_id", "e"."type", e.data::json as "data", now() as "created_at"
  from unnest($24::uuid[], $25::text[], $26::text[]) with ordinality as e(event_id, type, data, n)
  inner
  join "run" on true;

-- runs/credits/reserve.ts 1
with "account" as materialized (select coalesce((select "balance"
  from "credit_balances"
  where "account_id" = $1), 0) as "balance", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = $2 and "r"."status" in ('running', 'waiting_for_input', 'cancelling') and "r"."id" <> $3), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $4 and "cc"."status" = 'running' and "cc"."id" <> $5), 0), 9007199254740991)::bigint as "others"), "budget" as materialized (select "key"."credits_per_day", "key"."credits_per_month", "key"."credits_total", "key"."used_today", "key"."used_this_month", "key"."used_in_total", least(coalesce((select sum("r"."reserved_credits") as "reserved"
  from "runs" as "r"
  where "r"."account_id" = $6 and "r"."status" in ('running', 'waiting_for_input', 'cancelling') and "r"."api_key_id" = "key"."id" and "r"."id" <> $7), 0) + coalesce((select sum("cc"."reserved_credits") as "reserved"
  from "chat_completions" as "cc"
  where "cc"."account_id" = $8 and "cc"."status" = 'running' and "cc"."api_key_id" = "key"."id" and "cc"."id" <> $9), 0), 9007199254740991)::bigint as "reserved", least(key.credits_per_day - key.used_today, key.credits_per_month - key.used_this_month, key.credits_total - key.used_in_total) as "remaining"
  from (select "k"."id", "k"."credits_per_day", "k"."credits_per_month", "k"."credits_total", coalesce(sum(u.credits) filter (where u.day = (now() at time zone 'utc')::date), 0)::bigint as "used_today", coalesce(sum(u.credits) filter (where u.day >= date_trunc('month', now() at time zone 'utc')::date), 0)::bigint as "used_this_month", coalesce(sum(u.credits), 0)::bigint as "used_in_total"
  from "api_keys" as "k"
  left
  join "api_key_usage" as "u" on "u"."account_id" = "k"."account_id" and "u"."api_key_id" = "k"."id" and "u"."day" >= case when k.credits_total is null then date_trunc('month', now() at time zone 'utc')::date else '-infinity'::date end
  where "k"."account_id" = $10 and "k"."id" = (select "api_key_id"
  from "runs"
  where "account_id" = $11 and "id" = $12) and num_nonnulls(k.credits_per_day, k.credits_per_month, k.credits_total) > 0
  group by "k"."account_id", "k"."id") as "key"), "shares" as materialized (select "account"."balance", "account"."others", case when "account"."balance" - "account"."others" >= $13::bigint then $14::bigint when "account"."others" = 0 and "account"."balance" > $15::bigint then "account"."balance" end as "of_account", case when budget.remaining is null then $16::bigint else case when "budget"."remaining" - "budget"."reserved" >= $17::bigint then $18::bigint when "budget"."reserved" = 0 and "budget"."remaining" > $19::bigint then "budget"."remaining" end end as "of_key", to_jsonb(budget) as "budget"
  from "account"
  left
  join "budget" on true), "decision" as (select "balance", "others", case when of_account is not null and of_key is not null then least(of_account, of_key) end as "granted", case when of_key is null then budget end as "key_budget"
  from "shares") update "runs" as "r"
  set "reserved_credits" = coalesce(decision.granted, least(r.reserved_credits, $20::bigint))
  from "decision"
  where "r"."account_id" = $21 and "r"."id" = $22 and "r"."lease_token" = $23
  returning "decision"."granted", "decision"."balance", "decision"."others", "decision"."key_budget";

-- runs/credits/reserve.ts 2
update "runs"
  set "reserved_credits" = greatest(reserved_credits, $1::bigint)
  where "account_id" = $2 and "id" = $3 and "lease_token" = $4;

-- runs/credits/reserve.ts 3
update "runs"
  set "reserved_credits" = least(reserved_credits, $1::bigint)
  where "account_id" = $2 and "id" = $3 and "lease_token" = $4;

-- runs/execute/openRoute.ts 1
select "models"
  from "api_keys"
  where "account_id" = $1 and "id" = $2;

-- runs/execute/quotas.ts 1
with "own" as (select count(*) as "runs", coalesce(sum(input_tokens + output_tokens + cache_creation_input_tokens + cache_read_input_tokens), 0) as "tokens"
  from "usage_records"
  where "account_id" = $1 and "run_id" = $2 and "recorded_at" >= date_trunc('month', now(), 'UTC')) select (coalesce(sum(u.record_count), 0) - (select "runs"
  from "own"))::float8 as "runs", (coalesce(sum(input_tokens + output_tokens + cache_creation_input_tokens + cache_read_input_tokens), 0) - (select "tokens"
  from "own"))::float8 as "tokens"
  from "usage_rollups" as "u"
  where "u"."account_id" = $3 and "u"."grain" = 'month' and "u"."starts_at" >= date_trunc('month', now(), 'UTC');

-- runs/execute/quotas.ts 2
select balance::float8 as "balance"
  from "credit_balances"
  where "account_id" = $1;

-- runs/execute/runFacts.ts 1
select "t"."id" as "untitled_thread_id", "t"."title", (select balance::float8 as "balance"
  from "credit_balances"
  where "account_id" = $1) as "balance", exists (select 1 as "one"
  from "thread_summaries"
  where "account_id" = $2 and "thread_id" = $3) as "has_summaries", exists (select 1 as "one"
  from "skills"
  where "account_id" = $4 and "is_active" = true) as "has_skills", exists (select 1 as "one"
  from "memories"
  where "account_id" = $5 and "user_id" = $6::uuid) as "has_memories"
  from (select 0 as "zero") as "one"
  left
  join "threads" as "t" on "t"."account_id" = $7 and "t"."id" = $8 and "t"."title_locked" = false and ("t"."title" is null or "t"."title_provisional" = true) and "t"."deleted_at" is null;

-- runs/execute/title.ts 1
update "threads"
  set "title" = $1, "title_provisional" = false
  where "account_id" = $2 and "id" = $3 and "title_locked" = false and ("title" is null or "title_provisional" = true) and "deleted_at" is null;

-- runs/execute/userInput.ts 1
select "e"."data" as "data"
  from "run_events" as "e"
  where "e"."run_id" = $1 and "e"."type" = 'run.input_provided' and e.data ->> 'request_id' is null
  order by "e"."seq" desc
  limit (select "r"."pending_inputs"
  from "runs" as "r"
  where "r"."id" = $2);

-- runs/execute/userInput.ts 2
select "type", "data" as "data"
  from "run_events"
  where "run_id" = $1 and "type" in ('run.input_provided', 'run.resumed')
  order by "seq";

-- runs/execute/userInput.ts 3
select (extract(epoch
  from clock_timestamp()) * 1000)::float8 as "ms";

-- runs/execute/userInput.ts 4
insert into "run_turns" ("account_id", "run_id", "turn_index", "opaque")
  values ($1, $2, $3, $4::json)
  on conflict ("account_id", "run_id", "turn_index") do update
  set "opaque" = "excluded"."opaque";

-- runs/follow/archivedEvents.ts 1
select "run_id", "account_id", parts as "parts"
  from "run_event_archives"
  where "run_id" = $1 and "state" = 'kept';

-- runs/follow/eventBroker.ts selectEvents
select "run_id", "seq", "event_id", "type", "data", "created_at"
  from "run_events"
  where "run_id" = $1 and "seq" > $2
  order by "seq"
  limit $3;

-- runs/lease/lease.ts 1
with "run" as (update "runs"
  set "lease_token" = $1, "lease_until" = clock_timestamp() + $2 * interval '1 second', "attempt" = attempt + 1, "first_started_at" = coalesce(first_started_at, clock_timestamp()), "last_activity_at" = clock_timestamp(), "next_seq" = next_seq + ($3::text is not null and status <> 'cancelling')::integer
  where "id" = $4 and "status" in ('running', 'waiting_for_input', 'cancelling') and ("lease_token" is null or "lease_until" < clock_timestamp()) and "lost_leases" <= $5
  returning "id", "account_id", "thread_id", "parent_run_id", "root_run_id", "depth", "continues_run_id", "created_by_user_id", "api_key_id", "source", "trace_id", "route_id", "requested_persona_id", "requested_model", "reasoning_mode", "tail_message_number", "route_snapshot", "persona_snapshot", "reserved_credits", "prompt_tokens", "spent_cost_micros", "spent_output_tokens", "event_bytes", "lost_leases", "next_seq", "attempt", "status", "pending_inputs", extract(epoch
  from clock_timestamp() - first_started_at)::float8 * 1000 as "age_ms", ($6::text is not null and status <> 'cancelling') as "is_received", exists (select 1 as "one"
  from "webhook_endpoints" as "e"
  where "e"."account_id" = "runs"."account_id" and "e"."enabled" = true) as "has_webhooks"), "event" as (insert into "run_events" ("run_id", "seq", "event_id", "type", "data", "created_at") select "run"."id", run.next_seq - 1 as "seq", $7::uuid as "event_id", 'worker.job.received' as "type", json_build_object('job_id', $8::text, 'job_type', $9::text, 'account_id', run.account_id, 'attempt', run.attempt, 'trace_id', run.trace_id) as "data", clock_timestamp() as "created_at"
  from "run"
  where "run"."is_received" = true
  returning "created_at", "data") select "run"."id", "run"."account_id", "run"."thread_id", "run"."parent_run_id", "run"."root_run_id", "run"."depth", "run"."continues_run_id", "run"."created_by_user_id", "run"."api_key_id", "run"."source", "run"."trace_id", "run"."route_id", "run"."requested_persona_id", "run"."requested_model", "run"."reasoning_mode", "run"."tail_message_number", "run"."route_snapshot", "run"."persona_snapshot", "run"."reserved_credits", "run"."prompt_tokens", "run"."spent_cost_micros", "run"."spent_output_tokens", "run"."event_bytes", "run"."lost_leases", "run"."next_seq", "run"."attempt", "run"."status", "run"."pending_inputs", "age_ms", "has_webhooks", next_seq - is_received::integer as "next_seq", "event"."created_at" as "received_at", "event"."data" as "received_data", (select case when a.id is null then 'account_closed' when a.status <> 'active' then 'account_suspended' when u.id is null then 'user_suspended' when m.user_id is null then 'no_account_membership' when not (m.role in ('platform_admin', 'admin', 'member')) then 'missing_permission' when "run"."api_key_id" is null then null when k.id is null then 'key_revoked' when k.expires_at <= clock_timestamp() then 'key_expired' when not (k.inherits_permissions or k.scopes @> array['data.runs.write']) then 'missing_permission' end as "lost"
  from (select 0 as "zero") as "one"
  left
  join "accounts" as "a" on "a"."id" = "run"."account_id" and "a"."deleted_at" is null
  left
  join "users" as "u" on "u"."id" = "run"."created_by_user_id" and "u"."status" = 'active'
  left
  join "memberships" as "m" on "m"."account_id" = "run"."account_id" and "m"."user_id" = "u"."id"
  left
  join "api_keys" as "k" on "k"."account_id" = "run"."account_id" and "k"."id" = "run"."api_key_id" and "k"."user_id" = "u"."id" and "k"."revoked_at" is null) as "lost_authority"
  from "run"
  left
  join "event" on true;

-- runs/lease/lease.ts selectSuspect
select "id"
  from "runs"
  where "id" = $1 and "status" in ('running', 'waiting_for_input', 'cancelling') and "lease_token" is null and "lost_leases" > 0;

-- runs/lease/lease.ts noteFailure
with "earlier" as (select "failure", "failed_attempt"
  from "runs"
  where "id" = $1 and "lease_token" = $2
  for update) update "runs" as "r"
  set "failure" = $3, "failed_attempt" = r.attempt
  from "earlier"
  where "r"."id" = $4 and "r"."lease_token" = $5
  returning earlier.failure is not distinct
  from $6::text and earlier.failed_attempt = r.attempt - 1 as "is_repeated";

-- runs/lease/lease.ts 4
update "runs"
  set "lease_until" = clock_timestamp() + $1 * interval '1 second', "last_activity_at" = clock_timestamp()
  where "id" = $2 and "lease_token" = $3 and "status" in ('running', 'waiting_for_input', 'cancelling') and "lease_until" > clock_timestamp()
  returning "status";

-- runs/lease/lease.ts 5
update "runs"
  set "lease_token" = null, "lease_until" = null
  where "id" = $1 and "lease_token" = $2;

-- runs/lease/lease.ts 6
with "run" as (update "runs"
  set "next_seq" = next_seq + $1, "last_activity_at" = clock_timestamp(), "status" = coalesce($2, status), "pending_inputs" = pending_inputs - $3, "event_bytes" = event_bytes + $4::bigint, "lost_leases" = case when $5::boolean then 0 else lost_leases end, "prompt_tokens" = $6, "spent_cost_micros" = $7, "spent_output_tokens" = $8
  where "id" = $9 and "lease_token" = $10 and status = any($11::text[]) and "lease_until" > clock_timestamp()
  returning "id", "next_seq", "pending_inputs") insert into "run_events" ("run_id", "seq", "event_id", "type", "data", "created_at") select "run"."id", run.next_seq - $12 + e.n - 1 as "seq", "e"."event_id", "e"."type", e.data::json as "data", clock_timestamp() as "created_at"
  from unnest($13::uuid[], $14::text[], $15::text[]) with ordinality as e(event_id, type, data, n)
  inner
  join "run" on true
  returning "seq", "created_at", (select "pending_inputs"
  from "run") as "pending_inputs";

-- runs/lease/lease.ts 7
with "run" as (update "runs"
  set "next_seq" = next_seq + $1, "last_activity_at" = clock_timestamp(), "status" = coalesce($2, status), "pending_inputs" = pending_inputs - $3, "event_bytes" = event_bytes + $4::bigint, "lost_leases" = case when $5::boolean then 0 else lost_leases end, "prompt_tokens" = $6, "spent_cost_micros" = $7, "spent_output_tokens" = $8, "route_snapshot" = $9::jsonb, "model" = $10, "persona_id" = $11, "persona_snapshot" = $12::jsonb
  where "id" = $13 and "lease_token" = $14 and status = any($15::text[]) and "lease_until" > clock_timestamp()
  returning "id", "next_seq", "pending_inputs") insert into "run_events" ("run_id", "seq", "event_id", "type", "data", "created_at") select "run"."id", run.next_seq - $16 + e.n - 1 as "seq", "e"."event_id", "e"."type", e.data::json as "data", clock_timestamp() as "created_at"
  from unnest($17::uuid[], $18::text[], $19::text[]) with ordinality as e(event_id, type, data, n)
  inner
  join "run" on true
  returning "seq", "created_at", (select "pending_inputs"
  from "run") as "pending_inputs";

-- runs/lease/lease.ts 8
update "runs"
  set "route_snapshot" = $1::jsonb, "model" = $2, "persona_id" = $3, "persona_snapshot" = $4::jsonb
  where "id" = $5 and "lease_token" = $6;

-- runs/lease/lease.ts 9
select "status", "lease_token"
  from "runs"
  where "id" = $1;

-- runs/lease/reaper.ts 1
select pg_try_advisory_xact_lock($1::bigint) as "locked";

-- runs/lease/reaper.ts 2
select "r"."id", "r"."account_id", "r"."trace_id", "r"."parent_run_id"
  from "runs" as "r"
  where "r"."status" in ('running', 'waiting_for_input', 'cancelling') and (("r"."lease_token" is not null and "r"."lease_until" < clock_timestamp()) or ("r"."lease_token" is null and "r"."last_activity_at" < clock_timestamp() - $1 * interval '1 second' and exists (select 1 as "one"
  from "graphile_worker"."jobs" as "j"
  where "j"."key" = 'run:' || r.id::text and "j"."locked_at" < clock_timestamp() - $2 * interval '1 second')) or ("r"."lease_token" is null and "r"."last_activity_at" < clock_timestamp() - $3 * interval '1 second' and not exists (select 1 as "one"
  from "graphile_worker"."jobs" as "j"
  where "j"."key" = 'run:' || r.id::text)))
  limit 500
  for update of "r" skip locked;

-- runs/lease/reaper.ts 3
update "runs"
  set "lease_token" = null, "lease_until" = null, "lost_leases" = lost_leases + (lease_token is not null)::integer
  where "id" = $1 and "status" in ('running', 'waiting_for_input', 'cancelling') and ("lease_token" is null or "lease_until" < clock_timestamp());

-- runs/lease/reaper.ts 4
select "r"."id", "r"."account_id"
  from "runs" as "r"
  inner
  join "runs" as "p" on "p"."account_id" = "r"."account_id" and "p"."id" = "r"."parent_run_id"
  where "r"."status" in ('running', 'waiting_for_input') and "p"."status" in ('completed', 'failed', 'cancelled')
  limit 500;

-- runs/lease/staleRuns.ts selectStale
select "id", "account_id", "thread_id", "root_run_id", "continues_run_id", "trace_id", "status", "prompt_tokens", "route_snapshot", route_snapshot ->> 'multiplier' as "multiplier"
  from "runs"
  where "status" in ('running', 'waiting_for_input', 'cancelling') and "last_activity_at" < now() - $1 * interval '1 minute' and ("attempt" > 0 or not exists (select 1 as "one"
  from "workers"
  where "last_seen_at" > now() - $2 * interval '1 minute') or "created_at" < now() - $3 * interval '1 millisecond')
  limit 500;

-- runs/lease/staleRuns.ts lockStale
select "id"
  from "runs"
  where "id" = $1 and "status" in ('running', 'waiting_for_input', 'cancelling') and "last_activity_at" < now() - $2 * interval '1 minute'
  for update;

-- runs/lease/staleRuns.ts endRun
with "run" as (update "runs"
  set "next_seq" = next_seq + $1, "status" = $2, "error" = $3::jsonb, "lease_token" = null, "lease_until" = null, "total_input_tokens" = $4, "total_output_tokens" = $5, "total_cost_usd" = $6::numeric, "usage_estimated" = $7, "failed_at" = case when $8::text = 'failed' then now() end, "cancelled_at" = case when $9::text = 'cancelled' then now() end
  where "id" = $10
  returning "id", "account_id", "trace_id", "next_seq"), "event" as (insert into "run_events" ("run_id", "seq", "event_id", "type", "data", "created_at") select "run"."id", run.next_seq - $11 + e.n - 1 as "seq", "e"."event_id", "e"."type", e.data::json as "data", now() as "created_at"
  from unnest($12::uuid[], $13::text[], $14::text[]) with ordinality as e(event_id, type, data, n)
  inner
  join "run" on true) insert into "audit_logs" ("id", "account_id", "action", "target_type", "target_id", "trace_id", "metadata") select $15::uuid as "id", "run"."account_id", 'run.force_expired' as "action", 'run' as "target_type", run.id::text as "target_id", "run"."trace_id", '{"actor": "system"}'::jsonb as "metadata"
  from "run";

-- runs/record/answers.ts 1
select "type", data ->> 'content' as "text"
  from "run_events"
  where "run_id" = $1 and "seq" > coalesce((select max("seq") as "seq"
  from "run_events"
  where "run_id" = $2 and "type" = 'llm.turn.completed'), 0) and ("type" in ('run.llm.retry', 'run.recovered') or ("type" = 'message.delta' and data ->> 'channel' is null))
  order by "seq";

-- runs/record/copyTurns.ts 1
select "seq", "type", "data"
  from "run_events"
  where "run_id" = $1 and ("seq" = 1 or ("seq" <= $2 and "type" in ('llm.turn.completed', 'tool.result', 'run.input_requested', 'run.waiting_for_input', 'run.input_provided', 'run.resumed', 'run.steering_injected')))
  order by "seq";

-- runs/record/finishRun.ts 1
select "status", "pending_inputs", route_snapshot ->> 'multiplier' as "multiplier", exists (select 1 as "one"
  from "runs" as "c"
  where "c"."account_id" = "runs"."account_id" and "c"."parent_run_id" = "runs"."id") as "has_children", exists (select 1 as "one"
  from "runs" as "c"
  where "c"."account_id" = "runs"."account_id" and "c"."parent_run_id" = "runs"."id" and "c"."status" in ('running', 'waiting_for_input')) as "has_open_children", exists (select 1 as "one"
  from "webhook_endpoints" as "e"
  where "e"."account_id" = "runs"."account_id" and "e"."enabled" = true) as "has_webhooks"
  from "runs"
  where "id" = $1 and "lease_token" = $2 and "lease_until" > clock_timestamp()
  for update;

-- runs/record/finishRun.ts 2
with "run" as (update "runs"
  set "next_seq" = next_seq + $1, "last_activity_at" = clock_timestamp(), "status" = $2, "pending_inputs" = pending_inputs - $3, "event_bytes" = event_bytes + $4::bigint, "lost_leases" = case when $5::boolean then 0 else lost_leases end, "prompt_tokens" = $6, "spent_cost_micros" = $7, "spent_output_tokens" = $8, "completed_at" = case when $9::text = 'completed' then now() end, "failed_at" = case when $10::text = 'failed' then now() end, "cancelled_at" = case when $11::text = 'cancelled' then now() end, "total_input_tokens" = $12, "total_output_tokens" = $13, "total_cost_usd" = $14::numeric, "usage_estimated" = $15, "cache_hit_rate" = $16, "error" = $17::jsonb, "lease_token" = null, "lease_until" = null
  where "id" = $18
  returning "id", "next_seq") insert into "run_events" ("run_id", "seq", "event_id", "type", "data", "created_at") select "run"."id", run.next_seq - $19 + e.n - 1 as "seq", "e"."event_id", "e"."type", e.data::json as "data", clock_timestamp() as "created_at"
  from unnest($20::uuid[], $21::text[], $22::text[]) with ordinality as e(event_id, type, data, n)
  inner
  join "run" on true
  returning "seq", "created_at";

-- runs/record/finishRun.ts 3
with "run" as (update "runs"
  set "next_seq" = next_seq + $1, "last_activity_at" = clock_timestamp(), "status" = $2, "pending_inputs" = pending_inputs - $3, "event_bytes" = event_bytes + $4::bigint, "lost_leases" = case when $5::boolean then 0 else lost_leases end, "prompt_tokens" = $6, "spent_cost_micros" = $7, "spent_output_tokens" = $8, "completed_at" = case when $9::text = 'completed' then now() end, "failed_at" = case when $10::text = 'failed' then now() end, "cancelled_at" = case when $11::text = 'cancelled' then now() end, "total_input_tokens" = $12, "total_output_tokens" = $13, "total_cost_usd" = $14::numeric, "usage_estimated" = $15, "cache_hit_rate" = $16, "error" = $17::jsonb, "lease_token" = null, "lease_until" = null
  where "id" = $18 and "lease_token" = $19 and status = any($20::text[]) and "lease_until" > clock_timestamp() and "pending_inputs" = 0 and not exists (select 1 as "one"
  from "runs" as "c"
  where "c"."account_id" = "runs"."account_id" and "c"."parent_run_id" = "runs"."id") and not exists (select 1 as "one"
  from "webhook_endpoints" as "e"
  where "e"."account_id" = "runs"."account_id" and "e"."enabled" = true)
  returning "id", "next_seq") insert into "run_events" ("run_id", "seq", "event_id", "type", "data", "created_at") select "run"."id", run.next_seq - $21 + e.n - 1 as "seq", "e"."event_id", "e"."type", e.data::json as "data", clock_timestamp() as "created_at"
  from unnest($22::uuid[], $23::text[], $24::text[]) with ordinality as e(event_id, type, data, n)
  left
  join "run" on true
  returning "seq", "created_at";

-- runs/record/finishRun.ts 4
with "run" as (update "runs"
  set "next_seq" = next_seq + $1, "last_activity_at" = clock_timestamp(), "status" = $2, "pending_inputs" = pending_inputs - $3, "event_bytes" = event_bytes + $4::bigint, "lost_leases" = case when $5::boolean then 0 else lost_leases end, "prompt_tokens" = $6, "spent_cost_micros" = $7, "spent_output_tokens" = $8, "completed_at" = case when $9::text = 'completed' then now() end, "failed_at" = case when $10::text = 'failed' then now() end, "cancelled_at" = case when $11::text = 'cancelled' then now() end, "total_input_tokens" = $12, "total_output_tokens" = $13, "total_cost_usd" = $14::numeric, "usage_estimated" = $15, "cache_hit_rate" = $16, "error" = $17::jsonb, "lease_token" = null, "lease_until" = null, "route_snapshot" = $18::jsonb, "model" = $19, "persona_id" = $20, "persona_snapshot" = $21::jsonb
  where "id" = $22 and "lease_token" = $23 and status = any($24::text[]) and "lease_until" > clock_timestamp() and "pending_inputs" = 0 and not exists (select 1 as "one"
  from "runs" as "c"
  where "c"."account_id" = "runs"."account_id" and "c"."parent_run_id" = "runs"."id") and not exists (select 1 as "one"
  from "webhook_endpoints" as "e"
  where "e"."account_id" = "runs"."account_id" and "e"."enabled" = true)
  returning "id", "next_seq") insert into "run_events" ("run_id", "seq", "event_id", "type", "data", "created_at") select "run"."id", run.next_seq - $25 + e.n - 1 as "seq", "e"."event_id", "e"."type", e.data::json as "data", clock_timestamp() as "created_at"
  from unnest($26::uuid[], $27::text[], $28::text[]) with ordinality as e(event_id, type, data, n)
  left
  join "run" on true
  returning "seq", "created_at";

-- runs/record/replay.ts 1
select "seq", "type", "data"
  from "run_events"
  where "run_id" = $1 and ("type" in ('message.image', 'llm.turn.completed', 'tool.call', 'tool.result', 'run.route.selected', 'run.input_requested', 'run.waiting_for_input', 'run.input_provided', 'run.resumed', 'run.steering_injected', 'run.llm.retry', 'run.context_compact', 'run.recovered') or ("type" in ('message.delta', 'tool.call.delta') and "seq" > coalesce((select max("seq") as "seq"
  from "run_events"
  where "run_id" = $2 and "type" in ('llm.turn.completed', 'run.llm.retry', 'run.recovered')), 0)))
  order by "seq";

-- runs/record/replay.ts 2
select "turn_index", "opaque"
  from "run_turns"
  where "run_id" = $1;

-- runs/record/turnHistory.ts 1
delete
  from "run_turns"
  where "account_id" = $1 and "run_id" = $2;

-- runs/subagents/queries.ts lockTree
select pg_advisory_xact_lock(hashtextextended('subagents ' || $1::uuid::text, 0)) as "lock";

-- runs/subagents/queries.ts lockRootThread
select "id"
  from "threads"
  where "account_id" = $1 and "id" = $2 and "deleted_at" is null
  for share;

-- runs/subagents/queries.ts lockParent
select "id"
  from "runs"
  where "account_id" = $1 and "id" = $2 and "lease_token" = $3 and "status" = 'running'
  for share;

-- runs/subagents/queries.ts selectThread
select "root_thread_id"
  from "threads"
  where "account_id" = $1 and "id" = $2;

-- runs/subagents/queries.ts selectSpawned
select "id", "thread_id", "depth", "requested_persona_id"
  from "runs"
  where "account_id" = $1 and "parent_run_id" = $2 and "spawn_call_id" = $3;

-- runs/subagents/queries.ts countTree
select coalesce((select "used"
  from "quota_usage"
  where "account_id" = $1 and "quota" = 'events'), 0) as "event_bytes", count(*) as "descendants", count(*) filter(where "status" in ('running', 'waiting_for_input', 'cancelling')) as "active", count(*) filter(where "parent_run_id" = $2 and "status" in ('running', 'waiting_for_input', 'cancelling')) as "children"
  from "runs"
  where "account_id" = $3 and "root_run_id" = $4;

-- runs/subagents/queries.ts insertHiddenThread
insert into "threads" ("account_id", "id", "created_by_user_id", "project_id", "expires_at", "is_private", "parent_thread_id", "root_thread_id") select "t"."account_id", $1::uuid as "id", $2::uuid as "created_by_user_id", "t"."project_id", "t"."expires_at", true as "is_private", "t"."id" as "parent_thread_id", $3::uuid as "root_thread_id"
  from "threads" as "t"
  where "t"."account_id" = $4 and "t"."id" = $5;

-- runs/subagents/queries.ts selectAgents
select "t"."id" as "agent_id", "t"."agent_closed_at" as "closed_at", "r"."id" as "run_id", "r"."status", "r"."error", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode", (select "m"."content"
  from "messages" as "m"
  where "m"."account_id" = "t"."account_id" and "m"."thread_id" = "t"."id" and "m"."run_id" = "r"."id" and "m"."role" = 'assistant' and "m"."visible" = true
  order by "m"."number" desc
  limit 1) as "output", (select "e"."data" as "data"
  from "run_events" as "e"
  where "e"."run_id" = "r"."id" and "r"."status" = 'waiting_for_input' and "e"."type" = 'run.waiting_for_input'
  order by "e"."seq" desc
  limit 1) as "question"
  from "threads" as "t"
  inner
  join lateral (select "r"."id", "r"."status", "r"."error", "r"."route_id", "r"."requested_persona_id", "r"."requested_model", "r"."reasoning_mode"
  from "runs" as "r"
  where "r"."account_id" = "t"."account_id" and "r"."thread_id" = "t"."id"
  order by "r"."created_at" desc, "r"."id" desc
  limit 1) as "r" on true
  where "t"."account_id" = $1 and "t"."parent_thread_id" = $2 and "t"."root_thread_id" is not null and "t"."deleted_at" is null and "t"."id" = any ($3::uuid[]);

-- runs/subagents/queries.ts closeAgent
update "threads"
  set "agent_closed_at" = coalesce(agent_closed_at, now())
  where "account_id" = $1 and "id" = $2;

-- runs/subagents/queries.ts selectPersona
select "persona_snapshot" as "persona"
  from "runs"
  where "account_id" = $1 and "id" = $2;

-- runs/subagents/queries.ts selectTree
select "id", "parent_run_id", persona_snapshot -> 'budgets' as "budgets", coalesce(total_cost_usd * 1000000, spent_cost_micros)::float8 as "cost_micros", coalesce("total_output_tokens", "spent_output_tokens") as "output_tokens"
  from "runs"
  where "account_id" = $1 and ("id" = $2 or "root_run_id" = $3);
