import { z } from 'zod';
import { RateLimitRules } from '../../../contract/gatewayConfig.ts';
import { Instant } from '../../../contract/shared/instant.ts';
import { DeductionPolicy, defaultPolicy } from '../../models/cost.ts';
import { defaultBaseUrl } from '../../platform/config/baseUrl.ts';
import { boolean, host, mailbox, url, word } from '../../platform/config/kinds.ts';
import {
  decimal,
  integer,
  jsonDocument,
  networks,
  ofKind,
  password,
  positiveInteger,
  type Setting,
  singleLine,
  type Typed,
} from './types.ts';

type Options = Partial<Pick<Setting, 'scope' | 'sensitive' | 'variable' | 'databaseFirst' | 'defaultFrom'>>;

const ordinary = { scope: 'platform', sensitive: false, variable: undefined, databaseFirst: false } as const;

const withDefault = <T>(typed: Typed<T>, text: string, description: string, options: Options = {}): Setting<T> => ({
  ...typed,
  defaultText: text,
  description,
  ...ordinary,
  ...options,
});

const withoutDefault = <T>(typed: Typed<T>, description: string, options: Options = {}): Setting<T | null> => ({
  ...typed,
  defaultText: null,
  description,
  ...ordinary,
  ...options,
});

const flag = ofKind('boolean', boolean);
const both = { scope: 'both' } as const;
const bothSecret = { scope: 'both', sensitive: true } as const;
const key: Typed<string> = { type: 'string', schema: z.string().trim().min(1), expected: 'a text' };
const address: Typed<string> = { ...ofKind('string', url), format: 'uri' };
const instant: Typed<string> = { type: 'string', schema: Instant, expected: 'a time such as 2026-01-31T09:30:00Z', format: 'date-time' };

const policy = jsonDocument(
  DeductionPolicy,
  'a JSON object with tiers, each with a multiplier and, if it is bounded, up_to_cost_usd instead of the former up_to_tokens',
);

const money = {
  'credit.initial_grant': withDefault(positiveInteger(), '1000', 'Credits of a new personal account.'),
  'credit.invite_reward': withDefault(
    integer(),
    '500',
    'Credits for the user whose invite code a new user redeemed, when both have verified their address.',
  ),
  'credit.invitee_reward': withDefault(integer(), '200', 'Credits for a new user who was invited, when they have verified their address.'),
  'credit.per_usd': withDefault(positiveInteger(1_000), '1000', 'Credits charged per US dollar of model cost.'),
  'credit.run_reservation': withDefault(
    integer(1),
    '10',
    'Credits that a run reserves when it is created; each model call reserves what it may cost beyond that.',
  ),
  'credit.low_threshold': withDefault(
    integer(),
    '0',
    'Admins of an account are told when its balance falls below this; 0 turns it off. An account can set its own value.',
  ),
  'credit.deduction_policy': withDefault(
    policy,
    JSON.stringify(defaultPolicy),
    'Tiers by the cost in US dollars of a run with its sub-agents (`up_to_cost_usd`), each with its multiplier of the charge; 0 is free.',
  ),
  'credits.monthly_grant': withDefault(integer(), '0', 'Credits granted in every month of a subscription.', both),
  'quota.runs_per_month': withDefault(positiveInteger(), '0', 'Maximum runs in a UTC month; 0 means no limit.', both),
  'quota.tokens_per_month': withDefault(
    positiveInteger(),
    '0',
    'Maximum input and output tokens in a UTC month, including cached ones; 0 means no limit.',
    both,
  ),
  'quota.attachment_bytes': withDefault(
    positiveInteger(),
    String(2 * 2 ** 30),
    'Maximum bytes of uploaded files of an account, including staged files; 0 means no limit.',
    both,
  ),
  'quota.event_bytes': withDefault(
    positiveInteger(),
    String(10 * 2 ** 30),
    'Maximum bytes of events of ended runs of an account, without archived ones; 0 means no limit.',
    both,
  ),
  'quota.message_bytes': withDefault(
    positiveInteger(),
    String(2 ** 30),
    'Maximum bytes of messages, threads and shares of an account; 0 means no limit.',
    both,
  ),
  'quota.workspace_bytes': withDefault(
    positiveInteger(),
    String(2 * 2 ** 30),
    'Maximum bytes of workspace files of an account, including revisions not yet removed; 0 means no limit.',
    both,
  ),
  'budget.max_cost_micros': withDefault(
    positiveInteger(),
    '0',
    'Maximum cost of a run in millionths of a US dollar; 0 means no limit.',
    both,
  ),
  'budget.max_total_output_tokens': withDefault(positiveInteger(), '0', 'Maximum output tokens of a run; 0 means no limit.', both),
} as const;

const limits = {
  'limit.concurrent_runs': withDefault(
    positiveInteger(),
    '0',
    'Maximum concurrent runs of an account; 0 means the value of the environment variable.',
    both,
  ),
  'limit.requests_per_minute': withDefault(
    positiveInteger(),
    '0',
    'Requests of an account per minute at the gateway; 0 means the rate of the gateway.',
    both,
  ),
  'limit.request_burst': withDefault(
    positiveInteger(),
    '0',
    'Maximum burst of requests of an account at the gateway; 0 means a minute of its rate, or the burst of the gateway.',
    both,
  ),
  'limit.team_members': withDefault(positiveInteger(), '0', 'Maximum members of a team; 0 means no limit.', both),
  'limit.max_input_content_bytes': withDefault(positiveInteger(), '32768', 'Maximum bytes of an input to a run; 0 means no limit.', both),
  'limit.agent_reasoning_iterations': withDefault(positiveInteger(), '200', 'Maximum model calls of a run; 0 means no limit.', both),
  'limit.tool_calls_per_turn': withDefault(integer(1, 1_000), '128', 'Maximum tool calls in one answer of a model.', both),
  'limit.tool_calls_per_run': withDefault(integer(1), '2000', 'Maximum tool calls of a run.', both),
  'limit.tool_continuation_budget': withDefault(
    positiveInteger(),
    '32',
    'Continuations of long tool calls in a run; has no effect yet.',
    both,
  ),
  'limit.schedules': withDefault(positiveInteger(), '50', 'Maximum schedules of an account that have times left; 0 means no limit.', both),
  'limit.schedule_min_interval_seconds': withDefault(
    integer(60),
    '60',
    'Shortest interval between two times of a schedule, in seconds.',
    both,
  ),
  'limit.schedule_max_failures': withDefault(integer(1, 100), '10', 'Failures of a schedule in a row after which it is disabled.', both),
  'limit.max_parallel_tasks': withDefault(integer(1), '32', 'Maximum concurrent tool calls of a run.'),
  'limit.run_wall_clock_timeout_ms': withDefault(integer(1), '900000', 'Maximum duration of a run, in milliseconds.'),
  'limit.paused_input_timeout_ms': withDefault(integer(1), '300000', 'How long a run waits for input, in milliseconds.'),
  'limit.idle_heartbeat_interval_ms': withDefault(
    integer(1),
    '15000',
    'Interval of heartbeat events of a run without other events, in milliseconds.',
  ),
  'limit.memories_per_user': withDefault(integer(1, 2_000), '500', 'Maximum memories of a user in an account.', both),
  'limit.subagent_max_depth': withDefault(
    positiveInteger(),
    '5',
    'Maximum depth of sub-agents. Those of a root run have depth 1; 0 allows none.',
    both,
  ),
  'limit.subagent_max_active': withDefault(positiveInteger(), '20', 'Maximum concurrent sub-agents below a root run; 0 allows none.', both),
  'limit.subagent_max_parallel_children': withDefault(
    positiveInteger(),
    '5',
    'Maximum concurrent sub-agents of one run; 0 allows none.',
    both,
  ),
  'limit.subagent_max_descendants': withDefault(
    positiveInteger(),
    '50',
    'Maximum child runs that a root run and its sub-agents may start in all; 0 allows none.',
    both,
  ),
  'erasure.grace_days': withDefault(
    integer(0, 365),
    '14',
    'Days between the request of an erasure and its begin, in which it can be canceled; 0 begins at once.',
  ),
  'queue.max_attempts': withDefault(integer(1, 1_000), '25', 'Maximum attempts of a job that executes a run or sends mail.'),
} as const;

const features = {
  'feature.byok_enabled': withDefault(flag, 'true', 'Whether accounts may add their own model providers.', both),
  'feature.mcp_remote_enabled': withoutDefault(flag, 'Whether runs may use remote MCP servers. Allowed if not set.', both),
  'invite.default_max_uses': withDefault(positiveInteger(), '0', 'Maximum uses of a new invite code; 0 means no limit.', both),
  'feature.memory_enabled': withDefault(flag, 'true', 'Whether agents read and write memories of their users.', both),
  'auth.refresh_reuse_grace_seconds': withDefault(
    integer(0),
    '10',
    'Seconds in which the previous refresh token is answered with `token_rotated`.',
  ),
  'auth.second_factor_required_from': withoutDefault(
    instant,
    'From when all users need a second factor or a passkey, such as 2026-01-31T09:30:00Z. API keys are not affected.',
  ),
  'app.base_url': withDefault(address, 'http://localhost:19000', 'Base URL of links in mail and pages.', { defaultFrom: defaultBaseUrl }),
} as const;

const agent = {
  'context.compact.enabled': withDefault(flag, 'true', 'Whether long threads are summarized for the model.'),
  'context.compact.persist_trigger_context_pct': withDefault(
    integer(1, 100),
    '80',
    'Percentage of the context window at which summarizing starts.',
  ),
  'context.compact.target_context_pct': withDefault(integer(1, 100), '75', 'Target percentage of the context window after summarizing.'),
  'context.compact.fallback_context_window_tokens': withDefault(
    integer(1),
    '128000',
    'Context window, in tokens, of a model that does not report its own.',
  ),
  'llm.retry.max_attempts': withDefault(integer(1, 100), '3', 'Maximum attempts of a model call.'),
  'llm.retry.base_delay_ms': withDefault(
    integer(0),
    '1000',
    'First delay between attempts, in milliseconds. Doubles with each attempt, up to 60 s.',
  ),
  'llm.max_answer_bytes': withDefault(
    integer(1_024, 2 ** 26),
    '4194304',
    'Maximum bytes of an answer of a model: its text, its thinking and its tool calls.',
    both,
  ),
  'llm.max_response_bytes': withDefault(integer(0), '16384', 'Maximum bytes read from a provider’s error response.'),
  'security.injection_scan.regex_enabled': withDefault(flag, 'true', 'Whether input is scanned for known prompt injections.'),
  'security.injection_scan.blocking_enabled': withDefault(flag, 'false', 'Whether a detected prompt injection ends the run.'),
  'security.injection_scan.tool_output_scan_enabled': withDefault(
    flag,
    'true',
    'Whether results of tools, and what MCP servers say about their tools, are scanned too.',
  ),
  'memory.prompt_tokens': withDefault(
    positiveInteger(),
    '1500',
    'Maximum tokens of the memories in a prompt; 0 leaves them to the tools.',
    both,
  ),
  'title_summarizer.model': withoutDefault(singleLine(300), 'The model that writes titles of threads, as model or provider^model.'),
  'web_search.provider': withoutDefault(singleLine(64), 'Provider of web search.', both),
  'web_search.tavily_api_key': withoutDefault(key, 'API key for Tavily.', bothSecret),
  'web_search.searxng_base_url': withoutDefault(address, 'Base URL of SearXNG.', both),
  'web_fetch.provider': withDefault(singleLine(64), 'basic', 'Provider that fetches web pages.', both),
  'web_fetch.jina_api_key': withoutDefault(key, 'API key for Jina.', bothSecret),
  'web_fetch.firecrawl_api_key': withoutDefault(key, 'API key for Firecrawl.', bothSecret),
  'web_fetch.firecrawl_base_url': withoutDefault(address, 'Base URL of Firecrawl.', both),
} as const;

const mail = {
  'email.from': withoutDefault(ofKind('string', mailbox), 'Sender address of mail.'),
  'email.smtp_host': withoutDefault(ofKind('string', host), 'Host name of the SMTP server.', { variable: 'ARKLOOP_SMTP_HOST' }),
  'email.smtp_port': withDefault(integer(1, 65_535), '587', 'Port of the SMTP server.', { variable: 'ARKLOOP_SMTP_PORT' }),
  'email.smtp_user': withoutDefault(singleLine(255), 'User name at the SMTP server. No authentication if not set.', {
    variable: 'ARKLOOP_SMTP_USER',
  }),
  'email.smtp_pass': withoutDefault(password(1_024), 'Password at the SMTP server.', { variable: 'ARKLOOP_SMTP_PASS', sensitive: true }),
  'email.smtp_tls_mode': withDefault(
    ofKind('string', word('none', 'starttls', 'tls')),
    'starttls',
    '`starttls` fails where the server does not offer it, `tls` speaks TLS from the start.',
    { variable: 'ARKLOOP_SMTP_TLS_MODE' },
  ),
  'turnstile.site_key': withoutDefault(singleLine(255), 'Site key of Turnstile. The captcha is required when both keys are set.'),
  'turnstile.secret_key': withoutDefault(key, 'Secret key of Turnstile.', { sensitive: true }),
  'turnstile.allowed_host': withoutDefault(singleLine(255), 'Host name on which a captcha must have been solved.'),
} as const;

const upTo = 1_000_000;
const rate = decimal((value) => value > 0 && value <= upTo, `a number above 0, at most ${upTo}`);
const changeableAtRuntime = { databaseFirst: true } as const;

const gateway = {
  'gateway.ip_mode': withDefault(
    ofKind('string', word('direct', 'proxy', 'cdn')),
    'direct',
    'Source of the client address.',
    changeableAtRuntime,
  ),
  'gateway.trusted_cidrs': withDefault(
    networks,
    '',
    'Proxies whose word on the caller is taken, separated by commas.',
    changeableAtRuntime,
  ),
  'gateway.risk_reject_threshold': withDefault(
    decimal((value) => value <= 1, 'a number from 0 to 1'),
    '0',
    'Risk from which requests are refused; 0 refuses none.',
    changeableAtRuntime,
  ),
  'gateway.ratelimit_capacity': withDefault(rate, '600', 'Maximum burst of requests of a caller.', {
    ...changeableAtRuntime,
    variable: 'ARKLOOP_RATELIMIT_CAPACITY',
  }),
  'gateway.ratelimit_rate_per_minute': withDefault(rate, '300', 'Sustained requests of a caller per minute.', {
    ...changeableAtRuntime,
    variable: 'ARKLOOP_RATELIMIT_RATE_PER_MINUTE',
  }),
  'gateway.ratelimit_rules': withDefault(
    jsonDocument(RateLimitRules, 'a JSON array of rate limit rules with distinct names'),
    '[]',
    'Limits for some of the requests, as in the gateway configuration.',
    changeableAtRuntime,
  ),
  'gateway.maintenance_enabled': withDefault(flag, 'false', 'Whether requests are rejected for maintenance.', changeableAtRuntime),
  'gateway.maintenance_retry_after_seconds': withDefault(
    integer(1, 86_400),
    '60',
    'When clients should try again after maintenance.',
    changeableAtRuntime,
  ),
  'gateway.maintenance_allowed_cidrs': withDefault(
    networks,
    '',
    'Networks that are served during maintenance, separated by commas.',
    changeableAtRuntime,
  ),
} as const;

export const registry = { ...money, ...limits, ...features, ...agent, ...mail, ...gateway } as const;

export type SettingKey = keyof typeof registry;

export type Settings = { readonly [Key in SettingKey]: (typeof registry)[Key] extends Setting<infer T> ? T : never };

export const settingKeys = (Object.keys(registry) as SettingKey[]).sort();

export const settingOf = (key: string): Setting | undefined => (Object.hasOwn(registry, key) ? registry[key as SettingKey] : undefined);

export const variableOf = (key: string, { variable }: Setting): string => variable ?? `ARKLOOP_${key.toUpperCase().replaceAll('.', '_')}`;
