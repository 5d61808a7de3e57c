import { z } from 'zod';

const to = { to: z.string(), locale: z.string().nullable() };

/** A queued mail. Its text is derived from the kind and the locale of the recipient. */
export const Mail = z.discriminatedUnion('kind', [
  z.object({ ...to, kind: z.literal('verification'), data: z.object({ url: z.string() }) }),
  z.object({ ...to, kind: z.literal('otp'), data: z.object({ code: z.string() }) }),
  z.object({ ...to, kind: z.literal('invitation'), data: z.object({ url: z.string(), account: z.string(), inviter: z.string() }) }),
  z.object({ ...to, kind: z.literal('access_reset'), data: z.object({}) }),
  z.object({ ...to, kind: z.literal('credits_low'), data: z.object({ account: z.string(), balance: z.int(), threshold: z.int() }) }),
  z.object({ ...to, kind: z.literal('erasure'), data: z.object({ account: z.string(), due: z.string(), cancelled: z.boolean() }) }),
  z.object({ ...to, kind: z.literal('erased'), data: z.object({ slug: z.string(), reference: z.string().nullable() }) }),
  z.object({ ...to, kind: z.literal('test'), data: z.object({}) }),
]);
export type Mail = z.infer<typeof Mail>;

/** The name of the job that sends a mail. */
export const sendMailTask = 'email.send';

/** How long sending is retried, in seconds: as long as the link or code in the mail is valid. */
export const mailLifetimes: Readonly<Record<Mail['kind'], number>> = {
  verification: 3_600,
  otp: 600,
  invitation: 7 * 86_400,
  access_reset: 7 * 86_400,
  credits_low: 86_400,
  erasure: 86_400,
  erased: 7 * 86_400,
  test: 60,
};

/** An SMTP server, and the sender. */
export type MailServer = {
  /** An address, or `Name <address>`. */
  from: string;
  host: string;
  port: number;
  /** Null: no authentication. */
  user: string | null;
  password: string | null;
  /** `starttls` fails if the server does not offer it; `tls` uses TLS from the start. */
  tlsMode: 'none' | 'starttls' | 'tls';
};

/** How mail is sent: through a server, as files in development, or not at all. */
export type MailTransport = { to: 'server'; server: MailServer } | { to: 'files'; from: string | null } | { to: 'nowhere' };
