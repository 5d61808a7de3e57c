import { sql } from 'kysely';
import { type Builder, type Parameters, type RowOf, statement } from '../../database/statement.ts';

const columns = [
  'id',
  'account_id',
  'actor_user_id',
  'action',
  'target_type',
  'target_id',
  'trace_id',
  'metadata',
  'ip_address',
  'user_agent',
  'created_at',
] as const;
const states = ['before_state', 'after_state'] as const;

/** Null matches everything. */
type Filter = {
  accountId: string | null;
  action: string | null;
  targetType: string | null;
  actorId: string | null;
  since: string | null;
  until: string | null;
};
type Page = { limit: number; offset: number };

const matchesFilter = ({
  action,
  targetType,
  actorId,
  since,
  until,
}: Parameters<Filter>) => sql<boolean>`(${action}::text is null or action = ${action})
  and (${targetType}::text is null or target_type = ${targetType}) and (${actorId}::uuid is null or actor_user_id = ${actorId})
  and (${since}::timestamptz is null or created_at >= ${since}) and (${until}::timestamptz is null or created_at <= ${until})`;

const entriesOfAccount = (db: Builder, $: Parameters<Filter>) =>
  db.selectFrom('audit_logs').where('account_id', '=', $.accountId).where(matchesFilter($));

const entriesOfAll = (db: Builder, $: Parameters<Filter>) => db.selectFrom('audit_logs').where(matchesFilter($));

const statementsFor = (entries: typeof entriesOfAll) => ({
  count: statement<Filter>()((db, $) => entries(db, $).select(({ fn }) => fn.countAll<number>().as('total'))),
  page: statement<Filter & Page>()((db, $) =>
    entries(db, $).select(columns).orderBy('created_at', 'desc').orderBy('id', 'desc').limit($.limit).offset($.offset),
  ),
  pageWithStates: statement<Filter & Page>()((db, $) =>
    entries(db, $)
      .select([...columns, ...states])
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit($.limit)
      .offset($.offset),
  ),
});

export const accountEntries = statementsFor(entriesOfAccount);

/** Entries of all accounts and of the platform, for platform admins. Ignores `accountId`. */
export const platformEntries = statementsFor(entriesOfAll);

/** The states are present only if they were requested. */
export type EntryRow = RowOf<typeof accountEntries.page> &
  Partial<Pick<RowOf<typeof accountEntries.pageWithStates>, (typeof states)[number]>>;

/** Finds a user who is a member of the account or the actor of one of its entries, such as a former member. */
export const selectActor = statement<{ accountId: string; userId: string }>()((db, $) =>
  db
    .selectFrom('users as u')
    .select('u.id')
    .where('u.id', '=', $.userId)
    .where(({ exists, or, selectFrom }) =>
      or([
        exists(
          selectFrom('memberships as m')
            .select(sql.lit(1).as('one'))
            .where('m.account_id', '=', $.accountId)
            .whereRef('m.user_id', '=', 'u.id'),
        ),
        exists(
          selectFrom('audit_logs as l')
            .select(sql.lit(1).as('one'))
            .where('l.account_id', '=', $.accountId)
            .whereRef('l.actor_user_id', '=', 'u.id'),
        ),
      ]),
    ),
);
