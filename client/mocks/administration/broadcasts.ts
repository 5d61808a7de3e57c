import type { Broadcast, broadcasts as routes } from '../../../contract/broadcasts.ts';
import { type RouteHandlers, untypedContext } from '../context.ts';
import { createResource } from '../factory.ts';
import { apiError } from '../http/errors.ts';
import { deliverBroadcast } from '../notifications.ts';
import { serveGeneric } from '../resources/generic.ts';
import { resourceType } from '../resourceTypes.ts';

const broadcastKind = resourceType('/v1/admin/notifications/broadcasts');
const memberKind = resourceType('/v1/accounts/{account_id}/members');
const accountKind = resourceType('/v1/admin/accounts');
const notificationKind = resourceType('/v1/notifications');

/** The response shows a pending broadcast, as from the server. It is sent by the next request. */
export const broadcasts: RouteHandlers<typeof routes> = {
  create: (context) => {
    const { engine, caller, body } = context;
    const { state } = engine;
    const target_id = body.target === 'all' ? null : body.target;
    if (target_id !== null && state.rows(accountKind, ({ value }) => value.id === target_id).length === 0)
      throw apiError('not_found', 'account_not_found', 'There is no such account.');
    const target = { target_type: target_id === null ? 'all' : 'account', target_id, created_by: caller.user.id };
    const made = { ...createResource(broadcastKind.model, untypedContext(context)), ...target, status: 'pending' } as Broadcast;
    const isMember = (userId: string) =>
      state.rows(memberKind, ({ owner, value }) => owner === target_id && value.user_id === userId).length > 0;
    const audience = [...state.users.values()].filter(({ id, status }) => status === 'active' && (target_id === null || isMember(id)));
    for (const { id, accountId } of audience) deliverBroadcast(engine, made, id, target_id ?? accountId);
    const value: Broadcast = { ...made, status: 'completed', sent_count: audience.length };
    state.add(broadcastKind, { owner: 'platform', parents: {}, value });
    return { status: 202, body: made };
  },
  delete: (context) => {
    const { state } = context.engine;
    state.remove(notificationKind, ({ parents }) => parents.broadcast_id === context.params.broadcast_id);
    serveGeneric(untypedContext(context));
    return { status: 204, body: undefined };
  },
};
