import { Mime } from 'mime';
import other from 'mime/types/other.js';
import standard from 'mime/types/standard.js';

/** Source code that the media type registry does not know or maps to something else. */
const source = {
  'text/x-go': ['go'],
  'text/x-kotlin': ['kt'],
  'text/x-python': ['py'],
  'text/x-ruby': ['rb'],
  'text/x-rust': ['rs'],
  'text/x-shellscript': ['sh', 'bash', 'zsh'],
  'text/x-swift': ['swift'],
  'text/x-typescript': ['ts', 'tsx', 'mts', 'cts'],
};
const known = new Mime(standard, other).define(source, true);
const unknown = 'application/octet-stream';

// Without the slash, a name without a dot is taken for an extension.
const byExtension = (name: string) => known.getType(`/${name}`);

export const mimeTypeOf = (name: string): string => byExtension(name) ?? unknown;

/** Magic numbers, as Latin-1. */
const signatures: readonly [RegExp, string][] = [
  [/^\x89PNG\r\n\x1a\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^RIFF.{4}WEBP/s, 'image/webp'],
  [/^%PDF-/, 'application/pdf'],
  [/^PK\x03\x04/, 'application/zip'],
  [/^\x1f\x8b\x08/, 'application/gzip'],
];

/** The `Content-Type` by file extension, else by the first 512 bytes. */
export function contentTypeOf(name: string, content: Uint8Array): string {
  const type = byExtension(name) ?? sniff(content.subarray(0, 512));
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type;
}

function sniff(head: Uint8Array) {
  const text = Buffer.from(head).toString('latin1');
  const [, type] = signatures.find(([signature]) => signature.test(text)) ?? [];
  return type ?? (isText(head) ? 'text/plain' : unknown);
}

/** UTF-8 without binary control characters (WHATWG MIME Sniffing, section 3). The 512-byte cut may split a character. */
function isText(head: Uint8Array) {
  if (head.some((byte) => byte < 0x09 || byte === 0x0b || (byte > 0x0d && byte < 0x20 && byte !== 0x1b))) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: head.length === 512 });
    return true;
  } catch {
    return false;
  }
}
