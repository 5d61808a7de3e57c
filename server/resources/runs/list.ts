import type { RunFilter } from '../../../contract/runRequests.ts';
import { betweenValues } from '../../../contract/shared/fields.ts';
import type { Lookup } from '../../http/implement.ts';
import { invalid, notFound } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { likeLiteral, statement } from '../../kernel/sql.ts';
import { anyAccount, anyUser, demandPlatformAdmin } from '../accounts/lookups.ts';
import { sharedWith } from '../teams/visibility.ts';
import { type RunRow, runColumns } from './queries.ts';

export type ListedRun = RunRow & { user_name: string | null; user_email: string | null; credits_used: number };

/** Conditions on runs with their values, numbered as they are added. */
function conditions() {
  const values: unknown[] = [];
  const texts: string[] = [];
  return {
    values,
    add(text: (place: string) => string, value: unknown) {
      if (value === undefined) return;
      values.push(value);
      texts.push(text(`$${values.length}`));
    },
    plain: (text: string) => void texts.push(text),
    toString: () => texts.join(' and '),
  };
}

/** The account that the query names: any but the active one, and all of them, only for platform admins. */
export const findListedAccount: Lookup<void> = async (scope, id, ...rest) => {
  if (id === scope.accountId) return;
  demandPlatformAdmin(scope);
  if (id !== 'all') await anyAccount(scope, id, ...rest);
};

/** The user that the query names: only for platform admins. */
export const findListedUser: Lookup<void> = async (scope, ...rest) => {
  demandPlatformAdmin(scope);
  await anyUser(scope, ...rest);
};

/** The run that the query names, if the list would show it without further filters. */
export const findListedRun: Lookup<void> = async (scope, id, _intent, _found, query) => {
  const where = listed(scope, query.account_id as RunFilter['account_id']);
  where.add((v) => `r.id = ${v}::uuid`, id);
  const found = statement<{ id: string }>(`
    select r.id from runs r join threads t on t.account_id = r.account_id and t.id = r.thread_id where ${where}`);
  if (!(await scope.read.row(found, where.values))) throw notFound();
};

/** The runs that a caller may list: of the active account, or of those that a platform admin names; no admin sees private threads of others. */
function listed({ accountId, actor, permissions }: Scope, account: RunFilter['account_id'] = accountId) {
  const where = conditions();
  if (account !== 'all') where.add((v) => `r.account_id = ${v}::uuid`, account);
  where.plain('t.deleted_at is null');
  where.add((v) => `(not t.is_private or t.created_by_user_id = ${v}::uuid)`, actor.userId);
  if (account === accountId && !permissions.has('data.usage.read')) where.add(readableBy, actor.userId);
  return where;
}

/** Runs of the account, or of the platform for its admins, newest first. */
export async function listRuns(scope: Scope, { limit, before, ...filter }: RunFilter) {
  const { app, read, accountId, actor } = scope;
  if (filter.since && filter.until && Date.parse(filter.since) > Date.parse(filter.until))
    throw invalid([{ location: 'query', path: 'since', message: 'must not be after until' }], betweenValues.reason);
  const list = ['runs', accountId, actor.userId, filter];
  const [createdAt, id] = app.cursors.open(before, list) ?? [];
  const where = listed(scope, filter.account_id);
  where.add((v) => `r.created_by_user_id = ${v}::uuid`, filter.user_id);
  where.add((v) => `r.status = ${v}`, filter.status);
  where.add((v) => `r.id::text like ${v}`, filter.run_id && `${filter.run_id}%`);
  where.add((v) => `r.thread_id::text like ${v}`, filter.thread_id && `${filter.thread_id}%`);
  where.add((v) => `r.parent_run_id = ${v}::uuid`, filter.parent_run_id);
  where.add((v) => `r.model ilike ${v}`, filter.model && likeLiteral(filter.model));
  where.add((v) => `r.persona_id ilike ${v}`, filter.persona_id && likeLiteral(filter.persona_id));
  where.add((v) => `r.created_at >= ${v}::timestamptz`, filter.since);
  where.add((v) => `r.created_at <= ${v}::timestamptz`, filter.until);
  where.add((v) => `(r.created_at, r.id) < (${v}::timestamptz, $${where.values.length + 1}::uuid)`, createdAt);
  if (id !== undefined) where.values.push(id);
  const rows = await read.rows(
    statement<ListedRun>(`
      select ${runColumns}, u.username as user_name, u.email as user_email,
        coalesce((select -sum(c.amount) from credit_transactions c
          where c.account_id = r.account_id and c.reference_type = 'run' and c.reference_id = r.id and c.type = 'debit'), 0) as credits_used
      from runs r join threads t on t.account_id = r.account_id and t.id = r.thread_id left join users u on u.id = r.created_by_user_id
      where ${where} order by r.created_at desc, r.id desc limit $${where.values.length + 1}`),
    [...where.values, limit + 1],
  );
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** What a member without the right to see usage may list: what he may open. */
const readableBy = (user: string) => `(r.created_by_user_id = ${user}::uuid or t.created_by_user_id = ${user}::uuid or exists (
  select from projects p where p.account_id = t.account_id and p.id = t.project_id and p.deleted_at is null and p.visibility = 'shared'
    and (p.owner_user_id = ${user}::uuid or ${sharedWith(`${user}::uuid`)})))`;
