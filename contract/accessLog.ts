import { z } from 'zod';
import { Id, intParam, numberParam, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { Cidr, IpAddress } from './shared/ipAddresses.ts';
import { maxPageRows } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

const UserAgentType = z.enum(['browser', 'bot', 'tool', 'unknown']).meta({
  id: 'UserAgentType',
  description: 'Kind of client, determined by its `User-Agent`. `tool` includes command-line tools and HTTP libraries.',
});

export const AccessLogEntry = z
  .object({
    id: Id.meta({ description: 'IDs sort by time.' }),
    timestamp: Time.meta({ description: 'When the request started.' }),
    trace_id: z.string().meta({ description: 'The `X-Trace-Id` of the response.' }),
    method: z.string().meta({ description: 'HTTP method in upper case.' }),
    path: z.string().meta({ description: 'Path without the query string, with `{token}` in the place of a token.' }),
    status_code: z.int().meta({ description: '499 if the client disconnected before the response.' }),
    duration_ms: z.int().meta({ description: 'Milliseconds until the end of the response, including streamed responses.' }),
    client_ip: z.string().meta({ description: 'IP address of the client.' }),
    country: z.string().meta({ description: 'ISO 3166-1 alpha-2 country code.' }),
    city: z.string().meta({ description: 'English name of the city.' }),
    user_agent: z.string().max(512).meta({ description: '`User-Agent` of the client, shortened to 512 characters.' }),
    ua_type: UserAgentType.meta({ description: 'Kind of client.' }),
    risk_score: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'From 0 to 1, to 2 decimal places. Requests at or above the threshold are rejected.' }),
    identity_type: z
      .enum(['user', 'api_key', 'anonymous'])
      .meta({ description: 'Credential of the request. Service keys count as `api_key`, invalid credentials as `anonymous`.' }),
    account_id: z.string().meta({ description: 'Account of the credential.' }),
    user_id: z.string().meta({ description: 'User of the credential.' }),
    service_key_id: z.string().meta({ description: 'Service key of the request. It has neither account nor user.' }),
    username: z.string().meta({ description: 'Current username of the user; `""` for anonymous requests and deleted users.' }),
  })
  .meta({
    id: 'AccessLogEntry',
    description: 'A request handled by the gateway. Query string, credentials and body are not recorded; unknown values are `""`.',
  });
export type AccessLogEntry = z.infer<typeof AccessLogEntry>;

export const AccessLogPage = z
  .object({
    data: z.array(AccessLogEntry).meta({ description: 'Newest first.' }),
    has_more: z.boolean().meta({ description: 'Whether there are older entries.' }),
    next_before: Id.nullable().meta({ description: 'Value of `before` for the next page; null on the last page.' }),
  })
  .meta({ id: 'AccessLogPage', description: 'A page of the access log.' });
export type AccessLogPage = z.infer<typeof AccessLogPage>;

export const AccessLogQuery = z.object({
  limit: intParam(1, maxPageRows).default(50).meta({ description: 'Rows per page.' }),
  before: Id.optional().meta({ description: 'Return only entries strictly older than this one.' }),
  since: z
    .union([Id, Instant.pipe(Time)])
    .meta({ id: 'IdOrTime', description: 'The ID of an entry, or an instant.' })
    .optional()
    .meta({ description: 'Return entries from this entry or this instant on, inclusive. Instants are RFC 3339, in any time zone.' }),
  method: z.string().min(1).max(32).toUpperCase().optional().meta({ description: 'HTTP method, in any case.' }),
  path: z.string().min(1).max(2_048).optional().meta({ description: 'Case-sensitive path prefix.' }),
  ip: z
    .union([IpAddress, Cidr])
    .meta({ id: 'IpAddressOrCidr', description: 'An IP address or a network.' })
    .optional()
    .meta({ description: 'An IP address, or a network in CIDR notation.' }),
  country: z
    .string()
    .regex(/^[A-Za-z]{2}$/, 'must be an ISO 3166-1 alpha-2 code')
    .toUpperCase()
    .optional()
    .meta({ description: 'ISO 3166-1 alpha-2 country code, in any case.' }),
  risk_min: numberParam(0, 1).optional().meta({ description: 'Minimum risk score, from 0 to 1.' }),
  ua_type: UserAgentType.optional().meta({ description: 'Return only requests of this kind of client.' }),
});
export type AccessLogQuery = z.infer<typeof AccessLogQuery>;

export const accessLog = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/access-log',
    summary: 'List requests handled by the gateway, newest first',
    description:
      'Requests appear within a second and are kept for `ARKLOOP_ACCESS_LOG_RETENTION_DAYS` days. Use it to investigate errors, load and attacks. Query strings, credentials and bodies are not recorded.',
    query: AccessLogQuery,
    responses: { 200: AccessLogPage },
    metadata: { auth: 'platform', queryIds: { before: 'rows', since: 'rows' }, report: true },
  },
} as const satisfies Resource);
