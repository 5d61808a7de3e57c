import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const FeatureFlag = defineEntity({
  name: 'FeatureFlag',
  tableName: 'feature_flags',
  properties: {
    id: p.uuid().primary(),
    key: p.text().unique('feature_flags_key_key'),
    description: p.text().nullable(),
    defaultValue: p.boolean(),
    supportsAccountOverrides: p.boolean().default(true),
    isSystem: p.boolean().default(false),
    createdAt: timestamptz().defaultRaw('now()'),
  },
});

export const FeatureFlagOverride = defineEntity({
  name: 'FeatureFlagOverride',
  tableName: 'feature_flag_overrides',
  properties: {
    accountId: p.uuid().primary(),
    flagId: p.uuid().primary(),
    enabled: p.boolean(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    { name: 'feature_flag_overrides_flag', expression: 'create index feature_flag_overrides_flag on feature_flag_overrides (flag_id)' },
  ],
});
