import { sql } from 'kysely';
import type { Policy } from '../../../contract/shared/policy.ts';
import type { Queryable } from '../../database/sql.ts';
import { jsonb, statement } from '../../database/statement.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { Failure } from '../../platform/failure.ts';
import type { App } from '../app.ts';
import type { AuditNote, ClientInfo } from '../scope.ts';

type NewEntry = {
  id: string;
  accountId: string | null;
  actorId: string | null;
  action: string | undefined;
  targetType: string | undefined;
  targetId: string | null;
  traceId: string;
  metadata: string;
  before: string | null;
  after: string | null;
  ip: string;
  userAgent: string | null;
};

/** Fails without an action or a target type. */
const insertEntry = statement<NewEntry>()((db, $) =>
  db.insertInto('audit_logs').values({
    id: $.id,
    account_id: $.accountId,
    actor_user_id: $.actorId,
    action: sql<string>`${$.action}::text`,
    target_type: sql<string>`${$.targetType}::text`,
    target_id: $.targetId,
    trace_id: $.traceId,
    metadata: jsonb($.metadata),
    before_state: jsonb($.before),
    after_state: jsonb($.after),
    ip_address: $.ip,
    user_agent: $.userAgent,
  }),
);

/** The part that all audit entries of a request have in common. */
export type AuditContext = {
  client: ClientInfo;
  accountId: string | null;
  actorId: string | null;
  apiKeyId: string | undefined;
  /** The actor, if set: entries then name no user. */
  serviceKeyId?: string | undefined;
  targetId: string | null;
};

/** Writes an audit entry. Fields of `note` override those of the policy and the context. */
export async function writeAudit(db: Queryable, audit: Policy['audit'], context: AuditContext, note: AuditNote): Promise<void> {
  const [action, targetType] = audit === undefined || audit === 'none' ? [undefined, undefined] : audit;
  const { apiKeyId, serviceKeyId } = context;
  const metadata = {
    ...note.metadata,
    ...(apiKeyId && { api_key_id: apiKeyId }),
    ...(serviceKeyId && { service_key_id: serviceKeyId }),
  };
  const actorId = serviceKeyId ? null : context.actorId;
  await db.run(insertEntry, {
    id: note.id ?? newId(),
    accountId: note.accountId === undefined ? context.accountId : note.accountId,
    actorId: note.actorId === undefined ? actorId : note.actorId,
    action: note.action ?? action,
    targetType: note.targetType ?? targetType,
    targetId: note.targetId === undefined ? context.targetId : note.targetId,
    traceId: context.client.traceId,
    metadata: JSON.stringify(metadata),
    before: note.before ? JSON.stringify(note.before) : null,
    after: note.after ? JSON.stringify(note.after) : null,
    ip: context.client.ip,
    userAgent: context.client.userAgent,
  });
}

/** Also writes an audit entry if a change by an authenticated user is rejected with 403. A failed write is only logged. */
export async function writeDenial(app: App, audit: Policy['audit'], context: AuditContext, error: unknown): Promise<void> {
  if (!(error instanceof Failure) || error.status !== 403 || audit === undefined || audit === 'none' || !context.actorId) return;
  const { deny_reason, reason, permission } = error.details;
  const metadata = { result: 'denied', deny_reason: deny_reason ?? reason, ...(permission ? { permission } : {}) };
  await writeAudit(app.database, audit, context, { metadata }).catch((failed) => app.log.error({ err: failed }, 'an audit entry was lost'));
}
