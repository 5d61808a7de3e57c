import type { RequestScope } from '../../kernel/scope.ts';
import { seal } from '../../kernel/seal.ts';
import { statement } from '../../kernel/sql.ts';
import { lifeOf, type Mail, sendMailTask } from '../../mail/mail.ts';
import { readSettings } from '../settings/settings.ts';
import { mailWay } from './way.ts';

const keepBefore = statement<never>('savepoint before_mail');
const dropMail = statement<never>('rollback to savepoint before_mail');
const addJob = statement<unknown>('select graphile_worker.add_job($1, payload := $2::json, max_attempts := $3)');

/**
 * Put a mail into the queue, in the transaction of what it tells of. Mail that cannot be queued never undoes that: the answer is `failed`;
 * where mail is off it is `off`. The queue sees neither the address nor the secret.
 */
export async function queueMail(scope: Pick<RequestScope, 'app' | 'tx' | 'origin'>, mail: Mail): Promise<'queued' | 'off' | 'failed'> {
  const { app, tx, origin } = scope;
  if ((await mailWay(app.config, app.database, tx)).to === 'nowhere') return 'off';
  const until = new Date(Date.now() + lifeOf[mail.kind] * 1_000).toISOString();
  const sealed = seal(app.keys.encryptionKey, JSON.stringify(mail), sendMailTask).toString('base64');
  const payload = { v: 1, type: sendMailTask, trace_id: origin.traceId, until, sealed };
  await tx.run(keepBefore);
  try {
    await tx.rows(addJob, [sendMailTask, JSON.stringify(payload), (await readSettings(app.database, tx))['queue.max_attempts']]);
    return 'queued';
  } catch (error) {
    app.log.error({ err: error, trace_id: origin.traceId, kind: mail.kind }, 'a mail was not queued');
    await tx.run(dropMail);
    return 'failed';
  }
}
