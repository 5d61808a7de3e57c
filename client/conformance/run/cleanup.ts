import { RouteTable } from '../../../contract/shared/routeTable.ts';
import type { Call, CallOptions, HttpResponse } from '../call.ts';
import { type Operation, operations } from '../operations.ts';
import { describeResponse, type Person } from '../people.ts';

type Undo = { method: string; path: string; options: CallOptions };

/** What the kit created, changed or could not remove. `left` has a line for each kind of thing that remains. */
export type CleanedUp = { removed: number; left: string[] };

const table = new RouteTable<Operation>();
for (const operation of operations) table.add(operation.route.method, operation.route.path, operation);

/** The operation that deletes what `POST path` creates. */
const deletionBelow = (path: string) =>
  operations.find(({ route }) => {
    const rest = route.method === 'DELETE' && route.path.startsWith(`${path}/{`) ? route.path.slice(path.length) : '';
    return /^\/\{\w+\}$/.test(rest);
  })?.route;

/** What undoes a request that creates or sets something without a DELETE route below its path. */
const otherUndo: Record<string, (path: string, answer: HttpResponse) => Pick<Undo, 'method' | 'path'> & Partial<Undo>> = {
  'runs.replay': (_, { body }) => ({ method: 'DELETE', path: `/v1/threads/${body.thread_id}` }),
  'threads.fork': (_, { body }) => ({ method: 'DELETE', path: `/v1/threads/${body.id}` }),
  'schedules.runNow': (_, { body }) => ({ method: 'DELETE', path: `/v1/threads/${body.thread_id}` }),
  'platformSettings.set': (path) => ({ method: 'DELETE', path }),
  'toolProviders.activate': (path) => ({ method: 'PUT', path: path.replace('/activate', '/deactivate') }),
  'toolProviders.setCredential': (path) => ({ method: 'DELETE', path }),
};

/** Records what requests create, to delete it in reverse order. */
export function openCleanup(plain: Call) {
  const undo = new Map<string, Undo>();
  const users = new Set<string>();
  const left = new Map<string, number>();

  function record(method: string, target: string, options: CallOptions, answer: HttpResponse) {
    if (answer.status >= 300) return;
    const [path = '', search] = target.split('?');
    const hit = table.find(method, path);
    if (!hit || !('value' in hit)) return;
    const { id, route } = hit.value;
    const { token, headers } = options;
    const account = headers?.['x-account-id'];
    const same: CallOptions = {
      ...(token !== undefined && { token }),
      ...(account !== undefined && { headers: { 'x-account-id': account } }),
    };
    const add = (step: Pick<Undo, 'method' | 'path'> & Partial<Undo>) =>
      undo.set(`${step.method} ${step.path}`, { options: same, ...step });
    if (id === 'auth.register') return void users.add(String(answer.body?.user_id));
    const other = otherUndo[id];
    if (other) return void add(other(search ? `${path}?${search}` : path, answer));
    if (id === 'redemptionCodes.createBatch') left.set('redemption codes, which have no DELETE', 1);
    const deletion = method === 'POST' ? deletionBelow(route.path) : undefined;
    if (!deletion) return;
    const name = /\{(\w+)\}$/.exec(deletion.path)![1]!;
    const key: unknown = answer.body?.[name] ?? answer.body?.id ?? answer.body?.key;
    if (typeof key !== 'string') return;
    const query = id === 'entitlementOverrides.set' ? `?account_id=${answer.body.account_id}` : '';
    const body = id === 'accounts.create' ? { slug: answer.body.slug } : undefined;
    add({ method: 'DELETE', path: `${path}/${key}${query}`, options: { ...same, ...(body && { body }) } });
  }

  return {
    /** The same calls, recorded. After `signal` they reject, without breaking a request that is under way: what it creates would be unknown. */
    record:
      (signal: AbortSignal): Call =>
      async (method, path, options = {}) => {
        signal.throwIfAborted();
        const answer = await plain(method, path, options);
        record(method, path, options, answer);
        return answer;
      },
    /** Adds a request that restores what the check changes. */
    restore: (step: Undo) => void undo.set(`${step.method} ${step.path}`, step),
    /** Deletes everything. Never rejects. */
    async run(admin: Person | undefined): Promise<CleanedUp> {
      let removed = 0;
      for (const { method, path, options } of [...undo.values()].reverse()) {
        const answer = await plain(method, path, options).catch((error: Error) => error);
        // 401: the session of the user has ended. Users are deleted with their account.
        const isGone = !(answer instanceof Error) && (answer.status < 300 || [401, 403, 404].includes(answer.status));
        if (isGone) removed++;
        // A plan that had a subscription.
        else if (path.startsWith('/v1/plans/')) left.set('plans that had a subscription, which cannot be deleted', 1);
        else left.set(`${method} ${path}: ${answer instanceof Error ? answer.message : describeResponse(answer)}`, 1);
      }
      undo.clear();
      return { removed: removed + (await deleteUsers(admin)), left: [...left].map(([line]) => line) };
    },
  };

  async function deleteUsers(admin: Person | undefined): Promise<number> {
    const ids = [...users].filter((id) => id !== admin?.id);
    users.clear();
    if (!admin) {
      if (ids.length > 0)
        left.set(
          `${ids.length} user${ids.length === 1 ? '' : 's'} named conformance-… or sample-…, which only a platform administrator can delete`,
          1,
        );
      return 0;
    }
    let removed = 0;
    for (const id of ids) {
      const answer = await plain('DELETE', `/v1/admin/users/${id}`, { token: admin.token }).catch((error: Error) => error);
      if (!(answer instanceof Error) && [204, 404].includes(answer.status)) removed++;
      else left.set(`user ${id}: ${answer instanceof Error ? answer.message : describeResponse(answer)}`, 1);
    }
    return removed;
  }
}
