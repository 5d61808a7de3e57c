import { z } from 'zod';
import { facts } from '../kernel/facts.ts';
import type { Keys } from '../kernel/keys.ts';
import type { Log } from '../kernel/log.ts';
import { unseal } from '../kernel/seal.ts';
import { type Database, statement } from '../kernel/sql.ts';
import { mailFailureOf } from '../mail/failures.ts';
import { Mail, sendMailTask } from '../mail/mail.ts';
import type { Mailer } from '../mail/mailer.ts';

const Payload = z.object({ v: z.literal(1), trace_id: z.string(), until: z.iso.datetime(), sealed: z.base64() });

// The queue keeps the jobs of a killed worker for hours; no mail takes longer than a minute to send.
const unlockLost = statement<unknown>(`
  select graphile_worker.force_unlock_workers(array_agg(locked_by)) from graphile_worker.jobs
  where task_identifier = $1 and locked_at < now() - interval '2 minutes' having count(*) > 0`);

/** Give the mail that killed workers held to others. */
export const tendMail = (database: Database): Promise<unknown> => database.rows(unlockLost, [sendMailTask]);

/** Send the mail of a job. What cannot get better with time is dropped; anything else is tried again until the mail has lost its use. */
export async function sendMail(mailer: Mailer, keys: Keys, payload: unknown, log: Log): Promise<void> {
  const known = Payload.safeParse(payload);
  if (!known.success) return void log.error('a mail job has a payload this worker does not know');
  const { until, sealed, trace_id } = known.data;
  if (Date.parse(until) <= Date.now()) {
    facts.mailTried.tell('expired');
    return void log.warn({ trace_id }, 'a mail was dropped: it could not be sent in time');
  }
  const mail = open(keys, sealed);
  if (!mail) {
    facts.mailTried.tell('unreadable');
    return void log.error({ trace_id }, 'a mail was dropped: it was sealed with another key');
  }
  try {
    await mailer.send(mail);
    facts.mailTried.tell('sent');
    log.info({ trace_id, kind: mail.kind }, 'a mail was sent');
  } catch (error) {
    // Messages of mail servers repeat the address.
    const { code, smtpCode, failure } = mailFailureOf(error);
    const fields = { trace_id, kind: mail.kind, failure, code, smtp_code: smtpCode };
    // A wrong password of ours is refused with 5xx too, but can be mended.
    const isFinal = (code === 'EENVELOPE' || code === 'EMESSAGE') && (smtpCode ?? 0) >= 500;
    facts.mailTried.tell(isFinal ? 'refused' : 'retried');
    if (isFinal) return void log.error(fields, 'a mail was refused for good');
    log.warn(fields, 'a mail was not sent, it is tried again');
    throw new Error(`the mail was not sent: ${code ?? 'unknown'} (${failure})`);
  }
}

function open({ encryptionKey }: Keys, sealed: string): Mail | undefined {
  try {
    return Mail.parse(JSON.parse(unseal(encryptionKey, Buffer.from(sealed, 'base64'), sendMailTask).toString()));
  } catch {
    return undefined;
  }
}
