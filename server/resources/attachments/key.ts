/** What a key names: whose object it is, which, and under which name; one that is staged waits for a message. */
export type AttachmentKey = { staged: boolean; accountId: string; id: string; name: string };

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const form = new RegExp(String.raw`^(staging|attachments)/(${uuid})/(${uuid})/([A-Za-z0-9._\- ()[\]]{1,200})$`);

/** The parts of a key; undefined when it is none. */
export function parseKey(text: string): AttachmentKey | undefined {
  const [, folder, accountId, id, name] = form.exec(text) ?? [];
  return folder && accountId && id && name ? { staged: folder === 'staging', accountId, id, name } : undefined;
}

/** A key as it is published. */
export const keyOf = ({ staged, accountId, id, name }: AttachmentKey): string =>
  `${staged ? 'staging' : 'attachments'}/${accountId}/${id}/${name}`;

/** Where the bytes lie: they stay there when the key changes with the commit of a message. */
export const objectKey = (accountId: string, id: string): string => `attachments/${accountId}/${id}`;

const longest = 200;

/** A file name without folders, of characters that are harmless everywhere; never one that says where to go. */
export function safeName(name: string): string {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1).replace(/[^A-Za-z0-9._\- ()[\]]/gu, '_');
  const [, extension = ''] = /(\.[A-Za-z0-9]{1,20})$/.exec(base) ?? [];
  const short = base.length > longest ? base.slice(0, longest - extension.length) + extension : base;
  return /^\.{0,2}$/.test(short) ? 'file' : short;
}
