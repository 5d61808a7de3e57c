import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { AnyObject, Id, inconsistentValues, intParam, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import type { Resource } from './shared/route.ts';

const state = AnyObject.nullable().optional();

/** An action that a user performed, or that was denied (`metadata.result` is `denied`). */
export const AuditEntry = z
  .object({
    id: Id,
    account_id: Id.nullable().meta({ description: 'Null for platform-level actions.' }),
    actor_user_id: Id.nullable().meta({ description: 'Null for the system and for failed sign-ins.' }),
    action: z.string().meta({ description: '`<resource>.<verb>`.' }),
    target_type: z.string(),
    target_id: z.string().nullable(),
    trace_id: z.string(),
    metadata: AnyObject.meta({ description: 'Includes `api_key_id` if the actor used an API key.' }),
    ip_address: z.string().nullable(),
    user_agent: z.string().max(512).nullable(),
    created_at: Time,
    before_state: state.meta({ description: 'Present only with `include=state`.' }),
    after_state: state.meta({ description: 'Present only with `include=state`.' }),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntry>;

/** Entries are counted exactly up to this number, and beyond it as far as the page needs. */
export const maxExactTotal = 10_000;

export const AuditLog = z
  .object({
    data: z.array(AuditEntry),
    total: z.int().min(0).meta({
      description:
        'Number of matching entries on all pages if `total_is_exact`. Otherwise there are more than this number, which is at least 10,000 and greater than `offset + limit`.',
    }),
    total_is_exact: z.boolean().meta({ description: 'False if there are more entries than were counted.' }),
  })
  .meta({ id: 'AuditLog' });
export type AuditLog = z.infer<typeof AuditLog>;

/** Accepts any time zone offset; compared in UTC. */
const instant = () => Instant.pipe(Time).optional();
const exact = () => z.string().min(1).max(200).optional();

export const AuditQuery = z
  .object({
    account_id: Id.optional().meta({
      description:
        'Defaults to the active account, which is the only one that members can query. Platform admins can query any account; by default they get the entries of all accounts and of the platform.',
    }),
    action: exact(),
    target_type: exact(),
    actor_user_id: Id.optional(),
    since: instant().meta({ description: 'From this instant on, inclusive (RFC 3339, in any time zone).' }),
    until: instant().meta({ description: 'Up to this instant, inclusive (RFC 3339, in any time zone).' }),
    limit: intParam(1, 200).default(50),
    offset: intParam(0, 100_000).default(0),
    include: z.literal('state').optional().meta({ description: '`state` adds `before_state` and `after_state`.' }),
  })
  .refine(({ since, until }) => since === undefined || until === undefined || since <= until, {
    path: ['until'],
    message: 'must not be before since',
    params: inconsistentValues,
  });
export type AuditQuery = z.infer<typeof AuditQuery>;

export const auditLogs = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/audit-logs',
    summary: 'List audit log entries, newest first',
    query: AuditQuery,
    responses: { 200: AuditLog },
    metadata: {
      auth: 'user+key',
      read: 'account.audit_read',
      exempt: 'platform.admin',
      queryIds: { account_id: 'account', actor_user_id: 'user' },
      report: true,
    },
  },
} as const satisfies Resource);
