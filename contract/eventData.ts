import { z } from 'zod';
import { AnyObject, Id, Time } from './shared/fields.ts';

export const Usage = z
  .object({
    input_tokens: z
      .int()
      .min(0)
      .optional()
      .meta({ description: 'Tokens of the prompt. Anthropic does not count cached tokens here; OpenAI does.' }),
    output_tokens: z.int().min(0).optional().meta({ description: 'Tokens written by the model, including reasoning.' }),
    total_tokens: z.int().min(0).optional().meta({ description: 'Sum as reported by the provider.' }),
    cache_creation_input_tokens: z.int().min(0).optional().meta({ description: 'Prompt tokens written to the cache (Anthropic).' }),
    cache_read_input_tokens: z.int().min(0).optional().meta({ description: 'Prompt tokens read from the cache (Anthropic).' }),
    cached_tokens: z.int().min(0).optional().meta({ description: 'Prompt tokens read from the cache (OpenAI); part of `input_tokens`.' }),
    excess_tokens: z.int().min(0).optional().meta({
      description: 'Reported tokens beyond what the call can have used. Not charged.',
    }),
    estimated: z
      .boolean()
      .optional()
      .meta({ description: 'True if some of the counts are estimated because the provider did not report them.' }),
  })
  .meta({ id: 'Usage', description: 'Token counts of one or more model calls, reported by the provider or else estimated.' });
export type Usage = z.infer<typeof Usage>;

export const Cost = z
  .object({
    currency: z.literal('USD').meta({ description: 'ISO 4217 currency code.' }),
    amount_micros: z.int().min(0).meta({ description: 'Millionths of a US dollar: 1,500 is $0.0015.' }),
  })
  .meta({ id: 'Cost', description: 'A cost in millionths of a US dollar.' });
export type Cost = z.infer<typeof Cost>;

export const RunError = z
  .object({
    error_class: z.string().meta({ description: 'Stable class of the error, such as `provider.retryable`.' }),
    message: z.string().meta({ description: 'Human-readable; not part of the contract.' }),
    details: AnyObject.optional().meta({ description: 'Further facts, depending on the class, such as `status_code`.' }),
  })
  .meta({ id: 'RunError', description: 'Why a run or a tool call failed.' });
export type RunError = z.infer<typeof RunError>;

export const ReasoningMode = z.enum(['auto', 'enabled', 'disabled', 'none', 'minimal', 'low', 'medium', 'high', 'xhigh']).meta({
  id: 'ReasoningMode',
  description:
    'How much a model reasons before it answers. `auto` is the default of the model, `enabled` means `medium`; `none` and `disabled` turn reasoning off.',
});
export type ReasoningMode = z.infer<typeof ReasoningMode>;

export const AssistantMessage = z
  .object({
    role: z.literal('assistant').meta({ description: 'Always `assistant`.' }),
    content: z
      .array(
        z
          .looseObject({
            type: z.string().meta({ description: 'Type of the part, such as `text`.' }),
            text: z.string().optional().meta({ description: 'Text of a `text` part.' }),
          })
          .meta({ description: 'A part of the output.' }),
      )
      .meta({ description: 'Parts of the output, in order.' }),
    tool_calls: z
      .array(
        z
          .object({
            tool_call_id: z.string().meta({ description: 'Identifies the call in its run.' }),
            tool_name: z.string().meta({ description: 'Name of the tool.' }),
            arguments: AnyObject.meta({ description: 'Arguments of the call.' }),
          })
          .meta({ description: 'A tool call.' }),
      )
      .optional()
      .meta({ description: 'Tools that the model called, in its order; absent if it called none.' }),
  })
  .meta({ id: 'AssistantMessage', description: 'The output of one model turn, including its tool calls.' });
export type AssistantMessage = z.infer<typeof AssistantMessage>;

export const WaitReason = z.enum(['ask_user', 'check_in', 'elicitation']).meta({
  id: 'WaitReason',
  description: 'A question of the model, a regular check-in of the persona, or a question of an MCP server during a tool call.',
});
export type WaitReason = z.infer<typeof WaitReason>;

export const InputAction = z.enum(['accept', 'decline', 'cancel']).meta({
  id: 'InputAction',
  description: 'What the user does with the question of an MCP server: answer it, refuse to answer, or close it without a decision.',
});
export type InputAction = z.infer<typeof InputAction>;

const usageAndCost = {
  usage: Usage.optional().meta({ description: 'Tokens used, if the provider reported them.' }),
  cost: Cost.optional().meta({ description: 'Cost of the tokens; absent if the model has no price and the provider reported none.' }),
};
const incompleteMessageId = Id.optional().meta({ description: 'The incomplete message that contains the partial answer.' });
const toolName = {
  tool_call_id: z.string().meta({ description: 'Identifies the call in its run: the `tool.call` and its `tool.result` share it.' }),
  tool_name: z.string().meta({ description: 'Name of the tool as the model called it.' }),
};

const askedByServer = {
  mcp_server: z
    .object({ id: Id.meta({ description: 'ID of the MCP server.' }), name: z.string().meta({ description: 'Its name in the account.' }) })
    .optional()
    .meta({ description: 'The MCP server that asks; absent if the agent asks. Show its name with the question.' }),
  tool_call_id: z.string().optional().meta({ description: 'The call of the tool of the MCP server that asks.' }),
};

/** The `data` of each event type. All events also have a `trace_id` in `data`. */
export const eventData = {
  'run.started': z
    .object({
      source: z
        .enum(['api', 'retry', 'edit', 'continue', 'replay', 'subagent', 'schedule'])
        .meta({ description: 'Which operation created the run.' }),
      thread_tail_message_id: Id.optional().meta({ description: 'Newest message of the thread that the run reads.' }),
      route_id: z.string().optional().meta({ description: 'Requested provider model.' }),
      persona_id: z.string().optional().meta({ description: 'Requested persona.' }),
      model: z.string().optional().meta({ description: 'Requested model selector.' }),
      reasoning_mode: ReasoningMode.optional().meta({ description: 'Requested reasoning mode.' }),
      resume_from_run_id: Id.optional().meta({ description: 'Earlier run whose completed turns this run reuses.' }),
      continues_message_id: Id.optional().meta({ description: 'The incomplete message that this run continues.' }),
      continuation_source: z
        .enum(['none', 'user_followup', 'explicit'])
        .meta({ description: 'Why the run reuses an earlier one: a new user message, or `:continue` and `:replay`.' }),
    })
    .meta({ description: 'The run was created. Always the first event.' }),
  'worker.job.received': z
    .object({
      job_id: z.string().meta({ description: 'ID of the job in the queue.' }),
      job_type: z.string().meta({ description: 'Type of the job in the queue.' }),
      account_id: Id.meta({ description: 'Account of the run.' }),
      attempt: z.int().min(1).meta({ description: 'Number of the attempt, from 1. Above 1 after a crash of a worker.' }),
    })
    .meta({ description: 'A worker took the run.' }),
  /** `usage` and `cost` are estimates for the interrupted model call. */
  'run.recovered': z
    .object({
      attempt: z.int().min(2).meta({ description: 'Number of the new attempt.' }),
      discard_from_seq: z
        .int()
        .min(1)
        .meta({ description: 'Discard `message.delta`, `message.image` and `tool.call.delta` events from this `seq` up to this event.' }),
      ...usageAndCost,
    })
    .meta({ description: 'Another worker continues the run after a crash. Discard the unfinished output.' }),
  'run.route.selected': z
    .object({
      route_id: z.string().meta({ description: 'ID of the provider model, or of a static route.' }),
      model: z.string().meta({ description: 'Name of the model at the provider.' }),
      credential_id: z.string().meta({ description: 'ID of the provider.' }),
      credential_name: z.string().meta({ description: 'Name of the provider.' }),
      owner_kind: z
        .enum(['account', 'platform', 'static'])
        .meta({ description: 'Who owns the provider. `static` routes are configured in the environment.' }),
      provider_kind: z
        .enum(['openai', 'anthropic', 'gemini', 'stub'])
        .meta({ description: 'API of the provider. `stub` is the built-in test model.' }),
      base_url: z.string().optional().meta({ description: "Configured base URL; absent if the provider's default is used." }),
      openai_api_mode: z.string().optional().meta({ description: 'Configured API of an OpenAI provider.' }),
      advanced_json_sha256: z.string().optional().meta({ description: 'SHA-256 of the advanced settings, in hex.' }),
      persona_model: z.string().optional().meta({ description: 'Model selector of the persona.' }),
      /** Of the internal model call that selected the route. */
      ...usageAndCost,
    })
    .meta({ description: 'The provider and model of the run were selected. They do not change any more.' }),
  'run.segment.start': z
    .object({
      segment_id: z.string().meta({ description: 'Identifies the segment in its run.' }),
      kind: z.enum(['thinking', 'planning_round', 'tool_group']).meta({ description: 'What the segment contains.' }),
      display: z
        .object({
          mode: z.enum(['visible', 'collapsed', 'hidden']).meta({ description: 'Initial state of the block.' }),
          label: z.string().meta({ description: 'Title of the block, such as `Thinking`.' }),
        })
        .meta({ description: 'How to display the segment.' }),
    })
    .meta({ description: 'A group of events starts that a client can display as one block.' }),
  'run.segment.end': z
    .object({ segment_id: z.string().meta({ description: 'The segment that ends.' }) })
    .meta({ description: 'The segment is complete.' }),
  'message.delta': z
    .object({
      content: z.string().min(1).meta({ description: 'Text of the piece.' }),
      content_delta: z.string().min(1).meta({ description: 'The same text as `content`.' }),
      role: z.literal('assistant').meta({ description: 'Always `assistant`.' }),
      channel: z.literal('thinking').optional().meta({ description: 'Present on reasoning, which is not part of the answer.' }),
    })
    .meta({ description: 'A piece of the answer, or of the reasoning. Append it to the text before.' }),
  'message.image': z
    .object({
      role: z.literal('assistant').meta({ description: 'Always `assistant`.' }),
      attachment: z
        .object({
          key: z.string().meta({ description: 'Key of the attachment. It can be downloaded once the answer is stored.' }),
          filename: z.string().meta({ description: 'Name for readers.' }),
          mime_type: z.string().meta({ description: 'Media type, determined by the content.' }),
          size: z.int().min(1).meta({ description: 'Size in bytes.' }),
        })
        .meta({ id: 'AnswerImage', description: 'An image that becomes an attachment of the answer.' })
        .optional()
        .meta({ description: 'The image; absent if it could not be stored.' }),
      error: RunError.optional().meta({ description: 'Why the image could not be stored. The run continues.' }),
    })
    .meta({ description: 'The model produced an image. It is part of the answer unless it is discarded.' }),
  'tool.call': z
    .object({
      ...toolName,
      arguments: AnyObject.meta({ description: 'Arguments of the call.' }),
      resolved_tool_name: z.string().optional().meta({ description: 'Provider of a tool group that executes the call.' }),
      args_hash: z.string().optional().meta({ description: 'SHA-256 of the canonical JSON (RFC 8785) of the arguments, in hex.' }),
      tool_version: z.string().optional().meta({ description: 'Version of the tool, if it has one.' }),
      risk_level: z
        .enum(['low', 'medium', 'high'])
        .optional()
        .meta({ description: 'Estimated risk of the call, if the tool declares one.' }),
      side_effects: z
        .boolean()
        .optional()
        .meta({ description: 'Whether the call may change something. Such calls are never executed in parallel.' }),
      required_scopes: z.array(z.string()).optional().meta({ description: 'Permissions that the tool requires, if it declares any.' }),
      capabilities: z.array(z.string()).optional().meta({ description: 'Capabilities of the tool, if it declares any.' }),
    })
    .meta({ description: 'The model calls a tool. Exactly one `tool.result` follows unless the run ends before.' }),
  'tool.call.delta': z
    .object({
      tool_call_index: z.int().min(0).meta({ description: 'Position of the call in the turn, from 0.' }),
      arguments_delta: z.string().meta({ description: 'Text to append to the JSON of the arguments.' }),
      tool_call_id: z.string().optional().meta({ description: 'The call; absent until the provider reports it.' }),
      tool_name: z.string().optional().meta({ description: 'Name of the tool, once per call.' }),
    })
    .meta({ description: 'A piece of the arguments of a tool call, while the model writes them.' }),
  'tool.progress': z
    .object({
      ...toolName,
      progress: z.number().meta({ description: 'How far the call is. It normally increases.' }),
      total: z.number().optional().meta({ description: 'Value of `progress` at the end, if it is known.' }),
      message: z.string().optional().meta({ description: 'What the tool is doing, at most 500 characters.' }),
    })
    .meta({ description: 'How far a tool call is. At most one per second and call; later ones replace earlier ones.' }),
  'tool.result': z
    .object({
      ...toolName,
      result: AnyObject.optional().meta({ description: 'Output of the tool. Large outputs are shortened, with `truncated`.' }),
      error: RunError.optional().meta({ description: 'Why the call failed.' }),
      ...usageAndCost,
      duration_ms: z.int().min(0).meta({ description: 'Duration of the call in milliseconds.' }),
    })
    .meta({ description: 'A tool call has ended. It has a result, an error or both; an error does not end the run.' }),
  'tool.denied': z
    .object({
      ...toolName,
      code: z.literal('policy.denied').meta({ description: 'Always `policy.denied`.' }),
      message: z.string().meta({ description: 'Human-readable; the model reads it too.' }),
      deny_reason: z
        .enum(['tool.not_in_allowlist', 'tool.args_invalid', 'tool.unknown'])
        .meta({ description: 'The persona does not allow the tool, its arguments are invalid, or there is no such tool.' }),
      resolved_tool_name: z.string().optional().meta({ description: 'Provider of a tool group that would execute the call.' }),
      args_hash: z.string().optional().meta({ description: 'SHA-256 of the canonical JSON (RFC 8785) of the arguments, in hex.' }),
    })
    .meta({ description: 'A tool call was not executed. A `tool.result` with the error class `policy.denied` follows.' }),
  'llm.turn.completed': z
    .object({
      llm_call_id: z.string().optional().meta({ description: 'Identifies the model call, for example in debug events.' }),
      turn_index: z.int().min(1).meta({ description: 'Number of the turn in the run, from 1.' }),
      ...usageAndCost,
      assistant_message: AssistantMessage.meta({ description: 'Complete output of the turn.' }),
    })
    .meta({ description: 'A model call has ended. If it called tools, their events follow, and then the next turn.' }),
  'run.llm.retry': z
    .object({
      attempt: z.int().min(1).meta({ description: 'Number of the failed attempt, from 1.' }),
      max_attempts: z.int().min(1).meta({ description: 'Attempts per turn.' }),
      delay_ms: z.int().min(0).meta({ description: 'Milliseconds until the next attempt.' }),
      error_class: z.string().meta({ description: 'Class of the error.' }),
      message: z.string().optional().meta({ description: 'Human-readable; not part of the contract.' }),
      details: AnyObject.optional().meta({ description: 'Further facts, such as `status_code`.' }),
      discard_from_seq: z
        .int()
        .min(1)
        .optional()
        .meta({ description: 'Discard `message.delta`, `message.image` and `tool.call.delta` events from this `seq` up to this event.' }),
      /** Of the failed attempt. */
      ...usageAndCost,
    })
    .meta({ description: 'A model call failed and is repeated after a delay.' }),
  'run.provider_fallback': z
    .object({
      provider_kind: z.string().meta({ description: 'API of the provider.' }),
      from_api_mode: z.string().meta({ description: 'API that the provider rejected.' }),
      to_api_mode: z.string().meta({ description: 'API that the run uses from now on.' }),
      reason: z.literal('responses_not_supported').meta({ description: 'Always `responses_not_supported`.' }),
      status_code: z.int().optional().meta({ description: 'HTTP status of the rejection.' }),
    })
    .meta({ description: 'The provider does not support the Responses API. The run uses chat completions instead.' }),
  'run.input_requested': z
    .object({
      request_id: z.string().meta({ description: 'Identifies the question in its run.' }),
      message: z.string().optional().meta({ description: 'Text of the question; absent for a check-in.' }),
      requestedSchema: AnyObject.optional().meta({
        description: 'JSON Schema of the expected answer, with `_fieldOrder`; absent for a check-in.',
      }),
      iter: z.int().optional().meta({ description: 'Number of the check-in; absent for a question.' }),
      ...askedByServer,
    })
    .meta({ description: 'The run asks the user. Answer with `POST /v1/runs/{run_id}/input`.' }),
  'run.waiting_for_input': z
    .object({
      request_id: z.string().meta({ description: 'The question that the run waits for.' }),
      reason: WaitReason.meta({ description: 'Why the run waits.' }),
      message: z.string().optional().meta({ description: 'Text of the question; absent for a check-in.' }),
      requestedSchema: AnyObject.optional().meta({ description: 'JSON Schema of the expected answer; absent for a check-in.' }),
      ...askedByServer,
      timeout_ms: z.int().meta({ description: 'How long the run waits, in milliseconds.' }),
      expires_at: Time.meta({ description: 'The run continues without an answer from this instant on.' }),
    })
    .meta({ description: 'The run waits for the user. Follows `run.input_requested`.' }),
  'run.input_provided': z
    .object({
      content: z.string().meta({ description: 'Text of the input.' }),
      request_id: z.string().optional().meta({ description: 'The answered question; absent if the run was not waiting.' }),
      action: InputAction.optional().meta({
        description: 'What the user does with the question of an MCP server; absent for other input.',
      }),
      input_key: z.string().optional().meta({ description: 'The `input_key` of the request.' }),
    })
    .meta({ description: 'User input was accepted.' }),
  'run.resumed': z
    .object({
      request_id: z.string().meta({ description: 'The question that the run waited for.' }),
      reason: z.enum(['user_input_received', 'input_timeout', 'question_withdrawn']).meta({
        description: 'The user answered, did not answer in time, or no longer needs to because the call of the MCP server has ended.',
      }),
    })
    .meta({ description: 'The run continues after waiting for input.' }),
  'subagent.started': z
    .object({
      tool_call_id: z.string().meta({ description: 'The tool call that started the sub-agent, or gave it another task.' }),
      agent_id: Id.meta({ description: 'The sub-agent. It stays the same over all its runs.' }),
      run_id: Id.meta({ description: 'The child run. It has its own events and usage.' }),
      persona_id: z.string().optional().meta({ description: 'Requested persona of the child run.' }),
      depth: z.int().min(1).meta({ description: 'Number of runs above the child run.' }),
    })
    .meta({ description: 'The run started a child run. Retrieve and stream it like any run.' }),
  'subagent.finished': z
    .object({
      agent_id: Id.meta({ description: 'The sub-agent.' }),
      run_id: Id.meta({ description: 'The child run.' }),
      status: z.enum(['completed', 'failed', 'cancelled']).meta({ description: 'How the child run ended.' }),
      error: RunError.optional().meta({ description: 'Why it failed.' }),
    })
    .meta({ description: 'A child run has ended. Its tokens and cost are those of the child run, and are charged with it.' }),
  'run.steering_injected': z
    .object({ content: z.string().meta({ description: 'Text of the input.' }) })
    .meta({ description: 'The next model call sees input that the user sent while the run was active.' }),
  'run.idle_heartbeat': z
    .object({ idle_ms: z.int().min(0).meta({ description: 'Milliseconds without another event.' }) })
    .meta({ description: 'A long model or tool call is still in progress.' }),
  'run.context_compact': z
    .object({
      op: z
        .enum(['rewrite', 'persist'])
        .meta({ description: 'Whether the summary is stored for later runs (`persist`) or used only by this one.' }),
      phase: z
        .enum(['completed', 'no_rewrite', 'still_oversize', 'llm_failed', 'current_input_too_large'])
        .meta({ description: 'Outcome of the attempt to shorten the prompt.' }),
      turn_index: z.int().meta({ description: 'Turn before which the prompt was shortened.' }),
      trigger_phase: z
        .enum(['preflight', 'provider', 'threshold'])
        .meta({ description: 'Why: the size limit of requests, a rejection by the provider, or the share of the context window.' }),
      rewrite_applied: z.boolean().meta({ description: 'Whether the prompt has changed.' }),
      tool_results_microcompacted: z.int().meta({ description: 'Old tool results that were removed.' }),
      images_stripped: z.int().meta({ description: 'Old images that were removed.' }),
      request_bytes_before_rewrite: z.int().meta({ description: 'Size of the request before, in bytes.' }),
      request_bytes_after_rewrite: z.int().meta({ description: 'Size of the request after, in bytes.' }),
      tokens_before: z.int().optional().meta({ description: 'Estimated tokens of the prompt before.' }),
      tokens_after: z.int().optional().meta({ description: 'Estimated tokens of the prompt after.' }),
      /** Of the model calls that wrote the summaries. */
      ...usageAndCost,
    })
    .meta({ description: 'The prompt was too large and was shortened. The messages of the thread do not change.' }),
  'run.mcp_discovery': z
    .object({
      status: z.enum(['slow', 'failed']).meta({ description: '`failed` if at least one server failed.' }),
      duration_ms: z.int().meta({ description: 'Duration of the discovery in milliseconds.' }),
      threshold_ms: z.int().meta({ description: 'Duration from which discovery counts as slow, in milliseconds.' }),
      cache_hit: z.boolean().meta({ description: 'Whether all lists of tools came from the cache.' }),
      cache_ttl_seconds: z.number().meta({ description: 'How long lists of tools are cached, in seconds; 0 if they are not.' }),
      server_count: z.int().meta({ description: 'Active servers of the account.' }),
      server_ok: z.int().meta({ description: 'Servers with at least one tool.' }),
      server_failed: z.int().meta({ description: 'Servers that could not be used.' }),
      server_empty: z.int().meta({ description: 'Servers without tools.' }),
      tool_count: z.int().meta({ description: 'Tools of all servers.' }),
      servers: z
        .array(
          z
            .object({
              server_id: z.string().meta({ description: 'ID of the MCP server.' }),
              transport: z.string().meta({ description: 'Transport of the server, such as `streamable_http`.' }),
              duration_ms: z.int().meta({ description: 'Milliseconds until the server had listed its tools or failed.' }),
              outcome: z.string().meta({ description: '`ok`, `empty` or `failed`.' }),
              error_class: z.string().optional().meta({
                description: 'Why the server failed, such as `mcp.timeout`, or `mcp.unauthorized` if a user must grant access first.',
              }),
            })
            .meta({ description: 'An MCP server.' }),
        )
        .optional()
        .meta({ description: 'Result of each server.' }),
    })
    .meta({ description: 'MCP servers failed or were slow to list their tools. The run continues with the others.' }),
  'thread.title.updated': z
    .object({ thread_id: Id.meta({ description: 'The thread.' }), title: z.string().meta({ description: 'The new title.' }) })
    .meta({ description: 'The thread received an automatic title.' }),
  'todo.updated': z
    .object({
      todos: z
        .array(
          z
            .object({
              id: z.string().meta({ description: 'Identifies the task in the list.' }),
              content: z.string().meta({ description: 'Text of the task.' }),
              status: z
                .enum(['pending', 'in_progress', 'completed', 'cancelled'])
                .meta({ description: 'At most one task is `in_progress`.' }),
            })
            .meta({ description: 'A task.' }),
        )
        .meta({ description: 'The whole list, in order.' }),
    })
    .meta({ description: 'The model changed its list of tasks.' }),
  'security.injection.detected': z
    .object({
      input_phase: z
        .enum(['initial', 'steering_input', 'ask_user', 'interactive_checkin'])
        .meta({ description: 'Where the input came from: the messages of the thread, steering, an answer or a check-in.' }),
      detection_count: z.int().meta({ description: 'Number of matches.' }),
      patterns: z.array(z.string()).optional().meta({ description: 'Names of the matching patterns.' }),
    })
    .meta({ description: 'User input looks like an attempt to take over the model.' }),
  'security.tool_injection.detected': z.object({ tool_name: z.string().meta({ description: 'The tool.' }) }).meta({
    description:
      'The output of a tool looks like an attack on the model and was replaced by a warning, or the description of a tool, which was left out.',
  }),
  'agent.parallel_dispatch': z
    .object({
      count: z.int().meta({ description: 'Tasks that were started.' }),
      failed: z.int().optional().meta({ description: 'Tasks that could not be started.' }),
    })
    .meta({ description: 'Reserved for scripted executors; not sent.' }),
  'agent.parallel_complete': z
    .object({
      count: z.int().meta({ description: 'Tasks that have ended.' }),
      failed: z.int().optional().meta({ description: 'Tasks that failed.' }),
    })
    .meta({ description: 'Reserved for scripted executors; not sent.' }),
  'llm.request': z
    .object({
      llm_call_id: z.string().meta({ description: 'Identifies the model call.' }),
      provider_kind: z.string().meta({ description: 'API of the provider.' }),
      api_mode: z.string().meta({ description: 'Endpoint of the provider, such as `responses`.' }),
      payload: AnyObject.meta({ description: 'Body of the request, without secrets.' }),
    })
    .meta({ description: 'Debugging: a request to the provider. Sent only with `ARKLOOP_LLM_DEBUG_EVENTS=1`.' }),
  'llm.response.chunk': z
    .object({
      llm_call_id: z.string().meta({ description: 'Identifies the model call.' }),
      raw: z.string().meta({ description: 'The text as received, at most 8,192 characters.' }),
      json: z.unknown().optional().meta({ description: 'The text as JSON, if it is a complete object.' }),
      status_code: z.int().optional().meta({ description: 'HTTP status of the response.' }),
      truncated: z.boolean().meta({ description: 'Whether `raw` was shortened.' }),
    })
    .meta({ description: "Debugging: a part of the provider's response. Sent only with `ARKLOOP_LLM_DEBUG_EVENTS=1`." }),
  'run.cancel_requested': z
    .object({
      requested_by_user_id: Id.optional().meta({ description: 'The user who canceled the run; absent if the server did.' }),
      last_seen_seq: z.int().min(0).optional().meta({ description: 'The last event that the client had seen, as sent with the request.' }),
      client_cancelled_at: z.string().optional().meta({ description: 'Time of the request by the clock of the client.' }),
    })
    .meta({ description: 'Cancellation was requested. Only `run.cancelled` follows.' }),
  'run.completed': z
    .object({
      llm_call_id: z.string().optional().meta({ description: 'The last model call.' }),
      ...usageAndCost,
      message_id: Id.optional().meta({ description: 'The message that contains the answer.' }),
      assistant_message: AssistantMessage.optional().meta({ description: 'The answer.' }),
    })
    .meta({ description: 'Final event: the run has answered.' }),
  'run.failed': z
    .object({
      error_class: z.string().meta({ description: 'Stable class of the error, such as `provider.retryable`.' }),
      message: z.string().meta({ description: 'Human-readable; not part of the contract.' }),
      code: z.string().optional().meta({ description: 'Finer code of the error, such as `entitlement.credits_exhausted`.' }),
      details: AnyObject.optional().meta({ description: 'Further facts, depending on the class.' }),
      ...usageAndCost,
      resumable: z.boolean().meta({ description: 'Whether a later run of the thread can reuse its completed turns.' }),
      reason: z.string().optional().meta({ description: '`stale` if no worker reported progress for too long.' }),
      message_id: incompleteMessageId,
    })
    .meta({ description: 'Final event: the run has failed.' }),
  'run.cancelled': z
    .object({
      reason: z
        .enum(['cancel_signal', 'cancelled_before_start', 'reaped'])
        .meta({ description: 'Canceled while a worker executed it, before one did, or after its worker had disappeared.' }),
      ...usageAndCost,
      message_id: incompleteMessageId,
    })
    .meta({ description: 'Final event: the run was canceled.' }),
} as const;
