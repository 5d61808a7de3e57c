/** Longest message of a server, and the most that all pages of its tools may measure, in bytes. */
export const longestMessage = 4 * 1024 * 1024;

/** A body that is one message: `onExcess` hears when it grows beyond `longestMessage`, and the stream fails. */
export const limitedBody = (onExcess: () => void) => limited((size, chunk) => size + chunk.length, onExcess);

/** A stream of server-sent events: each of them, up to its blank line, may be as long as a message. */
export function limitedEvents(onExcess: () => void) {
  let line = 0;
  return limited((size, chunk) => {
    let event = size;
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const ended = line + end - start;
      const blank = ended === 0 || (ended === 1 && chunk[end - 1] === 13);
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
      if (size <= longestMessage) return controller.enqueue(chunk);
      onExcess();
      controller.error(new Error('too long'));
    },
  });
}
