import { type Expression, expressionBuilder, sql, type SqlBool } from 'kysely';
import { entryFields, stateFields } from '../../../contract/auditLogs.ts';
import { bytesOf, pageInBytes } from '../../database/paging.ts';
import { type Builder, type Parameters, type RowOf, statement, statementFamily } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';

/** Null matches everything. */
export type EntryFilter = {
  accountId: string | null;
  action: string | null;
  targetType: string | null;
  actorId: string | null;
  since: string | null;
  until: string | null;
};
type Page = { limit: number; offset: number };

type FilterName = keyof EntryFilter;
const e = expressionBuilder<Tables, 'audit_logs'>();
const conditions: { [Name in FilterName]: ($: Parameters<EntryFilter>) => Expression<SqlBool> } = {
  accountId: ($) => e('account_id', '=', $.accountId),
  action: ($) => e('action', '=', $.action),
  targetType: ($) => e('target_type', '=', $.targetType),
  actorId: ($) => e('actor_user_id', '=', $.actorId),
  since: ($) => e('created_at', '>=', $.since),
  until: ($) => e('created_at', '<=', $.until),
};
const filterNames = Object.keys(conditions) as FilterName[];

/** Always true. Without it, the indexes of the entries of all accounts cannot be used, except that of the actor. */
const ofAllAccounts = e('action', '>', sql.lit(''));

/** In the order of an index, newest first, so that a limit ends the scan. */
const entries = (db: Builder, $: Parameters<EntryFilter>, filters: readonly FilterName[]) =>
  db
    .selectFrom('audit_logs')
    .where((eb) => eb.and(filters.map((name) => conditions[name]($))))
    .$if(!filters.includes('accountId') && !filters.includes('actorId'), (query) => query.where(ofAllAccounts))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc');

/** Entries that the list has only if they are asked for by action: each open session writes one every few minutes. */
const routineAction = 'user.refresh';

const listed = (db: Builder, $: Parameters<EntryFilter>, filters: readonly FilterName[]) =>
  entries(db, $, filters).$if(!filters.includes('action'), (query) => query.where('action', '<>', sql.lit(routineAction)));

const pageOf = (db: Builder, $: Parameters<EntryFilter & Page>, filters: readonly FilterName[]) =>
  listed(db, $, filters).select(entryFields).limit($.limit).offset($.offset);

/** By `accountId` or not, alone and with each other filter. */
const representatives: Record<string, readonly FilterName[]> = Object.fromEntries(
  (['of an account', 'of all accounts'] as const).flatMap((scope) => {
    const own: FilterName[] = scope === 'of an account' ? ['accountId'] : [];
    const others = filterNames.filter((name) => name !== 'accountId');
    return [[scope, own], ...others.map((name) => [`${scope} by ${name}`, [...own, name]])];
  }),
);

const labelled = (label: string) =>
  Object.fromEntries(Object.entries(representatives).map(([scope, names]) => [`${label} ${scope}`, names]));

const bytesWithStates = bytesOf('metadata', 'user_agent', ...stateFields);

/** Without `accountId`: entries of all accounts and of the platform. */
const selectPage = statementFamily(labelled('page'), (filters: readonly FilterName[]) =>
  statement<EntryFilter & Page>()((db, $) => pageInBytes(pageOf(db, $, filters), bytesOf('metadata', 'user_agent'))),
);
const selectPageWithStates = statementFamily(labelled('page with states'), (filters: readonly FilterName[]) =>
  statement<EntryFilter & Page>()((db, $) => pageInBytes(pageOf(db, $, filters).select(stateFields), bytesWithStates)),
);
/** Counts no further than `most`. */
const countUpTo = statementFamily(labelled('count'), (filters: readonly FilterName[]) =>
  statement<EntryFilter & { most: number }>()((db, $) =>
    db
      .selectFrom(listed(db, $, filters).select(sql.lit(1).as('one')).limit($.most).as('found'))
      .select(({ fn }) => fn.countAll<number>().as('total')),
  ),
);

/** The entry before the page of an export. The first page has one that comes before all entries. */
type ExportKey = { beforeTime: string; beforeId: string; limit: number };

const selectExported = statementFamily(labelled('export'), (filters: readonly FilterName[]) =>
  statement<EntryFilter & ExportKey>()((db, $) =>
    pageInBytes(
      entries(db, $, filters)
        .select(entryFields)
        .select(stateFields)
        .where(sql<boolean>`(created_at, id) < (${$.beforeTime}::timestamptz, ${$.beforeId}::uuid)`)
        .limit($.limit),
      bytesWithStates,
    ),
  ),
);

/** The statements for the filters that are not null. */
export function statementsFor(filter: EntryFilter) {
  const names = filterNames.filter((name) => filter[name] !== null);
  return {
    countUpTo: countUpTo(names),
    page: selectPage(names),
    pageWithStates: selectPageWithStates(names),
    exported: selectExported(names),
  };
}

type Statements = ReturnType<typeof statementsFor>;

/** The states are present only if they were requested. */
export type EntryRow = RowOf<Statements['page']> & Partial<Pick<RowOf<Statements['pageWithStates']>, (typeof stateFields)[number]>>;

/** Finds a user who is a member of the account or the actor of one of its entries, such as a former member. */
export const selectActor = statement<{ accountId: string; userId: string }>()((db, $) =>
  db
    .selectFrom('users as u')
    .select('u.id')
    .where('u.id', '=', $.userId)
    .where((eb) =>
      eb.or([
        eb.exists(
          eb
            .selectFrom('memberships as m')
            .select(sql.lit(1).as('one'))
            .where('m.account_id', '=', $.accountId)
            .where('m.user_id', '=', $.userId),
        ),
        // In order of an index. For `exists`, the planner may prefer to scan the table until it finds an entry.
        eb(
          eb
            .selectFrom('audit_logs as l')
            .select('l.id')
            .where('l.account_id', '=', $.accountId)
            .where('l.actor_user_id', '=', $.userId)
            .orderBy('l.created_at', 'desc')
            .orderBy('l.id', 'desc')
            .limit(sql.lit(1)),
          'is not',
          null,
        ),
      ]),
    ),
);
