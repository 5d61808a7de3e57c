import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../../database/columns.ts';
import { sealed } from '../../../database/sealedColumns.ts';
import { encryptionContext, type RequestKey } from './messages.ts';

/** Requests for prompts of programs (`stdio`), which workers answer. A row is as old as its request, and is deleted with it. */
export const McpPromptRequest = defineEntity({
  name: 'McpPromptRequest',
  tableName: 'mcp_prompt_requests',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    requestSealed: sealed(['account_id', 'id'], (row: RequestKey) => encryptionContext(row, 'request')),
    replySealed: sealed(['account_id', 'id'], (row: RequestKey) => encryptionContext(row, 'reply')).nullable(),
    /** The claim of a worker. A worker that is alive renews it. */
    claimId: p.uuid().nullable(),
    claimedUntil: timestamptz().nullable(),
    /** How often it was claimed. */
    attempts: p.integer().default(0),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [{ name: 'mcp_prompt_requests_age', expression: 'create index mcp_prompt_requests_age on mcp_prompt_requests (created_at)' }],
});
