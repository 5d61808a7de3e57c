import { createEventLimit } from './messageLimit.ts';

/** Maximum size in bytes of a server message, and of all pages of its tool list together. */
export const maxMessageBytes = 4 * 1024 * 1024;

/** For a body that is one message. Over `maxMessageBytes`, calls `onExcess` and fails the stream. */
export const limitedBody = (onExcess: () => void) => limited((size, chunk) => size + chunk.length, onExcess);

/** For a stream of server-sent events: the limit applies to each event, up to its blank line. Too many events count as one that is too long. */
export function limitedEvents(onExcess: () => void) {
  const takeEvent = createEventLimit();
  let line = 0;
  return limited((size, chunk) => {
    let event = size;
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const ended = line + end - start;
      const blank = ended === 0 || (ended === 1 && chunk[end - 1] === 13);
      if (blank && !takeEvent()) return Infinity;
      event = blank ? 0 : event + end - start;
      line = 0;
      start = end + 1;
    }
    line += chunk.length - start;
    return event + chunk.length - start;
  }, onExcess);
}

function limited(measure: (size: number, chunk: Uint8Array) => number, onExcess: () => void) {
  let size = 0;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size = measure(size, chunk);
      if (size <= maxMessageBytes) return controller.enqueue(chunk);
      onExcess();
      controller.error(new Error('too long'));
    },
  });
}
