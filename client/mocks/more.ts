import type { attachments as attachmentRoutes } from '../../contract/attachments.ts';
import type { Message } from '../../contract/messages.ts';
import type { Persona, personas as personaRoutes } from '../../contract/personas.ts';
import type { reports as reportRoutes } from '../../contract/reports.ts';
import type { Share, shares as shareRoutes } from '../../contract/shares.ts';
import type { Thread } from '../../contract/threads.ts';
import { type Behaviours, type Context, Raw, untyped } from './context.ts';
import { rowsSeen } from './generic.ts';
import { kindOf } from './kinds.ts';
import { makeThing } from './making.ts';
import { invalidField, notFound, refuse } from './refusal.ts';
import { messagesOf } from './threads.ts';

const personaKind = kindOf('/v1/personas');
const shareKind = kindOf('/v1/threads/{thread_id}:share');
const threadKind = kindOf('/v1/threads');
const reportKind = kindOf('/v1/admin/reports');
/** The personas that come with the product, as far as a picker shows them. */
const builtins: Persona[] = ['normal', 'pro', 'search'].map((persona_key, at) => ({
  ...{ id: `builtin:${persona_key}:1`, persona_key, version: '1', scope: 'platform', source: 'builtin', account_id: null, is_active: true },
  ...{ display_name: `${persona_key[0]!.toUpperCase()}${persona_key.slice(1)}`, description: null, selector_name: persona_key },
  ...{ selector_order: at + 1, model: null, reasoning_mode: 'auto', prompt_md: 'Help the user.', soul_md: null, tool_allowlist: [] },
  ...{ tool_denylist: [], core_tools: [], budgets: {}, roles: {}, conditional_tools: [], preferred_credential: null },
  ...{ stream_thinking: true, prompt_cache_control: 'none', executor_type: 'agent.simple', executor_config: {}, user_selectable: true },
  ...{ created_at: null, updated_at: null },
}));

const withBuiltins = (context: object): Persona[] => {
  const own = rowsSeen(personaKind, untyped(context)).map(({ value }) => value as Persona);
  return [...own, ...builtins.filter(({ persona_key }) => own.every((persona) => persona.persona_key !== persona_key))];
};

/** Personas of the account, over those that are built in. */
export const personas: Behaviours<typeof personaRoutes> = {
  list: (context) => ({ status: 200, body: withBuiltins(context) }),
  selectable: (context) => ({ status: 200, body: withBuiltins(context).filter(({ user_selectable: is, is_active }) => is && is_active) }),
};

/** Threads shown to people without an account. */
export const shares: Behaviours<typeof shareRoutes> = {
  delete: ({ engine, params, query }) => {
    const [row] = engine.state.rows(shareKind, ({ parents, value }) => parents.thread_id === params.thread_id && value.id === query.id);
    if (!row) throw notFound();
    engine.state.remove(shareKind, (each) => each === row);
    return { status: 204, body: undefined };
  },
  view: (context) => {
    const { thread, share } = sharedBy(context, context.params.token);
    const { session_token } = context.query;
    if (share.has_password && session_token === undefined) return { status: 200, body: { requires_password: true } };
    if (share.has_password && session_token !== `${share.id}.session`)
      throw refuse('forbidden', 'invalid_session', 'Give the password again.');
    const messages = messagesOf(context.engine, thread.id).reverse();
    const shown = messages.map(({ value }) => value as Message);
    return {
      status: 200,
      body: { requires_password: false, thread: { title: thread.title, created_at: thread.created_at }, messages: shown },
    };
  },
  verify: (context) => {
    const { share } = sharedBy(context, context.params.token);
    if (!share.has_password) throw refuse('conflict', 'no_password', 'This share has no password.');
    return { status: 200, body: { session_token: `${share.id}.session` } };
  },
};

/** What a token opens. The mock keeps no passwords of shares: any of them is right. */
function sharedBy({ engine }: Pick<Context, 'engine'>, token: string): { thread: Thread; share: Share } {
  const [row] = engine.state.rows(shareKind, ({ value }) => value.token === token);
  const [thread] = row ? engine.state.rows(threadKind, ({ value }) => value.id === row.parents.thread_id) : [];
  if (!row || !thread) throw notFound();
  return { thread: thread.value as Thread, share: row.value as Share };
}

/** Files that were uploaded to the mock can be downloaded again. */
export const attachments: Behaviours<typeof attachmentRoutes> = {
  stage: async ({ engine, caller, body: { file } }) => {
    if (file.size === 0) throw invalidField('/file', 'is empty', 'unsupported_attachment');
    const key = `attachments/${caller.accountId}/${engine.fakes.id(engine.now())}`;
    const mime_type = file.type || 'text/plain';
    const bytes = await file.arrayBuffer();
    engine.state.files.set(key, { bytes, type: mime_type, name: file.name, owner: caller.accountId });
    const kind = mime_type.startsWith('image/') ? ('image' as const) : ('file' as const);
    const extracted = kind === 'file' ? { extracted_text: new TextDecoder().decode(bytes).slice(0, 12_000) } : {};
    return { status: 201, body: { key, filename: file.name, mime_type, size: file.size, kind, ...extracted } };
  },
  get: ({ engine, params, headers }) => {
    const file = engine.state.files.get(params.key);
    if (!file) throw notFound();
    const etag = `"${engine.fakes.branch(params.key).hex(64)}"`;
    if (headers['if-none-match'] === etag) return { status: 304, body: undefined, headers: { etag } };
    const shown = { etag, 'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}` };
    return { status: 200, body: new Raw(file.bytes, file.type), headers: shown };
  },
};

/** Complaints are listed for those who run the platform. */
export const reports: Behaviours<typeof reportRoutes> = {
  create: (context) => {
    const value = makeThing(reportKind.model, untyped(context));
    context.engine.state.add(reportKind, { owner: 'platform', parents: {}, value });
    return { status: 201, body: value as { id: string; created_at: string } };
  },
};
