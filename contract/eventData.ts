import { z } from 'zod';
import { AnyObject, Id, Time } from './shared/fields.ts';

/** Token counts of one or more model calls, reported by the provider or else estimated. */
export const Usage = z
  .object({
    input_tokens: z.int().min(0).optional(),
    output_tokens: z.int().min(0).optional(),
    total_tokens: z.int().min(0).optional(),
    cache_creation_input_tokens: z.int().min(0).optional(),
    cache_read_input_tokens: z.int().min(0).optional(),
    cached_tokens: z.int().min(0).optional(),
    estimated: z
      .boolean()
      .optional()
      .meta({ description: 'True if some of the counts are estimated because the provider did not report them.' }),
  })
  .meta({ id: 'Usage' });
export type Usage = z.infer<typeof Usage>;

/** A cost in millionths of a US dollar. */
export const Cost = z.object({ currency: z.literal('USD'), amount_micros: z.int().min(0) }).meta({ id: 'Cost' });
export type Cost = z.infer<typeof Cost>;

export const RunError = z.object({ error_class: z.string(), message: z.string(), details: AnyObject.optional() }).meta({ id: 'RunError' });
export type RunError = z.infer<typeof RunError>;

/** How much a model reasons before it answers. */
export const ReasoningMode = z
  .enum(['auto', 'enabled', 'disabled', 'none', 'minimal', 'low', 'medium', 'high', 'xhigh'])
  .meta({ id: 'ReasoningMode' });
export type ReasoningMode = z.infer<typeof ReasoningMode>;

/** The output of one model turn, including its tool calls. */
export const AssistantMessage = z
  .object({
    role: z.literal('assistant'),
    content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
    tool_calls: z.array(z.object({ tool_call_id: z.string(), tool_name: z.string(), arguments: AnyObject })).optional(),
  })
  .meta({ id: 'AssistantMessage' });
export type AssistantMessage = z.infer<typeof AssistantMessage>;

const usageAndCost = { usage: Usage.optional(), cost: Cost.optional() };
const incompleteMessageId = Id.optional().meta({ description: 'The incomplete message that contains the partial answer.' });
const toolName = { tool_call_id: z.string(), tool_name: z.string() };

/** The `data` of each event type. All events also have a `trace_id` in `data`. */
export const eventData = {
  'run.started': z.object({
    source: z.enum(['api', 'retry', 'edit', 'continue', 'subagent']),
    thread_tail_message_id: Id.optional(),
    route_id: z.string().optional(),
    persona_id: z.string().optional(),
    model: z.string().optional(),
    reasoning_mode: ReasoningMode.optional(),
    resume_from_run_id: Id.optional(),
    continues_message_id: Id.optional().meta({ description: 'The incomplete message that this run continues.' }),
    continuation_source: z.enum(['none', 'user_followup', 'explicit']),
  }),
  'worker.job.received': z.object({ job_id: z.string(), job_type: z.string(), account_id: Id, attempt: z.int().min(1) }),
  /** `usage` and `cost` are estimates for the interrupted model call. */
  'run.recovered': z.object({ attempt: z.int().min(2), discard_from_seq: z.int().min(1), ...usageAndCost }),
  'run.route.selected': z.object({
    route_id: z.string(),
    model: z.string(),
    credential_id: z.string(),
    credential_name: z.string(),
    owner_kind: z.enum(['account', 'platform', 'static']),
    provider_kind: z.enum(['openai', 'anthropic', 'stub']),
    base_url: z.string().optional().meta({ description: "Configured base URL; absent if the provider's default is used." }),
    openai_api_mode: z.string().optional(),
    advanced_json_sha256: z.string().optional(),
    persona_model: z.string().optional(),
    /** Of the internal model call that selected the route. */
    ...usageAndCost,
  }),
  'run.segment.start': z.object({
    segment_id: z.string(),
    kind: z.enum(['thinking', 'planning_round', 'tool_group']),
    display: z.object({ mode: z.enum(['visible', 'collapsed', 'hidden']), label: z.string() }),
  }),
  'run.segment.end': z.object({ segment_id: z.string() }),
  'message.delta': z.object({
    content: z.string().min(1),
    content_delta: z.string().min(1),
    role: z.literal('assistant'),
    channel: z.literal('thinking').optional(),
  }),
  'tool.call': z.object({
    ...toolName,
    arguments: AnyObject,
    resolved_tool_name: z.string().optional(),
    args_hash: z.string().optional(),
    tool_version: z.string().optional(),
    risk_level: z.enum(['low', 'medium', 'high']).optional(),
    side_effects: z.boolean().optional(),
    required_scopes: z.array(z.string()).optional(),
    capabilities: z.array(z.string()).optional(),
  }),
  'tool.call.delta': z.object({
    tool_call_index: z.int().min(0),
    arguments_delta: z.string(),
    tool_call_id: z.string().optional(),
    tool_name: z.string().optional(),
  }),
  'tool.result': z.object({
    ...toolName,
    result: AnyObject.optional(),
    error: RunError.optional(),
    ...usageAndCost,
    duration_ms: z.int().min(0),
  }),
  'tool.denied': z.object({
    ...toolName,
    code: z.literal('policy.denied'),
    message: z.string(),
    deny_reason: z.enum(['tool.not_in_allowlist', 'tool.args_invalid', 'tool.unknown']),
    resolved_tool_name: z.string().optional(),
    args_hash: z.string().optional(),
  }),
  'llm.turn.completed': z.object({
    llm_call_id: z.string().optional(),
    turn_index: z.int().min(1),
    ...usageAndCost,
    assistant_message: AssistantMessage,
  }),
  'run.llm.retry': z.object({
    attempt: z.int().min(1),
    max_attempts: z.int().min(1),
    delay_ms: z.int().min(0),
    error_class: z.string(),
    message: z.string().optional(),
    details: AnyObject.optional(),
    discard_from_seq: z.int().min(1).optional(),
    /** Of the failed attempt. */
    ...usageAndCost,
  }),
  'run.provider_fallback': z.object({
    provider_kind: z.string(),
    from_api_mode: z.string(),
    to_api_mode: z.string(),
    reason: z.literal('responses_not_supported'),
    status_code: z.int().optional(),
  }),
  'run.input_requested': z.object({
    request_id: z.string(),
    message: z.string().optional(),
    requestedSchema: AnyObject.optional(),
    iter: z.int().optional(),
  }),
  'run.waiting_for_input': z.object({
    request_id: z.string(),
    reason: z.enum(['ask_user', 'check_in']),
    message: z.string().optional(),
    requestedSchema: AnyObject.optional(),
    timeout_ms: z.int(),
    expires_at: Time,
  }),
  'run.input_provided': z.object({ content: z.string(), request_id: z.string().optional(), input_key: z.string().optional() }),
  'run.resumed': z.object({ request_id: z.string(), reason: z.enum(['user_input_received', 'input_timeout']) }),
  'run.steering_injected': z.object({ content: z.string() }),
  'run.idle_heartbeat': z.object({ idle_ms: z.int().min(0) }),
  'run.context_compact': z.object({
    op: z.enum(['rewrite', 'persist']),
    phase: z.enum(['completed', 'no_rewrite', 'still_oversize', 'llm_failed', 'current_input_too_large']),
    turn_index: z.int(),
    trigger_phase: z.enum(['preflight', 'provider', 'threshold']),
    rewrite_applied: z.boolean(),
    tool_results_microcompacted: z.int(),
    images_stripped: z.int(),
    request_bytes_before_rewrite: z.int(),
    request_bytes_after_rewrite: z.int(),
    tokens_before: z.int().optional(),
    tokens_after: z.int().optional(),
    /** Of the model calls that wrote the summaries. */
    ...usageAndCost,
  }),
  'run.mcp_discovery': z.object({
    status: z.enum(['slow', 'failed']),
    duration_ms: z.int(),
    threshold_ms: z.int(),
    cache_hit: z.boolean(),
    cache_ttl_seconds: z.number(),
    server_count: z.int(),
    server_ok: z.int(),
    server_failed: z.int(),
    server_empty: z.int(),
    tool_count: z.int(),
    servers: z
      .array(
        z.object({
          server_id: z.string(),
          transport: z.string(),
          duration_ms: z.int(),
          outcome: z.string(),
          error_class: z.string().optional(),
        }),
      )
      .optional(),
  }),
  'thread.title.updated': z.object({ thread_id: Id, title: z.string() }),
  'todo.updated': z.object({
    todos: z.array(z.object({ id: z.string(), content: z.string(), status: z.enum(['pending', 'in_progress', 'completed', 'cancelled']) })),
  }),
  'security.injection.detected': z.object({
    input_phase: z.enum(['initial', 'steering_input', 'ask_user', 'interactive_checkin']),
    detection_count: z.int(),
    patterns: z.array(z.string()).optional(),
  }),
  'security.tool_injection.detected': z.object({ tool_name: z.string() }),
  'agent.parallel_dispatch': z.object({ count: z.int(), failed: z.int().optional() }),
  'agent.parallel_complete': z.object({ count: z.int(), failed: z.int().optional() }),
  'llm.request': z.object({
    llm_call_id: z.string(),
    provider_kind: z.string(),
    api_mode: z.string().meta({ description: 'Endpoint of the provider, such as `responses`.' }),
    payload: AnyObject,
  }),
  'llm.response.chunk': z.object({
    llm_call_id: z.string(),
    raw: z.string(),
    json: z.unknown().optional(),
    status_code: z.int().optional(),
    truncated: z.boolean(),
  }),
  'run.cancel_requested': z.object({
    requested_by_user_id: Id.optional(),
    last_seen_seq: z.int().min(0).optional(),
    client_cancelled_at: z.string().optional(),
  }),
  'run.completed': z.object({
    llm_call_id: z.string().optional(),
    ...usageAndCost,
    message_id: Id.optional(),
    assistant_message: AssistantMessage.optional(),
  }),
  'run.failed': z.object({
    error_class: z.string(),
    message: z.string(),
    code: z.string().optional(),
    details: AnyObject.optional(),
    ...usageAndCost,
    resumable: z.boolean().meta({ description: 'Whether a later run of the thread can reuse its completed turns.' }),
    reason: z.string().optional(),
    message_id: incompleteMessageId,
  }),
  'run.cancelled': z.object({
    reason: z.enum(['cancel_signal', 'cancelled_before_start', 'reaped']),
    ...usageAndCost,
    message_id: incompleteMessageId,
  }),
} as const;
