import { z } from 'zod';

const to = { to: z.string(), locale: z.string().nullable() };

/** A mail as it waits in the queue: what it says follows from its kind and the language of whom it is for. */
export const Mail = z.discriminatedUnion('kind', [
  z.object({ ...to, kind: z.literal('verification'), data: z.object({ url: z.string() }) }),
  z.object({ ...to, kind: z.literal('otp'), data: z.object({ code: z.string() }) }),
  z.object({ ...to, kind: z.literal('invitation'), data: z.object({ url: z.string(), account: z.string(), inviter: z.string() }) }),
  z.object({ ...to, kind: z.literal('access_reset'), data: z.object({}) }),
  z.object({ ...to, kind: z.literal('test'), data: z.object({}) }),
]);
export type Mail = z.infer<typeof Mail>;

/** The name of the job that sends a mail. */
export const sendMailTask = 'email.send';

/** How long a mail is worth sending: as long as what it holds can be used, in seconds. */
export const lifeOf: Readonly<Record<Mail['kind'], number>> = {
  verification: 3_600,
  otp: 600,
  invitation: 7 * 86_400,
  access_reset: 7 * 86_400,
  test: 60,
};

/** A server that takes mail, and who it comes from. */
export type MailServer = {
  /** An address, or `Name <address>`. */
  from: string;
  host: string;
  port: number;
  /** Null where nobody signs in. */
  user: string | null;
  password: string | null;
  /** `starttls` fails where the server does not offer it, `tls` speaks TLS from the start. */
  tlsMode: 'none' | 'starttls' | 'tls';
};

/** How mail leaves this installation: by a server, as files for developers, or not at all. */
export type MailWay = { to: 'server'; server: MailServer } | { to: 'files'; from: string | null } | { to: 'nowhere' };
