import { sql } from 'kysely';
import type { Transaction } from '../../database/sql.ts';
import { sqlStatement, statement } from '../../database/statement.ts';
import type { App } from '../../http/app.ts';
import type { RequestScope, Scope } from '../../http/scope.ts';
import { type Mail, mailLifetimes, sendMailTask } from '../../mail/mail.ts';
import { seal } from '../../platform/crypto/seal.ts';
import { databaseNow } from '../../platform/databaseClock.ts';
import { rateLimited } from '../../platform/failure.ts';
import { readSettings } from '../settings/settings.ts';
import { type MailPermit, mailRateLimited, permitMail } from './limits.ts';
import { mailTransport } from './transport.ts';

// Templates, because the query builder has no savepoints outside its own transactions.
const setSavepoint = sqlStatement()(() => sql<never>`savepoint before_mail`);
const rollbackToSavepoint = sqlStatement()(() => sql<never>`rollback to savepoint before_mail`);
const addJob = statement<{ task: string; payload: string; maxAttempts: number }>()((db, $) =>
  db.selectNoFrom(
    sql<unknown>`graphile_worker.add_job(${$.task}, payload := ${$.payload}::json, max_attempts := ${$.maxAttempts})`.as('job'),
  ),
);

/** `off`: mail is not configured. `failed`: the mail could not be queued. An object: a limit was reached. */
export type MailOutcome = 'queued' | 'off' | 'failed' | Extract<MailPermit, { granted: false }>;

/**
 * Queues a mail in the transaction of the change that it reports. All mail to users goes through this function, so that the limits of
 * `permitMail` apply to every kind. Pass `counted` only for mail that was counted before, such as a code whose limit must not depend on
 * whether the user exists. A mail that is not queued never rolls back the change. The job contains neither the address nor the secret in
 * plain text.
 */
export function queueMail(
  { app, tx, client, actor }: Pick<RequestScope, 'app' | 'tx' | 'client'> & Partial<Pick<Scope, 'actor'>>,
  mail: Mail,
  counted?: MailPermit,
): Promise<MailOutcome> {
  const permit = async () => counted ?? (await permitMail(tx, { ...mail, origin: client, actor }));
  return addMail({ ...app, tx, traceId: client.traceId }, mail, permit);
}

export type MailSource = Pick<App, 'config' | 'keys' | 'database' | 'log'>;

/** The same for a mail that a job sends. */
export const queueMailOfServer = (source: MailSource & { tx: Transaction; traceId: string }, mail: Mail): Promise<MailOutcome> =>
  addMail(source, mail, () => permitMail(source.tx, { ...mail, origin: undefined }));

async function addMail(
  { tx, traceId, ...app }: MailSource & { tx: Transaction; traceId: string },
  mail: Mail,
  askPermit: () => Promise<MailPermit>,
): Promise<MailOutcome> {
  if ((await mailTransport(app.config, app.database, tx)).to === 'nowhere') return 'off';
  const until = new Date(databaseNow() + mailLifetimes[mail.kind] * 1_000).toISOString();
  const sealed = seal(app.keys.encryptionKeys, JSON.stringify(mail), sendMailTask).toString('base64');
  const payload = { v: 1, type: sendMailTask, trace_id: traceId, until, sealed };
  await tx.run(setSavepoint);
  try {
    const permit = await askPermit();
    if (!permit.granted) {
      app.log.warn({ trace_id: traceId, kind: mail.kind }, 'a mail was not queued: a limit of its sender or its mailbox is reached');
      return permit;
    }
    const { 'queue.max_attempts': maxAttempts } = await readSettings(app.database, tx);
    await tx.rows(addJob, { task: sendMailTask, payload: JSON.stringify(payload), maxAttempts });
    return 'queued';
  } catch (error) {
    app.log.error({ err: error, trace_id: traceId, kind: mail.kind }, 'a mail was not queued');
    await tx.run(rollbackToSavepoint);
    return 'failed';
  }
}

/** Throws 429 if the mail was not queued because of a limit. */
export function requireWithinLimits(outcome: MailOutcome): void {
  if (typeof outcome === 'object') throw rateLimited(mailRateLimited, outcome.seconds);
}
