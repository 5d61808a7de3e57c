import { z } from 'zod';
import { exportFormat, exportNotes } from './exports.ts';
import { AnyObject, Id, inconsistentValues, intParam, Time } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { maxPageRows } from './shared/pagination.ts';
import { declareFile, initContract, type Resource } from './shared/route.ts';

const state = AnyObject.nullable().optional();

export const AuditEntry = z
  .object({
    id: Id.meta({ description: 'ID of the entry.' }),
    account_id: Id.nullable().meta({ description: 'Null for platform-level actions.' }),
    actor_user_id: Id.nullable().meta({ description: 'Null for the system, for failed sign-ins and for service keys.' }),
    action: z.string().meta({ description: '`<resource>.<verb>`.' }),
    target_type: z.string().meta({ description: 'Type of the object, such as `thread`.' }),
    target_id: z.string().nullable().meta({ description: 'ID or key of the object; null if there is none.' }),
    trace_id: z.string().meta({ description: 'Trace ID of the request.' }),
    metadata: AnyObject.meta({
      description: 'Includes `api_key_id` if the actor used an API key, and `service_key_id` if a service key is the actor.',
    }),
    ip_address: z.string().nullable().meta({ description: 'Address of the client; null for the system.' }),
    user_agent: z
      .string()
      .max(512)
      .nullable()
      .meta({ description: '`User-Agent` of the client, shortened to 512 characters; null for the system.' }),
    created_at: Time.meta({ description: 'When the action was performed.' }),
    before_state: state.meta({ description: 'Present only with `include=state`.' }),
    after_state: state.meta({ description: 'Present only with `include=state`.' }),
  })
  .meta({ id: 'AuditEntry', description: 'An action that a user performed, or that was denied (`metadata.result` is `denied`).' });
export type AuditEntry = z.infer<typeof AuditEntry>;

/** The fields of every entry, in the order of an export. */
export const entryFields = AuditEntry.omit({ before_state: true, after_state: true }).keyof().options;
/** The further fields with `include=state`. */
export const stateFields = ['before_state', 'after_state'] as const;

/** Entries are counted exactly up to this number, and beyond it as far as the page needs. */
export const maxExactTotal = 10_000;

export const AuditLog = z
  .object({
    data: z.array(AuditEntry).meta({ description: 'Newest first.' }),
    total: z.int().min(0).meta({
      description:
        'Number of matching entries on all pages if `total_is_exact`. Otherwise there are more than this number, which is at least 10,000 and greater than `offset + limit`.',
    }),
    total_is_exact: z.boolean().meta({ description: 'False if there are more entries than were counted.' }),
  })
  .meta({ id: 'AuditLog', description: 'A page of the audit log.' });
export type AuditLog = z.infer<typeof AuditLog>;

/** Accepts any time zone offset; compared in UTC. */
const instant = () => Instant.pipe(Time).optional();
const exact = () => z.string().min(1).max(200).optional();

const filters = {
  account_id: Id.optional().meta({
    description:
      'Defaults to the active account, which is the only one that members can query. Platform admins can query any account; by default they get the entries of all accounts and of the platform.',
  }),
  action: exact().meta({ description: 'Return only this action, such as `api_key.create`.' }),
  target_type: exact().meta({ description: 'Return only actions on objects of this type, such as `api_key`.' }),
  actor_user_id: Id.optional().meta({ description: 'Return only actions of this user.' }),
  since: instant().meta({ description: 'From this instant on, inclusive (RFC 3339, in any time zone).' }),
  until: instant().meta({ description: 'Up to this instant, inclusive (RFC 3339, in any time zone).' }),
};
const include = z.literal('state').optional().meta({ description: '`state` adds `before_state` and `after_state`.' });
const isRange = ({ since, until }: { since?: string | undefined; until?: string | undefined }) =>
  since === undefined || until === undefined || since <= until;
const rangeError = { path: ['until'], message: 'must not be before since', params: inconsistentValues };

export const AuditQuery = z
  .object({
    ...filters,
    limit: intParam(1, maxPageRows)
      .default(50)
      .meta({ description: 'Entries per page. A page ends at 2 MB: continue at `offset` plus the number of entries.' }),
    offset: intParam(0, 100_000).default(0).meta({ description: 'Entries to skip. To go further back, use `until`.' }),
    include,
  })
  .refine(isRange, rangeError);
export type AuditQuery = z.infer<typeof AuditQuery>;

export const AuditExportQuery = z.object({ ...filters, include, format: exportFormat }).refine(isRange, rangeError);
export type AuditExportQuery = z.infer<typeof AuditExportQuery>;

export const auditLogs = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/audit-logs',
    summary: 'List audit log entries, newest first',
    description:
      'Tells who changed something, and when. Denied requests are included; secrets and message texts never are. Entries are kept for `ARKLOOP_AUDIT_RETENTION_DAYS` days.',
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
  export: {
    method: 'GET',
    path: '/v1/audit-logs/export',
    summary: 'Download the audit log, newest first',
    description: `All entries that match, with the fields of \`AuditEntry\`; in CSV, \`metadata\` and the states are JSON. Use \`since\` and \`until\` to continue from an earlier export. ${exportNotes}`,
    query: AuditExportQuery,
    responses: { 200: declareFile() },
    metadata: {
      auth: 'user+key',
      read: 'account.audit_read',
      exempt: 'platform.admin',
      queryIds: { account_id: 'account', actor_user_id: 'user' },
      auditOnRead: ['audit_log.export', 'account'],
      rateLimit: 'row_export',
    },
  },
} as const satisfies Resource);
