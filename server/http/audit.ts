import type { Policy } from '../../contract/shared/policy.ts';
import type { App } from '../kernel/app.ts';
import { Failure } from '../kernel/failure.ts';
import { newId } from '../kernel/ids.ts';
import type { AuditNote, Origin } from '../kernel/scope.ts';
import { type Sql, statement } from '../kernel/sql.ts';

const insertEntry = statement<never>(`
  insert into audit_logs (id, account_id, actor_user_id, action, target_type, target_id, trace_id, metadata, before_state, after_state, ip_address, user_agent)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`);

/** Who did it, where, and in which request: what every entry of a call has in common. */
export type AuditContext = {
  origin: Origin;
  accountId: string | null;
  actorId: string | null;
  apiKeyId: string | undefined;
  targetId: string | null;
};

/** Write the audit entry of a call. Its action and target type are those of the policy, unless the note says otherwise. */
export async function writeAudit(sql: Sql, audit: Policy['audit'], context: AuditContext, note: AuditNote): Promise<void> {
  const [action, targetType] = audit === undefined || audit === 'none' ? [undefined, undefined] : audit;
  const metadata = { ...note.metadata, ...(context.apiKeyId && { api_key_id: context.apiKeyId }) };
  await sql.run(insertEntry, [
    note.id ?? newId(),
    note.accountId === undefined ? context.accountId : note.accountId,
    note.actorId === undefined ? context.actorId : note.actorId,
    note.action ?? action,
    note.targetType ?? targetType,
    note.targetId === undefined ? context.targetId : note.targetId,
    context.origin.traceId,
    JSON.stringify(metadata),
    note.before ? JSON.stringify(note.before) : null,
    note.after ? JSON.stringify(note.after) : null,
    context.origin.ip,
    context.origin.userAgent,
  ]);
}

/** A refused attempt of somebody known to change something leaves an entry too; that it could not be written changes nothing. */
export async function writeDenial(app: App, audit: Policy['audit'], context: AuditContext, error: unknown): Promise<void> {
  if (!(error instanceof Failure) || error.status !== 403 || audit === undefined || audit === 'none' || !context.actorId) return;
  const { deny_reason, reason, permission } = error.details;
  const metadata = { result: 'denied', deny_reason: deny_reason ?? reason, ...(permission ? { permission } : {}) };
  await writeAudit(app.database, audit, context, { metadata }).catch((failed) => app.log.error({ err: failed }, 'an audit entry was lost'));
}
