/** What kept a mail from leaving. Words of the server are not part of it: they repeat addresses. */
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

/** Names that the TLS library has for certificates: of authority, of time and of host. */
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

/** The codes of an error of sending, and what they mean; the one of the system tells more than that of the mail library. */
export function mailFailureOf(error: unknown): { code: string | undefined; smtpCode: number | undefined; failure: MailFailure } {
  const { code, originalCode, responseCode } = error as { code?: string; originalCode?: string; responseCode?: number };
  const codes = [originalCode, code].filter((each) => typeof each === 'string');
  const found = codes.flatMap((each) => failures.filter(([pattern]) => pattern.test(each)).map(([, failure]) => failure));
  return { code, smtpCode: responseCode, failure: found[0] ?? 'unknown' };
}
