import { addCallUsage, noPrices } from '../../agent/loop/usageTotals.ts';
import { textTokens } from '../../models/estimate.ts';
import { completeUsage } from '../../models/metering.ts';
import type { Cost, Usage } from '../../models/model.ts';
import { RouteSnapshot } from '../execute/resolveRoute.ts';
import type { LeasedRun } from '../lease/lease.ts';
import type { ReplayedRun } from '../record/replay.ts';

/**
 * Adds to `replayed.usageTotals` the usage of the model call during which the last worker stopped, estimated from the prompt and
 * the stored text, and returns it. Undefined if nothing was received.
 */
export function addInterruptedCall(
  run: Pick<LeasedRun, 'prompt_tokens' | 'route_snapshot'>,
  replayed: ReplayedRun,
): { usage: Usage; cost: Cost } | undefined {
  if (replayed.partialOutput === '') return undefined;
  const estimate = { promptTokens: run.prompt_tokens, outputTokens: textTokens(replayed.partialOutput), isWhole: false };
  const usage = completeUsage(undefined, estimate);
  const { data: route } = RouteSnapshot.safeParse(run.route_snapshot);
  return { usage, cost: addCallUsage(replayed.usageTotals, route?.prices ?? noPrices, usage) };
}
