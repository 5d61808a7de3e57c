import { z } from 'zod';
import type { Config } from '../../platform/config/config.ts';
import { OperatorError } from '../../platform/operatorError.ts';

const AnyObject = z.record(z.string(), z.unknown());
const price = z.number().min(0).nullable().default(null);

const upstream = {
  id: z.string().min(1),
  name: z.string().min(1).optional(),
  api_key: z.string().min(1),
  base_url: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null),
  advanced_json: AnyObject.default({}),
};

const Credential = z.discriminatedUnion('provider_kind', [
  z.strictObject({
    provider_kind: z.literal('openai'),
    ...upstream,
    openai_api_mode: z.enum(['auto', 'responses', 'chat_completions']).nullable().default(null),
  }),
  z.strictObject({ provider_kind: z.enum(['anthropic', 'gemini']), ...upstream }),
  z.strictObject({ provider_kind: z.literal('stub'), id: upstream.id, name: upstream.name }),
]);
export type StaticCredential = z.infer<typeof Credential>;

const StaticRoute = z.strictObject({
  id: z.string().min(1),
  credential_id: z.string().min(1),
  model: z.string().min(1),
  when: AnyObject.default({}),
  advanced_json: AnyObject.default({}),
  multiplier: z.number().positive().default(1),
  cost_per_1k_input: price,
  cost_per_1k_output: price,
  cost_per_1k_cache_write: price,
  cost_per_1k_cache_read: price,
});
export type StaticRoute = z.infer<typeof StaticRoute>;

const StaticRouting = z
  .strictObject({ default_route_id: z.string().min(1), credentials: z.array(Credential), routes: z.array(StaticRoute) })
  .superRefine(({ default_route_id: fallback, credentials, routes }, { addIssue }) => {
    const known = new Set(credentials.map(({ id }) => id));
    if (known.size < credentials.length) addIssue({ code: 'custom', path: ['credentials'], message: 'ids must be unique' });
    if (new Set(routes.map(({ id }) => id)).size < routes.length)
      addIssue({ code: 'custom', path: ['routes'], message: 'ids must be unique' });
    if (!routes.some(({ id }) => id === fallback)) addIssue({ code: 'custom', path: ['default_route_id'], message: 'names no route' });
    routes.forEach((route, at) => {
      if (!known.has(route.credential_id))
        addIssue({ code: 'custom', path: ['routes', at, 'credential_id'], message: 'names no credential' });
    });
  });
export type StaticRouting = z.infer<typeof StaticRouting>;

type Source = Pick<Config, 'providerRoutingJson'>;
const known = new WeakMap<Source, StaticRouting>();

/**
 * The routes of ARKLOOP_PROVIDER_ROUTING_JSON, if set. Throws an `OperatorError` that names the invalid fields but
 * never their values.
 */
export function readStaticRouting(config: Source): StaticRouting | undefined {
  if (config.providerRoutingJson === undefined) return undefined;
  const read = known.get(config) ?? parse(config.providerRoutingJson);
  known.set(config, read);
  return read;
}

function parse(value: unknown): StaticRouting {
  const { success, data, error } = StaticRouting.safeParse(value);
  if (success) return data;
  const places = error.issues.map(({ path, message }) => `ARKLOOP_PROVIDER_ROUTING_JSON: ${path.join('.') || 'the document'}: ${message}`);
  throw new OperatorError(places.join('\n'));
}
