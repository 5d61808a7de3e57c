import { defineEntity, p } from '@mikro-orm/core';
import type { ToolGroup, ToolProviderName } from '../../../contract/toolProviders.ts';
import { sealed } from '../../database/sealedColumns.ts';
import { encryptionContext } from './catalog.ts';

export const ToolProvider = defineEntity({
  name: 'ToolProvider',
  tableName: 'tool_providers',
  properties: {
    accountId: p.uuid().nullable(),
    groupName: p.text().$type<ToolGroup>(),
    // MikroORM requires a primary key. The table has none, because `account_id` is null for rows of the platform.
    providerName: p.text().$type<ToolProviderName>().primary(),
    isActive: p.boolean().default(false),
    keyPrefix: p.text().nullable(),
    apiKeySealed: sealed(['provider_name', 'account_id'], (row: { provider_name: ToolProviderName; account_id: string | null }) =>
      encryptionContext(row.provider_name, row.account_id),
    ).nullable(),
    baseUrl: p.text().nullable(),
  },
  checks: [{ name: 'tool_providers_check', expression: '(key_prefix IS NULL) = (api_key_sealed IS NULL)' }],
  indexes: [
    {
      name: 'tool_providers_active',
      expression: 'create unique index tool_providers_active on tool_providers (account_id, group_name) nulls not distinct where is_active',
    },
    {
      name: 'tool_providers_name',
      expression: 'create unique index tool_providers_name on tool_providers (account_id, provider_name) nulls not distinct',
    },
  ],
});
