import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { anyCase, Id, name, oneOrMore, someField, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

const transports = ['stdio', 'http_sse', 'streamable_http'] as const;

/** How a tool server is spoken to. */
export const McpTransport = z.enum(transports).meta({ id: 'McpTransport' });
export type McpTransport = z.infer<typeof McpTransport>;

/** A tool server of an account (Model Context Protocol); its token and the values of its environment are never shown. */
export const McpConfig = z
  .object({
    id: Id,
    account_id: Id,
    name: z.string(),
    transport: McpTransport,
    url: z.string().nullable().meta({ description: 'Null with `stdio`.' }),
    has_auth: z.boolean().meta({ description: 'Whether there is a bearer token.' }),
    command: z.string().nullable().meta({ description: 'Only with `stdio`.' }),
    args: z.array(z.string()),
    cwd: z.string().nullable(),
    inherit_parent_env: z.literal(false).meta({ description: 'A server never sees the environment of the worker.' }),
    call_timeout_ms: z.int(),
    is_active: z.boolean(),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: 'McpConfig' });
export type McpConfig = z.infer<typeof McpConfig>;

const url = z.string().trim().max(2048).nullish().meta({ description: 'Absolute http(s) URL without user or fragment; not with `stdio`.' });
const bearerToken = z
  .string()
  .trim()
  .max(4096)
  .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII')
  .nullish()
  .meta({ description: 'Sent as `Authorization: Bearer`; null or an empty text is none. Not with `stdio`.' });
const callTimeout = z.int().min(1).max(600_000).meta({ description: 'Milliseconds for each step and each call.' });

export const NewMcpConfig = z
  .strictObject({
    name: name(100),
    transport: z
      .string()
      .trim()
      .toLowerCase()
      .pipe(McpTransport)
      .meta({
        description: `One of ${transports.map((each) => `\`${each}\``).join(', ')}; the case of letters does not matter.`,
        pattern: `^(?:${transports.map(anyCase).join('|')})$`,
      }),
    url,
    bearer_token: bearerToken,
    command: z.string().trim().max(4096).nullish().meta({ description: 'The program to run, without a shell; needed with `stdio`.' }),
    args: z.array(z.string().max(8192)).max(64).default([]),
    cwd: z.string().max(4096).regex(/^\//, 'must be an absolute path').nullish(),
    env: z
      .record(
        z
          .string()
          .max(256)
          .regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
        z.string().max(8192),
      )
      .refine((variables) => Object.keys(variables).length <= 64, 'at most 64 variables')
      .meta({ maxProperties: 64 })
      .default({})
      .meta({ description: 'The whole environment of the program; never shown again.' }),
    inherit_parent_env: z.boolean().optional().meta({ description: 'Taken and ignored: it is always false.' }),
    call_timeout_ms: callTimeout.default(10_000),
  })
  .meta({ id: 'NewMcpConfig' });
export type NewMcpConfig = z.infer<typeof NewMcpConfig>;

export const McpConfigChanges = z
  .strictObject({
    name: name(100).optional(),
    url,
    bearer_token: bearerToken,
    call_timeout_ms: callTimeout.optional(),
    is_active: z.boolean().optional(),
  })
  .refine(...someField)
  .meta(oneOrMore)
  .meta({ id: 'McpConfigChanges' });
export type McpConfigChanges = z.infer<typeof McpConfigChanges>;

const permission = 'data.mcp_configs.manage';

/** External tool servers of an account; what they offer is given to the models of its runs. */
export const mcpConfigs = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/mcp-configs',
    summary: 'Add a tool server',
    description: 'One with `stdio` is a program on the worker: only an admin of the platform can add or change it.',
    body: NewMcpConfig,
    responses: { 201: McpConfig },
    metadata: { auth: 'user', permission, quota: 'mcp_configs', audit: ['mcp_config.create', 'mcp_config'] },
  },
  list: {
    method: 'GET',
    path: '/v1/mcp-configs',
    summary: 'List tool servers, newest first',
    query: pageQuery(),
    responses: { 200: z.array(McpConfig) },
    metadata: { auth: 'user', pages: 'cursor' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/mcp-configs/{config_id}',
    summary: 'Change a tool server',
    body: McpConfigChanges,
    responses: { 200: McpConfig },
    metadata: { auth: 'user', permission, audit: ['mcp_config.update', 'mcp_config'], also: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/mcp-configs/{config_id}',
    summary: 'Remove a tool server',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', permission, audit: ['mcp_config.delete', 'mcp_config'] },
  },
} as const satisfies Resource);
