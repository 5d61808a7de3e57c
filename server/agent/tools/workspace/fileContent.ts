/** Truncated base64 is useless. This many bytes fit into a tool result as base64. */
const maxBinaryBytes = 24_000;

/** Returns the first `most` bytes and closes the source. */
export async function readFirstBytes(chunks: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const taken: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    taken.push(chunk.subarray(0, most - bytes));
    bytes += chunk.length;
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
