/** Who mail comes from: an address, or `Name <address>`, on one line. Control characters by their numbers: not every reader of the document knows `\p`. */
export const mailboxPattern =
  /^(?:[^<>\u0000-\u001f\u007f-\u009f]*<[^<>\s@\u0000-\u001f\u007f-\u009f]+@[^<>\s@\u0000-\u001f\u007f-\u009f]+>|[^<>\s@\u0000-\u001f\u007f-\u009f]+@[^<>\s@\u0000-\u001f\u007f-\u009f]+)$/u;

/** A host by its name (ASCII) or by its IPv4 or IPv6 address, without a port. */
export const hostPattern = /^(?:[0-9a-z](?:[0-9a-z._-]*[0-9a-z])?\.?|[0-9a-f:]*:[0-9a-f:]*(?:\d{1,3}(?:\.\d{1,3}){3})?)$/i;
