import { ModelError } from '../model.ts';
import { answerTooLong } from './answerLimits.ts';
import { createLongText } from './longText.ts';

const tooLong = () =>
  new ModelError('provider.retryable', 'The model provider sent a line or an event that is too long.', {
    details: { reason: answerTooLong },
  });

/** Splits bytes into lines ended by LF, CR or CRLF. The last line may be unterminated. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>, maxChars: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Read only at the end of the line: to search it again with each chunk would take quadratic time.
  let unfinished = createLongText();
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
      unfinished.add(text.slice(start, index));
      yield unfinished.toString();
      unfinished = createLongText();
      length = 0;
      start = index + end.length;
    }
    if (start < text.length) unfinished.add(text.slice(start));
    length += text.length - start;
    if (length > maxChars) throw tooLong();
  }
  unfinished.add(decoder.decode());
  const last = unfinished.toString();
  if (last) yield last;
}

/**
 * The data of each server-sent event, including a last event that is ended by the end of the stream: some servers omit
 * its blank line. Throws above `maxChars`, of a line and of an event.
 */
export async function* sseData(chunks: AsyncIterable<Uint8Array>, maxChars: number): AsyncGenerator<string> {
  let data: string[] = [];
  let size = 0;
  for await (const line of linesOf(chunks, maxChars)) {
    if (line === '' && data.length > 0) {
      yield data.join('\n');
      data = [];
      size = 0;
    } else if (line.startsWith('data:')) {
      data.push(line.slice(line[5] === ' ' ? 6 : 5));
      size += line.length;
      if (size > maxChars) throw tooLong();
    }
  }
  if (data.length > 0) yield data.join('\n');
}
