import { z } from 'zod';
import { AnyObject, Id, inconsistentValues } from './shared/fields.ts';
import { declareJsonOrStream, initContract, type Resource } from './shared/route.ts';

// The schemas follow OpenAI's API. Parameters that are not listed here are refused, so that none is silently without effect. Messages, content
// parts and tools may have other fields, because clients send back what they received; these fields are ignored.

/** Room for images, which are sent as base64. */
const maxBodyBytes = 8 * 2 ** 20;
const maxMessages = 2_048;
const maxTools = 128;
/** Parts of one message. */
const maxParts = 2_048;

const selector = z.string().trim().min(1).max(200).meta({
  description: 'A model of `GET /v1/models`, or any other selector that runs accept: `provider^model`, or a model name alone.',
});
const functionName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .meta({ description: 'Name of the function.' });

const TextPart = z
  .object({ type: z.literal('text').meta({ description: 'The kind of part.' }), text: z.string().meta({ description: 'The text.' }) })
  .meta({ id: 'ChatTextPart', description: 'Text of a message.' });
const ImagePart = z
  .object({
    type: z.literal('image_url').meta({ description: 'The kind of part.' }),
    image_url: z
      .object({
        url: z
          .string()
          .regex(
            /^(?:data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]|https?:\/\/[^\s/])/,
            'must be an https URL, or a data URL with a PNG, JPEG, GIF or WebP image in base64',
          )
          .meta({
            description: 'An https URL, which the server fetches (up to 3.5 MiB), or `data:image/png;base64,…`. PNG, JPEG, GIF and WebP.',
          }),
        detail: z
          .enum(['auto', 'low', 'high'])
          .meta({ id: 'ChatImageDetail', description: 'A resolution for images.' })
          .nullish()
          .meta({ description: 'Ignored.' }),
      })
      .meta({ id: 'ChatImageUrl', description: 'An image at a URL.' })
      .meta({ description: 'The image.' }),
  })
  .meta({ id: 'ChatImagePart', description: 'An image of a user message, for models that take images.' });

const textContent = z
  .union([z.string(), z.array(TextPart).min(1).max(maxParts)])
  .meta({ id: 'ChatText', description: 'Text, or a list of text parts.' });
const UserPart = z.discriminatedUnion('type', [TextPart, ImagePart]).meta({ id: 'ChatUserPart', description: 'Text or an image.' });
const userContent = z
  .union([z.string(), z.array(UserPart).min(1).max(maxParts)])
  .meta({ id: 'ChatUserContent', description: 'Text, or a list of text and images.' });
const StopTexts = z
  .union([z.string().min(1).max(256), z.array(z.string().min(1).max(256)).min(1).max(4)])
  .meta({ id: 'ChatStop', description: 'A text, or up to four.' });
const participant = z.string().max(64).nullish().meta({ description: 'Ignored.' });

export const ChatToolCall = z
  .object({
    id: z.string().min(1).max(256).meta({ description: 'ID of the call, for the message with its result.' }),
    type: z.literal('function').meta({ description: 'The kind of call.' }),
    function: z
      .object({
        name: functionName,
        arguments: z.string().meta({ description: 'JSON text as the model wrote it, which may be invalid.' }),
      })
      .meta({ id: 'ChatFunctionCall', description: 'A call of a function.' })
      .meta({ description: 'The called function.' }),
  })
  .meta({ id: 'ChatToolCall', description: 'A tool call of the model.' });
export type ChatToolCall = z.infer<typeof ChatToolCall>;

const Message = z
  .discriminatedUnion('role', [
    z
      .object({
        role: z.enum(['system', 'developer']).meta({ description: '`developer` means the same as `system`.' }),
        content: textContent.meta({ description: 'The instructions.' }),
        name: participant,
      })
      .meta({ id: 'ChatSystemMessage', description: 'Instructions for the model.' }),
    z
      .object({
        role: z.literal('user').meta({ description: 'Who wrote the message.' }),
        content: userContent.meta({ description: 'What the user says and shows.' }),
        name: participant,
      })
      .meta({ id: 'ChatUserMessage', description: 'A message of the user.' }),
    z
      .object({
        role: z.literal('assistant').meta({ description: 'Who wrote the message.' }),
        content: textContent.nullish().meta({ description: 'The text, if any.' }),
        tool_calls: z.array(ChatToolCall).max(maxTools).nullish().meta({ description: 'The tools that the model called.' }),
        name: participant,
      })
      .meta({ id: 'ChatAssistantMessage', description: 'An earlier answer of the model.' }),
    z
      .object({
        role: z.literal('tool').meta({ description: 'Who wrote the message.' }),
        tool_call_id: z.string().min(1).max(256).meta({ description: 'ID of a tool call in an earlier message.' }),
        content: textContent.meta({ description: 'The result: text, or a list of text parts.' }),
      })
      .meta({ id: 'ChatToolMessage', description: 'The result of a tool call.' }),
  ])
  .meta({ id: 'ChatMessage', description: 'A message of the conversation.' });
export type ChatMessage = z.infer<typeof Message>;

const Tool = z
  .object({
    type: z.literal('function').meta({ description: 'The kind of tool. Only functions are supported.' }),
    function: z
      .object({
        name: functionName,
        description: z.string().nullish().meta({ description: 'What the function does.' }),
        parameters: AnyObject.nullish().meta({ description: 'JSON Schema of the arguments.' }),
        strict: z.boolean().nullish().meta({ description: 'Whether the arguments must match exactly.' }),
      })
      .meta({ id: 'ChatFunction', description: 'A function that the model may call.' })
      .meta({ description: 'The function.' }),
  })
  .meta({ id: 'ChatTool', description: 'A tool that the model may call. The caller executes it.' });

const ToolChoice = z
  .union([
    z
      .enum(['none', 'auto', 'required'])
      .meta({ id: 'ChatToolMode', description: 'No tool, the choice of the model, or at least one tool.' }),
    z
      .object({
        type: z.literal('function').meta({ description: 'The kind of tool.' }),
        function: z
          .object({ name: functionName })
          .meta({ id: 'ChatNamedFunction', description: 'A function by its name.' })
          .meta({ description: 'One of `tools`.' }),
      })
      .meta({ id: 'ChatNamedTool', description: 'The tool that the model must call.' }),
  ])
  .meta({ id: 'ChatToolChoice', description: 'Which tools the model may or must call.' });

const ResponseFormat = z
  .object({
    type: z
      .enum(['text', 'json_object', 'json_schema'])
      .meta({ id: 'ChatFormatType', description: 'Text, any JSON object, or JSON of a schema.' })
      .meta({ description: 'The kind of format.' }),
    json_schema: z
      .object({
        name: functionName,
        description: z.string().nullish().meta({ description: 'What the JSON is for.' }),
        schema: AnyObject.nullish().meta({ description: 'The JSON Schema.' }),
        strict: z.boolean().nullish().meta({ description: 'Whether the answer must match exactly.' }),
      })
      .meta({ id: 'ChatJsonSchema', description: 'A named JSON Schema.' })
      .nullish()
      .meta({ description: 'Required by `json_schema`.' }),
  })
  .meta({ id: 'ChatResponseFormat', description: 'The format of an answer.' });

const penalty = z.number().min(-2).max(2).nullish().meta({ description: 'For OpenAI-compatible providers.' });
const maxTokens = z.int().min(1).max(10_000_000).nullish();
/** They change nothing about the answer. */
const ignored = z.string().max(512).nullish().meta({ description: 'Ignored.' });

/** Fields with rules between them. */
type ComparedFields = {
  messages: z.infer<typeof Message>[];
  stream?: boolean | null | undefined;
  stream_options?: object | null | undefined;
  tools?: z.infer<typeof Tool>[] | null | undefined;
  tool_choice?: z.infer<typeof ToolChoice> | null | undefined;
  response_format?: z.infer<typeof ResponseFormat> | null | undefined;
};
type Payload = z.core.ParsePayload<ComparedFields>;

/** An issue after which the other rules are checked too. */
const contradiction = ({ value: input }: Payload, path: (string | number)[], message: string) =>
  ({ code: 'custom', path, input, message, params: inconsistentValues, continue: true }) as const;

function checkStreamOptions(payload: Payload): void {
  const { stream, stream_options: options } = payload.value;
  if (options && !stream) payload.issues.push(contradiction(payload, ['stream_options'], 'is allowed only with `stream`'));
}

function checkTools(payload: Payload): void {
  const { tools, tool_choice: choice } = payload.value;
  const names = new Set<string>();
  for (const [index, { name }] of (tools ?? []).map((tool) => tool.function).entries()) {
    if (names.has(name))
      payload.issues.push(contradiction(payload, ['tools', index, 'function', 'name'], 'is the name of an earlier tool'));
    names.add(name);
  }
  if (choice === 'required' && names.size === 0) payload.issues.push(contradiction(payload, ['tool_choice'], 'needs `tools`'));
  if (typeof choice === 'object' && choice !== null && !names.has(choice.function.name))
    payload.issues.push(contradiction(payload, ['tool_choice', 'function', 'name'], 'is not the name of one of `tools`'));
}

function checkResponseFormat(payload: Payload): void {
  const format = payload.value.response_format;
  if (format?.type === 'json_schema' && !format.json_schema)
    payload.issues.push(contradiction(payload, ['response_format', 'json_schema'], 'is required'));
}

function checkToolMessages(payload: Payload): void {
  const calls = new Set<string>();
  for (const [index, message] of payload.value.messages.entries()) {
    if (message.role === 'assistant') for (const { id } of message.tool_calls ?? []) calls.add(id);
    if (message.role === 'tool' && !calls.has(message.tool_call_id))
      payload.issues.push(
        contradiction(payload, ['messages', index, 'tool_call_id'], 'is not the ID of a tool call of an earlier message'),
      );
  }
}

export const NewChatCompletion = z
  .strictObject({
    model: selector,
    messages: z
      .array(Message)
      .min(1)
      .max(maxMessages)
      .meta({ description: `The conversation, oldest first, up to ${maxMessages} messages.` }),
    stream: z.boolean().nullish().meta({ description: 'Whether to stream the answer as server-sent events.' }),
    stream_options: z
      .object({
        include_usage: z.boolean().nullish().meta({ description: 'Whether the last chunk contains the usage.' }),
      })
      .meta({ id: 'ChatStreamOptions', description: 'Options of a stream.' })
      .nullish()
      .meta({ description: 'Only with `stream`.' }),
    tools: z
      .array(Tool)
      .max(maxTools)
      .nullish()
      .meta({ description: `Tools that the model may call, up to ${maxTools}.` }),
    tool_choice: ToolChoice.nullish().meta({ description: 'Default: `auto`.' }),
    parallel_tool_calls: z.boolean().nullish().meta({ description: 'Default: true.' }),
    response_format: ResponseFormat.nullish().meta({ description: 'Default: text.' }),
    stop: StopTexts.nullish().meta({ description: 'Texts at which the answer ends.' }),
    temperature: z.number().min(0).max(2).nullish().meta({ description: 'Randomness.' }),
    top_p: z.number().min(0).max(1).nullish().meta({ description: 'Nucleus sampling.' }),
    max_completion_tokens: maxTokens.meta({ description: 'Maximum tokens of the answer.' }),
    max_tokens: maxTokens.meta({ description: 'The same; `max_completion_tokens` takes precedence.' }),
    seed: z.int().nullish().meta({ description: 'For OpenAI-compatible providers.' }),
    frequency_penalty: penalty,
    presence_penalty: penalty,
    reasoning_effort: z
      .enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh'])
      .meta({ id: 'ChatReasoningEffort', description: 'A reasoning effort.' })
      .nullish()
      .meta({ description: 'Like `reasoning_mode` of runs.' }),
    user: z.string().max(512).nullish().meta({ description: 'Your ID of the end user, for OpenAI-compatible providers.' }),
    metadata: z
      .record(z.string().max(64), z.string().max(512))
      .refine((pairs) => Object.keys(pairs).length <= 16, 'must have at most 16 keys')
      .meta({ maxProperties: 16 })
      .meta({ id: 'ChatMetadata', description: 'Up to 16 pairs of text.' })
      .nullish()
      .meta({ description: 'Stored with the call.' }),
    n: z.literal(1).nullish().meta({ description: 'Only 1 is supported.' }),
    logprobs: z.literal(false).nullish().meta({ description: 'Not supported.' }),
    modalities: z.array(z.literal('text')).max(1).nullish().meta({ description: 'Only text is supported.' }),
    store: z.boolean().nullish().meta({ description: 'Ignored.' }),
    service_tier: ignored,
    prompt_cache_key: ignored,
    safety_identifier: ignored,
  })
  .check(checkStreamOptions, checkTools, checkResponseFormat, checkToolMessages)
  .meta({ id: 'NewChatCompletion', description: "A request in the format of OpenAI's chat completions. Other parameters are refused." });
export type NewChatCompletion = z.infer<typeof NewChatCompletion>;

const count = z.int().min(0);
const ChatUsage = z
  .object({
    prompt_tokens: count.meta({ description: 'Tokens of the prompt.' }),
    completion_tokens: count.meta({ description: 'Tokens of the answer.' }),
    total_tokens: count.meta({ description: 'The sum.' }),
    prompt_tokens_details: z
      .object({ cached_tokens: count.meta({ description: 'Prompt tokens read from a cache.' }) })
      .meta({ id: 'ChatPromptTokens', description: 'Kinds of prompt tokens.' })
      .meta({ description: 'Details of the prompt tokens.' }),
  })
  .meta({ id: 'ChatUsage', description: 'Tokens of an answer, estimated if the provider does not report them.' });
export type ChatUsage = z.infer<typeof ChatUsage>;

const FinishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter']).meta({
  id: 'ChatFinishReason',
  description: 'Why an answer ended.',
});
export type FinishReason = z.infer<typeof FinishReason>;

const head = {
  id: z.string().meta({ description: 'ID of the completion: `chatcmpl-` and a UUID.' }),
  created: count.meta({ description: 'Seconds since 1970 (UTC).' }),
  model: z.string().meta({ description: 'Name of the model at its provider.' }),
};

/** The type that clients of OpenAI know. Generators have none for a value that is always null. */
const ChatLogprobs = z
  .record(z.string(), z.unknown())
  .meta({ id: 'ChatLogprobs', description: 'Probabilities of tokens, which the server does not compute.' });

export const ChatCompletion = z
  .object({
    ...head,
    object: z.literal('chat.completion').meta({ description: 'The kind of object.' }),
    choices: z
      .array(
        z
          .object({
            index: z.literal(0).meta({ description: 'Number of the choice.' }),
            message: z
              .object({
                role: z.literal('assistant').meta({ description: 'Who wrote the message.' }),
                content: z.string().nullable().meta({ description: 'Text of the answer; null if the model only called tools.' }),
                refusal: z.string().nullable().meta({ description: 'Always null: a refusal of the model is its text.' }),
                tool_calls: z.array(ChatToolCall).optional().meta({ description: 'The tools that the model calls.' }),
              })
              .meta({ id: 'ChatAnswer', description: 'A message of the model.' })
              .meta({ description: 'The answer of the model.' }),
            finish_reason: FinishReason.meta({ description: 'Why the answer ended.' }),
            logprobs: ChatLogprobs.nullable().meta({ description: 'Always null.' }),
          })
          .meta({ id: 'ChatChoice', description: 'An answer and why it ended.' }),
      )
      .length(1)
      .meta({ description: 'The answer.' }),
    usage: ChatUsage.meta({ description: 'What the answer is charged for.' }),
  })
  .meta({ id: 'ChatCompletion', description: 'An answer of a model.' });
export type ChatCompletion = z.infer<typeof ChatCompletion>;

const ToolCallDelta = z
  .object({
    index: count.meta({ description: 'Number of the call in the answer.' }),
    id: z.string().optional().meta({ description: 'ID of the call, in its first piece.' }),
    type: z.literal('function').optional().meta({ description: 'The kind of call, in its first piece.' }),
    function: z
      .object({
        name: z.string().optional().meta({ description: 'Name of the function, once.' }),
        arguments: z.string().optional().meta({ description: 'The next piece of the JSON text.' }),
      })
      .meta({ id: 'ChatFunctionCallDelta', description: 'A piece of a call.' })
      .meta({ description: 'A piece of the called function.' }),
  })
  .meta({ id: 'ChatToolCallDelta', description: 'A piece of a tool call.' });

export const ChatCompletionChunk = z
  .object({
    ...head,
    object: z.literal('chat.completion.chunk').meta({ description: 'The kind of object.' }),
    choices: z
      .array(
        z
          .object({
            index: z.literal(0).meta({ description: 'Number of the choice.' }),
            delta: z
              .object({
                role: z.literal('assistant').optional().meta({ description: 'In the first chunk.' }),
                content: z.string().optional().meta({ description: 'The next piece of the text.' }),
                tool_calls: z.array(ToolCallDelta).optional().meta({ description: 'The next pieces of the tool calls.' }),
              })
              .meta({ id: 'ChatDelta', description: 'What a chunk adds to the answer.' })
              .meta({ description: 'What the chunk adds to the answer.' }),
            finish_reason: FinishReason.nullable().meta({ description: 'Null before the end.' }),
            logprobs: ChatLogprobs.nullable().meta({ description: 'Always null.' }),
          })
          .meta({ id: 'ChatChunkChoice', description: 'A piece of the answer.' }),
      )
      .max(1)
      .meta({ description: 'The piece; empty in the chunk with the usage.' }),
    usage: ChatUsage.nullable().optional().meta({ description: 'Only with `include_usage`; null before the last chunk.' }),
  })
  .meta({ id: 'ChatCompletionChunk', description: 'A piece of an answer of a model.' });
export type ChatCompletionChunk = z.infer<typeof ChatCompletionChunk>;

export const ChatModel = z
  .object({
    id: z.string().meta({ description: 'Value of `model`: a name, or `provider^model` if the name means another model.' }),
    object: z.literal('model').meta({ description: 'The kind of object.' }),
    created: count.meta({ description: 'Seconds since 1970 (UTC); 0 if unknown.' }),
    owned_by: z.string().meta({ description: 'Name of the provider.' }),
  })
  .meta({ id: 'ChatModel', description: 'A model that chat completions and runs of the account can use.' });
export type ChatModel = z.infer<typeof ChatModel>;

export const ChatModels = z
  .object({
    object: z.literal('list').meta({ description: 'The kind of object.' }),
    data: z.array(ChatModel).meta({ description: 'The models of the account, then those of the platform.' }),
  })
  .meta({ id: 'ChatModels', description: 'The models that chat completions of the account can use.' });
export type ChatModels = z.infer<typeof ChatModels>;

/** The longest time that a call may take before its response has headers, in milliseconds. */
export const maxAnswerMs = 15 * 60_000;

export const chatCompletions = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/chat/completions',
    summary: 'Create a chat completion',
    description:
      'One call of a model in the format of OpenAI, without a thread, a persona or tools of the platform. The answer is charged once, also if the client disconnects, which ends the call at the provider. `Idempotency-Key` has no effect on streams.',
    body: NewChatCompletion,
    maxBody: maxBodyBytes,
    responses: {
      200: declareJsonOrStream(ChatCompletion, ChatCompletionChunk, {
        description:
          'JSON, or server-sent events if `stream` is true. The stream ends after `data: [DONE]`, or after an event with `error`.',
        end: 'data: [DONE]\n\n',
      }),
    },
    metadata: {
      auth: 'user+key',
      permission: 'data.completions.write',
      audit: 'none',
      errors: 'openai',
      ignoresUnknownQuery: true,
      answerMs: maxAnswerMs,
      charged: true,
      extraErrors: [402, 404, 429, 502],
    },
  },
} as const satisfies Resource);

export const chatModels = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/models',
    summary: 'List the models in the format of OpenAI',
    description:
      'The models that are shown in pickers, of the account and of the platform. Models that are not shown can still be used by their names.',
    responses: { 200: ChatModels },
    metadata: { auth: 'user+key', errors: 'openai', ignoresUnknownQuery: true },
  },
  get: {
    method: 'GET',
    path: '/v1/models/{model...}',
    summary: 'Retrieve a model in the format of OpenAI',
    description: 'The model that a selector means, such as `org/model:free` or `provider%5Emodel`.',
    pathParams: z.object({ model: selector }),
    responses: { 200: ChatModel },
    metadata: { auth: 'user+key', errors: 'openai', ignoresUnknownQuery: true },
  },
} as const satisfies Resource);

export const ChatCompletionUsage = z
  .object({
    api_key_id: Id.nullable().meta({ description: 'The API key; null for calls with an access token.' }),
    model: z.string().meta({ description: 'Name of the model at its provider.' }),
    input_tokens: count.meta({ description: 'Tokens of all prompts.' }),
    output_tokens: count.meta({ description: 'Tokens written by the model.' }),
    cost_usd: z.number().min(0).meta({ description: 'US dollars, to 6 decimal places.' }),
    record_count: count.meta({ description: 'Chat completions that ended in the month.' }),
  })
  .meta({ id: 'ChatCompletionUsage', description: 'Chat completions of an API key with a model in a month (UTC).' });
export type ChatCompletionUsage = z.infer<typeof ChatCompletionUsage>;
