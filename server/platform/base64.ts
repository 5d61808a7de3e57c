/**
 * Whether a text is base64 (RFC 4648, section 4), with or without padding, and not empty. Not a pattern: on images of 4 MiB a match has sometimes
 * failed with `Maximum call stack size exceeded`.
 */
export function isBase64(text: string): boolean {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  // The decoder leaves out other characters, and knows those of base64url.
  if (text.includes('-') || text.includes('_')) return false;
  const bytes = Buffer.from(text, 'base64').length;
  return bytes > 0 && Math.ceil((bytes * 4) / 3) === text.length - padding;
}

/** Decodes base64 (RFC 4648, section 4), ignoring line breaks. Undefined if invalid. */
export function decodeBase64(text: string): Buffer | undefined {
  const plain = text.replaceAll('\r', '').replaceAll('\n', '');
  if (plain === '') return Buffer.alloc(0);
  return plain.length % 4 === 0 && isBase64(plain) ? Buffer.from(plain, 'base64') : undefined;
}
