import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';
import { sealed } from '../../database/sealedColumns.ts';
import { sealContextOf } from './owner.ts';

type Json = Record<string, unknown>;

export const LlmProvider = defineEntity({
  name: 'LlmProvider',
  tableName: 'llm_providers',
  properties: {
    id: p.uuid().primary(),
    accountId: p.uuid().nullable(),
    provider: p.enum(['openai', 'anthropic', 'gemini'] as const),
    name: p.text(),
    keyPrefix: p.text().nullable(),
    apiKeySealed: sealed(['id', 'account_id'], sealContextOf),
    baseUrl: p.text().nullable(),
    openaiApiMode: p.enum(['auto', 'responses', 'chat_completions'] as const).nullable(),
    advancedJson: p.json<Json>().defaultRaw("'{}'::jsonb"),
    revision: p.integer().default(1),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    {
      name: 'llm_providers_name',
      expression: 'create unique index llm_providers_name on llm_providers (account_id, lower(name)) nulls not distinct',
    },
  ],
});

export const LlmModel = defineEntity({
  name: 'LlmModel',
  tableName: 'llm_models',
  properties: {
    id: p.uuid().primary(),
    providerId: p.uuid(),
    model: p.text(),
    priority: p.integer().default(0),
    isDefault: p.boolean().default(false),
    showInPicker: p.boolean().default(true),
    tags: p.json<string[]>().defaultRaw("'[]'::jsonb"),
    when: p.json<Json>().defaultRaw("'{}'::jsonb"),
    advancedJson: p.json<Json>().defaultRaw("'{}'::jsonb"),
    multiplier: p.decimal('number').columnType('numeric').default(1),
    costPer1kInput: p.decimal('number').precision(18).scale(6).nullable().name('cost_per_1k_input'),
    costPer1kOutput: p.decimal('number').precision(18).scale(6).nullable().name('cost_per_1k_output'),
    costPer1kCacheWrite: p.decimal('number').precision(18).scale(6).nullable().name('cost_per_1k_cache_write'),
    costPer1kCacheRead: p.decimal('number').precision(18).scale(6).nullable().name('cost_per_1k_cache_read'),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [{ name: 'llm_models_multiplier_check', expression: 'multiplier > (0)::numeric' }],
  indexes: [
    { name: 'llm_models_default', expression: 'create unique index llm_models_default on llm_models (provider_id) where is_default' },
    { name: 'llm_models_model', expression: 'create unique index llm_models_model on llm_models (provider_id, lower(model))' },
  ],
});
