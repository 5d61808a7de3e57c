import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Cidr, IpAddress } from './shared/addresses.ts';
import { Id, intParam, numberParam, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import type { Resource } from './shared/route.ts';

const UserAgentType = z.enum(['browser', 'bot', 'tool', 'unknown']).meta({ id: 'UserAgentType' });

/** A request that the gateway answered, without query string, credentials and body; what is not known is `""`. */
export const AccessLogEntry = z
  .object({
    id: Id.meta({ description: 'Sorts by time.' }),
    timestamp: Time.meta({ description: 'When the request began.' }),
    trace_id: z.string(),
    method: z.string(),
    path: z.string(),
    status_code: z.int().meta({ description: '499 when the caller left before the answer.' }),
    duration_ms: z.int().meta({ description: 'Until the end of the answer, also of a stream.' }),
    client_ip: z.string(),
    country: z.string().meta({ description: 'ISO 3166-1 alpha-2.' }),
    city: z.string(),
    user_agent: z.string().max(512),
    ua_type: UserAgentType,
    risk_score: z.number().min(0).max(1),
    identity_type: z.enum(['user', 'api_key', 'anonymous']),
    account_id: z.string(),
    user_id: z.string(),
    username: z.string().meta({ description: 'The name the user has now; `""` for nobody and for deleted users.' }),
  })
  .meta({ id: 'AccessLogEntry' });
export type AccessLogEntry = z.infer<typeof AccessLogEntry>;

export const AccessLogPage = z
  .object({
    data: z.array(AccessLogEntry),
    has_more: z.boolean(),
    next_before: Id.nullable().meta({ description: 'The value of `before` for the next page; null on the last.' }),
  })
  .meta({ id: 'AccessLogPage' });
export type AccessLogPage = z.infer<typeof AccessLogPage>;

export const AccessLogQuery = z.object({
  limit: intParam(1, 200).default(50).meta({ description: 'Rows of a page.' }),
  before: Id.optional().meta({ description: 'Only what is strictly older than this entry.' }),
  since: z
    .union([Id, Instant.pipe(Time)])
    .optional()
    .meta({ description: 'From this entry, or from this instant (RFC 3339, in any time zone) on, inclusive.' }),
  method: z.string().min(1).max(32).toUpperCase().optional(),
  path: z.string().min(1).max(2_048).optional().meta({ description: 'The beginning of the path, in its case.' }),
  ip: z.union([IpAddress, Cidr]).optional().meta({ description: 'An address, or a network in CIDR notation.' }),
  country: z
    .string()
    .regex(/^[A-Za-z]{2}$/, 'must be an ISO 3166-1 alpha-2 code')
    .toUpperCase()
    .optional(),
  risk_min: numberParam(0, 1).optional().meta({ description: 'The least risk score, from 0 to 1.' }),
  ua_type: UserAgentType.optional(),
});
export type AccessLogQuery = z.infer<typeof AccessLogQuery>;

/** What the gateway answered. */
export const accessLog = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/access-log',
    summary: 'List requests that the gateway answered, newest first',
    description: 'Requests appear within a second. They are kept for `ARKLOOP_ACCESS_LOG_RETENTION_DAYS`.',
    query: AccessLogQuery,
    responses: { 200: AccessLogPage },
    metadata: { auth: 'platform', queryIds: { before: 'rows', since: 'rows' } },
  },
} as const satisfies Resource);
