import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { betweenValues } from './shared/fields.ts';
import { hostPattern, mailboxPattern } from './shared/mail.ts';
import type { Resource } from './shared/route.ts';

export const EmailStatus = z
  .object({
    configured: z.boolean().meta({ description: 'Whether there is a sender.' }),
    from: z.string().nullable(),
    source: z
      .enum(['db', 'env', 'none'])
      .meta({ description: 'Where the sender comes from; the environment counts more than what is stored.' }),
  })
  .meta({ id: 'EmailStatus' });
export type EmailStatus = z.infer<typeof EmailStatus>;

const TlsMode = z.enum(['none', 'starttls', 'tls']);

/** What is in force for mail that leaves; texts are empty while they are unset. */
export const EmailConfig = z
  .object({
    from: z.string(),
    smtp_host: z.string(),
    smtp_port: z.int(),
    smtp_user: z.string(),
    smtp_pass_set: z.boolean(),
    smtp_tls_mode: TlsMode,
  })
  .meta({ id: 'EmailConfig' });
export type EmailConfig = z.infer<typeof EmailConfig>;

/** Before anything is trimmed: a line break at the end is one, too. */
const oneLine = () => z.string().refine((text) => !/[\r\n]/.test(text), { error: 'must be on one line', abort: true });
const onOneLine = { pattern: '^[^\\r\\n]*$' };
const emptyOr = (pattern: RegExp) => new RegExp(`^$|${pattern.source}`, pattern.flags);

/** All that is stored about mail, except that the password may stay. */
export const EmailConfigValues = z
  .strictObject({
    from: oneLine()
      .trim()
      .max(320)
      .regex(emptyOr(mailboxPattern), 'must be an address, or Name <address>')
      .meta({ description: 'An address, or `Name <address>`; `""` turns mail off.' }),
    smtp_host: oneLine()
      .trim()
      .max(255, { abort: true })
      .regex(emptyOr(hostPattern), 'must be the name or the address of a host')
      .default('')
      .meta({ description: 'The name or the IP address of the server; required with a sender.' }),
    smtp_port: z.int().min(1).max(65_535).default(587),
    smtp_user: oneLine()
      .trim()
      .max(255)
      .default('')
      .meta({ ...onOneLine, description: 'Empty where nobody signs in.' }),
    smtp_pass: oneLine()
      .max(1_024)
      .meta(onOneLine)
      .nullish()
      .meta({ description: 'Left out or `""` keeps what is stored, null clears it.' }),
    smtp_tls_mode: TlsMode.default('starttls').meta({
      description: '`starttls` fails where the server does not offer it, `tls` speaks TLS from the start.',
    }),
  })
  .refine(({ from, smtp_host: host }) => from === '' || host !== '', {
    path: ['smtp_host'],
    message: 'is required with a sender',
    params: betweenValues,
  })
  .meta({ id: 'EmailConfigValues' });
export type EmailConfigValues = z.infer<typeof EmailConfigValues>;

export const TestEmail = z
  .strictObject({ to: z.string().meta({ description: 'One address (RFC 5322 addr-spec) of 3 to 254 characters.' }) })
  .meta({ id: 'TestEmail' });
export type TestEmail = z.infer<typeof TestEmail>;

/** How mail leaves the installation. */
export const email = initContract().router({
  status: {
    method: 'GET',
    path: '/v1/admin/email/status',
    summary: 'Whether mail can be sent',
    responses: { 200: EmailStatus },
    metadata: { auth: 'platform' },
  },
  config: {
    method: 'GET',
    path: '/v1/admin/email/config',
    summary: 'Read what is in force for mail',
    responses: { 200: EmailConfig },
    metadata: { auth: 'platform' },
  },
  configure: {
    method: 'PUT',
    path: '/v1/admin/email/config',
    summary: 'Replace what is stored about mail',
    description: 'It acts on the next mail. What the environment sets stays in force.',
    body: EmailConfigValues,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['email_config.update', 'email_config'] },
  },
  test: {
    method: 'POST',
    path: '/v1/admin/email/test',
    summary: 'Send a mail at once',
    description:
      'Answers when the server has taken it, 503 `smtp_failed` with its status code in `details.smtp_code` and the cause in `details.failure` otherwise, after 10 s at the latest.',
    body: TestEmail,
    responses: { 204: null },
    metadata: { auth: 'platform', rate: 'mail', audit: ['email_config.test', 'email_config'] },
  },
} as const satisfies Resource);
