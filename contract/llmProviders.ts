import { z } from 'zod';
import { AnyObject, baseUrlMeta, changes, Id, inconsistentValues, Time, trimmedText } from './shared/fields.ts';
import { initContract, type Resource } from './shared/route.ts';

export const ProviderScope = z
  .enum(['account', 'platform'])
  .meta({ id: 'ProviderScope', description: 'Whether something is configured for an account or for all accounts of the platform.' });
export type ProviderScope = z.infer<typeof ProviderScope>;

const LlmVendor = z
  .enum(['openai', 'anthropic', 'gemini'])
  .meta({ id: 'LlmVendor', description: 'API of a provider. `openai` includes compatible servers.' });
const OpenAiApiMode = z
  .enum(['auto', 'responses', 'chat_completions'])
  .meta({ id: 'OpenAiApiMode', description: 'API of an OpenAI-compatible server; `auto` tries `responses` first.' });

const price = () =>
  z
    .number()
    .min(0)
    .max(999_999)
    // Accepts multiples of a millionth with floating-point error: 3 * 0.1 is 0.30000000000000004.
    .refine((value) => Math.abs(Number(value.toFixed(6)) - value) <= 2 * Number.EPSILON * value, 'at most 6 decimals')
    .overwrite((value) => Number(value.toFixed(6)))
    .meta({ multipleOf: 0.000001 })
    .nullable()
    .meta({ description: 'US dollars per 1,000 tokens.' });

/** What is known of a model, in the list of a provider and of a configured model alike. */
const modelFacts = {
  context_length: z.int().optional().meta({ description: 'Context window in tokens.' }),
  max_output_tokens: z.int().optional().meta({ description: 'Maximum output tokens.' }),
  input_modalities: z.array(z.string()).optional().meta({ description: 'What the model accepts, such as `text` and `image`.' }),
  tool_calling: z.boolean().optional().meta({ description: 'Whether the model can call tools.' }),
  reasoning: z.boolean().optional().meta({ description: 'Whether the model can reason.' }),
};
const KnownFigures = z
  .object({
    as_of: z.iso.date().meta({ description: 'The day on which the list was last compared with the price lists.' }),
    price_list: z.url().meta({ description: 'Price list of the vendor.' }),
    cost_per_1k_input: z.number().meta({ description: 'US dollars per 1,000 prompt tokens.' }),
    cost_per_1k_output: z.number().meta({ description: 'US dollars per 1,000 output tokens.' }),
    cost_per_1k_cache_write: z
      .number()
      .nullable()
      .meta({ description: 'US dollars per 1,000 tokens written to the cache; null if there is no own price.' }),
    cost_per_1k_cache_read: z
      .number()
      .nullable()
      .meta({ description: 'US dollars per 1,000 tokens read from the cache; null if unknown.' }),
    dearer_above_prompt_tokens: z.int().optional().meta({ description: 'Calls with longer prompts cost more than these prices.' }),
  })
  .meta({ id: 'KnownFigures', description: 'Prices of a model at the API of its vendor, from a dated list of the server.' });
const known = KnownFigures.optional().meta({
  description: 'Prices from the list of known models; absent for other models and servers.',
});

export const LlmModel = z
  .object({
    id: Id.meta({ description: 'ID of the model, for `route_id` of runs.' }),
    provider_id: Id.meta({ description: 'The provider of the model.' }),
    model: z.string().meta({ description: 'Name of the model at the provider.' }),
    priority: z.int().meta({ description: 'Order of automatic selection, highest first.' }),
    is_default: z
      .boolean()
      .meta({ description: 'Whether runs without a model use it. Each provider with models has exactly one default.' }),
    show_in_picker: z.boolean().meta({ description: 'Whether a picker offers the model.' }),
    tags: z.array(z.string()).meta({ description: 'Labels. `embedding` and `image` select how the model is tested.' }),
    when: AnyObject.meta({ description: 'Routing condition: the run must have the given value for each key.' }),
    advanced_json: AnyObject.nullable().meta({
      description: 'Merged into requests to the provider; overrides the settings of the provider.',
    }),
    multiplier: z.number().meta({ description: 'Factor for the credits of a run; does not change its cost.' }),
    cost_per_1k_input: z.number().nullable().meta({ description: 'US dollars per 1,000 prompt tokens; null if unknown.' }),
    cost_per_1k_output: z.number().nullable().meta({ description: 'US dollars per 1,000 output tokens; null if unknown.' }),
    cost_per_1k_cache_write: z
      .number()
      .nullable()
      .meta({ description: 'US dollars per 1,000 tokens written to the cache; null means 1.25 times the input price.' }),
    cost_per_1k_cache_read: z.number().nullable().meta({
      description: 'US dollars per 1,000 tokens read from the cache; null means 0.1 (Anthropic) or 0.5 (others) times the input price.',
    }),
    ...modelFacts,
    context_length: modelFacts.context_length.meta({
      description: 'Context window in tokens: that of `advanced_json.available_catalog`, else of the list of known models.',
    }),
    known,
  })
  .meta({ id: 'LlmModel', description: 'A model that runs can be routed to.' });
export type LlmModel = z.infer<typeof LlmModel>;

export const LlmProvider = z
  .object({
    id: Id.meta({ description: 'ID of the provider.' }),
    account_id: Id.nullable().meta({ description: 'Null for platform providers.' }),
    scope: ProviderScope.meta({ description: 'Whether the provider belongs to the account or to the platform.' }),
    provider: LlmVendor.meta({ description: 'API of the provider. `openai` includes compatible servers.' }),
    name: z.string().meta({ description: 'Unique name, for model selectors such as `name^model`.' }),
    key_prefix: z.string().nullable().meta({ description: 'First 8 characters of the API key.' }),
    base_url: z.string().nullable().meta({ description: 'Base URL; null means the default of the API.' }),
    openai_api_mode: OpenAiApiMode.nullable().meta({
      description: '`auto` tries the Responses API and falls back to chat completions; null means `auto`.',
    }),
    advanced_json: AnyObject.nullable().meta({ description: 'Merged into requests to the provider.' }),
    created_at: Time.meta({ description: 'When the provider was created.' }),
    models: z.array(LlmModel).meta({ description: 'Models, by priority.' }),
  })
  .meta({ id: 'LlmProvider', description: 'A credential for a model provider, with its models.' });
export type LlmProvider = z.infer<typeof LlmProvider>;

const providerName = trimmedText(100).regex(/^[^^]*$/, 'must not contain ^');
const apiKey = z.string().trim().min(1).max(4096);
const baseUrl = z
  .string()
  .trim()
  .max(2048)
  .meta(baseUrlMeta)
  .nullish()
  .meta({ description: 'Absolute http(s) URL without user info, query or fragment.' });
const apiMode = OpenAiApiMode.nullish().meta({ description: 'Allowed only with provider `openai`.' });
const advanced = AnyObject.nullish().meta({ description: 'Merged into requests to the provider.' });

export const NewLlmProvider = z
  .strictObject({
    scope: ProviderScope.default('account').meta({ description: 'Where to create the provider. `platform` requires a platform admin.' }),
    name: providerName.meta({ description: 'Unique name, ignoring case, 1 to 100 characters.' }),
    provider: LlmVendor.meta({ description: 'API of the provider. `openai` includes compatible servers.' }),
    api_key: apiKey.meta({ description: 'API key of the provider; stored encrypted and never returned.' }),
    base_url: baseUrl,
    openai_api_mode: apiMode,
    advanced_json: advanced,
  })
  .refine(({ provider, openai_api_mode: mode }) => provider === 'openai' || !mode, {
    path: ['openai_api_mode'],
    error: 'is only for provider openai',
    params: inconsistentValues,
  })
  .meta({ id: 'NewLlmProvider', description: 'A provider to create.' });
export type NewLlmProvider = z.infer<typeof NewLlmProvider>;

export const LlmProviderChanges = changes({
  name: providerName.optional().meta({ description: 'Unique name, ignoring case, 1 to 100 characters.' }),
  provider: LlmVendor.optional().meta({ description: 'API of the provider. `openai` includes compatible servers.' }),
  api_key: apiKey.optional().meta({ description: 'Replaces the API key.' }),
  base_url: baseUrl,
  openai_api_mode: apiMode,
  advanced_json: advanced,
}).meta({ id: 'LlmProviderChanges', description: 'The fields of the provider to change. At least one is required.' });
export type LlmProviderChanges = z.infer<typeof LlmProviderChanges>;

const modelFields = {
  model: trimmedText(200).meta({
    description: 'Name of the model at the provider, such as `gpt-5`. Unique in the provider, ignoring case.',
  }),
  priority: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1)
    .optional()
    .meta({ description: 'Order of automatic selection, highest first. Default: 0.' }),
  is_default: z.boolean().optional().meta({ description: 'True makes it the default of the provider. The first model always is.' }),
  show_in_picker: z.boolean().optional().meta({ description: 'Whether a picker offers the model. Default: true.' }),
  tags: z.array(trimmedText(100)).max(32).optional().meta({ description: 'Labels; duplicates are removed.' }),
  when: AnyObject.nullish().meta({
    description: 'Routing condition: the run must have the given value for each key. Null or `{}` means none.',
  }),
  advanced_json: advanced,
  multiplier: z
    .number()
    .positive()
    .max(1_000_000)
    .optional()
    .meta({ description: 'Factor for the credits of a run, greater than 0. Default: 1.' }),
  cost_per_1k_input: price().optional(),
  cost_per_1k_output: price().optional(),
  cost_per_1k_cache_write: price().optional(),
  cost_per_1k_cache_read: price().optional(),
};

export const NewLlmModel = z.strictObject(modelFields).meta({ id: 'NewLlmModel', description: 'A model to add to a provider.' });
export type NewLlmModel = z.infer<typeof NewLlmModel>;

export const LlmModelChanges = changes({ ...modelFields, model: modelFields.model.optional() }).meta({
  id: 'LlmModelChanges',
  description: 'The fields of the model to change. At least one is required.',
});
export type LlmModelChanges = z.infer<typeof LlmModelChanges>;

export const UpstreamModel = z
  .object({
    id: z.string().meta({ description: 'Name of the model at the provider, for `model`.' }),
    name: z.string().meta({ description: 'Display name.' }),
    configured: z.boolean().meta({ description: 'Whether the model is already added.' }),
    type: z.string().optional().meta({ description: 'Kind of model: `chat`, `embedding`, `image`, `audio` or `moderation`.' }),
    ...modelFacts,
    output_modalities: z.array(z.string()).optional().meta({ description: 'What the model produces.' }),
    default_temperature: z.number().optional().meta({ description: 'Temperature that the provider uses by default.' }),
    known,
  })
  .meta({ id: 'UpstreamModel', description: 'A model that the provider offers.' });
export type UpstreamModel = z.infer<typeof UpstreamModel>;

export const UpstreamModels = z
  .object({
    models: z
      .array(UpstreamModel)
      .meta({ description: 'Sorted by name. Fields that neither the provider nor the list of known models has are absent.' }),
  })
  .meta({ id: 'UpstreamModels', description: 'The models that a provider offers.' });

export const LlmModelTest = z
  .object({
    success: z.boolean().meta({ description: 'Whether the provider answered.' }),
    model_id: Id.meta({ description: 'The tested model.' }),
    latency_ms: z.int().min(0).meta({ description: 'Milliseconds until the answer or the error.' }),
    error: z.string().optional().meta({ description: 'Why the test failed, without the API key; absent on success.' }),
  })
  .meta({ id: 'LlmModelTest', description: 'The result of a test request.' });
export type LlmModelTest = z.infer<typeof LlmModelTest>;

const scoped = z.object({
  scope: ProviderScope.default('account').meta({ description: 'Whose provider it is. `platform` requires a platform admin.' }),
});
const permission = { account: 'data.secrets.manage', platform: 'platform.admin' } as const;

export const llmProviders = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/llm-providers',
    summary: 'List providers with their models',
    description:
      'Without permission to manage secrets, returns only what a model picker needs: no keys, base URLs or advanced settings, and only models that are shown in the picker. Without `scope`, returns the providers of the account, then those of the platform.',
    query: z.object({
      scope: ProviderScope.optional().meta({ description: 'Return only providers of the account, or only those of the platform.' }),
      project_id: z.never('is not supported').optional(),
    }),
    responses: { 200: z.array(LlmProvider) },
    metadata: { auth: 'user+key' },
  },
  create: {
    method: 'POST',
    path: '/v1/llm-providers',
    summary: 'Create a provider',
    description:
      'Stores the API key encrypted. Next, add models: runs use them at once. If `feature.byok_enabled` is false, accounts cannot have providers of their own: 403 `feature_disabled`.',
    body: NewLlmProvider,
    responses: { 201: LlmProvider },
    metadata: { auth: 'user', permission, quota: 'llm_providers', audit: ['llm_provider.create', 'llm_provider'] },
  },
  update: {
    method: 'PATCH',
    path: '/v1/llm-providers/{provider_id}',
    summary: 'Update a provider',
    description:
      'Omitted fields keep their values; another `base_url`, or another `provider` without one, needs the `api_key` again. Active runs keep their settings.',
    query: scoped,
    body: LlmProviderChanges,
    responses: { 200: LlmProvider },
    metadata: { auth: 'user', permission, audit: ['llm_provider.update', 'llm_provider'], extraErrors: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/llm-providers/{provider_id}',
    summary: 'Delete a provider, its API key and its models',
    description: 'Active runs can finish. Later runs use other providers.',
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['llm_provider.delete', 'llm_provider'] },
  },
  availableModels: {
    method: 'GET',
    path: '/v1/llm-providers/{provider_id}/available-models',
    summary: 'List the models that the provider offers',
    description:
      'Asks the provider and caches the list for 2 minutes. Use it to choose models to add. If the provider does not answer, the response is 502.',
    query: scoped,
    responses: { 200: UpstreamModels },
    metadata: { auth: 'user', permission, extraErrors: [409, 502] },
  },
} as const satisfies Resource);

export const llmModels = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/llm-providers/{provider_id}/models',
    summary: 'Add a model to a provider',
    description:
      'Runs can use the model at once. Costs and credits are calculated with its prices. Without any, a known model at its vendor gets those of the list. Then test it.',
    query: scoped,
    body: NewLlmModel,
    responses: { 201: LlmModel },
    metadata: { auth: 'user', permission, quota: 'llm_models', audit: ['llm_provider_model.create', 'llm_provider_model'] },
  },
  update: {
    method: 'PATCH',
    path: '/v1/llm-providers/{provider_id}/models/{model_id}',
    summary: 'Update a model',
    description: 'Omitted fields keep their values. Active runs keep the settings that they started with.',
    query: scoped,
    body: LlmModelChanges,
    responses: { 200: LlmModel },
    metadata: { auth: 'user', permission, audit: ['llm_provider_model.update', 'llm_provider_model'], extraErrors: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/llm-providers/{provider_id}/models/{model_id}',
    summary: 'Delete a model',
    description: 'If it was the default, the model with the highest priority becomes the default. Active runs can finish.',
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['llm_provider_model.delete', 'llm_provider_model'] },
  },
  test: {
    method: 'POST',
    path: '/v1/llm-providers/{provider_id}/models/{model_id}/test',
    summary: 'Test a model with a short request',
    description:
      'Sends a short request to the provider, which may charge for it. The response is 200 even if the test fails: check `success`.',
    query: scoped,
    body: null,
    responses: { 200: LlmModelTest },
    metadata: { auth: 'user', permission, audit: ['llm_provider_model.test', 'llm_provider_model'] },
  },
} as const satisfies Resource);
