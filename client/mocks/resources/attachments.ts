import type { attachments as routes } from '../../../contract/attachments.ts';
import type { Message } from '../../../contract/messages.ts';
import { type Context, RawBody, type RouteHandlers, untypedContext } from '../context.ts';
import { invalidField, notFound } from '../http/errors.ts';
import { messagesOf } from '../messages.ts';
import { requireSession, sharedBy } from './shares.ts';

export const attachments: RouteHandlers<typeof routes> = {
  stage: async ({ engine, caller, body: { file } }) => {
    const key = `staging/${caller.accountId}/${engine.fakes.id(engine.now())}/${safeNameOf(file.name)}`;
    const mime_type = file.type || 'text/plain';
    const bytes = await file.arrayBuffer();
    if (!isAttachable(mime_type, new Uint8Array(bytes)))
      throw invalidField('/file', 'is empty, or of a kind that cannot be attached', 'unsupported_attachment');
    engine.state.files.set(key, { bytes, type: mime_type, name: file.name, owner: caller.accountId });
    const kind = mime_type.startsWith('image/') ? ('image' as const) : ('file' as const);
    const text = isDocument(mime_type) ? `The text of ${file.name}.` : new TextDecoder().decode(bytes).slice(0, 12_000);
    const extracted = kind === 'file' ? { extracted_text: text } : {};
    return { status: 201, body: { key, filename: file.name, mime_type, size: file.size, kind, ...extracted } };
  },
  get: (context) => {
    const { engine, params, headers } = context;
    const file = engine.state.files.get(params.key);
    if (!file || !isReadable(untypedContext(context), params.key, file.owner)) throw notFound();
    const etag = `"${engine.fakes.branch(params.key).hex(64)}"`;
    if (headers['if-none-match'] === etag) return { status: 304, body: undefined, headers: { etag } };
    const shown = { etag, 'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}` };
    return { status: 200, body: new RawBody(file.bytes, file.type), headers: shown };
  },
};

/** The last segment of the key. The server replaces more characters. */
const safeNameOf = (name: string) => name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1) || 'file';

/** A PDF or Office document, by its declared type. The mock makes its text up. */
const isDocument = (type: string) => /^application\/(pdf$|vnd\.openxmlformats-officedocument\.)/.test(type);

/** An image or a document by its declared type, or text. The server looks at the content of these too. */
const isAttachable = (type: string, bytes: Uint8Array) =>
  bytes.length > 0 && (type.startsWith('image/') ? /^image\/(png|jpeg|webp|gif)$/.test(type) : isDocument(type) || !bytes.includes(0));

/** A caller reads the files of their account. A share token, which needs no caller, reads those of the messages of the share. */
function isReadable(context: Context, key: string, owner: string): boolean {
  const { engine, caller } = context;
  const { share_token, session_token } = context.query as { share_token?: string; session_token?: string };
  if (share_token === undefined) return caller?.accountId === owner;
  const { thread, share } = sharedBy(context, share_token);
  requireSession(share, session_token);
  const keysOf = ({ content_json }: Message) =>
    content_json?.parts.flatMap((part) => (part.type === 'text' ? [] : [part.attachment.key])) ?? [];
  return thread.account_id === owner && messagesOf(engine, thread.id).some(({ value }) => keysOf(value as Message).includes(key));
}
