import { z } from 'zod';
import type { Params, Sample } from '../../client/conformance/sample.ts';
import { fillPath } from '../../contract/shared/path.ts';
import type { Route, Schema } from '../../contract/shared/route.ts';
import { type Operation, operations } from './operations.ts';
import { adminOf } from './planSamples.ts';
import { bodies } from './samples/bodies.ts';
import { post } from './samples/makers.ts';
import { extras, queries } from './samples/requests.ts';
import { things } from './samples/things.ts';
import type { Person, World } from './world.ts';

export { type Params, pathOf, type Sample } from '../../client/conformance/sample.ts';
export { unfulfilled } from './samples/requests.ts';

/** What samples are made with: an installation and the person who makes them. */
export type Maker = { world: World; by: Person };

/** Everything a path names, made by somebody. Fails where no line says how. */
export async function makeParams(maker: Maker, { path }: Pick<Route, 'path'>): Promise<Params> {
  const params: Params = {};
  for (const { 1: param, index, 0: hole } of path.matchAll(/\{(\w+)(?:\.\.\.)?\}/g)) {
    const upTo = path.slice(0, index + hole.length);
    const make = things[upTo];
    if (!make) throw new Error(`no sample: add a line '${upTo}' to \`things\` in test/setup/samples/things.ts`);
    params[param!] = await make(maker, params);
  }
  return params;
}

/** What has to happen to a thing before the next of its kind can be made, by the path it is made at. */
const settled: Record<string, (maker: Maker, made: { run_id: string }) => Promise<unknown>> = {
  '/v1/threads/{thread_id}/runs': ({ world }, { run_id: id }) =>
    world.sql(`update runs set status = 'completed', completed_at = now() where id = $1`, [id]),
};

/** Makes `count` things that a list shows, by whoever asks: the path of the list says how. */
export async function fill(maker: Maker, { path }: Pick<Route, 'path'>, count: number): Promise<Params> {
  const params = await makeParams(maker, { path });
  const creator = operations.find(({ route }) => route.method === 'POST' && route.path === path);
  const shown = Object.keys(things).find((thing) => thing.startsWith(`${path}/{`));
  if (!creator && !shown) return fill(maker, { path: path.slice(0, path.lastIndexOf('/')) as Route['path'] }, count);
  for (let made = 0; made < count; made++) {
    if (!creator) await things[shown!]!(maker, params);
    else {
      const poster = creator.route.metadata.auth === 'platform' ? { world: maker.world, by: await adminOf(maker.world) } : maker;
      const thing = await post(poster, fillPath(path, params), (await sampleOf(maker, creator)).body);
      await settled[path]?.(maker, thing);
    }
  }
  return params;
}

const fits = (shape: Schema | undefined, value: unknown) => shape === undefined || z.safeParse(shape, value).success;

/** A good request of an operation. Fails where the tables in `samples/` lack a line that it needs. */
export async function sampleOf(maker: Maker, { id, route }: Operation): Promise<Sample> {
  const params = await makeParams(maker, route);
  const query = queries[id] ?? {};
  if (!fits(route.query, query)) throw new Error(`no sample: add a line '${id}' to \`queries\` in test/setup/samples/requests.ts`);
  const more = await extras[id]?.(maker, params);
  return {
    params,
    query,
    headers: {},
    body: await bodyOf(maker, route, params),
    ...(route.metadata.auth !== 'public' && { token: maker.by.token }),
    ...more,
  };
}

async function bodyOf(maker: Maker, { body: shape }: Route, params: Params): Promise<unknown> {
  if (!shape) return undefined;
  const model = z.globalRegistry.get(shape)?.id;
  const make = model === undefined ? undefined : bodies[model];
  if (make) return make(maker, params);
  if (!fits(shape, {})) throw new Error(`no sample: add a line '${model}' to \`bodies\` in test/setup/samples/bodies.ts`);
  return {};
}
