// Generated from the contract by docs/generate.ts. Do not edit.

import type { Call, Cursor, NoRequest, PagedCall, StreamCall } from '../core/call.ts';

import type { Reasons } from './reasons.ts';

export interface AccessGrant {
  access_token: string;
  token_type: "bearer";
  /** Seconds until the access token expires. */
  expires_in: number;
}

export interface AccessLogEntry {
  /** IDs sort by time. */
  id: Id;
  /** When the request started. */
  timestamp: Time;
  trace_id: string;
  method: string;
  path: string;
  /** 499 if the client disconnected before the response. */
  status_code: number;
  /** Milliseconds until the end of the response, including streamed responses. */
  duration_ms: number;
  client_ip: string;
  /** ISO 3166-1 alpha-2 country code. */
  country: string;
  city: string;
  user_agent: string;
  ua_type: UserAgentType;
  risk_score: number;
  identity_type: "user" | "api_key" | "anonymous";
  account_id: string;
  user_id: string;
  /** Current username of the user; `""` for anonymous requests and deleted users. */
  username: string;
}

export interface AccessLogPage {
  data: AccessLogEntry[];
  has_more: boolean;
  /** Value of `before` for the next page; null on the last page. */
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
  /** Your role in the account; null for a platform admin who is not a member. */
  role: string | null;
  created_at: Time;
}

export interface AccountBalance {
  account_id: Id;
  /** Credits: the sum of all ledger entries. */
  balance: number;
  /** Credits reserved by active runs; a run releases its reservation when it ends. */
  reserved: number;
  /** Balance minus reserved credits, at least 0. A run starts only if this is greater than 0. */
  available: number;
}

export interface AccountChanges {
  name?: string | undefined;
  /** IANA time zone; null clears it. */
  timezone?: string | null | undefined;
}

export interface AccountClosing {
  /** The slug of the account, as confirmation. */
  slug: string;
}

export interface AccountCredits {
  account_id: Id;
  /** Credits: the sum of all ledger entries. */
  balance: number;
  /** Credits reserved by active runs; a run releases its reservation when it ends. */
  reserved: number;
  /** Balance minus reserved credits, at least 0. A run starts only if this is greater than 0. */
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
  /** Credits: the sum of all ledger entries. */
  balance: number;
  /** Credits reserved by active runs; a run releases its reservation when it ends. */
  reserved: number;
  /** Balance minus reserved credits, at least 0. A run starts only if this is greater than 0. */
  available: number;
}

export interface AdminAccountChanges {
  status: "active" | "suspended";
}

export interface AgentParallelCompleteEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "agent.parallel_complete";
  data: { count: number; failed?: number | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface AgentParallelDispatchEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "agent.parallel_dispatch";
  data: { count: number; failed?: number | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface ApiKey {
  id: Id;
  account_id: Id;
  user_id: Id;
  name: string;
  /** First 7 characters of the key. */
  key_prefix: string;
  scopes: string[];
  /** Whether the key inherits all permissions of its creator. */
  inherits_permissions: boolean;
  revoked_at: Time | null;
  last_used_at: Time | null;
  created_at: Time;
}

export interface AsrCredential {
  id: Id;
  /** Null for platform credentials. */
  account_id: Id | null;
  scope: "account" | "platform";
  provider: "groq" | "openai";
  name: string;
  /** First 8 characters of the API key; null if you may not manage the credential. */
  key_prefix: string | null;
  base_url: string | null;
  model: string;
  is_default: boolean;
  created_at: Time;
}

export interface AsrCredentialChanges {
  name?: string | undefined;
  api_key?: string | undefined;
  /** Absolute http(s) URL without user info, query or fragment. */
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
  /** Key of a file that you uploaded, or of an attachment in a thread that you can read. */
  key: string;
  filename: string;
  mime_type: string;
  /** Size in bytes. The size and type of the stored file are used, regardless of these values. */
  size: number;
}

export interface AuditEntry {
  id: Id;
  /** Null for platform-level actions. */
  account_id: Id | null;
  /** Null for the system and for failed sign-ins. */
  actor_user_id: Id | null;
  /** `<resource>.<verb>`. */
  action: string;
  target_type: string;
  target_id: string | null;
  trace_id: string;
  /** Includes `api_key_id` if the actor used an API key. */
  metadata: Record<string, unknown>;
  ip_address: string | null;
  user_agent: string | null;
  created_at: Time;
  /** Present only with `include=state`. */
  before_state?: Record<string, unknown> | null | undefined;
  /** Present only with `include=state`. */
  after_state?: Record<string, unknown> | null | undefined;
}

export interface AuditLog {
  data: AuditEntry[];
  /** Number of matching entries on all pages if `total_is_exact`. Otherwise there are more than this number, which is at least 10,000 and greater than `offset + limit`. */
  total: number;
  /** False if there are more entries than were counted. */
  total_is_exact: boolean;
}

export interface BootstrapToken {
  token: string;
  expires_at: Time;
}

export interface BootstrapTokenState {
  valid: boolean;
  /** Present only for the current token. */
  expires_at?: Time | undefined;
}

export interface Broadcast {
  id: Id;
  type: string;
  title: string;
  body: string;
  target_type: "all" | "account";
  /** The account whose members receive it; null for all users. */
  target_id: Id | null;
  payload: Record<string, unknown>;
  /** `completed` and `failed` are final. */
  status: BroadcastStatus;
  /** Notifications created so far. Users who join after the broadcast completes are not counted. */
  sent_count: number;
  created_by: Id;
  created_at: Time;
}

export type BroadcastStatus = "pending" | "sending" | "completed" | "failed";

export interface BulkCreditAdjustment {
  /** Positive to add credits, negative to deduct them. */
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
  /** Whether token counts and cost are partly estimated, because the provider did not report them; null until the run ends. */
  usage_estimated: boolean | null;
  credits_used: number | null;
  created_at: Time;
  completed_at: Time | null;
  failed_at: Time | null;
  cancelled_at: Time | null;
  provider_kind: string | null;
  credential_name: string | null;
  /** The model selector of the persona. */
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
  /** First 7 characters of the key. */
  key_prefix: string;
  scopes: string[];
  /** Whether the key inherits all permissions of its creator. */
  inherits_permissions: boolean;
  revoked_at: Time | null;
  last_used_at: Time | null;
  created_at: Time;
  /** The secret key. Returned only in this response. */
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
  /** The token at the end of the link in the email. Returned only in this response. */
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
  /** Required if captchas are enabled. */
  cf_turnstile_token?: string | null | undefined;
}

export interface CreditAdjustment {
  account_id: Id;
  /** Positive to add credits, negative to deduct them. */
  amount: number;
  note?: string | undefined;
}

export interface CreditOperation {
  /** Also the ID of its audit entry and the `reference_id` of its transactions. */
  id: Id;
  operation: "bulk_adjust" | "reset_all";
  /** Credits added to or deducted from each account; null for a reset. */
  amount: number | null;
  note: string | null;
  state: "running" | "completed";
  /** Accounts that existed when the operation started; later ones are not changed. */
  total: number;
  /** Accounts processed so far. */
  done: number;
  /** Accounts whose balance has changed so far. */
  affected: number;
  /** Accounts left unchanged because their balance would exceed the maximum. */
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
  /** Positive to add credits, negative to deduct them; never 0. */
  amount: number;
  type: "credit" | "debit";
  /** What caused the change. */
  reference_type: "initial_grant" | "monthly_grant" | "admin_adjust" | "admin_bulk_adjust" | "admin_reset" | "redemption_code" | "referral" | "run" | "sandbox";
  /** ID of the object that caused the change: a run, subscription, code or audit entry. */
  reference_id: Id | null;
  note: string | null;
  /** How the amount was calculated. */
  metadata: Record<string, unknown> | null;
  /** For runs, if you may read the thread. */
  thread_title: string | null;
  created_at: Time;
}

export interface Credits {
  /** Credits: the sum of all ledger entries. */
  balance: number;
  /** Credits reserved by active runs; a run releases its reservation when it ends. */
  reserved: number;
  /** Balance minus reserved credits, at least 0. A run starts only if this is greater than 0. */
  available: number;
  transactions: CreditTransaction[];
}

export interface DailyUsage {
  date: string;
  input_tokens: number;
  output_tokens: number;
  /** US dollars, to 6 decimal places. */
  cost_usd: number;
  record_count: number;
}

export interface Dashboard {
  total_users: number;
  /** Users who signed in within the last 30 days. */
  active_users_30d: number;
  total_runs: number;
  /** Runs created since midnight (UTC). */
  runs_today: number;
  total_input_tokens: number;
  total_output_tokens: number;
  /** US dollars, to 6 decimal places. */
  total_cost_usd: number;
  /** Accounts that are not closed. */
  active_accounts: number;
}

export interface EditedMessage {
  /** Must not be blank; stored unchanged. */
  content?: string | undefined;
  /** Takes precedence over `content`. */
  content_json?: MessageContent | undefined;
  /** ID of a provider model. */
  route_id?: string | null | undefined;
  /** Persona: `key` or `key@version`. */
  persona_id?: string | null | undefined;
  /** Model selector: `provider^model`, or a model name alone. */
  model?: string | null | undefined;
  reasoning_mode?: "auto" | "enabled" | "disabled" | "none" | "off" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | "extra high" | null | undefined;
}

export interface EmailCode {
  /** An email address (RFC 5322 addr-spec) of 3 to 254 characters, each part in a single script. */
  email: string;
  /** The eight-digit code from the email. */
  otp: string;
}

export interface EmailCodeRequest {
  /** An email address (RFC 5322 addr-spec) of 3 to 254 characters, each part in a single script. */
  email: string;
  /** Required if captchas are enabled. */
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
  /** An address, or `Name <address>`; `""` turns email off. */
  from: string;
  /** Host name or IP address of the mail server; required if `from` is set. */
  smtp_host?: string | undefined;
  smtp_port?: number | undefined;
  /** Empty for no authentication. */
  smtp_user?: string | undefined;
  /** If omitted or `""`, the stored password is kept; null clears it. */
  smtp_pass?: string | null | undefined;
  /** `starttls` fails if the server does not offer it; `tls` uses TLS from the start of the connection. */
  smtp_tls_mode?: "none" | "starttls" | "tls" | undefined;
}

export interface EmailConfirmation {
  token: string;
}

export interface EmailStatus {
  /** Whether a sender is set. */
  configured: boolean;
  from: string | null;
  /** Where the sender comes from. The environment takes precedence over stored values. */
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
  /** The override has no effect from this instant on. */
  expires_at: Time | null;
  created_by_user_id: Id | null;
  created_at: Time;
}

export type EntitlementType = "integer" | "boolean" | "string";

/** `native_v1` is an alias of `agent.simple`. */
export type Executor = "agent.simple" | "native_v1" | "agent.interactive" | "task.classify_route" | "noop";

export interface FeatureFlag {
  id: Id;
  key: FeatureFlagKey;
  description: string | null;
  /** Applies to accounts without an override, and where there is no account. */
  default_value: boolean;
  supports_account_overrides: boolean;
  created_at: Time;
}

export interface FeatureFlagChanges {
  default_value?: boolean | undefined;
  description?: string | undefined;
}

/** Letters, digits, `_`, `.` and `-`, starting with a letter or digit. */
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
  /** From `POST /v1/auth/resolve`; valid for ten minutes. */
  flow_token: string;
  /** The eight-digit code from the email. */
  otp: string;
}

export interface FlowCodeRequest {
  /** From `POST /v1/auth/resolve`; valid for ten minutes. */
  flow_token: string;
  /** Required if captchas are enabled. */
  cf_turnstile_token?: string | null | undefined;
}

export interface ForkRequest {
  /** The last message to copy. */
  message_id: Id;
  /** Defaults to the value of the original thread. */
  is_private?: boolean | undefined;
}

export interface ForkedThread {
  id: Id;
  account_id: Id;
  created_by_user_id: Id | null;
  title: string | null;
  project_id: Id | null;
  created_at: Time;
  /** Time of the last activity. */
  updated_at: Time;
  /** The run that has not ended, if there is one. */
  active_run_id: Id | null;
  is_private: boolean;
  /** Only private threads expire. */
  expires_at: Time | null;
  /** Present only on forked threads. */
  parent_thread_id?: Id | undefined;
  /** The copied messages, oldest first. */
  id_mapping: { old_id: Id; new_id: Id; }[];
}

export interface FoundThread {
  id: Id;
  account_id: Id;
  created_by_user_id: Id | null;
  title: string | null;
  project_id: Id | null;
  created_at: Time;
  /** Time of the last activity. */
  updated_at: Time;
  /** The run that has not ended, if there is one. */
  active_run_id: Id | null;
  is_private: boolean;
  /** Only private threads expire. */
  expires_at: Time | null;
  /** Present only on forked threads. */
  parent_thread_id?: Id | undefined;
  /** About 120 characters around the first match in the newest message that matches. Null if only the title matches. */
  snippet: string | null;
}

export interface GatewayConfig {
  /** Where the client IP address is read from: the connection, `X-Forwarded-For`, or a CDN header. */
  ip_mode: "direct" | "proxy" | "cdn";
  /** Proxies that are trusted to report the client IP address, without host bits. */
  trusted_cidrs: string[];
  /** Requests with this risk score or a higher one are rejected; 0 disables the check. */
  risk_reject_threshold: number;
  /** Burst limit: requests per client at once. */
  rate_limit_capacity: number;
  /** Requests per client per minute. */
  rate_limit_per_minute: number;
}

export interface GatewayConfigChanges {
  /** Where the client IP address is read from: the connection, `X-Forwarded-For`, or a CDN header. */
  ip_mode?: "direct" | "proxy" | "cdn" | undefined;
  /** IPv4 or IPv6 networks (RFC 4632, RFC 4291); host bits are cleared. */
  trusted_cidrs?: string[] | undefined;
  /** Requests with this risk score or a higher one are rejected; 0 disables the check. */
  risk_reject_threshold?: number | undefined;
  /** Burst limit: requests per client at once. */
  rate_limit_capacity?: number | undefined;
  /** Requests per client per minute. */
  rate_limit_per_minute?: number | undefined;
}

export interface HourlyUsage {
  hour: Time;
  input_tokens: number;
  output_tokens: number;
  /** US dollars, to 6 decimal places. */
  cost_usd: number;
  record_count: number;
}

/** A UUID (RFC 9562). The server generates version 7. */
export type Id = string;

export interface Identity {
  identity: string;
  /** Required if captchas are enabled. */
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
  /** 0 means unlimited. */
  max_uses: number;
  use_count: number;
  is_active: boolean;
  created_at: Time;
}

export interface InviteCodeChanges {
  /** 0 means unlimited. A limit below the current number of uses exhausts the code. */
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
  /** JSON Pointer (RFC 6901) in the body, otherwise the name of the parameter. */
  path: string;
  message: string;
  /** A stable snake_case code, present for rules that the schema of the value does not express. */
  reason?: string | undefined;
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
  /** Routing condition: the run must have the given value for each key. */
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
  /** Merged into requests to the provider. */
  advanced_json?: Record<string, unknown> | null | undefined;
  multiplier?: number | undefined;
  /** US dollars per 1,000 tokens. */
  cost_per_1k_input?: number | null | undefined;
  /** US dollars per 1,000 tokens. */
  cost_per_1k_output?: number | null | undefined;
  /** US dollars per 1,000 tokens. */
  cost_per_1k_cache_write?: number | null | undefined;
  /** US dollars per 1,000 tokens. */
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
  /** Null for platform providers. */
  account_id: Id | null;
  scope: ProviderScope;
  provider: "openai" | "anthropic";
  name: string;
  /** First 8 characters of the API key. */
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
  /** Absolute http(s) URL without user info, query or fragment. */
  base_url?: string | null | undefined;
  /** Allowed only with provider `openai`. */
  openai_api_mode?: "auto" | "responses" | "chat_completions" | null | undefined;
  /** Merged into requests to the provider. */
  advanced_json?: Record<string, unknown> | null | undefined;
}

export interface LlmRequestEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "llm.request";
  data: { llm_call_id: string; provider_kind: string; api_mode: string; payload: Record<string, unknown>; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface LlmResponseChunkEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "llm.response.chunk";
  data: { llm_call_id: string; raw: string; json?: unknown | undefined; status_code?: number | undefined; truncated: boolean; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface LlmTurnCompletedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "llm.turn.completed";
  data: { llm_call_id?: string | undefined; turn_index: number; usage?: Usage | undefined; cost?: Cost | undefined; assistant_message: AssistantMessage; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
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
  /** End all sessions of the user. */
  all?: boolean | undefined;
}

export interface McpConfig {
  id: Id;
  account_id: Id;
  name: string;
  transport: McpTransport;
  /** Null for `stdio`. */
  url: string | null;
  /** Whether a bearer token is set. */
  has_auth: boolean;
  /** Null unless the transport is `stdio`. */
  command: string | null;
  args: string[];
  cwd: string | null;
  /** MCP servers never inherit the environment of the worker. */
  inherit_parent_env: false;
  call_timeout_ms: number;
  is_active: boolean;
  created_at: Time;
  updated_at: Time;
}

export interface McpConfigChanges {
  name?: string | undefined;
  /** Absolute http(s) URL without user info or fragment. Not allowed with `stdio`. */
  url?: string | null | undefined;
  /** Sent as `Authorization: Bearer`; null or an empty string means none. Not allowed with `stdio`. */
  bearer_token?: string | null | undefined;
  /** Timeout in milliseconds for connecting, for listing tools, and for each tool call. */
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
  /** Trimmed and NFKC-normalized. 1 to 256 bytes; no `@`, control or format characters. */
  username?: string | undefined;
  /** IANA time zone; null or empty clears it. */
  timezone?: string | null | undefined;
  /** BCP 47 language tag; null or empty clears it. */
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
  /** For structured messages: the text parts, and the names and texts of the attachments. */
  content: string;
  /** Present only on structured messages. */
  content_json?: MessageContent | undefined;
  /** The run that produced the message. Present only on assistant messages. */
  run_id?: Id | undefined;
  completion: MessageCompletion;
  created_at: Time;
}

/** `stopped` and `failed` mark the partial answer of a run that was canceled or failed. `:continue` resumes from it. */
export type MessageCompletion = "complete" | "stopped" | "failed";

export interface MessageContent {
  /** Text parts are joined into one. At most 8 attachments, 20 MiB in total. */
  parts: MessagePart[];
}

export interface MessageDeltaEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "message.delta";
  data: { content: string; content_delta: string; role: "assistant"; channel?: "thinking" | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export type MessagePart = TextPart | ImagePart | FilePart;

export interface ModelUsage {
  /** `unknown` if a run ended before a model was selected. */
  model: string;
  input_tokens: number;
  output_tokens: number;
  /** US dollars, to 6 decimal places. */
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
  /** US dollars, to 6 decimal places. */
  total_cost_usd: number;
  record_count: number;
  storage: StorageUsage;
}

export interface NewAccount {
  /** Unique forever, even after the account is closed. */
  slug: string;
  name: string;
}

export interface NewApiKey {
  name: string;
  /** If omitted or null, the key has the permissions that you have at the time of each call. */
  scopes?: string[] | null | undefined;
}

export interface NewAsrCredential {
  name: string;
  provider: "groq" | "openai";
  api_key: string;
  model: string;
  /** Absolute http(s) URL without user info, query or fragment. */
  base_url?: string | null | undefined;
  is_default?: boolean | undefined;
  scope?: "account" | "platform" | undefined;
}

export interface NewAttachment {
  /** A PNG, JPEG, WebP or GIF image up to 3.5 MiB, or a text file up to 1 MiB. */
  file: File;
}

export interface NewBroadcast {
  /** Machine-readable type. */
  type: string;
  title: string;
  body: string;
  /** `all`, or the ID of an account. */
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
  /** An email address (RFC 5322 addr-spec) of 3 to 254 characters. */
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
  /** Merged into requests to the provider. */
  advanced_json?: Record<string, unknown> | null | undefined;
  multiplier?: number | undefined;
  /** US dollars per 1,000 tokens. */
  cost_per_1k_input?: number | null | undefined;
  /** US dollars per 1,000 tokens. */
  cost_per_1k_output?: number | null | undefined;
  /** US dollars per 1,000 tokens. */
  cost_per_1k_cache_write?: number | null | undefined;
  /** US dollars per 1,000 tokens. */
  cost_per_1k_cache_read?: number | null | undefined;
}

export interface NewLlmProvider {
  scope?: ProviderScope | undefined;
  name: string;
  provider: "openai" | "anthropic";
  api_key: string;
  /** Absolute http(s) URL without user info, query or fragment. */
  base_url?: string | null | undefined;
  /** Allowed only with provider `openai`. */
  openai_api_mode?: "auto" | "responses" | "chat_completions" | null | undefined;
  /** Merged into requests to the provider. */
  advanced_json?: Record<string, unknown> | null | undefined;
}

export interface NewMcpConfig {
  name: string;
  /** One of `stdio`, `http_sse`, `streamable_http`; case-insensitive. */
  transport: string;
  /** Absolute http(s) URL without user info or fragment. Not allowed with `stdio`. */
  url?: string | null | undefined;
  /** Sent as `Authorization: Bearer`; null or an empty string means none. Not allowed with `stdio`. */
  bearer_token?: string | null | undefined;
  /** The program to run, without a shell. Required with `stdio`. */
  command?: string | null | undefined;
  args?: string[] | undefined;
  cwd?: string | null | undefined;
  /** The complete environment of the program. Never returned. */
  env?: Record<string, string> | undefined;
  /** Accepted but ignored; always false. */
  inherit_parent_env?: boolean | undefined;
  /** Timeout in milliseconds for connecting, for listing tools, and for each tool call. */
  call_timeout_ms?: number | undefined;
}

export interface NewMessage {
  /** Must not be blank; stored unchanged. */
  content?: string | undefined;
  /** Takes precedence over `content`. */
  content_json?: MessageContent | undefined;
}

export interface NewPersona {
  scope?: PersonaScope | undefined;
  persona_key?: string | undefined;
  version?: string | undefined;
  /** Key of a built-in persona to copy; the given fields override those of the copy. Without it, `persona_key`, `version`, `display_name` and `prompt_md` are required. */
  copy_from_repo_persona_key?: string | undefined;
  display_name?: string | undefined;
  description?: string | null | undefined;
  /** The system prompt. */
  prompt_md?: string | undefined;
  /** Describes who the persona is. Placed before the system prompt. */
  soul_md?: string | null | undefined;
  /** Tools or tool groups; empty means all. */
  tool_allowlist?: string[] | undefined;
  tool_denylist?: string[] | undefined;
  /** Tools listed from the start; others are loaded on demand. Empty means all. */
  core_tools?: string[] | undefined;
  budgets?: PersonaBudgets | undefined;
  /** Reserved; stored, but has no effect. */
  roles?: Record<string, PersonaRole> | undefined;
  /** Reserved; must be `[]`. */
  conditional_tools?: unknown[] | undefined;
  /** Model selector: `provider^model`, or a model name alone. */
  model?: string | null | undefined;
  /** Name of a model provider. */
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
  /** Name shown to users. */
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
  /** Number of codes to create. */
  count: number;
  type: RedemptionType;
  /** For `credits`, an integer from 1 to 1000000000 in digits. For `feature`, the key of a feature flag that supports account overrides. */
  value: string;
  /** Maximum number of uses of each code. Each user can redeem a code once. */
  max_uses?: number | undefined;
  /** If in the past, the codes are already expired. */
  expires_at?: string | null | undefined;
  /** A label for finding the codes. */
  batch_id?: string | null | undefined;
}

export interface NewReport {
  categories: ReportCategory[];
  feedback?: string | null | undefined;
}

export interface NewRun {
  /** ID of a provider model. */
  route_id?: string | null | undefined;
  /** Persona: `key` or `key@version`. */
  persona_id?: string | null | undefined;
  /** Model selector: `provider^model`, or a model name alone. */
  model?: string | null | undefined;
  reasoning_mode?: "auto" | "enabled" | "disabled" | "none" | "off" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | "extra high" | null | undefined;
}

export interface NewShare {
  access_type?: "public" | "password" | undefined;
  /** Required if `access_type` is `password`, otherwise not allowed. Never returned. */
  password?: string | undefined;
  live_update?: boolean | undefined;
}

export interface NewSubscription {
  account_id: Id;
  plan_id: Id;
  /** Monthly credit grants are counted from this instant. */
  current_period_start: string;
  /** Must be after the start. Monthly credit grants stop at this instant. */
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
  /** A private thread is visible only to you and expires after 24 hours. */
  is_private?: boolean | undefined;
  project_id?: Id | null | undefined;
}

export interface NewUser {
  /** Trimmed and NFKC-normalized. 1 to 256 bytes in a single script; no `@`, control or format characters. */
  login: string;
  /** At least 8 code points and at most 256 bytes, with at least one letter and one digit. */
  password: string;
  /** An email address (RFC 5322 addr-spec) of 3 to 254 characters, each part in a single script. */
  email: string;
  invite_code?: string | null | undefined;
  /** BCP 47 language tag. */
  locale?: string | null | undefined;
  /** Required if captchas are enabled. */
  cf_turnstile_token?: string | null | undefined;
}

export interface NewWebhookEndpoint {
  /** An https URL of a public host, without user info or fragment. */
  url: string;
  /** Event types to send to the endpoint; duplicates are merged. */
  events: WebhookEventType[];
}

export interface NextStep {
  /** `password` if a user has this login or email address, otherwise `register`. */
  next_step: "password" | "register";
  /** Present only with `password`. */
  flow_token?: string | undefined;
  /** Present only if the user has an email address. */
  masked_email?: string | undefined;
  /** Whether a sign-in code can be emailed. */
  otp_available: boolean;
  invite_required: boolean;
  /** The submitted value, trimmed. */
  prefill: { login?: string | undefined; email?: string | undefined; };
}

export type NoFields = Record<string, never>;

export interface Notification {
  id: Id;
  user_id: Id;
  /** The account that the notification is about, or your personal account if it is about none. */
  account_id: Id;
  /** Machine-readable type, such as `webhook.endpoint_disabled`. */
  type: string;
  title: string;
  body: string;
  payload: Record<string, unknown>;
  read_at: Time | null;
  created_at: Time;
}

/** Whether the process receives notifications of other processes. Without them, streams poll the database, and nothing is cached. */
export type NotificationState = "ok" | "unreachable";

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
  /** 0 means unlimited. */
  max_uses: number;
  use_count: number;
  is_active: boolean;
  created_at: Time;
  user_login: string | null;
  user_email: string | null;
}

/** An opaque cursor. Only cursors that the same list returned with the same filters are accepted. If `before` and `cursor` are both given, they must be equal. Any other value is rejected with 400, with the reason `invalid_cursor` if it has the form of a cursor. */
export type PageCursor = string;

export interface PasswordChange {
  /** Required, unless the session was opened with an emailed code within the last ten minutes. */
  current_password?: string | null | undefined;
  /** At least 8 code points and at most 256 bytes, with at least one letter and one digit. */
  new_password: string;
}

export interface Persona {
  /** For built-in personas: `builtin:{key}:{version}`. */
  id: Id | string;
  persona_key: string;
  version: string;
  /** `platform` for built-in personas. */
  scope: PersonaScope;
  source: "custom" | "builtin";
  display_name: string;
  description: string | null;
  selector_name: string | null;
  selector_order: number | null;
  model: string | null;
  reasoning_mode: ReasoningMode;
  /** Null for platform and built-in personas. */
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
  /** Null for built-in personas. */
  created_at: Time | null;
  /** Null for built-in personas. */
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
  /** Reserved; must be `{}`. */
  tool_budget?: Record<string, unknown> | undefined;
  /** Reserved; must be `{}`. */
  per_tool_soft_limits?: Record<string, unknown> | undefined;
}

export interface PersonaChanges {
  display_name?: string | undefined;
  description?: string | null | undefined;
  /** The system prompt. */
  prompt_md?: string | undefined;
  /** Describes who the persona is. Placed before the system prompt. */
  soul_md?: string | null | undefined;
  /** Tools or tool groups; empty means all. */
  tool_allowlist?: string[] | undefined;
  tool_denylist?: string[] | undefined;
  /** Tools listed from the start; others are loaded on demand. Empty means all. */
  core_tools?: string[] | undefined;
  budgets?: PersonaBudgets | undefined;
  /** Reserved; stored, but has no effect. */
  roles?: Record<string, PersonaRole> | undefined;
  /** Reserved; must be `[]`. */
  conditional_tools?: unknown[] | undefined;
  /** Model selector: `provider^model`, or a model name alone. */
  model?: string | null | undefined;
  /** Name of a model provider. */
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
  /** Name shown to users. */
  display_name?: string | undefined;
  /** Replaces all entitlements, immediately for all subscribers. */
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
  /** The value as text, in the setting's type. */
  value: string;
}

export interface PlatformSetup {
  token: string;
  /** Trimmed and NFKC-normalized. 1 to 256 bytes in a single script; no `@`, control or format characters. */
  login: string;
  /** At least 8 code points and at most 256 bytes, with at least one letter and one digit. */
  password: string;
  email?: string | null | undefined;
  /** BCP 47 language tag. */
  locale?: string | null | undefined;
}

export interface Problem {
  error: "validation.error" | "auth.unauthorized" | "billing.insufficient_credits" | "auth.forbidden" | "not_found" | "method_not_allowed" | "request_timeout" | "conflict" | "payload_too_large" | "rate_limit" | "headers_too_large" | "internal_error" | "provider.upstream_error" | "bad_gateway" | "unavailable" | "gateway_timeout";
  /** Human-readable; not part of the contract. */
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
  /** Each member has one default project per account. It is private and cannot be deleted. */
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
  /** Number of notifications that were unread. */
  count: number;
}

export interface Readiness {
  status: "ok";
  /** Version of the database schema that the process uses. */
  schema_version: string;
  storage: StorageState;
  notifications: NotificationState;
}

export type ReasoningMode = "auto" | "enabled" | "disabled" | "none" | "minimal" | "low" | "medium" | "high" | "xhigh";

export interface Recording {
  /** An audio file up to 25 MiB, in a format that the provider supports. */
  file: File;
  language?: string | undefined;
}

export interface Redemption {
  code: string;
  type: "credits" | "feature";
  /** The number of credits, or the key of the feature flag that was enabled. */
  value: string;
}

export interface RedemptionCode {
  id: Id;
  /** Four groups of four characters joined by `-`: letters except I and O, and digits 2 to 9. */
  code: string;
  type: RedemptionType;
  /** The number of credits, or the key of the feature flag. */
  value: string;
  max_uses: number;
  use_count: number;
  /** The code cannot be redeemed from this instant on. */
  expires_at: Time | null;
  is_active: boolean;
  batch_id: string | null;
  created_by_user_id: Id | null;
  created_at: Time;
}

export interface RedemptionCodeChanges {
  /** A deactivated code cannot be reactivated. */
  is_active: false;
}

export interface RedemptionRequest {
  /** Case and surrounding white space are ignored. */
  code: string;
}

export type RedemptionType = "credits" | "feature";

export interface Referral {
  id: Id;
  inviter_user_id: Id;
  invitee_user_id: Id;
  invite_code_id: Id;
  /** Whether the inviter has received the reward. */
  credited: boolean;
  created_at: Time;
  /** Null if the user was deleted. */
  inviter_login: string | null;
  /** Null if the user was deleted. */
  invitee_login: string | null;
}

export interface ReferralNode {
  user_id: Id;
  /** Null if the user was deleted. */
  login: string | null;
  /** Null for the root. */
  inviter_id: Id | null;
  depth: number;
  /** For the root, when the user was created; for the others, when they were referred. */
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
  /** The user who made the report. */
  user_id: Id;
  categories: ReportCategory[];
  feedback: string | null;
  created_at: Time;
}

export type ReportCategory = "inaccurate" | "out_of_date" | "too_short" | "too_long" | "harmful_or_offensive" | "wrong_sources";

export interface RetryRequest {
  /** ID of a provider model. */
  route_id?: string | null | undefined;
  /** Persona: `key` or `key@version`. */
  persona_id?: string | null | undefined;
  /** Model selector: `provider^model`, or a model name alone. */
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
  /** Whether token counts and cost are partly estimated, because the provider did not report them; null until the run ends. */
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
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.cancel_requested";
  data: { requested_by_user_id?: Id | undefined; last_seen_seq?: number | undefined; client_cancelled_at?: string | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunCancelledEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.cancelled";
  data: { reason: "cancel_signal" | "cancelled_before_start" | "reaped"; usage?: Usage | undefined; cost?: Cost | undefined; message_id?: Id | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunCancelledWebhook {
  type: "run.cancelled";
  /** When the event occurred. */
  timestamp: Time;
  data: WebhookRun;
}

export interface RunCompletedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.completed";
  data: { llm_call_id?: string | undefined; usage?: Usage | undefined; cost?: Cost | undefined; message_id?: Id | undefined; assistant_message?: AssistantMessage | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunCompletedWebhook {
  type: "run.completed";
  /** When the event occurred. */
  timestamp: Time;
  data: WebhookRun;
}

export interface RunContextCompactEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.context_compact";
  data: { op: "rewrite" | "persist"; phase: "completed" | "no_rewrite" | "still_oversize" | "llm_failed" | "current_input_too_large"; turn_index: number; trigger_phase: "preflight" | "provider" | "threshold"; rewrite_applied: boolean; tool_results_microcompacted: number; images_stripped: number; request_bytes_before_rewrite: number; request_bytes_after_rewrite: number; tokens_before?: number | undefined; tokens_after?: number | undefined; usage?: Usage | undefined; cost?: Cost | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
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
  /** Whether token counts and cost are partly estimated, because the provider did not report them; null until the run ends. */
  usage_estimated: boolean | null;
  credits_used: number | null;
  created_at: Time;
  completed_at: Time | null;
  failed_at: Time | null;
  cancelled_at: Time | null;
  provider_kind: string | null;
  credential_name: string | null;
  /** The model selector of the persona. */
  persona_model: string | null;
  created_by_user_id: Id | null;
  created_by_user_name: string | null;
  created_by_email: string | null;
  /** The user message that the run answers. */
  user_prompt: string | null;
  events_stats: { total: number; llm_turns: number; tool_calls: number; provider_fallbacks: number; };
  /** Child runs, oldest first. */
  children: ChildRun[];
  /** Totals of the run and its children; null if it has no children. */
  total_aggregate: { total_input_tokens: number; total_output_tokens: number; total_cost_usd: number; credits_used: number; } | null;
}

export interface RunError {
  error_class: string;
  message: string;
  details?: Record<string, unknown> | undefined;
}

/** Clients must ignore unknown event types. */
export type RunEvent = RunStartedEvent | WorkerJobReceivedEvent | RunRecoveredEvent | RunRouteSelectedEvent | RunSegmentStartEvent | RunSegmentEndEvent | MessageDeltaEvent | ToolCallEvent | ToolCallDeltaEvent | ToolResultEvent | ToolDeniedEvent | LlmTurnCompletedEvent | RunLlmRetryEvent | RunProviderFallbackEvent | RunInputRequestedEvent | RunWaitingForInputEvent | RunInputProvidedEvent | RunResumedEvent | RunSteeringInjectedEvent | RunIdleHeartbeatEvent | RunContextCompactEvent | RunMcpDiscoveryEvent | ThreadTitleUpdatedEvent | TodoUpdatedEvent | SecurityInjectionDetectedEvent | SecurityToolInjectionDetectedEvent | AgentParallelDispatchEvent | AgentParallelCompleteEvent | LlmRequestEvent | LlmResponseChunkEvent | RunCancelRequestedEvent | RunCompletedEvent | RunFailedEvent | RunCancelledEvent;

export interface RunFailedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.failed";
  data: { error_class: string; message: string; code?: string | undefined; details?: Record<string, unknown> | undefined; usage?: Usage | undefined; cost?: Cost | undefined; resumable: boolean; reason?: string | undefined; message_id?: Id | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunFailedWebhook {
  type: "run.failed";
  /** When the event occurred. */
  timestamp: Time;
  data: WebhookRun;
}

export interface RunIdleHeartbeatEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.idle_heartbeat";
  data: { idle_ms: number; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunInput {
  /** At most 32,768 bytes of UTF-8. */
  content: string;
  /** Further inputs with the same key are ignored. */
  input_key?: string | null | undefined;
}

export interface RunInputProvidedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.input_provided";
  data: { content: string; request_id?: string | undefined; input_key?: string | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunInputRequestedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.input_requested";
  data: { request_id: string; message?: string | undefined; requestedSchema?: Record<string, unknown> | undefined; iter?: number | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunLlmRetryEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.llm.retry";
  data: { attempt: number; max_attempts: number; delay_ms: number; error_class: string; message?: string | undefined; details?: Record<string, unknown> | undefined; discard_from_seq?: number | undefined; usage?: Usage | undefined; cost?: Cost | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunMcpDiscoveryEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.mcp_discovery";
  data: { status: "slow" | "failed"; duration_ms: number; threshold_ms: number; cache_hit: boolean; cache_ttl_seconds: number; server_count: number; server_ok: number; server_failed: number; server_empty: number; tool_count: number; servers?: { server_id: string; transport: string; duration_ms: number; outcome: string; error_class?: string | undefined; }[] | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunProviderFallbackEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.provider_fallback";
  data: { provider_kind: string; from_api_mode: string; to_api_mode: string; reason: "responses_not_supported"; status_code?: number | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunRecoveredEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.recovered";
  data: { attempt: number; discard_from_seq: number; usage?: Usage | undefined; cost?: Cost | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunResumedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.resumed";
  data: { request_id: string; reason: "user_input_received" | "input_timeout"; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunRouteSelectedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.route.selected";
  data: { route_id: string; model: string; credential_id: string; credential_name: string; owner_kind: "account" | "platform" | "static"; provider_kind: "openai" | "anthropic" | "stub"; base_url?: string | undefined; openai_api_mode?: string | undefined; advanced_json_sha256?: string | undefined; persona_model?: string | undefined; usage?: Usage | undefined; cost?: Cost | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunSegmentEndEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.segment.end";
  data: { segment_id: string; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunSegmentStartEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.segment.start";
  data: { segment_id: string; kind: "thinking" | "planning_round" | "tool_group"; display: { mode: "visible" | "collapsed" | "hidden"; label: string; }; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface RunStartedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.started";
  data: { source: "api" | "retry" | "edit" | "continue" | "subagent"; thread_tail_message_id?: Id | undefined; route_id?: string | undefined; persona_id?: string | undefined; model?: string | undefined; reasoning_mode?: ReasoningMode | undefined; resume_from_run_id?: Id | undefined; continues_message_id?: Id | undefined; continuation_source: "none" | "user_followup" | "explicit"; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export type RunStatus = "running" | "waiting_for_input" | "cancelling" | "completed" | "failed" | "cancelled";

export interface RunSteeringInjectedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.steering_injected";
  data: { content: string; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
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
  /** Whether token counts and cost are partly estimated, because the provider did not report them; null until the run ends. */
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
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "run.waiting_for_input";
  data: { request_id: string; reason: "ask_user" | "check_in"; message?: string | undefined; requestedSchema?: Record<string, unknown> | undefined; timeout_ms: number; expires_at: Time; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface SecretRotation {
  /** How long the previous secret continues to sign in addition to the new one. */
  grace_period_seconds?: number | undefined;
}

export interface SecurityInjectionDetectedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "security.injection.detected";
  data: { input_phase: "initial" | "steering_input" | "ask_user" | "interactive_checkin"; detection_count: number; patterns?: string[] | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface SecurityToolInjectionDetectedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "security.tool_injection.detected";
  data: { tool_name: string; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface SelectablePersona {
  /** For built-in personas: `builtin:{key}:{version}`. */
  id: Id | string;
  persona_key: string;
  version: string;
  /** `platform` for built-in personas. */
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
  /** Default value as text; null if there is no default. */
  default: string | null;
  description: string;
  sensitive: boolean;
  /** `both`: plans and overrides can change the value for an account. */
  scope: "both" | "platform";
}

export interface Share {
  id: Id;
  /** 22 letters and digits. Anyone who has the token can open the share. */
  token: string;
  /** The path of the shared page: `/s/{token}`. */
  url: string;
  access_type: "public" | "password";
  has_password: boolean;
  /** Whether messages added later are also shown. */
  live_update: boolean;
  /** Number of user messages at the time of sharing. */
  snapshot_turn_count: number;
  created_at: Time;
}

export interface SharePassword {
  password: string;
}

export interface ShareSession {
  /** Opens the share for 24 hours, or until the share is deleted. */
  session_token: string;
}

export type ShareView = SharedThread | LockedShare;

export interface SharedMessage {
  id: Id;
  role: "user" | "assistant";
  /** For structured messages: the text parts, and the names and texts of the attachments. */
  content: string;
  /** Present only on structured messages. */
  content_json?: MessageContent | undefined;
  completion: MessageCompletion;
  created_at: Time;
}

export interface SharedThread {
  requires_password: false;
  thread: { title: string | null; created_at: Time; };
  /** Oldest first. Attachments can be downloaded with their keys and `share_token`. */
  messages: SharedMessage[];
}

export interface StagedAttachment {
  key: string;
  /** The submitted file name, without folders and unsafe characters. Any script is allowed. */
  filename: string;
  mime_type: string;
  /** Size in bytes. */
  size: number;
  kind: "image" | "file";
  /** Text files only: the first 12,000 characters. */
  extracted_text?: string | undefined;
}

/** Whether the object store can be used. Requests that do not need it are served in any case. */
export type StorageState = "ok" | "not_configured" | "unreachable" | "failing" | "bucket_missing" | "credentials_refused" | "access_denied" | "folder_unusable";

export interface StorageUsage {
  /** Uploaded files, including staged ones, until they are removed from the object store. */
  attachments: { used_bytes: number; limit_bytes: number | null; };
  /** Message text, plus 256 bytes per message, 1,024 bytes per thread and 512 bytes per share. */
  messages: { used_bytes: number; limit_bytes: number | null; };
  /** Files of all workspaces, including revisions that are not removed yet. */
  workspaces: { used_bytes: number; limit_bytes: number | null; };
}

export interface Subscription {
  id: Id;
  account_id: Id;
  plan_id: Id;
  /** A subscription stays `active` until it is canceled, regardless of its period. `expired` is reserved. */
  status: "active" | "cancelled" | "expired";
  current_period_start: Time;
  current_period_end: Time;
  cancelled_at: Time | null;
  created_at: Time;
}

export interface SubscriptionChanges {
  /** Monthly credit grants are counted from this instant. */
  current_period_start?: string | undefined;
  /** Must be after the start. Monthly credit grants stop at this instant. */
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
  /** Informational only; grants no permissions. */
  role: MemberRole;
  created_at: Time;
}

export interface TestEmail {
  /** An email address (RFC 5322 addr-spec) of 3 to 254 characters. */
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
  /** Time of the last activity. */
  updated_at: Time;
  /** The run that has not ended, if there is one. */
  active_run_id: Id | null;
  is_private: boolean;
  /** Only private threads expire. */
  expires_at: Time | null;
  /** Present only on forked threads. */
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
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "thread.title.updated";
  data: { thread_id: Id; title: string; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export type Time = string;

export interface TodoUpdatedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "todo.updated";
  data: { todos: { id: string; content: string; status: "pending" | "in_progress" | "completed" | "cancelled"; }[]; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface ToolCallDeltaEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "tool.call.delta";
  data: { tool_call_index: number; arguments_delta: string; tool_call_id?: string | undefined; tool_name?: string | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface ToolCallEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "tool.call";
  data: { tool_call_id: string; tool_name: string; arguments: Record<string, unknown>; resolved_tool_name?: string | undefined; args_hash?: string | undefined; tool_version?: string | undefined; risk_level?: "low" | "medium" | "high" | undefined; side_effects?: boolean | undefined; required_scopes?: string[] | undefined; capabilities?: string[] | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Omitted or blank fields keep their values. */
export interface ToolCredential {
  api_key?: string | undefined;
  /** Absolute URL without user info, query or fragment. */
  base_url?: string | undefined;
}

export interface ToolDeniedEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "tool.denied";
  data: { tool_call_id: string; tool_name: string; code: "policy.denied"; message: string; deny_reason: "tool.not_in_allowlist" | "tool.args_invalid" | "tool.unknown"; resolved_tool_name?: string | undefined; args_hash?: string | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export type ToolGroup = "web_search" | "web_fetch";

export interface ToolProvider {
  group_name: ToolGroup;
  provider_name: ToolProviderName;
  is_active: boolean;
  /** The first and last characters of the API key. */
  key_prefix: string | null;
  base_url: string | null;
  requires_api_key: boolean;
  requires_base_url: boolean;
  /** Whether all required values are set. */
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
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "tool.result";
  data: { tool_call_id: string; tool_name: string; result?: Record<string, unknown> | undefined; error?: RunError | undefined; usage?: Usage | undefined; cost?: Cost | undefined; duration_ms: number; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
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
  /** True if some of the counts are estimated because the provider did not report them. */
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
  /** US dollars, to 6 decimal places. */
  total_cost_usd: number;
  record_count: number;
}

export interface User {
  id: Id;
  /** Null for the built-in service user, which cannot sign in. */
  login: string | null;
  username: string;
  email: string | null;
  email_verified_at: Time | null;
  status: UserStatus;
  /** BCP 47 language tag. */
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
  /** Trimmed and NFKC-normalized. 1 to 256 bytes; no `@`, control or format characters. */
  username?: string | undefined;
  /** Unique among users, ignoring case; null or empty clears it. A new address is unverified. */
  email?: string | null | undefined;
  /** If true, marks the email address as verified. Requires an email address. */
  email_verified?: boolean | undefined;
  /** BCP 47 language tag; null or empty clears it. */
  locale?: string | null | undefined;
  /** IANA time zone; null or empty clears it. */
  timezone?: string | null | undefined;
  is_platform_admin?: boolean | undefined;
}

export interface UserDetail {
  id: Id;
  /** Null for the built-in service user, which cannot sign in. */
  login: string | null;
  username: string;
  email: string | null;
  email_verified_at: Time | null;
  status: UserStatus;
  /** BCP 47 language tag. */
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

/** A `shared` project is visible to all members of the account, or only to the team in `team_id`. */
export type Visibility = "private" | "shared";

export interface WebhookDelivery {
  id: Id;
  endpoint_id: Id;
  account_id: Id;
  /** The `webhook-id` of every attempt; the same for all endpoints and redeliveries. */
  message_id: string;
  event_type: WebhookEventType;
  status: WebhookDeliveryStatus;
  attempts: number;
  last_attempt_at: Time | null;
  /** Null once the status is final. */
  next_attempt_at: Time | null;
  response_status: number | null;
  /** The first 4,096 bytes of the last response, as text. */
  response_body: string | null;
  error: WebhookError | null;
  redelivery_of: Id | null;
  created_at: Time;
}

export interface WebhookDeliveryDetail {
  id: Id;
  endpoint_id: Id;
  account_id: Id;
  /** The `webhook-id` of every attempt; the same for all endpoints and redeliveries. */
  message_id: string;
  event_type: WebhookEventType;
  status: WebhookDeliveryStatus;
  attempts: number;
  last_attempt_at: Time | null;
  /** Null once the status is final. */
  next_attempt_at: Time | null;
  response_status: number | null;
  /** The first 4,096 bytes of the last response, as text. */
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
  /** Why the endpoint is disabled: by a user, after 20 consecutive failed deliveries, or because the receiver returned 410. */
  disabled_reason: "manual" | "consecutive_failures" | "gone" | null;
  /** First 10 characters of the signing secret. */
  secret_prefix: string;
  /** Until this instant, messages are also signed with the previous secret. */
  previous_secret_expires_at: Time | null;
  created_at: Time;
}

export interface WebhookEndpointChanges {
  /** An https URL of a public host, without user info or fragment. */
  url?: string | undefined;
  /** Event types to send to the endpoint; duplicates are merged. */
  events?: WebhookEventType[] | undefined;
  /** True also resets the failure count. */
  enabled?: boolean | undefined;
}

export interface WebhookEndpointWithSecret {
  id: Id;
  account_id: Id;
  url: string;
  events: WebhookEventType[];
  enabled: boolean;
  /** Why the endpoint is disabled: by a user, after 20 consecutive failed deliveries, or because the receiver returned 410. */
  disabled_reason: "manual" | "consecutive_failures" | "gone" | null;
  /** First 10 characters of the signing secret. */
  secret_prefix: string;
  /** Until this instant, messages are also signed with the previous secret. */
  previous_secret_expires_at: Time | null;
  created_at: Time;
  /** The secret for verifying signatures. Returned only in this response. */
  signing_secret: string;
}

/** Why the last attempt failed, or why no attempt was made. */
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
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  type: "worker.job.received";
  data: { job_id: string; job_type: string; account_id: Id; attempt: number; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

export interface Workspace {
  project_id: Id;
  owner_user_id: Id;
  workspace_ref: string;
  /** `active` if a live session uses the workspace; `unavailable` if there is no store for files. */
  status: "active" | "idle" | "unavailable";
  last_used_at: Time;
  /** Present only if `status` is `active`. */
  active_session?: { session_ref: string; session_type: "shell" | "browser"; state: string; last_used_at: Time; } | undefined;
}

export interface WorkspaceFile {
  name: string;
  /** Path from the root of the workspace. */
  path: string;
  type: "file" | "symlink";
  /** Size in bytes. */
  size: number;
  mtime_unix_ms: number;
  /** Determined by the file name extension. */
  mime_type: string;
}

export interface WorkspaceFolder {
  name: string;
  /** Path from the root of the workspace. */
  path: string;
  type: "dir";
  /** Present only if the folder is not empty. */
  has_children?: true | undefined;
}

export type WorkspaceItem = WorkspaceFolder | WorkspaceFile;

export interface WorkspaceItems {
  workspace_ref: string;
  /** The normalized path of the folder. */
  path: string;
  /** Folders first; each kind is sorted by name in code point order. */
  items: WorkspaceItem[];
}

export interface AuthApi {
  /** Retrieve the captcha configuration */
  readonly captchaConfig: Call<NoRequest, CaptchaConfig, Reasons['auth.captchaConfig']>;
  /** Check whether a login or email address is taken */
  readonly check: Call<{ body: LoginCheck; }, LoginExists, Reasons['auth.check']>;
  /** Determine the next step for a login or email address: sign in or register */
  readonly resolve: Call<{ body: Identity; }, NextStep, Reasons['auth.resolve']>;
  /** Email a sign-in code to the user of a flow token */
  readonly sendFlowCode: Call<{ body: FlowCodeRequest; }, undefined, Reasons['auth.sendFlowCode']>;
  /**
   * Sign in with an emailed code and a flow token
   *
   * Verifies the email address. The first verification removes the password of the user and ends all their other sessions and API keys.
   */
  readonly verifyFlowCode: Call<{ body: FlowCode; }, AccessGrant, Reasons['auth.verifyFlowCode']>;
  /** Retrieve the registration mode */
  readonly registrationMode: Call<NoRequest, RegistrationMode, Reasons['auth.registrationMode']>;
  /** Register a user with a personal account */
  readonly register: Call<{ body: NewUser; }, Registration, Reasons['auth.register']>;
  /** Sign in with a password */
  readonly login: Call<{ body: Credentials; }, AccessGrant, Reasons['auth.login']>;
  /**
   * Exchange the session cookie for a new access token
   *
   * The refresh token rotates: each one can be used once. `X-Account-Id` switches the session to another account of the user.
   */
  readonly refresh: Call<NoRequest, AccessGrant, Reasons['auth.refresh']>;
  /** Sign out of this session, or of all sessions */
  readonly logout: Call<{ body?: LogoutRequest | undefined; }, Ok, Reasons['auth.logout']>;
  /**
   * Email yourself a verification link
   *
   * A new link voids the previous one. No email is sent if the address is already verified.
   */
  readonly sendVerification: Call<NoRequest, undefined, Reasons['auth.sendVerification']>;
  /**
   * Verify an email address with the token of its link
   *
   * Call this in the session in which you registered or signed in with a password, with its cookie or access token. Outside such a session, the first verification of an address removes the password of the user and ends all their other sessions and API keys, because another person may have registered the address.
   */
  readonly confirmEmail: Call<{ body: EmailConfirmation; }, Ok, Reasons['auth.confirmEmail']>;
  /**
   * Email a sign-in code
   *
   * The response is the same whether or not a user has the address.
   */
  readonly sendCode: Call<{ body: EmailCodeRequest; }, undefined, Reasons['auth.sendCode']>;
  /**
   * Sign in with an emailed code
   *
   * Verifies the email address. The first verification removes the password of the user and ends all their other sessions and API keys.
   */
  readonly verifyCode: Call<{ body: EmailCode; }, AccessGrant, Reasons['auth.verifyCode']>;
}

export interface MeApi {
  /** Retrieve your profile, role and permissions */
  readonly get: Call<NoRequest, Me, Reasons['me.get']>;
  /** Update your name, time zone or language */
  readonly update: Call<{ body: MeChanges; }, Profile, Reasons['me.update']>;
  /**
   * Retrieve your invite code
   *
   * Creates one if you have none.
   */
  readonly inviteCode: Call<NoRequest, InviteCode, Reasons['me.inviteCode']>;
  /**
   * Replace your invite code
   *
   * Allowed once your newest code is 24 hours old.
   */
  readonly resetInviteCode: Call<NoRequest, InviteCode, Reasons['me.resetInviteCode']>;
  /** Redeem a code for the active account */
  readonly redeem: Call<{ body: RedemptionRequest; }, Redemption, Reasons['me.redeem']>;
  /** Retrieve the value of every feature flag for the active account */
  readonly featureFlags: Call<NoRequest, FeatureFlags, Reasons['me.featureFlags']>;
  /**
   * Change your password
   *
   * Ends all your other sessions. API keys remain valid.
   */
  readonly changePassword: Call<{ body: PasswordChange; }, undefined, Reasons['me.changePassword']>;
}

export interface AccountsApi {
  /**
   * Create a workspace
   *
   * The active account does not change.
   */
  readonly create: Call<{ body: NewAccount; }, Account, Reasons['accounts.create']>;
  /** List your accounts, newest first */
  readonly mine: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Account, Reasons['accounts.mine']>;
  /** Retrieve an account */
  readonly get: Call<{ params: { account_id: Id; }; }, Account, Reasons['accounts.get']>;
  /** Update the name or time zone of an account */
  readonly update: Call<{ params: { account_id: Id; }; body: AccountChanges; }, Account, Reasons['accounts.update']>;
  /**
   * Close a workspace
   *
   * Memberships, API keys and invitations end immediately, and open runs are canceled. The credit ledger, usage and audit log are kept.
   */
  readonly delete: Call<{ params: { account_id: Id; }; body: AccountClosing; }, undefined, Reasons['accounts.delete']>;
  /** List members, newest first */
  readonly members: PagedCall<{ params: { account_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Member, Reasons['accounts.members']>;
  /**
   * Update the role of a member
   *
   * Changing the role voids the open invitations that the member sent.
   */
  readonly updateMember: Call<{ params: { account_id: Id; user_id: Id; }; body: MemberChanges; }, Member, Reasons['accounts.updateMember']>;
  /**
   * Remove a member, or leave an account
   *
   * The member's API keys, open invitations and share links end immediately. Threads, runs and projects are kept.
   */
  readonly removeMember: Call<{ params: { account_id: Id; user_id: Id; }; }, undefined, Reasons['accounts.removeMember']>;
}

export interface TeamsApi {
  /** Create a team */
  readonly create: Call<{ body: NewTeam; }, Team, Reasons['teams.create']>;
  /** List teams, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Team, Reasons['teams.list']>;
  /**
   * Delete a team
   *
   * Projects shared with the team become private.
   */
  readonly delete: Call<{ params: { team_id: Id; }; }, undefined, Reasons['teams.delete']>;
  /** List the members of a team, newest first */
  readonly members: PagedCall<{ params: { team_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, TeamMember, Reasons['teams.members']>;
  /**
   * Add a member to a team, or change their role in it
   *
   * The user must be a member of the account. If the user is already in the team, their role is updated and the status is 200.
   */
  readonly addMember: Call<{ params: { team_id: Id; }; body: NewTeamMember; }, TeamMember | TeamMember, Reasons['teams.addMember']>;
  /** Remove a member from a team */
  readonly removeMember: Call<{ params: { team_id: Id; user_id: Id; }; }, undefined, Reasons['teams.removeMember']>;
}

export interface InvitationsApi {
  /**
   * Invite a person by email
   *
   * The invitation can be accepted for 7 days. It ends earlier if your role changes or your membership ends.
   */
  readonly create: Call<{ params: { account_id: Id; }; body: NewInvitation; }, CreatedInvitation, Reasons['invitations.create']>;
  /** List open invitations, newest first */
  readonly list: PagedCall<{ params: { account_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Invitation, Reasons['invitations.list']>;
  /**
   * Accept an invitation
   *
   * Your email address must be the invited one, and verified. The active account does not change.
   */
  readonly accept: Call<{ params: { token: string; }; }, Ok, Reasons['invitations.accept']>;
  /** Revoke an invitation */
  readonly revoke: Call<{ params: { invitation_id: Id; }; }, undefined, Reasons['invitations.revoke']>;
}

export interface ApiKeysApi {
  /** Create an API key */
  readonly create: Call<{ body: NewApiKey; }, CreatedApiKey, Reasons['apiKeys.create']>;
  /** List API keys, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, ApiKey, Reasons['apiKeys.list']>;
  /** Revoke an API key */
  readonly delete: Call<{ params: { id: Id; }; }, undefined, Reasons['apiKeys.delete']>;
}

export interface ProjectsApi {
  /** Create a project */
  readonly create: Call<{ body: NewProject; }, Project, Reasons['projects.create']>;
  /** List the projects that you can see, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Project, Reasons['projects.list']>;
  /** Retrieve a project */
  readonly get: Call<{ params: { project_id: Id; }; }, Project, Reasons['projects.get']>;
  /**
   * Update a project
   *
   * A null `team_id` or `description` clears it. The default project cannot be shared.
   */
  readonly update: Call<{ params: { project_id: Id; }; body: ProjectChanges; }, Project, Reasons['projects.update']>;
  /** Delete a project, but keep its threads */
  readonly delete: Call<{ params: { project_id: Id; }; }, undefined, Reasons['projects.delete']>;
}

export interface WorkspacesApi {
  /** Retrieve your workspace in a project */
  readonly get: Call<{ params: { project_id: Id; }; }, Workspace, Reasons['workspaces.get']>;
  /**
   * List a folder of your workspace
   *
   * A path that is not a folder has no items.
   */
  readonly files: Call<{ params: { project_id: Id; }; query?: { path?: string | undefined; } | undefined; }, WorkspaceItems, Reasons['workspaces.files']>;
  /**
   * Download a file of your workspace
   *
   * Symbolic links are not followed.
   */
  readonly file: Call<{ params: { project_id: Id; }; query: { path: string; }; }, Blob, Reasons['workspaces.file']>;
}

export interface ThreadsApi {
  /** Create a thread */
  readonly create: Call<{ body?: NewThread | undefined; }, Thread, Reasons['threads.create']>;
  /** List your threads, most recently active first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; project_id?: Id | undefined; } | undefined; }, Thread, Reasons['threads.list']>;
  /** Search threads by title or message text */
  readonly search: PagedCall<{ query: { limit?: number | undefined; before?: PageCursor | undefined; q: string; }; }, FoundThread, Reasons['threads.search']>;
  /** List the IDs of starred threads, most recently starred first */
  readonly starred: Call<NoRequest, Id[], Reasons['threads.starred']>;
  /** Retrieve a thread */
  readonly get: Call<{ params: { thread_id: Id; }; }, Thread, Reasons['threads.get']>;
  /**
   * Rename or move a thread
   *
   * Setting a title turns off automatic titles for the thread; null clears the title and turns them on again.
   */
  readonly update: Call<{ params: { thread_id: Id; }; body: ThreadChanges; }, Thread, Reasons['threads.update']>;
  /** Delete a thread and stop its run */
  readonly delete: Call<{ params: { thread_id: Id; }; }, undefined, Reasons['threads.delete']>;
  /**
   * Copy a thread up to one of its messages
   *
   * You own the copy. It keeps the title and the project; runs, stars and shares are not copied.
   */
  readonly fork: Call<{ params: { thread_id: Id; }; body: ForkRequest; }, ForkedThread, Reasons['threads.fork']>;
  /** Star a thread */
  readonly star: Call<{ params: { thread_id: Id; }; }, undefined, Reasons['threads.star']>;
  /** Unstar a thread */
  readonly unstar: Call<{ params: { thread_id: Id; }; }, undefined, Reasons['threads.unstar']>;
}

export interface MessagesApi {
  /** Add a message to a thread */
  readonly create: Call<{ params: { thread_id: Id; }; body: NewMessage; }, Message, Reasons['messages.create']>;
  /** List the newest messages of a thread, oldest first */
  readonly list: PagedCall<{ params: { thread_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; order?: "asc" | "desc" | undefined; } | undefined; }, Message, Reasons['messages.list']>;
}

export interface SharesApi {
  /**
   * Share a thread
   *
   * Without `live_update`, the share shows the messages that exist now, even if the thread changes later.
   */
  readonly create: Call<{ params: { thread_id: Id; }; body?: NewShare | undefined; }, Share, Reasons['shares.create']>;
  /** List the shares of your thread, newest first */
  readonly list: PagedCall<{ params: { thread_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Share, Reasons['shares.list']>;
  /**
   * Delete a share
   *
   * The share can no longer be opened, not even with a session token that was issued before.
   */
  readonly delete: Call<{ params: { thread_id: Id; }; query: { id: Id; }; }, undefined, Reasons['shares.delete']>;
  /** Retrieve a shared thread */
  readonly view: Call<{ params: { token: string; }; query?: { session_token?: string | undefined; } | undefined; }, ShareView, Reasons['shares.view']>;
  /** Verify the password of a share */
  readonly verify: Call<{ params: { token: string; }; body: SharePassword; }, ShareSession, Reasons['shares.verify']>;
}

export interface ReportsApi {
  /** Report a thread */
  readonly create: Call<{ params: { thread_id: Id; }; body: NewReport; }, CreatedReport, Reasons['reports.create']>;
  /** List the reports of all accounts, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; category?: ReportCategory | undefined; thread_id?: Id | undefined; } | undefined; }, Report, Reasons['reports.list']>;
}

export interface AttachmentsApi {
  /**
   * Upload a file for a message
   *
   * Only you can access the file until a message references its key. A file that no message references is removed after 24 hours.
   */
  readonly stage: Call<{ body: NewAttachment; }, StagedAttachment, Reasons['attachments.stage']>;
  /**
   * Download an attachment
   *
   * Returns an attachment of a message in a thread that you can read, or a file that you have just uploaded. With a `share_token`, no credential is required.
   */
  readonly get: Call<{ params: { key: string; }; query?: { share_token?: string | undefined; session_token?: string | undefined; } | undefined; }, Blob, Reasons['attachments.get']>;
}

export interface RunsApi {
  /** Start a run */
  readonly create: Call<{ params: { thread_id: Id; }; body?: NewRun | undefined; }, CreatedRun, Reasons['runs.create']>;
  /** List the runs of a thread, newest first */
  readonly listInThread: PagedCall<{ params: { thread_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, ThreadRun, Reasons['runs.listInThread']>;
  /** List the runs of the account, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; status?: RunStatus | undefined; run_id?: string | undefined; thread_id?: string | undefined; parent_run_id?: Id | undefined; model?: string | undefined; persona_id?: string | undefined; since?: string | undefined; until?: string | undefined; account_id?: "all" | Id | undefined; user_id?: Id | undefined; } | undefined; }, RunSummary, Reasons['runs.list']>;
  /** Retrieve a run */
  readonly get: Call<{ params: { run_id: Id; }; }, Run, Reasons['runs.get']>;
  /** Cancel a run */
  readonly cancel: Call<{ params: { run_id: Id; }; body?: CancelRequest | undefined; }, Ok, Reasons['runs.cancel']>;
  /** Send user input to a run */
  readonly input: Call<{ params: { run_id: Id; }; body: RunInput; }, Ok, Reasons['runs.input']>;
  /**
   * Stream the events of a run
   *
   * Server-sent events, in order and without gaps. They start after `after_seq` or `Last-Event-ID`, whichever is larger.
   */
  readonly events: StreamCall<{ params: { run_id: Id; }; query?: { after_seq?: number | undefined; follow?: boolean | undefined; } | undefined; }, RunEvent, Reasons['runs.events']>;
  /**
   * Retry the last message
   *
   * Hides the existing answer. If the request omits persona, route, model or reasoning mode, the value of the repeated run is used; null selects the default.
   */
  readonly retry: Call<{ params: { thread_id: Id; }; body?: RetryRequest | undefined; }, CreatedRun, Reasons['runs.retry']>;
  /** Continue a run that failed or was canceled */
  readonly continue: Call<{ params: { thread_id: Id; }; body: ContinueRequest; }, CreatedRun, Reasons['runs.continue']>;
  /**
   * Edit one of your messages and answer it again
   *
   * Hides all later messages. If the request omits persona, route, model or reasoning mode, the value of the repeated run is used; null selects the default.
   */
  readonly editMessage: Call<{ params: { thread_id: Id; message_id: Id; }; body: EditedMessage; }, CreatedRun, Reasons['runs.editMessage']>;
}

export interface PersonasApi {
  /**
   * List the personas that a run can use
   *
   * Returns one persona per key: of the account, else of the platform, else built in. Sorted for display in a picker.
   */
  readonly selectable: Call<NoRequest, SelectablePersona[], Reasons['personas.selectable']>;
  /** List the personas of a scope, newest first, then the built-in personas that are not overridden */
  readonly list: Call<{ query?: { scope?: PersonaScope | undefined; } | undefined; }, Persona[], Reasons['personas.list']>;
  /**
   * Create a persona
   *
   * A persona with the key of a platform or built-in persona overrides it.
   */
  readonly create: Call<{ body: NewPersona; }, Persona, Reasons['personas.create']>;
  /**
   * Update a persona
   *
   * Lists and objects are replaced as a whole. Active runs keep the values they started with.
   */
  readonly update: Call<{ params: { persona_id: Id; }; query?: { scope?: PersonaScope | undefined; } | undefined; body: PersonaChanges; }, Persona, Reasons['personas.update']>;
  /** Delete a persona */
  readonly delete: Call<{ params: { persona_id: Id; }; query?: { scope?: PersonaScope | undefined; } | undefined; }, undefined, Reasons['personas.delete']>;
}

export interface NotificationsApi {
  /** List your notifications from all your accounts, newest first */
  readonly list: Call<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; unread_only?: boolean | undefined; type?: string | undefined; } | undefined; }, Notifications & Cursor, Reasons['notifications.list']>;
  /** Mark all your notifications as read */
  readonly readAll: Call<{ body?: NoFields | undefined; }, ReadAll, Reasons['notifications.readAll']>;
  /**
   * Mark a notification as read
   *
   * Repeating the request has no effect.
   */
  readonly read: Call<{ params: { notification_id: Id; }; body?: NoFields | undefined; }, Ok, Reasons['notifications.read']>;
}

export interface BroadcastsApi {
  /**
   * Send a notification to all users, or to the members of an account
   *
   * The broadcast is sent in the background. Users who register or join the account within 30 days receive it too.
   */
  readonly create: Call<{ body: NewBroadcast; }, Broadcast, Reasons['broadcasts.create']>;
  /** List broadcasts, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; } | undefined; }, Broadcast, Reasons['broadcasts.list']>;
  /** Retrieve a broadcast and its progress */
  readonly get: Call<{ params: { broadcast_id: Id; }; }, Broadcast, Reasons['broadcasts.get']>;
  /**
   * Delete a broadcast
   *
   * Its notifications are removed immediately, and no more are sent.
   */
  readonly delete: Call<{ params: { broadcast_id: Id; }; }, undefined, Reasons['broadcasts.delete']>;
}

export interface CreditsApi {
  /**
   * Retrieve the balance of the active account and its transactions, newest first
   *
   * Without `data.usage.read`, you see only the transactions of your own runs and redemptions, and those that belong to no user.
   */
  readonly mine: Call<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; from?: string | undefined; to?: string | undefined; } | undefined; }, Credits & Cursor, Reasons['credits.mine']>;
  /** Retrieve the balance of any account and its transactions, newest first */
  readonly ofAccount: Call<{ query: { limit?: number | undefined; before?: PageCursor | undefined; account_id: Id; }; }, AccountCredits & Cursor, Reasons['credits.ofAccount']>;
  /**
   * Add credits to an account, or deduct them
   *
   * Deducting more than the balance returns 409 `insufficient_credits`. Credits reserved by runs can be deducted; those runs stop before their next model call.
   */
  readonly adjust: Call<{ body: CreditAdjustment; }, AccountBalance, Reasons['credits.adjust']>;
  /**
   * Add credits to every account, or deduct them
   *
   * No balance goes below 0. Up to 1,000 accounts are changed before the response. If there are more, the response has the state `running` and the rest are changed in the background, at most 1,000 per transaction; retrieve the operation by its `id` to follow the progress. Each account is changed exactly once, even if a worker stops midway. While an operation is running, another one returns 409 `credit_operation_running`.
   */
  readonly bulkAdjust: Call<{ body: BulkCreditAdjustment; }, CreditOperation, Reasons['credits.bulkAdjust']>;
  /**
   * Reset the credits of every account to 0
   *
   * Processed in the same way as a bulk adjustment.
   */
  readonly resetAll: Call<{ body?: CreditReset | undefined; }, CreditOperation, Reasons['credits.resetAll']>;
  /** Retrieve a bulk credit operation and its progress */
  readonly operation: Call<{ params: { operation_id: Id; }; }, CreditOperation, Reasons['credits.operation']>;
}

export interface RedemptionCodesApi {
  /** Create a batch of redemption codes: all or none */
  readonly createBatch: Call<{ body: NewRedemptionCodes; }, RedemptionCode[], Reasons['redemptionCodes.createBatch']>;
  /** List redemption codes, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; q?: string | undefined; type?: RedemptionType | undefined; } | undefined; }, RedemptionCode, Reasons['redemptionCodes.list']>;
  /** Deactivate a redemption code permanently */
  readonly update: Call<{ params: { code_id: Id; }; body: RedemptionCodeChanges; }, RedemptionCode, Reasons['redemptionCodes.update']>;
}

export interface InviteCodesApi {
  /** List invite codes, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; q?: string | undefined; } | undefined; }, OwnedInviteCode, Reasons['inviteCodes.list']>;
  /** Retrieve an invite code */
  readonly get: Call<{ params: { code_id: Id; }; }, OwnedInviteCode, Reasons['inviteCodes.get']>;
  /**
   * Update the use limit of an invite code, or enable or disable it
   *
   * A user can have at most one active code.
   */
  readonly update: Call<{ params: { code_id: Id; }; body: InviteCodeChanges; }, OwnedInviteCode, Reasons['inviteCodes.update']>;
}

export interface ReferralsApi {
  /** List referrals, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; inviter_user_id?: Id | undefined; } | undefined; }, Referral, Reasons['referrals.list']>;
  /**
   * Retrieve the referral tree of a user, three levels deep
   *
   * Breadth-first, with each user once; at most 10000 users.
   */
  readonly tree: Call<{ query: { user_id: Id; }; }, ReferralNode[], Reasons['referrals.tree']>;
}

export interface UsageApi {
  /** Retrieve your usage for a month */
  readonly mine: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, MonthlyUsage, Reasons['usage.mine']>;
  /** List your usage by day */
  readonly mineDaily: Call<{ query: { start: string; end: string; }; }, DailyUsage[], Reasons['usage.mineDaily']>;
  /** List your usage by hour */
  readonly mineHourly: Call<{ query: { start: string; end: string; }; }, HourlyUsage[], Reasons['usage.mineHourly']>;
  /** List your usage for a month by model */
  readonly mineByModel: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, ModelUsage[], Reasons['usage.mineByModel']>;
  /** Retrieve the usage of an account for a month */
  readonly ofAccount: Call<{ params: { account_id: Id; }; query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, MonthlyUsage, Reasons['usage.ofAccount']>;
  /** List the usage of an account by day */
  readonly ofAccountDaily: Call<{ params: { account_id: Id; }; query: { start: string; end: string; }; }, DailyUsage[], Reasons['usage.ofAccountDaily']>;
  /** List the usage of an account by hour */
  readonly ofAccountHourly: Call<{ params: { account_id: Id; }; query: { start: string; end: string; }; }, HourlyUsage[], Reasons['usage.ofAccountHourly']>;
  /** List the usage of an account for a month by model */
  readonly ofAccountByModel: Call<{ params: { account_id: Id; }; query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, ModelUsage[], Reasons['usage.ofAccountByModel']>;
  /** Retrieve the usage of all accounts for a month */
  readonly summary: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, UsageSummary, Reasons['usage.summary']>;
  /** List the usage of all accounts by day */
  readonly daily: Call<{ query: { start: string; end: string; }; }, DailyUsage[], Reasons['usage.daily']>;
  /** List the usage of all accounts by hour */
  readonly hourly: Call<{ query: { start: string; end: string; }; }, HourlyUsage[], Reasons['usage.hourly']>;
  /** List the usage of all accounts for a month by model */
  readonly byModel: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, ModelUsage[], Reasons['usage.byModel']>;
}

export interface LlmProvidersApi {
  /**
   * List providers with their models
   *
   * Without permission to manage secrets, returns only what a model picker needs: no keys, base URLs or advanced settings, and only models that are shown in the picker.
   */
  readonly list: Call<{ query?: { scope?: ProviderScope | undefined; } | undefined; }, LlmProvider[], Reasons['llmProviders.list']>;
  /** Create a provider */
  readonly create: Call<{ body: NewLlmProvider; }, LlmProvider, Reasons['llmProviders.create']>;
  /** Update a provider */
  readonly update: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; body: LlmProviderChanges; }, LlmProvider, Reasons['llmProviders.update']>;
  /** Delete a provider, its API key and its models */
  readonly delete: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, Reasons['llmProviders.delete']>;
  /** List the models that the provider offers */
  readonly availableModels: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, UpstreamModels, Reasons['llmProviders.availableModels']>;
}

export interface LlmModelsApi {
  /** Add a model to a provider */
  readonly create: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; body: NewLlmModel; }, LlmModel, Reasons['llmModels.create']>;
  /** Update a model */
  readonly update: Call<{ params: { provider_id: Id; model_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; body: LlmModelChanges; }, LlmModel, Reasons['llmModels.update']>;
  /** Delete a model */
  readonly delete: Call<{ params: { provider_id: Id; model_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, Reasons['llmModels.delete']>;
  /** Test a model with a short request */
  readonly test: Call<{ params: { provider_id: Id; model_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, LlmModelTest, Reasons['llmModels.test']>;
}

export interface ToolProvidersApi {
  /** List all tool providers by group */
  readonly list: Call<{ query?: { scope?: ProviderScope | undefined; } | undefined; }, ToolProviderGroups, Reasons['toolProviders.list']>;
  /**
   * Activate a provider for its group
   *
   * Deactivates the previously active provider of the group.
   */
  readonly activate: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, Reasons['toolProviders.activate']>;
  /** Deactivate a provider for its group */
  readonly deactivate: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, Reasons['toolProviders.deactivate']>;
  /** Set the API key or base URL of a provider */
  readonly setCredential: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; body?: ToolCredential | undefined; }, undefined, Reasons['toolProviders.setCredential']>;
  /**
   * Delete the API key of a provider
   *
   * Keeps the base URL and whether the provider is active.
   */
  readonly clearCredential: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, Reasons['toolProviders.clearCredential']>;
}

export interface McpConfigsApi {
  /**
   * Create an MCP server
   *
   * A `stdio` server is a program that runs on the worker. Only platform admins can create or update one.
   */
  readonly create: Call<{ body: NewMcpConfig; }, McpConfig, Reasons['mcpConfigs.create']>;
  /** List MCP servers, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, McpConfig, Reasons['mcpConfigs.list']>;
  /** Update an MCP server */
  readonly update: Call<{ params: { config_id: Id; }; body: McpConfigChanges; }, McpConfig, Reasons['mcpConfigs.update']>;
  /** Delete an MCP server */
  readonly delete: Call<{ params: { config_id: Id; }; }, undefined, Reasons['mcpConfigs.delete']>;
}

export interface WebhookEndpointsApi {
  /** Create a webhook endpoint */
  readonly create: Call<{ body: NewWebhookEndpoint; }, WebhookEndpointWithSecret, Reasons['webhookEndpoints.create']>;
  /** List webhook endpoints, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, WebhookEndpoint, Reasons['webhookEndpoints.list']>;
  /** Retrieve a webhook endpoint */
  readonly get: Call<{ params: { endpoint_id: Id; }; }, WebhookEndpoint, Reasons['webhookEndpoints.get']>;
  /**
   * Update a webhook endpoint
   *
   * While an endpoint is disabled, no events are stored for it, and pending deliveries fail.
   */
  readonly update: Call<{ params: { endpoint_id: Id; }; body: WebhookEndpointChanges; }, WebhookEndpoint, Reasons['webhookEndpoints.update']>;
  /** Delete a webhook endpoint and its deliveries */
  readonly delete: Call<{ params: { endpoint_id: Id; }; }, Ok, Reasons['webhookEndpoints.delete']>;
  /**
   * Rotate the signing secret
   *
   * A secret that is still signing because of an earlier rotation is dropped immediately.
   */
  readonly rotateSecret: Call<{ params: { endpoint_id: Id; }; body?: SecretRotation | undefined; }, WebhookEndpointWithSecret, Reasons['webhookEndpoints.rotateSecret']>;
}

export interface WebhookDeliveriesApi {
  /** List deliveries, newest first */
  readonly list: PagedCall<{ params: { endpoint_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; status?: WebhookDeliveryStatus | undefined; event_type?: WebhookEventType | undefined; } | undefined; }, WebhookDelivery, Reasons['webhookDeliveries.list']>;
  /** Retrieve a delivery with its payload */
  readonly get: Call<{ params: { endpoint_id: Id; delivery_id: Id; }; }, WebhookDeliveryDetail, Reasons['webhookDeliveries.get']>;
  /** Redeliver a message */
  readonly redeliver: Call<{ params: { endpoint_id: Id; delivery_id: Id; }; }, WebhookDelivery, Reasons['webhookDeliveries.redeliver']>;
}

export interface AsrCredentialsApi {
  /** Create a credential */
  readonly create: Call<{ body: NewAsrCredential; }, AsrCredential, Reasons['asrCredentials.create']>;
  /** List the credentials of the account, then those of the platform */
  readonly list: Call<NoRequest, AsrCredential[], Reasons['asrCredentials.list']>;
  /**
   * Update a credential
   *
   * Omitted fields keep their values.
   */
  readonly update: Call<{ params: { credential_id: Id; }; body: AsrCredentialChanges; }, AsrCredential, Reasons['asrCredentials.update']>;
  /** Delete a credential and its API key */
  readonly delete: Call<{ params: { credential_id: Id; }; }, undefined, Reasons['asrCredentials.delete']>;
  /** Set the default credential */
  readonly setDefault: Call<{ params: { credential_id: Id; }; }, Ok, Reasons['asrCredentials.setDefault']>;
}

export interface AsrApi {
  /**
   * Transcribe a recording
   *
   * Uses the default credential of the account, or else of the platform. The recording is streamed to the provider and not stored.
   */
  readonly transcribe: Call<{ body: Recording; }, Transcript, Reasons['asr.transcribe']>;
}

export interface AuditLogsApi {
  /** List audit log entries, newest first */
  readonly list: Call<{ query?: { account_id?: Id | undefined; action?: string | undefined; target_type?: string | undefined; actor_user_id?: Id | undefined; since?: Time | undefined; until?: Time | undefined; limit?: number | undefined; offset?: number | undefined; include?: "state" | undefined; } | undefined; }, AuditLog, Reasons['auditLogs.list']>;
}

export interface IpRulesApi {
  /**
   * Create an IP rule
   *
   * Requests from an address in a blocklist network are rejected with 403 `ip_blocked`. If the account has allowlist rules, so are requests from addresses outside all of their networks.
   */
  readonly create: Call<{ query?: { force?: boolean | undefined; } | undefined; body: NewIpRule; }, IpRule, Reasons['ipRules.create']>;
  /** List the IP rules of the account, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; account_id?: Id | undefined; } | undefined; }, IpRule, Reasons['ipRules.list']>;
  /** Delete an IP rule */
  readonly delete: Call<{ params: { rule_id: Id; }; query?: { force?: boolean | undefined; account_id?: Id | undefined; } | undefined; }, undefined, Reasons['ipRules.delete']>;
}

export interface DashboardApi {
  /**
   * Retrieve the numbers of users, accounts and runs, and the usage of all runs
   *
   * The numbers may be a few seconds old.
   */
  readonly get: Call<NoRequest, Dashboard, Reasons['dashboard.get']>;
}

export interface UsersApi {
  /** List users, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; q?: string | undefined; status?: UserStatus | undefined; } | undefined; }, User, Reasons['users.list']>;
  /** Retrieve a user and their accounts */
  readonly get: Call<{ params: { user_id: Id; }; }, UserDetail, Reasons['users.get']>;
  /**
   * Suspend or reactivate a user, or update their profile
   *
   * Suspending a user ends all their sessions, stops their runs and closes their event streams. API keys are rejected until the user is active again. Ended sessions are not restored.
   */
  readonly update: Call<{ params: { user_id: Id; }; body: UserChanges; }, UserDetail, Reasons['users.update']>;
  /**
   * Delete a user
   *
   * The login and email become available again. The personal account and all workspaces without other members are closed. The last admin of a workspace with other members cannot be deleted; `details.accounts` lists these workspaces.
   */
  readonly delete: Call<{ params: { user_id: Id; }; }, undefined, Reasons['users.delete']>;
}

export interface AdminAccountsApi {
  /** List all accounts, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; q?: string | undefined; status?: "active" | "suspended" | undefined; type?: "personal" | "workspace" | undefined; } | undefined; }, AdminAccount, Reasons['adminAccounts.list']>;
  /** Retrieve any account */
  readonly get: Call<{ params: { account_id: Id; }; }, AdminAccount, Reasons['adminAccounts.get']>;
  /**
   * Suspend or reactivate an account
   *
   * Suspending an account stops its runs and ends its event streams. While it is suspended, requests from its members and API keys are rejected.
   */
  readonly update: Call<{ params: { account_id: Id; }; body: AdminAccountChanges; }, AdminAccount, Reasons['adminAccounts.update']>;
}

export interface RunDetailsApi {
  /**
   * Retrieve a run of any account
   *
   * Each request is recorded in the audit log of the account.
   */
  readonly get: Call<{ params: { run_id: Id; }; }, RunDetails, Reasons['runDetails.get']>;
}

export interface PlansApi {
  /** List plans, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Plan, Reasons['plans.list']>;
  /** Retrieve a plan */
  readonly get: Call<{ params: { plan_id: Id; }; }, Plan, Reasons['plans.get']>;
  /** Create a plan */
  readonly create: Call<{ body: NewPlan; }, Plan, Reasons['plans.create']>;
  /** Update a plan */
  readonly update: Call<{ params: { plan_id: Id; }; body: PlanChanges; }, Plan, Reasons['plans.update']>;
  /** Delete a plan that has never had a subscription */
  readonly delete: Call<{ params: { plan_id: Id; }; }, undefined, Reasons['plans.delete']>;
}

export interface SubscriptionsApi {
  /** Subscribe an account to a plan */
  readonly create: Call<{ body: NewSubscription; }, Subscription, Reasons['subscriptions.create']>;
  /**
   * List subscriptions, newest first
   *
   * Members see the active subscription of their account. Platform admins see the subscriptions of all accounts.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; account_id?: Id | undefined; status?: "active" | "cancelled" | "expired" | "all" | undefined; } | undefined; }, Subscription, Reasons['subscriptions.list']>;
  /** Retrieve a subscription */
  readonly get: Call<{ params: { subscription_id: Id; }; }, Subscription, Reasons['subscriptions.get']>;
  /** Update the period of a subscription */
  readonly update: Call<{ params: { subscription_id: Id; }; body: SubscriptionChanges; }, Subscription, Reasons['subscriptions.update']>;
  /** Cancel a subscription immediately */
  readonly cancel: Call<{ params: { subscription_id: Id; }; }, undefined, Reasons['subscriptions.cancel']>;
}

export interface EntitlementOverridesApi {
  /** List the entitlement overrides of an account, including expired ones, newest first */
  readonly list: PagedCall<{ query: { limit?: number | undefined; before?: PageCursor | undefined; account_id: Id; }; }, EntitlementOverride, Reasons['entitlementOverrides.list']>;
  /** Set an entitlement override for an account, replacing any existing one */
  readonly set: Call<{ body: NewEntitlementOverride; }, EntitlementOverride | EntitlementOverride, Reasons['entitlementOverrides.set']>;
  /** Delete an entitlement override */
  readonly delete: Call<{ params: { override_id: Id; }; query: { account_id: Id; }; }, Ok, Reasons['entitlementOverrides.delete']>;
}

export interface PlatformSettingsApi {
  /** List stored settings by key */
  readonly list: Call<NoRequest, PlatformSetting[], Reasons['platformSettings.list']>;
  /** Retrieve a stored setting */
  readonly get: Call<{ params: { key: string; }; }, PlatformSetting, Reasons['platformSettings.get']>;
  /** Set the value of a setting */
  readonly set: Call<{ params: { key: string; }; body: PlatformSettingValue; }, PlatformSetting, Reasons['platformSettings.set']>;
  /** Reset a setting to its default */
  readonly delete: Call<{ params: { key: string; }; }, undefined, Reasons['platformSettings.delete']>;
}

export interface ConfigSchemaApi {
  /**
   * List available settings by key
   *
   * Users who are not platform admins see only the settings that plans and overrides can change.
   */
  readonly list: Call<NoRequest, SettingSchema[], Reasons['configSchema.list']>;
}

export interface EmailApi {
  /** Check whether email can be sent */
  readonly status: Call<NoRequest, EmailStatus, Reasons['email.status']>;
  /** Retrieve the effective email configuration */
  readonly config: Call<NoRequest, EmailConfig, Reasons['email.config']>;
  /**
   * Replace the stored email configuration
   *
   * Takes effect with the next email. Values set by the environment take precedence.
   */
  readonly configure: Call<{ body: EmailConfigValues; }, undefined, Reasons['email.configure']>;
  /**
   * Send a test email
   *
   * Returns when the mail server has accepted the email. Otherwise returns 503 `smtp_failed`, with the status code of the mail server in `details.smtp_code` and the cause in `details.failure`. The response takes at most 10 seconds.
   */
  readonly test: Call<{ body: TestEmail; }, undefined, Reasons['email.test']>;
}

export interface GatewayConfigApi {
  /** Retrieve the effective gateway configuration */
  readonly get: Call<NoRequest, GatewayConfig, Reasons['gatewayConfig.get']>;
  /**
   * Update the gateway configuration
   *
   * Omitted fields keep their values. Gateways apply the change within seconds, without a restart. It takes precedence over their environment.
   */
  readonly set: Call<{ body?: GatewayConfigChanges | undefined; }, GatewayConfig, Reasons['gatewayConfig.set']>;
}

export interface AccessLogApi {
  /**
   * List requests handled by the gateway, newest first
   *
   * Requests appear within a second and are kept for `ARKLOOP_ACCESS_LOG_RETENTION_DAYS` days.
   */
  readonly list: Call<{ query?: { limit?: number | undefined; before?: Id | undefined; since?: Id | Time | undefined; method?: string | undefined; path?: string | undefined; ip?: string | undefined; country?: string | undefined; risk_min?: number | undefined; ua_type?: UserAgentType | undefined; } | undefined; }, AccessLogPage, Reasons['accessLog.list']>;
}

export interface FeatureFlagsApi {
  /** Create a feature flag */
  readonly create: Call<{ body: NewFeatureFlag; }, FeatureFlag, Reasons['featureFlags.create']>;
  /** List all feature flags by key */
  readonly list: Call<NoRequest, FeatureFlag[], Reasons['featureFlags.list']>;
  /** Retrieve a feature flag */
  readonly get: Call<{ params: { key: FeatureFlagKey; }; }, FeatureFlag, Reasons['featureFlags.get']>;
  /** Update a feature flag for all accounts without an override */
  readonly update: Call<{ params: { key: FeatureFlagKey; }; body: FeatureFlagChanges; }, FeatureFlag, Reasons['featureFlags.update']>;
  /**
   * Delete a feature flag and its overrides
   *
   * Flags that the platform itself uses cannot be deleted: 409 `system_flag`.
   */
  readonly delete: Call<{ params: { key: FeatureFlagKey; }; }, Ok, Reasons['featureFlags.delete']>;
  /** Set the override of an account, replacing any existing one */
  readonly setOverride: Call<{ params: { key: FeatureFlagKey; }; body: NewFlagOverride; }, FlagOverride | FlagOverride, Reasons['featureFlags.setOverride']>;
  /** List the account overrides of a feature flag, newest first */
  readonly listOverrides: PagedCall<{ params: { key: FeatureFlagKey; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, FlagOverride, Reasons['featureFlags.listOverrides']>;
  /** Delete the override of an account, which restores the default value */
  readonly deleteOverride: Call<{ params: { key: FeatureFlagKey; account_id: Id; }; }, Ok, Reasons['featureFlags.deleteOverride']>;
}

export interface HealthApi {
  /**
   * Check whether the process is alive
   *
   * Does not check dependencies. Restart the process if it does not respond.
   */
  readonly live: Call<NoRequest, Liveness, Reasons['health.live']>;
  /**
   * Check whether the process is ready
   *
   * Send requests to the process only while it returns 200. The body of the 503 response is not a `Problem`.
   */
  readonly ready: Call<NoRequest, Readiness | Unreadiness, Reasons['health.ready']>;
}

export interface BootstrapApi {
  /**
   * Create a setup token for the first platform admin
   *
   * Allowed only from loopback or with `X-Bootstrap-Secret`; otherwise the response is 404. A new token voids the previous one.
   */
  readonly init: Call<NoRequest, BootstrapToken, Reasons['bootstrap.init']>;
  /** Check whether a setup token is valid */
  readonly verify: Call<{ params: { token: string; }; }, BootstrapTokenState, Reasons['bootstrap.verify']>;
  /** Create the first platform admin */
  readonly setup: Call<{ body: PlatformSetup; }, PlatformAdmin, Reasons['bootstrap.setup']>;
}

/** Every area of the API. */
export interface Api {
  /** Sign-up, sign-in and sessions. */
  readonly auth: AuthApi;
  /** The signed-in user, with their role and permissions in the active account. */
  readonly me: MeApi;
  /** Personal accounts and workspaces, and their members. */
  readonly accounts: AccountsApi;
  /** Groups of members. A project shared with a team is visible only to its members. */
  readonly teams: TeamsApi;
  /** Invitations by email to join a workspace. */
  readonly invitations: InvitationsApi;
  /** Long-lived credentials for servers and scripts. */
  readonly apiKeys: ApiKeysApi;
  /** Groups of threads, private or shared with the account or a team. */
  readonly projects: ProjectsApi;
  /** The files created by your runs in a project. */
  readonly workspaces: WorkspacesApi;
  /** Conversations. */
  readonly threads: ThreadsApi;
  /** The messages of a thread. */
  readonly messages: MessagesApi;
  /** Links for reading a thread without an account. */
  readonly shares: SharesApi;
  /** Reports of problems with threads. */
  readonly reports: ReportsApi;
  /** Images and text files in messages. */
  readonly attachments: AttachmentsApi;
  /** Executions of the agent loop, and their events. */
  readonly runs: RunsApi;
  /** System prompts with the tools, models and budgets of their runs. Personas of the account override those of the platform, which override the built-in ones. */
  readonly personas: PersonasApi;
  /** Your notifications from all your accounts. */
  readonly notifications: NotificationsApi;
  /** Notifications from the platform to all users or to the members of an account. */
  readonly broadcasts: BroadcastsApi;
  /** The balance that an account can spend on runs, and the ledger of all changes. */
  readonly credits: CreditsApi;
  /** Codes that give an account credits or a feature. */
  readonly redemptionCodes: RedemptionCodesApi;
  /** Codes with which users invite others. */
  readonly inviteCodes: InviteCodesApi;
  /** Registrations with the invite code of another user. */
  readonly referrals: ReferralsApi;
  /** Tokens and cost of runs over time. */
  readonly usage: UsageApi;
  /** Credentials for model providers. */
  readonly llmProviders: LlmProvidersApi;
  /** The models of a provider, with their prices and routing rules. */
  readonly llmModels: LlmModelsApi;
  /** Providers of the tools that search and read the web. */
  readonly toolProviders: ToolProvidersApi;
  /** External tool servers (Model Context Protocol) whose tools are available to the models of your runs. */
  readonly mcpConfigs: McpConfigsApi;
  /** URLs to which events are sent when runs end, signed according to Standard Webhooks. */
  readonly webhookEndpoints: WebhookEndpointsApi;
  /** Messages sent to a webhook endpoint, and its responses. */
  readonly webhookDeliveries: WebhookDeliveriesApi;
  /** Credentials for speech recognition. */
  readonly asrCredentials: AsrCredentialsApi;
  /** Transcribes recordings. */
  readonly asr: AsrApi;
  /** The actions of users. */
  readonly auditLogs: AuditLogsApi;
  /** Client addresses that an account allows or blocks. */
  readonly ipRules: IpRulesApi;
  /** Platform-wide statistics. */
  readonly dashboard: DashboardApi;
  /** The users of the platform, their status and their profile. */
  readonly users: UsersApi;
  /** The accounts of the platform and their status. */
  readonly adminAccounts: AdminAccountsApi;
  /** Details of the runs of all accounts. */
  readonly runDetails: RunDetailsApi;
  /** Named sets of entitlements. */
  readonly plans: PlansApi;
  /** The plans of accounts. */
  readonly subscriptions: SubscriptionsApi;
  /** Values for single accounts that take precedence over their plan. */
  readonly entitlementOverrides: EntitlementOverridesApi;
  /** Settings of the installation. */
  readonly platformSettings: PlatformSettingsApi;
  /** Available settings and their defaults. */
  readonly configSchema: ConfigSchemaApi;
  /** The configuration for outgoing email. */
  readonly email: EmailApi;
  /** The configuration of the gateway: rate limits, risk threshold and trusted proxies. */
  readonly gatewayConfig: GatewayConfigApi;
  /** Requests handled by the gateway. */
  readonly accessLog: AccessLogApi;
  /** Switches of the platform, with overrides for single accounts. */
  readonly featureFlags: FeatureFlagsApi;
  /** Probes for load balancers and supervisors, outside `/v1`. */
  readonly health: HealthApi;
  /** One-time setup of the first platform admin. */
  readonly bootstrap: BootstrapApi;
}
