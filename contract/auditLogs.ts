import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { AnyObject, betweenValues, Id, intParam, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import type { Resource } from './shared/route.ts';

const state = AnyObject.nullable().optional();

/** What somebody did, or was refused to do (`metadata.result` is `denied`). */
export const AuditEntry = z
  .object({
    id: Id,
    account_id: Id.nullable().meta({ description: 'Null for what concerns the platform.' }),
    actor_user_id: Id.nullable().meta({ description: 'Null for the system, and for a sign-in that failed.' }),
    action: z.string().meta({ description: '`<resource>.<verb>`.' }),
    target_type: z.string(),
    target_id: z.string().nullable(),
    trace_id: z.string(),
    metadata: AnyObject.meta({ description: 'With an API key as the actor, `api_key_id` too.' }),
    ip_address: z.string().nullable(),
    user_agent: z.string().max(512).nullable(),
    created_at: Time,
    before_state: state.meta({ description: 'Only with `include=state`.' }),
    after_state: state.meta({ description: 'Only with `include=state`.' }),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditLog = z
  .object({ data: z.array(AuditEntry), total: z.int().min(0).meta({ description: 'All that match, on this page or not.' }) })
  .meta({ id: 'AuditLog' });
export type AuditLog = z.infer<typeof AuditLog>;

/** What is asked for in any time zone is compared in UTC. */
const instant = () => Instant.pipe(Time).optional();
const exact = () => z.string().min(1).max(200).optional();

export const AuditQuery = z
  .object({
    account_id: Id.optional().meta({
      description:
        'The active account unless said otherwise, and no other. Admins of the platform: any; unset: all, and the platform itself.',
    }),
    action: exact(),
    target_type: exact(),
    actor_user_id: Id.optional(),
    since: instant().meta({ description: 'From this instant on (RFC 3339, in any time zone).' }),
    until: instant().meta({ description: 'Up to this instant, inclusive (RFC 3339, in any time zone).' }),
    limit: intParam(1, 200).default(50),
    offset: intParam(0, 100_000).default(0),
    include: z.literal('state').optional().meta({ description: '`state` adds what was before and after.' }),
  })
  .refine(({ since, until }) => since === undefined || until === undefined || since <= until, {
    path: ['until'],
    message: 'must not be before since',
    params: betweenValues,
  });
export type AuditQuery = z.infer<typeof AuditQuery>;

/** Who did what. */
export const auditLogs = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/audit-logs',
    summary: 'List what was done, newest first',
    query: AuditQuery,
    responses: { 200: AuditLog },
    metadata: {
      auth: 'user+key',
      read: 'account.audit_read',
      or: 'platform.admin',
      queryIds: { account_id: 'account', actor_user_id: 'user' },
    },
  },
} as const satisfies Resource);
