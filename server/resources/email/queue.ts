import { rateLimited } from '../../kernel/failure.ts';
import type { RequestScope, Scope } from '../../kernel/scope.ts';
import { seal } from '../../kernel/seal.ts';
import { statement } from '../../kernel/sql.ts';
import { lifeOf, type Mail, sendMailTask } from '../../mail/mail.ts';
import { readSettings } from '../settings/settings.ts';
import { type MailPermit, mailRateLimited, permitMail } from './limits.ts';
import { mailWay } from './way.ts';

const keepBefore = statement<never>('savepoint before_mail');
const dropMail = statement<never>('rollback to savepoint before_mail');
const addJob = statement<unknown>('select graphile_worker.add_job($1, payload := $2::json, max_attempts := $3)');

/** What became of a mail: in the queue, or not sent because mail is off, the queue failed, or a limit was reached. */
export type QueuedMail = 'queued' | 'off' | 'failed' | Extract<MailPermit, { granted: false }>;

/**
 * Put a mail into the queue, in the transaction of the change that it reports. All mail to users passes here, so that the limits of `permitMail` hold for
 * every kind; only what was counted before, such as a code whose limit must not depend on whether a user is known, brings its permit. A mail that is not
 * queued never undoes the change. The queue sees neither the address nor the secret.
 */
export async function queueMail(
  scope: Pick<RequestScope, 'app' | 'tx' | 'origin'> & Partial<Pick<Scope, 'actor'>>,
  mail: Mail,
  counted?: MailPermit,
): Promise<QueuedMail> {
  const { app, tx, origin, actor } = scope;
  if ((await mailWay(app.config, app.database, tx)).to === 'nowhere') return 'off';
  const until = new Date(Date.now() + lifeOf[mail.kind] * 1_000).toISOString();
  const sealed = seal(app.keys.encryptionKey, JSON.stringify(mail), sendMailTask).toString('base64');
  const payload = { v: 1, type: sendMailTask, trace_id: origin.traceId, until, sealed };
  await tx.run(keepBefore);
  try {
    const permit = counted ?? (await permitMail(tx, { ...mail, origin, actor }));
    if (!permit.granted) {
      app.log.warn({ trace_id: origin.traceId, kind: mail.kind }, 'a mail was not queued: a limit of its sender or its mailbox is reached');
      return permit;
    }
    await tx.rows(addJob, [sendMailTask, JSON.stringify(payload), (await readSettings(app.database, tx))['queue.max_attempts']]);
    return 'queued';
  } catch (error) {
    app.log.error({ err: error, trace_id: origin.traceId, kind: mail.kind }, 'a mail was not queued');
    await tx.run(dropMail);
    return 'failed';
  }
}

/** Throws 429 for a mail that was not queued because of a limit. */
export function demandWithinLimits(outcome: QueuedMail): void {
  if (typeof outcome === 'object') throw rateLimited(mailRateLimited, outcome.seconds);
}
