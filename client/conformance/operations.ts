import * as contract from '../../contract/index.ts';
import type { Policy } from '../../contract/shared/policy.ts';
import type { Resource, Route } from '../../contract/shared/route.ts';

/** A route under the name it has in the contract. */
export type Operation = { readonly id: string; readonly route: Route; readonly title: string };

/** Every route of the contract. */
export const operations: Operation[] = Object.entries(contract as Record<string, Resource>).flatMap(([area, resource]) =>
  Object.entries(resource).map(([verb, route]) => ({ id: `${area}.${verb}`, route, title: `${route.method} ${route.path}` })),
);

/** Whether a call needs a credential. */
export const isProtected = ({ metadata }: Route) => metadata.auth !== 'public';

/** Whether a call changes something, as its policy tells. */
export const auditOf = ({ metadata }: Route): readonly [string, string] | undefined =>
  metadata.audit === undefined || metadata.audit === 'none' ? undefined : metadata.audit;

/** The parameters of a path that are ids: all that the contract does not describe otherwise. */
export const idParams = ({ path, pathParams }: Route): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).filter((name) => !pathParams || !(name in pathParams._zod.def.shape));

/** Whether what a route is about is a user's or the platform's, whatever the account. */
export const isOfUserAlone = ({ metadata }: Route) => metadata.account === 'optional' || metadata.auth === 'platform';

/** Whether the account is named by the path and not by the token or a header. */
export const namesAccount = ({ path }: Route) => path.startsWith('/v1/accounts/{account_id}');

const first = (demand: NonNullable<Policy['permission']>): string =>
  typeof demand === 'string' ? demand : Array.isArray(demand) ? demand[0] : (demand as { account: string }).account;

/** The permission that somebody without any is told to lack; undefined where none is asked, or only the service knows. */
export function firstDemand({ metadata: { auth, read, permission, or } }: Route): string | undefined {
  if (auth === 'platform') return 'platform.admin';
  if (read) return first(read);
  return permission && !or ? first(permission) : undefined;
}
