/** The parts of an attachment key. A staged attachment is not used by a message yet. */
export type AttachmentKey = { staged: boolean; accountId: string; id: string; name: string };

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const keyPattern = new RegExp(String.raw`^(staging|attachments)/(${uuid})/(${uuid})/([^/\\]{1,200})$`, 'u');

/** Returns undefined if the text is not an attachment key. */
export function parseKey(text: string): AttachmentKey | undefined {
  const [, folder, accountId, id, name] = keyPattern.exec(text) ?? [];
  return folder && accountId && id && name && safeFileName(name) === name
    ? { staged: folder === 'staging', accountId, id, name }
    : undefined;
}

export const formatKey = ({ staged, accountId, id, name }: AttachmentKey): string =>
  `${staged ? 'staging' : 'attachments'}/${accountId}/${id}/${name}`;

/** Key in the object store. It does not change when the attachment key changes with the commit of a message. */
export const objectKey = (accountId: string, id: string): string => `attachments/${accountId}/${id}`;

/** In code points. */
const maxNameLength = 200;

/**
 * Returns a file name without folders that is safe in paths, headers and on screens, and is never `.` or `..`. Letters and symbols of all
 * scripts stay, in NFC. Invisible characters and direction controls are replaced, except the joiners that some scripts need.
 */
export function safeFileName(name: string): string {
  const base = name
    .slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
    .normalize('NFC')
    .replace(/[^A-Za-z0-9._\- ()[\]\u{80}-\u{10ffff}]/gu, '_')
    .replace(/(?![ \u{200c}\u{200d}])[\p{C}\p{Z}]/gu, '_');
  const [, extension = ''] = /(\.[A-Za-z0-9]{1,20})$/.exec(base) ?? [];
  const chars = [...base];
  const short = chars.length > maxNameLength ? chars.slice(0, maxNameLength - extension.length).join('') + extension : base;
  return /^\.{0,2}$/.test(short) ? 'file' : short;
}
