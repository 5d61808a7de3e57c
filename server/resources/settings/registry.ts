import { z } from 'zod';
import { boolean, host, mailbox, url, word } from '../../kernel/config/kinds.ts';
import { decimal, document, line, networks, ofKind, password, positive, type Setting, whole } from './kinds.ts';

type Typed<T> = Pick<Setting<T>, 'type' | 'read' | 'expected'>;
type Options = Partial<Pick<Setting, 'scope' | 'sensitive' | 'variable' | 'databaseFirst'>>;

const ordinary = { scope: 'platform', sensitive: false, variable: undefined, databaseFirst: false } as const;

const preset = <T>(typed: Typed<T>, text: string, description: string, options: Options = {}): Setting<T> => ({
  ...typed,
  preset: text,
  description,
  ...ordinary,
  ...options,
});

const unset = <T>(typed: Typed<T>, description: string, options: Options = {}): Setting<T | null> => ({
  ...typed,
  preset: null,
  description,
  ...ordinary,
  ...options,
});

const flag = ofKind('boolean', boolean);
const both = { scope: 'both' } as const;
const bothSecret = { scope: 'both', sensitive: true } as const;
const key: Typed<string> = { type: 'string', read: z.string().trim().min(1), expected: 'a text' };
const address = ofKind('string', url);

const Tier = z.object({
  multiplier: z.number().min(0),
  up_to_tokens: z.number().positive().optional(),
  up_to_cost_usd: z.number().positive().optional(),
});
const policy = document(z.object({ tiers: z.array(Tier).min(1) }), 'a JSON object with tiers, each with a multiplier');
const usualPolicy = '{"tiers":[{"up_to_tokens":2000,"multiplier":0},{"multiplier":1}]}';

const money = {
  'credit.initial_grant': preset(positive(), '1000', 'Credits of a new personal account.'),
  'credit.invite_reward': preset(whole(), '500', 'Credits for whoever invited a new user.'),
  'credit.invitee_reward': preset(whole(), '200', 'Credits for a new user who was invited.'),
  'credit.per_usd': preset(positive(1_000), '1000', 'Credits that a US dollar of model cost is charged as.'),
  'credit.run_reservation': preset(
    whole(1),
    '10',
    'Credits that a run reserves when it is created; each model call reserves what it may cost beyond that.',
  ),
  'credit.deduction_policy': preset(policy, usualPolicy, 'Tiers by tokens or cost, each with the multiplier of what is charged.'),
  'credits.monthly_grant': preset(whole(), '0', 'Credits granted in every month of a subscription.', both),
  'quota.runs_per_month': preset(positive(), '0', 'Runs in a UTC month; 0 is without limit.', both),
  'quota.tokens_per_month': preset(positive(), '0', 'Tokens, in and out, in a UTC month; 0 is without limit.', both),
  'quota.attachment_bytes': preset(
    positive(),
    String(2 * 2 ** 30),
    'Bytes of uploaded files that an account keeps, staged ones included; 0 is without limit.',
    both,
  ),
  'quota.message_bytes': preset(
    positive(),
    String(2 ** 30),
    'Bytes of messages, threads and shares that an account keeps; 0 is without limit.',
    both,
  ),
  'quota.workspace_bytes': preset(
    positive(),
    String(2 * 2 ** 30),
    'Bytes of workspace files that an account keeps, with revisions not yet removed; 0 is without limit.',
    both,
  ),
  'budget.max_cost_micros': preset(positive(), '0', 'Cost of a run in millionths of a US dollar; 0 is without limit.', both),
  'budget.max_total_output_tokens': preset(positive(), '0', 'Output tokens of a run; 0 is without limit.', both),
} as const;

const limits = {
  'limit.concurrent_runs': preset(positive(), '0', 'Runs of an account at once; 0 is the default of the environment.', both),
  'limit.team_members': preset(positive(), '0', 'Members of a team; 0 is without limit.', both),
  'limit.max_input_content_bytes': preset(positive(), '32768', 'Bytes of an input to a run; 0 is without limit.', both),
  'limit.agent_reasoning_iterations': preset(positive(), '0', 'Model calls of a run; 0 is without limit.', both),
  'limit.tool_continuation_budget': preset(positive(), '32', 'Continuations of long tool calls in a run; has no effect yet.', both),
  'limit.max_parallel_tasks': preset(whole(1), '32', 'Tool calls of a run at once.'),
  'limit.run_wall_clock_timeout_ms': preset(whole(1), '900000', 'Longest time of a run, in milliseconds.'),
  'limit.paused_input_timeout_ms': preset(whole(1), '300000', 'How long a run waits for input, in milliseconds.'),
  'limit.idle_heartbeat_interval_ms': preset(whole(1), '15000', 'How often a silent run shows that it lives, in milliseconds.'),
  'limit.subagent_max_depth': preset(positive(), '5', 'How deep runs may start runs; has no effect yet.', both),
  'limit.subagent_max_active': preset(positive(), '20', 'Runs under a root run at once; has no effect yet.', both),
  'limit.subagent_max_parallel_children': preset(positive(), '5', 'Runs that a run has started at once; has no effect yet.', both),
  'limit.subagent_max_descendants': preset(positive(), '50', 'Runs under a root run in all; has no effect yet.', both),
  'queue.max_attempts': preset(whole(1, 1_000), '25', 'Attempts of a job that executes a run or sends mail.'),
} as const;

const features = {
  'feature.byok_enabled': preset(flag, 'true', 'Whether accounts may bring model providers of their own.', both),
  'feature.mcp_remote_enabled': unset(flag, 'Whether runs may use remote MCP servers; unset allows it.', both),
  'invite.default_max_uses': preset(positive(), '0', 'Uses of a new invite code; 0 is without limit.', both),
  'auth.refresh_reuse_grace_seconds': preset(
    whole(0),
    '10',
    'Seconds in which the token before the current one is answered `token_rotated`.',
  ),
  'app.base_url': preset(address, 'http://localhost:19000', 'Base of links shown to people.'),
} as const;

const agent = {
  'context.compact.enabled': preset(flag, 'true', 'Whether long conversations are summarized for the model.'),
  'context.compact.persist_trigger_context_pct': preset(whole(1, 100), '80', 'Share of the context window, in percent, that starts it.'),
  'context.compact.target_context_pct': preset(whole(1, 100), '75', 'Share of the context window, in percent, that is left after it.'),
  'context.compact.fallback_context_window_tokens': preset(whole(1), '128000', 'Context window of a model that does not tell its own.'),
  'llm.retry.max_attempts': preset(whole(1, 100), '3', 'Attempts of a model call.'),
  'llm.retry.base_delay_ms': preset(whole(0), '1000', 'First delay between attempts, in milliseconds; it doubles up to 60 s.'),
  'llm.max_response_bytes': preset(whole(0), '16384', 'Bytes of a provider’s error that are read.'),
  'security.injection_scan.regex_enabled': preset(flag, 'true', 'Whether input is searched for known prompt injections.'),
  'security.injection_scan.blocking_enabled': preset(flag, 'false', 'Whether a find ends the run.'),
  'security.injection_scan.tool_output_scan_enabled': preset(flag, 'true', 'Whether results of tools are searched too.'),
  'title_summarizer.model': unset(line(300), 'The model that writes titles of threads, as model or provider^model.'),
  'web_search.provider': unset(line(64), 'Who searches the web.', both),
  'web_search.tavily_api_key': unset(key, 'Key for Tavily.', bothSecret),
  'web_search.searxng_base_url': unset(address, 'Where SearXNG is.', both),
  'web_fetch.provider': preset(line(64), 'basic', 'Who fetches pages of the web.', both),
  'web_fetch.jina_api_key': unset(key, 'Key for Jina.', bothSecret),
  'web_fetch.firecrawl_api_key': unset(key, 'Key for Firecrawl.', bothSecret),
  'web_fetch.firecrawl_base_url': unset(address, 'Where Firecrawl is.', both),
} as const;

const mail = {
  'email.from': unset(ofKind('string', mailbox), 'Sender of mail.'),
  'email.smtp_host': unset(ofKind('string', host), 'Server that takes the mail.', { variable: 'ARKLOOP_SMTP_HOST' }),
  'email.smtp_port': preset(whole(1, 65_535), '587', 'Its port.', { variable: 'ARKLOOP_SMTP_PORT' }),
  'email.smtp_user': unset(line(255), 'User at the server; unset, nobody signs in.', { variable: 'ARKLOOP_SMTP_USER' }),
  'email.smtp_pass': unset(password(1_024), 'Password of that user.', { variable: 'ARKLOOP_SMTP_PASS', sensitive: true }),
  'email.smtp_tls_mode': preset(
    ofKind('string', word('none', 'starttls', 'tls')),
    'starttls',
    '`starttls` fails where the server does not offer it, `tls` speaks TLS from the start.',
    { variable: 'ARKLOOP_SMTP_TLS_MODE' },
  ),
  'turnstile.site_key': unset(line(255), 'Public key of the captcha; it is on when both keys are set.'),
  'turnstile.secret_key': unset(key, 'Secret key of the captcha.', { sensitive: true }),
  'turnstile.allowed_host': unset(line(255), 'The host that a captcha must have been solved on.'),
} as const;

const upTo = 1_000_000;
const rate = decimal((value) => value > 0 && value <= upTo, `a number above 0, at most ${upTo}`);
const live = { databaseFirst: true } as const;

const gateway = {
  'gateway.ip_mode': preset(
    ofKind('string', word('direct', 'proxy', 'cdn')),
    'direct',
    'Where the address of a caller is read from.',
    live,
  ),
  'gateway.trusted_cidrs': preset(networks, '', 'Proxies whose word on the caller is taken, separated by commas.', live),
  'gateway.risk_reject_threshold': preset(
    decimal((value) => value <= 1, 'a number from 0 to 1'),
    '0',
    'Risk from which requests are refused; 0 refuses none.',
    live,
  ),
  'gateway.ratelimit_capacity': preset(rate, '600', 'Requests of a caller at once.', { ...live, variable: 'ARKLOOP_RATELIMIT_CAPACITY' }),
  'gateway.ratelimit_rate_per_minute': preset(rate, '300', 'Requests of a caller in a minute.', {
    ...live,
    variable: 'ARKLOOP_RATELIMIT_RATE_PER_MINUTE',
  }),
} as const;

/** Every setting this build reads (specification, platform 8.7 and runs 17), by its key. */
export const registry = { ...money, ...limits, ...features, ...agent, ...mail, ...gateway } as const;

/** The name of a setting. */
export type SettingKey = keyof typeof registry;

/** Every setting, resolved. */
export type Settings = { readonly [Key in SettingKey]: (typeof registry)[Key] extends Setting<infer T> ? T : never };

/** Every key, ascending. */
export const settingKeys = (Object.keys(registry) as SettingKey[]).sort();

/** What the registry says about a key; undefined for one it does not know. */
export const settingOf = (key: string): Setting | undefined => (Object.hasOwn(registry, key) ? registry[key as SettingKey] : undefined);

/** The environment variable of a setting. */
export const variableOf = (key: string, { variable }: Setting): string => variable ?? `ARKLOOP_${key.toUpperCase().replaceAll('.', '_')}`;
