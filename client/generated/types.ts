// Generated from the contract by docs/generate.ts. Do not edit.

import type { Call, Cursor, NoRequest, PagedCall, StreamCall } from '../core/call.ts';

import type { Reasons } from './reasons.ts';

/** A new access token. The refresh token is sent in an HttpOnly cookie. */
export interface AccessGrant {
  /** JWT for the `Authorization: Bearer` header. Treat it as opaque. */
  access_token: string;
  /** The authentication scheme of the token (RFC 6750). */
  token_type: "bearer";
  /** Seconds until the access token expires. */
  expires_in: number;
}

/** A request handled by the gateway. Query string, credentials and body are not recorded; unknown values are `""`. */
export interface AccessLogEntry {
  /** IDs sort by time. */
  id: Id;
  /** When the request started. */
  timestamp: Time;
  /** The `X-Trace-Id` of the response. */
  trace_id: string;
  /** HTTP method in upper case. */
  method: string;
  /** Path without the query string, with `{token}` in the place of a token. */
  path: string;
  /** 499 if the client disconnected before the response. */
  status_code: number;
  /** Milliseconds until the end of the response, including streamed responses. */
  duration_ms: number;
  /** IP address of the client. */
  client_ip: string;
  /** ISO 3166-1 alpha-2 country code. */
  country: string;
  /** English name of the city. */
  city: string;
  /** `User-Agent` of the client, shortened to 512 characters. */
  user_agent: string;
  /** Kind of client. */
  ua_type: UserAgentType;
  /** From 0 to 1, to 2 decimal places. Requests at or above the threshold are rejected. */
  risk_score: number;
  /** Credential of the request. Service keys count as `api_key`, invalid credentials as `anonymous`. */
  identity_type: AccessLogEntryIdentityType;
  /** Account of the credential. */
  account_id: string;
  /** User of the credential. */
  user_id: string;
  /** Service key of the request. It has neither account nor user. */
  service_key_id: string;
  /** Current username of the user; `""` for anonymous requests and deleted users. */
  username: string;
}

/** Credential of the request. Service keys count as `api_key`, invalid credentials as `anonymous`. */
export type AccessLogEntryIdentityType = "user" | "api_key" | "anonymous";

/** A page of the access log. */
export interface AccessLogPage {
  /** Newest first. */
  data: AccessLogEntry[];
  /** Whether there are older entries. */
  has_more: boolean;
  /** Value of `before` for the next page; null on the last page. */
  next_before: Id | null;
}

/** A tenant: a user's personal account, or a shared workspace. */
export interface Account {
  /** ID of the account. */
  id: Id;
  /** Unique name of the account. It cannot be changed. */
  slug: string;
  /** Display name. */
  name: string;
  /** Each user has one `personal` account; a `workspace` has members. */
  type: AccountType;
  /** Requests of members of a `suspended` account are rejected. */
  status: AccountStatus;
  /** IANA time zone. */
  timezone: string | null;
  /** The event `credits.low` is sent when the balance falls below it; 0 turns it off. Null: the default of the platform. */
  low_credit_threshold: number | null;
  /** From when members need a second factor, or a session that a passkey has opened or confirmed; null if they do not. API keys are not affected. */
  second_factor_required_from: Time | null;
  /** Your role in the account; null for a platform admin who is not a member. */
  role: string | null;
  /** When the account was created. */
  created_at: Time;
}

/** The balance of an account after the change. */
export interface AccountBalance {
  /** The account. */
  account_id: Id;
  /** Credits: the sum of all ledger entries. */
  balance: number;
  /** Credits reserved by active runs and chat completions, which release their reservation when they end. */
  reserved: number;
  /** Balance minus reserved credits, at least 0. A run or chat completion starts only if this is greater than 0. */
  available: number;
}

/** The fields of the account to change. At least one is required. */
export interface AccountChanges {
  /** Display name, 1 to 200 characters. */
  name?: string | undefined;
  /** IANA time zone; null clears it. */
  timezone?: string | null | undefined;
  /** Credits; 0 turns the event `credits.low` off. Null: the default of the platform. */
  low_credit_threshold?: number | null | undefined;
  /** From when members need a second factor or a passkey, now or later; null ends it. Members without one are then refused with 403 `second_factor_missing`. */
  second_factor_required_from?: string | null | undefined;
}

/** The confirmation for closing a workspace. */
export interface AccountClosing {
  /** The slug of the account, as confirmation. */
  slug: string;
}

/** The balance of an account and its transactions, newest first. */
export interface AccountCredits {
  /** The account. */
  account_id: Id;
  /** Credits: the sum of all ledger entries. */
  balance: number;
  /** Credits reserved by active runs and chat completions, which release their reservation when they end. */
  reserved: number;
  /** Balance minus reserved credits, at least 0. A run or chat completion starts only if this is greater than 0. */
  available: number;
  /** Changes of the balance, newest first. */
  transactions: CreditTransaction[];
}

/** The body of a `account.erased` webhook. */
export interface AccountErasedWebhook {
  /** The event type; also the header `X-Arkloop-Event`. */
  type: "account.erased";
  /** When the event occurred. */
  timestamp: Time;
  /** True for a test event, whose data is invented and whose IDs are nil; absent for all others. */
  test?: true | undefined;
  /** The completed erasure. */
  data: WebhookErased;
}

/** The body of a `account.erasure_cancelled` webhook. */
export interface AccountErasureCancelledWebhook {
  /** The event type; also the header `X-Arkloop-Event`. */
  type: "account.erasure_cancelled";
  /** When the event occurred. */
  timestamp: Time;
  /** True for a test event, whose data is invented and whose IDs are nil; absent for all others. */
  test?: true | undefined;
  /** The canceled erasure. */
  data: WebhookErasure;
}

/** The body of a `account.erasure_scheduled` webhook. */
export interface AccountErasureScheduledWebhook {
  /** The event type; also the header `X-Arkloop-Event`. */
  type: "account.erasure_scheduled";
  /** When the event occurred. */
  timestamp: Time;
  /** True for a test event, whose data is invented and whose IDs are nil; absent for all others. */
  test?: true | undefined;
  /** The erasure. */
  data: WebhookErasure;
}

/** The ID of an account, or `all`. */
export type AccountFilter = "all" | Id;

/** Status of an account. */
export type AccountStatus = "active" | "suspended";

/** Kind of an account. */
export type AccountType = "personal" | "workspace";

/** An account as seen by platform admins. */
export interface AdminAccount {
  /** ID of the account. */
  id: Id;
  /** Unique name of the account. It cannot be changed. */
  slug: string;
  /** Display name. */
  name: string;
  /** Each user has one `personal` account; a `workspace` has members. */
  type: AccountType;
  /** Requests of members of a `suspended` account are rejected. */
  status: AccountStatus;
  /** When the account was created. */
  created_at: Time;
  /** The user who created the account. */
  owner_user_id: Id;
  /** Number of members. */
  members_count: number;
  /** Credits: the sum of all ledger entries. */
  balance: number;
  /** Credits reserved by active runs and chat completions, which release their reservation when they end. */
  reserved: number;
  /** Balance minus reserved credits, at least 0. A run or chat completion starts only if this is greater than 0. */
  available: number;
}

/** The status to give an account. */
export interface AdminAccountChanges {
  /** Requests of members of a `suspended` account are rejected. */
  status: AccountStatus;
}

/** Reserved for scripted executors; not sent. */
export interface AgentParallelCompleteEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "agent.parallel_complete";
  /** Content of the event. */
  data: AgentParallelCompleteEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface AgentParallelCompleteEventData {
  /** Tasks that have ended. */
  count: number;
  /** Tasks that failed. */
  failed?: number | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** Reserved for scripted executors; not sent. */
export interface AgentParallelDispatchEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "agent.parallel_dispatch";
  /** Content of the event. */
  data: AgentParallelDispatchEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface AgentParallelDispatchEventData {
  /** Tasks that were started. */
  count: number;
  /** Tasks that could not be started. */
  failed?: number | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** An image that becomes an attachment of the answer. */
export interface AnswerImage {
  /** Key of the attachment. It can be downloaded once the answer is stored. */
  key: string;
  /** Name for readers. */
  filename: string;
  /** Media type, determined by the content. */
  mime_type: string;
  /** Size in bytes. */
  size: number;
}

/** A JSON object with any content. */
export type AnyObject = Record<string, unknown>;

/** A long-lived credential of a user in one account. The secret is returned only on creation and rotation. */
export interface ApiKey {
  /** ID of the key, for revoking it. */
  id: Id;
  /** The only account in which the key can act. */
  account_id: Id;
  /** The user who created the key and on whose behalf it acts. */
  user_id: Id;
  /** Display name; not unique. */
  name: string;
  /** First 7 characters of the key. */
  key_prefix: string;
  /** The permissions of the key, sorted. `[]` with `inherits_permissions` means those of the creator. */
  scopes: string[];
  /** Whether the key inherits all permissions of its creator. */
  inherits_permissions: boolean;
  /** What the key may use. */
  limits: ApiKeyLimits;
  /** The models that the key may use, sorted; null for all that the account can use. */
  models: string[] | null;
  /** The key is rejected from this instant on; null means that it does not expire. */
  expires_at: Time | null;
  /** Until then, the secret before the last rotation is accepted as well; null if it is not. */
  previous_secret_expires_at: Time | null;
  /** When the key was revoked; null while it is not. */
  revoked_at: Time | null;
  /** When the key was last used, to the minute; null if it never was. */
  last_used_at: Time | null;
  /** When the key was created. */
  created_at: Time;
}

/** Properties of a key to change. Its permissions and its account cannot be changed. */
export interface ApiKeyChanges {
  /** Display name, 1 to 200 characters, to recognize the key later. */
  name?: string | undefined;
  /** A time in the future; null for a key that does not expire. */
  expires_at?: string | null | undefined;
  /** Limits to change. Omitted limits keep their value. */
  limits?: ApiKeyLimitChanges | undefined;
  /** Names of models, or `provider^model`. Null for all models. */
  models?: string[] | null | undefined;
}

/** The body of a `api_key.expiring` webhook. */
export interface ApiKeyExpiringWebhook {
  /** The event type; also the header `X-Arkloop-Event`. */
  type: "api_key.expiring";
  /** When the event occurred. */
  timestamp: Time;
  /** True for a test event, whose data is invented and whose IDs are nil; absent for all others. */
  test?: true | undefined;
  /** The key that expires soon. */
  data: WebhookApiKey;
}

/** Limits of a key to set. Null means no limit. */
export interface ApiKeyLimitChanges {
  /** Credits of a day (UTC). Null means no limit. */
  credits_per_day?: number | null | undefined;
  /** Credits of a month (UTC). Null means no limit. */
  credits_per_month?: number | null | undefined;
  /** Credits of all time. Null means no limit. */
  credits_total?: number | null | undefined;
  /** Requests of a minute. Null means no limit. */
  requests_per_minute?: number | null | undefined;
  /** Requests of a day (UTC). Null means no limit. */
  requests_per_day?: number | null | undefined;
  /** Requests of a month (UTC). Null means no limit. */
  requests_per_month?: number | null | undefined;
  /** Requests of all time. Null means no limit. */
  requests_total?: number | null | undefined;
}

/** What a key may use. Credits include those that its open runs and chat completions have reserved. */
export interface ApiKeyLimits {
  /** Credits of a day (UTC). Null means no limit. */
  credits_per_day: number | null;
  /** Credits of a month (UTC). Null means no limit. */
  credits_per_month: number | null;
  /** Credits of all time. Null means no limit. */
  credits_total: number | null;
  /** Requests of a minute. Null means no limit. */
  requests_per_minute: number | null;
  /** Requests of a day (UTC). Null means no limit. */
  requests_per_day: number | null;
  /** Requests of a month (UTC). Null means no limit. */
  requests_per_month: number | null;
  /** Requests of all time. Null means no limit. */
  requests_total: number | null;
}

/** What a key has used in the current day or month (UTC). */
export interface ApiKeyPeriod {
  /** Credits charged for runs and chat completions that ended in this time. */
  credits: number;
  /** Requests in this time. The newest may be missing for up to 10 seconds. */
  requests: number;
  /** When the next period starts, with counts of 0. */
  resets_at: Time;
}

/** A rotation of the secret of a key. */
export interface ApiKeyRotation {
  /** How long the current secret is accepted beside the new one, up to 30 days. 0 rejects it at once. */
  overlap_seconds: number;
}

/** What a key has used in all. */
export interface ApiKeyTotal {
  /** Credits charged for runs and chat completions that ended in this time. */
  credits: number;
  /** Requests in this time. The newest may be missing for up to 10 seconds. */
  requests: number;
}

/** What an API key has used. Use before the server counted it by key is left out. */
export interface ApiKeyUsage {
  /** The key. */
  api_key_id: Id;
  /** The current day (UTC). */
  day: ApiKeyPeriod;
  /** The current month (UTC). */
  month: ApiKeyPeriod;
  /** Since the key was created. */
  total: ApiKeyTotal;
  /** Credits that open runs and chat completions of the key have reserved. They count against its limits. */
  reserved_credits: number;
}

/** A credential for a speech recognition provider. */
export interface AsrCredential {
  /** ID of the credential. */
  id: Id;
  /** Null for platform credentials. */
  account_id: Id | null;
  /** Whether it belongs to the account or to the platform. */
  scope: AsrScope;
  /** API of the speech recognition provider. */
  provider: AsrVendor;
  /** Unique name. */
  name: string;
  /** First 8 characters of the API key; null if you may not manage the credential. */
  key_prefix: string | null;
  /** Base URL; null means the default of the provider, or that you may not manage the credential. */
  base_url: string | null;
  /** Model for transcribing, such as `whisper-large-v3`. */
  model: string;
  /** Whether transcriptions use it. At most one per account, and one of the platform. */
  is_default: boolean;
  /** When the credential was created. */
  created_at: Time;
}

/** The fields of the credential to change. At least one is required. */
export interface AsrCredentialChanges {
  /** Unique name, 1 to 100 characters. */
  name?: string | undefined;
  /** API key of the provider; stored encrypted and never returned. */
  api_key?: string | undefined;
  /** Absolute http(s) URL without user info, query or fragment. */
  base_url?: string | null | undefined;
  /** Model for transcribing, such as `whisper-large-v3`. */
  model?: string | undefined;
  /** True makes it the default; false leaves no default. */
  is_default?: boolean | undefined;
}

/** Owner of a credential. */
export type AsrScope = "account" | "platform";

/** A speech recognition provider. */
export type AsrVendor = "groq" | "openai";

/** The output of one model turn, including its tool calls. */
export interface AssistantMessage {
  /** Always `assistant`. */
  role: "assistant";
  /** Parts of the output, in order. */
  content: AssistantMessageContent[];
  /** Tools that the model called, in its order; absent if it called none. */
  tool_calls?: AssistantMessageToolCall[] | undefined;
}

/** A part of the output. */
export interface AssistantMessageContent {
  /** Type of the part, such as `text`. */
  type: string;
  /** Text of a `text` part. */
  text?: string | undefined;
  [name: string]: unknown;
}

/** A tool call. */
export interface AssistantMessageToolCall {
  /** Identifies the call in its run. */
  tool_call_id: string;
  /** Name of the tool. */
  tool_name: string;
  /** Arguments of the call. */
  arguments: AnyObject;
}

/** A file in a message. */
export interface Attachment {
  /** Key of a file that you uploaded, or of an attachment in a thread that you can read. */
  key: string;
  /** Name shown to readers. */
  filename: string;
  /** Media type, such as `image/png`. */
  mime_type: string;
  /** Size in bytes. The size and type of the stored file are used, regardless of these values. */
  size: number;
  /** Ignored, and never returned. */
  kind?: AttachmentKind | undefined;
  /** The `extracted_text` of a file part that has none. Ignored for an image, and never returned. */
  extracted_text?: string | undefined;
}

/** Ignored, and never returned. */
export type AttachmentKind = "image" | "file";

/** An action that a user performed, or that was denied (`metadata.result` is `denied`). */
export interface AuditEntry {
  /** ID of the entry. */
  id: Id;
  /** Null for platform-level actions. */
  account_id: Id | null;
  /** Null for the system, for failed sign-ins and for service keys. */
  actor_user_id: Id | null;
  /** `<resource>.<verb>`. */
  action: string;
  /** Type of the object, such as `thread`. */
  target_type: string;
  /** ID or key of the object; null if there is none. */
  target_id: string | null;
  /** Trace ID of the request. */
  trace_id: string;
  /** Includes `api_key_id` if the actor used an API key, and `service_key_id` if a service key is the actor. */
  metadata: AnyObject;
  /** Address of the client; null for the system. */
  ip_address: string | null;
  /** `User-Agent` of the client, shortened to 512 characters; null for the system. */
  user_agent: string | null;
  /** When the action was performed. */
  created_at: Time;
  /** Present only with `include=state`. */
  before_state?: AnyObject | null | undefined;
  /** Present only with `include=state`. */
  after_state?: AnyObject | null | undefined;
}

/** A page of the audit log. */
export interface AuditLog {
  /** Newest first. */
  data: AuditEntry[];
  /** Number of matching entries on all pages if `total_is_exact`. Otherwise there are more than this number, which is at least 10,000 and greater than `offset + limit`. */
  total: number;
  /** False if there are more entries than were counted. */
  total_is_exact: boolean;
}

/** A setup token. */
export interface BootstrapToken {
  /** Send this with `POST /v1/bootstrap/setup`. Returned only in this response. */
  token: string;
  /** The token is invalid from this instant on, 30 minutes after its creation. */
  expires_at: Time;
}

/** Whether a setup token is valid. */
export interface BootstrapTokenState {
  /** Whether the platform admin can be created with the token. */
  valid: boolean;
  /** Present only for the current token. */
  expires_at?: Time | undefined;
}

/** A message from the platform, delivered to many users as a notification. */
export interface Broadcast {
  /** ID of the broadcast. */
  id: Id;
  /** Machine-readable type of the notifications. */
  type: string;
  /** Headline, as text. */
  title: string;
  /** Message, as text. */
  body: string;
  /** Who receives it: all users, or the members of an account. */
  target_type: BroadcastTargetType;
  /** The account whose members receive it; null for all users. */
  target_id: Id | null;
  /** Data for clients. */
  payload: AnyObject;
  /** `completed` and `failed` are final. */
  status: BroadcastStatus;
  /** Notifications created so far. Users who join after the broadcast completes are not counted. */
  sent_count: number;
  /** The platform admin who sent it. */
  created_by: Id;
  /** When it was created. */
  created_at: Time;
}

/** Progress of sending. */
export type BroadcastStatus = "pending" | "sending" | "completed" | "failed";

/** Recipients of a broadcast: everybody, or the members of an account. */
export type BroadcastTarget = "all" | Id;

/** Who receives it: all users, or the members of an account. */
export type BroadcastTargetType = "all" | "account";

/** A change of all balances. */
export interface BulkCreditAdjustment {
  /** Positive to add credits, negative to deduct them. */
  amount: number;
  /** Remark that the account can see, at most 500 characters. */
  note?: string | undefined;
}

/** What the client had seen when it canceled the run. For the record only. */
export interface CancelRequest {
  /** The `seq` of the last event that the client had received. */
  last_seen_seq?: number | null | undefined;
  /** Time of the cancellation by the clock of the client. */
  client_cancelled_at?: string | null | undefined;
}

/** Whether captchas are required, and the key of the widget. */
export interface CaptchaConfig {
  /** Whether requests with `cf_turnstile_token` require a captcha. */
  enabled: boolean;
  /** Site key of Cloudflare Turnstile; `""` if captchas are off. */
  site_key: string;
}

/** A message of the model. */
export interface ChatAnswer {
  /** Who wrote the message. */
  role: "assistant";
  /** Text of the answer; null if the model only called tools. */
  content: string | null;
  /** Always null: a refusal of the model is its text. */
  refusal: string | null;
  /** The tools that the model calls. */
  tool_calls?: ChatToolCall[] | undefined;
}

/** An earlier answer of the model. */
export interface ChatAssistantMessage {
  /** Who wrote the message. */
  role: "assistant";
  /** The text, if any. */
  content?: ChatText | null | undefined;
  /** The tools that the model called. */
  tool_calls?: ChatToolCall[] | null | undefined;
  /** Ignored. */
  name?: string | null | undefined;
}

/** An answer and why it ended. */
export interface ChatChoice {
  /** Number of the choice. */
  index: 0;
  /** The answer of the model. */
  message: ChatAnswer;
  /** Why the answer ended. */
  finish_reason: ChatFinishReason;
  /** Always null. */
  logprobs: ChatLogprobs | null;
}

/** An answer of a model. */
export interface ChatCompletion {
  /** ID of the completion: `chatcmpl-` and a UUID. */
  id: string;
  /** Seconds since 1970 (UTC). */
  created: number;
  /** Name of the model at its provider. */
  model: string;
  /** The kind of object. */
  object: "chat.completion";
  /** The answer. */
  choices: ChatChoice[];
  /** What the answer is charged for. */
  usage: ChatUsage;
}

/** Chat completions of an API key with a model in a month (UTC). */
export interface ChatCompletionUsage {
  /** The API key; null for calls with an access token. */
  api_key_id: Id | null;
  /** Name of the model at its provider. */
  model: string;
  /** Tokens of all prompts. */
  input_tokens: number;
  /** Tokens written by the model. */
  output_tokens: number;
  /** US dollars, to 6 decimal places. */
  cost_usd: number;
  /** Chat completions that ended in the month. */
  record_count: number;
}

/** Why an answer ended. */
export type ChatFinishReason = "stop" | "length" | "tool_calls" | "content_filter";

/** Text, any JSON object, or JSON of a schema. */
export type ChatFormatType = "text" | "json_object" | "json_schema";

/** A function that the model may call. */
export interface ChatFunction {
  /** Name of the function. */
  name: string;
  /** What the function does. */
  description?: string | null | undefined;
  /** JSON Schema of the arguments. */
  parameters?: AnyObject | null | undefined;
  /** Whether the arguments must match exactly. */
  strict?: boolean | null | undefined;
}

/** A call of a function. */
export interface ChatFunctionCall {
  /** Name of the function. */
  name: string;
  /** JSON text as the model wrote it, which may be invalid. */
  arguments: string;
}

/** A resolution for images. */
export type ChatImageDetail = "auto" | "low" | "high";

/** An image of a user message, for models that take images. */
export interface ChatImagePart {
  /** The kind of part. */
  type: "image_url";
  /** The image. */
  image_url: ChatImageUrl;
}

/** An image at a URL. */
export interface ChatImageUrl {
  /** An https URL, which the server fetches (up to 3.5 MiB), or `data:image/png;base64,…`. PNG, JPEG, GIF and WebP. */
  url: string;
  /** Ignored. */
  detail?: ChatImageDetail | null | undefined;
}

/** A named JSON Schema. */
export interface ChatJsonSchema {
  /** Name of the function. */
  name: string;
  /** What the JSON is for. */
  description?: string | null | undefined;
  /** The JSON Schema. */
  schema?: AnyObject | null | undefined;
  /** Whether the answer must match exactly. */
  strict?: boolean | null | undefined;
}

/** Probabilities of tokens, which the server does not compute. */
export type ChatLogprobs = Record<string, unknown>;

/** A message of the conversation. */
export type ChatMessage = ChatSystemMessage | ChatUserMessage | ChatAssistantMessage | ChatToolMessage;

/** Up to 16 pairs of text. */
export type ChatMetadata = Record<string, string>;

/** A model that chat completions and runs of the account can use. */
export interface ChatModel {
  /** Value of `model`: a name, or `provider^model` if the name means another model. */
  id: string;
  /** The kind of object. */
  object: "model";
  /** Seconds since 1970 (UTC); 0 if unknown. */
  created: number;
  /** Name of the provider. */
  owned_by: string;
}

/** The models that chat completions of the account can use. */
export interface ChatModels {
  /** The kind of object. */
  object: "list";
  /** The models of the account, then those of the platform. */
  data: ChatModel[];
}

/** A function by its name. */
export interface ChatNamedFunction {
  /** Name of the function. */
  name: string;
}

/** The tool that the model must call. */
export interface ChatNamedTool {
  /** The kind of tool. */
  type: "function";
  /** One of `tools`. */
  function: ChatNamedFunction;
}

/** Kinds of prompt tokens. */
export interface ChatPromptTokens {
  /** Prompt tokens read from a cache. */
  cached_tokens: number;
}

/** A reasoning effort. */
export type ChatReasoningEffort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh";

/** The format of an answer. */
export interface ChatResponseFormat {
  /** The kind of format. */
  type: ChatFormatType;
  /** Required by `json_schema`. */
  json_schema?: ChatJsonSchema | null | undefined;
}

/** A text, or up to four. */
export type ChatStop = string | string[];

/** Options of a stream. */
export interface ChatStreamOptions {
  /** Whether the last chunk contains the usage. */
  include_usage?: boolean | null | undefined;
}

/** Instructions for the model. */
export interface ChatSystemMessage {
  /** `developer` means the same as `system`. */
  role: ChatSystemMessageRole;
  /** The instructions. */
  content: ChatText;
  /** Ignored. */
  name?: string | null | undefined;
}

/** `developer` means the same as `system`. */
export type ChatSystemMessageRole = "system" | "developer";

/** Text, or a list of text parts. */
export type ChatText = string | ChatTextPart[];

/** Text of a message. */
export interface ChatTextPart {
  /** The kind of part. */
  type: "text";
  /** The text. */
  text: string;
}

/** A tool that the model may call. The caller executes it. */
export interface ChatTool {
  /** The kind of tool. Only functions are supported. */
  type: "function";
  /** The function. */
  function: ChatFunction;
}

/** A tool call of the model. */
export interface ChatToolCall {
  /** ID of the call, for the message with its result. */
  id: string;
  /** The kind of call. */
  type: "function";
  /** The called function. */
  function: ChatFunctionCall;
}

/** Which tools the model may or must call. */
export type ChatToolChoice = ChatToolMode | ChatNamedTool;

/** The result of a tool call. */
export interface ChatToolMessage {
  /** Who wrote the message. */
  role: "tool";
  /** ID of a tool call in an earlier message. */
  tool_call_id: string;
  /** The result: text, or a list of text parts. */
  content: ChatText;
}

/** No tool, the choice of the model, or at least one tool. */
export type ChatToolMode = "none" | "auto" | "required";

/** Tokens of an answer, estimated if the provider does not report them. */
export interface ChatUsage {
  /** Tokens of the prompt. */
  prompt_tokens: number;
  /** Tokens of the answer. */
  completion_tokens: number;
  /** The sum. */
  total_tokens: number;
  /** Details of the prompt tokens. */
  prompt_tokens_details: ChatPromptTokens;
}

/** Text, or a list of text and images. */
export type ChatUserContent = string | ChatUserPart[];

/** A message of the user. */
export interface ChatUserMessage {
  /** Who wrote the message. */
  role: "user";
  /** What the user says and shows. */
  content: ChatUserContent;
  /** Ignored. */
  name?: string | null | undefined;
}

/** Text or an image. */
export type ChatUserPart = ChatTextPart | ChatImagePart;

/** A run that another run started as a sub-agent. */
export interface ChildRun {
  /** ID of the run. */
  run_id: Id;
  /** Account that pays for the run. */
  account_id: Id;
  /** Thread in which the run answers. */
  thread_id: Id;
  /** Current status. */
  status: RunStatus;
  /** Selected model; null until a route is selected. */
  model: string | null;
  /** Key of the persona; null until a route is selected. */
  persona_id: string | null;
  /** Milliseconds from creation to the end; null until the run ends. */
  duration_ms: number | null;
  /** Tokens of all prompts; null until the run ends. */
  total_input_tokens: number | null;
  /** Tokens written by the model; null until the run ends. */
  total_output_tokens: number | null;
  /** US dollars, to 6 decimal places; null until the run ends. */
  total_cost_usd: number | null;
  /** Whether token counts and cost are partly estimated, because the provider did not report them; null until the run ends. */
  usage_estimated: boolean | null;
  /** Credits charged for the run; null until it ends. */
  credits_used: number | null;
  /** When the run was created. */
  created_at: Time;
  /** When the run completed; null unless it did. */
  completed_at: Time | null;
  /** When the run failed; null unless it did. */
  failed_at: Time | null;
  /** When the run was canceled; null unless it was. */
  cancelled_at: Time | null;
  /** API of the provider: `openai`, `anthropic`, `gemini` or `stub`; null until a route is selected. */
  provider_kind: string | null;
  /** Name of the model provider; null until a route is selected. */
  credential_name: string | null;
  /** The model selector of the persona. */
  persona_model: string | null;
  /** The run that started this one. */
  parent_run_id: Id;
}

/** A network in CIDR notation (RFC 4632, RFC 4291). */
export type Cidr = string;

/** The run to continue. */
export interface ContinueRequest {
  /** A failed or canceled run of the thread that has produced output. */
  run_id: Id;
}

/** A cost in millionths of a US dollar. */
export interface Cost {
  /** ISO 4217 currency code. */
  currency: "USD";
  /** Millionths of a US dollar: 1,500 is $0.0015. */
  amount_micros: number;
}

/** An API key with its new secret. */
export interface CreatedApiKey {
  /** ID of the key, for revoking it. */
  id: Id;
  /** The only account in which the key can act. */
  account_id: Id;
  /** The user who created the key and on whose behalf it acts. */
  user_id: Id;
  /** Display name; not unique. */
  name: string;
  /** First 7 characters of the key. */
  key_prefix: string;
  /** The permissions of the key, sorted. `[]` with `inherits_permissions` means those of the creator. */
  scopes: string[];
  /** Whether the key inherits all permissions of its creator. */
  inherits_permissions: boolean;
  /** What the key may use. */
  limits: ApiKeyLimits;
  /** The models that the key may use, sorted; null for all that the account can use. */
  models: string[] | null;
  /** The key is rejected from this instant on; null means that it does not expire. */
  expires_at: Time | null;
  /** Until then, the secret before the last rotation is accepted as well; null if it is not. */
  previous_secret_expires_at: Time | null;
  /** When the key was revoked; null while it is not. */
  revoked_at: Time | null;
  /** When the key was last used, to the minute; null if it never was. */
  last_used_at: Time | null;
  /** When the key was created. */
  created_at: Time;
  /** The secret key. Returned only in this response. */
  key: string;
}

/** A new invitation with its token. */
export interface CreatedInvitation {
  /** ID of the invitation. */
  id: Id;
  /** The workspace to join. */
  account_id: Id;
  /** The admin who sent the invitation. */
  invited_by_user_id: Id;
  /** Address of the invited person. Only a user with this verified address can accept. */
  email: string;
  /** Role that the person receives. */
  role: MemberRole;
  /** The invitation cannot be accepted from this instant on, 7 days after its creation. */
  expires_at: Time;
  /** When the person accepted; null until then. */
  accepted_at: Time | null;
  /** When the invitation was sent. */
  created_at: Time;
  /** The token at the end of the link in the email. Returned only in this response. */
  token: string;
}

/** The reference of a report. */
export interface CreatedReport {
  /** ID of the report. */
  id: Id;
  /** When the thread was reported. */
  created_at: Time;
}

/** A new run. */
export interface CreatedRun {
  /** ID of the run, for its events. */
  run_id: Id;
  /** Trace ID of the request. All events of the run have it. */
  trace_id: TraceId;
}

/** A service key with its new secret. */
export interface CreatedServiceKey {
  /** ID of the key. */
  id: Id;
  /** The platform admin who received the current secret, by creating or rotating the key. */
  user_id: Id;
  /** Display name; not unique. */
  name: string;
  /** First 8 characters of the key. */
  key_prefix: string;
  /** The permissions of the key, sorted. They cannot be changed. */
  scopes: string[];
  /** Networks from which the key is accepted, without host bits; null for all addresses. */
  allowed_addresses: Cidr[] | null;
  /** Requests that the key may make in a minute. */
  requests_per_minute: number;
  /** Whether the current secret is accepted: the key is neither revoked nor expired, and its user is still an active platform admin. */
  is_active: boolean;
  /** The key is rejected from this instant on; null means that it does not expire. */
  expires_at: Time | null;
  /** Until then, the secret before the last rotation is accepted as well; null if it is not. */
  previous_secret_expires_at: Time | null;
  /** When the key was revoked; null while it is not. */
  revoked_at: Time | null;
  /** When the key was last used, to the minute; null if it never was. */
  last_used_at: Time | null;
  /** When the key was created. */
  created_at: Time;
  /** The secret key. Returned only in this response. */
  key: string;
}

/** A login or email address with its password, to sign in. */
export interface Credentials {
  /** Login or email address. */
  login: string;
  /** The password of the user, 1 to 1,024 characters. */
  password: string;
  /** Required if captchas are enabled. */
  cf_turnstile_token?: string | null | undefined;
}

/** A change of one balance. */
export interface CreditAdjustment {
  /** The account whose balance to change. */
  account_id: Id;
  /** Positive to add credits, negative to deduct them. */
  amount: number;
  /** Remark that the account can see, at most 500 characters. */
  note?: string | undefined;
}

/** A bulk operation on the credits of all accounts, with its progress. */
export interface CreditOperation {
  /** Also the ID of its audit entry and the `reference_id` of its transactions. */
  id: Id;
  /** Adjustment or reset. */
  operation: CreditOperationKind;
  /** Credits added to or deducted from each account; null for a reset. */
  amount: number | null;
  /** Remark of the platform admin; null if there is none. */
  note: string | null;
  /** Whether accounts remain to be processed. */
  state: CreditOperationState;
  /** Accounts that existed when the operation started; later ones are not changed. */
  total: number;
  /** Accounts processed so far. */
  done: number;
  /** Accounts whose balance has changed so far. */
  affected: number;
  /** Accounts left unchanged because their balance would exceed the maximum. */
  failed: number;
  /** The platform admin who started it. */
  created_by: Id;
  /** When it was started. */
  created_at: Time;
  /** When the last account was processed; null until then. */
  completed_at: Time | null;
}

/** Kind of a bulk operation. */
export type CreditOperationKind = "bulk_adjust" | "reset_all";

/** Whether accounts remain to be processed. */
export type CreditOperationState = "running" | "completed";

/** The remark for a reset of all balances. */
export interface CreditReset {
  /** Remark that the account can see, at most 500 characters. */
  note?: string | undefined;
}

/** A ledger entry: one change of the balance of an account. */
export interface CreditTransaction {
  /** ID of the transaction. */
  id: Id;
  /** The account whose balance changed. */
  account_id: Id;
  /** Positive to add credits, negative to deduct them; never 0. */
  amount: number;
  /** The sign of the amount: `credit` adds, `debit` deducts. */
  type: CreditTransactionType;
  /** What caused the change. */
  reference_type: CreditTransactionReferenceType;
  /** ID of the object that caused the change: a run, chat completion, subscription, code or audit entry. */
  reference_id: Id | null;
  /** Remark of a platform admin; null if there is none. */
  note: string | null;
  /** How the amount was calculated. */
  metadata: AnyObject | null;
  /** For runs, if you may read the thread. */
  thread_title: string | null;
  /** When the balance changed. */
  created_at: Time;
}

/** What caused the change. */
export type CreditTransactionReferenceType = "initial_grant" | "monthly_grant" | "admin_adjust" | "admin_bulk_adjust" | "admin_reset" | "redemption_code" | "referral" | "run" | "sandbox" | "chat_completion";

/** The sign of the amount: `credit` adds, `debit` deducts. */
export type CreditTransactionType = "credit" | "debit";

/** A balance and its transactions, newest first. */
export interface Credits {
  /** Credits: the sum of all ledger entries. */
  balance: number;
  /** Credits reserved by active runs and chat completions, which release their reservation when they end. */
  reserved: number;
  /** Balance minus reserved credits, at least 0. A run or chat completion starts only if this is greater than 0. */
  available: number;
  /** Changes of the balance, newest first. */
  transactions: CreditTransaction[];
}

/** The body of a `credits.low` webhook. */
export interface CreditsLowWebhook {
  /** The event type; also the header `X-Arkloop-Event`. */
  type: "credits.low";
  /** When the event occurred. */
  timestamp: Time;
  /** True for a test event, whose data is invented and whose IDs are nil; absent for all others. */
  test?: true | undefined;
  /** The balance and its threshold. */
  data: WebhookCredits;
}

/** Usage of a day (UTC). */
export interface DailyUsage {
  /** The day (UTC), such as `2026-01-31`. */
  date: string;
  /** Tokens of all prompts. */
  input_tokens: number;
  /** Tokens written by the models. */
  output_tokens: number;
  /** US dollars, to 6 decimal places. */
  cost_usd: number;
  /** Runs and chat completions that ended in this time. */
  record_count: number;
}

/** Numbers of the whole installation. They may be 10 seconds old. */
export interface Dashboard {
  /** Users that are not deleted. */
  total_users: number;
  /** Users who signed in within the last 30 days (UTC). */
  active_users_30d: number;
  /** Runs of all time. */
  total_runs: number;
  /** Runs created since midnight (UTC). */
  runs_today: number;
  /** Tokens of all prompts. */
  total_input_tokens: number;
  /** Tokens written by the models. */
  total_output_tokens: number;
  /** US dollars, to 6 decimal places. */
  total_cost_usd: number;
  /** Accounts that are not closed. */
  active_accounts: number;
}

/** The new message, with the options of the run that answers it. */
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
  /** How much the model reasons. Overrides the mode of the persona; `off` means `none`; `max` and `extra high` mean `xhigh`. */
  reasoning_mode?: ReasoningModeInput | null | undefined;
}

/** An email address with the emailed code. */
export interface EmailCode {
  /** An email address (RFC 5322 addr-spec) of 3 to 254 characters, each part in a single script. */
  email: string;
  /** The eight-digit code from the email. */
  otp: string;
  /** The first verification ends nothing. */
  password?: string | undefined;
  /** The first verification ends the password, sessions, API keys and shares. */
  reset_access?: boolean | undefined;
}

/** The email address to which a code is sent. */
export interface EmailCodeRequest {
  /** An email address (RFC 5322 addr-spec) of 3 to 254 characters, each part in a single script. */
  email: string;
  /** Required if captchas are enabled. */
  cf_turnstile_token?: string | null | undefined;
}

/** The effective configuration for outgoing email. Unset text values are empty. */
export interface EmailConfig {
  /** The sender: an address, or `Name <address>`. */
  from: string;
  /** Host name or IP address of the mail server. */
  smtp_host: string;
  /** Port of the mail server. */
  smtp_port: number;
  /** User name at the mail server; `""` for no authentication. */
  smtp_user: string;
  /** Whether a password is set. It is never returned. */
  smtp_pass_set: boolean;
  /** How the connection to the mail server is encrypted. */
  smtp_tls_mode: SmtpTlsMode;
}

/** Replaces the whole stored configuration, except that the password can be kept. */
export interface EmailConfigValues {
  /** An address, or `Name <address>`; `""` turns email off. */
  from: string;
  /** Host name or IP address of the mail server; required if `from` is set. */
  smtp_host?: string | undefined;
  /** Port of the mail server. 587 is usual for `starttls`, 465 for `tls`. */
  smtp_port?: number | undefined;
  /** Empty for no authentication. */
  smtp_user?: string | undefined;
  /** If omitted or `""`, the stored password is kept; null clears it. */
  smtp_pass?: string | null | undefined;
  /** `starttls` fails if the server does not offer it; `tls` uses TLS from the start of the connection. */
  smtp_tls_mode?: SmtpTlsMode | undefined;
}

/** The token of a verification link. */
export interface EmailConfirmation {
  /** The `token` parameter of the link. Valid once, for one hour. */
  token: string;
  /** The first verification ends nothing. */
  password?: string | undefined;
  /** The first verification ends the password, sessions, API keys and shares. */
  reset_access?: boolean | undefined;
  /** At least 8 code points and at most 256 bytes, with at least one letter and one digit. */
  new_password?: string | undefined;
}

/** Whether emails can be sent. */
export interface EmailStatus {
  /** Whether a sender is set. */
  configured: boolean;
  /** The sender; null if none is set. */
  from: string | null;
  /** Where the sender comes from. The environment takes precedence over stored values. */
  source: EmailStatusSource;
}

/** Where the sender comes from. The environment takes precedence over stored values. */
export type EmailStatusSource = "db" | "env" | "none";

/** An object without properties. */
export type EmptyObject = Record<string, unknown>;

/** A value for all accounts of a plan. Sensitive values read `******`. */
export interface Entitlement {
  /** ID of the entitlement. */
  id: Id;
  /** Key of the entitlement, such as `limit.team_members`. */
  key: string;
  /** The value as text. */
  value: string;
  /** Type of the value. */
  value_type: EntitlementType;
}

/** A value for one account that takes precedence over its plan and the platform settings. Sensitive values read `******`. */
export interface EntitlementOverride {
  /** ID of the override. */
  id: Id;
  /** The account to which the value applies. */
  account_id: Id;
  /** Key of the entitlement, such as `limit.team_members`. */
  key: string;
  /** The value as text. */
  value: string;
  /** Type of the value. */
  value_type: EntitlementType;
  /** Why the override exists; null if no reason was given. */
  reason: string | null;
  /** The override has no effect from this instant on. */
  expires_at: Time | null;
  /** The platform admin who set it, or who received the secret of the service key that did; null if they were deleted. */
  created_by_user_id: Id | null;
  /** When the override was first set. */
  created_at: Time;
}

/** Type of the value. The value itself is always text. */
export type EntitlementType = "integer" | "boolean" | "string";

/** What an erasure did to the object store. */
export interface ErasedFiles {
  /** Objects deleted: attachments, workspace files and archived events of runs. */
  deleted: number;
  /** Their size, as far as it was recorded. */
  bytes: number;
  /** Objects found afterwards. Always 0 in a proof. */
  remaining: number;
}

/** What an erasure did to a table. */
export interface ErasedTable {
  /** Name of the table. */
  table: string;
  /** What happens to the rows of an account in this table. */
  rule: ErasureRule;
  /** Rows deleted. */
  deleted: number;
  /** Rows whose content was removed. */
  anonymized: number;
  /** Rows of the account that the table has after the erasure. Null for `access_log`, whose rows are not counted. */
  kept: number | null;
  /** Rows that should be gone or without content, but are not. Always 0 in a proof. */
  remaining: number;
  /** Why rows are kept; null for a table whose rows are deleted. */
  reason: string | null;
}

/** The deletion of the data of an account. */
export interface Erasure {
  /** ID of the erasure. */
  id: Id;
  /** The account whose data is erased. */
  account_id: Id;
  /** Slug of the account. It stays reserved. */
  account_slug: string;
  /** The deleted user whose data is erased with their personal account; null for an account alone. */
  user_id: Id | null;
  /** Where it is. */
  state: ErasureState;
  /** The user who requested it; for a service key, the platform admin who received its secret. */
  requested_by_user_id: Id;
  /** The service key that requested it; null if a person did. */
  requested_by_service_key_id: Id | null;
  /** The case number given with the request; null if there is none. */
  reference: string | null;
  /** When the account is closed and the deletion begins. */
  due_at: Time;
  /** Why a running erasure does not proceed; null if it does. */
  waiting_for: ErasureWait | null;
  /** What was done so far. */
  progress: ErasureProgress;
  /** When it was requested. */
  created_at: Time;
  /** When it was canceled; null unless it was. */
  cancelled_at: Time | null;
  /** When it began; null if it has not. */
  started_at: Time | null;
  /** When nothing was left; null if it is not completed. */
  finished_at: Time | null;
}

/** An erasure with its proof. */
export interface ErasureDetails {
  /** ID of the erasure. */
  id: Id;
  /** The account whose data is erased. */
  account_id: Id;
  /** Slug of the account. It stays reserved. */
  account_slug: string;
  /** The deleted user whose data is erased with their personal account; null for an account alone. */
  user_id: Id | null;
  /** Where it is. */
  state: ErasureState;
  /** The user who requested it; for a service key, the platform admin who received its secret. */
  requested_by_user_id: Id;
  /** The service key that requested it; null if a person did. */
  requested_by_service_key_id: Id | null;
  /** The case number given with the request; null if there is none. */
  reference: string | null;
  /** When the account is closed and the deletion begins. */
  due_at: Time;
  /** Why a running erasure does not proceed; null if it does. */
  waiting_for: ErasureWait | null;
  /** What was done so far. */
  progress: ErasureProgress;
  /** When it was requested. */
  created_at: Time;
  /** When it was canceled; null unless it was. */
  cancelled_at: Time | null;
  /** When it began; null if it has not. */
  started_at: Time | null;
  /** When nothing was left; null if it is not completed. */
  finished_at: Time | null;
  /** The payload of `proof`, to read; null until the erasure is completed. */
  report: ErasureReport | null;
  /** A JWS (RFC 7515) in compact form, signed with Ed25519. Its `kid` names a key of `GET /v1/erasure-keys`. Null until the erasure is completed. */
  proof: string | null;
}

/** A public key (JWK, RFC 7517). */
export interface ErasureKey {
  /** ID of the key: its thumbprint (RFC 7638). */
  kid: string;
  /** Key type (RFC 8037). */
  kty: "OKP";
  /** Curve. */
  crv: "Ed25519";
  /** The public key in base64url. */
  x: string;
  /** Algorithm of signatures with it. */
  alg: "EdDSA";
  /** The key signs only. */
  use: "sig";
  /** When it was made. */
  created_at: Time;
  /** When it was replaced; null for the key that signs. */
  retired_at: Time | null;
}

/** The public keys of proofs (JWK Set, RFC 7517). */
export interface ErasureKeys {
  /** Newest first. */
  keys: ErasureKey[];
}

/** What an erasure has done. */
export interface ErasureProgress {
  /** Rows deleted so far. */
  rows_deleted: number;
  /** Rows whose content was removed so far. */
  rows_anonymized: number;
  /** Objects of the object store deleted so far. */
  files_deleted: number;
  /** Size of these objects, as far as it was recorded. */
  bytes_deleted: number;
}

/** The payload of the proof. */
export interface ErasureReport {
  /** Version of this format. */
  format: "arkloop-erasure/1";
  /** Base URL of the platform. */
  issuer: string;
  /** ID of the erasure. */
  erasure_id: Id;
  /** The account whose data was erased. */
  account_id: Id;
  /** The deleted user whose data was erased too; null for an account alone. */
  user_id: Id | null;
  /** The user who requested it. */
  requested_by_user_id: Id;
  /** The service key that requested it; null if a person did. */
  requested_by_service_key_id: Id | null;
  /** The case number given with the request. */
  reference: string | null;
  /** When it was requested. */
  requested_at: Time;
  /** When it was due. */
  due_at: Time;
  /** When the account was closed. */
  closed_at: Time;
  /** When it began. */
  started_at: Time;
  /** When all tables and the object store were searched again, after the deletion. */
  verified_at: Time;
  /** When it was completed. */
  finished_at: Time;
  /** Version of the database schema. */
  schema_version: string;
  /** Every table with data of accounts, in the order of the erasure. */
  tables: ErasedTable[];
  /** The object store. */
  files: ErasedFiles;
  /** Where copies can exist that an erasure does not reach, and until when. */
  not_covered: string[];
}

/** What happens to the rows of an account: they are deleted, their content is removed, or they are kept. */
export type ErasureRule = "deleted" | "anonymized" | "kept";

/** State of an erasure. Only a `scheduled` one can be canceled. */
export type ErasureState = "scheduled" | "running" | "completed" | "cancelled";

/** What a running erasure waits for: runs and chat completions to end, requests that began before the account was closed, the object store, or the next attempt after an error. */
export type ErasureWait = "runs" | "requests" | "file_store" | "retry";

/** The error codes of the API. */
export type ErrorCode = "validation.error" | "auth.unauthorized" | "billing.insufficient_credits" | "auth.forbidden" | "not_found" | "method_not_allowed" | "request_timeout" | "conflict" | "payload_too_large" | "rate_limit" | "headers_too_large" | "internal_error" | "provider.upstream_error" | "bad_gateway" | "unavailable" | "gateway_timeout";

/** `native_v1` is an alias of `agent.simple`. */
export type Executor = "agent.simple" | "native_v1" | "agent.interactive" | "task.classify_route" | "noop";

/** Lines of JSON, or CSV (RFC 4180) with a header. */
export type ExportFormat = "ndjson" | "csv";

/** A switch with a default value and per-account overrides. */
export interface FeatureFlag {
  /** ID of the flag. */
  id: Id;
  /** Unique key of the flag. It cannot be changed. */
  key: FeatureFlagKey;
  /** What the flag switches; null if there is no description. */
  description: string | null;
  /** Applies to accounts without an override, and where there is no account. */
  default_value: boolean;
  /** Whether accounts can have another value than the default. */
  supports_account_overrides: boolean;
  /** When the flag was created. */
  created_at: Time;
}

/** The fields of the flag to change. At least one is required. */
export interface FeatureFlagChanges {
  /** Applies to accounts without an override, immediately. */
  default_value?: boolean | undefined;
  /** What the flag switches, at most 500 characters. */
  description?: string | undefined;
}

/** Letters, digits, `_`, `.` and `-`, starting with a letter or digit. */
export type FeatureFlagKey = string;

/** The value of each feature flag by key. */
export type FeatureFlags = Record<string, boolean>;

/** A text file or a document in a message. */
export interface FilePart {
  /** Distinguishes the types of parts. */
  type: "file";
  /** The file. */
  attachment: Attachment;
  /** Text of the file for the model; at most 40,000 characters for all files. */
  extracted_text?: string | undefined;
}

/** The value of a flag for one account. */
export interface FlagOverride {
  /** The account to which the value applies. */
  account_id: Id;
  /** Key of the flag. */
  flag_key: FeatureFlagKey;
  /** Value of the flag for the account. */
  enabled: boolean;
  /** When the override was created. */
  created_at: Time;
}

/** A flow token with the emailed code. */
export interface FlowCode {
  /** From `POST /v1/auth/resolve`; valid for ten minutes. */
  flow_token: string;
  /** The eight-digit code from the email. */
  otp: string;
  /** The first verification ends nothing. */
  password?: string | undefined;
  /** The first verification ends the password, sessions, API keys and shares. */
  reset_access?: boolean | undefined;
}

/** The flow token of the user to whom a code is emailed. */
export interface FlowCodeRequest {
  /** From `POST /v1/auth/resolve`; valid for ten minutes. */
  flow_token: string;
  /** Required if captchas are enabled. */
  cf_turnstile_token?: string | null | undefined;
}

/** The end of the copy. */
export interface ForkRequest {
  /** The last message to copy. */
  message_id: Id;
  /** Defaults to the value of the original thread. */
  is_private?: boolean | undefined;
}

/** The copy of a thread. */
export interface ForkedThread {
  /** ID of the thread. */
  id: Id;
  /** The account that the thread belongs to. */
  account_id: Id;
  /** The owner; null if they were deleted. */
  created_by_user_id: Id | null;
  /** Title. Unless you set one, it is the first words of the first message until a run generates a better one; null without messages. */
  title: string | null;
  /** The project that contains the thread; null if it is in none. */
  project_id: Id | null;
  /** When the thread was created. */
  created_at: Time;
  /** Time of the last activity. */
  updated_at: Time;
  /** When the thread was archived; null if it is not. A new message or run unarchives the thread. */
  archived_at: Time | null;
  /** The run that has not ended, if there is one. */
  active_run_id: Id | null;
  /** Whether only the owner can see the thread. It is in no list and expires. */
  is_private: boolean;
  /** Only private threads expire. */
  expires_at: Time | null;
  /** Present only on forked threads. */
  parent_thread_id?: Id | undefined;
  /** The copied messages, oldest first. */
  id_mapping: ForkedThreadIdMapping[];
}

/** A copied message. */
export interface ForkedThreadIdMapping {
  /** ID of the original message. */
  old_id: Id;
  /** ID of the copy. */
  new_id: Id;
}

/** A thread that matches a search. */
export interface FoundThread {
  /** ID of the thread. */
  id: Id;
  /** The account that the thread belongs to. */
  account_id: Id;
  /** The owner; null if they were deleted. */
  created_by_user_id: Id | null;
  /** Title. Unless you set one, it is the first words of the first message until a run generates a better one; null without messages. */
  title: string | null;
  /** The project that contains the thread; null if it is in none. */
  project_id: Id | null;
  /** When the thread was created. */
  created_at: Time;
  /** Time of the last activity. */
  updated_at: Time;
  /** When the thread was archived; null if it is not. A new message or run unarchives the thread. */
  archived_at: Time | null;
  /** The run that has not ended, if there is one. */
  active_run_id: Id | null;
  /** Whether only the owner can see the thread. It is in no list and expires. */
  is_private: boolean;
  /** Only private threads expire. */
  expires_at: Time | null;
  /** Present only on forked threads. */
  parent_thread_id?: Id | undefined;
  /** About 120 characters around the first match in the newest message that matches. Null if only the title matches. */
  snippet: string | null;
}

/** The effective gateway configuration. */
export interface GatewayConfig {
  /** Where the client IP address is read from: the connection, `X-Forwarded-For`, or a CDN header. */
  ip_mode: IpMode;
  /** Proxies that are trusted to report the client IP address, without host bits. */
  trusted_cidrs: string[];
  /** Requests with this risk score or a higher one are rejected; 0 disables the check. */
  risk_reject_threshold: number;
  /** Burst limit: requests per client at once. */
  rate_limit_capacity: number;
  /** Requests per client per minute. */
  rate_limit_per_minute: number;
  /** Further limits for some of the requests. A request takes a token of every limit that applies, or of none. */
  rate_limit_rules: RateLimitRule[];
  /** Whether requests are rejected with 503 `maintenance`, except those of platform admins and allowed addresses. */
  maintenance: boolean;
  /** `Retry-After` of rejected requests during maintenance, in seconds. */
  maintenance_retry_after_seconds: number;
  /** Networks whose requests are served during maintenance. */
  maintenance_allowed_cidrs: string[];
}

/** The fields of the configuration to change. */
export interface GatewayConfigChanges {
  /** Where the client IP address is read from: the connection, `X-Forwarded-For`, or a CDN header. */
  ip_mode?: IpMode | undefined;
  /** IPv4 or IPv6 networks (RFC 4632, RFC 4291); host bits are cleared. */
  trusted_cidrs?: Cidr[] | undefined;
  /** Requests with this risk score or a higher one are rejected; 0 disables the check. */
  risk_reject_threshold?: number | undefined;
  /** Burst limit: requests per client at once. */
  rate_limit_capacity?: number | undefined;
  /** Requests per client per minute. */
  rate_limit_per_minute?: number | undefined;
  /** Further limits for some of the requests. A request takes a token of every limit that applies, or of none. Replaces the list. */
  rate_limit_rules?: NewRateLimitRule[] | undefined;
  /** Whether requests are rejected with 503 `maintenance`, except those of platform admins and allowed addresses. */
  maintenance?: boolean | undefined;
  /** `Retry-After` of rejected requests during maintenance, in seconds. */
  maintenance_retry_after_seconds?: number | undefined;
  /** Networks whose requests are served during maintenance. */
  maintenance_allowed_cidrs?: Cidr[] | undefined;
}

/** Usage of an hour (UTC). */
export interface HourlyUsage {
  /** Start of the hour. */
  hour: Time;
  /** Tokens of all prompts. */
  input_tokens: number;
  /** Tokens written by the models. */
  output_tokens: number;
  /** US dollars, to 6 decimal places. */
  cost_usd: number;
  /** Runs and chat completions that ended in this time. */
  record_count: number;
}

/** A UUID (RFC 9562). The server generates version 7. */
export type Id = string;

/** The ID of an entry, or an instant. */
export type IdOrTime = Id | Time;

/** A login or email address that a person has typed. */
export interface Identity {
  /** Login or email address. A value with `@` must be an email address. */
  identity: string;
  /** Required if captchas are enabled. */
  cf_turnstile_token?: string | null | undefined;
}

/** The provider of the identity to link, and the password of the user. */
export interface IdentityLinkStart {
  /** The provider of the identity. */
  identity_provider_id: Id;
  /** Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes. */
  current_password?: string | null | undefined;
}

/** An identity whose first sign-in found an existing user. */
export interface IdentityLinkToken {
  /** `details.link_token` of the sign-in. Valid once, for ten minutes. */
  link_token: string;
}

/** A provider of OpenID Connect with which people sign in. */
export interface IdentityProvider {
  /** ID of the provider. Its redirect URI is `/oauth/sign-in/{id}` of the front end. */
  id: Id;
  /** Name on the button of the sign-in page. */
  name: string;
  /** Issuer identifier. `/.well-known/openid-configuration` below it describes the provider. */
  issuer: string;
  /** ID of this installation at the provider. */
  client_id: string;
  /** Whether a client secret is stored. It is never returned. */
  has_client_secret: boolean;
  /** Requested scopes, with `openid`. */
  scopes: string[];
  /** Domains of the verified addresses that may sign in, in ASCII. Subdomains are not included. Empty for all. */
  allowed_email_domains: string[];
  /** Whether people without a user are registered, if the registration mode allows it. */
  registers_users: boolean;
  /** Whether the provider may be in the internal network, on any port and without TLS. */
  internal_network: boolean;
  /** Whether people can sign in with the provider. */
  enabled: boolean;
  /** When the provider was created. */
  created_at: Time;
  /** When the provider was last changed. */
  updated_at: Time;
}

/** Properties of an identity provider to change. */
export interface IdentityProviderChanges {
  /** Name on the button of the sign-in page. */
  name?: string | undefined;
  /** Issuer identifier: a URL without query and fragment, exactly as the provider spells it. */
  issuer?: string | undefined;
  /** ID of this installation at the provider. */
  client_id?: string | undefined;
  /** Client secret, stored encrypted. Null for a public client, which proves itself by PKCE alone. */
  client_secret?: string | null | undefined;
  /** Scopes to request. `openid` is always requested; `email` is needed for addresses. */
  scopes?: string[] | undefined;
  /** Domains such as `example.com`; case and a final dot are ignored. Empty for all. */
  allowed_email_domains?: string[] | undefined;
  /** Whether people without a user are registered. */
  registers_users?: boolean | undefined;
  /** Whether the provider may be in the internal network. */
  internal_network?: boolean | undefined;
  /** Whether people can sign in with the provider. */
  enabled?: boolean | undefined;
  /** Whether to read the metadata of the issuer first. If it cannot be used, nothing is saved: 400 `discovery_failed` with the reason. Other changes, and disabled providers, are not verified. */
  verify?: boolean | undefined;
}

/** An image in a message. */
export interface ImagePart {
  /** Distinguishes the types of parts. */
  type: "image";
  /** A PNG, JPEG, WebP or GIF image. */
  attachment: Attachment;
}

/** What the user does with the question of an MCP server: answer it, refuse to answer, or close it without a decision. */
export type InputAction = "accept" | "decline" | "cancel";

/** An invitation to join a workspace, sent to an email address. */
export interface Invitation {
  /** ID of the invitation. */
  id: Id;
  /** The workspace to join. */
  account_id: Id;
  /** The admin who sent the invitation. */
  invited_by_user_id: Id;
  /** Address of the invited person. Only a user with this verified address can accept. */
  email: string;
  /** Role that the person receives. */
  role: MemberRole;
  /** The invitation cannot be accepted from this instant on, 7 days after its creation. */
  expires_at: Time;
  /** When the person accepted; null until then. */
  accepted_at: Time | null;
  /** When the invitation was sent. */
  created_at: Time;
}

/** A user's invite code. Registering with it links the new user to the inviter and rewards both. */
export interface InviteCode {
  /** ID of the invite code. */
  id: Id;
  /** The inviter, who owns the code. */
  user_id: Id;
  /** Eight letters and digits, without I, O, 0 and 1. Case is ignored on registration. */
  code: string;
  /** Maximum number of registrations; 0 means unlimited. */
  max_uses: number;
  /** Registrations with this code so far. */
  use_count: number;
  /** Whether the code can be used. A user has at most one active code. */
  is_active: boolean;
  /** When the code was created. */
  created_at: Time;
}

/** The fields of the code to change. At least one is required. */
export interface InviteCodeChanges {
  /** 0 means unlimited. A limit below the current number of uses exhausts the code. */
  max_uses?: number | undefined;
  /** Whether the code can be used. */
  is_active?: boolean | undefined;
}

/** An IPv4 or IPv6 address. */
export type IpAddress = string;

/** An IP address or a network. */
export type IpAddressOrCidr = IpAddress | Cidr;

/** Where the gateway finds the address of a client. */
export type IpMode = "direct" | "proxy" | "cdn";

/** A network of client addresses that an account allows or blocks. */
export interface IpRule {
  /** ID of the rule. */
  id: Id;
  /** The account that the rule protects. */
  account_id: Id;
  /** Whether the network is allowed or blocked. */
  type: IpRuleType;
  /** The network, without host bits. */
  cidr: string;
  /** Remark; null if there is none. */
  note: string | null;
  /** When the rule was created. */
  created_at: Time;
}

/** `blocklist` rejects the addresses of the network; `allowlist` rejects all others. */
export type IpRuleType = "allowlist" | "blocklist";

/** A validation error for one value of a request. */
export interface Issue {
  /** Which part of the request contains the value. */
  location: IssueLocation;
  /** JSON Pointer (RFC 6901) in the body, otherwise the name of the parameter. */
  path: string;
  /** Human-readable, such as `must not be blank`; not part of the contract. */
  message: string;
  /** A stable snake_case code, present for rules that the schema of the value does not express. */
  reason?: string | undefined;
}

/** Which part of the request contains the value. */
export type IssueLocation = "path" | "query" | "header" | "body";

/** The answer to a request of MCP. */
export interface JsonRpcAnswer {
  /** Version of JSON-RPC. */
  jsonrpc: "2.0";
  /** That of the request. */
  id: JsonRpcId;
  /** The result; absent for an error. */
  result?: AnyObject | undefined;
  /** An error of the protocol. Errors of tools are results with `isError`. */
  error?: AnyObject | undefined;
  [name: string]: unknown;
}

/** ID of a request, unique among the open requests of a client. */
export type JsonRpcId = string | number;

/** A request or a notification of MCP. */
export interface JsonRpcMessage {
  /** Version of JSON-RPC. */
  jsonrpc: "2.0";
  /** Absent in a notification. */
  id?: JsonRpcId | undefined;
  /** Such as `tools/list` or `tools/call`. */
  method: string;
  /** What the method is called with. */
  params?: AnyObject | undefined;
}

/** Prices of a model at the API of its vendor, from a dated list of the server. */
export interface KnownFigures {
  /** The day on which the list was last compared with the price lists. */
  as_of: string;
  /** Price list of the vendor. */
  price_list: string;
  /** US dollars per 1,000 prompt tokens. */
  cost_per_1k_input: number;
  /** US dollars per 1,000 output tokens. */
  cost_per_1k_output: number;
  /** US dollars per 1,000 tokens written to the cache; null if there is no own price. */
  cost_per_1k_cache_write: number | null;
  /** US dollars per 1,000 tokens read from the cache; null if unknown. */
  cost_per_1k_cache_read: number | null;
  /** Calls with longer prompts cost more than these prices. */
  dearer_above_prompt_tokens?: number | undefined;
}

/** An identity at a provider with which the user can sign in. */
export interface LinkedIdentity {
  /** ID of the linked identity. */
  id: Id;
  /** Issuer of the identity. */
  issuer: string;
  /** Name of its provider; null if the provider was deleted or has another issuer. */
  provider_name: string | null;
  /** Whether the provider is enabled. */
  usable: boolean;
  /** Address that the provider gave last; null if it gave none. */
  email: string | null;
  /** When the identity was linked. */
  created_at: Time;
  /** When the user last signed in with it; null if never. */
  last_used_at: Time | null;
}

/** The process is alive. */
export interface Liveness {
  /** Always `ok`. */
  status: "ok";
}

/** A model that runs can be routed to. */
export interface LlmModel {
  /** ID of the model, for `route_id` of runs. */
  id: Id;
  /** The provider of the model. */
  provider_id: Id;
  /** Name of the model at the provider. */
  model: string;
  /** Order of automatic selection, highest first. */
  priority: number;
  /** Whether runs without a model use it. Each provider with models has exactly one default. */
  is_default: boolean;
  /** Whether a picker offers the model. */
  show_in_picker: boolean;
  /** Labels. `embedding` and `image` select how the model is tested. */
  tags: string[];
  /** Routing condition: the run must have the given value for each key. */
  when: AnyObject;
  /** Merged into requests to the provider; overrides the settings of the provider. */
  advanced_json: AnyObject | null;
  /** Factor for the credits of a run; does not change its cost. */
  multiplier: number;
  /** US dollars per 1,000 prompt tokens; null if unknown. */
  cost_per_1k_input: number | null;
  /** US dollars per 1,000 output tokens; null if unknown. */
  cost_per_1k_output: number | null;
  /** US dollars per 1,000 tokens written to the cache; null means 1.25 times the input price. */
  cost_per_1k_cache_write: number | null;
  /** US dollars per 1,000 tokens read from the cache; null means 0.1 (Anthropic) or 0.5 (others) times the input price. */
  cost_per_1k_cache_read: number | null;
  /** Context window in tokens: that of `advanced_json.available_catalog`, else of the list of known models. */
  context_length?: number | undefined;
  /** Maximum output tokens. */
  max_output_tokens?: number | undefined;
  /** What the model accepts, such as `text` and `image`. */
  input_modalities?: string[] | undefined;
  /** Whether the model can call tools. */
  tool_calling?: boolean | undefined;
  /** Whether the model can reason. */
  reasoning?: boolean | undefined;
  /** Prices from the list of known models; absent for other models and servers. */
  known?: KnownFigures | undefined;
}

/** The fields of the model to change. At least one is required. */
export interface LlmModelChanges {
  /** Name of the model at the provider, such as `gpt-5`. Unique in the provider, ignoring case. */
  model?: string | undefined;
  /** Order of automatic selection, highest first. Default: 0. */
  priority?: number | undefined;
  /** True makes it the default of the provider. The first model always is. */
  is_default?: boolean | undefined;
  /** Whether a picker offers the model. Default: true. */
  show_in_picker?: boolean | undefined;
  /** Labels; duplicates are removed. */
  tags?: string[] | undefined;
  /** Routing condition: the run must have the given value for each key. Null or `{}` means none. */
  when?: AnyObject | null | undefined;
  /** Merged into requests to the provider. */
  advanced_json?: AnyObject | null | undefined;
  /** Factor for the credits of a run, greater than 0. Default: 1. */
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

/** The result of a test request. */
export interface LlmModelTest {
  /** Whether the provider answered. */
  success: boolean;
  /** The tested model. */
  model_id: Id;
  /** Milliseconds until the answer or the error. */
  latency_ms: number;
  /** Why the test failed, without the API key; absent on success. */
  error?: string | undefined;
}

/** A credential for a model provider, with its models. */
export interface LlmProvider {
  /** ID of the provider. */
  id: Id;
  /** Null for platform providers. */
  account_id: Id | null;
  /** Whether the provider belongs to the account or to the platform. */
  scope: ProviderScope;
  /** API of the provider. `openai` includes compatible servers. */
  provider: LlmVendor;
  /** Unique name, for model selectors such as `name^model`. */
  name: string;
  /** First 8 characters of the API key. */
  key_prefix: string | null;
  /** Base URL; null means the default of the API. */
  base_url: string | null;
  /** `auto` tries the Responses API and falls back to chat completions; null means `auto`. */
  openai_api_mode: OpenAiApiMode | null;
  /** Merged into requests to the provider. */
  advanced_json: AnyObject | null;
  /** When the provider was created. */
  created_at: Time;
  /** Models, by priority. */
  models: LlmModel[];
}

/** The fields of the provider to change. At least one is required. */
export interface LlmProviderChanges {
  /** Unique name, ignoring case, 1 to 100 characters. */
  name?: string | undefined;
  /** API of the provider. `openai` includes compatible servers. */
  provider?: LlmVendor | undefined;
  /** Replaces the API key. */
  api_key?: string | undefined;
  /** Absolute http(s) URL without user info, query or fragment. */
  base_url?: string | null | undefined;
  /** Allowed only with provider `openai`. */
  openai_api_mode?: OpenAiApiMode | null | undefined;
  /** Merged into requests to the provider. */
  advanced_json?: AnyObject | null | undefined;
}

/** Debugging: a request to the provider. Sent only with `ARKLOOP_LLM_DEBUG_EVENTS=1`. */
export interface LlmRequestEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "llm.request";
  /** Content of the event. */
  data: LlmRequestEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface LlmRequestEventData {
  /** Identifies the model call. */
  llm_call_id: string;
  /** API of the provider. */
  provider_kind: string;
  /** Endpoint of the provider, such as `responses`. */
  api_mode: string;
  /** Body of the request, without secrets. */
  payload: AnyObject;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** Debugging: a part of the provider's response. Sent only with `ARKLOOP_LLM_DEBUG_EVENTS=1`. */
export interface LlmResponseChunkEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "llm.response.chunk";
  /** Content of the event. */
  data: LlmResponseChunkEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface LlmResponseChunkEventData {
  /** Identifies the model call. */
  llm_call_id: string;
  /** The text as received, at most 8,192 characters. */
  raw: string;
  /** The text as JSON, if it is a complete object. */
  json?: unknown | undefined;
  /** HTTP status of the response. */
  status_code?: number | undefined;
  /** Whether `raw` was shortened. */
  truncated: boolean;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** A model call has ended. If it called tools, their events follow, and then the next turn. */
export interface LlmTurnCompletedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "llm.turn.completed";
  /** Content of the event. */
  data: LlmTurnCompletedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface LlmTurnCompletedEventData {
  /** Identifies the model call, for example in debug events. */
  llm_call_id?: string | undefined;
  /** Number of the turn in the run, from 1. */
  turn_index: number;
  /** Tokens used, if the provider reported them. */
  usage?: Usage | undefined;
  /** Cost of the tokens; absent if the model has no price and the provider reported none. */
  cost?: Cost | undefined;
  /** Complete output of the turn. */
  assistant_message: AssistantMessage;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** API of a provider. `openai` includes compatible servers. */
export type LlmVendor = "openai" | "anthropic" | "gemini";

/** A share that requires its password. */
export interface LockedShare {
  /** True: verify the password to get a session token. */
  requires_password: true;
}

/** The login or email address to look up. */
export interface LoginCheck {
  /** Login or email address. */
  login: string;
}

/** Whether a user has the login or email address. */
export interface LoginExists {
  /** True if a user has this login or email address, even if the user is suspended. */
  exists: boolean;
}

/** Which sessions to end. */
export interface LogoutRequest {
  /** End all sessions of the user. */
  all?: boolean | undefined;
}

/** OAuth access to a remote server. `none`: not known to be needed. `required`: the server has rejected requests without a token. `authorized`: runs use the access that a user has granted. `expired`: that access has ended and must be granted again. */
export type McpAuthorization = "none" | "required" | "authorized" | "expired";

/** The answer of the authorization server: the query parameters of the callback address. */
export interface McpAuthorizationAnswer {
  /** Parameter `state` of the callback address. */
  state: string;
  /** Parameter `code` of the callback address. */
  code: string;
  /** Parameter `iss` of the callback address, if it has one (RFC 9207). */
  iss?: string | undefined;
}

/** An authorization to be granted by the user. */
export interface McpAuthorizationStart {
  /** The page of the authorization server, to be opened in the browser of the caller. */
  authorization_url: string;
  /** Until when the authorization can be completed. */
  expires_at: Time;
}

/** An MCP server of an account. Its tokens and environment values are never returned. */
export interface McpConfig {
  /** ID of the MCP server. */
  id: Id;
  /** The account whose runs use the server. */
  account_id: Id;
  /** Unique name in the account. Tools are called `mcp__{name}__{tool}`. */
  name: string;
  /** How the server is reached. */
  transport: McpTransport;
  /** Null for `stdio`. */
  url: string | null;
  /** Whether a bearer token is set. */
  has_auth: boolean;
  /** The OAuth access to the server. With a bearer token it is always `none`. */
  authorization: McpAuthorization;
  /** Null unless the transport is `stdio`. */
  command: string | null;
  /** Arguments of the program. */
  args: string[];
  /** Working directory of the program; null means `/`. */
  cwd: string | null;
  /** MCP servers never inherit the environment of the worker. */
  inherit_parent_env: false;
  /** Timeout in milliseconds for connecting, for listing tools, and for each tool call. */
  call_timeout_ms: number;
  /** Whether the server may ask the user of a run during a tool call. */
  elicitation_enabled: boolean;
  /** Whether runs use the server. */
  is_active: boolean;
  /** When the server was created. */
  created_at: Time;
  /** When the server was last changed. */
  updated_at: Time;
}

/** The fields of the server to change. At least one is required. */
export interface McpConfigChanges {
  /** Unique in the account, 1 to 100 characters. Part of the names of the tools. */
  name?: string | undefined;
  /** Absolute http(s) URL without user info or fragment. Not allowed with `stdio`. */
  url?: string | null | undefined;
  /** Sent as `Authorization: Bearer`; null or an empty string means none. Not allowed with `stdio`. */
  bearer_token?: string | null | undefined;
  /** Timeout in milliseconds for connecting, for listing tools, and for each tool call. */
  call_timeout_ms?: number | undefined;
  /** Whether the server may ask the user of a run during a tool call (elicitation). The run then waits for the answer. */
  elicitation_enabled?: boolean | undefined;
  /** Whether runs use the server. */
  is_active?: boolean | undefined;
}

/** A prompt of an MCP server: messages that a user can choose to send. */
export interface McpPrompt {
  /** Name of the prompt at the server. */
  name: string;
  /** Name for users; null if the server gives none. */
  title: string | null;
  /** What the prompt is for; null if the server gives none. */
  description: string | null;
  /** The arguments that the prompt takes. */
  arguments: McpPromptArgument[];
}

/** An argument of a prompt. Its value is text. */
export interface McpPromptArgument {
  /** Name of the argument. */
  name: string;
  /** Name for users; null if the server gives none. */
  title: string | null;
  /** What the argument means; null if the server gives none. */
  description: string | null;
  /** Whether the argument must be given. */
  required: boolean;
}

/** Sound of a prompt. */
export interface McpPromptAudio {
  /** The kind of content. */
  type: "audio";
  /** Media type as the server gives it. */
  mime_type: string;
  /** The bytes of the sound in base64. */
  data: string;
}

/** Text, an image, sound, a resource, or a link to one. */
export type McpPromptContent = McpPromptText | McpPromptImage | McpPromptAudio | McpPromptResource | McpPromptLink;

/** An image of a prompt. */
export interface McpPromptImage {
  /** The kind of content. */
  type: "image";
  /** Media type. For PNG, JPEG, GIF and WebP it is determined by the bytes. */
  mime_type: string;
  /** The bytes of the image in base64. */
  data: string;
}

/** A link to a resource of the server, which models read with its tools. */
export interface McpPromptLink {
  /** The kind of content. */
  type: "resource_link";
  /** URI of the resource. */
  uri: string;
  /** Name of the resource. */
  name: string;
  /** Name for users; null if the server gives none. */
  title: string | null;
  /** What the resource is; null if the server gives none. */
  description: string | null;
  /** Media type; null if the server gives none. */
  mime_type: string | null;
}

/** A message of a prompt. */
export interface McpPromptMessage {
  /** Who is meant to have written the message. */
  role: McpPromptMessageRole;
  /** The content of the message. */
  content: McpPromptContent;
}

/** Who is meant to have written the message. */
export type McpPromptMessageRole = "user" | "assistant";

/** A prompt to get, with its arguments. */
export interface McpPromptRequest {
  /** Name of the prompt. */
  name: string;
  /** The values of the arguments, by name. */
  arguments?: McpPromptRequestArguments | undefined;
}

/** The values of the arguments, by name. */
export type McpPromptRequestArguments = Record<string, string>;

/** A resource of the server with its content. */
export interface McpPromptResource {
  /** The kind of content. */
  type: "resource";
  /** URI of the resource. */
  uri: string;
  /** Media type; null if the server gives none. */
  mime_type: string | null;
  /** The content, if it is text; otherwise null. */
  text: string | null;
  /** The bytes of the content in base64, if it is not text; otherwise null. */
  data: string | null;
}

/** A prompt with its arguments filled in. Nothing is stored or sent to a model. */
export interface McpPromptResult {
  /** What the prompt is for; null if the server gives none. */
  description: string | null;
  /** The messages in their order. */
  messages: McpPromptMessage[];
}

/** Text of a prompt. */
export interface McpPromptText {
  /** The kind of content. */
  type: "text";
  /** The text. */
  text: string;
}

/** The result of connecting to an MCP server. */
export interface McpTest {
  /** Whether the server listed its tools. */
  success: boolean;
  /** The tested server. */
  config_id: Id;
  /** Milliseconds until the list of tools or the error. */
  latency_ms: number;
  /** Why the test failed, without the bearer token; absent on success. */
  error?: string | undefined;
  /** The tools of the server; empty if the test failed. */
  tools: McpTool[];
  /** The OAuth access to the server after the test. */
  authorization: McpAuthorization;
}

/** A tool of an MCP server. */
export interface McpTool {
  /** Name of the tool at the server. */
  name: string;
  /** Name for users; null if the server gives none. */
  title: string | null;
  /** What the tool does; null if the server gives none. */
  description: string | null;
  /** Whether the server says that the tool changes nothing. */
  read_only: boolean;
}

/** How the server is reached: a program on the worker, HTTP with server-sent events, or streamable HTTP. */
export type McpTransport = "stdio" | "http_sse" | "streamable_http";

/** The signed-in user, with their role and permissions in the active account. */
export interface Me {
  /** ID of the user. */
  id: Id;
  /** Display name. Initially the login; not unique. */
  username: string;
  /** Name for signing in. It cannot be changed. */
  login: string | null;
  /** Email address; null if the user has none. */
  email: string | null;
  /** Whether the user has proved that the email address is theirs. */
  email_verified: boolean;
  /** Whether signing in with a password requires a verified email address. */
  email_verification_required: boolean;
  /** IANA time zone. */
  timezone: string | null;
  /** IANA time zone of the active account. */
  account_timezone: string | null;
  /** BCP 47 language tag, such as `en` or `zh-CN`. The language of emails. */
  locale: string | null;
  /** When the user registered. */
  created_at: Time;
  /** The active account. */
  account_id: Id;
  /** Name of the active account. */
  account_name: string;
  /** Role in the active account: `admin`, `member` or `platform_admin`. */
  role: string;
  /** Permissions in the active account, sorted. */
  permissions: Permission[];
  /** Whether the active account or the platform requires a second factor that this session does not have. Most operations then fail with 403 `second_factor_missing`. */
  second_factor_missing: boolean;
}

/** The fields of the profile to change. At least one is required. */
export interface MeChanges {
  /** Trimmed and NFKC-normalized. 1 to 256 bytes; no `@`, control or format characters. */
  username?: string | undefined;
  /** IANA time zone; null or empty clears it. */
  timezone?: string | null | undefined;
  /** BCP 47 language tag; null or empty clears it. */
  locale?: string | null | undefined;
}

/** A member of an account. */
export interface Member {
  /** The account of the membership. */
  account_id: Id;
  /** The user who is a member. */
  user_id: Id;
  /** Display name of the user. */
  username: string;
  /** Email address of the user; null if they have none. */
  email: string | null;
  /** Role in the account, which determines the permissions. */
  role: string;
  /** The second factor of the user. A session needs `authenticator_app`, or to be opened or confirmed with the passkey, where one is required. */
  second_factor: MemberSecondFactor;
  /** When the user became a member. */
  created_at: Time;
}

/** The role to give a member. */
export interface MemberChanges {
  /** The new role. The last admin cannot become a member. */
  role: MemberRole;
}

/** The body of a `member.joined` webhook. */
export interface MemberJoinedWebhook {
  /** The event type; also the header `X-Arkloop-Event`. */
  type: "member.joined";
  /** When the event occurred. */
  timestamp: Time;
  /** True for a test event, whose data is invented and whose IDs are nil; absent for all others. */
  test?: true | undefined;
  /** The new member. */
  data: WebhookMember;
}

/** A role of an account member. Admins manage members, settings and secrets; members work with threads, runs and projects. */
export type MemberRole = "admin" | "member";

/** The second factor of a member. */
export type MemberSecondFactor = "none" | "passkey" | "authenticator_app";

/** A fact about a user that agents use in later threads. Only this user can read it. */
export interface Memory {
  /** ID of the memory. */
  id: Id;
  /** The account in which the memory is used. */
  account_id: Id;
  /** The fact, 1 to 500 characters. */
  content: string;
  /** Who wrote the current text: you, or an agent during a run. */
  source: MemorySource;
  /** The thread in which an agent wrote the current text; null if you wrote it. */
  thread_id: Id | null;
  /** When the memory was created. */
  created_at: Time;
  /** When it was last written. Writing a fact that is already kept counts too. */
  updated_at: Time;
}

/** The fields of the memory to change. At least one is required. */
export interface MemoryChanges {
  /** The fact, 1 to 500 characters. */
  content?: string | undefined;
}

/** Who wrote a memory. */
export type MemorySource = "user" | "agent";

/** A visible message of a thread. */
export interface Message {
  /** ID of the message. */
  id: Id;
  /** The account that the message belongs to. */
  account_id: Id;
  /** Thread that contains the message. */
  thread_id: Id;
  /** Null for the assistant. */
  created_by_user_id: Id | null;
  /** Who wrote the message: a user, or the model in a run. */
  role: MessageRole;
  /** For structured messages: the text parts, and the names and texts of the attachments. */
  content: string;
  /** Present only on structured messages, such as answers with images. */
  content_json?: MessageContent | undefined;
  /** The run that produced the message. Present only on assistant messages. */
  run_id?: Id | undefined;
  /** Whether the text is complete. Always `complete` for messages of users. */
  completion: MessageCompletion;
  /** When the message was stored. */
  created_at: Time;
}

/** `stopped` and `failed` mark the partial answer of a run that was canceled or failed. `:continue` resumes from it. */
export type MessageCompletion = "complete" | "stopped" | "failed";

/** A message with attachments. */
export interface MessageContent {
  /** Text parts are joined into one. At most 8 attachments, 20 MiB in total. */
  parts: MessagePart[];
}

/** A piece of the answer, or of the reasoning. Append it to the text before. */
export interface MessageDeltaEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "message.delta";
  /** Content of the event. */
  data: MessageDeltaEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface MessageDeltaEventData {
  /** Text of the piece. */
  content: string;
  /** The same text as `content`. */
  content_delta: string;
  /** Always `assistant`. */
  role: "assistant";
  /** Present on reasoning, which is not part of the answer. */
  channel?: "thinking" | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The model produced an image. It is part of the answer unless it is discarded. */
export interface MessageImageEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "message.image";
  /** Content of the event. */
  data: MessageImageEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface MessageImageEventData {
  /** Always `assistant`. */
  role: "assistant";
  /** The image; absent if it could not be stored. */
  attachment?: AnswerImage | undefined;
  /** Why the image could not be stored. The run continues. */
  error?: RunError | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** A text, an image or a text file. */
export type MessagePart = TextPart | ImagePart | FilePart;

/** Author of a message. */
export type MessageRole = "user" | "assistant";

/** What happens with occurrences that were missed by more than a minute because no worker was running: none runs, the last one runs, or up to 10 of them run, one after the other. */
export type MissedPolicy = "skip" | "run_once" | "run_all";

/** Usage of a model in a month (UTC). */
export interface ModelUsage {
  /** `unknown` if a run ended before a model was selected. */
  model: string;
  /** Tokens of all prompts. */
  input_tokens: number;
  /** Tokens written by the models. */
  output_tokens: number;
  /** US dollars, to 6 decimal places. */
  cost_usd: number;
  /** Runs and chat completions that ended in this time. */
  record_count: number;
  /** Prompt tokens written to caches (Anthropic). */
  cache_creation_tokens: number;
  /** Prompt tokens read from caches (Anthropic). */
  cache_read_tokens: number;
  /** Prompt tokens read from caches (OpenAI). */
  cached_tokens: number;
}

/** Usage of an account, or of one user in it, in a month (UTC), and the current storage of the account. */
export interface MonthlyUsage {
  /** The account. */
  account_id: Id;
  /** Year of the month (UTC). */
  year: number;
  /** Month (UTC), from 1 for January. */
  month: number;
  /** Tokens of all prompts. */
  total_input_tokens: number;
  /** Tokens written by the models. */
  total_output_tokens: number;
  /** Prompt tokens written to caches (Anthropic). */
  total_cache_creation_tokens: number;
  /** Prompt tokens read from caches (Anthropic). */
  total_cache_read_tokens: number;
  /** Prompt tokens read from caches (OpenAI). */
  total_cached_tokens: number;
  /** US dollars, to 6 decimal places. */
  total_cost_usd: number;
  /** Runs and chat completions that ended in the month. */
  record_count: number;
  /** Current storage of the whole account, whatever the month. */
  storage: StorageUsage;
}

/** A workspace to create. */
export interface NewAccount {
  /** Unique forever, even after the account is closed. */
  slug: string;
  /** Display name, 1 to 200 characters. */
  name: string;
}

/** An API key to create. */
export interface NewApiKey {
  /** Display name, 1 to 200 characters, to recognize the key later. */
  name: string;
  /** If omitted or null, the key has the permissions that you have at the time of each call. */
  scopes?: string[] | null | undefined;
  /** A time in the future; null or omitted for a key that does not expire. */
  expires_at?: string | null | undefined;
  /** What the key may use. Omitted limits are null. */
  limits?: ApiKeyLimitChanges | undefined;
  /** Names of models, or `provider^model`. Null or omitted for all models. */
  models?: string[] | null | undefined;
}

/** A credential to create. */
export interface NewAsrCredential {
  /** Unique name, 1 to 100 characters. */
  name: string;
  /** API of the speech recognition provider. */
  provider: AsrVendor;
  /** API key of the provider; stored encrypted and never returned. */
  api_key: string;
  /** Model for transcribing, such as `whisper-large-v3`. */
  model: string;
  /** Absolute http(s) URL without user info, query or fragment. */
  base_url?: string | null | undefined;
  /** Whether transcriptions use it, instead of the current default. */
  is_default?: boolean | undefined;
  /** Whether it belongs to the account or to the platform. */
  scope?: AsrScope | undefined;
}

/** A form with one file. */
export interface NewAttachment {
  /** A PNG, JPEG, WebP or GIF image up to 3.5 MiB, a text file up to 1 MiB, or a PDF, docx, xlsx or pptx document up to 10 MiB. */
  file: File;
}

/** A notification to send to many users. */
export interface NewBroadcast {
  /** Machine-readable type. */
  type: string;
  /** Headline, 1 to 200 characters. */
  title: string;
  /** Message, at most 10,000 characters. */
  body: string;
  /** `all`, or the ID of an account. */
  target: BroadcastTarget;
  /** At most 16 KiB as JSON. */
  payload?: AnyObject | undefined;
}

/** A request in the format of OpenAI's chat completions. Other parameters are refused. */
export interface NewChatCompletion {
  /** A model of `GET /v1/models`, or any other selector that runs accept: `provider^model`, or a model name alone. */
  model: string;
  /** The conversation, oldest first, up to 2048 messages. */
  messages: ChatMessage[];
  /** Whether to stream the answer as server-sent events. */
  stream?: boolean | null | undefined;
  /** Only with `stream`. */
  stream_options?: ChatStreamOptions | null | undefined;
  /** Tools that the model may call, up to 128. */
  tools?: ChatTool[] | null | undefined;
  /** Default: `auto`. */
  tool_choice?: ChatToolChoice | null | undefined;
  /** Default: true. */
  parallel_tool_calls?: boolean | null | undefined;
  /** Default: text. */
  response_format?: ChatResponseFormat | null | undefined;
  /** Texts at which the answer ends. */
  stop?: ChatStop | null | undefined;
  /** Randomness. */
  temperature?: number | null | undefined;
  /** Nucleus sampling. */
  top_p?: number | null | undefined;
  /** Maximum tokens of the answer. */
  max_completion_tokens?: number | null | undefined;
  /** The same; `max_completion_tokens` takes precedence. */
  max_tokens?: number | null | undefined;
  /** For OpenAI-compatible providers. */
  seed?: number | null | undefined;
  /** For OpenAI-compatible providers. */
  frequency_penalty?: number | null | undefined;
  /** For OpenAI-compatible providers. */
  presence_penalty?: number | null | undefined;
  /** Like `reasoning_mode` of runs. */
  reasoning_effort?: ChatReasoningEffort | null | undefined;
  /** Your ID of the end user, for OpenAI-compatible providers. */
  user?: string | null | undefined;
  /** Stored with the call. */
  metadata?: ChatMetadata | null | undefined;
  /** Only 1 is supported. */
  n?: 1 | null | undefined;
  /** Not supported. */
  logprobs?: false | null | undefined;
  /** Only text is supported. */
  modalities?: "text"[] | null | undefined;
  /** Ignored. */
  store?: boolean | null | undefined;
  /** Ignored. */
  service_tier?: string | null | undefined;
  /** Ignored. */
  prompt_cache_key?: string | null | undefined;
  /** Ignored. */
  safety_identifier?: string | null | undefined;
}

/** A value for all accounts of a plan. */
export interface NewEntitlement {
  /** Key of the entitlement, such as `limit.team_members`. See `GET /v1/config/schema`. */
  key: string;
  /** The value as text, such as `10` or `true`. */
  value: string;
  /** Type of the value. It must be the type of a known key. */
  value_type: EntitlementType;
}

/** A value to set for one account. */
export interface NewEntitlementOverride {
  /** The account to which the value applies. */
  account_id: Id;
  /** Key of the entitlement, such as `limit.team_members`. See `GET /v1/config/schema`. */
  key: string;
  /** The value as text, such as `10` or `true`. */
  value: string;
  /** Type of the value. It must be the type of a known key. */
  value_type: EntitlementType;
  /** Why the override exists, at most 500 characters. */
  reason?: string | null | undefined;
  /** The override has no effect from this instant on; null or omitted means it does not expire. */
  expires_at?: string | null | undefined;
}

/** The confirmation of the erasure of an account. */
export interface NewErasure {
  /** The slug of the account, as confirmation. */
  slug: string;
  /** Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes. Ignored for service keys. */
  current_password?: string | null | undefined;
  /** A case number. It is part of the proof, so give no personal data. */
  reference?: string | null | undefined;
}

/** A feature flag to create. */
export interface NewFeatureFlag {
  /** Unique key of the flag, such as `search.beta`. */
  key: FeatureFlagKey;
  /** What the flag switches, at most 500 characters. */
  description?: string | undefined;
  /** Applies to accounts without an override. */
  default_value: boolean;
}

/** The value of a flag for one account. */
export interface NewFlagOverride {
  /** The account to which the value applies. */
  account_id: Id;
  /** Value of the flag for the account. */
  enabled: boolean;
}

/** An identity provider to create. */
export interface NewIdentityProvider {
  /** Name on the button of the sign-in page. */
  name: string;
  /** Issuer identifier: a URL without query and fragment, exactly as the provider spells it. */
  issuer: string;
  /** ID of this installation at the provider. */
  client_id: string;
  /** Client secret, stored encrypted. Null for a public client, which proves itself by PKCE alone. */
  client_secret?: string | null | undefined;
  /** Scopes to request. `openid` is always requested; `email` is needed for addresses. */
  scopes?: string[] | undefined;
  /** Domains such as `example.com`; case and a final dot are ignored. Empty for all. */
  allowed_email_domains?: string[] | undefined;
  /** Whether people without a user are registered. */
  registers_users?: boolean | undefined;
  /** Whether the provider may be in the internal network. */
  internal_network?: boolean | undefined;
  /** Whether people can sign in with the provider. */
  enabled?: boolean | undefined;
  /** Whether to read the metadata of the issuer first. If it cannot be used, nothing is saved: 400 `discovery_failed` with the reason. Other changes, and disabled providers, are not verified. */
  verify?: boolean | undefined;
}

/** A person to invite, and their future role. */
export interface NewInvitation {
  /** An email address (RFC 5322 addr-spec) of 3 to 254 characters. */
  email: string;
  /** Role that the person receives when they accept. */
  role: MemberRole;
}

/** A rule to create. */
export interface NewIpRule {
  /** Whether to allow or block the network. */
  type: IpRuleType;
  /** An IPv4 or IPv6 address with a prefix length (RFC 4632, RFC 4291); host bits are cleared. */
  cidr: Cidr;
  /** Remark, at most 200 characters. */
  note?: string | undefined;
}

/** A model to add to a provider. */
export interface NewLlmModel {
  /** Name of the model at the provider, such as `gpt-5`. Unique in the provider, ignoring case. */
  model: string;
  /** Order of automatic selection, highest first. Default: 0. */
  priority?: number | undefined;
  /** True makes it the default of the provider. The first model always is. */
  is_default?: boolean | undefined;
  /** Whether a picker offers the model. Default: true. */
  show_in_picker?: boolean | undefined;
  /** Labels; duplicates are removed. */
  tags?: string[] | undefined;
  /** Routing condition: the run must have the given value for each key. Null or `{}` means none. */
  when?: AnyObject | null | undefined;
  /** Merged into requests to the provider. */
  advanced_json?: AnyObject | null | undefined;
  /** Factor for the credits of a run, greater than 0. Default: 1. */
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

/** A provider to create. */
export interface NewLlmProvider {
  /** Where to create the provider. `platform` requires a platform admin. */
  scope?: ProviderScope | undefined;
  /** Unique name, ignoring case, 1 to 100 characters. */
  name: string;
  /** API of the provider. `openai` includes compatible servers. */
  provider: LlmVendor;
  /** API key of the provider; stored encrypted and never returned. */
  api_key: string;
  /** Absolute http(s) URL without user info, query or fragment. */
  base_url?: string | null | undefined;
  /** Allowed only with provider `openai`. */
  openai_api_mode?: OpenAiApiMode | null | undefined;
  /** Merged into requests to the provider. */
  advanced_json?: AnyObject | null | undefined;
}

/** An MCP server to create. */
export interface NewMcpConfig {
  /** Unique in the account, 1 to 100 characters. Part of the names of the tools. */
  name: string;
  /** One of `stdio`, `http_sse`, `streamable_http`; case-insensitive. */
  transport: string;
  /** Absolute http(s) URL without user info or fragment. Not allowed with `stdio`. */
  url?: string | null | undefined;
  /** Sent as `Authorization: Bearer`; null or an empty string means none. Not allowed with `stdio`. */
  bearer_token?: string | null | undefined;
  /** The program to run, without a shell. Required with `stdio`. */
  command?: string | null | undefined;
  /** Arguments of the program. */
  args?: string[] | undefined;
  /** Absolute path of the working directory. Default: `/`. */
  cwd?: string | null | undefined;
  /** The complete environment of the program. Never returned. */
  env?: NewMcpConfigEnv | undefined;
  /** Accepted but ignored; always false. */
  inherit_parent_env?: boolean | undefined;
  /** Timeout in milliseconds for connecting, for listing tools, and for each tool call. */
  call_timeout_ms?: number | undefined;
  /** Whether the server may ask the user of a run during a tool call (elicitation). The run then waits for the answer. */
  elicitation_enabled?: boolean | undefined;
}

/** The complete environment of the program. Never returned. */
export type NewMcpConfigEnv = Record<string, string>;

/** A memory to create. */
export interface NewMemory {
  /** The fact, 1 to 500 characters, such as `Prefers answers in German.` */
  content: string;
}

/** A message: plain text, or text with attachments. */
export interface NewMessage {
  /** Must not be blank; stored unchanged. */
  content?: string | undefined;
  /** Takes precedence over `content`. */
  content_json?: MessageContent | undefined;
}

/** A passkey that a browser has made. */
export interface NewPasskey {
  /** A name by which you recognize it, 1 to 100 characters. */
  name: string;
  /** What `navigator.credentials.create()` returned. */
  credential: PasskeyAttestation;
}

/** A persona to create. */
export interface NewPersona {
  /** Where to create the persona. `platform` requires a platform admin. */
  scope?: PersonaScope | undefined;
  /** Stable name for `persona_id` of runs, such as `support`. It cannot be changed. */
  persona_key?: string | undefined;
  /** Version of the persona, such as `1`. It cannot be changed. */
  version?: string | undefined;
  /** Key of a built-in persona to copy; the given fields override those of the copy. Without it, `persona_key`, `version`, `display_name` and `prompt_md` are required. */
  copy_from_repo_persona_key?: string | undefined;
  /** Name shown to users, 1 to 200 characters. */
  display_name?: string | undefined;
  /** What the persona is good for, at most 2,000 characters. */
  description?: string | null | undefined;
  /** The system prompt. */
  prompt_md?: string | undefined;
  /** Describes who the persona is. Placed before the system prompt. */
  soul_md?: string | null | undefined;
  /** Tools or tool groups; empty means all. */
  tool_allowlist?: string[] | undefined;
  /** Tools or tool groups that the model cannot call. */
  tool_denylist?: string[] | undefined;
  /** Tools listed from the start; others are loaded on demand. Empty means all. */
  core_tools?: string[] | undefined;
  /** Names of the skills that the model can load; empty means all of the account. Names without a skill are ignored. */
  skills?: string[] | undefined;
  /** Limits of a run. */
  budgets?: PersonaBudgets | undefined;
  /** Reserved; stored, but has no effect. */
  roles?: NewPersonaRoles | undefined;
  /** Reserved; must be `[]`. */
  conditional_tools?: unknown[] | undefined;
  /** Model selector: `provider^model`, or a model name alone. */
  model?: string | null | undefined;
  /** Name of a model provider. */
  preferred_credential?: string | null | undefined;
  /** How much the model reasons, unless the run says otherwise. Default: `auto`. */
  reasoning_mode?: ReasoningMode | undefined;
  /** Whether events contain the reasoning of the model. Default: true. */
  stream_thinking?: boolean | undefined;
  /** `system_prompt` asks Anthropic to cache the system prompt. Default: `none`. */
  prompt_cache_control?: PromptCacheControl | undefined;
  /** How runs are executed. Default: `agent.simple`. */
  executor_type?: Executor | undefined;
  /** Options of the executor, such as `check_in_every` of `agent.interactive`. */
  executor_config?: AnyObject | undefined;
  /** Whether a picker offers the persona. Default: false. */
  user_selectable?: boolean | undefined;
  /** Name in a picker; null means `display_name`. */
  selector_name?: string | null | undefined;
  /** Position in a picker, ascending; null means 99. */
  selector_order?: number | null | undefined;
}

/** Reserved; stored, but has no effect. */
export type NewPersonaRoles = Record<string, PersonaRole>;

/** A plan to create. */
export interface NewPlan {
  /** Unique, ignoring case. */
  name: string;
  /** Name shown to users. */
  display_name: string;
  /** Values for the accounts of the plan; each key once. */
  entitlements?: NewEntitlement[] | undefined;
}

/** A project to create. */
export interface NewProject {
  /** Display name, 1 to 200 characters. */
  name: string;
  /** Purpose of the project, at most 2,000 characters. */
  description?: string | null | undefined;
  /** A team of the account. */
  team_id?: Id | null | undefined;
  /** Who can see the project. */
  visibility?: Visibility | undefined;
}

/** A limit for some of the requests. */
export interface NewRateLimitRule {
  /** Unique name, shown in `RateLimit-Policy` and in errors. `default` is the name of the limit of all requests. */
  name: string;
  /** Path of the requests, such as `/v1/attachments/*` or `/v1/auth/**`: `*` is any text of a segment, `**` at the end any rest. */
  path: string;
  /** Methods of the requests; all if absent. `GET` includes `HEAD`. */
  methods?: RateLimitMethod[] | undefined;
  /** Names of plans: only requests of accounts with one of them; all if absent. */
  plans?: string[] | undefined;
  /** What the limit counts for: the account and the user (or the address of an anonymous client), each API key, or each address. */
  count_by: RateLimitCount;
  /** Burst limit: requests at once. */
  capacity: number;
  /** Requests per minute. */
  per_minute: number;
}

/** New recovery codes. Earlier ones are void. */
export interface NewRecoveryCodes {
  /** Ten codes, each of which replaces the app once. Returned only in this response. Case, spaces and hyphens are ignored. */
  recovery_codes: string[];
}

/** A batch of codes to create. */
export interface NewRedemptionCodes {
  /** Number of codes to create. */
  count: number;
  /** What the codes give. */
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

/** Why the thread is reported. */
export interface NewReport {
  /** One or more reasons. */
  categories: ReportCategory[];
  /** Explanation for the platform admins, at most 2,000 characters. */
  feedback?: string | null | undefined;
}

/** The options of a run. All can be omitted. */
export interface NewRun {
  /** ID of a provider model. */
  route_id?: string | null | undefined;
  /** Persona: `key` or `key@version`. */
  persona_id?: string | null | undefined;
  /** Model selector: `provider^model`, or a model name alone. */
  model?: string | null | undefined;
  /** How much the model reasons. Overrides the mode of the persona; `off` means `none`; `max` and `extra high` mean `xhigh`. */
  reasoning_mode?: ReasoningModeInput | null | undefined;
}

/** A schedule to create, with either `cron` or `run_at`. */
export interface NewSchedule {
  /** Name, for people: 1 to 200 characters. */
  name: string;
  /** Five fields: minute, hour, day of the month, month, day of the week (0 or 7 is Sunday), with lists, ranges, steps, names, and `L`, `W` and `#`. If both days are restricted, either may match. */
  cron?: string | undefined;
  /** A single time in the future, in place of `cron` (RFC 3339, in any time zone). */
  run_at?: string | undefined;
  /** IANA name, such as `Europe/Berlin`. */
  timezone?: string | undefined;
  /** Persona: `key` or `key@version`. */
  persona_id?: string | null | undefined;
  /** The message that each run answers, at most 20,000 characters. */
  input: string;
  /** A thread of yours for all runs. Without it, each run has a new thread. */
  thread_id?: Id | null | undefined;
  /** What happens with missed occurrences. */
  missed?: MissedPolicy | undefined;
  /** What happens while the previous run has not ended. */
  overlap?: OverlapPolicy | undefined;
}

/** A service key to create. */
export interface NewServiceKey {
  /** Display name, 1 to 200 characters, to recognize the key later. */
  name: string;
  /** The permissions of the key. */
  scopes: ServiceKeyScope[];
  /** Networks from which the key is accepted. Null or omitted for all addresses. */
  allowed_addresses?: Cidr[] | null | undefined;
  /** Requests that the key may make in a minute. */
  requests_per_minute?: number | undefined;
  /** A time in the future; null for a key that does not expire. */
  expires_at?: string | null | undefined;
}

/** The options of a share. All can be omitted. */
export interface NewShare {
  /** Whether readers need a password. */
  access_type?: ShareAccess | undefined;
  /** Required if `access_type` is `password`, otherwise not allowed. Never returned. */
  password?: string | undefined;
  /** Whether to show messages that are added later. */
  live_update?: boolean | undefined;
}

/** A file of a skill to store. */
export interface NewSkillFile {
  /** Path in the folder of the skill: `SKILL.md`, or names joined by `/`. It cannot leave the folder. */
  path: string;
  /** The content: text, or base64. */
  content: string;
  /** Encoding of `content`: use `base64` for files that are not text. */
  encoding?: SkillFileEncoding | undefined;
}

/** A subscription to create. */
export interface NewSubscription {
  /** The account to subscribe. */
  account_id: Id;
  /** The plan whose entitlements the account gets. */
  plan_id: Id;
  /** Monthly credit grants are counted from this instant. */
  current_period_start: string;
  /** Must be after the start. Monthly credit grants stop at this instant. */
  current_period_end: string;
}

/** A team to create. */
export interface NewTeam {
  /** Display name, 1 to 100 characters. */
  name: string;
}

/** A user to add to a team, with their role. */
export interface NewTeamMember {
  /** A member of the account. */
  user_id: Id;
  /** Informational only; grants no permissions. */
  role: MemberRole;
}

/** The options of a thread. All can be omitted. */
export interface NewThread {
  /** A blank title is stored as null. */
  title?: string | null | undefined;
  /** A private thread is visible only to you and expires after 24 hours. */
  is_private?: boolean | undefined;
  /** A project that you can see. */
  project_id?: Id | null | undefined;
}

/** The data for registering a user. */
export interface NewUser {
  /** Trimmed and NFKC-normalized. 1 to 256 bytes in a single script; no `@`, control or format characters. */
  login: string;
  /** At least 8 code points and at most 256 bytes, with at least one letter and one digit. */
  password: string;
  /** An email address (RFC 5322 addr-spec) of 3 to 254 characters, each part in a single script. */
  email: string;
  /** Required if the registration mode is `invite_only`. Case and white space are ignored. */
  invite_code?: string | null | undefined;
  /** BCP 47 language tag. */
  locale?: string | null | undefined;
  /** Required if captchas are enabled. */
  cf_turnstile_token?: string | null | undefined;
}

/** The confirmation of the erasure of a deleted user. */
export interface NewUserErasure {
  /** Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes. Ignored for service keys. */
  current_password?: string | null | undefined;
  /** A case number. It is part of the proof, so give no personal data. */
  reference?: string | null | undefined;
}

/** A webhook endpoint to create. */
export interface NewWebhookEndpoint {
  /** An https URL of a public host, without user info or fragment. */
  url: string;
  /** Event types to send to the endpoint; duplicates are merged. */
  events: WebhookEventType[];
  /** Replaces the whole filter. `{}` removes it. */
  filter?: NewWebhookFilter | undefined;
  /** Headers to add to each request, such as `Authorization`. Replaces all earlier ones. Values are never returned. Headers that the server or the connection sets are rejected (`header_denied`). */
  headers?: NewWebhookEndpointHeaders | undefined;
}

/** Headers to add to each request, such as `Authorization`. Replaces all earlier ones. Values are never returned. Headers that the server or the connection sets are rejected (`header_denied`). */
export type NewWebhookEndpointHeaders = Record<string, string>;

/** Limits which runs send events to an endpoint. A run must match both lists. */
export interface NewWebhookFilter {
  /** Only runs in threads of these projects. Empty: all projects. */
  project_ids?: Id[] | undefined;
  /** Only runs with these personas, by key. Empty: all personas. */
  persona_ids?: string[] | undefined;
}

/** The messages to replay. */
export interface NewWebhookReplay {
  /** Replay messages whose first delivery was created at this instant or later. Messages are kept for 30 days. */
  since: string;
  /** Replay messages whose first delivery was created before this instant. Default: now. */
  until?: string | undefined;
  /** Leave out messages that the endpoint has received or that are pending. */
  only_failed?: boolean | undefined;
}

/** A form with one file. */
export interface NewWorkspaceFile {
  /** The content, at most 20 MiB. Its name is ignored. */
  file: File;
}

/** What to ask the person for next: a password or code, or a registration. */
export interface NextStep {
  /** `password` if a user has this login or email address, otherwise `register`. */
  next_step: SignInStep;
  /** Present only with `password`. */
  flow_token?: string | undefined;
  /** Present only if the user has an email address. */
  masked_email?: string | undefined;
  /** Whether a sign-in code can be emailed. */
  otp_available: boolean;
  /** Whether registering requires an invite code. Always false with `password`. */
  invite_required: boolean;
  /** The submitted value, trimmed. */
  prefill: NextStepPrefill;
}

/** The submitted value, trimmed. */
export interface NextStepPrefill {
  /** Present if the submitted value is a login. */
  login?: string | undefined;
  /** Present if the submitted value is an email address. */
  email?: string | undefined;
}

/** An empty object. The body can be omitted. */
export type NoFields = Record<string, never>;

/** A notification to a user about one of their accounts. */
export interface Notification {
  /** ID of the notification, for marking it as read. */
  id: Id;
  /** The recipient: you. */
  user_id: Id;
  /** The account that the notification is about, or your personal account if it is about none. */
  account_id: Id;
  /** Machine-readable type, such as `webhook.endpoint_disabled`. */
  type: string;
  /** Headline, as text. */
  title: string;
  /** Message, as text. */
  body: string;
  /** Data for clients, depending on the type. */
  payload: AnyObject;
  /** When it was first marked as read; null while unread. */
  read_at: Time | null;
  /** When the notification was created. */
  created_at: Time;
}

/** Whether the process receives notifications of other processes. Without them, streams poll the database, and nothing is cached. */
export type NotificationState = "ok" | "unreachable";

/** A page of notifications. */
export interface Notifications {
  /** Newest first. */
  data: Notification[];
}

/** Why an occurrence was skipped. */
export type OccurrenceSkipReason = "missed" | "overlap" | "paused";

/** What became of an occurrence. */
export type OccurrenceStatus = "waiting" | "started" | "skipped" | "failed";

/** What started an occurrence. */
export type OccurrenceTrigger = "schedule" | "manual";

/** The response of an action that returns no data. */
export interface Ok {
  /** Always true: errors have another status and the body `Problem`. */
  ok: true;
}

/** API of an OpenAI-compatible server; `auto` tries `responses` first. */
export type OpenAiApiMode = "auto" | "responses" | "chat_completions";

/** An error in the shape of OpenAI. */
export interface OpenAiError {
  /** Human-readable; not part of the contract. */
  message: string;
  /** Kind of error, such as `invalid_request_error` or `rate_limit_error`. */
  type: string;
  /** The invalid parameter, such as `messages[0].content`; null if there is none. */
  param: string | null;
  /** The reason, such as `model_not_found`, `invalid_api_key` or `insufficient_quota`; null if there is none. */
  code: string | null;
}

/** The body of error responses of operations in the format of OpenAI. Their SDKs read `error`. */
export interface OpenAiProblem {
  /** What the SDKs of OpenAI read. */
  error: OpenAiError;
  /** The value of `X-Trace-Id`. Quote it when you report a problem. */
  trace_id: string;
  /** Always an object. */
  details: OpenAiProblemDetails;
}

/** Always an object. */
export interface OpenAiProblemDetails {
  /** A stable snake_case code. */
  reason?: string | undefined;
  /** Present on every 400: all validation errors of the request. */
  issues?: Issue[] | undefined;
  [name: string]: unknown;
}

/** What happens with an occurrence while the previous run, or another run of its thread, has not ended: it is skipped, or it waits. At most 10 wait, each for at most an hour. */
export type OverlapPolicy = "skip" | "queue";

/** An invite code with its owner. */
export interface OwnedInviteCode {
  /** ID of the invite code. */
  id: Id;
  /** The inviter, who owns the code. */
  user_id: Id;
  /** Eight letters and digits, without I, O, 0 and 1. Case is ignored on registration. */
  code: string;
  /** Maximum number of registrations; 0 means unlimited. */
  max_uses: number;
  /** Registrations with this code so far. */
  use_count: number;
  /** Whether the code can be used. A user has at most one active code. */
  is_active: boolean;
  /** When the code was created. */
  created_at: Time;
  /** Login of the owner; null if they were deleted. */
  user_login: string | null;
  /** Email address of the owner; null if they have none or were deleted. */
  user_email: string | null;
}

/** An opaque cursor. Only cursors that the same list returned with the same filters are accepted. If `before` and `cursor` are both given, they must be equal. Any other value is rejected with 400, with the reason `invalid_cursor` if it has the form of a cursor. */
export type PageCursor = string;

/** A key pair on a device or in a password manager, with which a user signs in (WebAuthn). */
export interface Passkey {
  /** ID of the passkey, for renaming and deleting it. */
  id: Id;
  /** The name that you gave it. */
  name: string;
  /** Whether its device can copy it to others, such as those of the same cloud account. */
  backup_eligible: boolean;
  /** Whether it was copied when it was last used. Losing its device then does not lose it. */
  backed_up: boolean;
  /** When it was registered. */
  created_at: Time;
  /** When it was last used; null if never. */
  last_used_at: Time | null;
}

/** An `AuthenticationResponseJSON` of WebAuthn: `toJSON()` of the result of `navigator.credentials.get()`. */
export interface PasskeyAssertion {
  /** ID of the credential. */
  id: string;
  /** The same as `id`. */
  rawId: string;
  /** Kind of the credential. */
  type: "public-key";
  /** What the authenticator returned. */
  response: PasskeyAssertionResponse;
  [name: string]: unknown;
}

/** The response of the authenticator that has the passkey. */
export interface PasskeyAssertionResponse {
  /** What the browser signed: challenge, origin and type. */
  clientDataJSON: string;
  /** Relying party, flags and counter. */
  authenticatorData: string;
  /** The signature of the passkey. */
  signature: string;
  /** The user to whom the passkey belongs. */
  userHandle?: string | null | undefined;
  [name: string]: unknown;
}

/** A `RegistrationResponseJSON` of WebAuthn: `toJSON()` of the result of `navigator.credentials.create()`. */
export interface PasskeyAttestation {
  /** ID of the credential. */
  id: string;
  /** The same as `id`. */
  rawId: string;
  /** Kind of the credential. */
  type: "public-key";
  /** What the authenticator returned. */
  response: PasskeyAttestationResponse;
  [name: string]: unknown;
}

/** The response of the authenticator that made the passkey. */
export interface PasskeyAttestationResponse {
  /** What the browser signed: challenge, origin and type. */
  clientDataJSON: string;
  /** The public key with the data of the authenticator. */
  attestationObject: string;
  /** How the browser reaches the authenticator, such as `internal` or `usb`. */
  transports?: string[] | undefined;
  [name: string]: unknown;
}

/** The new name of a passkey. */
export interface PasskeyChanges {
  /** A name by which you recognize it, 1 to 100 characters. */
  name: string;
}

/** What a browser needs to make or use a passkey. */
export interface PasskeyOptions {
  /** For `PublicKeyCredential.parseCreationOptionsFromJSON()` when registering, otherwise for `parseRequestOptionsFromJSON()`. The result is `publicKey` of `navigator.credentials.create()` or `get()`. */
  public_key: PasskeyOptionsPublicKey;
  /** Seconds until the challenge in `public_key` expires. It can be used once. */
  expires_in: number;
}

/** For `PublicKeyCredential.parseCreationOptionsFromJSON()` when registering, otherwise for `parseRequestOptionsFromJSON()`. The result is `publicKey` of `navigator.credentials.create()` or `get()`. */
export type PasskeyOptionsPublicKey = Record<string, unknown>;

/** The proof that the user has a passkey. */
export interface PasskeyProof {
  /** What `navigator.credentials.get()` returned. */
  credential: PasskeyAssertion;
}

/** The proof that the user who registers a passkey is present. */
export interface PasskeyRegistrationStart {
  /** Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes. */
  current_password?: string | null | undefined;
  /** Required if your second factor is on, unless a passkey has opened or confirmed the session within the last ten minutes. */
  code?: string | null | undefined;
}

/** What the passkey is used for: a sign-in, or the second factor of one. */
export interface PasskeySignIn {
  /** `details.challenge_token` of a sign-in that needs a second factor, to complete it with a passkey. Without it, any passkey signs its user in. */
  challenge_token?: string | null | undefined;
}

/** The current and the new password. */
export interface PasswordChange {
  /** Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes. */
  current_password?: string | null | undefined;
  /** At least 8 code points and at most 256 bytes, with at least one letter and one digit. */
  new_password: string;
}

/** Name of a permission. */
export type Permission = "account.audit_read" | "account.ip_rules.manage" | "account.members.invite" | "account.members.list" | "account.members.revoke" | "account.teams.manage" | "account.teams.read" | "data.api_keys.manage" | "data.channels.manage" | "data.completions.write" | "data.llm_credentials.manage" | "data.mcp_configs.manage" | "data.memories.read" | "data.memories.write" | "data.personas.manage" | "data.personas.read" | "data.projects.manage" | "data.projects.read" | "data.runs.read" | "data.runs.write" | "data.scheduled_jobs.manage" | "data.secrets.manage" | "data.skills.manage" | "data.skills.read" | "data.subscriptions.read" | "data.threads.read" | "data.threads.write" | "data.usage.read" | "data.webhooks.manage" | "platform.accounts.manage" | "platform.accounts.read" | "platform.admin" | "platform.credits.manage" | "platform.entitlements.manage" | "platform.erasures.manage" | "platform.feature_flags.manage" | "platform.invite_codes.manage" | "platform.plans.manage" | "platform.redemption_codes.manage" | "platform.subscriptions.manage" | "platform.usage.read";

/** A system prompt with the tools, models and budgets of its runs. */
export interface Persona {
  /** For built-in personas: `builtin:{key}:{version}`. */
  id: PersonaId;
  /** Name for `persona_id` of runs. */
  persona_key: string;
  /** Runs select a version with `key@version`; otherwise the newest applies. */
  version: string;
  /** `platform` for built-in personas. */
  scope: PersonaScope;
  /** `builtin` personas cannot be changed or deleted. */
  source: PersonaSource;
  /** Name shown to users. */
  display_name: string;
  /** What the persona is good for. */
  description: string | null;
  /** Name in a picker; null means `display_name`. */
  selector_name: string | null;
  /** Position in a picker, ascending; null means 99. */
  selector_order: number | null;
  /** Model selector: `provider^model`, or a model name alone; null means the default model. */
  model: string | null;
  /** How much the model reasons, unless the run says otherwise. */
  reasoning_mode: ReasoningMode;
  /** Null for platform and built-in personas. */
  account_id: Id | null;
  /** Whether runs can use the persona. */
  is_active: boolean;
  /** The system prompt. */
  prompt_md: string;
  /** Describes who the persona is. Placed before the system prompt. */
  soul_md: string | null;
  /** Tools or tool groups that the model can call; empty means all. */
  tool_allowlist: string[];
  /** Tools or tool groups that the model cannot call. */
  tool_denylist: string[];
  /** Tools listed from the start; others are loaded on demand. Empty means all. */
  core_tools: string[];
  /** Names of the skills that the model can load; empty means all of the account. */
  skills: string[];
  /** Limits of a run. */
  budgets: PersonaBudgets;
  /** Reserved; stored, but has no effect. */
  roles: PersonaRoles;
  /** Reserved; always `[]`. */
  conditional_tools: unknown[];
  /** Name of the model provider to use if no model is selected. */
  preferred_credential: string | null;
  /** Whether events contain the reasoning of the model. */
  stream_thinking: boolean;
  /** `system_prompt` asks Anthropic to cache the system prompt. */
  prompt_cache_control: PromptCacheControl;
  /** How runs are executed. */
  executor_type: Executor;
  /** Options of the executor. */
  executor_config: AnyObject;
  /** Whether a picker offers the persona. */
  user_selectable: boolean;
  /** Null for built-in personas. */
  created_at: Time | null;
  /** Null for built-in personas. */
  updated_at: Time | null;
}

/** Limits of a persona for one run. */
export interface PersonaBudgets {
  /** Maximum model calls of a run. The lower value of this and the platform's limit applies. */
  reasoning_iterations?: number | undefined;
  /** Reserved; stored, but has no effect. */
  tool_continuation_budget?: number | undefined;
  /** Maximum output tokens of one model call. */
  max_output_tokens?: number | undefined;
  /** Maximum duration of one tool call, in milliseconds. */
  tool_timeout_ms?: number | undefined;
  /** Maximum cost of a run, in millionths of a US dollar. */
  max_cost_micros?: number | undefined;
  /** Maximum output tokens of a run. */
  max_total_output_tokens?: number | undefined;
  /** Randomness of the model, from 0 to 2. The default depends on the model. */
  temperature?: number | undefined;
  /** Nucleus sampling, from 0 to 1. The default depends on the model. */
  top_p?: number | undefined;
  /** Reserved; must be `{}`. */
  tool_budget?: EmptyObject | undefined;
  /** Reserved; must be `{}`. */
  per_tool_soft_limits?: EmptyObject | undefined;
}

/** The fields of the persona to change. At least one is required. */
export interface PersonaChanges {
  /** Name shown to users, 1 to 200 characters. */
  display_name?: string | undefined;
  /** What the persona is good for, at most 2,000 characters. */
  description?: string | null | undefined;
  /** The system prompt. */
  prompt_md?: string | undefined;
  /** Describes who the persona is. Placed before the system prompt. */
  soul_md?: string | null | undefined;
  /** Tools or tool groups; empty means all. */
  tool_allowlist?: string[] | undefined;
  /** Tools or tool groups that the model cannot call. */
  tool_denylist?: string[] | undefined;
  /** Tools listed from the start; others are loaded on demand. Empty means all. */
  core_tools?: string[] | undefined;
  /** Names of the skills that the model can load; empty means all of the account. Names without a skill are ignored. */
  skills?: string[] | undefined;
  /** Limits of a run. */
  budgets?: PersonaBudgets | undefined;
  /** Reserved; stored, but has no effect. */
  roles?: PersonaChangesRoles | undefined;
  /** Reserved; must be `[]`. */
  conditional_tools?: unknown[] | undefined;
  /** Model selector: `provider^model`, or a model name alone. */
  model?: string | null | undefined;
  /** Name of a model provider. */
  preferred_credential?: string | null | undefined;
  /** How much the model reasons, unless the run says otherwise. Default: `auto`. */
  reasoning_mode?: ReasoningMode | undefined;
  /** Whether events contain the reasoning of the model. Default: true. */
  stream_thinking?: boolean | undefined;
  /** `system_prompt` asks Anthropic to cache the system prompt. Default: `none`. */
  prompt_cache_control?: PromptCacheControl | undefined;
  /** How runs are executed. Default: `agent.simple`. */
  executor_type?: Executor | undefined;
  /** Options of the executor, such as `check_in_every` of `agent.interactive`. */
  executor_config?: AnyObject | undefined;
  /** Whether a picker offers the persona. Default: false. */
  user_selectable?: boolean | undefined;
  /** Name in a picker; null means `display_name`. */
  selector_name?: string | null | undefined;
  /** Position in a picker, ascending; null means 99. */
  selector_order?: number | null | undefined;
  /** Whether runs can use the persona. */
  is_active?: boolean | undefined;
}

/** Reserved; stored, but has no effect. */
export type PersonaChangesRoles = Record<string, PersonaRole>;

/** ID of a stored or built-in persona. */
export type PersonaId = Id | string;

/** Values of a persona for one role. */
export interface PersonaRole {
  /** Overrides `soul_md` of the persona. */
  soul_md?: string | null | undefined;
  /** Overrides `prompt_md` of the persona. */
  prompt_md?: string | null | undefined;
  /** Overrides `tool_allowlist` of the persona. */
  tool_allowlist?: string[] | undefined;
  /** Overrides `tool_denylist` of the persona. */
  tool_denylist?: string[] | undefined;
  /** Overrides `budgets` of the persona. */
  budgets?: PersonaBudgets | undefined;
  /** Overrides `preferred_credential` of the persona. */
  preferred_credential?: string | null | undefined;
  /** Overrides `model` of the persona. */
  model?: string | null | undefined;
  /** Overrides `reasoning_mode` of the persona. */
  reasoning_mode?: ReasoningMode | undefined;
  /** Overrides `stream_thinking` of the persona. */
  stream_thinking?: boolean | undefined;
  /** Overrides `prompt_cache_control` of the persona. */
  prompt_cache_control?: PromptCacheControl | undefined;
}

/** Reserved; stored, but has no effect. */
export type PersonaRoles = Record<string, PersonaRole>;

/** Whether the persona belongs to an account or to all accounts of the platform. */
export type PersonaScope = "account" | "platform";

/** Origin of a persona. */
export type PersonaSource = "custom" | "builtin";

/** A named set of entitlements. */
export interface Plan {
  /** ID of the plan. */
  id: Id;
  /** Unique name. It cannot be changed. */
  name: string;
  /** Name shown to users. */
  display_name: string;
  /** Sorted by key. */
  entitlements: Entitlement[];
  /** When the plan was created. */
  created_at: Time;
}

/** The fields of the plan to change. At least one is required. */
export interface PlanChanges {
  /** Name shown to users. */
  display_name?: string | undefined;
  /** Replaces all entitlements, immediately for all subscribers. */
  entitlements?: NewEntitlement[] | undefined;
}

/** The new platform admin, signed in. */
export interface PlatformAdmin {
  /** JWT for the `Authorization: Bearer` header. Treat it as opaque. */
  access_token: string;
  /** The authentication scheme of the token (RFC 6750). */
  token_type: "bearer";
  /** Seconds until the access token expires. */
  expires_in: number;
  /** ID of the new user. */
  user_id: Id;
}

/** A stored setting. Sensitive values read `******`. */
export interface PlatformSetting {
  /** Key of the setting, such as `app.base_url`. */
  key: string;
  /** The stored value as text. */
  value: string;
  /** When the value was last set. */
  updated_at: Time;
}

/** The value to set. */
export interface PlatformSettingValue {
  /** The value as text, in the setting's type. */
  value: string;
}

/** The data for creating the first platform admin. */
export interface PlatformSetup {
  /** The setup token. */
  token: string;
  /** Trimmed and NFKC-normalized. 1 to 256 bytes in a single script; no `@`, control or format characters. */
  login: string;
  /** At least 8 code points and at most 256 bytes, with at least one letter and one digit. */
  password: string;
  /** Email address; null or omitted for none. */
  email?: string | null | undefined;
  /** BCP 47 language tag. */
  locale?: string | null | undefined;
}

/** The body of every error response. */
export interface Problem {
  /** Error code. The codes of each status are listed with its response. */
  error: ErrorCode;
  /** Human-readable; not part of the contract. */
  message: string;
  /** The value of `X-Trace-Id`. Quote it when you report a problem. */
  trace_id: string;
  /** Always an object. */
  details: ProblemDetails;
}

/** Always an object. */
export interface ProblemDetails {
  /** A stable snake_case code. */
  reason?: string | undefined;
  /** Present on every 400: all validation errors of the request. */
  issues?: Issue[] | undefined;
  [name: string]: unknown;
}

/** The fields of a user that they can change. */
export interface Profile {
  /** Display name. */
  username: string;
  /** IANA time zone. */
  timezone: string | null;
  /** BCP 47 language tag. */
  locale: string | null;
}

/** A group of threads. */
export interface Project {
  /** ID of the project. */
  id: Id;
  /** The account that the project belongs to. */
  account_id: Id;
  /** The team that sees the project if it is shared; null means all members. */
  team_id: Id | null;
  /** The user who created the project; null if they were deleted. */
  owner_user_id: Id | null;
  /** Display name. */
  name: string;
  /** Purpose of the project; null if there is none. */
  description: string | null;
  /** Who can see the project. */
  visibility: Visibility;
  /** Each member has one default project per account. It is private and cannot be deleted. */
  is_default: boolean;
  /** When the project was created. */
  created_at: Time;
}

/** The fields of the project to change. At least one is required. */
export interface ProjectChanges {
  /** Display name, 1 to 200 characters. */
  name?: string | undefined;
  /** Purpose of the project, at most 2,000 characters. */
  description?: string | null | undefined;
  /** A team of the account. */
  team_id?: Id | null | undefined;
  /** Who can see the project. */
  visibility?: Visibility | undefined;
}

/** Which part of a prompt the provider is asked to cache. */
export type PromptCacheControl = "none" | "system_prompt";

/** The answer of the provider: the query parameters of the callback address. */
export interface ProviderAnswer {
  /** Parameter `state` of the callback address. */
  state: string;
  /** Parameter `code` of the callback address. */
  code: string;
  /** Parameter `iss` of the callback address, if it has one (RFC 9207). */
  iss?: string | undefined;
}

/** A new access token. The refresh token is sent in an HttpOnly cookie. */
export interface ProviderGrant {
  /** JWT for the `Authorization: Bearer` header. Treat it as opaque. */
  access_token: string;
  /** The authentication scheme of the token (RFC 6750). */
  token_type: "bearer";
  /** Seconds until the access token expires. */
  expires_in: number;
  /** `return_to` of the start. */
  return_to: string | null;
}

/** Where to send the browser. */
export interface ProviderRedirect {
  /** The page of the provider, to be opened in the same browser. */
  authorization_url: string;
  /** Until when the answer of the provider is accepted. */
  expires_at: Time;
}

/** Whether something is configured for an account or for all accounts of the platform. */
export type ProviderScope = "account" | "platform";

/** Where to continue after the sign-in. */
export interface ProviderSignInRequest {
  /** Path of the front end to show afterwards, such as `/t/1?x=2`. Returned by the completion. */
  return_to?: string | null | undefined;
  /** Needed if the person is to be registered and the registration mode is `invite_only`. */
  invite_code?: string | null | undefined;
}

/** What a rate limit counts for. */
export type RateLimitCount = "client" | "api_key" | "address";

/** A method of HTTP. */
export type RateLimitMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";

/** A limit for some of the requests. */
export interface RateLimitRule {
  /** Unique name, shown in `RateLimit-Policy` and in errors. `default` is the name of the limit of all requests. */
  name: string;
  /** Path of the requests, such as `/v1/attachments/*` or `/v1/auth/**`: `*` is any text of a segment, `**` at the end any rest. */
  path: string;
  /** Methods of the requests; all if absent. `GET` includes `HEAD`. */
  methods?: RateLimitMethod[] | undefined;
  /** Names of plans: only requests of accounts with one of them; all if absent. */
  plans?: string[] | undefined;
  /** What the limit counts for: the account and the user (or the address of an anonymous client), each API key, or each address. */
  count_by: RateLimitCount;
  /** Burst limit: requests at once. */
  capacity: number;
  /** Requests per minute. */
  per_minute: number;
}

/** The number of notifications that were marked as read. */
export interface ReadAll {
  /** Always true: errors have another status and the body `Problem`. */
  ok: true;
  /** Number of notifications that were unread. */
  count: number;
}

/** The process is ready. */
export interface Readiness {
  /** Always `ok`. */
  status: "ok";
  /** Version of the database schema that the process uses. */
  schema_version: string;
  /** Whether the object store can be used. */
  storage: StorageState;
  /** Whether the process receives notifications of other processes. */
  notifications: NotificationState;
}

/** How much a model reasons before it answers. `auto` is the default of the model, `enabled` means `medium`; `none` and `disabled` turn reasoning off. */
export type ReasoningMode = "auto" | "enabled" | "disabled" | "none" | "minimal" | "low" | "medium" | "high" | "xhigh";

/** A reasoning mode, or another spelling of one. */
export type ReasoningModeInput = "auto" | "enabled" | "disabled" | "none" | "off" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | "extra high";

/** A form with a recording. */
export interface Recording {
  /** An audio file up to 25 MiB, in a format that the provider supports. */
  file: File;
  /** Language of the speech, such as `en` or `pt-BR`. If omitted, the provider detects it. */
  language?: string | undefined;
}

/** What a redeemed code has given the account. */
export interface Redemption {
  /** The redeemed code in its stored form, in upper case. */
  code: string;
  /** Whether the account received credits or a feature. */
  type: RedemptionType;
  /** The number of credits, or the key of the feature flag that was enabled. */
  value: string;
}

/** A code that gives the account in which it is redeemed credits or a feature. */
export interface RedemptionCode {
  /** ID of the code. */
  id: Id;
  /** Four groups of four characters joined by `-`: letters except I and O, and digits 2 to 9. */
  code: string;
  /** What the code gives. */
  type: RedemptionType;
  /** The number of credits, or the key of the feature flag. */
  value: string;
  /** Number of users who can redeem the code. */
  max_uses: number;
  /** Number of users who have redeemed it. */
  use_count: number;
  /** The code cannot be redeemed from this instant on. */
  expires_at: Time | null;
  /** False after deactivation. */
  is_active: boolean;
  /** Label given on creation; null if there is none. */
  batch_id: string | null;
  /** The platform admin who created it, or who received the secret of the service key that did; null if they were deleted. */
  created_by_user_id: Id | null;
  /** When the code was created. */
  created_at: Time;
}

/** The deactivation of a code. */
export interface RedemptionCodeChanges {
  /** A deactivated code cannot be reactivated. */
  is_active: false;
}

/** The code to redeem. */
export interface RedemptionRequest {
  /** Case and surrounding white space are ignored. */
  code: string;
}

/** What the code gives: credits, or access to a feature. */
export type RedemptionType = "credits" | "feature";

/** A registration with another user's invite code. */
export interface Referral {
  /** ID of the referral. */
  id: Id;
  /** The user whose code was used. */
  inviter_user_id: Id;
  /** The user who registered with it. */
  invitee_user_id: Id;
  /** The code that was used. */
  invite_code_id: Id;
  /** Whether the inviter has received the reward. */
  credited: boolean;
  /** When the invitee registered. */
  created_at: Time;
  /** Null if the user was deleted. */
  inviter_login: string | null;
  /** Null if the user was deleted. */
  invitee_login: string | null;
}

/** A user in the referral tree of another user. */
export interface ReferralNode {
  /** The user. */
  user_id: Id;
  /** Null if the user was deleted. */
  login: string | null;
  /** Null for the root. */
  inviter_id: Id | null;
  /** Distance from the root: 0 for the root itself. */
  depth: number;
  /** For the root, when the user was created; for the others, when they were referred. */
  created_at: Time;
}

/** The new user, signed in. */
export interface Registration {
  /** ID of the new user. */
  user_id: Id;
  /** JWT for the `Authorization: Bearer` header. Treat it as opaque. */
  access_token: string;
  /** The authentication scheme of the token (RFC 6750). */
  token_type: "bearer";
  /** Seconds until the access token expires. */
  expires_in: number;
  /** What did not succeed, such as an unusable invite code or an email that was not sent; null if everything did. */
  warning: string | null;
}

/** Who can register. */
export interface RegistrationMode {
  /** `invite_only` requires an invite code; `disabled` rejects every registration. */
  mode: RegistrationModeMode;
}

/** `invite_only` requires an invite code; `disabled` rejects every registration. */
export type RegistrationModeMode = "open" | "invite_only" | "disabled";

/** Where to start, and options that differ from those of the replayed run. */
export interface ReplayRequest {
  /** The sequence number of an event of the run. Turns that were complete then, with the results of their tools, are kept. 0 keeps none: the new run starts at the message. */
  after_seq?: number | undefined;
  /** ID of a provider model. */
  route_id?: string | null | undefined;
  /** Persona: `key` or `key@version`. */
  persona_id?: string | null | undefined;
  /** Model selector: `provider^model`, or a model name alone. */
  model?: string | null | undefined;
  /** How much the model reasons. Overrides the mode of the persona; `off` means `none`; `max` and `extra high` mean `xhigh`. */
  reasoning_mode?: ReasoningModeInput | null | undefined;
}

/** A new run in a copy of a thread. */
export interface ReplayedRun {
  /** ID of the run, for its events. */
  run_id: Id;
  /** Trace ID of the request. All events of the run have it. */
  trace_id: TraceId;
  /** The copy of the thread, in which the run answers. */
  thread_id: Id;
}

/** A report of a thread. */
export interface Report {
  /** ID of the report. */
  id: Id;
  /** The reported thread. */
  thread_id: Id;
  /** The account of the thread. */
  account_id: Id;
  /** The user who made the report. */
  user_id: Id;
  /** The given reasons. */
  categories: ReportCategory[];
  /** Explanation of the user; null if they gave none. */
  feedback: string | null;
  /** When the thread was reported. */
  created_at: Time;
}

/** What is wrong with the thread. */
export type ReportCategory = "inaccurate" | "out_of_date" | "too_short" | "too_long" | "harmful_or_offensive" | "wrong_sources";

/** Options that differ from those of the repeated run. */
export interface RetryRequest {
  /** ID of a provider model. */
  route_id?: string | null | undefined;
  /** Persona: `key` or `key@version`. */
  persona_id?: string | null | undefined;
  /** Model selector: `provider^model`, or a model name alone. */
  model?: string | null | undefined;
  /** How much the model reasons. Overrides the mode of the persona; `off` means `none`; `max` and `extra high` mean `xhigh`. */
  reasoning_mode?: ReasoningModeInput | null | undefined;
}

/** One execution of the agent loop in a thread. */
export interface Run {
  /** ID of the run. */
  run_id: Id;
  /** Account that pays for the run. */
  account_id: Id;
  /** Thread in which the run answers. */
  thread_id: Id;
  /** The user who started the run; null if they were deleted. */
  created_by_user_id: Id | null;
  /** Current status. */
  status: RunStatus;
  /** When the run was created. */
  created_at: Time;
  /** The run that started this one as a sub-agent; null for other runs. */
  parent_run_id: Id | null;
  /** Selected model; null until a route is selected. */
  model: string | null;
  /** Key of the persona; null until a route is selected. */
  persona_id: string | null;
  /** Milliseconds from creation to the end; null until the run ends. */
  duration_ms: number | null;
  /** Tokens of all prompts; null until the run ends. */
  total_input_tokens: number | null;
  /** Tokens written by the model; null until the run ends. */
  total_output_tokens: number | null;
  /** US dollars, to 6 decimal places; null until the run ends. */
  total_cost_usd: number | null;
  /** Whether token counts and cost are partly estimated, because the provider did not report them; null until the run ends. */
  usage_estimated: boolean | null;
  /** When the run completed; null unless it did. */
  completed_at: Time | null;
  /** When the run failed; null unless it did. */
  failed_at: Time | null;
  /** When the run was canceled; null unless it was. */
  cancelled_at: Time | null;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
  /** Runs that this run started as sub-agents, in order of creation. */
  child_run_ids: Id[];
  /** Earlier run whose completed turns this run reuses. */
  resume_from_run_id: Id | null;
  /** Why the run failed; null unless it did. */
  error: RunError | null;
}

/** Cancellation was requested. Only `run.cancelled` follows. */
export interface RunCancelRequestedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.cancel_requested";
  /** Content of the event. */
  data: RunCancelRequestedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunCancelRequestedEventData {
  /** The user who canceled the run; absent if the server did. */
  requested_by_user_id?: Id | undefined;
  /** The last event that the client had seen, as sent with the request. */
  last_seen_seq?: number | undefined;
  /** Time of the request by the clock of the client. */
  client_cancelled_at?: string | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** Final event: the run was canceled. */
export interface RunCancelledEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.cancelled";
  /** Content of the event. */
  data: RunCancelledEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunCancelledEventData {
  /** Canceled while a worker executed it, before one did, or after its worker had disappeared. */
  reason: RunCancelledEventDataReason;
  /** Tokens used, if the provider reported them. */
  usage?: Usage | undefined;
  /** Cost of the tokens; absent if the model has no price and the provider reported none. */
  cost?: Cost | undefined;
  /** The incomplete message that contains the partial answer. */
  message_id?: Id | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** Canceled while a worker executed it, before one did, or after its worker had disappeared. */
export type RunCancelledEventDataReason = "cancel_signal" | "cancelled_before_start" | "reaped";

/** The body of a `run.cancelled` webhook. */
export interface RunCancelledWebhook {
  /** The event type; also the header `X-Arkloop-Event`. */
  type: "run.cancelled";
  /** When the event occurred. */
  timestamp: Time;
  /** True for a test event, whose data is invented and whose IDs are nil; absent for all others. */
  test?: true | undefined;
  /** The run that ended. */
  data: WebhookRun;
}

/** Final event: the run has answered. */
export interface RunCompletedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.completed";
  /** Content of the event. */
  data: RunCompletedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunCompletedEventData {
  /** The last model call. */
  llm_call_id?: string | undefined;
  /** Tokens used, if the provider reported them. */
  usage?: Usage | undefined;
  /** Cost of the tokens; absent if the model has no price and the provider reported none. */
  cost?: Cost | undefined;
  /** The message that contains the answer. */
  message_id?: Id | undefined;
  /** The answer. */
  assistant_message?: AssistantMessage | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The body of a `run.completed` webhook. */
export interface RunCompletedWebhook {
  /** The event type; also the header `X-Arkloop-Event`. */
  type: "run.completed";
  /** When the event occurred. */
  timestamp: Time;
  /** True for a test event, whose data is invented and whose IDs are nil; absent for all others. */
  test?: true | undefined;
  /** The run that ended. */
  data: WebhookRun;
}

/** The prompt was too large and was shortened. The messages of the thread do not change. */
export interface RunContextCompactEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.context_compact";
  /** Content of the event. */
  data: RunContextCompactEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunContextCompactEventData {
  /** Whether the summary is stored for later runs (`persist`) or used only by this one. */
  op: RunContextCompactEventDataOp;
  /** Outcome of the attempt to shorten the prompt. */
  phase: RunContextCompactEventDataPhase;
  /** Turn before which the prompt was shortened. */
  turn_index: number;
  /** Why: the size limit of requests, a rejection by the provider, or the share of the context window. */
  trigger_phase: RunContextCompactEventDataTriggerPhase;
  /** Whether the prompt has changed. */
  rewrite_applied: boolean;
  /** Old tool results that were removed. */
  tool_results_microcompacted: number;
  /** Old images that were removed. */
  images_stripped: number;
  /** Size of the request before, in bytes. */
  request_bytes_before_rewrite: number;
  /** Size of the request after, in bytes. */
  request_bytes_after_rewrite: number;
  /** Estimated tokens of the prompt before. */
  tokens_before?: number | undefined;
  /** Estimated tokens of the prompt after. */
  tokens_after?: number | undefined;
  /** Tokens used, if the provider reported them. */
  usage?: Usage | undefined;
  /** Cost of the tokens; absent if the model has no price and the provider reported none. */
  cost?: Cost | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** Whether the summary is stored for later runs (`persist`) or used only by this one. */
export type RunContextCompactEventDataOp = "rewrite" | "persist";

/** Outcome of the attempt to shorten the prompt. */
export type RunContextCompactEventDataPhase = "completed" | "no_rewrite" | "still_oversize" | "llm_failed" | "current_input_too_large";

/** Why: the size limit of requests, a rejection by the provider, or the share of the context window. */
export type RunContextCompactEventDataTriggerPhase = "preflight" | "provider" | "threshold";

/** A run as seen by platform admins. */
export interface RunDetails {
  /** ID of the run. */
  run_id: Id;
  /** Account that pays for the run. */
  account_id: Id;
  /** Thread in which the run answers. */
  thread_id: Id;
  /** Current status. */
  status: RunStatus;
  /** Selected model; null until a route is selected. */
  model: string | null;
  /** Key of the persona; null until a route is selected. */
  persona_id: string | null;
  /** Milliseconds from creation to the end; null until the run ends. */
  duration_ms: number | null;
  /** Tokens of all prompts; null until the run ends. */
  total_input_tokens: number | null;
  /** Tokens written by the model; null until the run ends. */
  total_output_tokens: number | null;
  /** US dollars, to 6 decimal places; null until the run ends. */
  total_cost_usd: number | null;
  /** Whether token counts and cost are partly estimated, because the provider did not report them; null until the run ends. */
  usage_estimated: boolean | null;
  /** Credits charged for the run; null until it ends. */
  credits_used: number | null;
  /** When the run was created. */
  created_at: Time;
  /** When the run completed; null unless it did. */
  completed_at: Time | null;
  /** When the run failed; null unless it did. */
  failed_at: Time | null;
  /** When the run was canceled; null unless it was. */
  cancelled_at: Time | null;
  /** API of the provider: `openai`, `anthropic`, `gemini` or `stub`; null until a route is selected. */
  provider_kind: string | null;
  /** Name of the model provider; null until a route is selected. */
  credential_name: string | null;
  /** The model selector of the persona. */
  persona_model: string | null;
  /** The user who started the run; null if they were deleted. */
  created_by_user_id: Id | null;
  /** Display name of the user; null if they were deleted. */
  created_by_user_name: string | null;
  /** Email address of the user; null if they have none. */
  created_by_email: string | null;
  /** The user message that the run answers. */
  user_prompt: string | null;
  /** Numbers of events of the run. */
  events_stats: RunDetailsEventsStats;
  /** Child runs, oldest first. */
  children: ChildRun[];
  /** Totals of the run and its children; null if it has no children. */
  total_aggregate: RunDetailsTotalAggregate | null;
}

/** Numbers of events of the run. */
export interface RunDetailsEventsStats {
  /** All events. */
  total: number;
  /** Completed model calls. */
  llm_turns: number;
  /** Tool calls. */
  tool_calls: number;
  /** Changes to another API of the provider. */
  provider_fallbacks: number;
}

/** Totals of a run and its children. */
export interface RunDetailsTotalAggregate {
  /** Tokens of all prompts. */
  total_input_tokens: number;
  /** Tokens written by the models. */
  total_output_tokens: number;
  /** US dollars, to 6 decimal places. */
  total_cost_usd: number;
  /** Credits charged. */
  credits_used: number;
}

/** Why a run or a tool call failed. */
export interface RunError {
  /** Stable class of the error, such as `provider.retryable`. */
  error_class: string;
  /** Human-readable; not part of the contract. */
  message: string;
  /** Further facts, depending on the class, such as `status_code`. */
  details?: AnyObject | undefined;
}

/** Clients must ignore unknown event types. */
export type RunEvent = RunStartedEvent | WorkerJobReceivedEvent | RunRecoveredEvent | RunRouteSelectedEvent | RunSegmentStartEvent | RunSegmentEndEvent | MessageDeltaEvent | MessageImageEvent | ToolCallEvent | ToolCallDeltaEvent | ToolProgressEvent | ToolResultEvent | ToolDeniedEvent | LlmTurnCompletedEvent | RunLlmRetryEvent | RunProviderFallbackEvent | RunInputRequestedEvent | RunWaitingForInputEvent | RunInputProvidedEvent | RunResumedEvent | SubagentStartedEvent | SubagentFinishedEvent | RunSteeringInjectedEvent | RunIdleHeartbeatEvent | RunContextCompactEvent | RunMcpDiscoveryEvent | ThreadTitleUpdatedEvent | TodoUpdatedEvent | SecurityInjectionDetectedEvent | SecurityToolInjectionDetectedEvent | AgentParallelDispatchEvent | AgentParallelCompleteEvent | LlmRequestEvent | LlmResponseChunkEvent | RunCancelRequestedEvent | RunCompletedEvent | RunFailedEvent | RunCancelledEvent;

/** Final event: the run has failed. */
export interface RunFailedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.failed";
  /** Content of the event. */
  data: RunFailedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunFailedEventData {
  /** Stable class of the error, such as `provider.retryable`. */
  error_class: string;
  /** Human-readable; not part of the contract. */
  message: string;
  /** Finer code of the error, such as `entitlement.credits_exhausted`. */
  code?: string | undefined;
  /** Further facts, depending on the class. */
  details?: AnyObject | undefined;
  /** Tokens used, if the provider reported them. */
  usage?: Usage | undefined;
  /** Cost of the tokens; absent if the model has no price and the provider reported none. */
  cost?: Cost | undefined;
  /** Whether a later run of the thread can reuse its completed turns. */
  resumable: boolean;
  /** `stale` if no worker reported progress for too long. */
  reason?: string | undefined;
  /** The incomplete message that contains the partial answer. */
  message_id?: Id | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The body of a `run.failed` webhook. */
export interface RunFailedWebhook {
  /** The event type; also the header `X-Arkloop-Event`. */
  type: "run.failed";
  /** When the event occurred. */
  timestamp: Time;
  /** True for a test event, whose data is invented and whose IDs are nil; absent for all others. */
  test?: true | undefined;
  /** The run that ended. */
  data: WebhookRun;
}

/** A long model or tool call is still in progress. */
export interface RunIdleHeartbeatEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.idle_heartbeat";
  /** Content of the event. */
  data: RunIdleHeartbeatEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunIdleHeartbeatEventData {
  /** Milliseconds without another event. */
  idle_ms: number;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** An answer to a question of the run, or further instructions. */
export interface RunInput {
  /** At most 32,768 bytes of UTF-8. The answer to an MCP server is a JSON object that matches its `requestedSchema`. Required unless `action` is `decline` or `cancel`. */
  content?: string | undefined;
  /** What to do with the question of an MCP server. Default: `accept`. Not allowed with other input. */
  action?: InputAction | undefined;
  /** The question that is answered. Required for the question of an MCP server. If the run does not wait for this question, 409 `question_closed` is returned and nothing is changed. */
  request_id?: string | undefined;
  /** Further inputs with the same key are ignored. */
  input_key?: string | null | undefined;
}

/** User input was accepted. */
export interface RunInputProvidedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.input_provided";
  /** Content of the event. */
  data: RunInputProvidedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunInputProvidedEventData {
  /** Text of the input. */
  content: string;
  /** The answered question; absent if the run was not waiting. */
  request_id?: string | undefined;
  /** What the user does with the question of an MCP server; absent for other input. */
  action?: InputAction | undefined;
  /** The `input_key` of the request. */
  input_key?: string | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The run asks the user. Answer with `POST /v1/runs/{run_id}/input`. */
export interface RunInputRequestedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.input_requested";
  /** Content of the event. */
  data: RunInputRequestedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunInputRequestedEventData {
  /** Identifies the question in its run. */
  request_id: string;
  /** Text of the question; absent for a check-in. */
  message?: string | undefined;
  /** JSON Schema of the expected answer, with `_fieldOrder`; absent for a check-in. */
  requestedSchema?: AnyObject | undefined;
  /** Number of the check-in; absent for a question. */
  iter?: number | undefined;
  /** The MCP server that asks; absent if the agent asks. Show its name with the question. */
  mcp_server?: RunInputRequestedEventDataMcpServer | undefined;
  /** The call of the tool of the MCP server that asks. */
  tool_call_id?: string | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The MCP server that asks; absent if the agent asks. Show its name with the question. */
export interface RunInputRequestedEventDataMcpServer {
  /** ID of the MCP server. */
  id: Id;
  /** Its name in the account. */
  name: string;
}

/** A model call failed and is repeated after a delay. */
export interface RunLlmRetryEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.llm.retry";
  /** Content of the event. */
  data: RunLlmRetryEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunLlmRetryEventData {
  /** Number of the failed attempt, from 1. */
  attempt: number;
  /** Attempts per turn. */
  max_attempts: number;
  /** Milliseconds until the next attempt. */
  delay_ms: number;
  /** Class of the error. */
  error_class: string;
  /** Human-readable; not part of the contract. */
  message?: string | undefined;
  /** Further facts, such as `status_code`. */
  details?: AnyObject | undefined;
  /** Discard `message.delta`, `message.image` and `tool.call.delta` events from this `seq` up to this event. */
  discard_from_seq?: number | undefined;
  /** Tokens used, if the provider reported them. */
  usage?: Usage | undefined;
  /** Cost of the tokens; absent if the model has no price and the provider reported none. */
  cost?: Cost | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** MCP servers failed or were slow to list their tools. The run continues with the others. */
export interface RunMcpDiscoveryEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.mcp_discovery";
  /** Content of the event. */
  data: RunMcpDiscoveryEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunMcpDiscoveryEventData {
  /** `failed` if at least one server failed. */
  status: RunMcpDiscoveryEventDataStatus;
  /** Duration of the discovery in milliseconds. */
  duration_ms: number;
  /** Duration from which discovery counts as slow, in milliseconds. */
  threshold_ms: number;
  /** Whether all lists of tools came from the cache. */
  cache_hit: boolean;
  /** How long lists of tools are cached, in seconds; 0 if they are not. */
  cache_ttl_seconds: number;
  /** Active servers of the account. */
  server_count: number;
  /** Servers with at least one tool. */
  server_ok: number;
  /** Servers that could not be used. */
  server_failed: number;
  /** Servers without tools. */
  server_empty: number;
  /** Tools of all servers. */
  tool_count: number;
  /** Result of each server. */
  servers?: RunMcpDiscoveryEventDataServer[] | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** An MCP server. */
export interface RunMcpDiscoveryEventDataServer {
  /** ID of the MCP server. */
  server_id: string;
  /** Transport of the server, such as `streamable_http`. */
  transport: string;
  /** Milliseconds until the server had listed its tools or failed. */
  duration_ms: number;
  /** `ok`, `empty` or `failed`. */
  outcome: string;
  /** Why the server failed, such as `mcp.timeout`, or `mcp.unauthorized` if a user must grant access first. */
  error_class?: string | undefined;
}

/** `failed` if at least one server failed. */
export type RunMcpDiscoveryEventDataStatus = "slow" | "failed";

/** The provider does not support the Responses API. The run uses chat completions instead. */
export interface RunProviderFallbackEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.provider_fallback";
  /** Content of the event. */
  data: RunProviderFallbackEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunProviderFallbackEventData {
  /** API of the provider. */
  provider_kind: string;
  /** API that the provider rejected. */
  from_api_mode: string;
  /** API that the run uses from now on. */
  to_api_mode: string;
  /** Always `responses_not_supported`. */
  reason: "responses_not_supported";
  /** HTTP status of the rejection. */
  status_code?: number | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** Another worker continues the run after a crash. Discard the unfinished output. */
export interface RunRecoveredEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.recovered";
  /** Content of the event. */
  data: RunRecoveredEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunRecoveredEventData {
  /** Number of the new attempt. */
  attempt: number;
  /** Discard `message.delta`, `message.image` and `tool.call.delta` events from this `seq` up to this event. */
  discard_from_seq: number;
  /** Tokens used, if the provider reported them. */
  usage?: Usage | undefined;
  /** Cost of the tokens; absent if the model has no price and the provider reported none. */
  cost?: Cost | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The run continues after waiting for input. */
export interface RunResumedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.resumed";
  /** Content of the event. */
  data: RunResumedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunResumedEventData {
  /** The question that the run waited for. */
  request_id: string;
  /** The user answered, did not answer in time, or no longer needs to because the call of the MCP server has ended. */
  reason: RunResumedEventDataReason;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The user answered, did not answer in time, or no longer needs to because the call of the MCP server has ended. */
export type RunResumedEventDataReason = "user_input_received" | "input_timeout" | "question_withdrawn";

/** The provider and model of the run were selected. They do not change any more. */
export interface RunRouteSelectedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.route.selected";
  /** Content of the event. */
  data: RunRouteSelectedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunRouteSelectedEventData {
  /** ID of the provider model, or of a static route. */
  route_id: string;
  /** Name of the model at the provider. */
  model: string;
  /** ID of the provider. */
  credential_id: string;
  /** Name of the provider. */
  credential_name: string;
  /** Who owns the provider. `static` routes are configured in the environment. */
  owner_kind: RunRouteSelectedEventDataOwnerKind;
  /** API of the provider. `stub` is the built-in test model. */
  provider_kind: RunRouteSelectedEventDataProviderKind;
  /** Configured base URL; absent if the provider's default is used. */
  base_url?: string | undefined;
  /** Configured API of an OpenAI provider. */
  openai_api_mode?: string | undefined;
  /** SHA-256 of the advanced settings, in hex. */
  advanced_json_sha256?: string | undefined;
  /** Model selector of the persona. */
  persona_model?: string | undefined;
  /** Tokens used, if the provider reported them. */
  usage?: Usage | undefined;
  /** Cost of the tokens; absent if the model has no price and the provider reported none. */
  cost?: Cost | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** Who owns the provider. `static` routes are configured in the environment. */
export type RunRouteSelectedEventDataOwnerKind = "account" | "platform" | "static";

/** API of the provider. `stub` is the built-in test model. */
export type RunRouteSelectedEventDataProviderKind = "openai" | "anthropic" | "gemini" | "stub";

/** The segment is complete. */
export interface RunSegmentEndEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.segment.end";
  /** Content of the event. */
  data: RunSegmentEndEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunSegmentEndEventData {
  /** The segment that ends. */
  segment_id: string;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** A group of events starts that a client can display as one block. */
export interface RunSegmentStartEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.segment.start";
  /** Content of the event. */
  data: RunSegmentStartEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunSegmentStartEventData {
  /** Identifies the segment in its run. */
  segment_id: string;
  /** What the segment contains. */
  kind: RunSegmentStartEventDataKind;
  /** How to display the segment. */
  display: RunSegmentStartEventDataDisplay;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** How to display the segment. */
export interface RunSegmentStartEventDataDisplay {
  /** Initial state of the block. */
  mode: RunSegmentStartEventDataDisplayMode;
  /** Title of the block, such as `Thinking`. */
  label: string;
}

/** Initial state of the block. */
export type RunSegmentStartEventDataDisplayMode = "visible" | "collapsed" | "hidden";

/** What the segment contains. */
export type RunSegmentStartEventDataKind = "thinking" | "planning_round" | "tool_group";

/** The run was created. Always the first event. */
export interface RunStartedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.started";
  /** Content of the event. */
  data: RunStartedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunStartedEventData {
  /** Which operation created the run. */
  source: RunStartedEventDataSource;
  /** Newest message of the thread that the run reads. */
  thread_tail_message_id?: Id | undefined;
  /** Requested provider model. */
  route_id?: string | undefined;
  /** Requested persona. */
  persona_id?: string | undefined;
  /** Requested model selector. */
  model?: string | undefined;
  /** Requested reasoning mode. */
  reasoning_mode?: ReasoningMode | undefined;
  /** Earlier run whose completed turns this run reuses. */
  resume_from_run_id?: Id | undefined;
  /** The incomplete message that this run continues. */
  continues_message_id?: Id | undefined;
  /** Why the run reuses an earlier one: a new user message, or `:continue` and `:replay`. */
  continuation_source: RunStartedEventDataContinuationSource;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** Why the run reuses an earlier one: a new user message, or `:continue` and `:replay`. */
export type RunStartedEventDataContinuationSource = "none" | "user_followup" | "explicit";

/** Which operation created the run. */
export type RunStartedEventDataSource = "api" | "retry" | "edit" | "continue" | "replay" | "subagent" | "schedule";

/** Status of a run. `completed`, `failed` and `cancelled` are final; `running` includes the time in the queue. */
export type RunStatus = "running" | "waiting_for_input" | "cancelling" | "completed" | "failed" | "cancelled";

/** The next model call sees input that the user sent while the run was active. */
export interface RunSteeringInjectedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.steering_injected";
  /** Content of the event. */
  data: RunSteeringInjectedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunSteeringInjectedEventData {
  /** Text of the input. */
  content: string;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** A run in a list, with its usage. */
export interface RunSummary {
  /** ID of the run. */
  run_id: Id;
  /** Account that pays for the run. */
  account_id: Id;
  /** Thread in which the run answers. */
  thread_id: Id;
  /** The user who started the run; null if they were deleted. */
  created_by_user_id: Id | null;
  /** Current status. */
  status: RunStatus;
  /** When the run was created. */
  created_at: Time;
  /** The run that started this one as a sub-agent; null for other runs. */
  parent_run_id: Id | null;
  /** Selected model; null until a route is selected. */
  model: string | null;
  /** Key of the persona; null until a route is selected. */
  persona_id: string | null;
  /** Milliseconds from creation to the end; null until the run ends. */
  duration_ms: number | null;
  /** Tokens of all prompts; null until the run ends. */
  total_input_tokens: number | null;
  /** Tokens written by the model; null until the run ends. */
  total_output_tokens: number | null;
  /** US dollars, to 6 decimal places; null until the run ends. */
  total_cost_usd: number | null;
  /** Whether token counts and cost are partly estimated, because the provider did not report them; null until the run ends. */
  usage_estimated: boolean | null;
  /** When the run completed; null unless it did. */
  completed_at: Time | null;
  /** When the run failed; null unless it did. */
  failed_at: Time | null;
  /** When the run was canceled; null unless it was. */
  cancelled_at: Time | null;
  /** Share of prompt tokens that came from the provider's cache, from 0 to 1; null if unknown. */
  cache_hit_rate: number | null;
  /** Credits charged for the run; null until it ends. */
  credits_used: number | null;
  /** Display name of the user who started the run; null if they were deleted. */
  created_by_user_name: string | null;
  /** Email address of the user who started the run; null if they have none. */
  created_by_email: string | null;
}

/** The run waits for the user. Follows `run.input_requested`. */
export interface RunWaitingForInputEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "run.waiting_for_input";
  /** Content of the event. */
  data: RunWaitingForInputEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface RunWaitingForInputEventData {
  /** The question that the run waits for. */
  request_id: string;
  /** Why the run waits. */
  reason: WaitReason;
  /** Text of the question; absent for a check-in. */
  message?: string | undefined;
  /** JSON Schema of the expected answer; absent for a check-in. */
  requestedSchema?: AnyObject | undefined;
  /** The MCP server that asks; absent if the agent asks. Show its name with the question. */
  mcp_server?: RunWaitingForInputEventDataMcpServer | undefined;
  /** The call of the tool of the MCP server that asks. */
  tool_call_id?: string | undefined;
  /** How long the run waits, in milliseconds. */
  timeout_ms: number;
  /** The run continues without an answer from this instant on. */
  expires_at: Time;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The MCP server that asks; absent if the agent asks. Show its name with the question. */
export interface RunWaitingForInputEventDataMcpServer {
  /** ID of the MCP server. */
  id: Id;
  /** Its name in the account. */
  name: string;
}

/** The body of a `run.waiting_for_input` webhook. */
export interface RunWaitingForInputWebhook {
  /** The event type; also the header `X-Arkloop-Event`. */
  type: "run.waiting_for_input";
  /** When the event occurred. */
  timestamp: Time;
  /** True for a test event, whose data is invented and whose IDs are nil; absent for all others. */
  test?: true | undefined;
  /** The run that waits. */
  data: WebhookWait;
}

/** Starts runs at the times of a cron pattern, or once. */
export interface Schedule {
  /** ID of the schedule. */
  id: Id;
  /** The account that pays for the runs. */
  account_id: Id;
  /** The user who owns the schedule, its threads and its runs. */
  created_by_user_id: Id;
  /** Name, for people. */
  name: string;
  /** Cron pattern; null for a schedule with a single time. */
  cron: string | null;
  /** The single time; null for a cron pattern. */
  run_at: Time | null;
  /** IANA time zone in which the pattern is read, in canonical spelling. */
  timezone: string;
  /** Persona of the runs: `key` or `key@version`; null for the default. */
  persona_id: string | null;
  /** The message that each run answers. */
  input: string;
  /** The thread of all runs; null if each run has a new one. */
  thread_id: Id | null;
  /** What happens with missed occurrences. */
  missed: MissedPolicy;
  /** What happens while the previous run has not ended. */
  overlap: OverlapPolicy;
  /** Whether there are further occurrences. */
  status: ScheduleStatus;
  /** Why the schedule was disabled; null unless it was. */
  disabled_reason: ScheduleDisabledReason | null;
  /** The next occurrence; null unless the schedule is active. */
  next_run_at: Time | null;
  /** The newest run; null if there was none. */
  last_run_id: Id | null;
  /** When the schedule was created. */
  created_at: Time;
  /** When the schedule was last changed. */
  updated_at: Time;
}

/** The fields to change. `cron` replaces `run_at` and the reverse. At least one is required. */
export interface ScheduleChanges {
  /** Name, for people: 1 to 200 characters. */
  name?: string | undefined;
  /** Five fields: minute, hour, day of the month, month, day of the week (0 or 7 is Sunday), with lists, ranges, steps, names, and `L`, `W` and `#`. If both days are restricted, either may match. */
  cron?: string | undefined;
  /** A single time in the future, in place of `cron` (RFC 3339, in any time zone). */
  run_at?: string | undefined;
  /** IANA name, such as `Europe/Berlin`. */
  timezone?: string | undefined;
  /** Persona: `key` or `key@version`. */
  persona_id?: string | null | undefined;
  /** The message that each run answers, at most 20,000 characters. */
  input?: string | undefined;
  /** A thread of yours for all runs. Without it, each run has a new thread. */
  thread_id?: Id | null | undefined;
  /** What happens with missed occurrences. */
  missed?: MissedPolicy | undefined;
  /** What happens while the previous run has not ended. */
  overlap?: OverlapPolicy | undefined;
}

/** Why the server disabled a schedule: its user or API key may not start runs, or its interval is too short for the plan. */
export type ScheduleDisabledReason = "consecutive_failures" | "thread_not_found" | "access_ended" | "plan_limit";

/** A time of a schedule, and what happened then. Kept for 90 days. */
export interface ScheduleOccurrence {
  /** ID of the occurrence. */
  id: Id;
  /** The schedule. */
  schedule_id: Id;
  /** The time of the occurrence; for a run that was started by hand, when that was. */
  scheduled_for: Time;
  /** Whether the time came, or a user started the run. */
  trigger: OccurrenceTrigger;
  /** `started` has a run; `failed` could not start one; `waiting` will. */
  status: OccurrenceStatus;
  /** Why it was skipped; null unless it was. */
  skip_reason: OccurrenceSkipReason | null;
  /** Why no run could be started, such as `credits_exhausted`; null otherwise. */
  error_code: string | null;
  /** The error as text; null unless the occurrence failed. */
  error_message: string | null;
  /** The run; null if there is none. */
  run_id: Id | null;
  /** The thread of the run; null if there is none. */
  thread_id: Id | null;
  /** Current status of the run; null if there is none. */
  run_status: RunStatus | null;
  /** When the server handled the occurrence. */
  created_at: Time;
}

/** The next times of a cron pattern. */
export interface SchedulePreview {
  /** The time zone in canonical spelling. */
  timezone: string;
  /** The next occurrences from now, at most 5. */
  times: Time[];
}

/** Whether a schedule has further occurrences. `paused` by its user, `disabled` by the server, `completed` if no time is left. */
export type ScheduleStatus = "active" | "paused" | "disabled" | "completed";

/** Whether signing in requires a code of an authenticator app (TOTP, RFC 6238). */
export interface SecondFactor {
  /** When the second factor was turned on; null if it is off. */
  enabled_at: Time | null;
  /** Number of recovery codes that have not been used. */
  recovery_codes_left: number;
}

/** A code that completes a sign-in. */
export interface SecondFactorAnswer {
  /** `details.challenge_token` of the sign-in. Valid for ten minutes, one sign-in and five codes. */
  challenge_token: string;
  /** The current code of the authenticator app, or a recovery code. White space is ignored. */
  code: string;
}

/** A code that proves that the caller has the second factor. */
export interface SecondFactorCode {
  /** The current code of the app, or a recovery code. White space is ignored. Required, unless a passkey has opened or confirmed the session within the last ten minutes. */
  code?: string | null | undefined;
}

/** A code that proves that the app has the secret. */
export interface SecondFactorConfirmation {
  /** The current code of the app, six digits. White space is ignored. */
  code: string;
}

/** The password and a code of the user who turns the second factor off. */
export interface SecondFactorRemoval {
  /** Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes. */
  current_password?: string | null | undefined;
  /** The current code of the app, or a recovery code. White space is ignored. Required, unless a passkey has opened or confirmed the session within the last ten minutes. */
  code?: string | null | undefined;
}

/** What an authenticator app needs to generate codes. */
export interface SecondFactorSetup {
  /** The shared secret in Base32, for typing it into an authenticator app. Returned only in this response. */
  secret: string;
  /** The secret as an `otpauth://` URI, for a QR code or a link. Codes have six digits and change every 30 seconds. */
  otpauth_uri: string;
}

/** The password of the user who sets up a second factor. */
export interface SecondFactorStart {
  /** Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes. */
  current_password?: string | null | undefined;
}

/** When the previous secret stops signing. */
export interface SecretRotation {
  /** How long the previous secret continues to sign in addition to the new one. */
  grace_period_seconds?: number | undefined;
}

/** User input looks like an attempt to take over the model. */
export interface SecurityInjectionDetectedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "security.injection.detected";
  /** Content of the event. */
  data: SecurityInjectionDetectedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface SecurityInjectionDetectedEventData {
  /** Where the input came from: the messages of the thread, steering, an answer or a check-in. */
  input_phase: SecurityInjectionDetectedEventDataInputPhase;
  /** Number of matches. */
  detection_count: number;
  /** Names of the matching patterns. */
  patterns?: string[] | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** Where the input came from: the messages of the thread, steering, an answer or a check-in. */
export type SecurityInjectionDetectedEventDataInputPhase = "initial" | "steering_input" | "ask_user" | "interactive_checkin";

/** The output of a tool looks like an attack on the model and was replaced by a warning, or the description of a tool, which was left out. */
export interface SecurityToolInjectionDetectedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "security.tool_injection.detected";
  /** Content of the event. */
  data: SecurityToolInjectionDetectedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface SecurityToolInjectionDetectedEventData {
  /** The tool. */
  tool_name: string;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The fields of a persona that a picker needs. */
export interface SelectablePersona {
  /** For built-in personas: `builtin:{key}:{version}`. */
  id: PersonaId;
  /** Name for `persona_id` of runs. */
  persona_key: string;
  /** Runs select a version with `key@version`; otherwise the newest applies. */
  version: string;
  /** `platform` for built-in personas. */
  scope: PersonaScope;
  /** `builtin` personas cannot be changed or deleted. */
  source: PersonaSource;
  /** Name shown to users. */
  display_name: string;
  /** What the persona is good for. */
  description: string | null;
  /** Name in a picker; null means `display_name`. */
  selector_name: string | null;
  /** Position in a picker, ascending; null means 99. */
  selector_order: number | null;
  /** Model selector: `provider^model`, or a model name alone; null means the default model. */
  model: string | null;
  /** How much the model reasons, unless the run says otherwise. */
  reasoning_mode: ReasoningMode;
}

/** A long-lived credential of a program that administers the platform. The secret is returned only on creation and rotation. */
export interface ServiceKey {
  /** ID of the key. */
  id: Id;
  /** The platform admin who received the current secret, by creating or rotating the key. */
  user_id: Id;
  /** Display name; not unique. */
  name: string;
  /** First 8 characters of the key. */
  key_prefix: string;
  /** The permissions of the key, sorted. They cannot be changed. */
  scopes: string[];
  /** Networks from which the key is accepted, without host bits; null for all addresses. */
  allowed_addresses: Cidr[] | null;
  /** Requests that the key may make in a minute. */
  requests_per_minute: number;
  /** Whether the current secret is accepted: the key is neither revoked nor expired, and its user is still an active platform admin. */
  is_active: boolean;
  /** The key is rejected from this instant on; null means that it does not expire. */
  expires_at: Time | null;
  /** Until then, the secret before the last rotation is accepted as well; null if it is not. */
  previous_secret_expires_at: Time | null;
  /** When the key was revoked; null while it is not. */
  revoked_at: Time | null;
  /** When the key was last used, to the minute; null if it never was. */
  last_used_at: Time | null;
  /** When the key was created. */
  created_at: Time;
}

/** Properties of a service key to change. Its permissions cannot be changed. */
export interface ServiceKeyChanges {
  /** Display name, 1 to 200 characters, to recognize the key later. */
  name?: string | undefined;
  /** Networks from which the key is accepted. Null for all addresses. */
  allowed_addresses?: Cidr[] | null | undefined;
  /** Requests that the key may make in a minute. */
  requests_per_minute?: number | undefined;
  /** A time in the future; null for a key that does not expire. */
  expires_at?: string | null | undefined;
}

/** A permission of the platform that a service key can have. */
export type ServiceKeyScope = "platform.accounts.manage" | "platform.accounts.read" | "platform.credits.manage" | "platform.entitlements.manage" | "platform.erasures.manage" | "platform.feature_flags.manage" | "platform.plans.manage" | "platform.redemption_codes.manage" | "platform.subscriptions.manage" | "platform.usage.read";

/** What a text is: a time, a JSON document or a URL. */
export type SettingFormat = "date-time" | "json" | "uri";

/** An environment variable that sets a setting. */
export interface SettingFromEnvironment {
  /** Name of the environment variable. */
  variable: string;
  /** Its value as text. Sensitive values read `******`. */
  value: string;
  /** Whether a stored value has no effect. False for settings of the gateway, whose stored values take precedence. */
  takes_precedence: boolean;
}

/** A setting and its default. */
export interface SettingSchema {
  /** Key of the setting, such as `limit.team_members`. */
  key: string;
  /** Type of the value. The value itself is always text. */
  type: SettingSchemaType;
  /** Default value as text; null if there is no default. */
  default: string | null;
  /** What the setting does, with its unit. */
  description: string;
  /** Whether the value is a secret: it is stored encrypted and reads `******`. */
  sensitive: boolean;
  /** What the text of the value is; null for other values. */
  format: SettingFormat | null;
  /** The environment variable that sets the value in the process that responds; null if none does. Always null for users who are not platform admins. */
  environment: SettingFromEnvironment | null;
  /** `both`: plans and overrides can change the value for an account. */
  scope: SettingSchemaScope;
}

/** `both`: plans and overrides can change the value for an account. */
export type SettingSchemaScope = "both" | "platform";

/** Type of the value. The value itself is always text. */
export type SettingSchemaType = "string" | "integer" | "number" | "boolean";

/** A link for reading a thread without an account. */
export interface Share {
  /** ID of the share, for deleting it. */
  id: Id;
  /** 22 letters and digits. Anyone who has the token can open the share. */
  token: string;
  /** The path of the shared page: `/s/{token}`. */
  url: string;
  /** Whether readers need a password. */
  access_type: ShareAccess;
  /** The same as `access_type` `password`. */
  has_password: boolean;
  /** Whether messages added later are also shown. */
  live_update: boolean;
  /** Number of user messages at the time of sharing. */
  snapshot_turn_count: number;
  /** When the thread was shared. */
  created_at: Time;
}

/** How a share is protected. */
export type ShareAccess = "public" | "password";

/** The password of a share. */
export interface SharePassword {
  /** The password that the owner of the thread set. */
  password: string;
}

/** The right to open a share with a password. */
export interface ShareSession {
  /** Opens the share for 24 hours, or until the share is deleted. */
  session_token: string;
}

/** A shared thread, or the request for its password. */
export type ShareView = SharedThread | LockedShare;

/** A message of a shared thread, without IDs of the account and its users. */
export interface SharedMessage {
  /** ID of the message. */
  id: Id;
  /** Who wrote the message: a user, or the model in a run. */
  role: MessageRole;
  /** For structured messages: the text parts, and the names and texts of the attachments. */
  content: string;
  /** Present only on structured messages, such as answers with images. */
  content_json?: MessageContent | undefined;
  /** Whether the text is complete. Always `complete` for messages of users. */
  completion: MessageCompletion;
  /** When the message was stored. */
  created_at: Time;
}

/** A shared thread. Contains nothing that identifies the account or its users. */
export interface SharedThread {
  /** False: the thread can be read. */
  requires_password: false;
  /** The thread. */
  thread: SharedThreadThread;
  /** Oldest first. Attachments can be downloaded with their keys and `share_token`. */
  messages: SharedMessage[];
}

/** The thread. */
export interface SharedThreadThread {
  /** Title of the thread; null if it has none. */
  title: string | null;
  /** When the thread was created. */
  created_at: Time;
}

/** How a session was opened: with a password, an emailed code, an identity provider (`oidc`), or a passkey. */
export type SignInMethod = "password" | "email_otp" | "oidc" | "passkey";

/** A provider on the sign-in page. */
export interface SignInProvider {
  /** ID of the provider. */
  id: Id;
  /** Name for the button. */
  name: string;
}

/** What a person does next. */
export type SignInStep = "password" | "register";

/** A folder with instructions that a model loads when a task requires them. */
export interface Skill {
  /** ID of the skill. */
  id: Id;
  /** The account whose personas can use the skill. */
  account_id: Id;
  /** Name from `SKILL.md`, unique in the account. It cannot be changed. */
  name: string;
  /** Description from `SKILL.md`: what the skill does, and when to use it. */
  description: string;
  /** Whether runs can load the skill. */
  is_active: boolean;
  /** Number of files, including `SKILL.md`. */
  file_count: number;
  /** Size of all files in bytes. */
  size: number;
  /** When the skill was created. */
  created_at: Time;
  /** When the skill was last changed. */
  updated_at: Time;
}

/** The fields of the skill to change. */
export interface SkillChanges {
  /** Whether runs can load the skill. */
  is_active?: boolean | undefined;
}

/** The content of a skill: `files` or `zip`. At most 100 files and 2 MiB in total. */
export interface SkillContent {
  /** All files of the skill. One of them is `SKILL.md`, with the front matter fields `name` and `description`. */
  files?: NewSkillFile[] | undefined;
  /** The folder of the skill as a zip archive, in base64. `SKILL.md` is at its root or in its only folder. */
  zip?: string | undefined;
}

/** A skill and its files. */
export interface SkillDetails {
  /** ID of the skill. */
  id: Id;
  /** The account whose personas can use the skill. */
  account_id: Id;
  /** Name from `SKILL.md`, unique in the account. It cannot be changed. */
  name: string;
  /** Description from `SKILL.md`: what the skill does, and when to use it. */
  description: string;
  /** Whether runs can load the skill. */
  is_active: boolean;
  /** Number of files, including `SKILL.md`. */
  file_count: number;
  /** Size of all files in bytes. */
  size: number;
  /** When the skill was created. */
  created_at: Time;
  /** When the skill was last changed. */
  updated_at: Time;
  /** The files, sorted by path. `SKILL.md` is the first. */
  files: SkillFile[];
}

/** A file of a skill. */
export interface SkillFile {
  /** Path in the folder of the skill, such as `references/styles.md`. */
  path: string;
  /** Size in bytes. */
  size: number;
  /** Determined by the file name extension. */
  mime_type: string;
  /** SHA-256 of the content, in lowercase hex digits. */
  sha256: string;
}

/** Encoding of a file content. */
export type SkillFileEncoding = "utf8" | "base64";

/** Encryption of the connection to a mail server. */
export type SmtpTlsMode = "none" | "starttls" | "tls";

/** Ascending or descending. */
export type SortOrder = "asc" | "desc";

/** An uploaded file that a message can reference. */
export interface StagedAttachment {
  /** Send this with `content_json` of a message, or download the file with it. */
  key: string;
  /** The submitted file name, without folders and unsafe characters. Any script is allowed. */
  filename: string;
  /** Media type, determined by the content or the extension. */
  mime_type: string;
  /** Size in bytes. */
  size: number;
  /** The type of the message part: `image` or `file`. */
  kind: StagedAttachmentKind;
  /** Text files and documents only: the first 12,000 characters. */
  extracted_text?: string | undefined;
}

/** The type of the message part: `image` or `file`. */
export type StagedAttachmentKind = "image" | "file";

/** Whether the object store can be used. Requests that do not need it are served in any case. */
export type StorageState = "ok" | "not_configured" | "unreachable" | "failing" | "bucket_missing" | "credentials_refused" | "access_denied" | "folder_unusable";

/** Current storage of an account and its quotas, until it is removed. */
export interface StorageUsage {
  /** Uploaded files, also staged ones. */
  attachments: StoredBytes;
  /** Events of ended runs. */
  events: StoredBytes;
  /** Message text, plus 256 bytes per message, 1,024 bytes per thread and 512 bytes per share. */
  messages: StoredBytes;
  /** Files of all workspaces and their revisions. */
  workspaces: StoredBytes;
}

/** Stored bytes and their limit. */
export interface StoredBytes {
  /** Stored bytes. */
  used_bytes: number;
  /** Null means no limit. */
  limit_bytes: number | null;
}

/** A child run has ended. Its tokens and cost are those of the child run, and are charged with it. */
export interface SubagentFinishedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "subagent.finished";
  /** Content of the event. */
  data: SubagentFinishedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface SubagentFinishedEventData {
  /** The sub-agent. */
  agent_id: Id;
  /** The child run. */
  run_id: Id;
  /** How the child run ended. */
  status: SubagentFinishedEventDataStatus;
  /** Why it failed. */
  error?: RunError | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** How the child run ended. */
export type SubagentFinishedEventDataStatus = "completed" | "failed" | "cancelled";

/** The run started a child run. Retrieve and stream it like any run. */
export interface SubagentStartedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "subagent.started";
  /** Content of the event. */
  data: SubagentStartedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface SubagentStartedEventData {
  /** The tool call that started the sub-agent, or gave it another task. */
  tool_call_id: string;
  /** The sub-agent. It stays the same over all its runs. */
  agent_id: Id;
  /** The child run. It has its own events and usage. */
  run_id: Id;
  /** Requested persona of the child run. */
  persona_id?: string | undefined;
  /** Number of runs above the child run. */
  depth: number;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The plan of an account. */
export interface Subscription {
  /** ID of the subscription. */
  id: Id;
  /** The subscribed account. */
  account_id: Id;
  /** The plan whose entitlements apply. */
  plan_id: Id;
  /** A subscription stays `active` until it is canceled, regardless of its period. `expired` is reserved. */
  status: SubscriptionStatus;
  /** Monthly credit grants are counted from this instant. */
  current_period_start: Time;
  /** Monthly credit grants stop at this instant. The subscription does not end. */
  current_period_end: Time;
  /** When the subscription was canceled; null while it is active. */
  cancelled_at: Time | null;
  /** When the subscription was created. */
  created_at: Time;
}

/** The body of a `subscription.changed` webhook. */
export interface SubscriptionChangedWebhook {
  /** The event type; also the header `X-Arkloop-Event`. */
  type: "subscription.changed";
  /** When the event occurred. */
  timestamp: Time;
  /** True for a test event, whose data is invented and whose IDs are nil; absent for all others. */
  test?: true | undefined;
  /** The subscription and its change. */
  data: WebhookSubscription;
}

/** The period to change. At least one field is required. */
export interface SubscriptionChanges {
  /** Monthly credit grants are counted from this instant. */
  current_period_start?: string | undefined;
  /** Must be after the start. Monthly credit grants stop at this instant. */
  current_period_end?: string | undefined;
}

/** A status of subscriptions, or `all`. */
export type SubscriptionFilter = "active" | "cancelled" | "expired" | "all";

/** A subscription stays `active` until it is canceled, regardless of its period. `expired` is reserved. */
export type SubscriptionStatus = "active" | "cancelled" | "expired";

/** A group of account members. */
export interface Team {
  /** ID of the team. */
  id: Id;
  /** The account that the team belongs to. */
  account_id: Id;
  /** Display name; not unique. */
  name: string;
  /** Number of members. */
  members_count: number;
  /** When the team was created. */
  created_at: Time;
}

/** A member of a team. */
export interface TeamMember {
  /** The team. */
  team_id: Id;
  /** The user, who is a member of the account. */
  user_id: Id;
  /** Informational only; grants no permissions. */
  role: MemberRole;
  /** When the user joined the team. */
  created_at: Time;
}

/** The recipient of a test email. */
export interface TestEmail {
  /** An email address (RFC 5322 addr-spec) of 3 to 254 characters. */
  to: string;
}

/** Text of a message. */
export interface TextPart {
  /** Distinguishes the types of parts. */
  type: "text";
  /** Markdown text. All text parts of a message have at most 20,000 characters. */
  text: string;
}

/** A conversation, owned by one user in one account. */
export interface Thread {
  /** ID of the thread. */
  id: Id;
  /** The account that the thread belongs to. */
  account_id: Id;
  /** The owner; null if they were deleted. */
  created_by_user_id: Id | null;
  /** Title. Unless you set one, it is the first words of the first message until a run generates a better one; null without messages. */
  title: string | null;
  /** The project that contains the thread; null if it is in none. */
  project_id: Id | null;
  /** When the thread was created. */
  created_at: Time;
  /** Time of the last activity. */
  updated_at: Time;
  /** When the thread was archived; null if it is not. A new message or run unarchives the thread. */
  archived_at: Time | null;
  /** The run that has not ended, if there is one. */
  active_run_id: Id | null;
  /** Whether only the owner can see the thread. It is in no list and expires. */
  is_private: boolean;
  /** Only private threads expire. */
  expires_at: Time | null;
  /** Present only on forked threads. */
  parent_thread_id?: Id | undefined;
}

/** The fields of the thread to change. At least one is required. */
export interface ThreadChanges {
  /** A blank title is stored as null. */
  title?: string | null | undefined;
  /** A project that you can see; null removes the thread from its project. */
  project_id?: Id | null | undefined;
  /** Whether the thread is archived. Archived threads are only in lists and searches with `archived=true`. */
  archived?: boolean | undefined;
}

/** A run in the list of its thread. */
export interface ThreadRun {
  /** ID of the run. */
  run_id: Id;
  /** Current status. */
  status: RunStatus;
  /** When the run was created. */
  created_at: Time;
  /** Earlier run whose completed turns this run reuses; absent if there is none. */
  resume_from_run_id?: Id | undefined;
  /** The newest message of the thread when the run was created, which the run answers. Runs with the same message are versions of one answer. */
  thread_tail_message_id?: Id | undefined;
}

/** The thread received an automatic title. */
export interface ThreadTitleUpdatedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "thread.title.updated";
  /** Content of the event. */
  data: ThreadTitleUpdatedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface ThreadTitleUpdatedEventData {
  /** The thread. */
  thread_id: Id;
  /** The new title. */
  title: string;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** An instant in UTC with milliseconds (RFC 3339), such as `2026-01-31T09:30:00.000Z`. */
export type Time = string;

/** The model changed its list of tasks. */
export interface TodoUpdatedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "todo.updated";
  /** Content of the event. */
  data: TodoUpdatedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface TodoUpdatedEventData {
  /** The whole list, in order. */
  todos: TodoUpdatedEventDataTodo[];
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** A task. */
export interface TodoUpdatedEventDataTodo {
  /** Identifies the task in the list. */
  id: string;
  /** Text of the task. */
  content: string;
  /** At most one task is `in_progress`. */
  status: TodoUpdatedEventDataTodoStatus;
}

/** At most one task is `in_progress`. */
export type TodoUpdatedEventDataTodoStatus = "pending" | "in_progress" | "completed" | "cancelled";

/** A piece of the arguments of a tool call, while the model writes them. */
export interface ToolCallDeltaEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "tool.call.delta";
  /** Content of the event. */
  data: ToolCallDeltaEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface ToolCallDeltaEventData {
  /** Position of the call in the turn, from 0. */
  tool_call_index: number;
  /** Text to append to the JSON of the arguments. */
  arguments_delta: string;
  /** The call; absent until the provider reports it. */
  tool_call_id?: string | undefined;
  /** Name of the tool, once per call. */
  tool_name?: string | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The model calls a tool. Exactly one `tool.result` follows unless the run ends before. */
export interface ToolCallEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "tool.call";
  /** Content of the event. */
  data: ToolCallEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface ToolCallEventData {
  /** Identifies the call in its run: the `tool.call` and its `tool.result` share it. */
  tool_call_id: string;
  /** Name of the tool as the model called it. */
  tool_name: string;
  /** Arguments of the call. */
  arguments: AnyObject;
  /** Provider of a tool group that executes the call. */
  resolved_tool_name?: string | undefined;
  /** SHA-256 of the canonical JSON (RFC 8785) of the arguments, in hex. */
  args_hash?: string | undefined;
  /** Version of the tool, if it has one. */
  tool_version?: string | undefined;
  /** Estimated risk of the call, if the tool declares one. */
  risk_level?: ToolCallEventDataRiskLevel | undefined;
  /** Whether the call may change something. Such calls are never executed in parallel. */
  side_effects?: boolean | undefined;
  /** Permissions that the tool requires, if it declares any. */
  required_scopes?: string[] | undefined;
  /** Capabilities of the tool, if it declares any. */
  capabilities?: string[] | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** Estimated risk of the call, if the tool declares one. */
export type ToolCallEventDataRiskLevel = "low" | "medium" | "high";

/** Omitted or blank fields keep their values. */
export interface ToolCredential {
  /** API key of the provider; stored encrypted and never returned. */
  api_key?: string | undefined;
  /** Absolute URL without user info, query or fragment. */
  base_url?: string | undefined;
}

/** A tool call was not executed. A `tool.result` with the error class `policy.denied` follows. */
export interface ToolDeniedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "tool.denied";
  /** Content of the event. */
  data: ToolDeniedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface ToolDeniedEventData {
  /** Identifies the call in its run: the `tool.call` and its `tool.result` share it. */
  tool_call_id: string;
  /** Name of the tool as the model called it. */
  tool_name: string;
  /** Always `policy.denied`. */
  code: "policy.denied";
  /** Human-readable; the model reads it too. */
  message: string;
  /** The persona does not allow the tool, its arguments are invalid, or there is no such tool. */
  deny_reason: ToolDeniedEventDataDenyReason;
  /** Provider of a tool group that would execute the call. */
  resolved_tool_name?: string | undefined;
  /** SHA-256 of the canonical JSON (RFC 8785) of the arguments, in hex. */
  args_hash?: string | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The persona does not allow the tool, its arguments are invalid, or there is no such tool. */
export type ToolDeniedEventDataDenyReason = "tool.not_in_allowlist" | "tool.args_invalid" | "tool.unknown";

/** Tools that a model can call. Calls go to the active provider of the group. */
export type ToolGroup = "web_search" | "web_fetch";

/** How far a tool call is. At most one per second and call; later ones replace earlier ones. */
export interface ToolProgressEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "tool.progress";
  /** Content of the event. */
  data: ToolProgressEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface ToolProgressEventData {
  /** Identifies the call in its run: the `tool.call` and its `tool.result` share it. */
  tool_call_id: string;
  /** Name of the tool as the model called it. */
  tool_name: string;
  /** How far the call is. It normally increases. */
  progress: number;
  /** Value of `progress` at the end, if it is known. */
  total?: number | undefined;
  /** What the tool is doing, at most 500 characters. */
  message?: string | undefined;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** A provider as configured for one account or for the platform. */
export interface ToolProvider {
  /** The tools that the provider implements. */
  group_name: ToolGroup;
  /** Name of the provider, for the path of other operations. */
  provider_name: ToolProviderName;
  /** Whether calls go to the provider. At most one provider of a group is active. */
  is_active: boolean;
  /** The first and last characters of the API key. */
  key_prefix: string | null;
  /** Base URL; null if none is set. */
  base_url: string | null;
  /** Whether the provider needs an API key. */
  requires_api_key: boolean;
  /** Whether the provider needs a base URL. */
  requires_base_url: boolean;
  /** Whether all required values are set. */
  configured: boolean;
}

/** A tool group with its providers. */
export interface ToolProviderGroup {
  /** The tools that models can call. */
  group_name: ToolGroup;
  /** All providers, configured or not. */
  providers: ToolProvider[];
}

/** All tool groups. */
export interface ToolProviderGroups {
  /** Always in the same order. */
  groups: ToolProviderGroup[];
}

/** The tool group and the name of the provider. */
export type ToolProviderName = "web_search.tavily" | "web_search.searxng" | "web_search.duckduckgo" | "web_fetch.jina" | "web_fetch.firecrawl" | "web_fetch.basic";

/** A tool call has ended. It has a result, an error or both; an error does not end the run. */
export interface ToolResultEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "tool.result";
  /** Content of the event. */
  data: ToolResultEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface ToolResultEventData {
  /** Identifies the call in its run: the `tool.call` and its `tool.result` share it. */
  tool_call_id: string;
  /** Name of the tool as the model called it. */
  tool_name: string;
  /** Output of the tool. Large outputs are shortened, with `truncated`. */
  result?: AnyObject | undefined;
  /** Why the call failed. */
  error?: RunError | undefined;
  /** Tokens used, if the provider reported them. */
  usage?: Usage | undefined;
  /** Cost of the tokens; absent if the model has no price and the provider reported none. */
  cost?: Cost | undefined;
  /** Duration of the call in milliseconds. */
  duration_ms: number;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** A trace ID: 32 lowercase hex digits. It identifies a request in the server log. */
export type TraceId = string;

/** The text of a recording. */
export interface Transcript {
  /** What was said, as the provider returned it. */
  text: string;
}

/** The process is not ready. */
export interface Unreadiness {
  /** Always `unavailable`. */
  status: "unavailable";
  /** For operators; not part of the contract. */
  reason: string;
}

/** A model that the provider offers. */
export interface UpstreamModel {
  /** Name of the model at the provider, for `model`. */
  id: string;
  /** Display name. */
  name: string;
  /** Whether the model is already added. */
  configured: boolean;
  /** Kind of model: `chat`, `embedding`, `image`, `audio` or `moderation`. */
  type?: string | undefined;
  /** Context window in tokens. */
  context_length?: number | undefined;
  /** Maximum output tokens. */
  max_output_tokens?: number | undefined;
  /** What the model accepts, such as `text` and `image`. */
  input_modalities?: string[] | undefined;
  /** Whether the model can call tools. */
  tool_calling?: boolean | undefined;
  /** Whether the model can reason. */
  reasoning?: boolean | undefined;
  /** What the model produces. */
  output_modalities?: string[] | undefined;
  /** Temperature that the provider uses by default. */
  default_temperature?: number | undefined;
  /** Prices from the list of known models; absent for other models and servers. */
  known?: KnownFigures | undefined;
}

/** The models that a provider offers. */
export interface UpstreamModels {
  /** Sorted by name. Fields that neither the provider nor the list of known models has are absent. */
  models: UpstreamModel[];
}

/** Token counts of one or more model calls, reported by the provider or else estimated. */
export interface Usage {
  /** Tokens of the prompt. Anthropic does not count cached tokens here; OpenAI does. */
  input_tokens?: number | undefined;
  /** Tokens written by the model, including reasoning. */
  output_tokens?: number | undefined;
  /** Sum as reported by the provider. */
  total_tokens?: number | undefined;
  /** Prompt tokens written to the cache (Anthropic). */
  cache_creation_input_tokens?: number | undefined;
  /** Prompt tokens read from the cache (Anthropic). */
  cache_read_input_tokens?: number | undefined;
  /** Prompt tokens read from the cache (OpenAI); part of `input_tokens`. */
  cached_tokens?: number | undefined;
  /** Reported tokens beyond what the call can have used. Not charged. */
  excess_tokens?: number | undefined;
  /** True if some of the counts are estimated because the provider did not report them. */
  estimated?: boolean | undefined;
}

/** Usage of all accounts in a month (UTC). */
export interface UsageSummary {
  /** Year of the month (UTC). */
  year: number;
  /** Month (UTC), from 1 for January. */
  month: number;
  /** Tokens of all prompts. */
  total_input_tokens: number;
  /** Tokens written by the models. */
  total_output_tokens: number;
  /** Prompt tokens written to caches (Anthropic). */
  total_cache_creation_tokens: number;
  /** Prompt tokens read from caches (Anthropic). */
  total_cache_read_tokens: number;
  /** Prompt tokens read from caches (OpenAI). */
  total_cached_tokens: number;
  /** US dollars, to 6 decimal places. */
  total_cost_usd: number;
  /** Runs and chat completions that ended in the month. */
  record_count: number;
}

/** A user as seen by platform admins. */
export interface User {
  /** ID of the user. */
  id: Id;
  /** Null for the built-in service user, which cannot sign in. */
  login: string | null;
  /** Display name. */
  username: string;
  /** Email address; null if the user has none. */
  email: string | null;
  /** When the address was verified; null if it is not. */
  email_verified_at: Time | null;
  /** Whether the user may sign in. */
  status: UserStatus;
  /** BCP 47 language tag. */
  locale: string | null;
  /** IANA time zone. */
  timezone: string | null;
  /** Whether the user has the permissions of the platform. */
  is_platform_admin: boolean;
  /** When the user last signed in; null if never. */
  last_login_at: Time | null;
  /** When the user registered. */
  created_at: Time;
}

/** An account that a user is a member of. */
export interface UserAccount {
  /** The account. */
  account_id: Id;
  /** Display name of the account. */
  name: string;
  /** Each user has one `personal` account; a `workspace` has members. */
  type: AccountType;
  /** Role of the user in the account. */
  role: string;
}

/** Kind of client, determined by its `User-Agent`. `tool` includes command-line tools and HTTP libraries. */
export type UserAgentType = "browser" | "bot" | "tool" | "unknown";

/** The fields of the user to change. At least one is required. */
export interface UserChanges {
  /** Suspends or reactivates the user. */
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
  /** Grants or removes the permissions of the platform, from the next request on. */
  is_platform_admin?: boolean | undefined;
}

/** A user with their accounts. */
export interface UserDetail {
  /** ID of the user. */
  id: Id;
  /** Null for the built-in service user, which cannot sign in. */
  login: string | null;
  /** Display name. */
  username: string;
  /** Email address; null if the user has none. */
  email: string | null;
  /** When the address was verified; null if it is not. */
  email_verified_at: Time | null;
  /** Whether the user may sign in. */
  status: UserStatus;
  /** BCP 47 language tag. */
  locale: string | null;
  /** IANA time zone. */
  timezone: string | null;
  /** Whether the user has the permissions of the platform. */
  is_platform_admin: boolean;
  /** When the user last signed in; null if never. */
  last_login_at: Time | null;
  /** When the user registered. */
  created_at: Time;
  /** Newest membership first. */
  accounts: UserAccount[];
}

/** A device or program on which a user is signed in. */
export interface UserSession {
  /** ID of the session, for ending it. */
  id: Id;
  /** Whether this request was made in the session. */
  is_current: boolean;
  /** The active account of the session. */
  account_id: Id;
  /** How the user signed in. */
  method: SignInMethod;
  /** Browser or program and operating system, derived from `user_agent`; null if they are not recognized. */
  device: string | null;
  /** The `User-Agent` header at sign-in. It is not verified. */
  user_agent: string | null;
  /** The client address at sign-in. */
  ip_address: string | null;
  /** When the user signed in. */
  created_at: Time;
  /** When the session was last refreshed. It may have been used since, for the lifetime of an access token. */
  last_used_at: Time;
  /** When the session expires unless it is refreshed before. */
  expires_at: Time;
}

/** Whether a user may sign in. Deleted users are not returned. */
export type UserStatus = "active" | "suspended";

/** A `shared` project is visible to all members of the account, or only to the team in `team_id`. */
export type Visibility = "private" | "shared";

/** A question of the model, a regular check-in of the persona, or a question of an MCP server during a tool call. */
export type WaitReason = "ask_user" | "check_in" | "elicitation";

/** An API key that expires within 7 days. Sent once for each expiry of a key. */
export interface WebhookApiKey {
  /** The account of the endpoint. */
  account_id: Id;
  /** The key. */
  api_key_id: Id;
  /** The user of the key. */
  user_id: Id;
  /** Display name of the key. */
  name: string;
  /** First 7 characters of the key. */
  key_prefix: string;
  /** The key is rejected from this instant on. */
  expires_at: Time;
  /** Trace ID of the request or run that caused the event. */
  trace_id: TraceId;
}

/** One request of a delivery. */
export interface WebhookAttempt {
  /** When the request was sent. */
  attempted_at: Time;
  /** Milliseconds until the response had arrived or the attempt had failed. */
  duration_ms: number;
  /** HTTP status of the response; null if there was none. */
  response_status: number | null;
  /** The first 1,000 characters of the response. */
  response_body: string | null;
  /** Why the attempt failed; null if it succeeded. */
  error: WebhookError | null;
}

/** A balance that has fallen below its threshold. Sent again only after the balance was at or above the threshold. */
export interface WebhookCredits {
  /** The account of the endpoint. */
  account_id: Id;
  /** The balance after the charge that crossed the threshold. */
  balance: number;
  /** The threshold: that of the account, or the default of the platform. */
  threshold: number;
  /** Trace ID of the request or run that caused the event. */
  trace_id: TraceId;
}

/** The delivery of one event to one endpoint. */
export interface WebhookDelivery {
  /** ID of the delivery; also the header `X-Arkloop-Delivery`. */
  id: Id;
  /** The endpoint that receives the event. */
  endpoint_id: Id;
  /** The account of the endpoint. */
  account_id: Id;
  /** The `webhook-id` of every attempt; the same for all endpoints and redeliveries. */
  message_id: string;
  /** Type of the event. */
  event_type: WebhookEventType;
  /** Whether the event was received. */
  status: WebhookDeliveryStatus;
  /** Attempts so far. By default at most 5. */
  attempts: number;
  /** When the last attempt was made; null before the first. */
  last_attempt_at: Time | null;
  /** Null once the status is final. */
  next_attempt_at: Time | null;
  /** HTTP status of the last response; null if there was none. */
  response_status: number | null;
  /** The first 4,096 bytes of the last response, as text. */
  response_body: string | null;
  /** Why the last attempt failed; null if it succeeded or none was made. */
  error: WebhookError | null;
  /** The delivery that was repeated; null for others. */
  redelivery_of: Id | null;
  /** Whether it delivers a test event. It is attempted only once and does not count as a failure. */
  is_test: boolean;
  /** When the delivery was created. */
  created_at: Time;
}

/** A delivery with its payload and its attempts. */
export interface WebhookDeliveryDetail {
  /** ID of the delivery; also the header `X-Arkloop-Delivery`. */
  id: Id;
  /** The endpoint that receives the event. */
  endpoint_id: Id;
  /** The account of the endpoint. */
  account_id: Id;
  /** The `webhook-id` of every attempt; the same for all endpoints and redeliveries. */
  message_id: string;
  /** Type of the event. */
  event_type: WebhookEventType;
  /** Whether the event was received. */
  status: WebhookDeliveryStatus;
  /** Attempts so far. By default at most 5. */
  attempts: number;
  /** When the last attempt was made; null before the first. */
  last_attempt_at: Time | null;
  /** Null once the status is final. */
  next_attempt_at: Time | null;
  /** HTTP status of the last response; null if there was none. */
  response_status: number | null;
  /** The first 4,096 bytes of the last response, as text. */
  response_body: string | null;
  /** Why the last attempt failed; null if it succeeded or none was made. */
  error: WebhookError | null;
  /** The delivery that was repeated; null for others. */
  redelivery_of: Id | null;
  /** Whether it delivers a test event. It is attempted only once and does not count as a failure. */
  is_test: boolean;
  /** When the delivery was created. */
  created_at: Time;
  /** The body of the request. */
  payload: WebhookEvent;
  /** The last 20 attempts, oldest first. */
  attempt_log: WebhookAttempt[];
}

/** `pending` until an attempt succeeds (`delivered`) or no more are made (`failed`). */
export type WebhookDeliveryStatus = "pending" | "delivered" | "failed";

/** Why an endpoint is disabled. */
export type WebhookDisabledReason = "manual" | "consecutive_failures" | "gone";

/** A URL of an account to which events are sent. */
export interface WebhookEndpoint {
  /** ID of the endpoint. */
  id: Id;
  /** The account whose events are sent. */
  account_id: Id;
  /** URL that receives the events, normalized. */
  url: string;
  /** Event types that are sent. */
  events: WebhookEventType[];
  /** Whether events are sent. Events that occur while it is false are not sent later. */
  enabled: boolean;
  /** Why the endpoint is disabled: by a user, after 20 consecutive failed deliveries, or because the receiver returned 410. */
  disabled_reason: WebhookDisabledReason | null;
  /** Which runs send events. */
  filter: WebhookFilter;
  /** Names of the custom headers, in lowercase. Their values are never returned. */
  header_names: string[];
  /** First 10 characters of the signing secret. */
  secret_prefix: string;
  /** Until this instant, messages are also signed with the previous secret. */
  previous_secret_expires_at: Time | null;
  /** When the endpoint was created. */
  created_at: Time;
}

/** The fields of the endpoint to change. At least one is required. */
export interface WebhookEndpointChanges {
  /** An https URL of a public host, without user info or fragment. */
  url?: string | undefined;
  /** Event types to send to the endpoint; duplicates are merged. */
  events?: WebhookEventType[] | undefined;
  /** Replaces the whole filter. `{}` removes it. */
  filter?: NewWebhookFilter | undefined;
  /** Headers to add to each request, such as `Authorization`. Replaces all earlier ones. Values are never returned. Headers that the server or the connection sets are rejected (`header_denied`). */
  headers?: WebhookEndpointChangesHeaders | undefined;
  /** True also resets the failure count. */
  enabled?: boolean | undefined;
}

/** Headers to add to each request, such as `Authorization`. Replaces all earlier ones. Values are never returned. Headers that the server or the connection sets are rejected (`header_denied`). */
export type WebhookEndpointChangesHeaders = Record<string, string>;

/** A webhook endpoint with its signing secret. */
export interface WebhookEndpointWithSecret {
  /** ID of the endpoint. */
  id: Id;
  /** The account whose events are sent. */
  account_id: Id;
  /** URL that receives the events, normalized. */
  url: string;
  /** Event types that are sent. */
  events: WebhookEventType[];
  /** Whether events are sent. Events that occur while it is false are not sent later. */
  enabled: boolean;
  /** Why the endpoint is disabled: by a user, after 20 consecutive failed deliveries, or because the receiver returned 410. */
  disabled_reason: WebhookDisabledReason | null;
  /** Which runs send events. */
  filter: WebhookFilter;
  /** Names of the custom headers, in lowercase. Their values are never returned. */
  header_names: string[];
  /** First 10 characters of the signing secret. */
  secret_prefix: string;
  /** Until this instant, messages are also signed with the previous secret. */
  previous_secret_expires_at: Time | null;
  /** When the endpoint was created. */
  created_at: Time;
  /** The secret for verifying signatures. Returned only in this response. */
  signing_secret: string;
}

/** An erasure that is completed. */
export interface WebhookErased {
  /** The personal account of the user who requested the erasure. */
  account_id: Id;
  /** The erasure. */
  erasure_id: Id;
  /** The account whose data was erased. */
  erased_account_id: Id;
  /** When nothing was left. */
  finished_at: Time;
  /** Trace ID of the request or run that caused the event. */
  trace_id: TraceId;
}

/** The erasure of the account. */
export interface WebhookErasure {
  /** The account of the endpoint. */
  account_id: Id;
  /** The erasure. */
  erasure_id: Id;
  /** When the deletion begins, unless it is canceled. */
  due_at: Time;
  /** Trace ID of the request or run that caused the event. */
  trace_id: TraceId;
}

/** Why the last attempt failed, or why no attempt was made. */
export type WebhookError = "http_status" | "redirect" | "timeout" | "connection_failed" | "url_denied" | "secret_unreadable" | "endpoint_disabled";

/** The body of a webhook. Future types may have other data; receivers must ignore unknown types. */
export type WebhookEvent = RunCompletedWebhook | RunFailedWebhook | RunCancelledWebhook | RunWaitingForInputWebhook | MemberJoinedWebhook | SubscriptionChangedWebhook | ApiKeyExpiringWebhook | CreditsLowWebhook | AccountErasureScheduledWebhook | AccountErasureCancelledWebhook | AccountErasedWebhook;

/** What happened. Only runs that no other run started send events. */
export type WebhookEventType = "run.completed" | "run.failed" | "run.cancelled" | "run.waiting_for_input" | "member.joined" | "subscription.changed" | "api_key.expiring" | "credits.low" | "account.erasure_scheduled" | "account.erasure_cancelled" | "account.erased";

/** Which runs send events to an endpoint. A run must match both lists. Other events are sent anyway. */
export interface WebhookFilter {
  /** Only runs in threads of these projects. Empty: all projects. */
  project_ids: Id[];
  /** Only runs with these personas, by key. Empty: all personas. */
  persona_ids: string[];
}

/** A user who has accepted an invitation. */
export interface WebhookMember {
  /** The account of the endpoint. */
  account_id: Id;
  /** The user who has joined. */
  user_id: Id;
  /** Their role in the account. */
  role: MemberRole;
  /** Trace ID of the request or run that caused the event. */
  trace_id: TraceId;
}

/** Messages of an endpoint that are sent again. */
export interface WebhookReplay {
  /** The endpoint that receives the messages. */
  endpoint_id: Id;
  /** The account of the endpoint. */
  account_id: Id;
  /** `running` until all messages are queued; `cancelled` if the endpoint was disabled before. */
  status: WebhookReplayStatus;
  /** Start of the replayed range. */
  since: Time;
  /** End of the replayed range, exclusive. */
  until: Time;
  /** Whether received and pending messages are left out. */
  only_failed: boolean;
  /** Messages that matched when the replay was created. */
  total: number;
  /** New deliveries so far. They are listed with `redelivery_of`. */
  queued: number;
  /** When the replay was created. */
  created_at: Time;
  /** When the last message was queued or the replay was canceled; null before. */
  ended_at: Time | null;
}

/** `running` until all messages are queued; `cancelled` if the endpoint was disabled before. */
export type WebhookReplayStatus = "running" | "completed" | "cancelled";

/** A run that has ended, without the content of its messages. */
export interface WebhookRun {
  /** ID of the run. */
  run_id: Id;
  /** The account of the run and of the endpoint. */
  account_id: Id;
  /** Thread in which the run answered. */
  thread_id: Id;
  /** Final status. */
  status: WebhookRunStatus;
  /** When the run was created. */
  created_at: Time;
  /** When the run completed; null unless it did. */
  completed_at: Time | null;
  /** When the run failed; null unless it did. */
  failed_at: Time | null;
  /** When the run was canceled; null unless it was. */
  cancelled_at: Time | null;
  /** Selected model; null if none was selected. */
  model: string | null;
  /** Tokens of all prompts. */
  total_input_tokens: number | null;
  /** Tokens written by the model. */
  total_output_tokens: number | null;
  /** US dollars, to 6 decimal places. */
  total_cost_usd: number | null;
  /** Credits charged for the run. */
  credits_used: number;
  /** Class of the error, such as `provider.retryable`; null unless the run failed. */
  error_class: string | null;
  /** Whether the run can be continued; null unless it failed. */
  resumable: boolean | null;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** Final status. */
export type WebhookRunStatus = "completed" | "failed" | "cancelled";

/** A change of the subscription of the account. */
export interface WebhookSubscription {
  /** The account of the endpoint. */
  account_id: Id;
  /** What has changed; `updated` is a new period. */
  change: WebhookSubscriptionChange;
  /** The subscription after the change. */
  subscription: Subscription;
  /** Trace ID of the request or run that caused the event. */
  trace_id: TraceId;
}

/** What has changed; `updated` is a new period. */
export type WebhookSubscriptionChange = "created" | "updated" | "cancelled";

/** The test event to send. */
export interface WebhookTest {
  /** The event to send; the endpoint need not receive this type. */
  event_type: WebhookEventType;
}

/** A run that waits for its user, without the text of the question. */
export interface WebhookWait {
  /** ID of the run. */
  run_id: Id;
  /** The account of the endpoint. */
  account_id: Id;
  /** Thread of the run. */
  thread_id: Id;
  /** The question that the run waits for; `request_id` of its answer. */
  request_id: string;
  /** Why the run waits. */
  reason: WaitReason;
  /** The run continues without an answer from this instant on. */
  expires_at: Time;
  /** Trace ID of the request or run that caused the event. */
  trace_id: TraceId;
}

/** A worker took the run. */
export interface WorkerJobReceivedEvent {
  /** Unique ID of the event. */
  event_id: Id;
  /** The run of the event. */
  run_id: Id;
  /** Starts at 1 and increases by 1, without gaps. */
  seq: number;
  /** Also the `event` field of the stream. */
  type: "worker.job.received";
  /** Content of the event. */
  data: WorkerJobReceivedEventData;
  /** When the event occurred. */
  created_at: Time;
  /** The same instant as `created_at`. */
  ts: Time;
  /** Present only on tool events. */
  tool_name?: string | undefined;
  /** Present only on failure events. */
  error_class?: string | undefined;
}

/** Content of the event. */
export interface WorkerJobReceivedEventData {
  /** ID of the job in the queue. */
  job_id: string;
  /** Type of the job in the queue. */
  job_type: string;
  /** Account of the run. */
  account_id: Id;
  /** Number of the attempt, from 1. Above 1 after a crash of a worker. */
  attempt: number;
  /** Trace ID of the request that created the run. */
  trace_id: TraceId;
}

/** The files of a user and their runs in a project. */
export interface Workspace {
  /** The project of the workspace. */
  project_id: Id;
  /** The user who owns the files: you. */
  owner_user_id: Id;
  /** Opaque reference of the workspace, the same for every request. */
  workspace_ref: string;
  /** `active` if a live session uses the workspace; `unavailable` if there is no store for files. */
  status: WorkspaceStatus;
  /** When you or a run last changed the workspace or a run used it, or when it was created. */
  last_used_at: Time;
  /** Present only if `status` is `active`. */
  active_session?: WorkspaceActiveSession | undefined;
}

/** Present only if `status` is `active`. */
export interface WorkspaceActiveSession {
  /** Opaque reference of the session. */
  session_ref: string;
  /** What the session runs. */
  session_type: WorkspaceActiveSessionSessionType;
  /** State of the session; never `closed`. */
  state: string;
  /** When the session was last used. */
  last_used_at: Time;
}

/** What the session runs. */
export type WorkspaceActiveSessionSessionType = "shell" | "browser";

/** A file or symbolic link of a workspace. */
export interface WorkspaceFile {
  /** Last segment of the path. */
  name: string;
  /** Path from the root of the workspace. */
  path: string;
  /** Symbolic links cannot be downloaded. */
  type: WorkspaceFileType;
  /** Size in bytes. */
  size: number;
  /** Time of the last change, in Unix milliseconds. */
  mtime_unix_ms: number;
  /** Determined by the file name extension. */
  mime_type: string;
  /** SHA-256 of the content: the `ETag` of the file without quotes. Absent for symbolic links. */
  sha256?: string | undefined;
}

/** Symbolic links cannot be downloaded. */
export type WorkspaceFileType = "file" | "symlink";

/** A folder of a workspace. */
export interface WorkspaceFolder {
  /** Last segment of the path. */
  name: string;
  /** Path from the root of the workspace. */
  path: string;
  /** Distinguishes folders from files. */
  type: "dir";
  /** Present only if the folder is not empty. */
  has_children?: true | undefined;
}

/** A folder, a file or a symbolic link. */
export type WorkspaceItem = WorkspaceFolder | WorkspaceFile;

/** The content of a folder. */
export interface WorkspaceItems {
  /** Opaque reference of the workspace. */
  workspace_ref: string;
  /** The normalized path of the folder. */
  path: string;
  /** Folders first; each kind is sorted by name in code point order. */
  items: WorkspaceItem[];
}

/** A file or folder of the workspace, and its new path. */
export interface WorkspaceRename {
  /** At most 4,096 bytes; `.`, `..` and `//` are resolved. */
  path: string;
  /** At most 4,096 bytes, and 255 for each name, without control characters; `.`, `..` and `//` are resolved. */
  new_path: string;
}

/** `active` if a live session uses the workspace; `unavailable` if there is no store for files. */
export type WorkspaceStatus = "active" | "idle" | "unavailable";

export interface ThreadsApi {
  /**
   * Create a thread
   *
   * Threads hold the messages and runs of one conversation. Next, add a message and start a run. Unless you set a title, the first message and the first run create one.
   */
  readonly create: Call<{ body?: NewThread | undefined; }, Thread, Reasons['threads.create']>;
  /**
   * List your threads, most recently active first
   *
   * Returns your own threads in the active account, without private and archived ones. With `project_id`, those of one project; a project that you cannot see is 404.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; project_id?: Id | undefined; archived?: boolean | undefined; } | undefined; }, Thread, Reasons['threads.list']>;
  /**
   * Search threads by title or message text
   *
   * Finds text anywhere in the title or in a visible message, ignoring case. Searches your own threads, without private and archived ones.
   */
  readonly search: PagedCall<{ query: { limit?: number | undefined; before?: PageCursor | undefined; q: string; archived?: boolean | undefined; }; }, FoundThread, Reasons['threads.search']>;
  /**
   * List the IDs of starred threads, most recently starred first
   *
   * Use this to mark or group starred threads in a list. Threads that you can no longer read are left out.
   */
  readonly starred: Call<NoRequest, Id[], Reasons['threads.starred']>;
  /**
   * Retrieve a thread
   *
   * Use this for the title, and for `active_run_id` to continue streaming a run. Other members can read threads of shared projects.
   */
  readonly get: Call<{ params: { thread_id: Id; }; }, Thread, Reasons['threads.get']>;
  /**
   * Rename, move or archive a thread
   *
   * Setting a title turns off automatic titles for the thread; null clears the title and turns them on again. An archived thread keeps its stars, shares and schedules, stays readable, and is unarchived by `archived: false`, a new message or a new run. Omitted fields keep their values.
   */
  readonly update: Call<{ params: { thread_id: Id; }; body: ThreadChanges; }, Thread, Reasons['threads.update']>;
  /**
   * Delete a thread and stop its run
   *
   * The thread, its messages and its runs are 404 from now on. Usage and credit transactions are kept.
   */
  readonly delete: Call<{ params: { thread_id: Id; }; }, undefined, Reasons['threads.delete']>;
  /**
   * Copy a thread up to one of its messages
   *
   * You own the copy. It keeps the title and the project; runs, stars and shares are not copied.
   */
  readonly fork: Call<{ params: { thread_id: Id; }; body: ForkRequest; }, ForkedThread, Reasons['threads.fork']>;
  /**
   * Star a thread
   *
   * Stars are personal: other readers of the thread do not see yours. Repeating the request has no effect.
   */
  readonly star: Call<{ params: { thread_id: Id; }; }, undefined, Reasons['threads.star']>;
  /**
   * Unstar a thread
   *
   * The thread is no longer in `GET /v1/threads/starred`. Repeating the request has no effect.
   */
  readonly unstar: Call<{ params: { thread_id: Id; }; }, undefined, Reasons['threads.unstar']>;
}

export interface MessagesApi {
  /**
   * Add a message to a thread
   *
   * Adds your message without answering it: start a run next. A run that is active already does not see the message. Upload files with `POST /v1/attachments/stage` and send their keys in `content_json`.
   */
  readonly create: Call<{ params: { thread_id: Id; }; body: NewMessage; }, Message, Reasons['messages.create']>;
  /**
   * List the newest messages of a thread, oldest first
   *
   * Returns the visible transcript: hidden answers and tool calls are left out. Follow the pages to older messages.
   */
  readonly list: PagedCall<{ params: { thread_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; order?: SortOrder | undefined; } | undefined; }, Message, Reasons['messages.list']>;
}

export interface RunsApi {
  /**
   * Start a run
   *
   * Answers the messages of the thread. The run is queued: stream its events to receive the answer. A thread has one active run at a time, and an account has a limited number. An unknown persona, route or model fails the run, not this request.
   */
  readonly create: Call<{ params: { thread_id: Id; }; body?: NewRun | undefined; }, CreatedRun, Reasons['runs.create']>;
  /**
   * List the runs of a thread, newest first
   *
   * Use this to find the active or last run when a thread is opened, and the runs of hidden answers. Retrieve a run for its usage and error.
   */
  readonly listInThread: PagedCall<{ params: { thread_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, ThreadRun, Reasons['runs.listInThread']>;
  /**
   * List the runs of the account, newest first
   *
   * Without `data.usage.read`, only runs that you may retrieve. Runs of deleted threads and of private threads of others are left out.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; status?: RunStatus | undefined; run_id?: string | undefined; thread_id?: string | undefined; parent_run_id?: Id | undefined; model?: string | undefined; persona_id?: string | undefined; since?: string | undefined; until?: string | undefined; account_id?: AccountFilter | undefined; user_id?: Id | undefined; } | undefined; }, RunSummary, Reasons['runs.list']>;
  /**
   * Retrieve a run
   *
   * Use this for the status, usage, cost and error of a run. Stream its events for progress and the answer.
   */
  readonly get: Call<{ params: { run_id: Id; }; }, Run, Reasons['runs.get']>;
  /**
   * Cancel a run
   *
   * Stops the run within moments; its stream ends with `run.cancelled`. The partial answer is kept as an incomplete message, which `:continue` can resume. Canceling a run that has ended has no effect.
   */
  readonly cancel: Call<{ params: { run_id: Id; }; body?: CancelRequest | undefined; }, Ok, Reasons['runs.cancel']>;
  /**
   * Start a run from a step of another run
   *
   * Use this to try a step again, for example with another model. You own a copy of the thread up to the message that the run answered, in which a run starts after the last turn that was complete at `after_seq`. What tools had returned until then is taken from the events: no tool is called again. The final answer of a run is never kept. If the request omits persona, route, model or reasoning mode, the value of the repeated run is used; null selects the default.
   */
  readonly replay: Call<{ params: { run_id: Id; }; body?: ReplayRequest | undefined; }, ReplayedRun, Reasons['runs.replay']>;
  /**
   * Send user input to a run
   *
   * If the run waits for input, this answers its question. Otherwise the input is given to the model with its next call. `request_id` names the question, so that the answer cannot be taken for that of a later one. A run that is ending returns 409 `run_not_active`.
   */
  readonly input: Call<{ params: { run_id: Id; }; body: RunInput; }, Ok, Reasons['runs.input']>;
  /**
   * Stream the events of a run
   *
   * Server-sent events, in order and without gaps. They start after `after_seq` or `Last-Event-ID`, whichever is larger. Use it to show the progress and the answer of a run; after a lost connection, continue with `Last-Event-ID`.
   */
  readonly events: StreamCall<{ params: { run_id: Id; }; query?: { after_seq?: number | undefined; follow?: boolean | undefined; } | undefined; }, RunEvent, Reasons['runs.events']>;
  /**
   * Retry the last message
   *
   * Use this to get another answer to the same message. The existing answer is hidden, and a run starts. If the request omits persona, route, model or reasoning mode, the value of the repeated run is used; null selects the default.
   */
  readonly retry: Call<{ params: { thread_id: Id; }; body?: RetryRequest | undefined; }, CreatedRun, Reasons['runs.retry']>;
  /**
   * Continue a run that failed or was canceled
   *
   * Starts a run that resumes from the partial answer of the given run, with its persona, route, model and reasoning mode. Stream the events of the new run.
   */
  readonly continue: Call<{ params: { thread_id: Id; }; body: ContinueRequest; }, CreatedRun, Reasons['runs.continue']>;
  /**
   * Edit one of your messages and answer it again
   *
   * Use this to change a question. All later messages are hidden, and a run starts; with plain `content`, attachments are kept. If the request omits persona, route, model or reasoning mode, the value of the repeated run is used; null selects the default.
   */
  readonly editMessage: Call<{ params: { thread_id: Id; message_id: Id; }; body: EditedMessage; }, CreatedRun, Reasons['runs.editMessage']>;
}

export interface AuthApi {
  /**
   * Retrieve the captcha configuration
   *
   * Call this before you show a sign-in or registration form. If captchas are enabled, render Turnstile with `site_key` and send its token as `cf_turnstile_token`.
   */
  readonly captchaConfig: Call<NoRequest, CaptchaConfig, Reasons['auth.captchaConfig']>;
  /**
   * Check whether a login or email address is taken
   *
   * Use this to validate a registration form while a person types. Suspended users count as taken. To choose between sign-in and registration, use `POST /v1/auth/resolve`.
   */
  readonly check: Call<{ body: LoginCheck; }, LoginExists, Reasons['auth.check']>;
  /**
   * Determine the next step for a login or email address: sign in or register
   *
   * The first step of a sign-in form with one field. With `password`, sign in with a password, or email a code with the flow token; with `register`, continue with a registration form.
   */
  readonly resolve: Call<{ body: Identity; }, NextStep, Reasons['auth.resolve']>;
  /**
   * Email a sign-in code to the user of a flow token
   *
   * Use this after `POST /v1/auth/resolve`, if `otp_available` is true. The code has eight digits and is valid for ten minutes; a new code voids the previous one. Sign in with it at `POST /v1/auth/resolve/otp/verify`.
   */
  readonly sendFlowCode: Call<{ body: FlowCodeRequest; }, undefined, Reasons['auth.sendFlowCode']>;
  /**
   * Sign in with an emailed code and a flow token
   *
   * Opens a session, like signing in with a password. Verifies the address, see `POST /v1/auth/email/verify/confirm`.
   */
  readonly verifyFlowCode: Call<{ body: FlowCode; }, AccessGrant, Reasons['auth.verifyFlowCode']>;
  /**
   * Retrieve the registration mode
   *
   * Call this before you show a registration form, to know whether to ask for an invite code.
   */
  readonly registrationMode: Call<NoRequest, RegistrationMode, Reasons['auth.registrationMode']>;
  /**
   * Register a user with a personal account
   *
   * Creates the user with a personal account, its initial credits, a default project and an invite code, and opens a session. An email with a verification link follows if email is configured.
   */
  readonly register: Call<{ body: NewUser; }, Registration, Reasons['auth.register']>;
  /**
   * Sign in with a password
   *
   * Opens a session: the access token is in the body, the refresh token in a cookie. Call `POST /v1/auth/refresh` before the access token expires. If the user has a second factor, the response is 401 `second_factor_required`: continue at `POST /v1/auth/second-factor/verify`.
   */
  readonly login: Call<{ body: Credentials; }, AccessGrant, Reasons['auth.login']>;
  /**
   * Exchange the session cookie for a new access token
   *
   * The refresh token rotates: each one can be used once. `X-Account-Id` switches the session to another account of the user. Call it on start and before the access token expires.
   */
  readonly refresh: Call<NoRequest, AccessGrant, Reasons['auth.refresh']>;
  /**
   * Sign out of this session, or of all sessions
   *
   * The access token and the refresh token are rejected from now on, and the cookie is cleared. API keys remain valid.
   */
  readonly logout: Call<{ body?: LogoutRequest | undefined; }, Ok, Reasons['auth.logout']>;
  /**
   * Email yourself a verification link
   *
   * A new link voids the previous one. No email is sent if the address is already verified. The link leads to a page of your client, which sends its token to `POST /v1/auth/email/verify/confirm`.
   */
  readonly sendVerification: Call<NoRequest, undefined, Reasons['auth.sendVerification']>;
  /**
   * Verify an email address with the token of its link
   *
   * Outside a session that was opened with a password, a passkey or an identity provider, the first verification needs the `password`, or `reset_access`, because another person may have registered the address. With neither it is 409 `first_verification`, with `login` and `signed_up_at`, and the token stays valid.
   */
  readonly confirmEmail: Call<{ body: EmailConfirmation; }, Ok, Reasons['auth.confirmEmail']>;
  /**
   * Email a sign-in code
   *
   * The response is the same whether or not a user has the address. The code has eight digits and is valid for ten minutes. Sign in with it at `POST /v1/auth/email/otp/verify`.
   */
  readonly sendCode: Call<{ body: EmailCodeRequest; }, undefined, Reasons['auth.sendCode']>;
  /**
   * Sign in with an emailed code
   *
   * Opens a session, like signing in with a password. Verifies the address, see `POST /v1/auth/email/verify/confirm`.
   */
  readonly verifyCode: Call<{ body: EmailCode; }, AccessGrant, Reasons['auth.verifyCode']>;
  /**
   * Complete a sign-in with a code of an authenticator app
   *
   * If the user has a second factor, a sign-in with a password or an emailed code fails with 401 `second_factor_required` and `details.challenge_token`. Send the token with a code to open the session. Each code of the app works once.
   */
  readonly verifySecondFactor: Call<{ body: SecondFactorAnswer; }, AccessGrant, Reasons['auth.verifySecondFactor']>;
}

export interface ProviderSignInApi {
  /**
   * List the identity providers of the sign-in page
   *
   * Call this before you show a sign-in page, and show a button for each. Sorted by name; at most 100.
   */
  readonly providers: Call<NoRequest, SignInProvider[], Reasons['providerSignIn.providers']>;
  /**
   * Start signing in with an identity provider
   *
   * Sets a cookie that binds the sign-in to the browser, and returns the page of the provider to open. The provider then redirects to `/oauth/sign-in/{identity_provider_id}` of the front end, which completes the sign-in within ten minutes.
   */
  readonly start: Call<{ params: { identity_provider_id: Id; }; body?: ProviderSignInRequest | undefined; }, ProviderRedirect, Reasons['providerSignIn.start']>;
  /**
   * Complete signing in with an identity provider
   *
   * Opens a session, like signing in with a password. Only the browser that started the sign-in can complete it, once. A second factor is asked for as after a password. If nobody has linked the identity, but a user has its verified address, the response is 401 `identity_link_required`: that user signs in in another way and sends `details.link_token` to `POST /v1/me/identities/confirm`.
   */
  readonly complete: Call<{ params: { identity_provider_id: Id; }; body: ProviderAnswer; }, ProviderGrant, Reasons['providerSignIn.complete']>;
}

export interface MeApi {
  /**
   * Retrieve your profile, role and permissions
   *
   * Use this after sign-in, and after switching accounts, to show the user and to decide which controls their permissions allow.
   */
  readonly get: Call<NoRequest, Me, Reasons['me.get']>;
  /**
   * Update your name, time zone or language
   *
   * Omitted fields keep their values. The login, email address and password cannot be changed here.
   */
  readonly update: Call<{ body: MeChanges; }, Profile, Reasons['me.update']>;
  /**
   * Retrieve your invite code
   *
   * Show the code to the user so that others can register with it: both receive credits. Creates a code if you have no active one.
   */
  readonly inviteCode: Call<NoRequest, InviteCode, Reasons['me.inviteCode']>;
  /**
   * Replace your invite code
   *
   * Use this if the code has reached people who should not have it. Registering with the previous code is no longer possible. Allowed once your newest code is 24 hours old.
   */
  readonly resetInviteCode: Call<NoRequest, InviteCode, Reasons['me.resetInviteCode']>;
  /**
   * Redeem a code for the active account
   *
   * Credits are added to the balance of the active account; a feature is switched on for it. Each user can redeem a code once.
   */
  readonly redeem: Call<{ body: RedemptionRequest; }, Redemption, Reasons['me.redeem']>;
  /**
   * Retrieve the value of every feature flag for the active account
   *
   * Evaluates the account override of each flag, or else its default. Use it to show or hide features of a client.
   */
  readonly featureFlags: Call<NoRequest, FeatureFlags, Reasons['me.featureFlags']>;
  /**
   * Change your password
   *
   * Ends all your other sessions. API keys remain valid. Use it also to set a password after signing in with an emailed code or an identity provider.
   */
  readonly changePassword: Call<{ body: PasswordChange; }, undefined, Reasons['me.changePassword']>;
}

export interface SecondFactorApi {
  /**
   * Retrieve whether your second factor is on
   *
   * Use this for a settings page, and to remind users who have few recovery codes left.
   */
  readonly get: Call<NoRequest, SecondFactor, Reasons['secondFactor.get']>;
  /**
   * Start setting up a second factor
   *
   * Returns a secret for an authenticator app. Nothing changes until `POST /v1/me/second-factor/confirm` receives a code of the app. A later call replaces the secret, and after an hour the setup ends. If the installation sends email, your address must be verified.
   */
  readonly setUp: Call<{ body?: SecondFactorStart | undefined; }, SecondFactorSetup, Reasons['secondFactor.setUp']>;
  /**
   * Turn your second factor on
   *
   * From now on, every sign-in requires a code. Existing sessions and API keys remain valid. Store the recovery codes: they are the way in without the app.
   */
  readonly confirm: Call<{ body: SecondFactorConfirmation; }, NewRecoveryCodes, Reasons['secondFactor.confirm']>;
  /**
   * Replace your recovery codes
   *
   * Use this when few codes are left, or when others may have seen them. The earlier codes are void.
   */
  readonly replaceRecoveryCodes: Call<{ body?: SecondFactorCode | undefined; }, NewRecoveryCodes, Reasons['secondFactor.replaceRecoveryCodes']>;
  /**
   * Turn your second factor off
   *
   * Requires your password and a code. The secret and the recovery codes are deleted.
   */
  readonly disable: Call<{ body?: SecondFactorRemoval | undefined; }, undefined, Reasons['secondFactor.disable']>;
}

export interface IdentitiesApi {
  /**
   * List your linked identities
   *
   * The identities at providers with which you can sign in, oldest first; at most 20.
   */
  readonly list: Call<NoRequest, LinkedIdentity[], Reasons['identities.list']>;
  /**
   * Start linking an identity
   *
   * Returns the page of the provider to open. The provider redirects to `/oauth/sign-in/{identity_provider_id}` of the front end, which completes the link within ten minutes.
   */
  readonly start: Call<{ body: IdentityLinkStart; }, ProviderRedirect, Reasons['identities.start']>;
  /**
   * Complete linking an identity
   *
   * Only the session that started the link can complete it, once. From now on you can sign in with the identity. At most 20 identities per user.
   */
  readonly complete: Call<{ body: ProviderAnswer; }, LinkedIdentity, Reasons['identities.complete']>;
  /**
   * Link an identity after signing in another way
   *
   * For a sign-in that failed with 401 `identity_link_required`. Call it in a session that was opened after that sign-in, by the user with the address of the identity. At most 20 identities per user.
   */
  readonly confirm: Call<{ body: IdentityLinkToken; }, LinkedIdentity, Reasons['identities.confirm']>;
  /**
   * Unlink an identity
   *
   * You can no longer sign in with it; sessions stay open. Your last way to sign in cannot be removed.
   */
  readonly delete: Call<{ params: { identity_id: Id; }; }, undefined, Reasons['identities.delete']>;
}

export interface PasskeysApi {
  /**
   * Start a sign-in with a passkey
   *
   * Returns the options for `navigator.credentials.get()`. Send its result to `POST /v1/auth/passkey/verify` within five minutes. No login is needed: the browser offers the passkeys of this site.
   */
  readonly signInOptions: Call<{ body?: PasskeySignIn | undefined; }, PasskeyOptions, Reasons['passkeys.signInOptions']>;
  /**
   * Sign in with a passkey
   *
   * Opens a session, like signing in with a password. The device has verified its user, so no second factor is asked for. Also completes a sign-in that failed with `second_factor_required`, if its options were requested with the `challenge_token`.
   */
  readonly signIn: Call<{ body: PasskeyProof; }, AccessGrant, Reasons['passkeys.signIn']>;
  /**
   * List your passkeys, newest first
   *
   * Use this for a settings page. The keys themselves are not returned.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Passkey, Reasons['passkeys.list']>;
  /**
   * Start registering a passkey
   *
   * Returns the options for `navigator.credentials.create()`. Send its result to `POST /v1/me/passkeys` in the same session within five minutes. If the installation sends email, your address must be verified.
   */
  readonly registrationOptions: Call<{ body?: PasskeyRegistrationStart | undefined; }, PasskeyOptions, Reasons['passkeys.registrationOptions']>;
  /**
   * Register a passkey
   *
   * From now on the passkey signs you in. A user has at most 20. The authenticator must verify its user, with a PIN or a fingerprint.
   */
  readonly register: Call<{ body: NewPasskey; }, Passkey, Reasons['passkeys.register']>;
  /**
   * Rename a passkey
   *
   * The name is shown only to you. The name in a password manager stays as it is.
   */
  readonly rename: Call<{ params: { passkey_id: Id; }; body: PasskeyChanges; }, Passkey, Reasons['passkeys.rename']>;
  /**
   * Delete a passkey
   *
   * It no longer signs you in; sessions that it opened continue. The last way to sign in cannot be deleted: 409 `last_sign_in_method`. Delete it on its device too.
   */
  readonly delete: Call<{ params: { passkey_id: Id; }; }, undefined, Reasons['passkeys.delete']>;
  /**
   * Start confirming a session with a passkey
   *
   * Returns the options for `navigator.credentials.get()`. Send its result to `POST /v1/me/confirmation` within five minutes.
   */
  readonly confirmationOptions: Call<NoRequest, PasskeyOptions, Reasons['passkeys.confirmationOptions']>;
  /**
   * Confirm a session with a passkey
   *
   * For ten minutes, operations of this session that require your password or a code of your second factor need neither. It also counts as the second factor of the session, for accounts that require one.
   */
  readonly confirm: Call<{ body: PasskeyProof; }, undefined, Reasons['passkeys.confirm']>;
}

export interface SessionsApi {
  /**
   * List your sessions, newest first
   *
   * Returns the sessions in which you are signed in, from all your accounts. Ended and expired sessions are left out.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, UserSession, Reasons['sessions.list']>;
  /**
   * End all your other sessions
   *
   * Use this if a device was lost. The session of this request continues, and API keys remain valid. To end this session too, call `POST /v1/auth/logout` with `all`.
   */
  readonly deleteOthers: Call<NoRequest, undefined, Reasons['sessions.deleteOthers']>;
  /**
   * End one of your sessions
   *
   * Its access and refresh tokens are rejected from now on, in all processes within a second, and its event streams end. It can be the session of this request.
   */
  readonly delete: Call<{ params: { session_id: Id; }; }, undefined, Reasons['sessions.delete']>;
}

export interface AccountsApi {
  /**
   * Create a workspace
   *
   * You become its admin. It starts without credits. The active account does not change: send `X-Account-Id` to work in the new one, then invite members.
   */
  readonly create: Call<{ body: NewAccount; }, Account, Reasons['accounts.create']>;
  /**
   * List your accounts, newest first
   *
   * Use this to show an account switcher. Send the `id` of an account as `X-Account-Id` to act in it.
   */
  readonly mine: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Account, Reasons['accounts.mine']>;
  /**
   * Retrieve an account
   *
   * Returns the account with your role in it. Platform admins can retrieve every account.
   */
  readonly get: Call<{ params: { account_id: Id; }; }, Account, Reasons['accounts.get']>;
  /**
   * Update the name, time zone, credit threshold or required second factor of an account
   *
   * Omitted fields keep their values. The slug cannot be changed.
   */
  readonly update: Call<{ params: { account_id: Id; }; body: AccountChanges; }, Account, Reasons['accounts.update']>;
  /**
   * Close a workspace
   *
   * Memberships, API keys and invitations end immediately, and open runs are canceled. The credit ledger, usage and audit log are kept.
   */
  readonly delete: Call<{ params: { account_id: Id; }; body: AccountClosing; }, undefined, Reasons['accounts.delete']>;
  /**
   * Download the data of an account as a zip file
   *
   * A file of JSON lines for each kind of row, such as `threads.ndjson` and `messages.ndjson`, and the attachments and workspace files. All rows are of one moment. Contains everything of the account that you can read: of other members, the threads in shared projects, but neither private threads nor memories. Secrets are left out. The file is made while it is sent, so it has no length. At most 30 exports per account and hour.
   */
  readonly export: Call<{ params: { account_id: Id; }; }, Blob, Reasons['accounts.export']>;
  /**
   * List members, newest first
   *
   * Returns the users who can act in the account, with their roles. Open invitations are listed separately.
   */
  readonly members: PagedCall<{ params: { account_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Member, Reasons['accounts.members']>;
  /**
   * Update the role of a member
   *
   * The new permissions apply to the next request of the member. Changing the role voids the open invitations that the member sent. The last admin cannot become a member: 409 `last_admin`.
   */
  readonly updateMember: Call<{ params: { account_id: Id; user_id: Id; }; body: MemberChanges; }, Member, Reasons['accounts.updateMember']>;
  /**
   * Remove a member, or leave an account
   *
   * The member's API keys, open invitations, share links and open runs end immediately. Threads, runs and projects are kept.
   */
  readonly removeMember: Call<{ params: { account_id: Id; user_id: Id; }; }, undefined, Reasons['accounts.removeMember']>;
}

export interface ErasuresApi {
  /**
   * Erase a workspace
   *
   * Only its owner can. Until `due_at`, which the platform setting `erasure.grace_days` determines, nothing changes and the erasure can be canceled. Then the workspace is closed and its data is deleted. Members are told now.
   */
  readonly request: Call<{ params: { account_id: Id; }; body: NewErasure; }, Erasure, Reasons['erasures.request']>;
  /**
   * Retrieve the scheduled erasure of an account
   *
   * All members can see it. 404 if none is scheduled.
   */
  readonly current: Call<{ params: { account_id: Id; }; }, Erasure, Reasons['erasures.current']>;
  /**
   * Cancel the erasure of a workspace
   *
   * Only its owner can, before it begins. An erasure that a platform admin has requested stays.
   */
  readonly cancel: Call<{ params: { account_id: Id; }; }, undefined, Reasons['erasures.cancel']>;
  /**
   * List the erasures that you have requested, newest first
   *
   * They stay listed when the account is gone.
   */
  readonly mine: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Erasure, Reasons['erasures.mine']>;
  /**
   * Retrieve an erasure that you have requested, with its proof
   *
   * When it is completed, keep `proof`: anyone can verify it offline with a key of `GET /v1/erasure-keys`.
   */
  readonly get: Call<{ params: { erasure_id: Id; }; }, ErasureDetails, Reasons['erasures.get']>;
  /**
   * List the public keys of proofs
   *
   * A JWK Set. Keys are never removed, so that old proofs can be verified.
   */
  readonly keys: Call<NoRequest, ErasureKeys, Reasons['erasures.keys']>;
}

export interface TeamsApi {
  /**
   * Create a team
   *
   * Use teams to share projects with a part of the account. The team starts without members, not even you: add them next.
   */
  readonly create: Call<{ body: NewTeam; }, Team, Reasons['teams.create']>;
  /**
   * List teams, newest first
   *
   * Returns all teams of the account with their number of members.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Team, Reasons['teams.list']>;
  /**
   * Delete a team
   *
   * Projects shared with the team become private. Its members stay in the account.
   */
  readonly delete: Call<{ params: { team_id: Id; }; }, undefined, Reasons['teams.delete']>;
  /**
   * List the members of a team, newest first
   *
   * Returns the users who can see the projects that are shared with the team.
   */
  readonly members: PagedCall<{ params: { team_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, TeamMember, Reasons['teams.members']>;
  /**
   * Add a member to a team, or change their role in it
   *
   * The user must be a member of the account. If the user is already in the team, their role is updated and the status is 200.
   */
  readonly addMember: Call<{ params: { team_id: Id; }; body: NewTeamMember; }, TeamMember | TeamMember, Reasons['teams.addMember']>;
  /**
   * Remove a member from a team
   *
   * The user can no longer see the projects shared with the team, and stays a member of the account.
   */
  readonly removeMember: Call<{ params: { team_id: Id; user_id: Id; }; }, undefined, Reasons['teams.removeMember']>;
}

export interface InvitationsApi {
  /**
   * Invite a person by email
   *
   * The invitation can be accepted for 7 days. It ends earlier if your role changes or your membership ends. The email contains a link with the token; if no email is configured, hand on the `token` yourself.
   */
  readonly create: Call<{ params: { account_id: Id; }; body: NewInvitation; }, CreatedInvitation, Reasons['invitations.create']>;
  /**
   * List open invitations, newest first
   *
   * Returns invitations that are neither accepted nor revoked nor expired. Tokens are not returned.
   */
  readonly list: PagedCall<{ params: { account_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Invitation, Reasons['invitations.list']>;
  /**
   * Accept an invitation
   *
   * Your email address must be the invited one, and verified. The active account does not change. You become a member with the invited role: send `X-Account-Id` to act in the workspace.
   */
  readonly accept: Call<{ params: { token: string; }; }, Ok, Reasons['invitations.accept']>;
  /**
   * Revoke an invitation
   *
   * The link in the email stops working. An accepted invitation cannot be revoked: remove the member instead.
   */
  readonly revoke: Call<{ params: { invitation_id: Id; }; }, undefined, Reasons['invitations.revoke']>;
}

export interface ApiKeysApi {
  /**
   * Create an API key
   *
   * For servers and scripts that act for you in this account. Store `key` securely: it cannot be retrieved again. A key can only have permissions that you have, and never those of the platform.
   */
  readonly create: Call<{ body: NewApiKey; }, CreatedApiKey, Reasons['apiKeys.create']>;
  /**
   * List API keys, newest first
   *
   * Admins see the keys of all members of the account, other members their own. Revoked keys stay listed.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, ApiKey, Reasons['apiKeys.list']>;
  /**
   * Change the name, expiry, limits or models of an API key
   *
   * Applies to the next request with the key, within a second in all processes. A new expiry also makes an expired key valid again; a revoked one stays revoked. Admins can change the keys of all members of the account.
   */
  readonly update: Call<{ params: { id: Id; }; body: ApiKeyChanges; }, ApiKey, Reasons['apiKeys.update']>;
  /**
   * Replace the secret of an API key
   *
   * Returns a new secret once. The current one is accepted for the overlap, so that programs can be changed one after another. While an earlier secret is still accepted, only a rotation without overlap is possible; it rejects all earlier secrets. Only the user of the key can rotate it.
   */
  readonly rotate: Call<{ params: { id: Id; }; body: ApiKeyRotation; }, CreatedApiKey, Reasons['apiKeys.rotate']>;
  /**
   * Retrieve what an API key has used
   *
   * Compare it with `limits` of the key. Credits of a run count when it ends, with those of its sub-agents. Admins can read the usage of the keys of all members of the account.
   */
  readonly usage: Call<{ params: { id: Id; }; }, ApiKeyUsage, Reasons['apiKeys.usage']>;
  /**
   * Revoke an API key
   *
   * Requests with the key are rejected within a second. Its open runs are cancelled, its schedules paused. Admins can revoke the keys of all members of the account.
   */
  readonly delete: Call<{ params: { id: Id; }; }, undefined, Reasons['apiKeys.delete']>;
}

export interface ProjectsApi {
  /**
   * Create a project
   *
   * You own the project. Add threads with their `project_id`. Share it with the account, or with a team.
   */
  readonly create: Call<{ body: NewProject; }, Project, Reasons['projects.create']>;
  /**
   * List the projects that you can see, newest first
   *
   * Returns your projects and those shared with you. Members with `data.projects.manage` also see the private projects of others.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Project, Reasons['projects.list']>;
  /**
   * Retrieve a project
   *
   * Use this for the name, the visibility and the team of a project. A project that is not visible to you is 404.
   */
  readonly get: Call<{ params: { project_id: Id; }; }, Project, Reasons['projects.get']>;
  /**
   * Update a project
   *
   * Use this to rename a project, or to share it. Omitted fields keep their values; a null `team_id` or `description` clears it. The default project cannot be shared.
   */
  readonly update: Call<{ params: { project_id: Id; }; body: ProjectChanges; }, Project, Reasons['projects.update']>;
  /**
   * Delete a project, but keep its threads
   *
   * The threads stay, without a project. The workspaces of the project can no longer be read. The default project cannot be deleted: 409 `default_project`.
   */
  readonly delete: Call<{ params: { project_id: Id; }; }, undefined, Reasons['projects.delete']>;
}

export interface WorkspacesApi {
  /**
   * Retrieve your workspace in a project
   *
   * Creates the workspace on the first request. Each user has their own workspace in a project; runs in its threads write files there.
   */
  readonly get: Call<{ params: { project_id: Id; }; }, Workspace, Reasons['workspaces.get']>;
  /**
   * List a folder of your workspace
   *
   * Use this to show what runs have produced. Returns only direct children; a path that is not a folder has no items.
   */
  readonly files: Call<{ params: { project_id: Id; }; query?: { path?: string | undefined; } | undefined; }, WorkspaceItems, Reasons['workspaces.files']>;
  /**
   * Download a file of your workspace
   *
   * Returns the content with its media type. Symbolic links are not followed: they are 404.
   */
  readonly file: Call<{ params: { project_id: Id; }; query: { path: string; }; }, Blob, Reasons['workspaces.file']>;
  /**
   * Upload a file to your workspace
   *
   * Creates the file and its folders, or replaces the content. Send `If-Match` with the `ETag` that you read to detect changes by runs, or `If-None-Match: *` to create only. A workspace has at most 5,000 files, 200 MiB, and 1 MiB of paths. A path that differs from an existing one only in case or Unicode normalization is 409 `path_taken`.
   */
  readonly upload: Call<{ params: { project_id: Id; }; query: { path: string; }; body: NewWorkspaceFile; }, WorkspaceFile, Reasons['workspaces.upload']>;
  /**
   * Rename or move a file or folder of your workspace
   *
   * A folder moves with everything in it, and missing parent folders are created. Nothing is overwritten: an existing `new_path` is 409 `path_taken`. All paths of a workspace together have at most 1 MiB.
   */
  readonly rename: Call<{ params: { project_id: Id; }; body: WorkspaceRename; }, WorkspaceItem, Reasons['workspaces.rename']>;
  /**
   * Delete a file or folder of your workspace
   *
   * A folder is deleted only with `recursive=true`, otherwise the response is 409 `folder_not_empty`. The storage counts until the old revision is removed, about an hour later. This works when the account is full, but not thousands of times in an hour: 409 `quota_exceeded`.
   */
  readonly delete: Call<{ params: { project_id: Id; }; query: { path: string; recursive?: boolean | undefined; }; }, undefined, Reasons['workspaces.delete']>;
  /**
   * Download a folder of your workspace as a zip file
   *
   * Contains all files of one revision below the folder, without compression. Symbolic links and empty folders are left out. A folder that does not exist is 404.
   */
  readonly archive: Call<{ params: { project_id: Id; }; query?: { path?: string | undefined; } | undefined; }, Blob, Reasons['workspaces.archive']>;
}

export interface SharesApi {
  /**
   * Share a thread
   *
   * Without `live_update`, the share shows the messages that exist now, even if the thread changes later. Send `url`, or the page of your client for its token, to readers: they need no account. Delete the share to end their access.
   */
  readonly create: Call<{ params: { thread_id: Id; }; body?: NewShare | undefined; }, Share, Reasons['shares.create']>;
  /**
   * List the shares of your thread, newest first
   *
   * Use this to show and delete the links of a thread. Passwords are never returned.
   */
  readonly list: PagedCall<{ params: { thread_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Share, Reasons['shares.list']>;
  /**
   * Delete a share
   *
   * Ends the access of all readers. The share can no longer be opened, not even with a session token that was issued before.
   */
  readonly delete: Call<{ params: { thread_id: Id; }; query: { id: Id; }; }, undefined, Reasons['shares.delete']>;
  /**
   * Retrieve a shared thread
   *
   * For pages that show a shared thread. If `requires_password` is true, ask for the password, verify it and repeat the request with the session token. A page has up to 200 messages and 1 MB.
   */
  readonly view: Call<{ params: { token: string; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; session_token?: string | undefined; } | undefined; }, ShareView & Cursor, Reasons['shares.view']>;
  /**
   * Verify the password of a share
   *
   * Returns a session token for `GET /v1/s/{token}` and the attachments of the share. After 10 wrong passwords from an address within 10 minutes, the response is 429.
   */
  readonly verify: Call<{ params: { token: string; }; body: SharePassword; }, ShareSession, Reasons['shares.verify']>;
}

export interface ReportsApi {
  /**
   * Report a thread
   *
   * Tells the platform admins that an answer is wrong or harmful. Every reader of the thread can report it. The thread does not change.
   */
  readonly create: Call<{ params: { thread_id: Id; }; body: NewReport; }, CreatedReport, Reasons['reports.create']>;
  /**
   * List the reports of all accounts, newest first
   *
   * For platform admins who review the quality of answers. A report keeps its `thread_id` even if the thread is deleted.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; category?: ReportCategory | undefined; thread_id?: Id | undefined; } | undefined; }, Report, Reasons['reports.list']>;
}

export interface AttachmentsApi {
  /**
   * Upload a file for a message
   *
   * Call this before you send a message with files, and send the returned key with it. Only you can access the file until then. A file that no message references is removed after 24 hours. The text of a PDF or Office document is extracted here; one that cannot be read is 400.
   */
  readonly stage: Call<{ body: NewAttachment; }, StagedAttachment, Reasons['attachments.stage']>;
  /**
   * Download an attachment
   *
   * Returns an attachment of a message in a thread that you can read, or a file that you have just uploaded. With a `share_token`, no credential is required.
   */
  readonly get: Call<{ params: { key: string; }; query?: { share_token?: string | undefined; session_token?: string | undefined; } | undefined; }, Blob, Reasons['attachments.get']>;
}

export interface MemoriesApi {
  /**
   * Create a memory
   *
   * Use this to tell agents a fact about you that they should know in every thread. If the same fact is already kept, ignoring case, spaces and a final period, it gets this text: 200 instead of 201. The number of memories is limited by `limit.memories_per_user`: 409 `memory_limit`.
   */
  readonly create: Call<{ body: NewMemory; }, Memory | Memory, Reasons['memories.create']>;
  /**
   * List or search your memories, most recently written first
   *
   * Returns your memories in the active account. Nobody else can read them. With `q`, those that contain all of its words, or words that are spelled similarly, ignoring case and accents.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; q?: string | undefined; } | undefined; }, Memory, Reasons['memories.list']>;
  /**
   * Delete all your memories
   *
   * Removes all your memories in the active account immediately. They cannot be restored. Messages of threads are not changed.
   */
  readonly deleteAll: Call<NoRequest, undefined, Reasons['memories.deleteAll']>;
  /**
   * Retrieve a memory
   *
   * Use this to show a memory that a run has written: the result of `memory_write` contains its ID.
   */
  readonly get: Call<{ params: { memory_id: Id; }; }, Memory, Reasons['memories.get']>;
  /**
   * Change the text of a memory
   *
   * If another memory is the same fact, it is deleted: this one remains.
   */
  readonly update: Call<{ params: { memory_id: Id; }; body: MemoryChanges; }, Memory, Reasons['memories.update']>;
  /**
   * Delete a memory
   *
   * The memory is removed immediately and cannot be restored. Agents can learn the fact again.
   */
  readonly delete: Call<{ params: { memory_id: Id; }; }, undefined, Reasons['memories.delete']>;
}

export interface SchedulesApi {
  /**
   * Create a schedule
   *
   * Starts runs in your name from now on. The plan limits the number of schedules and the shortest interval. The runs send the usual webhooks.
   */
  readonly create: Call<{ body: NewSchedule; }, Schedule, Reasons['schedules.create']>;
  /**
   * List your schedules, newest first
   *
   * Returns your schedules in the active account. Those of other members are left out.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Schedule, Reasons['schedules.list']>;
  /**
   * Preview the next times of a cron pattern
   *
   * Use this to show what a pattern means before it is saved. A pattern that is not valid is 400 `invalid_cron`.
   */
  readonly preview: Call<{ query: { cron: string; timezone?: string | undefined; }; }, SchedulePreview, Reasons['schedules.preview']>;
  /**
   * Retrieve a schedule
   *
   * Use `status` and `disabled_reason` to find out why a schedule starts nothing.
   */
  readonly get: Call<{ params: { schedule_id: Id; }; }, Schedule, Reasons['schedules.get']>;
  /**
   * Update a schedule
   *
   * A new pattern, time or time zone applies from now on; occurrences before that are not made up for. A completed schedule becomes active again with a new pattern or time, if the plan allows another one.
   */
  readonly update: Call<{ params: { schedule_id: Id; }; body: ScheduleChanges; }, Schedule, Reasons['schedules.update']>;
  /**
   * Delete a schedule and its history
   *
   * Runs that it has started continue, and their threads are kept.
   */
  readonly delete: Call<{ params: { schedule_id: Id; }; }, Ok, Reasons['schedules.delete']>;
  /**
   * Pause a schedule
   *
   * No runs are started until it is resumed, and waiting occurrences are skipped. Pausing it again has no effect.
   */
  readonly pause: Call<{ params: { schedule_id: Id; }; }, Schedule, Reasons['schedules.pause']>;
  /**
   * Resume a schedule
   *
   * Continues with the next time from now. Also enables a schedule that was disabled, and resets its failures.
   */
  readonly resume: Call<{ params: { schedule_id: Id; }; }, Schedule, Reasons['schedules.resume']>;
  /**
   * Start a run of a schedule now
   *
   * In addition to its times, whatever its status. Errors are those of starting a run.
   */
  readonly runNow: Call<{ params: { schedule_id: Id; }; }, ScheduleOccurrence, Reasons['schedules.runNow']>;
  /**
   * List the occurrences of a schedule, newest first
   *
   * Shows which runs were started, and why others were not. Occurrences are kept for 90 days.
   */
  readonly occurrences: PagedCall<{ params: { schedule_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, ScheduleOccurrence, Reasons['schedules.occurrences']>;
}

export interface ChatCompletionsApi {
  /**
   * Create a chat completion
   *
   * One call of a model in the format of OpenAI, without a thread, a persona or tools of the platform. The answer is charged once, also if the client disconnects, which ends the call at the provider. `Idempotency-Key` has no effect on streams.
   */
  readonly create: Call<{ body: NewChatCompletion & { stream?: false | null | undefined }; }, ChatCompletion, Reasons['chatCompletions.create']>;
}

export interface ChatModelsApi {
  /**
   * List the models in the format of OpenAI
   *
   * The models that are shown in pickers, of the account and of the platform. Models that are not shown can still be used by their names.
   */
  readonly list: Call<NoRequest, ChatModels, Reasons['chatModels.list']>;
  /**
   * Retrieve a model in the format of OpenAI
   *
   * The model that a selector means, such as `org/model:free` or `provider%5Emodel`.
   */
  readonly get: Call<{ params: { model: string; }; }, ChatModel, Reasons['chatModels.get']>;
}

export interface McpApi {
  /**
   * Call the MCP server
   *
   * The endpoint of the Model Context Protocol (Streamable HTTP) for other agents: threads, runs and workspaces as tools. There are no sessions; GET and DELETE are 405. A client lists and calls the tools that the permissions of its credential allow. Errors of the protocol are JSON-RPC errors; other errors are a `Problem`, and errors of tools are results with `isError`. `Origin` must be the own one or one of `ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS`, if there is one.
   */
  readonly call: Call<{ body: JsonRpcMessage; }, JsonRpcAnswer | undefined, Reasons['mcp.call']>;
}

export interface PersonasApi {
  /**
   * List the personas that a run can use
   *
   * Returns one persona per key: of the account, else of the platform, else built in. Sorted for display in a picker. Send the `persona_key` of the selected one as `persona_id` of a run.
   */
  readonly selectable: Call<NoRequest, SelectablePersona[], Reasons['personas.selectable']>;
  /**
   * List the personas of a scope, newest first, then built-in ones
   *
   * Complete personas, inactive ones too. For a picker, use `GET /v1/me/selectable-personas`.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; scope?: PersonaScope | undefined; } | undefined; }, Persona, Reasons['personas.list']>;
  /**
   * Create a persona
   *
   * A persona with the key of a platform or built-in persona overrides it. Runs use it with its key as `persona_id`.
   */
  readonly create: Call<{ body: NewPersona; }, Persona, Reasons['personas.create']>;
  /**
   * Update a persona
   *
   * Lists and objects are replaced as a whole. Active runs keep the values they started with.
   */
  readonly update: Call<{ params: { persona_id: Id; }; query?: { scope?: PersonaScope | undefined; } | undefined; body: PersonaChanges; }, Persona, Reasons['personas.update']>;
  /**
   * Delete a persona
   *
   * Runs that have started keep it. If it overrode a platform or built-in persona, that one applies again.
   */
  readonly delete: Call<{ params: { persona_id: Id; }; query?: { scope?: PersonaScope | undefined; } | undefined; }, undefined, Reasons['personas.delete']>;
}

export interface SkillsApi {
  /**
   * Create a skill
   *
   * Stores a folder in the Agent Skills format. Name and description are those of the front matter of `SKILL.md`. Personas without a list of skills can load it in their next runs. The body can have 4 MiB.
   */
  readonly create: Call<{ body: SkillContent; }, SkillDetails, Reasons['skills.create']>;
  /**
   * List the skills of the account, newest first
   *
   * Returns the skills without their files, inactive ones too. Retrieve a skill to list its files.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Skill, Reasons['skills.list']>;
  /**
   * Retrieve a skill with the list of its files
   *
   * Contains paths, sizes and hashes. Download a file to read its content.
   */
  readonly get: Call<{ params: { skill_id: Id; }; }, SkillDetails, Reasons['skills.get']>;
  /**
   * Replace the content of a skill
   *
   * Replaces all files; those that are not sent are removed. The name in `SKILL.md` must stay the same. Active runs load the new content from then on. The body can have 4 MiB.
   */
  readonly replace: Call<{ params: { skill_id: Id; }; body: SkillContent; }, SkillDetails, Reasons['skills.replace']>;
  /**
   * Enable or disable a skill
   *
   * Models no longer see a disabled skill and cannot load it. Its files and the lists of personas are kept.
   */
  readonly update: Call<{ params: { skill_id: Id; }; body: SkillChanges; }, SkillDetails, Reasons['skills.update']>;
  /**
   * Delete a skill
   *
   * The files are removed immediately and cannot be restored. Returns 409 while a persona of the account lists the skill; `details.persona_keys` names them. Remove it there first, or disable it.
   */
  readonly delete: Call<{ params: { skill_id: Id; }; }, undefined, Reasons['skills.delete']>;
  /**
   * Download a file of a skill
   *
   * Returns the content with its media type, always as an attachment.
   */
  readonly file: Call<{ params: { skill_id: Id; }; query: { path: string; }; }, Blob, Reasons['skills.file']>;
}

export interface NotificationsApi {
  /**
   * List your notifications from all your accounts, newest first
   *
   * Use `unread_only` for a badge. Broadcasts of the platform appear here too.
   */
  readonly list: Call<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; unread_only?: boolean | undefined; type?: string | undefined; } | undefined; }, Notifications & Cursor, Reasons['notifications.list']>;
  /**
   * Mark all your notifications as read
   *
   * Includes notifications on other pages and of all your accounts. Repeating the request has no effect.
   */
  readonly readAll: Call<{ body?: NoFields | undefined; }, ReadAll, Reasons['notifications.readAll']>;
  /**
   * Mark a notification as read
   *
   * Sets `read_at`. Repeating the request has no effect.
   */
  readonly read: Call<{ params: { notification_id: Id; }; body?: NoFields | undefined; }, Ok, Reasons['notifications.read']>;
}

export interface BroadcastsApi {
  /**
   * Send a notification to all users, or to the members of an account
   *
   * The broadcast is sent in the background. Users who register or join the account within 30 days receive it too. Retrieve it by its `id` to follow the progress.
   */
  readonly create: Call<{ body: NewBroadcast; }, Broadcast, Reasons['broadcasts.create']>;
  /**
   * List broadcasts, newest first
   *
   * Use this to see what was sent, and to whom. Deleted broadcasts are left out.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; } | undefined; }, Broadcast, Reasons['broadcasts.list']>;
  /**
   * Retrieve a broadcast and its progress
   *
   * Poll this until `status` is `completed` or `failed`; `sent_count` is the progress.
   */
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
   * Without `data.usage.read`, you see only the transactions of your own runs and redemptions, and those that belong to no user. Use it to show what is left and what was charged.
   */
  readonly mine: Call<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; from?: string | undefined; to?: string | undefined; } | undefined; }, Credits & Cursor, Reasons['credits.mine']>;
  /**
   * Retrieve the balance of any account and its transactions, newest first
   *
   * For support: all transactions of the account, with their causes.
   */
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
   * No balance goes below 0. Up to 1,000 accounts are changed before the response. If there are more, the response has the state `running` and the rest are changed in the background, at most 1,000 per transaction; retrieve the operation by its `id` to follow the progress. Each account is changed exactly once. While an operation is running, another one returns 409 `credit_operation_running`.
   */
  readonly bulkAdjust: Call<{ body: BulkCreditAdjustment; }, CreditOperation, Reasons['credits.bulkAdjust']>;
  /**
   * Reset the credits of every account to 0
   *
   * Processed in the same way as a bulk adjustment. Retrieve the operation by its `id` to follow the progress.
   */
  readonly resetAll: Call<{ body?: CreditReset | undefined; }, CreditOperation, Reasons['credits.resetAll']>;
  /**
   * Retrieve a bulk credit operation and its progress
   *
   * Poll this after a bulk adjustment or a reset with the state `running`, until it is `completed`.
   */
  readonly operation: Call<{ params: { operation_id: Id; }; }, CreditOperation, Reasons['credits.operation']>;
}

export interface RedemptionCodesApi {
  /**
   * Create a batch of redemption codes: all or none
   *
   * Returns the codes to hand out. Users redeem them at `POST /v1/me/redeem`. If the request fails, no code exists.
   */
  readonly createBatch: Call<{ body: NewRedemptionCodes; }, RedemptionCode[], Reasons['redemptionCodes.createBatch']>;
  /**
   * List redemption codes, newest first
   *
   * Use `q` with a batch ID to see how many codes of a batch were redeemed.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; q?: string | undefined; type?: RedemptionType | undefined; } | undefined; }, RedemptionCode, Reasons['redemptionCodes.list']>;
  /**
   * Deactivate a redemption code permanently
   *
   * Nobody can redeem the code any more. What it has given is kept.
   */
  readonly update: Call<{ params: { code_id: Id; }; body: RedemptionCodeChanges; }, RedemptionCode, Reasons['redemptionCodes.update']>;
}

export interface InviteCodesApi {
  /**
   * List invite codes, newest first
   *
   * Shows who invites others, and how often each code was used.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; q?: string | undefined; } | undefined; }, OwnedInviteCode, Reasons['inviteCodes.list']>;
  /**
   * Retrieve an invite code
   *
   * Use this to check one code before you change it.
   */
  readonly get: Call<{ params: { code_id: Id; }; }, OwnedInviteCode, Reasons['inviteCodes.get']>;
  /**
   * Update the use limit of an invite code, or enable or disable it
   *
   * Use this to stop the misuse of a code, or to allow more registrations. A user can have at most one active code.
   */
  readonly update: Call<{ params: { code_id: Id; }; body: InviteCodeChanges; }, OwnedInviteCode, Reasons['inviteCodes.update']>;
}

export interface ReferralsApi {
  /**
   * List referrals, newest first
   *
   * Each entry links an inviter to a user who registered with their code. For several levels, use the tree.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; inviter_user_id?: Id | undefined; } | undefined; }, Referral, Reasons['referrals.list']>;
  /**
   * Retrieve the referral tree of a user, three levels deep
   *
   * Breadth-first, with each user once; at most 10000 users. Use it to see who came through a user, directly and indirectly.
   */
  readonly tree: Call<{ query: { user_id: Id; }; }, ReferralNode[], Reasons['referrals.tree']>;
}

export interface UsageApi {
  /**
   * Retrieve your usage for a month
   *
   * Counts your own runs in the active account, when they end. Compare `storage` with its limits to warn before uploads fail.
   */
  readonly mine: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, MonthlyUsage, Reasons['usage.mine']>;
  /**
   * List your usage by day
   *
   * Counts your own runs in the active account. Days without runs are left out; fill them with 0 for a chart.
   */
  readonly mineDaily: Call<{ query: { start: string; end: string; }; }, DailyUsage[], Reasons['usage.mineDaily']>;
  /**
   * List your usage by hour
   *
   * Counts your own runs in the active account. Hours without runs are left out; fill them with 0 for a chart.
   */
  readonly mineHourly: Call<{ query: { start: string; end: string; }; }, HourlyUsage[], Reasons['usage.mineHourly']>;
  /**
   * List your usage for a month by model
   *
   * Counts your own runs in the active account. Models with the most tokens come first.
   */
  readonly mineByModel: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, ModelUsage[], Reasons['usage.mineByModel']>;
  /**
   * Retrieve the usage of an account for a month
   *
   * Counts the runs of all members. Platform admins can name every account.
   */
  readonly ofAccount: Call<{ params: { account_id: Id; }; query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, MonthlyUsage, Reasons['usage.ofAccount']>;
  /**
   * List the usage of an account by day
   *
   * Counts the runs of all members. Days without runs are left out; fill them with 0 for a chart.
   */
  readonly ofAccountDaily: Call<{ params: { account_id: Id; }; query: { start: string; end: string; }; }, DailyUsage[], Reasons['usage.ofAccountDaily']>;
  /**
   * List the usage of an account by hour
   *
   * Counts the runs of all members. Hours without runs are left out; fill them with 0 for a chart.
   */
  readonly ofAccountHourly: Call<{ params: { account_id: Id; }; query: { start: string; end: string; }; }, HourlyUsage[], Reasons['usage.ofAccountHourly']>;
  /**
   * List the usage of an account for a month by model
   *
   * Counts the runs of all members. Models with the most tokens come first.
   */
  readonly ofAccountByModel: Call<{ params: { account_id: Id; }; query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, ModelUsage[], Reasons['usage.ofAccountByModel']>;
  /**
   * List the usage of chat completions for a month by API key and model
   *
   * The part of the usage of the account that chat completions caused. Keys and models with the most tokens come first. Names of keys are in the list of API keys.
   */
  readonly ofChatCompletions: Call<{ params: { account_id: Id; }; query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, ChatCompletionUsage[], Reasons['usage.ofChatCompletions']>;
  /**
   * Download the usage records of an account, newest first
   *
   * A record for each run and each chat completion that ended in the range: `account_id`, `run_id` (or the ID of the chat completion), `usage_type`, `model`, `user_id`, `input_tokens`, `output_tokens`, `cache_creation_tokens`, `cache_read_tokens`, `cached_tokens`, `cost_usd`, `shortfall` (credits that the balance did not cover), `estimated` and `recorded_at`. Sent while it is read, in UTF-8 and compressed if `Accept-Encoding` allows gzip. If reading fails, the connection is closed and the end that `format` describes is missing. At most 60 exports per caller and hour, and two at a time of a caller and of an account. A client that reads less than 64 KiB per second for long is disconnected, or 512 KiB while others wait.
   */
  readonly exportOfAccount: Call<{ params: { account_id: Id; }; query: { start: string; end: string; format?: ExportFormat | undefined; }; }, Blob, Reasons['usage.exportOfAccount']>;
  /**
   * Retrieve the usage of all accounts for a month
   *
   * Counts all runs of the installation that ended in the month.
   */
  readonly summary: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, UsageSummary, Reasons['usage.summary']>;
  /**
   * Download the usage records of all accounts, newest first
   *
   * A record for each run and each chat completion that ended in the range: `account_id`, `run_id` (or the ID of the chat completion), `usage_type`, `model`, `user_id`, `input_tokens`, `output_tokens`, `cache_creation_tokens`, `cache_read_tokens`, `cached_tokens`, `cost_usd`, `shortfall` (credits that the balance did not cover), `estimated` and `recorded_at`. Sent while it is read, in UTF-8 and compressed if `Accept-Encoding` allows gzip. If reading fails, the connection is closed and the end that `format` describes is missing. At most 60 exports per caller and hour, and two at a time of a caller and of an account. A client that reads less than 64 KiB per second for long is disconnected, or 512 KiB while others wait.
   */
  readonly export: Call<{ query: { start: string; end: string; format?: ExportFormat | undefined; }; }, Blob, Reasons['usage.export']>;
  /**
   * List the usage of all accounts by day
   *
   * Counts all runs of the installation. Days without runs are left out; fill them with 0 for a chart.
   */
  readonly daily: Call<{ query: { start: string; end: string; }; }, DailyUsage[], Reasons['usage.daily']>;
  /**
   * List the usage of all accounts by hour
   *
   * Counts all runs of the installation. Hours without runs are left out; fill them with 0 for a chart.
   */
  readonly hourly: Call<{ query: { start: string; end: string; }; }, HourlyUsage[], Reasons['usage.hourly']>;
  /**
   * List the usage of all accounts for a month by model
   *
   * Counts all runs of the installation. Models with the most tokens come first.
   */
  readonly byModel: Call<{ query?: { year?: number | undefined; month?: number | undefined; } | undefined; }, ModelUsage[], Reasons['usage.byModel']>;
}

export interface LlmProvidersApi {
  /**
   * List providers with their models
   *
   * Without permission to manage secrets, returns only what a model picker needs: no keys, base URLs or advanced settings, and only models that are shown in the picker. Without `scope`, returns the providers of the account, then those of the platform.
   */
  readonly list: Call<{ query?: { scope?: ProviderScope | undefined; } | undefined; }, LlmProvider[], Reasons['llmProviders.list']>;
  /**
   * Create a provider
   *
   * Stores the API key encrypted. Next, add models: runs use them at once. If `feature.byok_enabled` is false, accounts cannot have providers of their own: 403 `feature_disabled`.
   */
  readonly create: Call<{ body: NewLlmProvider; }, LlmProvider, Reasons['llmProviders.create']>;
  /**
   * Update a provider
   *
   * Omitted fields keep their values; another `base_url`, or another `provider` without one, needs the `api_key` again. Active runs keep their settings.
   */
  readonly update: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; body: LlmProviderChanges; }, LlmProvider, Reasons['llmProviders.update']>;
  /**
   * Delete a provider, its API key and its models
   *
   * Active runs can finish. Later runs use other providers.
   */
  readonly delete: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, Reasons['llmProviders.delete']>;
  /**
   * List the models that the provider offers
   *
   * Asks the provider and caches the list for 2 minutes. Use it to choose models to add. If the provider does not answer, the response is 502.
   */
  readonly availableModels: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, UpstreamModels, Reasons['llmProviders.availableModels']>;
}

export interface LlmModelsApi {
  /**
   * Add a model to a provider
   *
   * Runs can use the model at once. Costs and credits are calculated with its prices. Without any, a known model at its vendor gets those of the list. Then test it.
   */
  readonly create: Call<{ params: { provider_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; body: NewLlmModel; }, LlmModel, Reasons['llmModels.create']>;
  /**
   * Update a model
   *
   * Omitted fields keep their values. Active runs keep the settings that they started with.
   */
  readonly update: Call<{ params: { provider_id: Id; model_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; body: LlmModelChanges; }, LlmModel, Reasons['llmModels.update']>;
  /**
   * Delete a model
   *
   * If it was the default, the model with the highest priority becomes the default. Active runs can finish.
   */
  readonly delete: Call<{ params: { provider_id: Id; model_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, Reasons['llmModels.delete']>;
  /**
   * Test a model with a short request
   *
   * Sends a short request to the provider, which may charge for it. The response is 200 even if the test fails: check `success`.
   */
  readonly test: Call<{ params: { provider_id: Id; model_id: Id; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, LlmModelTest, Reasons['llmModels.test']>;
}

export interface ToolProvidersApi {
  /**
   * List all tool providers by group
   *
   * Shows which provider serves each tool group, and what is missing.
   */
  readonly list: Call<{ query?: { scope?: ProviderScope | undefined; } | undefined; }, ToolProviderGroups, Reasons['toolProviders.list']>;
  /**
   * Activate a provider for its group
   *
   * Deactivates the previously active provider of the group. A provider can be activated before it is configured; until then, its tool calls fall back or fail with `tool.not_configured`.
   */
  readonly activate: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, Reasons['toolProviders.activate']>;
  /**
   * Deactivate a provider for its group
   *
   * Calls of the group go to the provider of the platform, or to the one in the settings. Repeating the request has no effect.
   */
  readonly deactivate: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, Reasons['toolProviders.deactivate']>;
  /**
   * Set the API key or base URL of a provider
   *
   * Takes effect within a second. Another `base_url` needs a stored key again.
   */
  readonly setCredential: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; body?: ToolCredential | undefined; }, undefined, Reasons['toolProviders.setCredential']>;
  /**
   * Delete the API key of a provider
   *
   * Keeps the base URL and whether the provider is active. Without a required key, its tool calls fall back or fail with `tool.not_configured`.
   */
  readonly clearCredential: Call<{ params: { group: string; provider: string; }; query?: { scope?: ProviderScope | undefined; } | undefined; }, undefined, Reasons['toolProviders.clearCredential']>;
}

export interface McpConfigsApi {
  /**
   * Create an MCP server
   *
   * Its tools are offered to the models of the account's next runs. A `stdio` server is a program that runs on the worker. Only platform admins can create or update one.
   */
  readonly create: Call<{ body: NewMcpConfig; }, McpConfig, Reasons['mcpConfigs.create']>;
  /**
   * List MCP servers, newest first
   *
   * Returns active and inactive servers. Bearer tokens and environment values are not included.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, McpConfig, Reasons['mcpConfigs.list']>;
  /**
   * Update an MCP server
   *
   * Omitted fields keep their values; another `url` needs a `bearer_token` again. The transport cannot be changed. The next run lists the tools again.
   */
  readonly update: Call<{ params: { config_id: Id; }; body: McpConfigChanges; }, McpConfig, Reasons['mcpConfigs.update']>;
  /**
   * Delete an MCP server
   *
   * The tools are no longer offered to runs. To pause a server, set `is_active` to false instead.
   */
  readonly delete: Call<{ params: { config_id: Id; }; }, undefined, Reasons['mcpConfigs.delete']>;
  /**
   * Connect to an MCP server and list its tools
   *
   * Waits for at most the timeout of the server and 20 seconds. The response is 200 even if the test fails: check `success`. An inactive server can be tested; a `stdio` server cannot, because its program runs on workers only.
   */
  readonly test: Call<{ params: { config_id: Id; }; }, McpTest, Reasons['mcpConfigs.test']>;
  /**
   * List the prompts of an MCP server
   *
   * Asks the server each time, and waits for at most its timeout and 20 seconds. Returns up to 1,000 prompts; descriptions that are not valid are left out. An inactive server is 409. A `stdio` server is asked by a worker; without one, the response is 503 `worker_unavailable`.
   */
  readonly prompts: Call<{ params: { config_id: Id; }; }, McpPrompt[], Reasons['mcpConfigs.prompts']>;
  /**
   * Get the messages of a prompt of an MCP server
   *
   * Looks up the prompt, checks the names of the arguments, and asks the server for the messages, a `stdio` server by a worker. Nothing is stored. All messages together have at most 4 MiB. Texts of the server are not checked for instructions to models.
   */
  readonly getPrompt: Call<{ params: { config_id: Id; }; body: McpPromptRequest; }, McpPromptResult, Reasons['mcpConfigs.getPrompt']>;
  /**
   * Start the OAuth authorization of an MCP server
   *
   * Finds the authorization server of a remote MCP server, registers a client there, and returns the address to open. After the user has granted access, the authorization server redirects to `/oauth/mcp/{config_id}` of the front end, which completes the authorization. Replaces one that was started before. An account can start 20 in 10 minutes.
   */
  readonly authorize: Call<{ params: { config_id: Id; }; }, McpAuthorizationStart, Reasons['mcpConfigs.authorize']>;
  /**
   * Complete the OAuth authorization of an MCP server
   *
   * Exchanges the code for tokens, which are stored encrypted. Only the session that started the authorization can complete it, once, and within 10 minutes. The next run uses the access.
   */
  readonly completeAuthorization: Call<{ params: { config_id: Id; }; body: McpAuthorizationAnswer; }, McpConfig, Reasons['mcpConfigs.completeAuthorization']>;
  /**
   * Delete the OAuth authorization of an MCP server
   *
   * Deletes the tokens and the registered client here, and closes open connections. To end the grant at the authorization server too, use its own pages.
   */
  readonly disconnect: Call<{ params: { config_id: Id; }; }, undefined, Reasons['mcpConfigs.disconnect']>;
}

export interface WebhookEndpointsApi {
  /**
   * Create a webhook endpoint
   *
   * New events are sent from now on. Store `signing_secret` to verify the signatures; it cannot be retrieved again.
   */
  readonly create: Call<{ body: NewWebhookEndpoint; }, WebhookEndpointWithSecret, Reasons['webhookEndpoints.create']>;
  /**
   * List webhook endpoints, newest first
   *
   * Use this to show where events are sent, and to find endpoints that were disabled.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, WebhookEndpoint, Reasons['webhookEndpoints.list']>;
  /**
   * Retrieve a webhook endpoint
   *
   * Use `disabled_reason` to find out why an endpoint receives nothing.
   */
  readonly get: Call<{ params: { endpoint_id: Id; }; }, WebhookEndpoint, Reasons['webhookEndpoints.get']>;
  /**
   * Update a webhook endpoint
   *
   * While an endpoint is disabled, no events are stored for it, and pending deliveries fail. After you have repaired a receiver, set `enabled` to true.
   */
  readonly update: Call<{ params: { endpoint_id: Id; }; body: WebhookEndpointChanges; }, WebhookEndpoint, Reasons['webhookEndpoints.update']>;
  /**
   * Delete a webhook endpoint and its deliveries
   *
   * No more events are sent. To pause an endpoint, set `enabled` to false instead.
   */
  readonly delete: Call<{ params: { endpoint_id: Id; }; }, Ok, Reasons['webhookEndpoints.delete']>;
  /**
   * Rotate the signing secret
   *
   * Use this if the secret may have leaked. Replace it in your receiver within the grace period, in which messages have both signatures. A secret that is still signing because of an earlier rotation is dropped immediately.
   */
  readonly rotateSecret: Call<{ params: { endpoint_id: Id; }; body?: SecretRotation | undefined; }, WebhookEndpointWithSecret, Reasons['webhookEndpoints.rotateSecret']>;
  /**
   * Send a test event
   *
   * Sends an example of an event, signed and delivered like a real one, but marked with `test: true` and attempted only once. Retrieve the returned delivery to see the response of the receiver.
   */
  readonly test: Call<{ params: { endpoint_id: Id; }; body: WebhookTest; }, WebhookDelivery, Reasons['webhookEndpoints.test']>;
  /**
   * Replay messages
   *
   * Sends the messages of a time range again, oldest first, after a receiver was down or has lost data. Workers queue them in batches. At most 10,000 messages, one replay per endpoint at a time, and 20 an hour and account. Disabling the endpoint ends the replay.
   */
  readonly replay: Call<{ params: { endpoint_id: Id; }; body: NewWebhookReplay; }, WebhookReplay, Reasons['webhookEndpoints.replay']>;
  /**
   * Retrieve the last replay
   *
   * Shows how many messages the last replay has queued. 404 if there was none.
   */
  readonly lastReplay: Call<{ params: { endpoint_id: Id; }; }, WebhookReplay, Reasons['webhookEndpoints.lastReplay']>;
}

export interface WebhookDeliveriesApi {
  /**
   * List deliveries, newest first
   *
   * Use this to find failed deliveries. Deliveries are kept for 30 days.
   */
  readonly list: PagedCall<{ params: { endpoint_id: Id; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; status?: WebhookDeliveryStatus | undefined; event_type?: WebhookEventType | undefined; } | undefined; }, WebhookDelivery, Reasons['webhookDeliveries.list']>;
  /**
   * Retrieve a delivery with its payload
   *
   * Shows the payload that was sent and the last response, to debug a receiver.
   */
  readonly get: Call<{ params: { endpoint_id: Id; delivery_id: Id; }; }, WebhookDeliveryDetail, Reasons['webhookDeliveries.get']>;
  /**
   * Redeliver a message
   *
   * Creates a new delivery of the same message and sends it at once, signed with the current secret. Use this after you have repaired the receiver. That of a test event counts toward the limit of test events.
   */
  readonly redeliver: Call<{ params: { endpoint_id: Id; delivery_id: Id; }; }, WebhookDelivery, Reasons['webhookDeliveries.redeliver']>;
}

export interface AsrCredentialsApi {
  /**
   * Create a credential
   *
   * Stores the API key encrypted. Make one credential the default so that members can transcribe recordings.
   */
  readonly create: Call<{ body: NewAsrCredential; }, AsrCredential, Reasons['asrCredentials.create']>;
  /**
   * List the credentials of the account, then those of the platform
   *
   * Keys and base URLs of credentials that you may not manage are null.
   */
  readonly list: Call<NoRequest, AsrCredential[], Reasons['asrCredentials.list']>;
  /**
   * Update a credential
   *
   * Omitted fields keep their values; another `base_url` needs the `api_key` again.
   */
  readonly update: Call<{ params: { credential_id: Id; }; body: AsrCredentialChanges; }, AsrCredential, Reasons['asrCredentials.update']>;
  /**
   * Delete a credential and its API key
   *
   * If it was the default, no other credential becomes the default: transcriptions use the platform's, or fail with 409.
   */
  readonly delete: Call<{ params: { credential_id: Id; }; }, undefined, Reasons['asrCredentials.delete']>;
  /**
   * Set the default credential
   *
   * Transcriptions of the account use it from now on, instead of the previous default.
   */
  readonly setDefault: Call<{ params: { credential_id: Id; }; }, Ok, Reasons['asrCredentials.setDefault']>;
}

export interface AsrApi {
  /**
   * Transcribe a recording
   *
   * Uses the default credential of the account, or else of the platform. The recording is streamed to the provider and not stored. Use it for voice input, then send the text as a message.
   */
  readonly transcribe: Call<{ body: Recording; }, Transcript, Reasons['asr.transcribe']>;
}

export interface AuditLogsApi {
  /**
   * List audit log entries, newest first
   *
   * Tells who changed something, and when. Denied requests are included; secrets and message texts never are. Entries are kept for `ARKLOOP_AUDIT_RETENTION_DAYS` days.
   */
  readonly list: Call<{ query?: { account_id?: Id | undefined; action?: string | undefined; target_type?: string | undefined; actor_user_id?: Id | undefined; since?: Time | undefined; until?: Time | undefined; limit?: number | undefined; offset?: number | undefined; include?: "state" | undefined; } | undefined; }, AuditLog, Reasons['auditLogs.list']>;
  /**
   * Download the audit log, newest first
   *
   * All entries that match, with the fields of `AuditEntry`; in CSV, `metadata` and the states are JSON. Use `since` and `until` to continue from an earlier export. Sent while it is read, in UTF-8 and compressed if `Accept-Encoding` allows gzip. If reading fails, the connection is closed and the end that `format` describes is missing. At most 60 exports per caller and hour, and two at a time of a caller and of an account. A client that reads less than 64 KiB per second for long is disconnected, or 512 KiB while others wait.
   */
  readonly export: Call<{ query?: { account_id?: Id | undefined; action?: string | undefined; target_type?: string | undefined; actor_user_id?: Id | undefined; since?: Time | undefined; until?: Time | undefined; include?: "state" | undefined; format?: ExportFormat | undefined; } | undefined; }, Blob, Reasons['auditLogs.export']>;
}

export interface IpRulesApi {
  /**
   * Create an IP rule
   *
   * Requests from an address in a blocklist network are rejected with 403 `ip_blocked`. If the account has allowlist rules, so are requests from addresses outside all of their networks.
   */
  readonly create: Call<{ query?: { force?: boolean | undefined; } | undefined; body: NewIpRule; }, IpRule, Reasons['ipRules.create']>;
  /**
   * List the IP rules of the account, newest first
   *
   * Without rules, requests from all addresses are accepted. Platform admins can name any account.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; account_id?: Id | undefined; } | undefined; }, IpRule, Reasons['ipRules.list']>;
  /**
   * Delete an IP rule
   *
   * Takes effect immediately. Deleting the last allowlist rule admits all addresses that are not blocked.
   */
  readonly delete: Call<{ params: { rule_id: Id; }; query?: { force?: boolean | undefined; account_id?: Id | undefined; } | undefined; }, undefined, Reasons['ipRules.delete']>;
}

export interface DashboardApi {
  /**
   * Retrieve the numbers of users, accounts and runs, and the usage of all runs
   *
   * For the start page of platform admins. The numbers may be a few seconds old.
   */
  readonly get: Call<NoRequest, Dashboard, Reasons['dashboard.get']>;
}

export interface UsersApi {
  /**
   * List users, newest first
   *
   * Deleted users are left out. Use `q` to find a user by name or address.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; cursor?: PageCursor | undefined; q?: string | undefined; status?: UserStatus | undefined; } | undefined; }, User, Reasons['users.list']>;
  /**
   * Retrieve a user and their accounts
   *
   * Use this for support: it shows the status, and the accounts and roles of the user.
   */
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
  /**
   * Remove the second factor of a user
   *
   * For users who have lost their authenticator app and their recovery codes. Verify who asks first: afterwards, a password or an emailed code is enough to sign in. The user is notified.
   */
  readonly removeSecondFactor: Call<{ params: { user_id: Id; }; }, undefined, Reasons['users.removeSecondFactor']>;
}

export interface AdminAccountsApi {
  /**
   * List all accounts, newest first
   *
   * Shows the balance and number of members of each account. Closed accounts are left out.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; q?: string | undefined; status?: AccountStatus | undefined; type?: AccountType | undefined; } | undefined; }, AdminAccount, Reasons['adminAccounts.list']>;
  /**
   * Retrieve any account
   *
   * Use this for support: it shows the owner, the number of members and the balance. A closed account is 404.
   */
  readonly get: Call<{ params: { account_id: Id; }; }, AdminAccount, Reasons['adminAccounts.get']>;
  /**
   * Suspend or reactivate an account
   *
   * Suspending an account stops its runs and ends its event streams. While it is suspended, requests from its members and API keys are rejected. Reactivating it restores access, but not the runs.
   */
  readonly update: Call<{ params: { account_id: Id; }; body: AdminAccountChanges; }, AdminAccount, Reasons['adminAccounts.update']>;
}

export interface AdminErasuresApi {
  /**
   * Erase any workspace, or a closed account
   *
   * Use this if the owner cannot, or for an account that is closed already. The personal account of a user is erased after the user is deleted. The grace period applies as for owners.
   */
  readonly account: Call<{ params: { account_id: Id; }; body: NewErasure; }, Erasure, Reasons['adminErasures.account']>;
  /**
   * Erase a deleted user
   *
   * Erases their personal account, and what is left of the user: name, sessions, devices and notifications.
   */
  readonly user: Call<{ params: { user_id: Id; }; body?: NewUserErasure | undefined; }, Erasure, Reasons['adminErasures.user']>;
  /**
   * List all erasures, newest first
   *
   * Those of owners too. Filter by `state` to find what is due.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; state?: ErasureState | undefined; } | undefined; }, Erasure, Reasons['adminErasures.list']>;
  /**
   * Retrieve any erasure, with its proof
   *
   * The record and its proof outlive the account.
   */
  readonly get: Call<{ params: { erasure_id: Id; }; }, ErasureDetails, Reasons['adminErasures.get']>;
  /**
   * Cancel any erasure
   *
   * Before it begins. It stays listed as `cancelled`.
   */
  readonly cancel: Call<{ params: { erasure_id: Id; }; }, undefined, Reasons['adminErasures.cancel']>;
}

export interface RunDetailsApi {
  /**
   * Retrieve a run of any account
   *
   * Use this for support: it shows the prompt, the route, the usage and the child runs. Each request is recorded in the audit log of the account.
   */
  readonly get: Call<{ params: { run_id: Id; }; }, RunDetails, Reasons['runDetails.get']>;
}

export interface ServiceKeysApi {
  /**
   * Create a service key
   *
   * Use a key for programs that administer the platform, such as a billing system. It acts on behalf of no account and can call only the operations of its scopes. Store `key` securely: it cannot be retrieved again.
   */
  readonly create: Call<{ body: NewServiceKey; }, CreatedServiceKey, Reasons['serviceKeys.create']>;
  /**
   * List service keys, newest first
   *
   * Returns the keys of all platform admins. Revoked keys stay listed.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, ServiceKey, Reasons['serviceKeys.list']>;
  /**
   * Retrieve a service key
   *
   * Never contains the secret.
   */
  readonly get: Call<{ params: { service_key_id: Id; }; }, ServiceKey, Reasons['serviceKeys.get']>;
  /**
   * Change the name, addresses, rate or expiry of a service key
   *
   * Applies to the next request with the key, within a second in all processes. A new expiry also makes an expired key valid again; a revoked one stays revoked.
   */
  readonly update: Call<{ params: { service_key_id: Id; }; body: ServiceKeyChanges; }, ServiceKey, Reasons['serviceKeys.update']>;
  /**
   * Replace the secret of a service key
   *
   * Returns a new secret once and makes you the user of the key. The current one is accepted for the overlap, so that programs can be changed one after another. While an earlier secret is still accepted, only a rotation without overlap is possible; it rejects all earlier secrets.
   */
  readonly rotate: Call<{ params: { service_key_id: Id; }; body: ApiKeyRotation; }, CreatedServiceKey, Reasons['serviceKeys.rotate']>;
  /**
   * Revoke a service key
   *
   * Requests with the key are rejected within a second. A revoked key stays listed and cannot be made valid again.
   */
  readonly delete: Call<{ params: { service_key_id: Id; }; }, undefined, Reasons['serviceKeys.delete']>;
}

export interface IdentityProvidersApi {
  /**
   * Create an identity provider
   *
   * Adds a button to the sign-in page. Register `/oauth/sign-in/{id}` of your front end as redirect URI at the provider; create the provider disabled to get its ID first. The provider is contacted only with `verify`.
   */
  readonly create: Call<{ body: NewIdentityProvider; }, IdentityProvider, Reasons['identityProviders.create']>;
  /**
   * List identity providers, newest first
   *
   * Includes disabled providers. Client secrets are not returned.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, IdentityProvider, Reasons['identityProviders.list']>;
  /**
   * Retrieve an identity provider
   *
   * Never contains the client secret.
   */
  readonly get: Call<{ params: { identity_provider_id: Id; }; }, IdentityProvider, Reasons['identityProviders.get']>;
  /**
   * Change an identity provider
   *
   * Omitted fields keep their values. Sign-ins that are under way must begin again. Sessions that the provider opened stay open. Identities belong to their issuer: with another issuer, they are not used. A new issuer needs `client_secret` again, so that the secret does not reach another server.
   */
  readonly update: Call<{ params: { identity_provider_id: Id; }; body: IdentityProviderChanges; }, IdentityProvider, Reasons['identityProviders.update']>;
  /**
   * Delete an identity provider
   *
   * Sign-ins that are under way end; sessions stay open. Linked identities are kept and work again if a provider with the same issuer is created. To pause a provider, set `enabled` to false.
   */
  readonly delete: Call<{ params: { identity_provider_id: Id; }; }, undefined, Reasons['identityProviders.delete']>;
}

export interface PlansApi {
  /**
   * List plans, newest first
   *
   * Use this to show the available plans. They belong to no account: every user sees all.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, Plan, Reasons['plans.list']>;
  /**
   * Retrieve a plan
   *
   * Shows the entitlements of the plan. Those of an account can differ by overrides.
   */
  readonly get: Call<{ params: { plan_id: Id; }; }, Plan, Reasons['plans.get']>;
  /**
   * Create a plan
   *
   * Accounts get the entitlements of the plan when they are subscribed to it with `POST /v1/subscriptions`.
   */
  readonly create: Call<{ body: NewPlan; }, Plan, Reasons['plans.create']>;
  /**
   * Update a plan
   *
   * Takes effect immediately for all subscribers. `entitlements` replaces the whole set.
   */
  readonly update: Call<{ params: { plan_id: Id; }; body: PlanChanges; }, Plan, Reasons['plans.update']>;
  /**
   * Delete a plan that has never had a subscription
   *
   * A plan with subscriptions, even canceled ones, cannot be deleted: 409 `plan_in_use`.
   */
  readonly delete: Call<{ params: { plan_id: Id; }; }, undefined, Reasons['plans.delete']>;
}

export interface SubscriptionsApi {
  /**
   * Subscribe an account to a plan
   *
   * The entitlements of the plan apply immediately, and the due monthly credits are granted. An account has at most one active subscription: cancel it before you change the plan.
   */
  readonly create: Call<{ body: NewSubscription; }, Subscription, Reasons['subscriptions.create']>;
  /**
   * List subscriptions, newest first
   *
   * Members see the active subscription of their account. Platform admins see the subscriptions of all accounts.
   */
  readonly list: PagedCall<{ query?: { limit?: number | undefined; before?: PageCursor | undefined; account_id?: Id | undefined; status?: SubscriptionFilter | undefined; } | undefined; }, Subscription, Reasons['subscriptions.list']>;
  /**
   * Retrieve a subscription
   *
   * Members see the subscriptions of their account, platform admins all.
   */
  readonly get: Call<{ params: { subscription_id: Id; }; }, Subscription, Reasons['subscriptions.get']>;
  /**
   * Update the period of a subscription
   *
   * Use this to renew a subscription after payment. The due monthly credits are granted. A canceled subscription returns 409.
   */
  readonly update: Call<{ params: { subscription_id: Id; }; body: SubscriptionChanges; }, Subscription, Reasons['subscriptions.update']>;
  /**
   * Cancel a subscription immediately
   *
   * The entitlements of the plan end immediately; granted credits are kept. Afterwards the account can be subscribed again.
   */
  readonly cancel: Call<{ params: { subscription_id: Id; }; }, undefined, Reasons['subscriptions.cancel']>;
}

export interface EntitlementOverridesApi {
  /**
   * List the entitlement overrides of an account, including expired ones, newest first
   *
   * An override takes precedence over the plan of the account. Expired ones have no effect.
   */
  readonly list: PagedCall<{ query: { limit?: number | undefined; before?: PageCursor | undefined; account_id: Id; }; }, EntitlementOverride, Reasons['entitlementOverrides.list']>;
  /**
   * Set an entitlement override for an account, replacing any existing one
   *
   * Use this to give one account another limit or feature than its plan. Takes effect immediately. The status is 201 for a new override, 200 for a replaced one.
   */
  readonly set: Call<{ body: NewEntitlementOverride; }, EntitlementOverride | EntitlementOverride, Reasons['entitlementOverrides.set']>;
  /**
   * Delete an entitlement override
   *
   * The value of the plan, or else of the platform, applies again.
   */
  readonly delete: Call<{ params: { override_id: Id; }; query: { account_id: Id; }; }, Ok, Reasons['entitlementOverrides.delete']>;
}

export interface PlatformSettingsApi {
  /**
   * List stored settings by key
   *
   * Settings that are not stored have their default: see `GET /v1/config/schema`. An environment variable takes precedence over a stored value.
   */
  readonly list: Call<NoRequest, PlatformSetting[], Reasons['platformSettings.list']>;
  /**
   * Retrieve a stored setting
   *
   * Returns the stored value, not the default. A setting that is not stored is 404.
   */
  readonly get: Call<{ params: { key: string; }; }, PlatformSetting, Reasons['platformSettings.get']>;
  /**
   * Set the value of a setting
   *
   * Takes effect in all processes within seconds. An environment variable takes precedence, except for gateway settings.
   */
  readonly set: Call<{ params: { key: string; }; body: PlatformSettingValue; }, PlatformSetting, Reasons['platformSettings.set']>;
  /**
   * Reset a setting to its default
   *
   * Deletes the stored value. Repeating the request has no effect.
   */
  readonly delete: Call<{ params: { key: string; }; }, undefined, Reasons['platformSettings.delete']>;
}

export interface ConfigSchemaApi {
  /**
   * List available settings by key
   *
   * Users who are not platform admins see only the settings that plans and overrides can change. Use it to build a form for settings, plans or overrides.
   */
  readonly list: Call<NoRequest, SettingSchema[], Reasons['configSchema.list']>;
}

export interface EmailApi {
  /**
   * Check whether email can be sent
   *
   * Use this to check whether invitations and verification links can be sent.
   */
  readonly status: Call<NoRequest, EmailStatus, Reasons['email.status']>;
  /**
   * Retrieve the effective email configuration
   *
   * Returns the values in effect, from the environment, the stored configuration or the defaults. The password is not returned.
   */
  readonly config: Call<NoRequest, EmailConfig, Reasons['email.config']>;
  /**
   * Replace the stored email configuration
   *
   * Takes effect with the next email. Values set by the environment take precedence. Another `smtp_host` needs the password again.
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
  /**
   * Retrieve the effective gateway configuration
   *
   * Returns the values in effect, with defaults for those that are not set. Use it to fill a form before you change them.
   */
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
   * Requests appear within a second and are kept for `ARKLOOP_ACCESS_LOG_RETENTION_DAYS` days. Use it to investigate errors, load and attacks. Query strings, credentials and bodies are not recorded.
   */
  readonly list: Call<{ query?: { limit?: number | undefined; before?: Id | undefined; since?: IdOrTime | undefined; method?: string | undefined; path?: string | undefined; ip?: IpAddressOrCidr | undefined; country?: string | undefined; risk_min?: number | undefined; ua_type?: UserAgentType | undefined; } | undefined; }, AccessLogPage, Reasons['accessLog.list']>;
}

export interface FeatureFlagsApi {
  /**
   * Create a feature flag
   *
   * Clients read the value at `GET /v1/me/feature-flags`. Next, set overrides for single accounts.
   */
  readonly create: Call<{ body: NewFeatureFlag; }, FeatureFlag, Reasons['featureFlags.create']>;
  /**
   * List all feature flags by key
   *
   * Includes the flags that the platform itself uses, such as `registration.open`.
   */
  readonly list: Call<NoRequest, FeatureFlag[], Reasons['featureFlags.list']>;
  /**
   * Retrieve a feature flag
   *
   * Shows the default value. List the overrides to see for which accounts it differs.
   */
  readonly get: Call<{ params: { key: FeatureFlagKey; }; }, FeatureFlag, Reasons['featureFlags.get']>;
  /**
   * Update a feature flag for all accounts without an override
   *
   * Omitted fields keep their values. Takes effect immediately.
   */
  readonly update: Call<{ params: { key: FeatureFlagKey; }; body: FeatureFlagChanges; }, FeatureFlag, Reasons['featureFlags.update']>;
  /**
   * Delete a feature flag and its overrides
   *
   * Flags that the platform itself uses cannot be deleted: 409 `system_flag`. Afterwards the flag is false for every account.
   */
  readonly delete: Call<{ params: { key: FeatureFlagKey; }; }, Ok, Reasons['featureFlags.delete']>;
  /**
   * Set the override of an account, replacing any existing one
   *
   * Use this to try a feature with single accounts. Takes effect immediately. The status is 201 for a new override, 200 for a replaced one.
   */
  readonly setOverride: Call<{ params: { key: FeatureFlagKey; }; body: NewFlagOverride; }, FlagOverride | FlagOverride, Reasons['featureFlags.setOverride']>;
  /**
   * List the account overrides of a feature flag, newest first
   *
   * Shows for which accounts the flag differs from its default.
   */
  readonly listOverrides: PagedCall<{ params: { key: FeatureFlagKey; }; query?: { limit?: number | undefined; before?: PageCursor | undefined; } | undefined; }, FlagOverride, Reasons['featureFlags.listOverrides']>;
  /**
   * Delete the override of an account, which restores the default value
   *
   * Takes effect immediately. If there is no override, the response is 404.
   */
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
   * Allowed only from loopback or with `X-Bootstrap-Secret`; otherwise the response is 404. A new token voids the previous one. Next, call `POST /v1/bootstrap/setup` with the token within 30 minutes.
   */
  readonly init: Call<NoRequest, BootstrapToken, Reasons['bootstrap.init']>;
  /**
   * Check whether a setup token is valid
   *
   * Use this before you show the setup form. The response is 200 for every token. After the setup, no token is valid.
   */
  readonly verify: Call<{ params: { token: string; }; }, BootstrapTokenState, Reasons['bootstrap.verify']>;
  /**
   * Create the first platform admin
   *
   * Registers the user with a personal account, in every registration mode, and opens a session. It works once: afterwards the response is 409 `already_initialized`.
   */
  readonly setup: Call<{ body: PlatformSetup; }, PlatformAdmin, Reasons['bootstrap.setup']>;
}

/** Every area of the API. */
export interface Api {
  /** Conversations. */
  readonly threads: ThreadsApi;
  /** The messages of a thread. */
  readonly messages: MessagesApi;
  /** Executions of the agent loop, and their events. */
  readonly runs: RunsApi;
  /** Sign-up, sign-in and sessions. */
  readonly auth: AuthApi;
  /** Sign-in by OpenID Connect. */
  readonly providerSignIn: ProviderSignInApi;
  /** The signed-in user, with their role and permissions in the active account. */
  readonly me: MeApi;
  /** A code of an authenticator app that signing in requires in addition. */
  readonly secondFactor: SecondFactorApi;
  /** The identities at providers with which you can sign in. */
  readonly identities: IdentitiesApi;
  /** Key pairs of devices and password managers, with which users sign in without a password (WebAuthn). */
  readonly passkeys: PasskeysApi;
  /** The devices and programs on which you are signed in. */
  readonly sessions: SessionsApi;
  /** Personal accounts and workspaces, and their members. */
  readonly accounts: AccountsApi;
  /** The deletion of the data of accounts, with proofs that anyone can verify. */
  readonly erasures: ErasuresApi;
  /** Groups of members. A project shared with a team is visible only to its members. */
  readonly teams: TeamsApi;
  /** Invitations by email to join a workspace. */
  readonly invitations: InvitationsApi;
  /** Long-lived credentials for servers and scripts. */
  readonly apiKeys: ApiKeysApi;
  /** Groups of threads, private or shared with the account or a team. */
  readonly projects: ProjectsApi;
  /** The files of your runs in a project: list, upload, rename, delete and download them. */
  readonly workspaces: WorkspacesApi;
  /** Links for reading a thread without an account. */
  readonly shares: SharesApi;
  /** Reports of problems with threads. */
  readonly reports: ReportsApi;
  /** Images, text files and documents in messages. */
  readonly attachments: AttachmentsApi;
  /** Facts about you that agents use in later threads. Only you can list them. */
  readonly memories: MemoriesApi;
  /** Start runs at the times of a cron pattern, or once. */
  readonly schedules: SchedulesApi;
  /** Calls of a model in the format of OpenAI, for existing clients. Errors of these operations are an `OpenAiProblem`. */
  readonly chatCompletions: ChatCompletionsApi;
  /** The models that chat completions can use, in the format of OpenAI. */
  readonly chatModels: ChatModelsApi;
  /** Threads, runs and workspaces as tools for other agents (Model Context Protocol). */
  readonly mcp: McpApi;
  /** System prompts with the tools, models and budgets of their runs. Personas of the account override those of the platform, which override the built-in ones. */
  readonly personas: PersonasApi;
  /** Folders with instructions and files in the Agent Skills format, which models load when a task requires them. */
  readonly skills: SkillsApi;
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
  /** URLs to which events are sent, such as the end of a run, signed according to Standard Webhooks. */
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
  /** The deletion of the data of any account, and of deleted users. */
  readonly adminErasures: AdminErasuresApi;
  /** Details of the runs of all accounts. */
  readonly runDetails: RunDetailsApi;
  /** Long-lived credentials of programs that administer the platform. */
  readonly serviceKeys: ServiceKeysApi;
  /** Providers of OpenID Connect with which people sign in. */
  readonly identityProviders: IdentityProvidersApi;
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
  /** The configuration of the gateway: rate limits, risk threshold, trusted proxies and maintenance. */
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
