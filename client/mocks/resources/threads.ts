import { type Message, type MessagePart, type messages as messageRoutes, normalizePart } from '../../../contract/messages.ts';
import type { Project, projects as projectRoutes } from '../../../contract/projects.ts';
import type { threads as routes, Thread } from '../../../contract/threads.ts';
import { type Context, type RouteHandlers, untypedContext } from '../context.ts';
import { apiError, invalidField, notFound } from '../http/errors.ts';
import { pageOf } from '../http/pages.ts';
import { addMessage, messagesOf } from '../messages.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Row } from '../state.ts';
import { serveGeneric, visibleRows } from './generic.ts';

const threadKind = resourceType('/v1/threads');
const runKind = resourceType('/v1/runs');
const projectKind = resourceType('/v1/projects');

/** Safe casts: rows are stored untyped, but each list contains only rows of its own type. */
const threadOf = ({ value }: Row) => value as Thread;
const messageOf = ({ value }: Row) => value as Message;

function demandProject(context: object, id: string | null | undefined) {
  const known = !id || visibleRows(projectKind, untypedContext(context)).some(({ value }) => value.id === id);
  if (!known) throw invalidField('/project_id', 'is not a project you can see', 'project_not_found');
}

/** A page of the caller's threads, without private ones. */
function pageOfThreads(
  context: object,
  query: { limit: number; before?: string | undefined; archived: boolean },
  fits: (thread: Thread) => boolean,
) {
  const isListed = ({ is_private, archived_at }: Thread) => !is_private && Boolean(archived_at) === query.archived;
  const rows = visibleRows(threadKind, untypedContext(context)).filter((row) => isListed(threadOf(row)) && fits(threadOf(row)));
  const { limit: _, before: __, ...filters } = query;
  const { rows: shown, next } = pageOf(rows, JSON.stringify(['threads', untypedContext(context).caller?.user.id, filters]), query);
  return { status: 200 as const, body: shown.map(threadOf), next };
}

/** At most 40 code points before the match, and 120 in total unless `q` is longer. */
function snippetOf(content: string | undefined, q: string): string | null {
  if (content === undefined) return null;
  const lowered = content.toLowerCase();
  const at = [...lowered.slice(0, lowered.indexOf(q.toLowerCase()))].length;
  const points = [...content];
  const start = Math.max(at - 40, 0);
  const end = start + Math.max(120, 40 + [...q].length);
  return `${start > 0 ? '…' : ''}${points.slice(start, end).join('')}${points.length > end ? '…' : ''}`;
}

const starsOf = ({ engine, caller }: Pick<Context, 'engine' | 'caller'>): Set<string> => {
  const { stars } = engine.state;
  const id = caller!.user.id;
  if (!stars.has(id)) stars.set(id, new Set());
  return stars.get(id)!;
};

export const threads: RouteHandlers<typeof routes> = {
  create: (context) => {
    demandProject(context, context.body.project_id);
    return { status: 201, body: serveGeneric(untypedContext(context)).body as Thread };
  },
  list: (context) => pageOfThreads(context, context.query, ({ project_id }) => (context.query.project_id ?? project_id) === project_id),
  search: (context) => {
    const { q } = context.query;
    const contains = (text: string | null) => text?.toLowerCase().includes(q.toLowerCase()) ?? false;
    const hitOf = (id: string) =>
      messagesOf(context.engine, id)
        .map((row) => messageOf(row).content)
        .find(contains);
    const page = pageOfThreads(context, context.query, ({ id, title }) => contains(title) || hitOf(id) !== undefined);
    const body = page.body.map((thread) => ({ ...thread, snippet: snippetOf(hitOf(thread.id), q) }));
    return { ...page, body };
  },
  starred: (context) => ({ status: 200, body: [...starsOf(context)].reverse() }),
  star: (context) => {
    starsOf(context).add(context.params.thread_id);
    return { status: 204, body: undefined };
  },
  unstar: (context) => {
    starsOf(context).delete(context.params.thread_id);
    return { status: 204, body: undefined };
  },
  update: (context) => {
    const { title, project_id, archived } = context.body;
    if (title === undefined && project_id === undefined && archived === undefined)
      throw invalidField('', 'name at least one field', 'no_fields');
    demandProject(context, project_id);
    return { status: 200, body: serveGeneric(untypedContext(context)).body as Thread };
  },
  delete: (context) => {
    const { engine, params } = context;
    engine.runs.stopThread(params.thread_id);
    engine.state.remove(runKind, ({ value }) => value.thread_id === params.thread_id);
    for (const stars of engine.state.stars.values()) stars.delete(params.thread_id);
    serveGeneric(untypedContext(context));
    return { status: 204, body: undefined };
  },
  fork: ({ engine, loaded, body }) => {
    const copied = copyThread(engine, loaded.thread_id!, body.message_id, body.is_private);
    if (!copied) throw notFound();
    return { status: 201, body: { ...threadOf(copied.thread), id_mapping: copied.id_mapping } };
  },
};

/** Copies a thread up to a message. Undefined if it does not show that message. */
export function copyThread(engine: Context['engine'], row: Row, last: string | undefined, isPrivate?: boolean) {
  const source = threadOf(row);
  const messages = messagesOf(engine, source.id).reverse();
  const end = messages.findIndex(({ value }) => value.id === last);
  if (end < 0) return undefined;
  const id = engine.fakes.id(engine.now());
  const fresh = {
    id,
    parent_thread_id: source.id,
    active_run_id: null,
    archived_at: null,
    created_at: engine.time(),
    updated_at: engine.time(),
  };
  const is_private = isPrivate ?? source.is_private;
  const value: Thread = { ...source, ...fresh, is_private, expires_at: is_private ? engine.time(86_400_000) : null };
  const thread = engine.state.add(threadKind, { owner: row.owner, parents: {}, value });
  const id_mapping = messages.slice(0, end + 1).map((message) => {
    const new_id = engine.fakes.id(engine.now());
    addMessage(engine, thread, { ...messageOf(message), id: new_id, thread_id: id });
    return { old_id: messageOf(message).id, new_id };
  });
  return { thread, id_mapping };
}

export const messages: RouteHandlers<typeof messageRoutes> = {
  create: (context) => {
    const { engine, loaded, caller, params, body } = context;
    const message: Message = {
      id: engine.fakes.id(engine.now()),
      account_id: caller.accountId,
      thread_id: params.thread_id,
      created_by_user_id: caller.user.id,
      role: 'user',
      ...contentOf(claimAttachments(untypedContext(context), body)),
      completion: 'complete',
      created_at: engine.time(),
    };
    addMessage(engine, loaded.thread_id!, message);
    return { status: 201, body: message };
  },
  list: ({ engine, params, query }) => {
    const { rows, next } = pageOf(messagesOf(engine, params.thread_id), `messages ${params.thread_id}`, query);
    const page = rows.map(messageOf);
    return { status: 200, body: query.order === 'asc' ? page.reverse() : page, next };
  },
};

/** Returns content with the keys, types and sizes of the stored files. Staged files get the keys of kept ones. Throws 400. */
export function claimAttachments<Content extends Pick<Message, 'content_json'>>({ engine, caller }: Context, content: Content): Content {
  if (!content.content_json) return content;
  const { files } = engine.state;
  for (const [at, part] of content.content_json.parts.entries()) {
    if (part.type === 'text') continue;
    const path = `/content_json/parts/${at}/attachment`;
    const file = files.get(part.attachment.key);
    if (file?.owner !== caller!.accountId) throw invalidField(`${path}/key`, 'is not an attachment you can use', 'attachment_not_found');
    if (file.type.startsWith('image/') !== (part.type === 'image'))
      throw invalidField(path, `is not ${part.type === 'image' ? 'an image' : 'a text file'}`, 'attachment_kind_mismatch');
  }
  const parts = content.content_json.parts.map(normalizePart).map((part): MessagePart => {
    if (part.type === 'text') return part;
    const key = part.attachment.key.replace(/^staging\//, 'attachments/');
    // The same file may be in a message twice.
    const file = files.get(part.attachment.key) ?? files.get(key)!;
    files.delete(part.attachment.key);
    files.set(key, file);
    const attachment = { key, filename: part.attachment.filename, mime_type: file.type, size: file.bytes.byteLength };
    return part.type === 'image' ? { ...part, attachment } : { ...part, attachment };
  });
  return { ...content, content_json: { parts } };
}

/** The texts of a structured message become one, at the position of the first. `content` has it, and the attachments by name. */
export function contentOf({ content = '', content_json }: Pick<Message, 'content_json'> & { content?: string | undefined }) {
  if (!content_json) return { content };
  const given = content_json.parts;
  const isText = (part: MessagePart) => part.type === 'text' && part.text.trim() !== '';
  const first = given.findIndex(isText);
  const text = given.flatMap((part) => (part.type === 'text' && isText(part) ? [part.text] : [])).join('\n\n');
  const parts = given.flatMap((part, at): MessagePart[] => (at === first ? [{ type: 'text', text }] : part.type === 'text' ? [] : [part]));
  return { content: parts.map(plainText).join('\n\n'), content_json: { parts } };
}

function plainText(part: MessagePart): string {
  if (part.type === 'text') return part.text;
  const marker = `[${part.type}: ${part.attachment.filename}]`;
  return part.type === 'file' && part.extracted_text ? `${marker}\n${part.extracted_text}` : marker;
}

/** The default project cannot be shared or deleted. */
export const projects: RouteHandlers<typeof projectRoutes> = {
  update: (context) => {
    const isDefault = context.loaded.project_id!.value.is_default;
    if (isDefault && context.body.visibility === 'shared')
      throw apiError('conflict', 'default_project', 'The default project stays private.');
    return { status: 200, body: serveGeneric(untypedContext(context)).body as Project };
  },
  delete: (context) => {
    if (context.loaded.project_id!.value.is_default) throw apiError('conflict', 'default_project', 'The default project stays.');
    const { project_id } = context.params;
    for (const row of context.engine.state.rows(threadKind, ({ value }) => value.project_id === project_id)) row.value.project_id = null;
    serveGeneric(untypedContext(context));
    return { status: 204, body: undefined };
  },
};
