import { defineEntity, p } from '@mikro-orm/core';
import type { ToolGroup, ToolProviderName } from '../../../contract/toolProviders.ts';

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
    apiKeySealed: p.blob().$type<Buffer>().nullable(),
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
