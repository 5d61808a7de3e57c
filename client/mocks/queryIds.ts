import type { QueryTarget } from '../../contract/shared/policy.ts';
import type { Context } from './context.ts';
import { rowsSeen } from './generic.ts';
import { kindOf } from './kinds.ts';
import { notFound, refuse } from './refusal.ts';

const accounts = kindOf('/v1/accounts');

/** Whether the caller sees what an id in the query names; a share is looked for by its own routes. */
const sees: Record<QueryTarget, (context: Context, id: string) => boolean> = {
  account: ({ caller, engine }, id) =>
    id === caller!.accountId || (caller!.user.isAdmin && engine.state.rows(accounts).some(({ value }) => value.id === id)),
  user: ({ engine }, id) => engine.state.users.has(id),
  project: (context, id) => rowsSeen(kindOf('/v1/projects'), context).some(({ value }) => value.id === id),
  thread: ({ engine }, id) => engine.state.rows(kindOf('/v1/threads')).some(({ value }) => value.id === id),
  run: (context, id) => rowsSeen(kindOf('/v1/runs'), context).some(({ value }) => value.run_id === id),
  share: () => true,
  rows: () => true,
};

/** Throws 404 when an id in the query names what the caller does not see. */
export function demandQueryIds(context: Context): void {
  const query = context.query as Record<string, string | undefined>;
  for (const [param, target] of Object.entries(context.operation.route.metadata.queryIds ?? {})) {
    const id = query[param];
    if (id === undefined || id === 'all' || sees[target](context, id)) continue;
    throw target === 'account' && context.caller?.user.isAdmin
      ? refuse('not_found', 'account_not_found', 'There is no such account.')
      : notFound();
  }
}
