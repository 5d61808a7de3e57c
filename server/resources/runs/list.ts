import { type Expression, expressionBuilder, sql, type SqlBool } from 'kysely';
import { type RunFilter, RunStatus } from '../../../contract/runRequests.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import { likeLiteral } from '../../database/sql.ts';
import { type Parameters, type RowOf, statement, statementFamily, type WithAlias } from '../../database/statement.ts';
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
  firstRunId: string | null;
  lastRunId: string | null;
  firstThreadId: string | null;
  lastThreadId: string | null;
  parentRunId: string | null;
  modelPattern: string | null;
  personaPattern: string | null;
  since: string | null;
  until: string | null;
  beforeTime: string | null;
  beforeId: string | null;
};
type StatusFilter = `status ${RunStatus}`;
type FilterName = Exclude<keyof Filters, 'lastRunId' | 'lastThreadId' | 'beforeId'> | StatusFilter;

const e = expressionBuilder<Aliases, 'r' | 't'>();
const conditions: { [Name in Exclude<FilterName, StatusFilter>]: ($: Parameters<Filters>) => Expression<SqlBool> } = {
  createdBy: ($) => e('r.created_by_user_id', '=', $.createdBy),
  firstRunId: ($) => sql<boolean>`r.id between ${$.firstRunId}::uuid and ${$.lastRunId}::uuid`,
  firstThreadId: ($) => sql<boolean>`r.thread_id between ${$.firstThreadId}::uuid and ${$.lastThreadId}::uuid`,
  parentRunId: ($) => e('r.parent_run_id', '=', $.parentRunId),
  modelPattern: ($) => e('r.model', 'ilike', $.modelPattern),
  personaPattern: ($) => e('r.persona_id', 'ilike', $.personaPattern),
  since: ($) => e('r.created_at', '>=', $.since),
  until: ($) => e('r.created_at', '<=', $.until),
  beforeTime: ($) => sql<boolean>`(r.created_at, r.id) < (${$.beforeTime}::timestamptz, ${$.beforeId}::uuid)`,
};
/** A literal, because the indexes of rare statuses are partial. */
const hasStatus = (status: RunStatus) => e('r.status', '=', sql.lit(status));
const statusFilters = Object.fromEntries(RunStatus.options.map((status) => [`status ${status}`, () => hasStatus(status)]));
const allConditions = { ...conditions, ...statusFilters } as Record<FilterName, ($: Parameters<Filters>) => Expression<SqlBool>>;

const filterNames = Object.keys(conditions) as (keyof typeof conditions)[];

/**
 * Filters for which few runs are expected. They are read by the index of the filter and sorted, not in the order of the list until enough are
 * found.
 */
const selective: ReadonlySet<FilterName> = new Set([
  'createdBy',
  'firstRunId',
  'firstThreadId',
  'parentRunId',
  'status running',
  'status waiting_for_input',
  'status cancelling',
]);

/** Always true. Without it, the indexes of the runs of all accounts cannot be used. */
const inOrderOfList = () => e('r.pending_inputs', '>=', sql.lit(0));

const scopes: Record<string, AccessScope> = {
  'of an account': { allAccounts: false, onlyReadable: false },
  'of an account, readable': { allAccounts: false, onlyReadable: true },
  'of all accounts': { allAccounts: true, onlyReadable: false },
};

const selectListedRun = statementFamily(
  Object.fromEntries(Object.entries(scopes).map(([label, reach]) => [`a run ${label}`, reach])),
  (reach: AccessScope) =>
    statement<RunViewer & { id: string }>()((db, $) =>
      db
        .selectFrom('runs as r')
        .innerJoin('threads as t', (join) => join.onRef('t.account_id', '=', 'r.account_id').onRef('t.id', '=', 'r.thread_id'))
        .select('r.id')
        .where(isListed($, reach))
        .where('r.id', '=', $.id),
    ),
);

type ListVariant = { reach: AccessScope; filters: readonly FilterName[]; isSelective: boolean };
const isSelective = (name: FilterName) => selective.has(name);

const selectListedRuns = statementFamily(
  Object.fromEntries(
    Object.entries(scopes).flatMap(([label, reach]): [string, ListVariant][] => [
      [`runs ${label}`, { reach, filters: [], isSelective: false }],
      ...(Object.keys(allConditions) as FilterName[]).map((name): [string, ListVariant] => [
        `runs ${label} by ${name}`,
        { reach, filters: [name], isSelective: isSelective(name) },
      ]),
    ]),
  ),
  ({ reach, filters, isSelective }: ListVariant) =>
    statement<RunViewer & Filters & { limit: number }>({ rowBytes: 8_000 })((db, $) =>
      db
        .with('page', (qc) =>
          qc
            .selectFrom('runs as r')
            // A limit forces one look-up per run: the planner overestimates how many runs a range of ids has, and would read all threads.
            .innerJoinLateral(
              (eb) =>
                eb
                  .selectFrom('threads as t')
                  .select(sql.lit(1).as('one'))
                  .whereRef('t.account_id', '=', 'r.account_id')
                  .whereRef('t.id', '=', 'r.thread_id')
                  .where(isListed($, reach))
                  .limit(sql.lit(1))
                  .as('thread'),
              (join) => join.onTrue(),
            )
            .select(runColumns)
            .where((eb) => eb.and(filters.map((name) => allConditions[name]($))))
            .$if(!reach.allAccounts, (query) => query.where('r.account_id', '=', $.accountId))
            .$if(reach.allAccounts && !isSelective, (query) => query.where(inOrderOfList()))
            .orderBy('r.created_at', 'desc')
            .orderBy('r.id', 'desc')
            .limit($.limit),
        )
        .selectFrom('page as r')
        .leftJoin('users as u', 'u.id', 'r.created_by_user_id')
        .selectAll('r')
        .select(['u.username as user_name', 'u.email as user_email', creditsUsed().as('credits_used')])
        .orderBy('r.created_at', 'desc')
        .orderBy('r.id', 'desc'),
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
      const [firstRunId, lastRunId] = idRange(filter.run_id);
      const [firstThreadId, lastThreadId] = idRange(filter.thread_id);
      const values: Filters = {
        createdBy: filter.user_id ?? null,
        firstRunId,
        lastRunId,
        firstThreadId,
        lastThreadId,
        parentRunId: filter.parent_run_id ?? null,
        modelPattern: filter.model ? likeLiteral(filter.model) : null,
        personaPattern: filter.persona_id ? likeLiteral(filter.persona_id) : null,
        since: filter.since ?? null,
        until: filter.until ?? null,
        ...before,
      };
      const filters: FilterName[] = filterNames.filter((name) => values[name] !== null);
      if (filter.status) filters.push(`status ${filter.status}`);
      // A short prefix matches many runs or none. PostgreSQL decides by its value.
      const isBroad = [filter.run_id, filter.thread_id].some((prefix) => prefix !== undefined && prefix.length < minSelectivePrefix);
      const variant = { reach, filters, isSelective: !isBroad && filters.some(isSelective) };
      return db.rows(selectListedRuns(variant), { ...lister, ...values, limit });
    },
    (row) => [row.created_at, row.id],
  );
}

/** IDs begin with their time in milliseconds: the IDs of a minute have this many characters in common. */
const minSelectivePrefix = 8;

const [firstId, lastId] = ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];

/** The first and the last ID whose text begins with a prefix: an empty range if no ID does, because a hyphen is missing or misplaced. */
function idRange(prefix: string | undefined): [first: string, last: string] | [null, null] {
  if (prefix === undefined) return [null, null];
  const isPrefix = [...prefix].every((character, at) => (character === '-') === (firstId[at] === '-'));
  return isPrefix ? [prefix + firstId.slice(prefix.length), prefix + lastId.slice(prefix.length)] : [lastId, firstId];
}
