import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';
import { sealed } from '../../database/sealedColumns.ts';
import { encryptionContext, type Owner } from './secrets.ts';

export const McpConfig = defineEntity({
  name: 'McpConfig',
  tableName: 'mcp_configs',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    name: p.text(),
    transport: p.enum(['stdio', 'http_sse', 'streamable_http'] as const),
    url: p.text().nullable(),
    bearerTokenSealed: sealed(['id', 'account_id'], (row: Owner) => encryptionContext(row, 'bearer_token')).nullable(),
    command: p.text().nullable(),
    args: p.array<string>().columnType('text[]').defaultRaw("'{}'::text[]"),
    cwd: p.text().nullable(),
    envSealed: sealed(['id', 'account_id'], (row: Owner) => encryptionContext(row, 'env')).nullable(),
    oauthStatus: p.enum(['required', 'authorized', 'expired'] as const).nullable(),
    /** The client, the tokens and the endpoints of an authorization. */
    oauthSealed: sealed(['id', 'account_id'], (row: Owner) => encryptionContext(row, 'oauth')).nullable(),
    /** When the access ends. Null if it can be renewed. */
    oauthEndsAt: timestamptz().nullable(),
    /** Grows with every change of the tokens. */
    oauthGeneration: p.integer().default(0),
    /** Until when one process alone may renew the tokens. */
    oauthRenewingUntil: timestamptz().nullable(),
    /** SHA-256 of the state and the session of an authorization that was started. */
    oauthRequestKey: p.text().nullable(),
    oauthRequestSealed: sealed(['id', 'account_id'], (row: Owner) => encryptionContext(row, 'oauth_request')).nullable(),
    oauthRequestExpiresAt: timestamptz().nullable(),
    callTimeoutMs: p.integer().default(10000),
    /** Whether the server may ask users during tool calls. */
    elicitationEnabled: p.boolean().default(false),
    isActive: p.boolean().default(true),
    revision: p.integer().default(1),
    createdAt: timestamptz().defaultRaw('now()'),
    updatedAt: timestamptz().defaultRaw('now()'),
  },
  uniques: [{ name: 'mcp_configs_account_id_name_key', properties: ['accountId', 'name'] }],
  checks: [
    { name: 'mcp_configs_call_timeout_ms_check', expression: '(call_timeout_ms >= 1) AND (call_timeout_ms <= 600000)' },
    { name: 'mcp_configs_check', expression: "(transport = 'stdio') = (command IS NOT NULL)" },
    { name: 'mcp_configs_oauth_check', expression: "(oauth_status IS DISTINCT FROM 'authorized') OR (oauth_sealed IS NOT NULL)" },
    { name: 'mcp_configs_check1', expression: "(transport = 'stdio') = (url IS NULL)" },
  ],
  indexes: [
    { name: 'mcp_configs_list', expression: 'create index mcp_configs_list on mcp_configs (account_id, created_at desc, id desc)' },
  ],
});
