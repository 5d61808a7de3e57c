import { z } from 'zod';
import { eventData } from '../../../contract/eventData.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import type { Keys } from '../../platform/crypto/keys.ts';
import { isSealedWithNewest, seal, unseal } from '../../platform/crypto/seal.ts';
import type { Prices } from '../cost.ts';
import type { ResolvedRoute } from '../route.ts';
import { RunFailure } from '../runFailure.ts';

const AnyObject = z.record(z.string(), z.unknown());
const price = z.union([z.string(), z.number()]).nullable();

const upstream = {
  model: z.string(),
  base_url: z.string().nullable(),
  advanced_json: AnyObject,
  /** The sealed API key in base64, and the owner that it is sealed for. */
  key: z.object({ sealed: z.string(), owner: z.string() }),
};

const RouteTarget = z.discriminatedUnion('provider_kind', [
  z.object({
    provider_kind: z.literal('openai'),
    ...upstream,
    openai_api_mode: z.enum(['auto', 'responses', 'chat_completions']).nullable(),
  }),
  z.object({ provider_kind: z.enum(['anthropic', 'gemini']), ...upstream }),
  z.object({ provider_kind: z.literal('stub'), deltaCount: z.int(), deltaIntervalSeconds: z.number() }),
]);

export type RouteTarget = z.infer<typeof RouteTarget>;

/** A routing decision as plain JSON, stored with its run. It applies to all attempts, even if the provider is changed or deleted. */
export const RouteSnapshot = z.object({
  event: eventData['run.route.selected'],
  target: RouteTarget,
  prices: z.object({
    cost_per_1k_input: price,
    cost_per_1k_output: price,
    cost_per_1k_cache_write: price,
    cost_per_1k_cache_read: price,
  }),
  multiplier: z.union([z.string(), z.number()]),
});
export type RouteSnapshot = z.infer<typeof RouteSnapshot>;

/** `event` is the data of `run.route.selected`. `route` has the key in clear text. `snapshot` is the form to store. */
export type RouteDecision = {
  event: RouteSnapshot['event'];
  route: ResolvedRoute;
  prices: Prices;
  multiplier: string | number;
  snapshot: RouteSnapshot;
};

/** Reads the stored decision of a run. Throws the `RunFailure` `config.invalid` if its key cannot be decrypted. */
export function openSnapshot({ keys }: { keys: Pick<Keys, 'encryptionKeys'> }, kept: unknown): RouteDecision {
  const { success, data: snapshot } = RouteSnapshot.safeParse(kept);
  if (!success) throw new RunFailure('config.invalid', 'The route of the run cannot be read.');
  const { event, prices, multiplier } = snapshot;
  return { event, route: openTarget(keys.encryptionKeys, snapshot.target), prices, multiplier, snapshot };
}

function openTarget(encryptionKeys: Keyring, target: RouteTarget): ResolvedRoute {
  if (target.provider_kind === 'stub') return { ...target, model: 'stub' };
  const { key, ...upstream } = target;
  try {
    const sealed = Buffer.from(key.sealed, 'base64');
    const apiKey = unseal(encryptionKeys, sealed, key.owner).toString();
    // A snapshot that is stored while values are re-sealed would otherwise bring the old key back.
    if (!isSealedWithNewest(encryptionKeys, sealed)) key.sealed = seal(encryptionKeys, apiKey, key.owner).toString('base64');
    return { ...upstream, api_key: apiKey };
  } catch (cause) {
    throw new RunFailure('config.invalid', 'The key of the model provider cannot be read; it has to be set again.', { cause });
  }
}
