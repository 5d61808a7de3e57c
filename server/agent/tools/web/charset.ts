/** Bytes of a page that are searched for a `meta` charset (WHATWG HTML, prescan). */
const prescanBytes = 1024;

/** Decodes a page. Precedence: byte order mark, `Content-Type`, `meta`, UTF-8 (WHATWG HTML). */
export function decodePage(bytes: Buffer, contentType: string, isHtml: boolean): string {
  const named = markOf(bytes) ?? labelIn(contentType) ?? (isHtml ? declaredIn(bytes) : undefined);
  // In stream mode, a character cut at the end is dropped.
  return (decoderOf(named) ?? new TextDecoder()).decode(bytes, { stream: true });
}

const marks: readonly (readonly [label: string, bytes: Buffer])[] = [
  ['utf-8', Buffer.of(0xef, 0xbb, 0xbf)],
  ['utf-16be', Buffer.of(0xfe, 0xff)],
  ['utf-16le', Buffer.of(0xff, 0xfe)],
];
const markOf = (bytes: Buffer) => marks.find(([, mark]) => bytes.subarray(0, mark.length).equals(mark))?.[0];

const labelIn = (contentType: string) => /;\s*charset\s*=\s*(?:["']\s*)?([^\s"';]+)/i.exec(contentType)?.[1];

const charsetPattern = /\bcharset\s*=\s*(?:["']\s*)?([^\s"'/>;]+)/i;

/** A `meta` that is readable as single bytes cannot be UTF-16: treat it as UTF-8 (WHATWG HTML). */
function declaredIn(bytes: Buffer): string | undefined {
  const start = bytes.subarray(0, prescanBytes).toString('latin1');
  const labels = Array.from(start.matchAll(/<meta\b[^>]*/gi), ([tag]) => charsetPattern.exec(tag)?.[1]);
  const label = labels.find((each) => each !== undefined);
  return label && /^utf-?16/i.test(label) ? 'utf-8' : label;
}

function decoderOf(label: string | undefined): TextDecoder | undefined {
  try {
    return label === undefined ? undefined : new TextDecoder(label);
  } catch {
    return undefined;
  }
}
