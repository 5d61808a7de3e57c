import * as contract from '../../contract/index.ts';
import type { Resource, Route } from '../../contract/shared/route.ts';
import { RouteTable } from '../../contract/shared/routeTable.ts';

/** `id` is the name in the client: `threads.create`. */
export type Operation = { id: string; area: string; route: Route };

export const operations: readonly Operation[] = Object.entries(contract as Record<string, Resource>).flatMap(([area, resource]) =>
  Object.entries(resource).map(([verb, route]) => ({ id: `${area}.${verb}`, area, route })),
);

export const table = new RouteTable<Operation>();
for (const operation of operations) table.add(operation.route.method, operation.route.path, operation);
