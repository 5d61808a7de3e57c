import { countUpTo, type Limit } from '../../http/limits.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { type NoClientAddress, rateLimitAddress } from '../../kernel/clientAddress.ts';
import { emailKeyOf } from '../../kernel/identity.ts';
import { sha256 } from '../../kernel/ids.ts';
import type { Actor, Origin } from '../../kernel/scope.ts';
import type { Sql } from '../../kernel/sql.ts';
import type { Mail } from '../../mail/mail.ts';

/**
 * How many mails of a kind a mailbox gets in an hour and in a day, from all senders together. Every kind has its own count, so that a
 * stranger who uses one up keeps no other from arriving.
 */
const perMailbox: Readonly<Record<Mail['kind'], readonly [hour: number, day: number]>> = {
  verification: [8, 20],
  otp: [12, 40],
  invitation: [5, 10],
  access_reset: [5, 10],
  test: [30, 100],
};
/** How many mails of all kinds a user causes, or an address without one, which may be that of a whole office. */
const perUser = [100, 300] as const;
const perAddress = [300, 1_500] as const;

/** A mail that was counted, or how many seconds it takes until one would be. Only `permitMail` makes one. */
export type MailPermit = { readonly granted: true } | { readonly granted: false; readonly seconds: number };

/** Who causes a mail, and where it goes. `isKnownPlace`: from where the user of the mailbox has signed in before, which has a count of its own. */
type Cause = Pick<Mail, 'kind' | 'to'> & { origin: Origin; actor?: Actor | undefined; isKnownPlace?: boolean };

/** Counts a mail against its sender, then against its mailbox: who may send no more uses nothing up of the mailbox. */
export async function permitMail(sql: Sql, { kind, to, origin, actor, isKnownPlace = false }: Cause): Promise<MailPermit> {
  const sender = actor
    ? windowsOf('mail-by-user', actor.userId, perUser)
    : windowsOf('mail-by-address', rateLimitAddress(origin.ip), perAddress);
  const mailbox = windowsOf(`${isKnownPlace ? 'mail-home' : 'mail'}:${kind}`, sha256(mailboxOf(to)), perMailbox[kind]);
  const seconds = await countUpTo(sql, [...sender, ...mailbox]);
  return seconds === undefined ? { granted: true } : { granted: false, seconds };
}

const windowsOf = (name: string, whose: NoClientAddress, [hour, day]: readonly [number, number]): Limit[] => [
  { bucket: bucketOf(name, 'hour', whose), most: hour, seconds: 3_600, reason: mailRateLimited },
  { bucket: bucketOf(name, 'day', whose), most: day, seconds: 86_400, reason: mailRateLimited },
];

/** The reason under which callers are told. */
export const mailRateLimited = 'mail_rate_limited';

/** What goes to one mailbox at most providers: `bob+1@…` and `bob+2@…` are two addresses, but one person reads both. */
function mailboxOf(to: string): string {
  const key = emailKeyOf(to) ?? to.toLowerCase();
  return key.replace(/^([^"+]+)\+[^@]*@/, '$1@');
}
