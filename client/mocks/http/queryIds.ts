import type { QueryTarget } from '../../../contract/shared/policy.ts';
import type { Context } from '../context.ts';
import { visibleRows } from '../resources/generic.ts';
import { resourceType } from '../resourceTypes.ts';
import { apiError, notFound } from './errors.ts';

const accounts = resourceType('/v1/accounts');

/** Whether the caller may see the resource that an id in the query names. The share routes check share ids themselves. */
const isVisible: Record<QueryTarget, (context: Context, id: string) => boolean> = {
  account: ({ caller, engine }, id) =>
    id === caller!.accountId || (caller!.user.isAdmin && engine.state.rows(accounts).some(({ value }) => value.id === id)),
  user: ({ engine }, id) => engine.state.users.has(id),
  project: (context, id) => visibleRows(resourceType('/v1/projects'), context).some(({ value }) => value.id === id),
  thread: ({ engine }, id) => engine.state.rows(resourceType('/v1/threads')).some(({ value }) => value.id === id),
  run: (context, id) => visibleRows(resourceType('/v1/runs'), context).some(({ value }) => value.run_id === id),
  share: () => true,
  rows: () => true,
};

/** Throws 404 if an id in the query names a resource that the caller may not see. */
export function requireQueryIds(context: Context): void {
  const query = context.query as Record<string, string | undefined>;
  for (const [param, target] of Object.entries(context.operation.route.metadata.queryIds ?? {})) {
    const id = query[param];
    if (id === undefined || id === 'all' || isVisible[target](context, id)) continue;
    throw target === 'account' && context.caller?.user.isAdmin
      ? apiError('not_found', 'account_not_found', 'There is no such account.')
      : notFound();
  }
}
