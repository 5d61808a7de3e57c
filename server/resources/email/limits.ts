import type { Queryable } from '../../database/sql.ts';
import type { Actor } from '../../http/access/accessTypes.ts';
import { type AttemptLimit, countAttemptUntilLimit } from '../../http/pipeline/attemptLimits.ts';
import type { ClientInfo } from '../../http/scope.ts';
import type { Mail } from '../../mail/mail.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import { emailKeyOf } from '../../platform/identity/identity.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { type NoClientAddress, rateLimitAddress } from '../../platform/network/clientAddress.ts';

/**
 * Mails of a kind per mailbox, in an hour and in a day, from all senders together. Each kind has its own count, so that a stranger who uses
 * one up does not block the others (docs/decisions/0019-identities-hosts-and-mail.md).
 */
const perMailbox: Readonly<Record<Mail['kind'], readonly [hour: number, day: number]>> = {
  verification: [8, 20],
  otp: [12, 40],
  invitation: [5, 10],
  access_reset: [5, 10],
  credits_low: [5, 20],
  erasure: [10, 40],
  erased: [10, 40],
  test: [30, 100],
};
/** Mails of all kinds per user, or per client address if the request has no user. An address may be that of an office. */
const perUser = [100, 300] as const;
const perAddress = [300, 1_500] as const;

/** `seconds`: the time until the mail would be permitted. Created only by `permitMail`. */
export type MailPermit = { readonly granted: true } | { readonly granted: false; readonly seconds: number };

/**
 * The sender and the recipient of a mail. Without an origin, the server itself is the sender. `isKnownAddress`: the user of the mailbox has signed in from this client address, which has its own
 * count.
 */
type MailRequest = Pick<Mail, 'kind' | 'to'> & { origin: ClientInfo | undefined; actor?: Actor | undefined; isKnownAddress?: boolean };

/** Counts a mail against its sender, then against its mailbox, so that a sender over the limit does not use up the mailbox. */
export async function permitMail(sql: Queryable, { kind, to, origin, actor, isKnownAddress = false }: MailRequest): Promise<MailPermit> {
  const sender = actor
    ? limitsOf('mail-by-user', actor.userId, perUser)
    : origin
      ? limitsOf('mail-by-address', rateLimitAddress(origin.ip), perAddress)
      : [];
  const mailbox = limitsOf(`${isKnownAddress ? 'mail-home' : 'mail'}:${kind}`, sha256(mailboxOf(to)), perMailbox[kind]);
  const seconds = await countAttemptUntilLimit(sql, [...sender, ...mailbox]);
  return seconds === undefined ? { granted: true } : { granted: false, seconds };
}

const limitsOf = (name: string, whose: NoClientAddress, [hour, day]: readonly [number, number]): AttemptLimit[] => [
  { bucket: limiterKeyOf(name, 'hour', whose), max: hour, seconds: 3_600, reason: mailRateLimited },
  { bucket: limiterKeyOf(name, 'day', whose), max: day, seconds: 86_400, reason: mailRateLimited },
];

export const mailRateLimited = 'mail_rate_limited';

/** At most providers, `bob+1@…` and `bob+2@…` go to one mailbox. */
function mailboxOf(to: string): string {
  const key = emailKeyOf(to) ?? to.toLowerCase();
  return key.replace(/^([^"+]+)\+[^@]*@/, '$1@');
}
