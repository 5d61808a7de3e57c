import { ModelError } from '../model.ts';

/** An event can contain an image in base64. */
const maxEventChars = 16 * 2 ** 20;
const tooLong = () =>
  new ModelError('provider.retryable', 'The answer of the model provider could not be read.', { details: { reason: 'event_too_long' } });

/** Splits bytes into lines ended by LF, CR or CRLF. The last line may be unterminated. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Joined only at the end of the line: to search it again with each chunk would take quadratic time.
  let unfinished: string[] = [];
  let length = 0;
  let endedWithReturn = false;
  for await (const chunk of chunks) {
    const decoded = decoder.decode(chunk, { stream: true });
    if (decoded === '') continue;
    // The first line feed may be half of a CRLF.
    const text = endedWithReturn && decoded.startsWith('\n') ? decoded.slice(1) : decoded;
    endedWithReturn = decoded.endsWith('\r');
    let start = 0;
    for (const { 0: end, index } of text.matchAll(/\r\n?|\n/g)) {
      unfinished.push(text.slice(start, index));
      yield unfinished.join('');
      unfinished = [];
      length = 0;
      start = index + end.length;
    }
    if (start < text.length) unfinished.push(text.slice(start));
    length += text.length - start;
    if (length > maxEventChars) throw tooLong();
  }
  unfinished.push(decoder.decode());
  const last = unfinished.join('');
  if (last) yield last;
}

/**
 * The data of each server-sent event, including a last event that is ended by the end of the stream: some servers omit
 * its blank line.
 */
export async function* sseData(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let data: string[] = [];
  let size = 0;
  for await (const line of linesOf(chunks)) {
    if (line === '' && data.length > 0) {
      yield data.join('\n');
      data = [];
      size = 0;
    } else if (line.startsWith('data:')) {
      data.push(line.slice(line[5] === ' ' ? 6 : 5));
      size += line.length;
      if (size > maxEventChars) throw tooLong();
    }
  }
  if (data.length > 0) yield data.join('\n');
}
