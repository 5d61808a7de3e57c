export type ServerSentEvent = { readonly id: string | undefined; readonly data: string };

/** Decodes server-sent events (WHATWG HTML, 9.2.6). Comments and incomplete events are dropped. */
export async function* decodeEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent, void, undefined> {
  const decoder = new TextDecoder();
  /** The pieces of a line whose end has not arrived. They are joined once, so that a long line costs no more than its length. */
  let pieces: string[] = [];
  let id: string | undefined;
  let data: string[] = [];
  for await (const chunk of chunks) {
    pieces.push(decoder.decode(chunk, { stream: true }));
    if (!mayEndLine(pieces)) continue;
    // A CR at the end of a chunk may be the first half of a CRLF: keep it for the next chunk.
    const lines = pieces.join('').split(/\r\n|\n|\r(?!$)/);
    pieces = [lines.pop() ?? ''];
    for (const line of lines) {
      if (line === '' && data.length > 0) {
        yield { id, data: data.join('\n') };
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') data.push(value);
      else if (field === 'id' && !value.includes('\0')) id = value;
    }
  }
}

const mayEndLine = (pieces: readonly string[]) => /[\r\n]/.test(pieces.at(-1)!) || pieces.at(-2)?.endsWith('\r') === true;
