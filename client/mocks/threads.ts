import type { Message, messages as messageRoutes } from '../../contract/messages.ts';
import type { Project, projects as projectRoutes } from '../../contract/projects.ts';
import type { threads as routes, Thread } from '../../contract/threads.ts';
import { type Behaviours, type Context, type Engine, untyped } from './context.ts';
import { rowsSeen, serveGenerically } from './generic.ts';
import { kindOf } from './kinds.ts';
import { pageOf } from './pages.ts';
import { invalidField, notFound, refuse } from './refusal.ts';
import type { Row } from './state.ts';

const threadKind = kindOf('/v1/threads');
const messageKind = kindOf('/v1/threads/{thread_id}/messages');
const projectKind = kindOf('/v1/projects');

/** Rows are kept without their types; each kind holds what its routes have made. */
const threadOf = ({ value }: Row) => value as Thread;
const messageOf = ({ value }: Row) => value as Message;

/** The visible messages of a thread, newest first. */
export const messagesOf = ({ state }: Pick<Engine, 'state'>, threadId: string): Row[] =>
  state.rows(messageKind, ({ parents }) => parents.thread_id === threadId);

/** Adds a message to a thread, which comes to the front of the lists. */
export function addMessage({ state, time }: Pick<Engine, 'state' | 'time'>, thread: Row, message: Message) {
  state.add(messageKind, { owner: thread.owner, parents: { thread_id: message.thread_id }, value: message });
  thread.value.updated_at = time();
  state.touch(thread);
}

/** Hides a message. */
export const removeMessage = ({ state }: Pick<Engine, 'state'>, { id }: Message) =>
  state.remove(messageKind, ({ value }) => value.id === id);

function demandProject(context: object, id: string | null | undefined) {
  const known = !id || rowsSeen(projectKind, untyped(context)).some(({ value }) => value.id === id);
  if (!known) throw invalidField('/project_id', 'is not a project you can see', 'project_not_found');
}

/** A page of the caller's threads that are not private. */
function pageOfThreads(context: object, query: { limit: number; before?: string | undefined }, fits: (thread: Thread) => boolean) {
  const rows = rowsSeen(threadKind, untyped(context)).filter((row) => !threadOf(row).is_private && fits(threadOf(row)));
  const { limit: _, before: __, ...filters } = query;
  const { rows: shown, next } = pageOf(rows, JSON.stringify(['threads', untyped(context).caller?.user.id, filters]), query);
  return { status: 200 as const, body: shown.map(threadOf), next };
}

const starsOf = ({ engine, caller }: Pick<Context, 'engine' | 'caller'>): Set<string> => {
  const { stars } = engine.state;
  const id = caller!.user.id;
  if (!stars.has(id)) stars.set(id, new Set());
  return stars.get(id)!;
};

/** Conversations. */
export const threads: Behaviours<typeof routes> = {
  create: (context) => {
    demandProject(context, context.body.project_id);
    return { status: 201, body: serveGenerically(untyped(context)).body as Thread };
  },
  list: (context) => pageOfThreads(context, context.query, ({ project_id }) => (context.query.project_id ?? project_id) === project_id),
  search: (context) => {
    const wanted = context.query.q.toLowerCase();
    const said = (id: string) => messagesOf(context.engine, id).some((row) => messageOf(row).content.toLowerCase().includes(wanted));
    return pageOfThreads(context, context.query, ({ id, title }) => title?.toLowerCase().includes(wanted) || said(id));
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
    const { title, project_id } = context.body;
    if (title === undefined && project_id === undefined) throw invalidField('', 'name at least one field', 'no_fields');
    demandProject(context, project_id);
    return { status: 200, body: serveGenerically(untyped(context)).body as Thread };
  },
  delete: (context) => {
    const { engine, params } = context;
    engine.runs.stopThread(params.thread_id);
    for (const stars of engine.state.stars.values()) stars.delete(params.thread_id);
    serveGenerically(untyped(context));
    return { status: 204, body: undefined };
  },
  fork: (context) => {
    const { engine, found, params, body } = context;
    const source = threadOf(found.thread_id!);
    const copied = messagesOf(engine, source.id).reverse();
    const last = copied.findIndex(({ value }) => value.id === body.message_id);
    if (last < 0) throw notFound();
    const id = engine.fakes.id(engine.now());
    const fresh = { id, parent_thread_id: params.thread_id, active_run_id: null, created_at: engine.time(), updated_at: engine.time() };
    const is_private = body.is_private ?? source.is_private;
    const value: Thread = { ...source, ...fresh, is_private, expires_at: is_private ? engine.time(86_400_000) : null };
    const thread = engine.state.add(threadKind, { owner: found.thread_id!.owner, parents: {}, value });
    const id_mapping = copied.slice(0, last + 1).map((row) => {
      const new_id = engine.fakes.id(engine.now());
      addMessage(engine, thread, { ...messageOf(row), id: new_id, thread_id: id });
      return { old_id: messageOf(row).id, new_id };
    });
    return { status: 201, body: { ...value, id_mapping } };
  },
};

/** The transcript of a thread. */
export const messages: Behaviours<typeof messageRoutes> = {
  create: (context) => {
    const { engine, found, caller, params, body } = context;
    const message: Message = {
      id: engine.fakes.id(engine.now()),
      account_id: caller.accountId,
      thread_id: params.thread_id,
      created_by_user_id: caller.user.id,
      role: 'user',
      ...contentOf(body),
      completion: 'complete',
      created_at: engine.time(),
    };
    addMessage(engine, found.thread_id!, message);
    return { status: 201, body: message };
  },
  list: ({ engine, params, query }) => {
    const { rows, next } = pageOf(messagesOf(engine, params.thread_id), `messages ${params.thread_id}`, query);
    const page = rows.map(messageOf);
    return { status: 200, body: query.order === 'asc' ? page.reverse() : page, next };
  },
};

/** The text of a message, also of a structured one. */
export function contentOf({ content = '', content_json }: Pick<Message, 'content_json'> & { content?: string | undefined }) {
  if (!content_json) return { content };
  const texts = content_json.parts.map((part) => (part.type === 'text' ? part.text : part.attachment.filename));
  return { content: texts.join('\n'), content_json };
}

/** The default project is private and stays. */
export const projects: Behaviours<typeof projectRoutes> = {
  update: (context) => {
    const isDefault = context.found.project_id!.value.is_default;
    if (isDefault && context.body.visibility === 'shared')
      throw refuse('conflict', 'default_project', 'The default project stays private.');
    return { status: 200, body: serveGenerically(untyped(context)).body as Project };
  },
  delete: (context) => {
    if (context.found.project_id!.value.is_default) throw refuse('conflict', 'default_project', 'The default project stays.');
    serveGenerically(untyped(context));
    return { status: 204, body: undefined };
  },
};
