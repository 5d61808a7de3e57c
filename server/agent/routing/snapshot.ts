import { z } from 'zod';
import { eventData } from '../../../contract/eventData.ts';
import type { Keys } from '../../kernel/keys.ts';
import { unseal } from '../../kernel/seal.ts';
import type { Prices } from '../cost.ts';
import { RunFailure } from '../failure.ts';
import type { ResolvedRoute } from '../providers/route.ts';

const AnyObject = z.record(z.string(), z.unknown());
const price = z.union([z.string(), z.number()]).nullable();

const upstream = {
  model: z.string(),
  base_url: z.string().nullable(),
  advanced_json: AnyObject,
  /** The sealed key in base64, and what it is sealed for. */
  key: z.object({ sealed: z.string(), owner: z.string() }),
};

const Target = z.discriminatedUnion('provider_kind', [
  z.object({
    provider_kind: z.literal('openai'),
    ...upstream,
    openai_api_mode: z.enum(['auto', 'responses', 'chat_completions']).nullable(),
  }),
  z.object({ provider_kind: z.literal('anthropic'), ...upstream }),
  z.object({ provider_kind: z.literal('stub'), deltaCount: z.int(), deltaIntervalSeconds: z.number() }),
]);

/** Where a route leads, with the key sealed. */
export type Target = z.infer<typeof Target>;

/** A routing decision as plain JSON, to be kept with its run: it holds for all attempts, whatever becomes of the provider. */
export const RouteSnapshot = z.object({
  event: eventData['run.route.selected'],
  target: Target,
  prices: z.object({
    cost_per_1k_input: price,
    cost_per_1k_output: price,
    cost_per_1k_cache_write: price,
    cost_per_1k_cache_read: price,
  }),
  multiplier: z.union([z.string(), z.number()]),
});
export type RouteSnapshot = z.infer<typeof RouteSnapshot>;

/** A routing decision: the data of `run.route.selected`, the route with its key in the clear, what it costs, and the form to keep. */
export type Routed = {
  event: RouteSnapshot['event'];
  route: ResolvedRoute;
  prices: Prices;
  multiplier: string | number;
  snapshot: RouteSnapshot;
};

/** The decision that a run was started with. Throws a RunFailure `config.invalid` when its key does not open any more. */
export function reopenRoute({ keys }: { keys: Pick<Keys, 'encryptionKey'> }, kept: unknown): Routed {
  const { success, data: snapshot } = RouteSnapshot.safeParse(kept);
  if (!success) throw new RunFailure('config.invalid', 'The route of the run cannot be read.');
  const { event, prices, multiplier } = snapshot;
  return { event, route: openTarget(keys.encryptionKey, snapshot.target), prices, multiplier, snapshot };
}

function openTarget(encryptionKey: Buffer, target: Target): ResolvedRoute {
  if (target.provider_kind === 'stub') return { ...target, model: 'stub' };
  const { key, ...upstream } = target;
  try {
    return { ...upstream, api_key: unseal(encryptionKey, Buffer.from(key.sealed, 'base64'), key.owner).toString() };
  } catch {
    throw new RunFailure('config.invalid', 'The key of the model provider cannot be read; it has to be set again.');
  }
}
