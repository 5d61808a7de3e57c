import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

type Json = Record<string, unknown>;

/** A credential for an upstream; its key is no business of the ORM, which writes values into the text of statements. */
export const LlmProviderSchema = defineEntity({
  name: 'LlmProvider',
  tableName: 'llm_providers',
  properties: {
    id: p.uuid().primary(),
    accountId: p.uuid().nullable(),
    provider: p.enum(['openai', 'anthropic'] as const),
    name: p.text(),
    baseUrl: p.text().nullable(),
    openaiApiMode: p.enum(['auto', 'responses', 'chat_completions'] as const).nullable(),
    advancedJson: p.json<Json>(),
  },
});
export type LlmProviderEntity = InferEntity<typeof LlmProviderSchema>;

/** A model under a provider; which one is the default is decided by statements in order, because a unit of work has none. */
export const LlmModelSchema = defineEntity({
  name: 'LlmModel',
  tableName: 'llm_models',
  properties: {
    id: p.uuid().primary(),
    providerId: p.uuid(),
    model: p.text(),
    priority: p.integer().default(0),
    showInPicker: p.boolean().default(true),
    tags: p.json<string[]>(),
    when: p.json<Json>(),
    advancedJson: p.json<Json>(),
    multiplier: p.decimal('number').default(1),
    costPer1kInput: p.decimal('number').name('cost_per_1k_input').nullable(),
    costPer1kOutput: p.decimal('number').name('cost_per_1k_output').nullable(),
    costPer1kCacheWrite: p.decimal('number').name('cost_per_1k_cache_write').nullable(),
    costPer1kCacheRead: p.decimal('number').name('cost_per_1k_cache_read').nullable(),
  },
});
export type LlmModelEntity = InferEntity<typeof LlmModelSchema>;
