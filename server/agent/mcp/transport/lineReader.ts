/**
 * Splits a byte stream into lines. Of a line longer than `most` bytes, passes the beginning at once with `whole` false
 * and drops the rest.
 */
export function lineReader(most: number, onLine: (line: Buffer, whole: boolean) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  const tell = (whole: boolean) => {
    const line = Buffer.concat(parts);
    parts = [];
    onLine(line, whole);
  };
  const keep = (part: Buffer) => {
    if (size > most) return;
    parts.push(part.subarray(0, most - size));
    size += part.length;
    if (size > most) tell(false);
  };
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      keep(chunk.subarray(start, end));
      if (size <= most) tell(true);
      size = 0;
      start = end + 1;
    }
    keep(chunk.subarray(start));
  };
}
