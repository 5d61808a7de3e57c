/** Who mail comes from: an address, or `Name <address>`, on one line. */
export const mailboxPattern = /^(?:[^<>\p{Cc}]*<[^<>\s@\p{Cc}]+@[^<>\s@\p{Cc}]+>|[^<>\s@\p{Cc}]+@[^<>\s@\p{Cc}]+)$/u;

/** A host by its name (ASCII) or by its IPv4 or IPv6 address, without a port. */
export const hostPattern = /^(?:[0-9a-z](?:[0-9a-z._-]*[0-9a-z])?\.?|[0-9a-f:]*:[0-9a-f:]*(?:\d{1,3}(?:\.\d{1,3}){3})?)$/i;
