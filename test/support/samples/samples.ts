import type { Params, Sample } from '../../../client/conformance/sample.ts';
import { asAdmin, post } from '../../../client/conformance/samples/fixtures.ts';
import { queries } from '../../../client/conformance/samples/requests.ts';
import { bodyFrom, paramsFrom, sampleFrom } from '../../../client/conformance/samples/sampleOf.ts';
import { fillPath } from '../../../contract/shared/path.ts';
import type { Route } from '../../../contract/shared/route.ts';
import { type Operation, operations } from '../http/operations.ts';
import { bodies } from './bodies.ts';
import { contextOf, type Maker } from './context.ts';
import { requestParts } from './requests.ts';
import { resources } from './resources.ts';

export { type Params, pathOf, type Sample } from '../../../client/conformance/sample.ts';
export { failingResponses } from './requests.ts';

const tables = { resources, bodies, queries, requestParts };

/** Creates everything that the path parameters identify. Throws if `resources` lacks an entry. */
export const makeParams = async (maker: Maker, route: Pick<Route, 'path'>): Promise<Params> =>
  paramsFrom(tables, await contextOf(maker), route);

/** A valid request of an operation. Throws if the tables of samples lack an entry for it. */
export const sampleOf = async (maker: Maker, operation: Operation): Promise<Sample> =>
  sampleFrom(tables, await contextOf(maker), operation);

/** Steps that are required before the next resource of the same kind can be created, by the path of creation. */
const settled: Record<string, (maker: Maker, made: { run_id: string }) => Promise<unknown>> = {
  '/v1/threads/{thread_id}/runs': ({ app }, { run_id: id }) =>
    app.sql(`update runs set status = 'completed', completed_at = now() where id = $1`, [id]),
};

/** Creates `count` resources that the list at `path` shows. */
export async function fillList(maker: Maker, { path }: Pick<Route, 'path'>, count: number): Promise<Params> {
  const context = await contextOf(maker);
  const params = await paramsFrom(tables, context, { path });
  const creator = operations.find(({ route }) => route.method === 'POST' && route.path === path);
  const shown = Object.keys(resources).find((resource) => resource.startsWith(`${path}/{`));
  if (!creator && !shown) return fillList(maker, { path: path.slice(0, path.lastIndexOf('/')) as Route['path'] }, count);
  for (let made = 0; made < count; made++) {
    if (!creator) await resources[shown!]!(context, params);
    else {
      const poster = creator.route.metadata.auth === 'platform' ? asAdmin(context) : context;
      const resource = await post(poster, fillPath(path, params), await bodyFrom(tables, context, creator.route, params));
      await settled[path]?.(maker, resource);
    }
  }
  return params;
}
