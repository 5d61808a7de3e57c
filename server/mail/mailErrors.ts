/** Why a mail was not sent. Messages of the server are left out, because they repeat addresses. */
export type MailFailure =
  | 'connection_refused'
  | 'host_unknown'
  | 'certificate_invalid'
  | 'tls_failed'
  | 'credentials_refused'
  | 'no_answer'
  | 'connection_lost'
  | 'mail_refused'
  | 'unknown';

/** Error codes of the TLS library for certificates: untrusted issuer, validity period, host name. */
const aboutCertificate = /CERT|SELF_SIGNED|ALTNAME|^UNABLE_TO_(GET|VERIFY)|^CRL_/;

/** Codes of the mail library, and of the system or the TLS library below it. */
const failures: readonly (readonly [RegExp, MailFailure])[] = [
  [/^ECONNREFUSED$/, 'connection_refused'],
  [/^(EDNS|ENOTFOUND|EAI_AGAIN)$/, 'host_unknown'],
  [aboutCertificate, 'certificate_invalid'],
  [/^(ETLS|EREQUIRETLS|EPROTO|ERR_SSL_\w+|ERR_TLS_\w+)$/, 'tls_failed'],
  [/^(EAUTH|ENOAUTH|EOAUTH2)$/, 'credentials_refused'],
  [/^(ETIMEDOUT|EABORT|EHOSTUNREACH|ENETUNREACH)$/, 'no_answer'],
  [/^(EENVELOPE|EMESSAGE)$/, 'mail_refused'],
  [/^(ECONNECTION|ECONNRESET|EPIPE|ESOCKET|EPROTOCOL)$/, 'connection_lost'],
];

/** Classifies an error of sending. The code of the system takes precedence, because it is more specific than that of the mail library. */
export function classifyMailError(error: unknown): { code: string | undefined; smtpCode: number | undefined; failure: MailFailure } {
  const { code, originalCode, responseCode } = error as { code?: string; originalCode?: string; responseCode?: number };
  const codes = [originalCode, code].filter((each) => typeof each === 'string');
  const found = codes.flatMap((each) => failures.filter(([pattern]) => pattern.test(each)).map(([, failure]) => failure));
  return { code, smtpCode: responseCode, failure: found[0] ?? 'unknown' };
}
