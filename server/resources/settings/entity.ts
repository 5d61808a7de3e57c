import { defineEntity, p } from '@mikro-orm/core';
import { type Json, timestamptz } from '../../database/columns.ts';

export const PlatformSetting = defineEntity({
  name: 'PlatformSetting',
  tableName: 'platform_settings',
  properties: {
    key: p.text().primary(),
    value: p.json<Json>(),
    updatedAt: timestamptz().defaultRaw('now()'),
  },
});
