import type { NewEntitlement, NewPlan, PlanChanges } from '../../../contract/plans.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { invalid, notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import { codeOf } from '../../kernel/operatorError.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { Sql } from '../../kernel/sql.ts';
import { entitlementProblems, storeValue } from '../settings/entitlementValues.ts';
import type { EntitlementRow, PlanRow } from './queries.ts';
import * as queries from './queries.ts';
import { viewPlan } from './view.ts';

/** A plan with what its accounts have. */
export type FullPlan = PlanRow & { entitlements: EntitlementRow[] };

/** All plans, newest first. */
export async function listPlans({ app, read }: Scope, { limit, before }: PageQuery) {
  const list = ['plans'];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const { rows, next } = app.cursors.page(await read.rows(queries.selectPlans, [createdAt, id, limit + 1]), limit, list, (row) => [
    row.created_at,
    row.id,
  ]);
  return { rows: await furnish(read, rows), next };
}

/** The plan a path names. */
export async function findPlan({ read }: Scope, id: string): Promise<FullPlan> {
  const plan = await read.row(queries.selectPlan, [id]);
  if (!plan) throw notFound();
  return (await furnish(read, [plan]))[0]!;
}

async function furnish(sql: Sql, plans: PlanRow[]): Promise<FullPlan[]> {
  const under = Map.groupBy(await sql.rows(queries.selectEntitlements, [plans.map(({ id }) => id)]), ({ plan_id }) => plan_id);
  return plans.map((plan) => ({ ...plan, entitlements: under.get(plan.id) ?? [] }));
}

/** Add a plan with its entitlements. Throws 409 `plan_name_taken`, or 400 for values that do not fit their key. */
export async function createPlan(scope: Scope, { name, display_name: display, entitlements }: NewPlan): Promise<FullPlan> {
  demandFitting(entitlements);
  const plan = await scope.tx.row(queries.insertPlan, [newId(), name, display]);
  if (!plan) throw refuse('conflict', 'plan_name_taken', 'There is a plan with this name.');
  await addEntitlements(scope, plan.id, entitlements);
  const [made] = await furnish(scope.tx, [plan]);
  scope.audit({ accountId: null, after: viewPlan(made!) });
  return made!;
}

/** Change a plan for all who have it. Throws 400 for values that do not fit their key. */
export async function updatePlan(scope: Scope, { id }: PlanRow, { display_name: display, entitlements }: PlanChanges): Promise<FullPlan> {
  demandFitting(entitlements ?? []);
  const { tx } = scope;
  const locked = await tx.row(queries.lockPlan, [id]);
  if (!locked) throw notFound();
  const [before] = await furnish(tx, [locked]);
  const plan = (await tx.row(queries.updatePlan, [id, display ?? null]))!;
  if (entitlements) {
    await tx.run(queries.clearEntitlements, [id]);
    await addEntitlements(scope, id, entitlements);
    scope.afterCommit(() => scope.app.changes.announce('entitlements', 'platform'));
  }
  const [after] = await furnish(tx, [plan]);
  scope.audit({ accountId: null, before: viewPlan(before!), after: viewPlan(after!) });
  return after!;
}

/** Remove a plan. Throws 409 `plan_in_use` when an account has or had it. */
export async function deletePlan({ tx, audit }: Scope, plan: FullPlan): Promise<void> {
  const removed = await tx.run(queries.deletePlan, [plan.id]).catch((error) => {
    throw codeOf(error) === referredTo ? refuse('conflict', 'plan_in_use', 'Accounts have or had this plan.') : error;
  });
  if (removed === 0) throw notFound();
  audit({ accountId: null, before: viewPlan(plan) });
}

const referredTo = '23503';

function demandFitting(entitlements: readonly NewEntitlement[]) {
  const issues = entitlements.flatMap((entitlement, at) => entitlementProblems(entitlement, `/entitlements/${at}`));
  if (issues.length > 0) throw invalid(issues);
}

async function addEntitlements({ app, tx }: Scope, planId: string, entitlements: readonly NewEntitlement[]) {
  if (entitlements.length === 0) return;
  const stored = entitlements.map((entitlement) => storeValue(app.keys.encryptionKey, `plan_entitlement:${planId}`, entitlement));
  await tx.run(queries.insertEntitlements, [
    planId,
    entitlements.map(newId),
    entitlements.map(({ key }) => key),
    stored.map(([text]) => text),
    stored.map(([, sealed]) => sealed),
    entitlements.map(({ value_type }) => value_type),
  ]);
}
