import { ModelError } from '../model.ts';

/** An event can contain an image in base64. */
const maxEventChars = 16 * 2 ** 20;
const tooLong = () =>
  new ModelError('provider.retryable', 'The answer of the model provider could not be read.', { details: { reason: 'event_too_long' } });

/** Splits bytes into lines ended by LF, CR or CRLF. The last line may be unterminated. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const seen = Math.max(0, rest.length - 1);
    rest += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = nextEnd(rest, seen); end >= 0; end = nextEnd(rest, start)) {
      // A CR at the end of a chunk may be half of a CRLF.
      if (rest[end] === '\r' && end === rest.length - 1) break;
      yield rest.slice(start, end);
      start = end + (rest.startsWith('\r\n', end) ? 2 : 1);
    }
    rest = rest.slice(start);
    if (rest.length > maxEventChars) throw tooLong();
  }
  rest += decoder.decode();
  if (rest) yield rest.replace(/\r$/, '');
}

function nextEnd(source: string, from: number) {
  const feed = source.indexOf('\n', from);
  const carriage = source.indexOf('\r', from);
  return feed < 0 || (carriage >= 0 && carriage < feed) ? carriage : feed;
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
