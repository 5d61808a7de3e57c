/** What a key names: whose object it is, which, and under which name; one that is staged waits for a message. */
export type AttachmentKey = { staged: boolean; accountId: string; id: string; name: string };

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const form = new RegExp(String.raw`^(staging|attachments)/(${uuid})/(${uuid})/([^/\\]{1,200})$`, 'u');

/** The parts of a key; undefined when it is none. */
export function parseKey(text: string): AttachmentKey | undefined {
  const [, folder, accountId, id, name] = form.exec(text) ?? [];
  return folder && accountId && id && name && safeName(name) === name ? { staged: folder === 'staging', accountId, id, name } : undefined;
}

/** A key as it is published. */
export const keyOf = ({ staged, accountId, id, name }: AttachmentKey): string =>
  `${staged ? 'staging' : 'attachments'}/${accountId}/${id}/${name}`;

/** Where the bytes lie: they stay there when the key changes with the commit of a message. */
export const objectKey = (accountId: string, id: string): string => `attachments/${accountId}/${id}`;

/** In characters. */
const longest = 200;

/**
 * A file name without folders, of characters that are harmless everywhere; never one that says where to go. Letters and signs of all scripts stay,
 * in NFC; what is invisible or changes the direction of writing does not, except the joiners that scripts need.
 */
export function safeName(name: string): string {
  const base = name
    .slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
    .normalize('NFC')
    .replace(/[^A-Za-z0-9._\- ()[\]\u{80}-\u{10ffff}]/gu, '_')
    .replace(/(?![ \u{200c}\u{200d}])[\p{C}\p{Z}]/gu, '_');
  const [, extension = ''] = /(\.[A-Za-z0-9]{1,20})$/.exec(base) ?? [];
  const chars = [...base];
  const short = chars.length > longest ? chars.slice(0, longest - extension.length).join('') + extension : base;
  return /^\.{0,2}$/.test(short) ? 'file' : short;
}
