import type { SpendingLimits } from '../../agent/loop/usageTotals.ts';
import { RunFailure } from '../../models/runFailure.ts';
import type { Settings } from '../../resources/settings/settings.ts';
import type { TreeRow } from './queries.ts';

/** The smaller of two limits, where 0 and undefined mean no limit. */
export const smallerLimit = (one: number | undefined, other: number): number => (one && other ? Math.min(one, other) : one || other);

export const accountLimits = (settings: Pick<Settings, 'budget.max_cost_micros' | 'budget.max_total_output_tokens'>): SpendingLimits => ({
  costMicros: settings['budget.max_cost_micros'],
  outputTokens: settings['budget.max_total_output_tokens'],
});

type Budgets = NonNullable<TreeRow['budgets']>;

/** The limits of a run: those of its persona, or lower ones of the account. */
export const limitsOf = (budgets: Budgets | null, account: SpendingLimits): SpendingLimits => ({
  costMicros: smallerLimit(budgets?.max_cost_micros, account.costMicros),
  outputTokens: smallerLimit(budgets?.max_total_output_tokens, account.outputTokens),
});

/**
 * The budget of a run covers the runs below it. Throws `budget.exceeded` if what a run and its descendants have used is over the limits of that
 * run, for the run with this id and all runs above it.
 */
export function checkTreeBudgets(tree: readonly TreeRow[], runId: string, account: SpendingLimits): void {
  const byId = new Map(tree.map((run) => [run.id, run]));
  const children = Map.groupBy(tree, ({ parent_run_id }) => parent_run_id);
  const spentBy = (run: TreeRow): { costMicros: number; outputTokens: number } =>
    (children.get(run.id) ?? [])
      .map(spentBy)
      .reduce((sum, below) => ({ costMicros: sum.costMicros + below.costMicros, outputTokens: sum.outputTokens + below.outputTokens }), {
        costMicros: run.cost_micros,
        outputTokens: run.output_tokens,
      });
  for (let run = byId.get(runId); run; run = byId.get(run.parent_run_id ?? '')) {
    const limits = limitsOf(run.budgets, account);
    const spent = spentBy(run);
    const whose = { run_id: run.id };
    if (limits.costMicros > 0 && spent.costMicros > limits.costMicros)
      throw new RunFailure('budget.exceeded', 'The run and its sub-agents cost more than they may.', {
        details: { ...whose, max_cost_micros: limits.costMicros, cost_micros: spent.costMicros },
      });
    if (limits.outputTokens > 0 && spent.outputTokens > limits.outputTokens)
      throw new RunFailure('budget.exceeded', 'The run and its sub-agents wrote more than they may.', {
        details: { ...whose, max_total_output_tokens: limits.outputTokens, output_tokens: spent.outputTokens },
      });
  }
}
