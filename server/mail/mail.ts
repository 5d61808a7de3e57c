import { z } from 'zod';
import type { Config } from '../kernel/config.ts';

const to = { to: z.string(), locale: z.string().nullable() };

/** A mail as it waits in the queue: what it says follows from its kind and the language of whom it is for. */
export const Mail = z.discriminatedUnion('kind', [
  z.object({ ...to, kind: z.literal('verification'), data: z.object({ url: z.string() }) }),
  z.object({ ...to, kind: z.literal('otp'), data: z.object({ code: z.string() }) }),
  z.object({ ...to, kind: z.literal('invitation'), data: z.object({ url: z.string(), account: z.string(), inviter: z.string() }) }),
]);
export type Mail = z.infer<typeof Mail>;

/** The name of the job that sends a mail. */
export const sendMailTask = 'email.send';

/** How long a mail is worth sending: as long as what it holds can be used, in seconds. */
export const lifeOf: Readonly<Record<Mail['kind'], number>> = { verification: 3_600, otp: 600, invitation: 7 * 86_400 };

type MailConfig = Pick<Config, 'emailFrom' | 'smtpHost' | 'env'>;

/** How mail leaves this installation: by a server, as files for developers, or not at all. */
export function mailWay({ emailFrom, smtpHost, env }: MailConfig): 'smtp' | 'files' | 'off' {
  if (emailFrom !== undefined && smtpHost !== undefined) return 'smtp';
  return env === 'production' ? 'off' : 'files';
}
