import { defineEntity, p } from '@mikro-orm/core';
import { type Json, timestamptz } from '../../database/columns.ts';
import { sealedIn } from '../../database/sealedColumns.ts';
import { encryptionContext } from './types.ts';

export const PlatformSetting = defineEntity({
  name: 'PlatformSetting',
  tableName: 'platform_settings',
  properties: {
    key: p.text().primary(),
    value: sealedIn(p.json<Json>(), ['sealed'], ['key'], (row: { key: string }) => encryptionContext(row.key)),
    updatedAt: timestamptz().defaultRaw('now()'),
  },
});
