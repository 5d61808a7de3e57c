import { type Expression, expressionBuilder, sql, type SqlBool } from 'kysely';
import type { RunFilter, RunStatus } from '../../../contract/runRequests.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import { likeLiteral } from '../../database/sql.ts';
import { type Parameters, type RowOf, statement, type WithAlias } from '../../database/statement.ts';
import type { ResourceLoader } from '../../http/pipeline/implement.ts';
import type { Scope } from '../../http/scope.ts';
import { invalid, notFound } from '../../platform/failure.ts';
import { checkAccountExists, checkUserExists, requirePlatformAdmin } from '../accounts/loaders.ts';
import { creditsUsed, isThreadShared, runColumns } from './queries.ts';

type RunViewer = { accountId: string; userId: string };

/** The runs that a caller may list: of one account or all, and only those that the caller may read or all that are not private. */
type AccessScope = { allAccounts: boolean; onlyReadable: boolean };

type Aliases = WithAlias<'runs', 'r'> & WithAlias<'threads', 't'>;

/** Private threads of other users are never listed, not even for admins. */
function isListed({ accountId, userId }: Parameters<RunViewer>, { allAccounts, onlyReadable }: AccessScope) {
  const eb = expressionBuilder<Aliases, 'r' | 't'>();
  return eb.and([
    ...(allAccounts ? [] : [eb('r.account_id', '=', accountId)]),
    eb('t.deleted_at', 'is', null),
    eb.or([eb('t.is_private', '=', sql.lit(false)), eb('t.created_by_user_id', '=', userId)]),
    ...(onlyReadable
      ? [eb.or([eb('r.created_by_user_id', '=', userId), eb('t.created_by_user_id', '=', userId), isThreadShared({ userId })])]
      : []),
  ]);
}

/** A null value does not filter. */
type Filters = {
  createdBy: string | null;
  status: RunStatus | null;
  runIdPattern: string | null;
  threadIdPattern: string | null;
  parentRunId: string | null;
  modelPattern: string | null;
  personaPattern: string | null;
  since: string | null;
  until: string | null;
  beforeTime: string | null;
  beforeId: string | null;
};
type FilterName = Exclude<keyof Filters, 'beforeId'>;

const e = expressionBuilder<Aliases, 'r' | 't'>();
const conditions: { [Name in FilterName]: ($: Parameters<Filters>) => Expression<SqlBool> } = {
  createdBy: ($) => e('r.created_by_user_id', '=', $.createdBy),
  status: ($) => e('r.status', '=', $.status),
  runIdPattern: ($) => sql<boolean>`r.id::text like ${$.runIdPattern}`,
  threadIdPattern: ($) => sql<boolean>`r.thread_id::text like ${$.threadIdPattern}`,
  parentRunId: ($) => e('r.parent_run_id', '=', $.parentRunId),
  modelPattern: ($) => e('r.model', 'ilike', $.modelPattern),
  personaPattern: ($) => e('r.persona_id', 'ilike', $.personaPattern),
  since: ($) => e('r.created_at', '>=', $.since),
  until: ($) => e('r.created_at', '<=', $.until),
  beforeTime: ($) => sql<boolean>`(r.created_at, r.id) < (${$.beforeTime}::timestamptz, ${$.beforeId}::uuid)`,
};

const filterNames = Object.keys(conditions) as FilterName[];

/**
 * Declares a statement on first use and caches it. Each set of filters has its own text, so that PostgreSQL plans for exactly those
 * conditions.
 */
function memoize<Key extends readonly unknown[], Made>(make: (...key: Key) => Made): (...key: Key) => Made {
  const made = new Map<string, Made>();
  return (...key) => {
    const name = JSON.stringify(key);
    const known = made.get(name) ?? make(...key);
    made.set(name, known);
    return known;
  };
}

const selectListedRun = memoize((reach: AccessScope) =>
  statement<RunViewer & { id: string }>()((db, $) =>
    db
      .selectFrom('runs as r')
      .innerJoin('threads as t', (join) => join.onRef('t.account_id', '=', 'r.account_id').onRef('t.id', '=', 'r.thread_id'))
      .select('r.id')
      .where(isListed($, reach))
      .where('r.id', '=', $.id),
  ),
);

const selectListedRuns = memoize((reach: AccessScope, filters: readonly FilterName[]) =>
  statement<RunViewer & Filters & { limit: number }>()((db, $) =>
    db
      .selectFrom('runs as r')
      .innerJoin('threads as t', (join) => join.onRef('t.account_id', '=', 'r.account_id').onRef('t.id', '=', 'r.thread_id'))
      .leftJoin('users as u', 'u.id', 'r.created_by_user_id')
      .select([...runColumns, 'u.username as user_name', 'u.email as user_email', creditsUsed().as('credits_used')])
      .where(isListed($, reach))
      .where((eb) => eb.and(filters.map((name) => conditions[name]($))))
      .orderBy('r.created_at', 'desc')
      .orderBy('r.id', 'desc')
      .limit($.limit),
  ),
);

export type ListedRun = RowOf<ReturnType<typeof selectListedRuns>>;

/** Throws 403 unless the account is the active one or the caller is a platform admin. */
export const findListedAccount: ResourceLoader<void> = async (scope, id, ...rest) => {
  if (id === scope.accountId) return;
  requirePlatformAdmin(scope);
  if (id !== 'all') await checkAccountExists(scope, id, ...rest);
};

/** Throws 403 unless the caller is a platform admin. */
export const findListedUser: ResourceLoader<void> = async (scope, ...rest) => {
  requirePlatformAdmin(scope);
  await checkUserExists(scope, ...rest);
};

/** Throws 404 unless the caller may list the run. */
export const findListedRun: ResourceLoader<void> = async (scope, id, _intent, _found, query) => {
  const { reach, lister } = accessScopeOf(scope, query.account_id as RunFilter['account_id']);
  if (!(await scope.db.row(selectListedRun(reach), { ...lister, id }))) throw notFound();
};

function accessScopeOf(
  { accountId, actor, permissions }: Scope,
  account: RunFilter['account_id'] = accountId,
): { reach: AccessScope; lister: RunViewer } {
  const onlyReadable = account === accountId && !permissions.has('data.usage.read');
  return { reach: { allAccounts: account === 'all', onlyReadable }, lister: { accountId: account, userId: actor.userId } };
}

/** Runs of the active account, or of the accounts that a platform admin requests, newest first. */
export async function listRuns(scope: Scope, { limit, before, ...filter }: RunFilter) {
  const { app, db, accountId, actor } = scope;
  if (filter.since && filter.until && Date.parse(filter.since) > Date.parse(filter.until))
    throw invalid([{ location: 'query', path: 'since', message: 'must not be after until' }], inconsistentValues.reason);
  const { reach, lister } = accessScopeOf(scope, filter.account_id);
  return app.cursors.fetchPage(
    { limit, before },
    ['runs', accountId, actor.userId, filter],
    ({ limit, ...before }) => {
      const values: Filters = {
        createdBy: filter.user_id ?? null,
        status: filter.status ?? null,
        runIdPattern: filter.run_id ? `${filter.run_id}%` : null,
        threadIdPattern: filter.thread_id ? `${filter.thread_id}%` : null,
        parentRunId: filter.parent_run_id ?? null,
        modelPattern: filter.model ? likeLiteral(filter.model) : null,
        personaPattern: filter.persona_id ? likeLiteral(filter.persona_id) : null,
        since: filter.since ?? null,
        until: filter.until ?? null,
        ...before,
      };
      const names = filterNames.filter((name) => values[name] !== null);
      return db.rows(selectListedRuns(reach, names), { ...lister, ...values, limit });
    },
    (row) => [row.created_at, row.id],
  );
}
