import { textTokens } from '../agent/context/estimate.ts';
import { addSpending, noPrices } from '../agent/loop/spending.ts';
import { completeUsage } from '../agent/metering.ts';
import type { Cost, Usage } from '../agent/model.ts';
import { RouteSnapshot } from '../agent/routing.ts';
import type { LeasedRun } from './lease.ts';
import type { Log } from './recovery.ts';

/**
 * Adds to `log.spent` what the model call used in which the last worker of a run stopped, estimated from the prompt and the stored text, and
 * returns it. Undefined when nothing was received.
 */
export function addLostCall(run: Pick<LeasedRun, 'prompt_tokens' | 'route_snapshot'>, log: Log): { usage: Usage; cost: Cost } | undefined {
  if (log.received === '') return undefined;
  const estimate = { promptTokens: run.prompt_tokens, outputTokens: textTokens(log.received), isWhole: false };
  const usage = completeUsage(undefined, estimate);
  const { data: route } = RouteSnapshot.safeParse(run.route_snapshot);
  return { usage, cost: addSpending(log.spent, route?.prices ?? noPrices, usage) };
}
