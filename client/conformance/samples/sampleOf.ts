import { z } from 'zod';
import type { Route } from '../../../contract/shared/route.ts';
import type { Operation } from '../operations.ts';
import type { Params, Sample } from '../sample.ts';
import { bodies } from './bodies.ts';
import { asAdmin, type Maker, Unchecked } from './make.ts';
import { extras, queries, untried } from './requests.ts';
import { things } from './things.ts';

/** Everything a path names. */
async function paramsOf(maker: Maker, { path }: Pick<Route, 'path'>): Promise<Params> {
  const params: Params = {};
  for (const { 1: param, index, 0: hole } of path.matchAll(/\{(\w+)(?:\.\.\.)?\}/g)) {
    const make = things[path.slice(0, index + hole.length)];
    if (!make) throw new Unchecked(`nothing says how to make ${hole}`);
    params[param!] = await make(maker, params);
  }
  return params;
}

async function bodyOf(maker: Maker, { body: shape }: Route, params: Params): Promise<unknown> {
  if (!shape) return undefined;
  const model = z.globalRegistry.get(shape)?.id ?? '';
  const make = bodies[model];
  if (make) return make(maker, params);
  if (z.safeParse(shape, {}).success) return {};
  throw new Unchecked(`nothing says how to make a good ${model}`);
}

/** A good request of an operation, made over HTTP alone. Throws Unchecked where that is not possible. */
export async function sampleOf(anybody: Maker, { id, route }: Operation): Promise<Sample> {
  const maker = route.metadata.auth === 'platform' ? asAdmin(anybody) : anybody;
  if (untried[id]) throw new Unchecked(untried[id]);
  const params = await paramsOf(maker, route);
  const query = (await queries[id]?.(maker, params)) ?? {};
  return {
    params,
    query,
    headers: {},
    body: await bodyOf(maker, route, params),
    ...(route.metadata.auth !== 'public' && { token: maker.by.token }),
    ...(await extras[id]?.(maker, params)),
  };
}
