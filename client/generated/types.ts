// Generated from the contract by docs/generate.ts. Do not edit.

import type { Call, Cursor, NoRequest, PagedCall, StreamCall } from '../call.ts';

export interface AccessGrant {
  access_token: string;
  token_type: "bearer";
  /** Seconds until the access token expires. */
  expires_in: number;
}

export interface AccessLogEntry {
  /** Sorts by time. */
  id: Id;
  /** When the request began. */
  timestamp: Time;
  trace_id: string;
  method: string;
  path: string;
  /** 499 when the caller left before the answer. */
  status_code: number;
  /** Until the end of the answer, also of a stream. */
  duration_ms: number;
  client_ip: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  city: string;
  user_agent: string;
  ua_type: UserAgentType;
  risk_score: number;
  identity_type: "user" | "api_key" | "anonymous";
  account_id: string;
  user_id: string;
  /** The name the user has now; `""` for nobody and for deleted users. */
  username: string;
}

export interface AccessLogPage {
  data: AccessLogEntry[];
  has_more: boolean;
  /** The value of `before` for the next page; null on the last. */
  next_before: Id | null;
}

export interface Account {
  id: Id;
  slug: string;
  name: string;
  type: "personal" | "workspace";
  status: "active" | "suspended";
  /** IANA time zone. */
  timezone: string | null;
  /** Your role in it; null for an admin of the platform who is not a member. */
  role: string | null;
  created_at: Time;
}

export interface AccountBalance {
  account_id: Id;
  /** Credits: the sum of the ledger. */
  balance: number;
  /** Credits that runs under way have reserved; a run releases them when it ends. */
  reserved: number;
  /** The balance without what is reserved, at least 0. A run starts only if this is above 0. */
  available: number;
}

export interface AccountChanges {
  name?: string | undefined;
  /** IANA time zone; null clears. */
  timezone?: string | null | undefined;
}

export interface AccountClosing {
  /** The slug of the account, as a confirmation. */
  slug: string;
}

export interface AccountCredits {
  account_id: Id;
  /** Credits: the sum of the ledger. */
  balance: number;
  /** Credits that runs under way have reserved; a run releases them when it ends. */
  reserved: number;
  /** The balance without what is reserved, at least 0. A run starts only if this is above 0. */
  available: number;
  transactions: CreditTransaction[];
}

export interface AdminAccount {
  id: Id;
  slug: string;
  name: string;
  type: "personal" | "workspace";
  status: "active" | "suspended";
  created_at: Time;
  owner_user_id: Id;
  members_count: number;
  /** Credits: the sum of the ledger. */
  balance: number;
  /** Credits that runs under way have reserved; a run releases them when it ends. */
  reserved: number;
  /** The balance without what is reserved, at least 0. A run starts only if this is above 0. */
  available: number;
}

export interface AdminAccountChanges {
  status: "active" | "suspended";
}

export interface AgentParallelCompleteEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "agent.parallel_complete";
  data: { count: number; failed?: number | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface AgentParallelDispatchEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "agent.parallel_dispatch";
  data: { count: number; failed?: number | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface ApiKey {
  id: Id;
  account_id: Id;
  user_id: Id;
  name: string;
  /** The first 7 characters of the key. */
  key_prefix: string;
  scopes: string[];
  /** Whether the key has all permissions of its creator. */
  inherits_permissions: boolean;
  revoked_at: Time | null;
  last_used_at: Time | null;
  created_at: Time;
}

export interface AsrCredential {
  id: Id;
  /** Null for the platform. */
  account_id: Id | null;
  scope: "account" | "platform";
  provider: "groq" | "openai";
  name: string;
  /** The first 8 characters of the key; null for those who may not manage it. */
  key_prefix: string | null;
  base_url: string | null;
  model: string;
  is_default: boolean;
  created_at: Time;
}

export interface AsrCredentialChanges {
  name?: string | undefined;
  api_key?: string | undefined;
  /** Absolute http(s) URL without user, query or fragment. */
  base_url?: string | null | undefined;
  model?: string | undefined;
  is_default?: boolean | undefined;
}

export interface AssistantMessage {
  role: "assistant";
  content: { type: string; text?: string | undefined; [name: string]: unknown; }[];
  tool_calls?: { tool_call_id: string; tool_name: string; arguments: Record<string, unknown>; }[] | undefined;
}

export interface Attachment {
  /** Of a file that you uploaded, or of a message in a thread you can read. */
  key: string;
  filename: string;
  mime_type: string;
  /** Bytes. Size and type are those of the stored file, whatever is sent. */
  size: number;
}

export interface AuditEntry {
  id: Id;
  /** Null for what concerns the platform. */
  account_id: Id | null;
  /** Null for the system, and for a sign-in that failed. */
  actor_user_id: Id | null;
  /** `<resource>.<verb>`. */
  action: string;
  target_type: string;
  target_id: string | null;
  trace_id: string;
  /** With an API key as the actor, `api_key_id` too. */
  metadata: Record<string, unknown>;
  ip_address: string | null;
  user_agent: string | null;
  created_at: Time;
  /** Only with `include=state`. */
  before_state?: Record<string, unknown> | null | undefined;
  /** Only with `include=state`. */
  after_state?: Record<string, unknown> | null | undefined;
}

export interface AuditLog {
  data: AuditEntry[];
  /** All that match, on this page or not. */
  total: number;
}

export interface BootstrapToken {
  token: string;
  expires_at: Time;
}

export interface BootstrapTokenState {
  valid: boolean;
  /** Only for the current token. */
  expires_at?: Time | undefined;
}

export interface Broadcast {
  id: Id;
  type: string;
  title: string;
  body: string;
  target_type: "all" | "account";
  /** The account whose members get it; null for all users. */
  target_id: Id | null;
  payload: Record<string, unknown>;
  /** Final are `completed` and `failed`. */
  status: BroadcastStatus;
  /** Notifications that were made so far. Who joins after the end is not counted. */
  sent_count: number;
  created_by: Id;
  created_at: Time;
}

export type BroadcastStatus = "pending" | "sending" | "completed" | "failed";

export interface BulkCreditAdjustment {
  /** Positive adds, negative takes. */
  amount: number;
  note?: string | undefined;
}

export interface CancelRequest {
  last_seen_seq?: number | null | undefined;
  client_cancelled_at?: string | null | undefined;
}

export interface CaptchaConfig {
  enabled: boolean;
  site_key: string;
}

export interface ChildRun {
  run_id: Id;
  account_id: Id;
  thread_id: Id;
  status: RunStatus;
  model: string | null;
  persona_id: string | null;
  duration_ms: number | null;
  total_input_tokens: number | null;
  total_output_tokens: number | null;
  total_cost_usd: number | null;
  /** Whether tokens and cost are partly estimated, because the provider did not report them; null until the run ends. */
  usage_estimated: boolean | null;
  credits_used: number | null;
  created_at: Time;
  completed_at: Time | null;
  failed_at: Time | null;
  cancelled_at: Time | null;
  provider_kind: string | null;
  credential_name: string | null;
  /** The selector that the persona names. */
  persona_model: string | null;
  parent_run_id: Id;
}

export interface ContinueRequest {
  run_id: Id;
}

export interface Cost {
  currency: "USD";
  amount_micros: number;
}

export interface CreatedApiKey {
  id: Id;
  account_id: Id;
  user_id: Id;
  name: string;
  /** The first 7 characters of the key. */
  key_prefix: string;
  scopes: string[];
  /** Whether the key has all permissions of its creator. */
  inherits_permissions: boolean;
  revoked_at: Time | null;
  last_used_at: Time | null;
  created_at: Time;
  /** The secret; shown only here. */
  key: string;
}

export interface CreatedInvitation {
  id: Id;
  account_id: Id;
  invited_by_user_id: Id;
  email: string;
  role: MemberRole;
  expires_at: Time;
  accepted_at: Time | null;
  created_at: Time;
  /** What the link in the mail ends with; shown only here. */
  token: string;
}

export interface CreatedReport {
  id: Id;
  created_at: Time;
}

export interface CreatedRun {
  run_id: Id;
  trace_id: TraceId;
}

export interface Credentials {
  login: string;
  password: string;
  /** Required when captcha is on. */
  cf_turnstile_token?: string | null | undefined;
}

export interface CreditAdjustment {
  account_id: Id;
  /** Positive adds, negative takes. */
  amount: number;
  note?: string | undefined;
}

export interface CreditOperation {
  /** Also the id of its audit entry, and the `reference_id` of its transactions. */
  id: Id;
  operation: "bulk_adjust" | "reset_all";
  /** What every account is given or loses; null for a reset. */
  amount: number | null;
  note: string | null;
  state: "running" | "completed";
  /** Accounts that were there at the beginning; later ones are left as they are. */
  total: number;
  /** Accounts that were looked at so far. */
  done: number;
  /** Accounts whose balance changed so far. */
  affected: number;
  /** Accounts that were left as they are because they would have more credits than is possible. */
  failed: number;
  created_by: Id;
  created_at: Time;
  completed_at: Time | null;
}

export interface CreditReset {
  note?: string | undefined;
}

export interface CreditTransaction {
  id: Id;
  account_id: Id;
  /** Positive adds, negative takes; never 0. */
  amount: number;
  type: "credit" | "debit";
  /** The cause. */
  reference_type: "initial_grant" | "monthly_grant" | "admin_adjust" | "admin_bulk_adjust" | "admin_reset" | "redemption_code" | "referral" | "run" | "sandbox";
  /** The object of the cause: a run, a subscription, a code, an audit entry. */
  reference_id: Id | null;
  note: string | null;
  /** How the amount was worked out. */
  metadata: Record<string, unknown> | null;
  /** Of a run, where you may read its thread. */
  thread_title: string | null;
  created_at: Time;
}

export interface Credits {
  /** Credits: the sum of the ledger. */
  balance: number;
  /** Credits that runs under way have reserved; a run releases them when it ends. */
  reserved: number;
  /** The balance without what is reserved, at least 0. A run starts only if this is above 0. */
  available: number;
  transactions: CreditTransaction[];
}

export interface DailyUsage {
  date: string;
  input_tokens: number;
  output_tokens: number;
  /** US dollars, to 6 decimals. */
  cost_usd: number;
  record_count: number;
}

export interface Dashboard {
  total_users: number;
  /** Who signed in within the last 30 days. */
  active_users_30d: number;
  total_runs: number;
  /** Since midnight (UTC). */
  runs_today: number;
  total_input_tokens: number;
  total_output_tokens: number;
  /** US dollars, to 6 decimals. */
  total_cost_usd: number;
  /** Accounts that were not closed. */
  active_accounts: number;
}

export interface EditedMessage {
  /** Not blank; stored unchanged. */
  content?: string | undefined;
  /** Wins over `content`. */
  content_json?: MessageContent | undefined;
  /** A provider model by id. */
  route_id?: string | null | undefined;
  /** `key` or `key@version`. */
  persona_id?: string | null | undefined;
  /** A selector: `provider^model`, or a model alone. */
  model?: string | null | undefined;
  reasoning_mode?: "auto" | "enabled" | "disabled" | "none" | "off" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | "extra high" | null | undefined;
}

export interface EmailCode {
  /** One address (RFC 5322 addr-spec) of 3 to 254 characters, each part in one script. */
  email: string;
  /** The eight digits that were mailed. */
  otp: string;
}

export interface EmailCodeRequest {
  /** One address (RFC 5322 addr-spec) of 3 to 254 characters, each part in one script. */
  email: string;
  /** Required when captcha is on. */
  cf_turnstile_token?: string | null | undefined;
}

export interface EmailConfig {
  from: string;
  smtp_host: string;
  smtp_port: number;
  smtp_user: string;
  smtp_pass_set: boolean;
  smtp_tls_mode: "none" | "starttls" | "tls";
}

export interface EmailConfigValues {
  /** An address, or `Name <address>`; `""` turns mail off. */
  from: string;
  /** The name or the IP address of the server; required with a sender. */
  smtp_host?: string | undefined;
  smtp_port?: number | undefined;
  /** Empty where nobody signs in. */
  smtp_user?: string | undefined;
  /** Left out or `""` keeps what is stored, null clears it. */
  smtp_pass?: string | null | undefined;
  /** `starttls` fails where the server does not offer it, `tls` speaks TLS from the start. */
  smtp_tls_mode?: "none" | "starttls" | "tls" | undefined;
}

export interface EmailConfirmation {
  token: string;
}

export interface EmailStatus {
  /** Whether there is a sender. */
  configured: boolean;
  from: string | null;
  /** Where the sender comes from; the environment counts more than what is stored. */
  source: "db" | "env" | "none";
}

export interface Entitlement {
  id: Id;
  key: string;
  value: string;
  value_type: EntitlementType;
}

export interface EntitlementOverride {
  id: Id;
  account_id: Id;
  key: string;
  value: string;
  value_type: EntitlementType;
  reason: string | null;
  /** From this instant on it has no effect. */
  expires_at: Time | null;
  created_by_user_id: Id | null;
  created_at: Time;
}

export type EntitlementType = "integer" | "boolean" | "string";

/** `native_v1` is `agent.simple`. */
export type Executor = "agent.simple" | "native_v1" | "agent.interactive" | "task.classify_route" | "noop";

export interface FeatureFlag {
  id: Id;
  key: FeatureFlagKey;
  description: string | null;
  /** Of accounts without an override, and where there is no account. */
  default_value: boolean;
  supports_account_overrides: boolean;
  created_at: Time;
}

export interface FeatureFlagChanges {
  default_value?: boolean | undefined;
  description?: string | undefined;
}

/** Letters, digits, `_`, `.` and `-`, beginning with a letter or digit. */
export type FeatureFlagKey = string;

export type FeatureFlags = Record<string, boolean>;

export interface FilePart {
  type: "file";
  attachment: Attachment;
  extracted_text?: string | undefined;
}

export interface FlagOverride {
  account_id: Id;
  flag_key: FeatureFlagKey;
  enabled: boolean;
  created_at: Time;
}

export interface FlowCode {
  /** From `POST /v1/auth/resolve`; it lasts ten minutes. */
  flow_token: string;
  /** The eight digits that were mailed. */
  otp: string;
}

export interface FlowCodeRequest {
  /** From `POST /v1/auth/resolve`; it lasts ten minutes. */
  flow_token: string;
  /** Required when captcha is on. */
  cf_turnstile_token?: string | null | undefined;
}

export interface ForkRequest {
  /** The last message to copy. */
  message_id: Id;
  /** As the thread is, unless given. */
  is_private?: boolean | undefined;
}

export interface ForkedThread {
  id: Id;
  account_id: Id;
  created_by_user_id: Id | null;
  title: string | null;
  project_id: Id | null;
  created_at: Time;
  /** The last activity. */
  updated_at: Time;
  /** The run that has not ended yet. */
  active_run_id: Id | null;
  is_private: boolean;
  /** Only private threads expire. */
  expires_at: Time | null;
  /** Only when forked. */
  parent_thread_id?: Id | undefined;
  /** The messages that were copied, oldest first. */
  id_mapping: { old_id: Id; new_id: Id; }[];
}

export interface GatewayConfig {
  /** Where the address of a caller is read from: the connection, `X-Forwarded-For`, or the header of a CDN. */
  ip_mode: "direct" | "proxy" | "cdn";
  /** Proxies whose word on the caller is taken, without host bits. */
  trusted_cidrs: string[];
  /** Risk from which requests are refused; 0 refuses none. */
  risk_reject_threshold: number;
  /** Requests of a caller at once. */
  rate_limit_capacity: number;
  /** Requests of a caller in a minute. */
  rate_limit_per_minute: number;
}

export interface GatewayConfigChanges {
  /** Where the address of a caller is read from: the connection, `X-Forwarded-For`, or the header of a CDN. */
  ip_mode?: "direct" | "proxy" | "cdn" | undefined;
  /** IPv4 or IPv6 networks (RFC 4632, RFC 4291); host bits are cleared. */
  trusted_cidrs?: string[] | undefined;
  /** Risk from which requests are refused; 0 refuses none. */
  risk_reject_threshold?: number | undefined;
  /** Requests of a caller at once. */
  rate_limit_capacity?: number | undefined;
  /** Requests of a caller in a minute. */
  rate_limit_per_minute?: number | undefined;
}

export interface HourlyUsage {
  hour: Time;
  input_tokens: number;
  output_tokens: number;
  /** US dollars, to 6 decimals. */
  cost_usd: number;
  record_count: number;
}

/** A UUID (RFC 9562); the server makes version 7. */
export type Id = string;

export interface Identity {
  identity: string;
  /** Required when captcha is on. */
  cf_turnstile_token?: string | null | undefined;
}

export interface ImagePart {
  type: "image";
  attachment: Attachment;
}

export interface Invitation {
  id: Id;
  account_id: Id;
  invited_by_user_id: Id;
  email: string;
  role: MemberRole;
  expires_at: Time;
  accepted_at: Time | null;
  created_at: Time;
}

export interface InviteCode {
  id: Id;
  user_id: Id;
  code: string;
  /** 0: unlimited. */
  max_uses: number;
  use_count: number;
  is_active: boolean;
  created_at: Time;
}

export interface InviteCodeChanges {
  /** 0: unlimited. Fewer than it was used: used up. */
  max_uses?: number | undefined;
  is_active?: boolean | undefined;
}

export interface IpRule {
  id: Id;
  account_id: Id;
  type: IpRuleType;
  /** The network, without host bits. */
  cidr: string;
  note: string | null;
  created_at: Time;
}

export type IpRuleType = "allowlist" | "blocklist";

export interface Issue {
  location: "path" | "query" | "header" | "body";
  /** JSON Pointer (RFC 6901) in a body, the name of the parameter elsewhere. */
  path: string;
  message: string;
}

export interface Liveness {
  status: "ok";
}

export interface LlmModel {
  id: Id;
  provider_id: Id;
  model: string;
  priority: number;
  is_default: boolean;
  show_in_picker: boolean;
  tags: string[];
  /** A condition: every key equals the fact of the run. */
  when: Record<string, unknown>;
  advanced_json: Record<string, unknown> | null;
  multiplier: number;
  cost_per_1k_input: number | null;
  cost_per_1k_output: number | null;
  cost_per_1k_cache_write: number | null;
  cost_per_1k_cache_read: number | null;
}

export interface LlmModelChanges {
  model?: string | undefined;
  priority?: number | undefined;
  is_default?: boolean | undefined;
  show_in_picker?: boolean | undefined;
  tags?: string[] | undefined;
  when?: Record<string, unknown> | null | undefined;
  /** Merged into the request to the upstream. */
  advanced_json?: Record<string, unknown> | null | undefined;
  multiplier?: number | undefined;
  /** US dollars for 1 000 tokens. */
  cost_per_1k_input?: number | null | undefined;
  /** US dollars for 1 000 tokens. */
  cost_per_1k_output?: number | null | undefined;
  /** US dollars for 1 000 tokens. */
  cost_per_1k_cache_write?: number | null | undefined;
  /** US dollars for 1 000 tokens. */
  cost_per_1k_cache_read?: number | null | undefined;
}

export interface LlmModelTest {
  success: boolean;
  model_id: Id;
  latency_ms: number;
  error?: string | undefined;
}

export interface LlmProvider {
  id: Id;
  /** Null for the platform. */
  account_id: Id | null;
  scope: ProviderScope;
  provider: "openai" | "anthropic";
  name: string;
  /** The first 8 characters of the key. */
  key_prefix: string | null;
  base_url: string | null;
  openai_api_mode: "auto" | "responses" | "chat_completions" | null;
  advanced_json: Record<string, unknown> | null;
  created_at: Time;
  models: LlmModel[];
}

export interface LlmProviderChanges {
  name?: string | undefined;
  provider?: "openai" | "anthropic" | undefined;
  api_key?: string | undefined;
  /** Absolute http(s) URL without user, query or fragment. */
  base_url?: string | null | undefined;
  /** Only with provider `openai`. */
  openai_api_mode?: "auto" | "responses" | "chat_completions" | null | undefined;
  /** Merged into the request to the upstream. */
  advanced_json?: Record<string, unknown> | null | undefined;
}

export interface LlmRequestEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "llm.request";
  data: { llm_call_id: string; provider_kind: string; api_mode: string; payload: Record<string, unknown>; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface LlmResponseChunkEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "llm.response.chunk";
  data: { llm_call_id: string; raw: string; json?: unknown | undefined; status_code?: number | undefined; truncated: boolean; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface LlmTurnCompletedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "llm.turn.completed";
  data: { llm_call_id?: string | undefined; turn_index: number; usage?: Usage | undefined; cost?: Cost | undefined; assistant_message: AssistantMessage; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface LockedShare {
  requires_password: true;
}

export interface LoginCheck {
  login: string;
}

export interface LoginExists {
  exists: boolean;
}

export interface LogoutRequest {
  /** End every session of the user. */
  all?: boolean | undefined;
}

export interface McpConfig {
  id: Id;
  account_id: Id;
  name: string;
  transport: McpTransport;
  /** Null with `stdio`. */
  url: string | null;
  /** Whether there is a bearer token. */
  has_auth: boolean;
  /** Only with `stdio`. */
  command: string | null;
  args: string[];
  cwd: string | null;
  /** A server never sees the environment of the worker. */
  inherit_parent_env: false;
  call_timeout_ms: number;
  is_active: boolean;
  created_at: Time;
  updated_at: Time;
}

export interface McpConfigChanges {
  name?: string | undefined;
  /** Absolute http(s) URL without user or fragment; not with `stdio`. */
  url?: string | null | undefined;
  /** Sent as `Authorization: Bearer`; null or an empty text is none. Not with `stdio`. */
  bearer_token?: string | null | undefined;
  /** Milliseconds for each step and each call. */
  call_timeout_ms?: number | undefined;
  is_active?: boolean | undefined;
}

export type McpTransport = "stdio" | "http_sse" | "streamable_http";

export interface Me {
  id: Id;
  username: string;
  login: string | null;
  email: string | null;
  email_verified: boolean;
  email_verification_required: boolean;
  /** IANA time zone. */
  timezone: string | null;
  account_timezone: string | null;
  locale: string | null;
  created_at: Time;
  account_id: Id;
  account_name: string;
  role: string;
  permissions: ("account.audit_read" | "account.ip_rules.manage" | "account.members.invite" | "account.members.list" | "account.members.revoke" | "account.teams.manage" | "account.teams.read" | "data.api_keys.manage" | "data.channels.manage" | "data.llm_credentials.manage" | "data.mcp_configs.manage" | "data.personas.manage" | "data.personas.read" | "data.projects.manage" | "data.projects.read" | "data.runs.read" | "data.runs.write" | "data.scheduled_jobs.manage" | "data.secrets.manage" | "data.skills.manage" | "data.skills.read" | "data.subscriptions.read" | "data.threads.read" | "data.threads.write" | "data.usage.read" | "data.webhooks.manage" | "platform.admin" | "platform.entitlements.manage" | "platform.feature_flags.manage" | "platform.invite_codes.manage" | "platform.plans.manage" | "platform.subscriptions.manage")[];
}

export interface MeChanges {
  /** Trimmed and normalised (NFKC); 1 to 256 bytes; no `@`, no control or format characters. */
  username?: string | undefined;
  /** IANA time zone; null or empty clears. */
  timezone?: string | null | undefined;
  /** BCP 47 tag; null or empty clears. */
  locale?: string | null | undefined;
}

export interface Member {
  account_id: Id;
  user_id: Id;
  username: string;
  email: string | null;
  role: string;
  created_at: Time;
}

export interface MemberChanges {
  role: MemberRole;
}

export type MemberRole = "admin" | "member";

export interface Message {
  id: Id;
  account_id: Id;
  thread_id: Id;
  /** Null for the assistant. */
  created_by_user_id: Id | null;
  role: "user" | "assistant";
  /** Of a structured message: its texts, and the names and texts of its attachments. */
  content: string;
  /** Only on structured messages. */
  content_json?: MessageContent | undefined;
  /** Only on messages of the assistant: the run that produced it. */
  run_id?: Id | undefined;
  completion: MessageCompletion;
  created_at: Time;
}

/** `stopped`, `failed`: what a run had answered before it was canceled or failed. `:continue` goes on from it. */
export type MessageCompletion = "complete" | "stopped" | "failed";

export interface MessageContent {
  /** Texts are joined into one. At most 8 attachments, together 20 MiB. */
  parts: MessagePart[];
}

export interface MessageDeltaEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "message.delta";
  data: { content: string; content_delta: string; role: "assistant"; channel?: "thinking" | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export type MessagePart = TextPart | ImagePart | FilePart;

export interface ModelUsage {
  /** `unknown` where a run ended before one was chosen. */
  model: string;
  input_tokens: number;
  output_tokens: number;
  /** US dollars, to 6 decimals. */
  cost_usd: number;
  record_count: number;
  cache_creation_tokens: number;
  cache_read_tokens: number;
  cached_tokens: number;
}

export interface MonthlyUsage {
  account_id: Id;
  year: number;
  month: number;
  total_input_tokens: number;
  total_output_tokens: number;
  total_cache_creation_tokens: number;
  total_cache_read_tokens: number;
  total_cached_tokens: number;
  /** US dollars, to 6 decimals. */
  total_cost_usd: number;
  record_count: number;
  storage: StorageUsage;
}

export interface NewAccount {
  /** Unique for ever, also after the account was closed. */
  slug: string;
  name: string;
}

export interface NewApiKey {
  name: string;
  /** Left out or null: all that you may do at the time of a call. */
  scopes?: string[] | null | undefined;
}

export interface NewAsrCredential {
  name: string;
  provider: "groq" | "openai";
  api_key: string;
  model: string;
  /** Absolute http(s) URL without user, query or fragment. */
  base_url?: string | null | undefined;
  is_default?: boolean | undefined;
  scope?: "account" | "platform" | undefined;
}

export interface NewAttachment {
  /** A PNG, JPEG, WebP or GIF image up to 3.5 MiB, or a text file up to 1 MiB. */
  file: File;
}

export interface NewBroadcast {
  /** What it is about, for programs. */
  type: string;
  title: string;
  body: string;
  /** `all`, or the id of an account. */
  target: "all" | Id;
  /** At most 16 KiB as JSON. */
  payload?: Record<string, unknown> | undefined;
}

export interface NewEntitlement {
  key: string;
  value: string;
  value_type: EntitlementType;
}

export interface NewEntitlementOverride {
  account_id: Id;
  key: string;
  value: string;
  value_type: EntitlementType;
  reason?: string | null | undefined;
  expires_at?: string | null | undefined;
}

export interface NewFeatureFlag {
  key: FeatureFlagKey;
  description?: string | undefined;
  default_value: boolean;
}

export interface NewFlagOverride {
  account_id: Id;
  enabled: boolean;
}

export interface NewInvitation {
  /** One address (RFC 5322 addr-spec) of 3 to 254 characters. */
  email: string;
  role: MemberRole;
}

export interface NewIpRule {
  type: IpRuleType;
  /** An IPv4 or IPv6 address with a prefix length (RFC 4632, RFC 4291); host bits are cleared. */
  cidr: string;
  note?: string | undefined;
}

export interface NewLlmModel {
  model: string;
  priority?: number | undefined;
  is_default?: boolean | undefined;
  show_in_picker?: boolean | undefined;
  tags?: string[] | undefined;
  when?: Record<string, unknown> | null | undefined;
  /** Merged into the request to the upstream. */
  advanced_json?: Record<string, unknown> | null | undefined;
  multiplier?: number | undefined;
  /** US dollars for 1 000 tokens. */
  cost_per_1k_input?: number | null | undefined;
  /** US dollars for 1 000 tokens. */
  cost_per_1k_output?: number | null | undefined;
  /** US dollars for 1 000 tokens. */
  cost_per_1k_cache_write?: number | null | undefined;
  /** US dollars for 1 000 tokens. */
  cost_per_1k_cache_read?: number | null | undefined;
}

export interface NewLlmProvider {
  scope?: ProviderScope | undefined;
  name: string;
  provider: "openai" | "anthropic";
  api_key: string;
  /** Absolute http(s) URL without user, query or fragment. */
  base_url?: string | null | undefined;
  /** Only with provider `openai`. */
  openai_api_mode?: "auto" | "responses" | "chat_completions" | null | undefined;
  /** Merged into the request to the upstream. */
  advanced_json?: Record<string, unknown> | null | undefined;
}

export interface NewMcpConfig {
  name: string;
  /** One of `stdio`, `http_sse`, `streamable_http`; the case of letters does not matter. */
  transport: string;
  /** Absolute http(s) URL without user or fragment; not with `stdio`. */
  url?: string | null | undefined;
  /** Sent as `Authorization: Bearer`; null or an empty text is none. Not with `stdio`. */
  bearer_token?: string | null | undefined;
  /** The program to run, without a shell; needed with `stdio`. */
  command?: string | null | undefined;
  args?: string[] | undefined;
  cwd?: string | null | undefined;
  /** The whole environment of the program; never shown again. */
  env?: Record<string, string> | undefined;
  /** Taken and ignored: it is always false. */
  inherit_parent_env?: boolean | undefined;
  /** Milliseconds for each step and each call. */
  call_timeout_ms?: number | undefined;
}

export interface NewMessage {
  /** Not blank; stored unchanged. */
  content?: string | undefined;
  /** Wins over `content`. */
  content_json?: MessageContent | undefined;
}

export interface NewPersona {
  scope?: PersonaScope | undefined;
  persona_key?: string | undefined;
  version?: string | undefined;
  /** The key of a builtin that this is a copy of, but for what is given. Without it key, version, name and prompt are required. */
  copy_from_repo_persona_key?: string | undefined;
  display_name?: string | undefined;
  description?: string | null | undefined;
  /** The system prompt. */
  prompt_md?: string | undefined;
  /** Who it is; stands before the prompt. */
  soul_md?: string | null | undefined;
  /** Tools or groups of tools; empty is all. */
  tool_allowlist?: string[] | undefined;
  tool_denylist?: string[] | undefined;
  /** The tools listed from the start; others are loaded when needed. Empty is all. */
  core_tools?: string[] | undefined;
  budgets?: PersonaBudgets | undefined;
  /** Reserved: stored, without effect. */
  roles?: Record<string, PersonaRole> | undefined;
  /** Reserved: only `[]`. */
  conditional_tools?: unknown[] | undefined;
  /** A selector: `provider^model`, or a model alone. */
  model?: string | null | undefined;
  /** A provider by name. */
  preferred_credential?: string | null | undefined;
  reasoning_mode?: ReasoningMode | undefined;
  stream_thinking?: boolean | undefined;
  prompt_cache_control?: "none" | "system_prompt" | undefined;
  executor_type?: Executor | undefined;
  executor_config?: Record<string, unknown> | undefined;
  user_selectable?: boolean | undefined;
  selector_name?: string | null | undefined;
  selector_order?: number | null | undefined;
}

export interface NewPlan {
  /** Unique, ignoring case. */
  name: string;
  /** For people. */
  display_name: string;
  entitlements?: NewEntitlement[] | undefined;
}

export interface NewProject {
  name: string;
  description?: string | null | undefined;
  /** A team of the account. */
  team_id?: Id | null | undefined;
  visibility?: Visibility | undefined;
}

export interface NewRedemptionCodes {
  /** How many codes. */
  count: number;
  type: RedemptionType;
  /** Of `credits` an integer from 1 to 1000000000, as digits; of `feature` the key of a flag that accounts may override. */
  value: string;
  /** Uses of each code, one for a user. */
  max_uses?: number | undefined;
  /** May lie in the past: then the codes have expired. */
  expires_at?: string | null | undefined;
  /** A name to find the codes by. */
  batch_id?: string | null | undefined;
}

export interface NewReport {
  categories: ReportCategory[];
  feedback?: string | null | undefined;
}

export interface NewRun {
  /** A provider model by id. */
  route_id?: string | null | undefined;
  /** `key` or `key@version`. */
  persona_id?: string | null | undefined;
  /** A selector: `provider^model`, or a model alone. */
  model?: string | null | undefined;
  reasoning_mode?: "auto" | "enabled" | "disabled" | "none" | "off" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | "extra high" | null | undefined;
}

export interface NewShare {
  access_type?: "public" | "password" | undefined;
  /** Only of `password`, which needs one. Never returned. */
  password?: string | undefined;
  live_update?: boolean | undefined;
}

export interface NewSubscription {
  account_id: Id;
  plan_id: Id;
  /** Monthly grants are counted from here. */
  current_period_start: string;
  /** After the start; monthly grants stop here. */
  current_period_end: string;
}

export interface NewTeam {
  name: string;
}

export interface NewTeamMember {
  user_id: Id;
  role: MemberRole;
}

export interface NewThread {
  /** A blank title is stored as null. */
  title?: string | null | undefined;
  /** A private thread is yours alone and expires after 24 hours. */
  is_private?: boolean | undefined;
  project_id?: Id | null | undefined;
}

export interface NewUser {
  /** Trimmed and normalised (NFKC); 1 to 256 bytes in one script; no `@`, no control or format characters. */
  login: string;
  /** At least 8 code points, at most 256 bytes, with a letter and a digit. */
  password: string;
  /** One address (RFC 5322 addr-spec) of 3 to 254 characters, each part in one script. */
  email: string;
  invite_code?: string | null | undefined;
  /** A BCP 47 tag. */
  locale?: string | null | undefined;
  /** Required when captcha is on. */
  cf_turnstile_token?: string | null | undefined;
}

export interface NewWebhookEndpoint {
  /** An https URL of a public host, without user, password and fragment. */
  url: string;
  /** What the endpoint is told of; duplicates are merged. */
  events: WebhookEventType[];
}

export interface NextStep {
  /** `password`: a user has this login or address; `register`: nobody has. */
  next_step: "password" | "register";
  /** Only with `password`. */
  flow_token?: string | undefined;
  /** Only when the user has an address. */
  masked_email?: string | undefined;
  /** Whether a code can be mailed. */
  otp_available: boolean;
  invite_required: boolean;
  /** What was typed, trimmed. */
  prefill: { login?: string | undefined; email?: string | undefined; };
}

export type NoFields = Record<string, never>;

export interface Notification {
  id: Id;
  user_id: Id;
  /** The account it is about; your personal one where it is about none. */
  account_id: Id;
  /** What it is about, for programs: `webhook.endpoint_disabled`. */
  type: string;
  title: string;
  body: string;
  payload: Record<string, unknown>;
  read_at: Time | null;
  created_at: Time;
}

export interface Notifications {
  data: Notification[];
}

export interface Ok {
  ok: true;
}

export interface OwnedInviteCode {
  id: Id;
  user_id: Id;
  code: string;
  /** 0: unlimited. */
  max_uses: number;
  use_count: number;
  is_active: boolean;
  created_at: Time;
  user_login: string | null;
  user_email: string | null;
}

/** An opaque cursor. Only what the same list gave out, with the same filters, is accepted, and one value where `before` and `cursor` are both given. Anything else is 400, with the reason `invalid_cursor` if it has the form of a cursor. */
export type PageCursor = string;

export interface PasswordChange {
  /** Needed, unless a mailed code opened the session within the last ten minutes. */
  current_password?: string | null | undefined;
  /** At least 8 code points, at most 256 bytes, with a letter and a digit. */
  new_password: string;
}

export interface Persona {
  /** Of a builtin: `builtin:{key}:{version}`. */
  id: Id | string;
  persona_key: string;
  version: string;
  /** `platform` for builtins. */
  scope: PersonaScope;
  source: "custom" | "builtin";
  display_name: string;
  description: string | null;
  selector_name: string | null;
  selector_order: number | null;
  model: string | null;
  reasoning_mode: ReasoningMode;
  /** Null for the platform and for builtins. */
  account_id: Id | null;
  is_active: boolean;
  prompt_md: string;
  soul_md: string | null;
  tool_allowlist: string[];
  tool_denylist: string[];
  core_tools: string[];
  budgets: PersonaBudgets;
  roles: Record<string, PersonaRole>;
  conditional_tools: unknown[];
  preferred_credential: string | null;
  stream_thinking: boolean;
  prompt_cache_control: "none" | "system_prompt";
  executor_type: Executor;
  executor_config: Record<string, unknown>;
  user_selectable: boolean;
  /** Null for builtins. */
  created_at: Time | null;
  /** Null for builtins. */
  updated_at: Time | null;
}

export interface PersonaBudgets {
  reasoning_iterations?: number | undefined;
  tool_continuation_budget?: number | undefined;
  max_output_tokens?: number | undefined;
  tool_timeout_ms?: number | undefined;
  max_cost_micros?: number | undefined;
  max_total_output_tokens?: number | undefined;
  temperature?: number | undefined;
  top_p?: number | undefined;
  /** Reserved: only `{}`. */
  tool_budget?: Record<string, unknown> | undefined;
  /** Reserved: only `{}`. */
  per_tool_soft_limits?: Record<string, unknown> | undefined;
}

export interface PersonaChanges {
  display_name?: string | undefined;
  description?: string | null | undefined;
  /** The system prompt. */
  prompt_md?: string | undefined;
  /** Who it is; stands before the prompt. */
  soul_md?: string | null | undefined;
  /** Tools or groups of tools; empty is all. */
  tool_allowlist?: string[] | undefined;
  tool_denylist?: string[] | undefined;
  /** The tools listed from the start; others are loaded when needed. Empty is all. */
  core_tools?: string[] | undefined;
  budgets?: PersonaBudgets | undefined;
  /** Reserved: stored, without effect. */
  roles?: Record<string, PersonaRole> | undefined;
  /** Reserved: only `[]`. */
  conditional_tools?: unknown[] | undefined;
  /** A selector: `provider^model`, or a model alone. */
  model?: string | null | undefined;
  /** A provider by name. */
  preferred_credential?: string | null | undefined;
  reasoning_mode?: ReasoningMode | undefined;
  stream_thinking?: boolean | undefined;
  prompt_cache_control?: "none" | "system_prompt" | undefined;
  executor_type?: Executor | undefined;
  executor_config?: Record<string, unknown> | undefined;
  user_selectable?: boolean | undefined;
  selector_name?: string | null | undefined;
  selector_order?: number | null | undefined;
  is_active?: boolean | undefined;
}

export interface PersonaRole {
  soul_md?: string | null | undefined;
  prompt_md?: string | null | undefined;
  tool_allowlist?: string[] | undefined;
  tool_denylist?: string[] | undefined;
  budgets?: PersonaBudgets | undefined;
  preferred_credential?: string | null | undefined;
  model?: string | null | undefined;
  reasoning_mode?: ReasoningMode | undefined;
  stream_thinking?: boolean | undefined;
  prompt_cache_control?: "none" | "system_prompt" | undefined;
}

export type PersonaScope = "account" | "platform";

export interface Plan {
  id: Id;
  name: string;
  display_name: string;
  /** Sorted by key. */
  entitlements: Entitlement[];
  created_at: Time;
}

export interface PlanChanges {
  /** For people. */
  display_name?: string | undefined;
  /** Replaces all of them, for all subscribers at once. */
  entitlements?: NewEntitlement[] | undefined;
}

export interface PlatformAdmin {
  access_token: string;
  token_type: "bearer";
  /** Seconds until the access token expires. */
  expires_in: number;
  user_id: Id;
}

export interface PlatformSetting {
  key: string;
  value: string;
  updated_at: Time;
}

export interface PlatformSettingValue {
  /** The text of a value of the setting’s type. */
  value: string;
}

export interface PlatformSetup {
  token: string;
  /** Trimmed and normalised (NFKC); 1 to 256 bytes in one script; no `@`, no control or format characters. */
  login: string;
  /** At least 8 code points, at most 256 bytes, with a letter and a digit. */
  password: string;
  email?: string | null | undefined;
  /** A BCP 47 tag. */
  locale?: string | null | undefined;
}

export interface Problem {
  error: "validation.error" | "auth.unauthorized" | "billing.insufficient_credits" | "auth.forbidden" | "not_found" | "method_not_allowed" | "request_timeout" | "conflict" | "payload_too_large" | "rate_limit" | "headers_too_large" | "internal_error" | "provider.upstream_error" | "bad_gateway" | "unavailable" | "gateway_timeout";
  /** For people; not part of the contract. */
  message: string;
  trace_id: string;
  /** Always an object. */
  details: { reason?: string | undefined; issues?: Issue[] | undefined; [name: string]: unknown; };
}

export interface Profile {
  username: string;
  timezone: string | null;
  locale: string | null;
}

export interface Project {
  id: Id;
  account_id: Id;
  team_id: Id | null;
  owner_user_id: Id | null;
  name: string;
  description: string | null;
  visibility: Visibility;
  /** Everybody has one such project in each account; it is private and stays. */
  is_default: boolean;
  created_at: Time;
}

export interface ProjectChanges {
  name?: string | undefined;
  description?: string | null | undefined;
  /** A team of the account. */
  team_id?: Id | null | undefined;
  visibility?: Visibility | undefined;
}

export type ProviderScope = "account" | "platform";

export interface ReadAll {
  ok: true;
  /** Notifications that were unread. */
  count: number;
}

export interface Readiness {
  status: "ok";
  /** Version of the database schema that the process uses. */
  schema_version: string;
  storage: StorageState;
}

export type ReasoningMode = "auto" | "enabled" | "disabled" | "none" | "minimal" | "low" | "medium" | "high" | "xhigh";

export interface Recording {
  /** Up to 25 MiB, in a format that the provider knows. */
  file: File;
  language?: string | undefined;
}

export interface Redemption {
  code: string;
  type: "credits" | "feature";
  /** The number of credits, or the key of the feature flag that is on now. */
  value: string;
}

export interface RedemptionCode {
  id: Id;
  /** Four groups of four symbols joined by `-`: the letters without I and O, and 2 to 9. */
  code: string;
  type: RedemptionType;
  /** The number of credits, or the key of the feature flag. */
  value: string;
  max_uses: number;
  use_count: number;
  /** From this instant on the code is of no use. */
  expires_at: Time | null;
  is_active: boolean;
  batch_id: string | null;
  created_by_user_id: Id | null;
  created_at: Time;
}

export interface RedemptionCodeChanges {
  /** A code that was switched off is not revived. */
  is_active: false;
}

export interface RedemptionRequest {
  /** In either case, with or without white space around it. */
  code: string;
}

export type RedemptionType = "credits" | "feature";

export interface Referral {
  id: Id;
  inviter_user_id: Id;
  invitee_user_id: Id;
  invite_code_id: Id;
  /** Whether the inviter was paid. */
  credited: boolean;
  created_at: Time;
  /** Null once the user was deleted. */
  inviter_login: string | null;
  /** Null once the user was deleted. */
  invitee_login: string | null;
}

export interface ReferralNode {
  user_id: Id;
  /** Null once the user was deleted. */
  login: string | null;
  /** Null for the root. */
  inviter_id: Id | null;
  depth: number;
  /** When the root came to be; of the others, when they were referred. */
  created_at: Time;
}

export interface Registration {
  user_id: Id;
  access_token: string;
  token_type: "bearer";
  /** Seconds until the access token expires. */
  expires_in: number;
  warning: string | null;
}

export interface RegistrationMode {
  mode: "open" | "invite_only" | "disabled";
}

export interface Report {
  id: Id;
  thread_id: Id;
  account_id: Id;
  /** Who reports. */
  user_id: Id;
  categories: ReportCategory[];
  feedback: string | null;
  created_at: Time;
}

export type ReportCategory = "inaccurate" | "out_of_date" | "too_short" | "too_long" | "harmful_or_offensive" | "wrong_sources";

export interface RetryRequest {
  /** A provider model by id. */
  route_id?: string | null | undefined;
  /** `key` or `key@version`. */
  persona_id?: string | null | undefined;
  /** A selector: `provider^model`, or a model alone. */
  model?: string | null | undefined;
  reasoning_mode?: "auto" | "enabled" | "disabled" | "none" | "off" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | "extra high" | null | undefined;
}

export interface Run {
  run_id: Id;
  account_id: Id;
  thread_id: Id;
  created_by_user_id: Id | null;
  status: RunStatus;
  created_at: Time;
  parent_run_id: Id | null;
  model: string | null;
  persona_id: string | null;
  duration_ms: number | null;
  total_input_tokens: number | null;
  total_output_tokens: number | null;
  total_cost_usd: number | null;
  /** Whether tokens and cost are partly estimated, because the provider did not report them; null until the run ends. */
  usage_estimated: boolean | null;
  completed_at: Time | null;
  failed_at: Time | null;
  cancelled_at: Time | null;
  trace_id: TraceId;
  child_run_ids: Id[];
  resume_from_run_id: Id | null;
  error: RunError | null;
}

export interface RunCancelRequestedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.cancel_requested";
  data: { requested_by_user_id?: Id | undefined; last_seen_seq?: number | undefined; client_cancelled_at?: string | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunCancelledEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.cancelled";
  data: { reason: "cancel_signal" | "cancelled_before_start" | "reaped"; usage?: Usage | undefined; cost?: Cost | undefined; message_id?: Id | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunCancelledWebhook {
  type: "run.cancelled";
  /** When it happened. */
  timestamp: Time;
  data: WebhookRun;
}

export interface RunCompletedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.completed";
  data: { llm_call_id?: string | undefined; usage?: Usage | undefined; cost?: Cost | undefined; message_id?: Id | undefined; assistant_message?: AssistantMessage | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunCompletedWebhook {
  type: "run.completed";
  /** When it happened. */
  timestamp: Time;
  data: WebhookRun;
}

export interface RunContextCompactEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.context_compact";
  data: { op: "rewrite" | "persist"; phase: "completed" | "no_rewrite" | "still_oversize" | "llm_failed" | "current_input_too_large"; turn_index: number; trigger_phase: "preflight" | "provider" | "threshold"; rewrite_applied: boolean; tool_results_microcompacted: number; images_stripped: number; request_bytes_before_rewrite: number; request_bytes_after_rewrite: number; tokens_before?: number | undefined; tokens_after?: number | undefined; usage?: Usage | undefined; cost?: Cost | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunDetails {
  run_id: Id;
  account_id: Id;
  thread_id: Id;
  status: RunStatus;
  model: string | null;
  persona_id: string | null;
  duration_ms: number | null;
  total_input_tokens: number | null;
  total_output_tokens: number | null;
  total_cost_usd: number | null;
  /** Whether tokens and cost are partly estimated, because the provider did not report them; null until the run ends. */
  usage_estimated: boolean | null;
  credits_used: number | null;
  created_at: Time;
  completed_at: Time | null;
  failed_at: Time | null;
  cancelled_at: Time | null;
  provider_kind: string | null;
  credential_name: string | null;
  /** The selector that the persona names. */
  persona_model: string | null;
  created_by_user_id: Id | null;
  created_by_user_name: string | null;
  created_by_email: string | null;
  /** What the run was asked. */
  user_prompt: string | null;
  events_stats: { total: number; llm_turns: number; tool_calls: number; provider_fallbacks: number; };
  /** Oldest first. */
  children: ChildRun[];
  /** The run and its children together; null without children. */
  total_aggregate: { total_input_tokens: number; total_output_tokens: number; total_cost_usd: number; credits_used: number; } | null;
}

export interface RunError {
  error_class: string;
  message: string;
  details?: Record<string, unknown> | undefined;
}

/** Clients must ignore unknown types. */
export type RunEvent = RunStartedEvent | WorkerJobReceivedEvent | RunRecoveredEvent | RunRouteSelectedEvent | RunSegmentStartEvent | RunSegmentEndEvent | MessageDeltaEvent | ToolCallEvent | ToolCallDeltaEvent | ToolResultEvent | ToolDeniedEvent | LlmTurnCompletedEvent | RunLlmRetryEvent | RunProviderFallbackEvent | RunInputRequestedEvent | RunWaitingForInputEvent | RunInputProvidedEvent | RunResumedEvent | RunSteeringInjectedEvent | RunIdleHeartbeatEvent | RunContextCompactEvent | RunMcpDiscoveryEvent | ThreadTitleUpdatedEvent | TodoUpdatedEvent | SecurityInjectionDetectedEvent | SecurityToolInjectionDetectedEvent | AgentParallelDispatchEvent | AgentParallelCompleteEvent | LlmRequestEvent | LlmResponseChunkEvent | RunCancelRequestedEvent | RunCompletedEvent | RunFailedEvent | RunCancelledEvent;

export interface RunFailedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.failed";
  data: { error_class: string; message: string; code?: string | undefined; details?: Record<string, unknown> | undefined; usage?: Usage | undefined; cost?: Cost | undefined; resumable: boolean; reason?: string | undefined; message_id?: Id | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunFailedWebhook {
  type: "run.failed";
  /** When it happened. */
  timestamp: Time;
  data: WebhookRun;
}

export interface RunIdleHeartbeatEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.idle_heartbeat";
  data: { idle_ms: number; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunInput {
  /** At most 32 768 bytes of UTF-8. */
  content: string;
  /** A second input with the same key is ignored. */
  input_key?: string | null | undefined;
}

export interface RunInputProvidedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.input_provided";
  data: { content: string; request_id?: string | undefined; input_key?: string | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunInputRequestedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.input_requested";
  data: { request_id: string; message?: string | undefined; requestedSchema?: Record<string, unknown> | undefined; iter?: number | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunLlmRetryEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.llm.retry";
  data: { attempt: number; max_attempts: number; delay_ms: number; error_class: string; message?: string | undefined; details?: Record<string, unknown> | undefined; discard_from_seq?: number | undefined; usage?: Usage | undefined; cost?: Cost | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunMcpDiscoveryEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.mcp_discovery";
  data: { status: "slow" | "failed"; duration_ms: number; threshold_ms: number; cache_hit: boolean; cache_ttl_seconds: number; server_count: number; server_ok: number; server_failed: number; server_empty: number; tool_count: number; servers?: { server_id: string; transport: string; duration_ms: number; outcome: string; error_class?: string | undefined; }[] | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunProviderFallbackEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.provider_fallback";
  data: { provider_kind: string; from_api_mode: string; to_api_mode: string; reason: "responses_not_supported"; status_code?: number | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunRecoveredEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.recovered";
  data: { attempt: number; discard_from_seq: number; usage?: Usage | undefined; cost?: Cost | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunResumedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.resumed";
  data: { request_id: string; reason: "user_input_received" | "input_timeout"; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunRouteSelectedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.route.selected";
  data: { route_id: string; model: string; credential_id: string; credential_name: string; owner_kind: "account" | "platform" | "static"; provider_kind: "openai" | "anthropic" | "stub"; base_url?: string | undefined; openai_api_mode?: string | undefined; advanced_json_sha256?: string | undefined; persona_model?: string | undefined; usage?: Usage | undefined; cost?: Cost | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunSegmentEndEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.segment.end";
  data: { segment_id: string; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunSegmentStartEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.segment.start";
  data: { segment_id: string; kind: "thinking" | "planning_round" | "tool_group"; display: { mode: "visible" | "collapsed" | "hidden"; label: string; }; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunStartedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.started";
  data: { source: "api" | "retry" | "edit" | "continue" | "subagent"; thread_tail_message_id?: Id | undefined; route_id?: string | undefined; persona_id?: string | undefined; model?: string | undefined; reasoning_mode?: ReasoningMode | undefined; resume_from_run_id?: Id | undefined; continues_message_id?: Id | undefined; continuation_source: "none" | "user_followup" | "explicit"; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export type RunStatus = "running" | "waiting_for_input" | "cancelling" | "completed" | "failed" | "cancelled";

export interface RunSteeringInjectedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.steering_injected";
  data: { content: string; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface RunSummary {
  run_id: Id;
  account_id: Id;
  thread_id: Id;
  created_by_user_id: Id | null;
  status: RunStatus;
  created_at: Time;
  parent_run_id: Id | null;
  model: string | null;
  persona_id: string | null;
  duration_ms: number | null;
  total_input_tokens: number | null;
  total_output_tokens: number | null;
  total_cost_usd: number | null;
  /** Whether tokens and cost are partly estimated, because the provider did not report them; null until the run ends. */
  usage_estimated: boolean | null;
  completed_at: Time | null;
  failed_at: Time | null;
  cancelled_at: Time | null;
  cache_hit_rate: number | null;
  credits_used: number | null;
  created_by_user_name: string | null;
  created_by_email: string | null;
}

export interface RunWaitingForInputEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.waiting_for_input";
  data: { request_id: string; reason: "ask_user" | "check_in"; message?: string | undefined; requestedSchema?: Record<string, unknown> | undefined; timeout_ms: number; expires_at: Time; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface SecretRotation {
  /** How long the secret there was signs beside the new one. */
  grace_period_seconds?: number | undefined;
}

export interface SecurityInjectionDetectedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "security.injection.detected";
  data: { input_phase: "initial" | "steering_input" | "ask_user" | "interactive_checkin"; detection_count: number; patterns?: string[] | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface SecurityToolInjectionDetectedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "security.tool_injection.detected";
  data: { tool_name: string; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface SelectablePersona {
  /** Of a builtin: `builtin:{key}:{version}`. */
  id: Id | string;
  persona_key: string;
  version: string;
  /** `platform` for builtins. */
  scope: PersonaScope;
  source: "custom" | "builtin";
  display_name: string;
  description: string | null;
  selector_name: string | null;
  selector_order: number | null;
  model: string | null;
  reasoning_mode: ReasoningMode;
}

export interface SettingSchema {
  key: string;
  type: "string" | "integer" | "number" | "boolean";
  /** The text of the value; null where unset means neither. */
  default: string | null;
  description: string;
  sensitive: boolean;
  /** `both`: plans and overrides may say otherwise for an account. */
  scope: "both" | "platform";
}

export interface Share {
  id: Id;
  /** 22 letters and digits: whoever knows them has the share. */
  token: string;
  /** The path of its page: `/s/{token}`. */
  url: string;
  access_type: "public" | "password";
  has_password: boolean;
  /** Whether messages that come later are shown, too. */
  live_update: boolean;
  /** Messages of users at the time of sharing. */
  snapshot_turn_count: number;
  created_at: Time;
}

export interface SharePassword {
  password: string;
}

export interface ShareSession {
  /** Opens the share for 24 hours, or until it is deleted. */
  session_token: string;
}

export type ShareView = SharedThread | LockedShare;

export interface SharedMessage {
  id: Id;
  role: "user" | "assistant";
  /** Of a structured message: its texts, and the names and texts of its attachments. */
  content: string;
  /** Only on structured messages. */
  content_json?: MessageContent | undefined;
  completion: MessageCompletion;
  created_at: Time;
}

export interface SharedThread {
  requires_password: false;
  thread: { title: string | null; created_at: Time; };
  /** Oldest first. Attachments are read with their keys and `share_token`. */
  messages: SharedMessage[];
}

export interface StagedAttachment {
  key: string;
  /** The name that was sent, in any script, without folders and characters that are not harmless everywhere. */
  filename: string;
  mime_type: string;
  /** Bytes. */
  size: number;
  kind: "image" | "file";
  /** Only of text files: the first 12 000 characters. */
  extracted_text?: string | undefined;
}

/** Whether the object store can be used. Requests that do not need it are served all the same. */
export type StorageState = "ok" | "not_configured" | "unreachable" | "failing" | "bucket_missing" | "credentials_refused" | "access_denied" | "folder_unusable";

export interface StorageUsage {
  /** Uploaded files, staged ones included, until they are removed from the store. */
  attachments: { used_bytes: number; limit_bytes: number | null; };
  /** Texts of messages and 256 bytes each, 1024 bytes for a thread, 512 for a share. */
  messages: { used_bytes: number; limit_bytes: number | null; };
  /** Files of all workspaces, with the revisions that are not removed yet. */
  workspaces: { used_bytes: number; limit_bytes: number | null; };
}

export interface Subscription {
  id: Id;
  account_id: Id;
  plan_id: Id;
  /** It stays active until it is cancelled, whatever its period; `expired` is reserved. */
  status: "active" | "cancelled" | "expired";
  current_period_start: Time;
  current_period_end: Time;
  cancelled_at: Time | null;
  created_at: Time;
}

export interface SubscriptionChanges {
  /** Monthly grants are counted from here. */
  current_period_start?: string | undefined;
  /** After the start; monthly grants stop here. */
  current_period_end?: string | undefined;
}

export interface Team {
  id: Id;
  account_id: Id;
  name: string;
  members_count: number;
  created_at: Time;
}

export interface TeamMember {
  team_id: Id;
  user_id: Id;
  /** For people to read; it grants no permission. */
  role: MemberRole;
  created_at: Time;
}

export interface TestEmail {
  /** One address (RFC 5322 addr-spec) of 3 to 254 characters. */
  to: string;
}

export interface TextPart {
  type: "text";
  text: string;
}

export interface Thread {
  id: Id;
  account_id: Id;
  created_by_user_id: Id | null;
  title: string | null;
  project_id: Id | null;
  created_at: Time;
  /** The last activity. */
  updated_at: Time;
  /** The run that has not ended yet. */
  active_run_id: Id | null;
  is_private: boolean;
  /** Only private threads expire. */
  expires_at: Time | null;
  /** Only when forked. */
  parent_thread_id?: Id | undefined;
}

export interface ThreadChanges {
  /** A blank title is stored as null. */
  title?: string | null | undefined;
  project_id?: Id | null | undefined;
}

export interface ThreadRun {
  run_id: Id;
  status: RunStatus;
  created_at: Time;
  resume_from_run_id?: Id | undefined;
}

export interface ThreadTitleUpdatedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "thread.title.updated";
  data: { thread_id: Id; title: string; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export type Time = string;

export interface TodoUpdatedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "todo.updated";
  data: { todos: { id: string; content: string; status: "pending" | "in_progress" | "completed" | "cancelled"; }[]; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface ToolCallDeltaEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "tool.call.delta";
  data: { tool_call_index: number; arguments_delta: string; tool_call_id?: string | undefined; tool_name?: string | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface ToolCallEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "tool.call";
  data: { tool_call_id: string; tool_name: string; arguments: Record<string, unknown>; resolved_tool_name?: string | undefined; args_hash?: string | undefined; tool_version?: string | undefined; risk_level?: "low" | "medium" | "high" | undefined; side_effects?: boolean | undefined; required_scopes?: string[] | undefined; capabilities?: string[] | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

/** What is left out or blank stays as it is. */
export interface ToolCredential {
  api_key?: string | undefined;
  /** Absolute URL without user, query or fragment. */
  base_url?: string | undefined;
}

export interface ToolDeniedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "tool.denied";
  data: { tool_call_id: string; tool_name: string; code: "policy.denied"; message: string; deny_reason: "tool.not_in_allowlist" | "tool.args_invalid" | "tool.unknown"; resolved_tool_name?: string | undefined; args_hash?: string | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export type ToolGroup = "web_search" | "web_fetch";

export interface ToolProvider {
  group_name: ToolGroup;
  provider_name: ToolProviderName;
  is_active: boolean;
  /** The beginning and the end of the key. */
  key_prefix: string | null;
  base_url: string | null;
  requires_api_key: boolean;
  requires_base_url: boolean;
  /** Whether everything it requires is there. */
  configured: boolean;
}

export interface ToolProviderGroup {
  group_name: ToolGroup;
  providers: ToolProvider[];
}

export interface ToolProviderGroups {
  groups: ToolProviderGroup[];
}

export type ToolProviderName = "web_search.tavily" | "web_search.searxng" | "web_search.duckduckgo" | "web_fetch.jina" | "web_fetch.firecrawl" | "web_fetch.basic";

export interface ToolResultEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "tool.result";
  data: { tool_call_id: string; tool_name: string; result?: Record<string, unknown> | undefined; error?: RunError | undefined; usage?: Usage | undefined; cost?: Cost | undefined; duration_ms: number; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export type TraceId = string;

export interface Transcript {
  text: string;
}

export interface Unreadiness {
  status: "unavailable";
  /** For operators; not part of the contract. */
  reason: string;
}

export interface UpstreamModel {
  id: string;
  name: string;
  configured: boolean;
  type?: string | undefined;
  context_length?: number | undefined;
  max_output_tokens?: number | undefined;
  input_modalities?: string[] | undefined;
  output_modalities?: string[] | undefined;
  tool_calling?: boolean | undefined;
  reasoning?: boolean | undefined;
  default_temperature?: number | undefined;
}

export interface UpstreamModels {
  models: UpstreamModel[];
}

export interface Usage {
  input_tokens?: number | undefined;
  output_tokens?: number | undefined;
  total_tokens?: number | undefined;
  cache_creation_input_tokens?: number | undefined;
  cache_read_input_tokens?: number | undefined;
  cached_tokens?: number | undefined;
  /** true: a part of the counts is an estimate, because the provider reported none. */
  estimated?: boolean | undefined;
}

export interface UsageSummary {
  year: number;
  month: number;
  total_input_tokens: number;
  total_output_tokens: number;
  total_cache_creation_tokens: number;
  total_cache_read_tokens: number;
  total_cached_tokens: number;
  /** US dollars, to 6 decimals. */
  total_cost_usd: number;
  record_count: number;
}

export interface User {
  id: Id;
  /** null for the built-in service user, who cannot sign in. */
  login: string | null;
  username: string;
  email: string | null;
  email_verified_at: Time | null;
  status: UserStatus;
  /** BCP 47 tag. */
  locale: string | null;
  /** IANA time zone. */
  timezone: string | null;
  is_platform_admin: boolean;
  last_login_at: Time | null;
  created_at: Time;
}

export interface UserAccount {
  account_id: Id;
  name: string;
  type: "personal" | "workspace";
  role: string;
}

export type UserAgentType = "browser" | "bot" | "tool" | "unknown";

export interface UserChanges {
  status?: UserStatus | undefined;
  /** Trimmed and normalised (NFKC); 1 to 256 bytes; no `@`, no control or format characters. */
  username?: string | undefined;
  /** Unique among users, ignoring case; null or empty clears. A new one is unverified. */
  email?: string | null | undefined;
  /** true: the address counts as verified from now on; needs an address. */
  email_verified?: boolean | undefined;
  /** BCP 47 tag; null or empty clears. */
  locale?: string | null | undefined;
  /** IANA time zone; null or empty clears. */
  timezone?: string | null | undefined;
  is_platform_admin?: boolean | undefined;
}

export interface UserDetail {
  id: Id;
  /** null for the built-in service user, who cannot sign in. */
  login: string | null;
  username: string;
  email: string | null;
  email_verified_at: Time | null;
  status: UserStatus;
  /** BCP 47 tag. */
  locale: string | null;
  /** IANA time zone. */
  timezone: string | null;
  is_platform_admin: boolean;
  last_login_at: Time | null;
  created_at: Time;
  /** Newest membership first. */
  accounts: UserAccount[];
}

export type UserStatus = "active" | "suspended";

/** `shared` is for everybody in the account, or for one team where `team_id` names it. */
export type Visibility = "private" | "shared";

export interface WebhookDelivery {
  id: Id;
  endpoint_id: Id;
  account_id: Id;
  /** The `webhook-id` of every attempt; equal for all endpoints and redeliveries. */
  message_id: string;
  event_type: WebhookEventType;
  status: WebhookDeliveryStatus;
  attempts: number;
  last_attempt_at: Time | null;
  /** Null once the status is final. */
  next_attempt_at: Time | null;
  response_status: number | null;
  /** The first 4096 bytes of the last answer, as text. */
  response_body: string | null;
  error: WebhookError | null;
  redelivery_of: Id | null;
  created_at: Time;
}

export interface WebhookDeliveryDetail {
  id: Id;
  endpoint_id: Id;
  account_id: Id;
  /** The `webhook-id` of every attempt; equal for all endpoints and redeliveries. */
  message_id: string;
  event_type: WebhookEventType;
  status: WebhookDeliveryStatus;
  attempts: number;
  last_attempt_at: Time | null;
  /** Null once the status is final. */
  next_attempt_at: Time | null;
  response_status: number | null;
  /** The first 4096 bytes of the last answer, as text. */
  response_body: string | null;
  error: WebhookError | null;
  redelivery_of: Id | null;
  created_at: Time;
  payload: WebhookEvent;
}

export type WebhookDeliveryStatus = "pending" | "delivered" | "failed";

export interface WebhookEndpoint {
  id: Id;
  account_id: Id;
  url: string;
  events: WebhookEventType[];
  enabled: boolean;
  /** Switched off by somebody, after 20 failed deliveries in a row, or because the receiver answered 410. */
  disabled_reason: "manual" | "consecutive_failures" | "gone" | null;
  /** The first 10 characters of the secret. */
  secret_prefix: string;
  /** Until then the secret before the last rotation signs too. */
  previous_secret_expires_at: Time | null;
  created_at: Time;
}

export interface WebhookEndpointChanges {
  /** An https URL of a public host, without user, password and fragment. */
  url?: string | undefined;
  /** What the endpoint is told of; duplicates are merged. */
  events?: WebhookEventType[] | undefined;
  /** true also forgets the failures so far. */
  enabled?: boolean | undefined;
}

export interface WebhookEndpointWithSecret {
  id: Id;
  account_id: Id;
  url: string;
  events: WebhookEventType[];
  enabled: boolean;
  /** Switched off by somebody, after 20 failed deliveries in a row, or because the receiver answered 410. */
  disabled_reason: "manual" | "consecutive_failures" | "gone" | null;
  /** The first 10 characters of the secret. */
  secret_prefix: string;
  /** Until then the secret before the last rotation signs too. */
  previous_secret_expires_at: Time | null;
  created_at: Time;
  /** The key of the signatures; shown only here. */
  signing_secret: string;
}

/** Why the last attempt failed, or why there was none. */
export type WebhookError = "http_status" | "redirect" | "timeout" | "connection_failed" | "url_denied" | "secret_unreadable" | "endpoint_disabled";

export type WebhookEvent = RunCompletedWebhook | RunFailedWebhook | RunCancelledWebhook;

export type WebhookEventType = "run.completed" | "run.failed" | "run.cancelled";

export interface WebhookRun {
  run_id: Id;
  account_id: Id;
  thread_id: Id;
  status: "completed" | "failed" | "cancelled";
  created_at: Time;
  completed_at: Time | null;
  failed_at: Time | null;
  cancelled_at: Time | null;
  model: string | null;
  total_input_tokens: number | null;
  total_output_tokens: number | null;
  total_cost_usd: number | null;
  credits_used: number;
  error_class: string | null;
  /** Whether the run can be continued; null unless it failed. */
  resumable: boolean | null;
  trace_id: TraceId;
}

export interface WorkerJobReceivedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "worker.job.received";
  data: { job_id: string; job_type: string; account_id: Id; attempt: number; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
}

export interface Workspace {
  project_id: Id;
  owner_user_id: Id;
  workspace_ref: string;
  /** `active`: a live session uses it; `unavailable`: there is no store for files. */
  status: "active" | "idle" | "unavailable";
  last_used_at: Time;
  /** Only when `active`. */
  active_session?: { session_ref: string; session_type: "shell" | "browser"; state: string; last_used_at: Time; } | undefined;
}

export interface WorkspaceFile {
  name: string;
  /** From the root of the workspace. */
  path: string;
  type: "file" | "symlink";
  /** Bytes. */
  size: number;
  mtime_unix_ms: number;
  /** By the extension of the name. */
  mime_type: string;
}

export interface WorkspaceFolder {
  name: string;
  /** From the root of the workspace. */
  path: string;
  type: "dir";
  /** Only when something lies below. */
  has_children?: true | undefined;
}

export type WorkspaceItem = WorkspaceFolder | WorkspaceFile;

export interface WorkspaceItems {
  workspace_ref: string;
  /** The folder, normalised. */
  path: string;
  /** Folders first, each kind by name in the order of code points. */
  items: WorkspaceItem[];
}

export interface AuthApi {
  /** Read whether sign-in asks for a captcha */
  readonly captchaConfig: Call<NoRequest, CaptchaConfig, 500 | 503>;
  /** Tell whether a login or address is taken */
  readonly check: Call<{ body: LoginCheck; }, LoginExists, 400 | 413 | 422 | 429 | 500 | 503>;
  /** Find out how somebody goes on: sign in or register */
  readonly resolve: Call<{ body: Identity; }, NextStep, 400 | 413 | 422 | 429 | 500 | 503>;
  /** Mail a sign-in code to the user of a flow token */
  readonly sendFlowCode: Call<{ body: FlowCodeRequest; }, undefined, 400 | 401 | 409 | 413 | 422 | 429 | 500 | 503>;
  /**
   * Sign in by a mailed code and a flow token
   *
   * Verifies the address. The first verification ends the password, every other session and every API key of the user.
   */
  readonly verifyFlowCode: Call<{ body: FlowCode; }, AccessGrant, 400 | 401 | 403 | 413 | 422 | 429 | 500 | 503>;
  /** Read who may register */
  readonly registrationMode: Call<NoRequest, RegistrationMode, 500 | 503>;
  /** Create a user with a personal account */
  readonly register: Call<{ body: NewUser; }, Registration, 400 | 403 | 409 | 413 | 422 | 429 | 500 | 503>;
  /** Sign in by password */
  readonly login: Call<{ body: Credentials; }, AccessGrant, 400 | 401 | 403 | 413 | 422 | 429 | 500 | 503>;
  /**
   * Exchange the session cookie for a new access token
   *
   * The refresh token rotates: each works once. `X-Account-Id` switches the session to another account of the user.
   */
  readonly refresh: Call<NoRequest, AccessGrant, 400 | 401 | 403 | 404 | 422 | 500 | 503>;
  /** End this session, or all of them */
  readonly logout: Call<{ body?: LogoutRequest | undefined; }, Ok, 400 | 401 | 403 | 413 | 422 | 500 | 503>;
  /**
   * Mail yourself a link that verifies your address
   *
   * A new link voids the one before. Nothing is sent when the address is verified already.
   */
  readonly sendVerification: Call<NoRequest, undefined, 400 | 401 | 403 | 409 | 429 | 500 | 503>;
  /**
   * Verify an address by the token of its link
   *
   * Send it in the session in which you registered or signed in by password: with its cookie or its access token. The first verification of an address outside such a session ends the password, every other session and every API key of the user, because somebody else may have registered the address.
   */
  readonly confirmEmail: Call<{ body: EmailConfirmation; }, Ok, 400 | 401 | 403 | 413 | 422 | 500 | 503>;
  /**
   * Mail a sign-in code
   *
   * The answer is the same whether or not somebody has the address.
   */
  readonly sendCode: Call<{ body: EmailCodeRequest; }, undefined, 400 | 413 | 422 | 429 | 500 | 503>;
  /**
   * Sign in by a mailed code
   *
   * Verifies the address. The first verification ends the password, every other session and every API key of the user.
   */
  readonly verifyCode: Call<{ body: EmailCode; }, AccessGrant, 400 | 401 | 403 | 413 | 422 | 429 | 500 | 503>;
}

export interface MeApi {
  /** Read your profile, role and permissions */
  readonly get: Call<NoRequest, Me, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Change your name, time zone or language */
  readonly update: Call<{ body: MeChanges; }, Profile, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
  /**
   * Read your invite code
   *
   * Makes one when you have none.
   */
  readonly inviteCode: Call<NoRequest, InviteCode, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Replace your invite code
   *
   * Possible once your newest code is 24 hours old.
   */
  readonly resetInviteCode: Call<NoRequest, InviteCode, 400 | 401 | 403 | 404 | 409 | 429 | 500 | 503>;
  /** Redeem a code for the active account */
  readonly redeem: Call<{ body: RedemptionRequest; }, Redemption, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
  /** Read every feature flag as it stands for the active account */
  readonly featureFlags: Call<NoRequest, FeatureFlags, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Change your password
   *
   * Ends every other session; API keys stay.
   */
  readonly changePassword: Call<{ body: PasswordChange; }, undefined, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
}

export interface AccountsApi {
  /**
   * Open a workspace
   *
   * The active account stays the same.
   */
  readonly create: Call<{ body: NewAccount; }, Account, 400 | 401 | 403 | 409 | 413 | 422 | 500 | 503>;
  /** List your accounts, newest first */
  readonly mine: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Account, 400 | 401 | 403 | 500 | 503>;
  /** Read an account */
  readonly get: Call<{ params: { account_id: Id; }; }, Account, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Change the name or the time zone of an account */
  readonly update: Call<{ params: { account_id: Id; }; body: AccountChanges; }, Account, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
  /**
   * Close a workspace
   *
   * Memberships, keys and invitations end at once and open runs are cancelled. Ledger, usage and audit log are kept.
   */
  readonly delete: Call<{ params: { account_id: Id; }; body: AccountClosing; }, undefined, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List members, newest first */
  readonly members: PagedCall<{ params: { account_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Member, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Change the role of a member
   *
   * Another role voids the open invitations of the member.
   */
  readonly updateMember: Call<{ params: { account_id: Id; user_id: Id; }; body: MemberChanges; }, Member, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /**
   * Remove a member, or leave
   *
   * Keys, open invitations and share links of the member end at once. Threads, runs and projects stay.
   */
  readonly removeMember: Call<{ params: { account_id: Id; user_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
}

export interface TeamsApi {
  /** Create a team */
  readonly create: Call<{ body: NewTeam; }, Team, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List teams, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Team, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Delete a team
   *
   * Projects that were shared with it become private.
   */
  readonly delete: Call<{ params: { team_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
  /** List the members of a team, newest first */
  readonly members: PagedCall<{ params: { team_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, TeamMember, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Add a member to a team, or change his role in it
   *
   * The user must be a member of the account. Who is in the team already gets the role, with status 200.
   */
  readonly addMember: Call<{ params: { team_id: Id; }; body: NewTeamMember; }, TeamMember | TeamMember, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Remove a member from a team */
  readonly removeMember: Call<{ params: { team_id: Id; user_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface InvitationsApi {
  /**
   * Invite somebody by email
   *
   * The invitation can be accepted for 7 days, as long as you may still invite: it ends when your role changes or your membership ends.
   */
  readonly create: Call<{ params: { account_id: Id; }; body: NewInvitation; }, CreatedInvitation, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
  /** List the invitations that can still be accepted, newest first */
  readonly list: PagedCall<{ params: { account_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Invitation, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Accept an invitation
   *
   * Your email address must be the invited one and verified. The active account stays the same.
   */
  readonly accept: Call<{ params: { token: string; }; }, Ok, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
  /** Revoke an invitation */
  readonly revoke: Call<{ params: { invitation_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface ApiKeysApi {
  /** Create a key */
  readonly create: Call<{ body: NewApiKey; }, CreatedApiKey, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List keys, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, ApiKey, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Revoke a key */
  readonly delete: Call<{ params: { id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface ProjectsApi {
  /** Create a project */
  readonly create: Call<{ body: NewProject; }, Project, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List the projects you see, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Project, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read a project */
  readonly get: Call<{ params: { project_id: Id; }; }, Project, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Change a project
   *
   * A null `team_id` or `description` clears it. The default project stays private.
   */
  readonly update: Call<{ params: { project_id: Id; }; body: ProjectChanges; }, Project, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Delete a project; its threads stay */
  readonly delete: Call<{ params: { project_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
}

export interface WorkspacesApi {
  /** Read the state of your workspace in a project */
  readonly get: Call<{ params: { project_id: Id; }; }, Workspace, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * List a folder of your workspace
   *
   * What is no folder has no items.
   */
  readonly files: Call<{ params: { project_id: Id; }; query?: { path?: string | undefined; } | undefined; }, WorkspaceItems, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Download a file of your workspace
   *
   * Symbolic links are not followed.
   */
  readonly file: Call<{ params: { project_id: Id; }; query: { path: string; }; }, Blob, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface ThreadsApi {
  /** Open a thread */
  readonly create: Call<{ body?: NewThread | undefined; }, Thread, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List your threads, last active first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; project_id?: Id | undefined; } | undefined; }, Thread, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Find threads by title or message text */
  readonly search: PagedCall<{ query: { limit?: number | undefined; before?: PageCursor | undefined; q: string; }; }, Thread, 400 | 401 | 403 | 404 | 500 | 503>;
  /** List the ids of starred threads, most recently starred first */
  readonly starred: Call<NoRequest, Id[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read a thread */
  readonly get: Call<{ params: { thread_id: Id; }; }, Thread, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Rename or move a thread
   *
   * A title locks the thread against automatic titles; null clears and unlocks it.
   */
  readonly update: Call<{ params: { thread_id: Id; }; body: ThreadChanges; }, Thread, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
  /** Delete a thread and stop its run */
  readonly delete: Call<{ params: { thread_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Copy a thread up to one of its messages
   *
   * The copy is yours, with its title and project. Runs, stars and shares are not copied.
   */
  readonly fork: Call<{ params: { thread_id: Id; }; body: ForkRequest; }, ForkedThread, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Star a thread */
  readonly star: Call<{ params: { thread_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
  /** Remove the star of a thread */
  readonly unstar: Call<{ params: { thread_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface MessagesApi {
  /** Add a message */
  readonly create: Call<{ params: { thread_id: Id; }; body: NewMessage; }, Message, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Read the transcript: the newest messages, oldest first */
  readonly list: PagedCall<{ params: { thread_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; order?: "asc" | "desc" | undefined; } | undefined; }, Message, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface SharesApi {
  /**
   * Share a thread
   *
   * Without `live_update` it shows the messages there are now, whatever becomes of the thread.
   */
  readonly create: Call<{ params: { thread_id: Id; }; body?: NewShare | undefined; }, Share, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List the shares of your thread, newest first */
  readonly list: PagedCall<{ params: { thread_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Share, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Delete a share
   *
   * It opens nothing from then on, also for those who gave its password before.
   */
  readonly delete: Call<{ params: { thread_id: Id; }; query: { id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read a shared thread */
  readonly view: Call<{ params: { token: string; }; query?: { session_token?: string | undefined; } | undefined; }, ShareView, 400 | 403 | 404 | 500 | 503>;
  /** Open a share by its password */
  readonly verify: Call<{ params: { token: string; }; body: SharePassword; }, ShareSession, 400 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
}

export interface ReportsApi {
  /** Report a thread */
  readonly create: Call<{ params: { thread_id: Id; }; body: NewReport; }, CreatedReport, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List the reports of all accounts, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; category?: ReportCategory | undefined; thread_id?: Id | undefined; } | undefined; }, Report, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface AttachmentsApi {
  /**
   * Upload a file for a message
   *
   * It is yours alone until a message names its key, and removed after 24 hours if none does.
   */
  readonly stage: Call<{ body: NewAttachment; }, StagedAttachment, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /**
   * Download an attachment
   *
   * Of a message in a thread you can read, or one you have just uploaded. With a `share_token` no credential is needed.
   */
  readonly get: Call<{ params: { key: string; }; query?: { share_token?: string | undefined; session_token?: string | undefined; } | undefined; }, Blob, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface RunsApi {
  /** Start a run */
  readonly create: Call<{ params: { thread_id: Id; }; body?: NewRun | undefined; }, CreatedRun, 400 | 401 | 402 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
  /** List the runs of a thread, newest first */
  readonly listInThread: PagedCall<{ params: { thread_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, ThreadRun, 400 | 401 | 403 | 404 | 500 | 503>;
  /** List runs of the account, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; status?: RunStatus | undefined; run_id?: string | undefined; thread_id?: string | undefined; parent_run_id?: Id | undefined; model?: string | undefined; persona_id?: string | undefined; since?: string | undefined; until?: string | undefined; account_id?: "all" | Id | undefined; user_id?: Id | undefined; } | undefined; }, RunSummary, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read a run */
  readonly get: Call<{ params: { run_id: Id; }; }, Run, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Ask a run to stop */
  readonly cancel: Call<{ params: { run_id: Id; }; body?: CancelRequest | undefined; }, Ok, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Answer or steer a run */
  readonly input: Call<{ params: { run_id: Id; }; body: RunInput; }, Ok, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /**
   * Follow a run as it happens
   *
   * Server-sent events in order, without gaps, from the one after `after_seq` or `Last-Event-ID`, whichever is larger.
   */
  readonly events: StreamCall<{ params: { run_id: Id; }; query?: { after_seq?: number | undefined; follow?: boolean | undefined; } | undefined; }, RunEvent, 400 | 401 | 403 | 404 | 429 | 500 | 503>;
  /**
   * Answer the last message again
   *
   * The answer it has is hidden. What the request leaves out of persona, route, model and reasoning mode is that of the run that it repeats; null asks for the default.
   */
  readonly retry: Call<{ params: { thread_id: Id; }; body?: RetryRequest | undefined; }, CreatedRun, 400 | 401 | 402 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
  /** Continue a run that failed or was cancelled */
  readonly continue: Call<{ params: { thread_id: Id; }; body: ContinueRequest; }, CreatedRun, 400 | 401 | 402 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
  /**
   * Change a message of yours and answer it again
   *
   * Every later message is hidden. What the request leaves out of persona, route, model and reasoning mode is that of the run that it repeats; null asks for the default.
   */
  readonly editMessage: Call<{ params: { thread_id: Id; message_id: Id; }; body: EditedMessage; }, CreatedRun, 400 | 401 | 402 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
}

export interface PersonasApi {
  /**
   * List the personas a run can be started with
   *
   * One for each key: of the account, else of the platform, else built in. In the order of a picker.
   */
  readonly selectable: Call<NoRequest, SelectablePersona[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** List the personas of a scope, newest first, then the builtins it does not override */
  readonly list: Call<{ query?: { scope?: PersonaScope | undefined; } | undefined; }, Persona[], 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Add a persona
   *
   * One with the key of a persona of the platform, or of a builtin, takes its place.
   */
  readonly create: Call<{ body: NewPersona; }, Persona, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /**
   * Change a persona
   *
   * Lists and objects are replaced as a whole. Runs that are under way keep what they began with.
   */
  readonly update: Call<{ params: { persona_id: Id; }; query?: { scope?: PersonaScope | undefined; } | undefined; body: PersonaChanges; }, Persona, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
  /** Remove a persona */
  readonly delete: Call<{ params: { persona_id: Id; }; query?: { scope?: PersonaScope | undefined; } | undefined; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface NotificationsApi {
  /** List your notifications over all your accounts, newest first */
  readonly list: Call<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; unread_only?: boolean | undefined; type?: string | undefined; } | undefined; }, Notifications & Cursor, 400 | 401 | 403 | 500 | 503>;
  /** Mark all your notifications as read */
  readonly readAll: Call<{ body?: NoFields | undefined; }, ReadAll, 400 | 401 | 403 | 413 | 422 | 500 | 503>;
  /**
   * Mark a notification as read
   *
   * Reading it again changes nothing.
   */
  readonly read: Call<{ params: { notification_id: Id; }; body?: NoFields | undefined; }, Ok, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
}

export interface BroadcastsApi {
  /**
   * Send a message to all users, or to the members of an account
   *
   * It is sent in the background. Who registers or joins the account within 30 days gets it too.
   */
  readonly create: Call<{ body: NewBroadcast; }, Broadcast, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List broadcasts, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; } | undefined; }, Broadcast, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read a broadcast and how far it has come */
  readonly get: Call<{ params: { broadcast_id: Id; }; }, Broadcast, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Take a broadcast back
   *
   * Its notifications are gone at once, and no more are sent.
   */
  readonly delete: Call<{ params: { broadcast_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface CreditsApi {
  /**
   * Read the balance of the active account, and its transactions, newest first
   *
   * Without `data.usage.read` you see those of your own runs and redemptions, and those that are nobody’s.
   */
  readonly mine: Call<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; from?: string | undefined; to?: string | undefined; } | undefined; }, Credits & Cursor, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read the balance of any account, and its transactions, newest first */
  readonly ofAccount: Call<{ query: { limit?: number | undefined; before?: PageCursor | undefined; account_id: Id; }; }, AccountCredits & Cursor, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Give credits to an account or take some away
   *
   * More than the balance cannot be taken: 409 `insufficient_credits`. Credits that runs have reserved can be: those runs stop before their next model call.
   */
  readonly adjust: Call<{ body: CreditAdjustment; }, AccountBalance, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /**
   * Give credits to every account or take some away
   *
   * An account loses no more than it has. Up to 1,000 accounts are changed before the answer; of more, the rest are changed in the background, at most 1,000 in a transaction: the answer says `running`, and the operation can be read by its `id`. Each account changes once, also when a worker ends in the middle. While one operation runs, another is 409 `credit_operation_running`.
   */
  readonly bulkAdjust: Call<{ body: BulkCreditAdjustment; }, CreditOperation, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /**
   * Take all credits from every account
   *
   * It proceeds as an adjustment of every account does.
   */
  readonly resetAll: Call<{ body?: CreditReset | undefined; }, CreditOperation, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Read an operation on the credits of all accounts, and how far it has come */
  readonly operation: Call<{ params: { operation_id: Id; }; }, CreditOperation, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface RedemptionCodesApi {
  /** Make codes: all of them, or none */
  readonly createBatch: Call<{ body: NewRedemptionCodes; }, RedemptionCode[], 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List codes, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; q?: string | undefined; type?: RedemptionType | undefined; } | undefined; }, RedemptionCode, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Switch a code off for good */
  readonly update: Call<{ params: { code_id: Id; }; body: RedemptionCodeChanges; }, RedemptionCode, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
}

export interface InviteCodesApi {
  /** List invite codes, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; q?: string | undefined; } | undefined; }, OwnedInviteCode, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read an invite code */
  readonly get: Call<{ params: { code_id: Id; }; }, OwnedInviteCode, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Change how often an invite code can be used, or switch it on or off
   *
   * A user has one active code at most.
   */
  readonly update: Call<{ params: { code_id: Id; }; body: InviteCodeChanges; }, OwnedInviteCode, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
}

export interface ReferralsApi {
  /** List referrals, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; inviter_user_id?: Id | undefined; } | undefined; }, Referral, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Read whom a user brought along, and whom those did, three steps down
   *
   * Breadth first, each user once, 10000 at most.
   */
  readonly tree: Call<{ query: { user_id: Id; }; }, ReferralNode[], 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface UsageApi {
  /** Read what your runs have used in a month */
  readonly mine: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, MonthlyUsage, 400 | 401 | 403 | 404 | 500 | 503>;
  /** List what your runs have used, day by day */
  readonly mineDaily: Call<{ query: { start: string; end: string; }; }, DailyUsage[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** List what your runs have used, hour by hour */
  readonly mineHourly: Call<{ query: { start: string; end: string; }; }, HourlyUsage[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** List what your runs have used in a month, model by model */
  readonly mineByModel: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, ModelUsage[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read what an account has used in a month */
  readonly ofAccount: Call<{ params: { account_id: Id; }; query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, MonthlyUsage, 400 | 401 | 403 | 404 | 500 | 503>;
  /** List what an account has used, day by day */
  readonly ofAccountDaily: Call<{ params: { account_id: Id; }; query: { start: string; end: string; }; }, DailyUsage[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** List what an account has used, hour by hour */
  readonly ofAccountHourly: Call<{ params: { account_id: Id; }; query: { start: string; end: string; }; }, HourlyUsage[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** List what an account has used in a month, model by model */
  readonly ofAccountByModel: Call<{ params: { account_id: Id; }; query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, ModelUsage[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read what all accounts have used in a month */
  readonly summary: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, UsageSummary, 400 | 401 | 403 | 404 | 500 | 503>;
  /** List what all accounts have used, day by day */
  readonly daily: Call<{ query: { start: string; end: string; }; }, DailyUsage[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** List what all accounts have used, hour by hour */
  readonly hourly: Call<{ query: { start: string; end: string; }; }, HourlyUsage[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** List what all accounts have used in a month, model by model */
  readonly byModel: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, ModelUsage[], 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface LlmProvidersApi {
  /**
   * List providers with their models
   *
   * Without the right to manage secrets: what a model picker needs.
   */
  readonly list: Call<{ query?: { scope?: ProviderScope | undefined; } | undefined; }, LlmProvider[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** Add a provider */
  readonly create: Call<{ body: NewLlmProvider; }, LlmProvider, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Change a provider */
  readonly update: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; body: LlmProviderChanges; }, LlmProvider, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Remove a provider, its key and its models */
  readonly delete: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Ask the upstream which models it has */
  readonly availableModels: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, UpstreamModels, 400 | 401 | 403 | 404 | 409 | 500 | 502 | 503>;
}

export interface LlmModelsApi {
  /** Add a model */
  readonly create: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; body: NewLlmModel; }, LlmModel, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Change a model */
  readonly update: Call<{ params: { provider_id: Id; model_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; body: LlmModelChanges; }, LlmModel, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Remove a model */
  readonly delete: Call<{ params: { provider_id: Id; model_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Send a short request to a model */
  readonly test: Call<{ params: { provider_id: Id; model_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, LlmModelTest, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
}

export interface ToolProvidersApi {
  /** List all tool providers by group */
  readonly list: Call<{ query?: { scope?: ProviderScope | undefined; } | undefined; }, ToolProviderGroups, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Let a provider answer for its group
   *
   * The one that did so before no longer does.
   */
  readonly activate: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Let a provider no longer answer for its group */
  readonly deactivate: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Set the key or the address of a provider */
  readonly setCredential: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; body?: ToolCredential | undefined; }, undefined, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
  /**
   * Forget the key of a provider
   *
   * Its address and whether it is active stay.
   */
  readonly clearCredential: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface McpConfigsApi {
  /**
   * Add a tool server
   *
   * One with `stdio` is a program on the worker: only an admin of the platform can add or change it.
   */
  readonly create: Call<{ body: NewMcpConfig; }, McpConfig, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List tool servers, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, McpConfig, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Change a tool server */
  readonly update: Call<{ params: { config_id: Id; }; body: McpConfigChanges; }, McpConfig, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Remove a tool server */
  readonly delete: Call<{ params: { config_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface WebhookEndpointsApi {
  /** Register an address */
  readonly create: Call<{ body: NewWebhookEndpoint; }, WebhookEndpointWithSecret, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List addresses, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, WebhookEndpoint, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read an address */
  readonly get: Call<{ params: { endpoint_id: Id; }; }, WebhookEndpoint, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Change an address
   *
   * While it is disabled nothing is kept for it: what waits for it fails.
   */
  readonly update: Call<{ params: { endpoint_id: Id; }; body: WebhookEndpointChanges; }, WebhookEndpoint, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
  /** Remove an address with its deliveries */
  readonly delete: Call<{ params: { endpoint_id: Id; }; }, Ok, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Replace the secret
   *
   * A secret that was still signing from a rotation before is dropped at once.
   */
  readonly rotateSecret: Call<{ params: { endpoint_id: Id; }; body?: SecretRotation | undefined; }, WebhookEndpointWithSecret, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
}

export interface WebhookDeliveriesApi {
  /** List deliveries, newest first */
  readonly list: PagedCall<{ params: { endpoint_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; status?: WebhookDeliveryStatus | undefined; event_type?: WebhookEventType | undefined; } | undefined; }, WebhookDelivery, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read a delivery with what is sent */
  readonly get: Call<{ params: { endpoint_id: Id; delivery_id: Id; }; }, WebhookDeliveryDetail, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Send a message once more */
  readonly redeliver: Call<{ params: { endpoint_id: Id; delivery_id: Id; }; }, WebhookDelivery, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
}

export interface AsrCredentialsApi {
  /** Add a credential */
  readonly create: Call<{ body: NewAsrCredential; }, AsrCredential, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List the credentials of the account, then those of the platform */
  readonly list: Call<NoRequest, AsrCredential[], 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Change a credential
   *
   * What is left out stays.
   */
  readonly update: Call<{ params: { credential_id: Id; }; body: AsrCredentialChanges; }, AsrCredential, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Remove a credential and its key */
  readonly delete: Call<{ params: { credential_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Make a credential the one that is used */
  readonly setDefault: Call<{ params: { credential_id: Id; }; }, Ok, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
}

export interface AsrApi {
  /**
   * Turn a recording into text
   *
   * By the default credential of the account, or else that of the platform. The recording is passed on as it comes and not kept.
   */
  readonly transcribe: Call<{ body: Recording; }, Transcript, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 502 | 503>;
}

export interface AuditLogsApi {
  /** List what was done, newest first */
  readonly list: Call<{ query?: { account_id?: Id | undefined; action?: string | undefined; target_type?: string | undefined; actor_user_id?: Id | undefined; since?: Time | undefined; until?: Time | undefined; limit?: number | undefined; offset?: number | undefined; include?: "state" | undefined; } | undefined; }, AuditLog, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface IpRulesApi {
  /**
   * Add a rule
   *
   * An address in a network of the blocklist is refused (403 `ip_blocked`). With any allowlist rule, so is every address that none of them holds. At most 200 rules.
   */
  readonly create: Call<{ query?: { force?: boolean | undefined; } | undefined; body: NewIpRule; }, IpRule, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List the rules of the account, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; account_id?: Id | undefined; } | undefined; }, IpRule, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Remove a rule */
  readonly delete: Call<{ params: { rule_id: Id; }; query?: { force?: boolean | undefined; account_id?: Id | undefined; } | undefined; }, undefined, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
}

export interface DashboardApi {
  /**
   * Read how many users, accounts and runs there are, and what the runs have used
   *
   * The numbers may be some seconds old.
   */
  readonly get: Call<NoRequest, Dashboard, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface UsersApi {
  /** List users, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; q?: string | undefined; status?: UserStatus | undefined; } | undefined; }, User, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read a user, with the accounts of the user */
  readonly get: Call<{ params: { user_id: Id; }; }, UserDetail, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Suspend or re-activate a user, or change the profile
   *
   * Suspending ends every session, stops the runs of the user and closes the streams; API keys are refused until the user is active again. Ended sessions stay ended.
   */
  readonly update: Call<{ params: { user_id: Id; }; body: UserChanges; }, UserDetail, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /**
   * Delete a user
   *
   * Login and email are free again; the personal account and every workspace without another member are closed. Who is the last admin of a workspace with other members cannot be deleted: `details.accounts` names those.
   */
  readonly delete: Call<{ params: { user_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
}

export interface AdminAccountsApi {
  /** List all accounts, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; q?: string | undefined; status?: "active" | "suspended" | undefined; type?: "personal" | "workspace" | undefined; } | undefined; }, AdminAccount, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read any account */
  readonly get: Call<{ params: { account_id: Id; }; }, AdminAccount, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Suspend or re-activate an account
   *
   * While it is suspended every member and every key of it is refused; its runs are stopped and its streams end.
   */
  readonly update: Call<{ params: { account_id: Id; }; body: AdminAccountChanges; }, AdminAccount, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
}

export interface RunDetailsApi {
  /**
   * Read a run of any account
   *
   * Every reading is noted in the audit log of the account.
   */
  readonly get: Call<{ params: { run_id: Id; }; }, RunDetails, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface PlansApi {
  /** List plans, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Plan, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read a plan */
  readonly get: Call<{ params: { plan_id: Id; }; }, Plan, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Add a plan */
  readonly create: Call<{ body: NewPlan; }, Plan, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Change a plan */
  readonly update: Call<{ params: { plan_id: Id; }; body: PlanChanges; }, Plan, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
  /** Remove a plan that nobody has ever subscribed to */
  readonly delete: Call<{ params: { plan_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
}

export interface SubscriptionsApi {
  /** Subscribe an account to a plan */
  readonly create: Call<{ body: NewSubscription; }, Subscription, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /**
   * List subscriptions, newest first
   *
   * Members see the active one of their account; the platform sees those of all accounts.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; account_id?: Id | undefined; status?: "active" | "cancelled" | "expired" | "all" | undefined; } | undefined; }, Subscription, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read a subscription */
  readonly get: Call<{ params: { subscription_id: Id; }; }, Subscription, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Renew a subscription */
  readonly update: Call<{ params: { subscription_id: Id; }; body: SubscriptionChanges; }, Subscription, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Cancel a subscription, at once */
  readonly cancel: Call<{ params: { subscription_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
}

export interface EntitlementOverridesApi {
  /** List the overrides of an account, expired ones too, newest first */
  readonly list: PagedCall<{ query: { limit?: number | undefined; before?: PageCursor | undefined; account_id: Id; }; }, EntitlementOverride, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Give an account a value, in place of the one it may have been given before */
  readonly set: Call<{ body: NewEntitlementOverride; }, EntitlementOverride | EntitlementOverride, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Take an override away */
  readonly delete: Call<{ params: { override_id: Id; }; query: { account_id: Id; }; }, Ok, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface PlatformSettingsApi {
  /** List what is set, by key */
  readonly list: Call<NoRequest, PlatformSetting[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read a setting that is set */
  readonly get: Call<{ params: { key: string; }; }, PlatformSetting, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Set a setting */
  readonly set: Call<{ params: { key: string; }; body: PlatformSettingValue; }, PlatformSetting, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
  /** Return a setting to its default */
  readonly delete: Call<{ params: { key: string; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface ConfigSchemaApi {
  /**
   * List what can be set, by key
   *
   * Those who are no admin of the platform see what plans and overrides may set.
   */
  readonly list: Call<NoRequest, SettingSchema[], 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface EmailApi {
  /** Whether mail can be sent */
  readonly status: Call<NoRequest, EmailStatus, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read what is in force for mail */
  readonly config: Call<NoRequest, EmailConfig, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Replace what is stored about mail
   *
   * It acts on the next mail. What the environment sets stays in force.
   */
  readonly configure: Call<{ body: EmailConfigValues; }, undefined, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
  /**
   * Send a mail at once
   *
   * Answers when the server has taken it, 503 `smtp_failed` with its status code in `details.smtp_code` and the cause in `details.failure` otherwise, after 10 s at the latest.
   */
  readonly test: Call<{ body: TestEmail; }, undefined, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
}

export interface GatewayConfigApi {
  /** Read what is in force at the gateway */
  readonly get: Call<NoRequest, GatewayConfig, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Change the configuration of the gateway
   *
   * What is left out keeps its value. Gateways apply it within seconds, without a restart; it counts more than their environment.
   */
  readonly set: Call<{ body?: GatewayConfigChanges | undefined; }, GatewayConfig, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
}

export interface AccessLogApi {
  /**
   * List requests that the gateway answered, newest first
   *
   * Requests appear within a second. They are kept for `ARKLOOP_ACCESS_LOG_RETENTION_DAYS`.
   */
  readonly list: Call<{ query?: { limit?: number | undefined; before?: Id | undefined; since?: Id | Time | undefined; method?: string | undefined; path?: string | undefined; ip?: string | undefined; country?: string | undefined; risk_min?: number | undefined; ua_type?: UserAgentType | undefined; } | undefined; }, AccessLogPage, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface FeatureFlagsApi {
  /** Add a flag */
  readonly create: Call<{ body: NewFeatureFlag; }, FeatureFlag, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List all flags, by key */
  readonly list: Call<NoRequest, FeatureFlag[], 400 | 401 | 403 | 404 | 500 | 503>;
  /** Read a flag */
  readonly get: Call<{ params: { key: FeatureFlagKey; }; }, FeatureFlag, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Change a flag, for all accounts without an override at once */
  readonly update: Call<{ params: { key: FeatureFlagKey; }; body: FeatureFlagChanges; }, FeatureFlag, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
  /**
   * Remove a flag with its overrides
   *
   * The flags that the platform itself asks stay: 409 `system_flag`.
   */
  readonly delete: Call<{ params: { key: FeatureFlagKey; }; }, Ok, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
  /** Give an account a value of its own, in place of the one it may have been given before */
  readonly setOverride: Call<{ params: { key: FeatureFlagKey; }; body: NewFlagOverride; }, FlagOverride | FlagOverride, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List the accounts that have a value of their own, newest first */
  readonly listOverrides: PagedCall<{ params: { key: FeatureFlagKey; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, FlagOverride, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Return an account to the value of everybody */
  readonly deleteOverride: Call<{ params: { key: FeatureFlagKey; account_id: Id; }; }, Ok, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface HealthApi {
  /**
   * Tell whether the process lives
   *
   * Touches no dependency: restart the process if it does not answer.
   */
  readonly live: Call<NoRequest, Liveness, 500>;
  /**
   * Tell whether the process can work
   *
   * Send requests to the process only while it answers 200. 503 is an answer here and no `Problem`.
   */
  readonly ready: Call<NoRequest, Readiness | Unreadiness, 500>;
}

export interface BootstrapApi {
  /**
   * Make a setup token for the first platform admin
   *
   * Only from loopback, or with `X-Bootstrap-Secret`; 404 otherwise. A new token voids the one before.
   */
  readonly init: Call<NoRequest, BootstrapToken, 403 | 404 | 409 | 500 | 503>;
  /** Read whether a setup token is good */
  readonly verify: Call<{ params: { token: string; }; }, BootstrapTokenState, 400 | 403 | 404 | 500 | 503>;
  /** Create the first platform admin */
  readonly setup: Call<{ body: PlatformSetup; }, PlatformAdmin, 400 | 401 | 403 | 409 | 413 | 422 | 500 | 503>;
}

/** Every area of the API. */
export interface Api {
  /** Sign-up, sign-in and sessions. */
  readonly auth: AuthApi;
  /** The signed-in user as seen from the active account. */
  readonly me: MeApi;
  /** Personal accounts and workspaces, and who belongs to them. */
  readonly accounts: AccountsApi;
  /** Groups of members: they decide who sees a shared project that names a team. */
  readonly teams: TeamsApi;
  /** Ways into a workspace for people by their email address. */
  readonly invitations: InvitationsApi;
  /** Long-lived credentials for servers and scripts. */
  readonly apiKeys: ApiKeysApi;
  /** Groups of threads, private or shared with the account or one team. */
  readonly projects: ProjectsApi;
  /** The files that your runs in a project have made. */
  readonly workspaces: WorkspacesApi;
  /** Conversations. */
  readonly threads: ThreadsApi;
  /** The transcript of a thread. */
  readonly messages: MessagesApi;
  /** Threads shown to people without an account. */
  readonly shares: SharesApi;
  /** What people find wrong with threads. */
  readonly reports: ReportsApi;
  /** Images and text files that messages name. */
  readonly attachments: AttachmentsApi;
  /** Executions of the agent loop, and the events that describe them. */
  readonly runs: RunsApi;
  /** System prompts with what a run under them may use: of the account, over those of the platform, over those built in. */
  readonly personas: PersonasApi;
  /** What you were told, over all your accounts. */
  readonly notifications: NotificationsApi;
  /** Messages of the platform to all users or to those of one account. */
  readonly broadcasts: BroadcastsApi;
  /** What an account may spend on runs, and the ledger of every change. */
  readonly credits: CreditsApi;
  /** Codes that bring an account credits or a feature. */
  readonly redemptionCodes: RedemptionCodesApi;
  /** The codes with which users invite others. */
  readonly inviteCodes: InviteCodesApi;
  /** Who brought whom along. */
  readonly referrals: ReferralsApi;
  /** Tokens and cost of runs over time. */
  readonly usage: UsageApi;
  /** Credentials for model providers. */
  readonly llmProviders: LlmProvidersApi;
  /** The models under a provider, with their prices and routing rules. */
  readonly llmModels: LlmModelsApi;
  /** Back ends of the tools that search and read the web. */
  readonly toolProviders: ToolProvidersApi;
  /** External tool servers (Model Context Protocol) whose tools the models of your runs are given. */
  readonly mcpConfigs: McpConfigsApi;
  /** Addresses of yours that are told when runs end, signed as Standard Webhooks. */
  readonly webhookEndpoints: WebhookEndpointsApi;
  /** What was sent to an address, and what came back. */
  readonly webhookDeliveries: WebhookDeliveriesApi;
  /** Credentials for speech recognition. */
  readonly asrCredentials: AsrCredentialsApi;
  /** Turns recordings into text. */
  readonly asr: AsrApi;
  /** Who did what. */
  readonly auditLogs: AuditLogsApi;
  /** Client addresses that an account lets in or keeps out. */
  readonly ipRules: IpRulesApi;
  /** The platform in numbers. */
  readonly dashboard: DashboardApi;
  /** The users of the platform: who may sign in, and who administers it. */
  readonly users: UsersApi;
  /** The accounts of the platform, and whether they may be used. */
  readonly adminAccounts: AdminAccountsApi;
  /** Runs of all accounts from close up. */
  readonly runDetails: RunDetailsApi;
  /** Named sets of entitlements. */
  readonly plans: PlansApi;
  /** Which account is on which plan. */
  readonly subscriptions: SubscriptionsApi;
  /** What single accounts may that their plan does not say. */
  readonly entitlementOverrides: EntitlementOverridesApi;
  /** Settings of the installation. */
  readonly platformSettings: PlatformSettingsApi;
  /** What can be set, and what counts while nothing is. */
  readonly configSchema: ConfigSchemaApi;
  /** How mail leaves the installation. */
  readonly email: EmailApi;
  /** What the gateway lets through, and whose word on the caller it takes. */
  readonly gatewayConfig: GatewayConfigApi;
  /** What the gateway answered. */
  readonly accessLog: AccessLogApi;
  /** Switches of the platform, and their values for single accounts. */
  readonly featureFlags: FeatureFlagsApi;
  /** Probes for load balancers and supervisors, beside `/v1`. */
  readonly health: HealthApi;
  /** The first platform admin, once. */
  readonly bootstrap: BootstrapApi;
}
