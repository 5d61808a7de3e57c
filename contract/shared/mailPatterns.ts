/** A sender: an address, or `Name <address>`, on one line. Control characters are listed by code, because some tools that read the OpenAPI document do not support `\p`. */
export const mailboxPattern =
  /^(?:[^<>\u0000-\u001f\u007f-\u009f]*<[^<>\s@\u0000-\u001f\u007f-\u009f]+@[^<>\s@\u0000-\u001f\u007f-\u009f]+>|[^<>\s@\u0000-\u001f\u007f-\u009f]+@[^<>\s@\u0000-\u001f\u007f-\u009f]+)$/u;

/** An ASCII host name, or an IPv4 or IPv6 address, without a port. */
export const hostPattern = /^(?:[0-9a-z](?:[0-9a-z._-]*[0-9a-z])?\.?|[0-9a-f:]*:[0-9a-f:]*(?:\d{1,3}(?:\.\d{1,3}){3})?)$/i;
