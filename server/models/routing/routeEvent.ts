import { createHash } from 'node:crypto';
import type { Prices } from '../cost.ts';
import type { RouteSnapshot, RouteTarget } from './routeSnapshot.ts';

type Event = RouteSnapshot['event'];
export type UpstreamTarget = Exclude<RouteTarget, { provider_kind: 'stub' }>;

/** The data of `run.route.selected`. */
export function routeSelectedData(
  target: UpstreamTarget,
  names: Pick<Event, 'route_id' | 'credential_id' | 'credential_name' | 'owner_kind'>,
): Event {
  const { provider_kind, model, base_url, advanced_json } = target;
  const sha256 = fingerprint(advanced_json);
  return {
    ...names,
    model,
    provider_kind,
    ...(base_url !== null && { base_url }),
    ...(target.provider_kind === 'openai' && { openai_api_mode: target.openai_api_mode ?? 'auto' }),
    ...(sha256 !== undefined && { advanced_json_sha256: sha256 }),
  };
}

/** SHA-256 of an object, independent of key order. Undefined for an empty object. */
function fingerprint(value: Record<string, unknown>): string | undefined {
  if (Object.keys(value).length === 0) return undefined;
  return createHash('sha256').update(JSON.stringify(value, sorted)).digest('hex');
}

const sorted = (_key: string, value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

export const pricesOf = ({ cost_per_1k_input, cost_per_1k_output, cost_per_1k_cache_write, cost_per_1k_cache_read }: Prices): Prices => ({
  cost_per_1k_input,
  cost_per_1k_output,
  cost_per_1k_cache_write,
  cost_per_1k_cache_read,
});
