import type { RunFilter } from '../../../contract/runRequests.ts';
import { Failure, invalid } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { likeLiteral, statement } from '../../kernel/sql.ts';
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

/** Runs of the account, or of the platform for its admins, newest first. Throws 403 for an account or a user the caller may not ask for. */
export async function listRuns(scope: Scope, { limit, before, ...filter }: RunFilter) {
  const { app, read, accountId, actor, permissions } = scope;
  demandReach(scope, filter);
  const list = ['runs', accountId, actor.userId, filter];
  const [createdAt, id] = app.cursors.open(before, list) ?? [];
  const where = conditions();
  const foreign = filter.account_id !== undefined && filter.account_id !== accountId;
  if (filter.account_id !== 'all') where.add((v) => `r.account_id = ${v}::uuid`, filter.account_id ?? accountId);
  where.plain('t.deleted_at is null');
  if (!foreign) where.add((v) => `(not t.is_private or t.created_by_user_id = ${v}::uuid)`, actor.userId);
  if (!foreign && !permissions.has('data.usage.read')) where.add(readableBy, actor.userId);
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

function demandReach(
  { accountId, isPlatformAdmin, permissions }: Scope,
  { account_id: account, user_id: user, since, until }: Partial<RunFilter>,
) {
  const foreign = (account !== undefined && account !== accountId) || user !== undefined;
  if (foreign && !(isPlatformAdmin && permissions.has('platform.admin')))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: 'platform.admin' });
  if (since && until && Date.parse(since) > Date.parse(until))
    throw invalid([{ location: 'query', path: 'since', message: 'must not be after until' }]);
}
