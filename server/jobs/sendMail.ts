import type { JobHelpers } from 'graphile-worker';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Database } from '../database/sql.ts';
import { sqlStatement } from '../database/statement.ts';
import { Mail, sendMailTask } from '../mail/mail.ts';
import type { Mailer } from '../mail/mailer.ts';
import { classifyMailError } from '../mail/mailErrors.ts';
import type { Keys } from '../platform/crypto/keys.ts';
import { UnknownKeyError, unseal } from '../platform/crypto/seal.ts';
import { reportUnopened, secondsUntilNext } from '../platform/crypto/unopened.ts';
import { databaseNow } from '../platform/databaseClock.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';

const Payload = z.object({ v: z.literal(1), trace_id: z.string(), until: z.iso.datetime(), sealed: z.base64() });

// The queue keeps jobs of a killed worker locked for hours, but no mail takes longer than a minute to send. A template,
// because the queue's tables have no types.
const unlockLost = sqlStatement<{ task: string }>({ bound: 'one' })(
  ($) => sql<{ force_unlock_workers: unknown }>`
  select graphile_worker.force_unlock_workers(array_agg(locked_by)) from graphile_worker.jobs
  where task_identifier = ${$.task} and locked_at < now() - interval '2 minutes' having count(*) > 0`,
);

/** Unlocks the mail jobs of killed workers. */
export const recoverMailJobs = (database: Database): Promise<unknown> => database.rows(unlockLost, { task: sendMailTask });

/**
 * Sends the mail of a job. A permanent error drops it. Any other error is retried until the mail expires. Throws `UnknownKeyError` if only other processes
 * could open the mail, or the password of the mail server.
 */
export async function sendMail(mailer: Mailer, keys: Keys, payload: unknown, log: Log): Promise<void> {
  const known = Payload.safeParse(payload);
  if (!known.success) return void log.error('a mail job has a payload this worker does not know');
  const { until, sealed, trace_id } = known.data;
  const mail = open(keys, sealed);
  if (Date.parse(until) <= databaseNow()) {
    metricsEvents.mailAttempted.emit('expired');
    const why = mail instanceof UnknownKeyError ? `: ${mail.message}` : '';
    return void log.warn({ trace_id }, `a mail was dropped: it could not be sent in time${why}`);
  }
  if (mail instanceof UnknownKeyError) throw mail;
  if (!mail) {
    metricsEvents.mailAttempted.emit('unreadable');
    return void log.error({ trace_id }, 'a mail was dropped: it cannot be read');
  }
  try {
    await mailer.send(mail);
    metricsEvents.mailAttempted.emit('sent');
    log.info({ trace_id, kind: mail.kind }, 'a mail was sent');
  } catch (error) {
    if (error instanceof UnknownKeyError) throw error;
    // Do not log the messages of mail servers, also not as a cause: they repeat the address.
    const { code, smtpCode, failure } = classifyMailError(error);
    const fields = { trace_id, kind: mail.kind, failure, code, smtp_code: smtpCode };
    // A wrong SMTP password is also rejected with 5xx, but an operator can fix it.
    const isFinal = (code === 'EENVELOPE' || code === 'EMESSAGE') && (smtpCode ?? 0) >= 500;
    metricsEvents.mailAttempted.emit(isFinal ? 'refused' : 'retried');
    if (isFinal) return void log.error(fields, 'a mail was refused for good');
    log.warn(fields, 'a mail was not sent, it is tried again');
    // oxlint-disable-next-line preserve-caught-error
    throw new Error(`the mail was not sent: ${code ?? 'unknown'} (${failure})`);
  }
}

function open({ encryptionKeys }: Keys, sealed: string): Mail | UnknownKeyError | undefined {
  try {
    return Mail.parse(JSON.parse(unseal(encryptionKeys, Buffer.from(sealed, 'base64'), sendMailTask).toString()));
  } catch (error) {
    return error instanceof UnknownKeyError ? error : undefined;
  }
}

const Left = z.object({ left: z.int().nonnegative().catch(0) });

type Helpers = Pick<JobHelpers, 'job' | 'addJob'>;

/**
 * Queues a mail again that this process cannot open, for other processes. This is no attempt: the new job has all of them. It expires with the mail. If
 * this process ends before the job does, the mail is sent twice.
 */
export async function leaveMail({ job, addJob }: Helpers, payload: unknown, error: UnknownKeyError, log: Log): Promise<void> {
  const { left } = Left.parse(payload);
  const runAt = new Date(databaseNow() + secondsUntilNext(left) * 1_000);
  await addJob(sendMailTask, { ...(payload as object), left: left + 1 }, { runAt, maxAttempts: job.max_attempts, priority: job.priority });
  reportUnopened(log, 'mail', error);
}
