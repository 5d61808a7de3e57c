// Generated from the contract by docs/generate.ts. Do not edit.

import type { Call, NoRequest, PagedCall, StreamCall } from '../call.ts';

export interface AccessGrant {
  access_token: string;
  token_type: "bearer";
  /** Seconds until the access token expires. */
  expires_in: number;
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

export interface AccountChanges {
  name?: string | undefined;
  /** IANA time zone; null clears. */
  timezone?: string | null | undefined;
}

export interface AccountClosing {
  /** The slug of the account, as a confirmation. */
  slug: string;
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

export interface AssistantMessage {
  role: "assistant";
  content: { type: string; text?: string | undefined; [name: string]: unknown; }[];
  tool_calls?: { tool_call_id: string; tool_name: string; arguments: Record<string, unknown>; }[] | undefined;
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

export interface CancelRequest {
  last_seen_seq?: number | null | undefined;
  client_cancelled_at?: string | null | undefined;
}

export interface CaptchaConfig {
  enabled: boolean;
  site_key: string;
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

export interface EmailCode {
  /** One address (RFC 5322 addr-spec) of 3 to 254 characters. */
  email: string;
  /** The eight digits that were mailed. */
  otp: string;
}

export interface EmailCodeRequest {
  /** One address (RFC 5322 addr-spec) of 3 to 254 characters. */
  email: string;
  /** Required when captcha is on. */
  cf_turnstile_token?: string | null | undefined;
}

export interface EmailConfirmation {
  token: string;
}

export type FeatureFlags = Record<string, boolean>;

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

/** A UUID (RFC 9562); the server makes version 7. */
export type Id = string;

export interface Identity {
  identity: string;
  /** Required when captcha is on. */
  cf_turnstile_token?: string | null | undefined;
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

export interface Issue {
  location: "path" | "query" | "header" | "body";
  /** JSON Pointer (RFC 6901) in a body, the name of the parameter elsewhere. */
  path: string;
  message: string;
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
  content: string;
  /** Only on structured messages. */
  content_json?: Record<string, unknown> | undefined;
  /** Only on messages of the assistant: the run that produced it. */
  run_id?: Id | undefined;
  created_at: Time;
}

export interface MessageContent {
  parts: TextPart[];
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

export interface NewInvitation {
  /** One address (RFC 5322 addr-spec) of 3 to 254 characters. */
  email: string;
  role: MemberRole;
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

export interface NewMessage {
  /** Not blank; stored unchanged. */
  content?: string | undefined;
  /** Wins over `content`. */
  content_json?: MessageContent | undefined;
}

export interface NewProject {
  name: string;
  description?: string | null | undefined;
  /** A team of the account. */
  team_id?: Id | null | undefined;
  visibility?: Visibility | undefined;
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
  /** Trimmed and normalised (NFKC); 1 to 256 bytes; no `@`, no control or format characters. */
  login: string;
  /** At least 8 code points, at most 256 bytes, with a letter and a digit. */
  password: string;
  /** One address (RFC 5322 addr-spec) of 3 to 254 characters. */
  email: string;
  invite_code?: string | null | undefined;
  /** A BCP 47 tag. */
  locale?: string | null | undefined;
  /** Required when captcha is on. */
  cf_turnstile_token?: string | null | undefined;
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

export interface Ok {
  ok: true;
}

export interface PasswordChange {
  /** Needed, unless a mailed code opened the session within the last ten minutes. */
  current_password?: string | null | undefined;
  /** At least 8 code points, at most 256 bytes, with a letter and a digit. */
  new_password: string;
}

export interface PlatformAdmin {
  access_token: string;
  token_type: "bearer";
  /** Seconds until the access token expires. */
  expires_in: number;
  user_id: Id;
}

export interface PlatformSetup {
  token: string;
  /** Trimmed and normalised (NFKC); 1 to 256 bytes; no `@`, no control or format characters. */
  login: string;
  /** At least 8 code points, at most 256 bytes, with a letter and a digit. */
  password: string;
  email?: string | null | undefined;
  /** A BCP 47 tag. */
  locale?: string | null | undefined;
}

export interface Problem {
  error: "validation.error" | "auth.unauthorized" | "billing.insufficient_credits" | "auth.forbidden" | "not_found" | "method_not_allowed" | "conflict" | "payload_too_large" | "rate_limit" | "headers_too_large" | "internal_error" | "provider.upstream_error" | "bad_gateway" | "unavailable" | "gateway_timeout";
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

export type ReasoningMode = "auto" | "enabled" | "disabled" | "none" | "minimal" | "low" | "medium" | "high" | "xhigh";

export interface Redemption {
  code: string;
  type: "credits" | "feature";
  /** The number of credits, or the key of the feature flag that is on now. */
  value: string;
}

export interface RedemptionRequest {
  /** In either case, with or without white space around it. */
  code: string;
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

export interface RetryRequest {
  /** A selector: `provider^model`, or a model alone. */
  model?: string | null | undefined;
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
  data: { reason: "cancel_signal" | "cancelled_before_start" | "reaped"; usage?: Usage | undefined; cost?: Cost | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
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

export interface RunContextCompactEvent {
  event_id: Id;
  run_id: Id;
  /** Starts at 1 and grows by 1, without gaps. */
  seq: number;
  type: "run.context_compact";
  data: { op: "rewrite" | "persist"; phase: "completed" | "no_rewrite" | "still_oversize" | "llm_failed" | "current_input_too_large"; turn_index: number; trigger_phase: "preflight" | "provider" | "threshold"; rewrite_applied: boolean; tool_results_microcompacted: number; images_stripped: number; request_bytes_before_rewrite: number; request_bytes_after_rewrite: number; tokens_before?: number | undefined; tokens_after?: number | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
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
  data: { error_class: string; message: string; code?: string | undefined; details?: Record<string, unknown> | undefined; usage?: Usage | undefined; cost?: Cost | undefined; resumable: boolean; reason?: string | undefined; trace_id: TraceId; };
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Only on events of a tool. */
  tool_name?: string | undefined;
  /** Only on failures. */
  error_class?: string | undefined;
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
  data: { attempt: number; max_attempts: number; delay_ms: number; error_class: string; message?: string | undefined; details?: Record<string, unknown> | undefined; discard_from_seq?: number | undefined; trace_id: TraceId; };
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
  data: { attempt: number; discard_from_seq: number; trace_id: TraceId; };
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
  data: { route_id: string; model: string; credential_id: string; credential_name: string; owner_kind: "account" | "platform" | "static"; provider_kind: "openai" | "anthropic" | "stub"; base_url?: string | undefined; openai_api_mode?: string | undefined; advanced_json_sha256?: string | undefined; persona_model?: string | undefined; trace_id: TraceId; };
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
  data: { source: "api" | "retry" | "edit" | "continue" | "subagent"; thread_tail_message_id?: Id | undefined; route_id?: string | undefined; persona_id?: string | undefined; model?: string | undefined; reasoning_mode?: ReasoningMode | undefined; resume_from_run_id?: Id | undefined; continuation_source: "none" | "user_followup" | "explicit"; trace_id: TraceId; };
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
}

/** `shared` is for everybody in the account, or for one team where `team_id` names it. */
export type Visibility = "private" | "shared";

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
  /** Sign in by a mailed code and a flow token */
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
  readonly logout: Call<{ body?: LogoutRequest | undefined; }, Ok, 400 | 401 | 403 | 404 | 413 | 422 | 500 | 503>;
  /**
   * Mail yourself a link that verifies your address
   *
   * A new link voids the one before. Nothing is sent when the address is verified already.
   */
  readonly sendVerification: Call<NoRequest, undefined, 400 | 401 | 403 | 404 | 409 | 429 | 500 | 503>;
  /** Verify an address by the token of its link */
  readonly confirmEmail: Call<{ body: EmailConfirmation; }, Ok, 400 | 413 | 422 | 500 | 503>;
  /**
   * Mail a sign-in code
   *
   * The answer is the same whether or not somebody has the address.
   */
  readonly sendCode: Call<{ body: EmailCodeRequest; }, undefined, 400 | 413 | 422 | 429 | 500 | 503>;
  /** Sign in by a mailed code */
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
  readonly create: Call<{ body: NewAccount; }, Account, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List your accounts, newest first */
  readonly mine: PagedCall<{ query?: { limit?: number | undefined; before?: string | undefined; } | undefined; }, Account, 400 | 401 | 403 | 404 | 500 | 503>;
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
  readonly members: PagedCall<{ params: { account_id: Id; }; query?: { limit?: number | undefined; before?: string | undefined; } | undefined; }, Member, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Change the role of a member */
  readonly updateMember: Call<{ params: { account_id: Id; user_id: Id; }; body: MemberChanges; }, Member, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Remove a member, or leave */
  readonly removeMember: Call<{ params: { account_id: Id; user_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
}

export interface TeamsApi {
  /** Create a team */
  readonly create: Call<{ body: NewTeam; }, Team, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List teams, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: string | undefined; } | undefined; }, Team, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Delete a team
   *
   * Projects that were shared with it become private.
   */
  readonly delete: Call<{ params: { team_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
  /** List the members of a team, newest first */
  readonly members: PagedCall<{ params: { team_id: Id; }; query?: { limit?: number | undefined; before?: string | undefined; } | undefined; }, TeamMember, 400 | 401 | 403 | 404 | 500 | 503>;
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
   * The invitation can be accepted for 7 days.
   */
  readonly create: Call<{ params: { account_id: Id; }; body: NewInvitation; }, CreatedInvitation, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List the invitations that can still be accepted, newest first */
  readonly list: PagedCall<{ params: { account_id: Id; }; query?: { limit?: number | undefined; before?: string | undefined; } | undefined; }, Invitation, 400 | 401 | 403 | 404 | 500 | 503>;
  /**
   * Accept an invitation
   *
   * Your email address must be the invited one. The active account stays the same.
   */
  readonly accept: Call<{ params: { token: string; }; }, Ok, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
  /** Revoke an invitation */
  readonly revoke: Call<{ params: { invitation_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface ApiKeysApi {
  /** Create a key */
  readonly create: Call<{ body: NewApiKey; }, CreatedApiKey, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List keys, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: string | undefined; } | undefined; }, ApiKey, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Revoke a key */
  readonly delete: Call<{ params: { id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface ProjectsApi {
  /** Create a project */
  readonly create: Call<{ body: NewProject; }, Project, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** List the projects you see, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: string | undefined; } | undefined; }, Project, 400 | 401 | 403 | 404 | 500 | 503>;
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
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: string | undefined; project_id?: Id | undefined; } | undefined; }, Thread, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Find threads by title or message text */
  readonly search: PagedCall<{ query: { limit?: number | undefined; before?: string | undefined; q: string; }; }, Thread, 400 | 401 | 403 | 404 | 500 | 503>;
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
  /** Star a thread */
  readonly star: Call<{ params: { thread_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 409 | 500 | 503>;
  /** Remove the star of a thread */
  readonly unstar: Call<{ params: { thread_id: Id; }; }, undefined, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface MessagesApi {
  /** Add a message */
  readonly create: Call<{ params: { thread_id: Id; }; body: NewMessage; }, Message, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>;
  /** Read the transcript: the newest messages, oldest first */
  readonly list: PagedCall<{ params: { thread_id: Id; }; query?: { limit?: number | undefined; before?: string | undefined; order?: "asc" | "desc" | undefined; } | undefined; }, Message, 400 | 401 | 403 | 404 | 500 | 503>;
}

export interface RunsApi {
  /** Start a run */
  readonly create: Call<{ params: { thread_id: Id; }; body?: NewRun | undefined; }, CreatedRun, 400 | 401 | 402 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
  /** List the runs of a thread, newest first */
  readonly listInThread: PagedCall<{ params: { thread_id: Id; }; query?: { limit?: number | undefined; before?: string | undefined; } | undefined; }, ThreadRun, 400 | 401 | 403 | 404 | 500 | 503>;
  /** List runs of the account, newest first */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: string | undefined; status?: RunStatus | undefined; run_id?: string | undefined; thread_id?: string | undefined; parent_run_id?: Id | undefined; model?: string | undefined; persona_id?: string | undefined; since?: string | undefined; until?: string | undefined; account_id?: "all" | Id | undefined; user_id?: Id | undefined; } | undefined; }, RunSummary, 400 | 401 | 403 | 404 | 500 | 503>;
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
  readonly events: StreamCall<{ params: { run_id: Id; }; query?: { after_seq?: number | undefined; follow?: boolean | undefined; } | undefined; }, RunEvent, 400 | 401 | 403 | 404 | 500 | 503>;
  /** Answer the last message again */
  readonly retry: Call<{ params: { thread_id: Id; }; body?: RetryRequest | undefined; }, CreatedRun, 400 | 401 | 402 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
  /** Continue a run that failed or was cancelled */
  readonly continue: Call<{ params: { thread_id: Id; }; body: ContinueRequest; }, CreatedRun, 400 | 401 | 402 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
  /**
   * Change a message of yours and answer it again
   *
   * Every later message is hidden.
   */
  readonly editMessage: Call<{ params: { thread_id: Id; message_id: Id; }; body: NewMessage; }, CreatedRun, 400 | 401 | 402 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503>;
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

export interface BootstrapApi {
  /**
   * Make a setup token for the first platform admin
   *
   * Only from loopback, or with `X-Bootstrap-Secret`; 404 otherwise. A new token voids the one before.
   */
  readonly init: Call<NoRequest, BootstrapToken, 404 | 409 | 500 | 503>;
  /** Read whether a setup token is good */
  readonly verify: Call<{ params: { token: string; }; }, BootstrapTokenState, 400 | 404 | 500 | 503>;
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
  /** Executions of the agent loop, and the events that describe them. */
  readonly runs: RunsApi;
  /** Credentials for model providers. */
  readonly llmProviders: LlmProvidersApi;
  /** The models under a provider, with their prices and routing rules. */
  readonly llmModels: LlmModelsApi;
  /** The first platform admin, once. */
  readonly bootstrap: BootstrapApi;
}
