import { statement } from '../../kernel/sql.ts';
import type { ValueRow } from '../settings/entitlementValues.ts';

export type PlanRow = { id: string; name: string; display_name: string; created_at: string };
export type EntitlementRow = ValueRow & { plan_id: string; id: string; value_type: 'integer' | 'boolean' | 'string' };

const columns = 'id, name, display_name, created_at';
const entitlementColumns = 'plan_id, key, id, value, value_sealed, value_type';

/** Newest first, from the sort key ($1, $2) on. */
export const selectPlans = statement<PlanRow>(`
  select ${columns} from plans where $1::timestamptz is null or (created_at, id) < ($1::timestamptz, $2::uuid)
  order by created_at desc, id desc limit $3`);

export const selectPlan = statement<PlanRow>(`select ${columns} from plans where id = $1`);

/** The entitlements of plans, sorted by key. */
export const selectEntitlements = statement<EntitlementRow>(`
  select ${entitlementColumns} from plan_entitlements where plan_id = any($1) order by key collate "C"`);

/** Nothing is added when the name is taken. */
export const insertPlan = statement<PlanRow>(`
  insert into plans (id, name, display_name) values ($1, $2, $3) on conflict do nothing returning ${columns}`);

/** Whoever changes a plan waits here for his turn. */
export const lockPlan = statement<PlanRow>(`select ${columns} from plans where id = $1 for update`);

export const updatePlan = statement<PlanRow>(
  `update plans set display_name = coalesce($2, display_name) where id = $1 returning ${columns}`,
);

export const deletePlan = statement<never>('delete from plans where id = $1');

export const clearEntitlements = statement<never>('delete from plan_entitlements where plan_id = $1');

/** The columns of the entitlements, each as a list. */
export const insertEntitlements = statement<never>(`
  insert into plan_entitlements (plan_id, id, key, value, value_sealed, value_type)
  select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[])`);
