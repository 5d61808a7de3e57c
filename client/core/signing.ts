/** Decodes a secret of the form `whsec_<base64>`; undefined for any other format. */
export async function importSecret(secret: string, usage: 'sign' | 'verify'): Promise<CryptoKey | undefined> {
  const bytes = secret.startsWith('whsec_') ? fromBase64(secret.slice(6)) : undefined;
  return bytes?.length ? crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [usage]) : undefined;
}

/** The signed content (Standard Webhooks 1.0): id, timestamp in seconds and raw body, joined by dots. */
export const signedContent = (id: string, timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array([...new TextEncoder().encode(`${id}.${timestamp}.`), ...body]);

/** Undefined if the text is not base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
