import type { Message } from '../../../contract/messages.ts';
import type { shares as routes, Share } from '../../../contract/shares.ts';
import type { Thread } from '../../../contract/threads.ts';
import { type Context, type RouteHandlers, untypedContext } from '../context.ts';
import { apiError, notFound } from '../http/errors.ts';
import { pageOfOldest } from '../http/pages.ts';
import { messagesOf } from '../messages.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Row } from '../state.ts';
import { serveGeneric } from './generic.ts';

const shareKind = resourceType('/v1/threads/{thread_id}:share');
const threadKind = resourceType('/v1/threads');

export const shares: RouteHandlers<typeof routes> = {
  create: (context) => {
    const share = serveGeneric(untypedContext(context)).body as Share;
    const isOfUser = ({ value }: Row) => value.role === 'user';
    share.snapshot_turn_count = messagesOf(context.engine, context.params.thread_id).filter(isOfUser).length;
    return { status: 201, body: share };
  },
  delete: ({ engine, params, query }) => {
    const [row] = engine.state.rows(shareKind, ({ parents, value }) => parents.thread_id === params.thread_id && value.id === query.id);
    if (!row) throw notFound();
    engine.state.remove(shareKind, (each) => each === row);
    return { status: 204, body: undefined };
  },
  view: (context) => {
    const { thread, share } = sharedBy(context, context.params.token);
    const { session_token } = context.query;
    const { rows, next } = pageOfOldest(messagesOf(context.engine, thread.id), `shared messages ${share.id}`, context.query);
    if (share.has_password && session_token === undefined) return { status: 200, body: { requires_password: true }, next: undefined };
    requireSession(share, session_token);
    const shown = rows.map(({ value }) => value as Message);
    return {
      status: 200,
      body: { requires_password: false, thread: { title: thread.title, created_at: thread.created_at }, messages: shown },
      next,
    };
  },
  verify: (context) => {
    const { share } = sharedBy(context, context.params.token);
    if (!share.has_password) throw apiError('conflict', 'no_password', 'This share has no password.');
    return { status: 200, body: { session_token: `${share.id}.session` } };
  },
};

/** The mock does not store passwords of shares: any password is correct. */
export function sharedBy({ engine }: Pick<Context, 'engine'>, token: string): { thread: Thread; share: Share } {
  const [row] = engine.state.rows(shareKind, ({ value }) => value.token === token);
  const [thread] = row ? engine.state.rows(threadKind, ({ value }) => value.id === row.parents.thread_id) : [];
  const creator = engine.state.users.get(thread?.value.created_by_user_id as string);
  if (!row || !thread || creator?.status === 'suspended') throw notFound();
  return { thread: thread.value as Thread, share: row.value as Share };
}

/** Throws 403 unless the share has no password or the session is of its password. */
export function requireSession(share: Share, session: string | undefined) {
  if (share.has_password && session !== `${share.id}.session`) throw apiError('forbidden', 'invalid_session', 'Give the password again.');
}
