import { z } from 'zod';
import { inconsistentValues } from './shared/fields.ts';
import { hostPattern, mailboxPattern } from './shared/mailPatterns.ts';
import { initContract, type Resource } from './shared/route.ts';

export const EmailStatus = z
  .object({
    configured: z.boolean().meta({ description: 'Whether a sender is set.' }),
    from: z.string().nullable().meta({ description: 'The sender; null if none is set.' }),
    source: z
      .enum(['db', 'env', 'none'])
      .meta({ description: 'Where the sender comes from. The environment takes precedence over stored values.' }),
  })
  .meta({ id: 'EmailStatus', description: 'Whether emails can be sent.' });
export type EmailStatus = z.infer<typeof EmailStatus>;

const TlsMode = z
  .enum(['none', 'starttls', 'tls'])
  .meta({ id: 'SmtpTlsMode', description: 'Encryption of the connection to a mail server.' })
  .meta({ description: 'How the connection to the mail server is encrypted.' });

export const EmailConfig = z
  .object({
    from: z.string().meta({ description: 'The sender: an address, or `Name <address>`.' }),
    smtp_host: z.string().meta({ description: 'Host name or IP address of the mail server.' }),
    smtp_port: z.int().meta({ description: 'Port of the mail server.' }),
    smtp_user: z.string().meta({ description: 'User name at the mail server; `""` for no authentication.' }),
    smtp_pass_set: z.boolean().meta({ description: 'Whether a password is set. It is never returned.' }),
    smtp_tls_mode: TlsMode,
  })
  .meta({ id: 'EmailConfig', description: 'The effective configuration for outgoing email. Unset text values are empty.' });
export type EmailConfig = z.infer<typeof EmailConfig>;

/** Checked before trimming, so that a trailing line break is also rejected. */
const singleLine = () => z.string().refine((text) => !/[\r\n]/.test(text), { error: 'must be on one line', abort: true });
const singleLineMeta = { pattern: '^[^\\r\\n]*$' };
const emptyOr = (pattern: RegExp) => new RegExp(`^$|${pattern.source}`, pattern.flags);

export const EmailConfigValues = z
  .strictObject({
    from: singleLine()
      .trim()
      .max(320)
      .regex(emptyOr(mailboxPattern), 'must be an address, or Name <address>')
      .meta({ description: 'An address, or `Name <address>`; `""` turns email off.' }),
    smtp_host: singleLine()
      .trim()
      .max(255, { abort: true })
      .regex(emptyOr(hostPattern), 'must be the name or the address of a host')
      .default('')
      .meta({ description: 'Host name or IP address of the mail server; required if `from` is set.' }),
    smtp_port: z
      .int()
      .min(1)
      .max(65_535)
      .default(587)
      .meta({ description: 'Port of the mail server. 587 is usual for `starttls`, 465 for `tls`.' }),
    smtp_user: singleLine()
      .trim()
      .max(255)
      .default('')
      .meta({ ...singleLineMeta, description: 'Empty for no authentication.' }),
    smtp_pass: singleLine()
      .max(1_024)
      .meta(singleLineMeta)
      .nullish()
      .meta({ description: 'If omitted or `""`, the stored password is kept; null clears it.' }),
    smtp_tls_mode: TlsMode.default('starttls').meta({
      description: '`starttls` fails if the server does not offer it; `tls` uses TLS from the start of the connection.',
    }),
  })
  .refine(({ from, smtp_host: host }) => from === '' || host !== '', {
    path: ['smtp_host'],
    message: 'is required with a sender',
    params: inconsistentValues,
  })
  .meta({ id: 'EmailConfigValues', description: 'Replaces the whole stored configuration, except that the password can be kept.' });
export type EmailConfigValues = z.infer<typeof EmailConfigValues>;

export const TestEmail = z
  .strictObject({ to: z.string().meta({ description: 'An email address (RFC 5322 addr-spec) of 3 to 254 characters.' }) })
  .meta({ id: 'TestEmail', description: 'The recipient of a test email.' });
export type TestEmail = z.infer<typeof TestEmail>;

export const email = initContract().router({
  status: {
    method: 'GET',
    path: '/v1/admin/email/status',
    summary: 'Check whether email can be sent',
    description: 'Use this to check whether invitations and verification links can be sent.',
    responses: { 200: EmailStatus },
    metadata: { auth: 'platform' },
  },
  config: {
    method: 'GET',
    path: '/v1/admin/email/config',
    summary: 'Retrieve the effective email configuration',
    description:
      'Returns the values in effect, from the environment, the stored configuration or the defaults. The password is not returned.',
    responses: { 200: EmailConfig },
    metadata: { auth: 'platform' },
  },
  configure: {
    method: 'PUT',
    path: '/v1/admin/email/config',
    summary: 'Replace the stored email configuration',
    description:
      'Takes effect with the next email. Values set by the environment take precedence. Another `smtp_host` needs the password again.',
    body: EmailConfigValues,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['email_config.update', 'email_config'] },
  },
  test: {
    method: 'POST',
    path: '/v1/admin/email/test',
    summary: 'Send a test email',
    description:
      'Returns when the mail server has accepted the email. Otherwise returns 503 `smtp_failed`, with the status code of the mail server in `details.smtp_code` and the cause in `details.failure`. The response takes at most 10 seconds.',
    body: TestEmail,
    responses: { 204: null },
    metadata: { auth: 'platform', rateLimit: 'mail', audit: ['email_config.test', 'email_config'] },
  },
} as const satisfies Resource);
