import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { AnyObject, baseUrlMeta, changes, Id, Time, trimmedText } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

export const ProviderScope = z.enum(['account', 'platform']).meta({ id: 'ProviderScope' });
export type ProviderScope = z.infer<typeof ProviderScope>;

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

/** A model that runs can be routed to. */
export const LlmModel = z
  .object({
    id: Id,
    provider_id: Id,
    model: z.string(),
    priority: z.int(),
    is_default: z.boolean(),
    show_in_picker: z.boolean(),
    tags: z.array(z.string()),
    when: AnyObject.meta({ description: 'Routing condition: the run must have the given value for each key.' }),
    advanced_json: AnyObject.nullable(),
    multiplier: z.number(),
    cost_per_1k_input: z.number().nullable(),
    cost_per_1k_output: z.number().nullable(),
    cost_per_1k_cache_write: z.number().nullable(),
    cost_per_1k_cache_read: z.number().nullable(),
  })
  .meta({ id: 'LlmModel' });
export type LlmModel = z.infer<typeof LlmModel>;

/** A credential for a model provider, with its models. */
export const LlmProvider = z
  .object({
    id: Id,
    account_id: Id.nullable().meta({ description: 'Null for platform providers.' }),
    scope: ProviderScope,
    provider: z.enum(['openai', 'anthropic']),
    name: z.string(),
    key_prefix: z.string().nullable().meta({ description: 'First 8 characters of the API key.' }),
    base_url: z.string().nullable(),
    openai_api_mode: z.enum(['auto', 'responses', 'chat_completions']).nullable(),
    advanced_json: AnyObject.nullable(),
    created_at: Time,
    models: z.array(LlmModel),
  })
  .meta({ id: 'LlmProvider' });
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
const apiMode = z.enum(['auto', 'responses', 'chat_completions']).nullish().meta({ description: 'Allowed only with provider `openai`.' });
const advanced = AnyObject.nullish().meta({ description: 'Merged into requests to the provider.' });

export const NewLlmProvider = z
  .strictObject({
    scope: ProviderScope.default('account'),
    name: providerName,
    provider: z.enum(['openai', 'anthropic']),
    api_key: apiKey,
    base_url: baseUrl,
    openai_api_mode: apiMode,
    advanced_json: advanced,
  })
  .meta({ id: 'NewLlmProvider' });
export type NewLlmProvider = z.infer<typeof NewLlmProvider>;

export const LlmProviderChanges = changes({
  name: providerName.optional(),
  provider: z.enum(['openai', 'anthropic']).optional(),
  api_key: apiKey.optional(),
  base_url: baseUrl,
  openai_api_mode: apiMode,
  advanced_json: advanced,
}).meta({ id: 'LlmProviderChanges' });
export type LlmProviderChanges = z.infer<typeof LlmProviderChanges>;

const modelFields = {
  model: trimmedText(200),
  priority: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1)
    .optional(),
  is_default: z.boolean().optional(),
  show_in_picker: z.boolean().optional(),
  tags: z.array(trimmedText(100)).max(32).optional(),
  when: AnyObject.nullish(),
  advanced_json: advanced,
  multiplier: z.number().positive().max(1_000_000).optional(),
  cost_per_1k_input: price().optional(),
  cost_per_1k_output: price().optional(),
  cost_per_1k_cache_write: price().optional(),
  cost_per_1k_cache_read: price().optional(),
};

export const NewLlmModel = z.strictObject(modelFields).meta({ id: 'NewLlmModel' });
export type NewLlmModel = z.infer<typeof NewLlmModel>;

export const LlmModelChanges = changes({ ...modelFields, model: modelFields.model.optional() }).meta({ id: 'LlmModelChanges' });
export type LlmModelChanges = z.infer<typeof LlmModelChanges>;

export const UpstreamModel = z
  .object({
    id: z.string(),
    name: z.string(),
    configured: z.boolean(),
    type: z.string().optional(),
    context_length: z.int().optional(),
    max_output_tokens: z.int().optional(),
    input_modalities: z.array(z.string()).optional(),
    output_modalities: z.array(z.string()).optional(),
    tool_calling: z.boolean().optional(),
    reasoning: z.boolean().optional(),
    default_temperature: z.number().optional(),
  })
  .meta({ id: 'UpstreamModel' });
export type UpstreamModel = z.infer<typeof UpstreamModel>;

export const UpstreamModels = z.object({ models: z.array(UpstreamModel) }).meta({ id: 'UpstreamModels' });

export const LlmModelTest = z
  .object({ success: z.boolean(), model_id: Id, latency_ms: z.int().min(0), error: z.string().optional() })
  .meta({ id: 'LlmModelTest' });
export type LlmModelTest = z.infer<typeof LlmModelTest>;

const scoped = z.object({ scope: ProviderScope.default('account') });
const permission = { account: 'data.secrets.manage', platform: 'platform.admin' } as const;

export const llmProviders = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/llm-providers',
    summary: 'List providers with their models',
    description:
      'Without permission to manage secrets, returns only what a model picker needs: no keys, base URLs or advanced settings, and only models that are shown in the picker.',
    query: z.object({ scope: ProviderScope.optional(), project_id: z.never('is not supported').optional() }),
    responses: { 200: z.array(LlmProvider) },
    metadata: { auth: 'user+key' },
  },
  create: {
    method: 'POST',
    path: '/v1/llm-providers',
    summary: 'Create a provider',
    body: NewLlmProvider,
    responses: { 201: LlmProvider },
    metadata: { auth: 'user', permission, quota: 'llm_providers', audit: ['llm_provider.create', 'llm_provider'] },
  },
  update: {
    method: 'PATCH',
    path: '/v1/llm-providers/{provider_id}',
    summary: 'Update a provider',
    query: scoped,
    body: LlmProviderChanges,
    responses: { 200: LlmProvider },
    metadata: { auth: 'user', permission, audit: ['llm_provider.update', 'llm_provider'], extraErrors: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/llm-providers/{provider_id}',
    summary: 'Delete a provider, its API key and its models',
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['llm_provider.delete', 'llm_provider'] },
  },
  availableModels: {
    method: 'GET',
    path: '/v1/llm-providers/{provider_id}/available-models',
    summary: 'List the models that the provider offers',
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
    query: scoped,
    body: NewLlmModel,
    responses: { 201: LlmModel },
    metadata: { auth: 'user', permission, quota: 'llm_models', audit: ['llm_provider_model.create', 'llm_provider_model'] },
  },
  update: {
    method: 'PATCH',
    path: '/v1/llm-providers/{provider_id}/models/{model_id}',
    summary: 'Update a model',
    query: scoped,
    body: LlmModelChanges,
    responses: { 200: LlmModel },
    metadata: { auth: 'user', permission, audit: ['llm_provider_model.update', 'llm_provider_model'], extraErrors: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/llm-providers/{provider_id}/models/{model_id}',
    summary: 'Delete a model',
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['llm_provider_model.delete', 'llm_provider_model'] },
  },
  test: {
    method: 'POST',
    path: '/v1/llm-providers/{provider_id}/models/{model_id}/test',
    summary: 'Test a model with a short request',
    query: scoped,
    body: null,
    responses: { 200: LlmModelTest },
    metadata: { auth: 'user', permission, audit: ['llm_provider_model.test', 'llm_provider_model'] },
  },
} as const satisfies Resource);
