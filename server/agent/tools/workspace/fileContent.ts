/** Truncated base64 is useless. This many bytes fit into a tool result as base64. */
const maxBinaryBytes = 24_000;

/** Returns up to `most` bytes from `offset` and closes the source. */
export async function readBytes(chunks: AsyncIterable<Uint8Array>, offset: number, most: number): Promise<Buffer> {
  const taken: Uint8Array[] = [];
  let [skipped, bytes] = [0, 0];
  for await (const chunk of chunks) {
    const start = Math.min(chunk.length, offset - skipped);
    const part = chunk.subarray(start, start + most - bytes);
    skipped += start;
    bytes += part.length;
    if (part.length > 0) taken.push(part);
    if (bytes >= most) break;
  }
  return Buffer.concat(taken);
}

type FileContent = { content: string; truncated: boolean } | { base64: string; truncated: boolean };

/** The content of a file of `size` bytes: whole characters of text, or base64. */
export function toFileContent(head: Buffer, size: number): FileContent {
  const truncated = head.length < size;
  const content = decode(head, truncated);
  if (content !== undefined) return { content, truncated };
  return { base64: head.subarray(0, maxBinaryBytes).toString('base64'), truncated: truncated || head.length > maxBinaryBytes };
}

/** Decodes UTF-8. Undefined if invalid or if it contains U+0000, which no event can store. */
function decode(bytes: Buffer, isCut: boolean): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
  } catch {
    return undefined;
  }
}
