import { z } from 'zod';
import type { Route } from '../../../contract/shared/route.ts';
import type { Operation } from '../operations.ts';
import type { Params, Sample } from '../sample.ts';
import { bodies } from './bodies.ts';
import { asAdmin, type SampleContext, UncheckedReason } from './fixtures.ts';
import { queries, requestParts, skippedOperations } from './requests.ts';
import { resources } from './resources.ts';

type Make<Context, Value> = (maker: Context, params: Params) => Value | Promise<Value>;

/** What valid requests consist of: resources by path, bodies by model, queries and other parts by operation. */
export type SampleTables<Context extends SampleContext> = {
  resources: Record<string, Make<Context, string>>;
  bodies: Record<string, Make<Context, unknown>>;
  queries: Record<string, Make<Context, Record<string, string>>>;
  requestParts: Record<string, Make<Context, Partial<Sample>>>;
};

/** Creates everything that the path parameters identify. */
export async function paramsFrom<Context extends SampleContext>(
  tables: Pick<SampleTables<Context>, 'resources'>,
  maker: Context,
  { path }: Pick<Route, 'path'>,
): Promise<Params> {
  const params: Params = {};
  for (const { 1: param, index, 0: hole } of path.matchAll(/\{(\w+)(?:\.\.\.)?\}/g)) {
    const upTo = path.slice(0, index + hole.length);
    const make = tables.resources[upTo];
    if (!make) throw new UncheckedReason(`\`resources\` does not say how to make ${upTo}`);
    params[param!] = await make(maker, params);
  }
  return params;
}

/** A valid body. */
export async function bodyFrom<Context extends SampleContext>(
  { bodies }: Pick<SampleTables<Context>, 'bodies'>,
  maker: Context,
  { body: shape }: Route,
  params: Params,
): Promise<unknown> {
  if (!shape) return undefined;
  const model = z.globalRegistry.get(shape)?.id ?? '';
  const make = bodies[model];
  if (make) return make(maker, params);
  if (z.safeParse(shape, {}).success) return {};
  throw new UncheckedReason(`\`bodies\` does not say how to make a valid ${model}`);
}

/** Creates everything that a valid request needs. Operations of the platform are called by the administrator. */
export async function sampleFrom<Context extends SampleContext>(
  tables: SampleTables<Context>,
  anybody: Context,
  { id, route }: Operation,
): Promise<Sample> {
  const maker = route.metadata.auth === 'platform' ? asAdmin(anybody) : anybody;
  const params = await paramsFrom(tables, maker, route);
  const query = (await tables.queries[id]?.(maker, params)) ?? {};
  const parts = (await tables.requestParts[id]?.(maker, params)) ?? {};
  return {
    params,
    query,
    headers: {},
    body: 'body' in parts ? undefined : await bodyFrom(tables, maker, route, params),
    ...(route.metadata.auth !== 'public' && { token: maker.by.token }),
    ...parts,
  };
}

/** A valid request over HTTP. Throws Unchecked if that is not possible. */
export async function sampleOf(maker: SampleContext, operation: Operation): Promise<Sample> {
  const reason = skippedOperations[operation.id];
  if (reason) throw new UncheckedReason(reason);
  return sampleFrom({ resources, bodies, queries, requestParts }, maker, operation);
}
