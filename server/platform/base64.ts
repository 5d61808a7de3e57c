/** Decodes base64 (RFC 4648, section 4), ignoring line breaks. Undefined if invalid. */
export function decodeBase64(text: string): Buffer | undefined {
  const plain = text.replace(/[\r\n]/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain) || plain.length % 4 !== 0) return undefined;
  return Buffer.from(plain, 'base64');
}
