import * as contract from '../../contract/index.ts';
import type { Policy } from '../../contract/shared/policy.ts';
import type { Resource, Route } from '../../contract/shared/route.ts';

/** `id` is the name in the contract: `threads.create`. */
export type Operation = { readonly id: string; readonly route: Route; readonly title: string };

export const operations: Operation[] = Object.entries(contract as Record<string, Resource>).flatMap(([area, resource]) =>
  Object.entries(resource).map(([verb, route]) => ({ id: `${area}.${verb}`, route, title: `${route.method} ${route.path}` })),
);

export const isProtected = ({ metadata }: Route) => metadata.auth !== 'public';

/** Action and target type of the route's audit entry; undefined for routes without one. */
export const auditOf = ({ metadata }: Route): readonly [string, string] | undefined =>
  metadata.audit === undefined || metadata.audit === 'none' ? undefined : metadata.audit;

/** Path parameters that are ids: all those without a schema in the contract. */
export const idParams = ({ path, pathParams }: Route): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).filter((name) => !pathParams || !(name in pathParams._zod.def.shape));

/** Whether the resource of a route belongs to a user or to the platform instead of an account. */
export const isAccountIndependent = ({ metadata }: Route) => metadata.account === 'optional' || metadata.auth === 'platform';

/** Whether the path names the account, instead of the token or a header. */
export const namesAccount = ({ path }: Route) => path.startsWith('/v1/accounts/{account_id}');

const first = (demand: NonNullable<Policy['permission']>): string =>
  typeof demand === 'string' ? demand : Array.isArray(demand) ? demand[0] : (demand as { account: string }).account;

/** The permission named in the 403 for a user without permissions; undefined if the route requires none or the service decides. */
export function firstRequiredPermission({ metadata: { auth, read, permission, exempt } }: Route): string | undefined {
  if (auth === 'platform') return 'platform.admin';
  if (read) return first(read);
  return permission && !exempt ? first(permission) : undefined;
}
