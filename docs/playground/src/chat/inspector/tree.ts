import type { Run } from '../../../../../client/index.ts';
import type { Step, StepKind, StepStatus } from './trace.ts';

/** Tokens and cost in millionths of a US dollar. `isEstimated` if a part of them is. */
export type Totals = { input: number; output: number; costMicros: number; hasCost: boolean; isEstimated: boolean };

/** A visible line of the tree. */
export type Row = { step: Step; depth: number; hasChildren: boolean; totals: Totals };

export type Filter = { kind: StepKind | undefined; status: StepStatus | undefined; text: string };

export const noFilter: Filter = { kind: undefined, status: undefined, text: '' };

/** Tools that run in parallel stay in the order of the calls. A child run has sequence numbers of its own. */
const inOrder = (one: Step, other: Step) => (one.runId === other.runId ? one.firstSeq - other.firstSeq : one.start - other.start);

const childrenOf = (steps: readonly Step[]) => {
  const found = Map.groupBy(steps, ({ parentId }) => parentId);
  for (const group of found.values()) group.sort(inOrder);
  return found;
};

/** Own tokens and cost, or else the sum of the steps below. A run reports its own. */
function addTotals(step: Step, children: ReadonlyMap<string | undefined, Step[]>, into: Map<string, Totals>): Totals {
  const below = (children.get(step.id) ?? []).map((child) => addTotals(child, children, into));
  const { usage, cost } = step;
  const sum: Totals = { input: 0, output: 0, costMicros: 0, hasCost: false, isEstimated: false };
  const own = usage || cost ? [ownOf(step)] : step.kind === 'run' || step.kind === 'turn' || step.kind === 'tool' ? below : [];
  for (const each of own) {
    sum.input += each.input;
    sum.output += each.output;
    sum.costMicros += each.costMicros;
    sum.hasCost ||= each.hasCost;
    sum.isEstimated ||= each.isEstimated;
  }
  into.set(step.id, sum);
  return sum;
}

const ownOf = ({ usage, cost }: Step): Totals => ({
  input: usage?.input_tokens ?? 0,
  output: usage?.output_tokens ?? 0,
  costMicros: cost?.amount_micros ?? 0,
  hasCost: cost !== undefined,
  isEstimated: usage?.estimated === true,
});

/** The steps in the order of the tree, each with its depth, without those below a closed step. A match shows the steps above it too. */
export function rowsOf(steps: readonly Step[], closed: ReadonlySet<string>, filter: Filter): Row[] {
  const children = childrenOf(steps);
  const totals = new Map<string, Totals>();
  const roots = children.get(undefined) ?? [];
  for (const root of roots) addTotals(root, children, totals);
  const isFiltered = filter.kind !== undefined || filter.status !== undefined || filter.text.trim() !== '';
  const shown = isFiltered ? withAncestors(steps, filter) : undefined;
  const rows: Row[] = [];
  const walk = (step: Step, depth: number) => {
    if (shown && !shown.has(step.id)) return;
    const below = children.get(step.id) ?? [];
    rows.push({ step, depth, hasChildren: below.length > 0, totals: totals.get(step.id)! });
    if (isFiltered || !closed.has(step.id)) for (const child of below) walk(child, depth + 1);
  };
  for (const root of roots) walk(root, 0);
  return rows;
}

/** Ids of the matching steps and of those above them. */
function withAncestors(steps: readonly Step[], filter: Filter): Set<string> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const shown = new Set<string>();
  for (const step of steps)
    if (matches(step, filter)) for (let at: Step | undefined = step; at; at = byId.get(at.parentId ?? '')) shown.add(at.id);
  return shown;
}

function matches(step: Step, { kind, status, text }: Filter): boolean {
  if (kind !== undefined && step.kind !== kind) return false;
  if (status !== undefined && step.status !== status && !(status === 'failed' && step.status === 'denied')) return false;
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return true;
  const { name, input, output, reasoning, error } = step;
  return name.toLowerCase().includes(wanted) || JSON.stringify([input, output, reasoning, error]).toLowerCase().includes(wanted);
}

/** First and last instant of the steps. `now` is the end of those that are not over. */
export function spanOf(steps: readonly Step[], now: number): { start: number; end: number } {
  const start = steps[0]?.start ?? now;
  return { start, end: steps.reduce((latest, step) => Math.max(latest, step.end ?? now), start + 1) };
}

/**
 * Puts the steps of child runs into those of their parent: below the tool call during which the child was created, or else below the parent's run.
 * The ids of a child's steps are prefixed with its run.
 */
export function nestRuns(
  parent: readonly Step[],
  children: readonly { run: Pick<Run, 'run_id' | 'parent_run_id'>; steps: readonly Step[] }[],
): Step[] {
  const all = [...parent];
  for (const { run, steps } of children) {
    const root = steps[0];
    if (!root) continue;
    const candidates = all.filter((step) => step.kind === 'tool' && step.runId === run.parent_run_id);
    const named = candidates.find((step) => JSON.stringify(step.output ?? '').includes(run.run_id));
    const during = candidates.findLast((step) => step.start <= root.start && root.start <= (step.end ?? Infinity));
    const parentRoot = all.find((step) => step.kind === 'run' && step.runId === run.parent_run_id);
    const under = (named ?? during ?? parentRoot)?.id;
    const own = (id: string) => `${run.run_id}/${id}`;
    all.push(...steps.map((step) => ({ ...step, id: own(step.id), parentId: step.parentId === undefined ? under : own(step.parentId) })));
  }
  return all;
}
