/** Base64 that is cut in its middle is none: so many bytes of it fit into the result of a tool. */
const mostBinary = 24_000;

/** The first bytes of a content; its source is closed when they are enough. */
export async function takeBytes(chunks: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const taken: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    taken.push(chunk.subarray(0, most - bytes));
    bytes += chunk.length;
    if (bytes >= most) break;
  }
  return Buffer.concat(taken);
}

type Told = { content: string; truncated: boolean } | { base64: string; truncated: boolean };

/** The beginning of a file of `size` bytes: whole characters of text, or base64. */
export function readText(head: Buffer, size: number): Told {
  const truncated = head.length < size;
  const content = decode(head, truncated);
  if (content !== undefined) return { content, truncated };
  return { base64: head.subarray(0, mostBinary).toString('base64'), truncated: truncated || head.length > mostBinary };
}

/** UTF-8 without U+0000, which no event can hold; undefined for all else. */
function decode(bytes: Buffer, isCut: boolean): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
  } catch {
    return undefined;
  }
}

/** The bytes that base64 (RFC 4648, 4) stands for; undefined for what is none. Line breaks are left out. */
export function readBase64(text: string): Buffer | undefined {
  const plain = text.replace(/[\r\n]/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain) || plain.length % 4 !== 0) return undefined;
  return Buffer.from(plain, 'base64');
}
