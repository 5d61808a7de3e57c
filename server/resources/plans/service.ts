import type { NewEntitlement, NewPlan, PlanChanges } from '../../../contract/plans.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Queryable } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, invalid, notFound } from '../../platform/failure.ts';
import { errorCodeOf } from '../../platform/operatorError.ts';
import { entitlementProblems, rejectKeyForTools, valueColumns } from '../settings/entitlementValues.ts';
import type { PlanRow, PlanWithEntitlements } from './queries.ts';
import * as queries from './queries.ts';
import { viewPlan } from './view.ts';

export async function listPlans({ app, db }: Scope, page: PageQuery) {
  const { rows, next } = await app.cursors.fetchPage(
    page,
    ['plans'],
    (key) => db.rows(queries.selectPlans, key),
    (row) => [row.created_at, row.id],
  );
  return { rows: await withEntitlements(db, rows), next };
}

export async function findPlan({ db }: Scope, id: string): Promise<PlanWithEntitlements> {
  const plan = await db.row(queries.selectPlan, { id });
  if (!plan) throw notFound();
  return (await withEntitlements(db, [plan]))[0]!;
}

async function withEntitlements(sql: Queryable, plans: PlanRow[]): Promise<PlanWithEntitlements[]> {
  const under = Map.groupBy(await sql.rows(queries.selectEntitlements, { planIds: plans.map(({ id }) => id) }), ({ plan_id }) => plan_id);
  return plans.map((plan) => ({ ...plan, entitlements: under.get(plan.id) ?? [] }));
}

/** Throws 409 `plan_name_taken`, 400 for a value that does not match its key, or what `rejectKeyForTools` throws. */
export async function createPlan(scope: Scope, { name, display_name: displayName, entitlements }: NewPlan): Promise<PlanWithEntitlements> {
  rejectKeyForTools(scope, entitlements);
  checkEntitlements(entitlements);
  const plan = await scope.tx.row(queries.insertPlan, { id: newId(), name, displayName });
  if (!plan) throw failWith('conflict', 'plan_name_taken', 'There is a plan with this name.');
  await addEntitlements(scope, plan.id, entitlements);
  const [made] = await withEntitlements(scope.tx, [plan]);
  scope.audit({ accountId: null, after: viewPlan(made!) });
  return made!;
}

/** Applies to all accounts with the plan. Throws 400 for a value that does not match its key, or what `rejectKeyForTools` throws. */
export async function updatePlan(scope: Scope, { id }: PlanRow, changes: PlanChanges): Promise<PlanWithEntitlements> {
  const { display_name: displayName = null, entitlements } = changes;
  rejectKeyForTools(scope, entitlements ?? []);
  checkEntitlements(entitlements ?? []);
  const { tx } = scope;
  const locked = await tx.row(queries.lockPlan, { id });
  if (!locked) throw notFound();
  const [before] = await withEntitlements(tx, [locked]);
  const plan = (await tx.row(queries.updatePlan, { id, displayName }))!;
  if (entitlements) {
    rejectKeyForTools(scope, before!.entitlements);
    await tx.run(queries.clearEntitlements, { planId: id });
    await addEntitlements(scope, id, entitlements);
    scope.afterCommit(() => scope.app.cacheInvalidation.invalidate('entitlements', 'platform'));
  }
  const [after] = await withEntitlements(tx, [plan]);
  scope.audit({ accountId: null, before: viewPlan(before!), after: viewPlan(after!) });
  return after!;
}

/** Throws 409 `plan_in_use` if an account has or had the plan. */
export async function deletePlan(scope: Scope, plan: PlanWithEntitlements): Promise<void> {
  rejectKeyForTools(scope, plan.entitlements);
  const { tx, audit } = scope;
  const removed = await tx.run(queries.deletePlan, { id: plan.id }).catch((error) => {
    throw errorCodeOf(error) === foreignKeyViolation ? failWith('conflict', 'plan_in_use', 'Accounts have or had this plan.') : error;
  });
  if (removed === 0) throw notFound();
  audit({ accountId: null, before: viewPlan(plan) });
}

const foreignKeyViolation = '23503';

function checkEntitlements(entitlements: readonly NewEntitlement[]) {
  const issues = entitlements.flatMap((entitlement, at) => entitlementProblems(entitlement, `/entitlements/${at}`));
  if (issues.length > 0) throw invalid(issues);
}

async function addEntitlements({ app, tx }: Scope, planId: string, entitlements: readonly NewEntitlement[]) {
  if (entitlements.length === 0) return;
  const stored = entitlements.map((entitlement) => valueColumns(app.keys.encryptionKeys, `plan_entitlement:${planId}`, entitlement));
  await tx.run(queries.insertEntitlements, {
    planId,
    ids: entitlements.map(newId),
    keys: entitlements.map(({ key }) => key),
    values: stored.map(([text]) => text),
    sealed: stored.map(([, sealed]) => sealed),
    types: entitlements.map(({ value_type }) => value_type),
  });
}
