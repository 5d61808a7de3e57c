import { type Expression, expressionBuilder, type RawBuilder, sql, type SqlBool } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Builder, type Parameters, type RowOf, statement, type WithAlias } from '../../database/statement.ts';
import { columns } from './queries.ts';

export type Search = { accountId: string; userId: string; q: string; isArchived: boolean } & PageKey;
/** Whether the threads are archived follows from the statement, because each kind has its own partial index. */
type Walk = Omit<Search, 'isArchived'>;
type Q = { q: RawBuilder<string> };

/** In code points: what a snippet shows before the match, and its length unless the match is longer. */
const [shownBefore, snippetLength] = [40, 120];

/** A walk reads only the newest messages of a thread (by number), and no longer ones (in bytes). */
const [walkedMessages, walkedBytes] = [50, 20_000];

/** Positive if the text contains `q` as `ilike` compares, in two thirds of its time. */
const positionOf = (text: 'm.content' | 't.title', { q }: Q) => sql<number>`strpos(lower(${sql.ref(text)}), (select lower(${q}::text)))`;

function snippetOf($: Q) {
  const start = sql`greatest(${positionOf('m.content', $)} - ${sql.lit(shownBefore)}, 1)`;
  const length = sql`greatest(${sql.lit(snippetLength)}, ${sql.lit(shownBefore)} + char_length(${$.q}::text))`;
  return sql<string>`case when ${start} > 1 then '…' else '' end || substr(m.content, ${start}, ${length})
    || case when char_length(m.content) >= ${start} + ${length} then '…' else '' end`;
}

type Aliases = WithAlias<'messages', 'm'> & WithAlias<'threads', 't'>;
const eb = expressionBuilder<Aliases, 'm' | 't'>();

const isSearched = () => eb.and([eb('m.visible', '=', sql.lit(true)), eb('m.role', '<>', sql.lit('tool' as const))]);

const isListed = () => eb.and([eb('t.deleted_at', 'is', null), eb('t.is_private', '=', sql.lit(false))]);

const isOwn = ($: Parameters<Walk>, isArchived: boolean) =>
  eb.and([
    eb('t.account_id', '=', $.accountId),
    eb('t.created_by_user_id', '=', $.userId),
    isListed(),
    eb('t.archived_at', isArchived ? 'is not' : 'is', null),
  ]);

/** The searched messages of thread `t`. */
const messagesOfThread = (where: Expression<SqlBool>) =>
  expressionBuilder<WithAlias<'threads', 't'>, 't'>()
    .selectFrom('messages as m')
    .whereRef('m.account_id', '=', 't.account_id')
    .whereRef('m.thread_id', '=', 't.id')
    .where(isSearched())
    .where(where);

/** The newest message that contains `q`. */
const hitOf = ($: Q, where: Expression<SqlBool>) =>
  messagesOfThread(where)
    .where(positionOf('m.content', $), '>', sql.lit(0))
    .select(snippetOf($).as('snippet'))
    .orderBy('m.number', 'desc')
    .limit(sql.lit(1))
    .as('hit');

const numberAfter = sql<number>`t.last_message_number - ${sql.lit(walkedMessages)}`;
const size = sql<number>`octet_length(m.content)`;

/** The next `limit` threads of the user, also those without a match. `is_partial`: messages that were not read may match. */
const walk = (db: Builder, $: Parameters<Walk>, isArchived: boolean) =>
  db
    .selectFrom('threads as t')
    .leftJoinLateral(hitOf($, eb.and([eb('m.number', '>', numberAfter), eb(size, '<=', sql.lit(walkedBytes))])), (join) => join.onTrue())
    .select([
      ...columns,
      'hit.snippet',
      sql<boolean>`coalesce(${positionOf('t.title', $)} > 0, false)`.as('has_title'),
      (all) =>
        all
          .and([
            all('hit.snippet', 'is', null),
            all.or([
              all('t.last_message_number', '>', sql.lit(walkedMessages)),
              // Not `exists`, for which the planner may read the messages of all threads at once.
              all(
                messagesOfThread(eb(size, '>', sql.lit(walkedBytes)))
                  .select(sql.lit(1).as('one'))
                  .limit(sql.lit(1)),
                'is not',
                null,
              ),
            ]),
          ])
          .as('is_partial'),
    ])
    .where(isOwn($, isArchived))
    .where(onPage($, 't.updated_at', 't.id'))
    .orderBy('t.updated_at', 'desc')
    .orderBy('t.id', 'desc')
    .limit($.limit);

export const walkThreads = statement<Walk>({ rowBytes: 2_000 })((db, $) => walk(db, $, false));
export const walkArchivedThreads = statement<Walk>({ rowBytes: 2_000 })((db, $) => walk(db, $, true));

/** Whether the keys of a row are those of a text that contains `q`. Reads an index, see decision 0033. */
const mayContain = (keys: RawBuilder<unknown>, { accountId, userId, q }: Parameters<Search>) =>
  sql<boolean>`${keys} @> search_all_of(${accountId}::uuid, ${userId}::uuid, ${q}::text)
    and ${keys} && search_any_of(${accountId}::uuid, ${userId}::uuid, ${q}::text)`;

const keysOfMessage = sql`search_keys(m.account_id, m.thread_owner_id, m.content)`;
const keysOfTitle = sql`search_keys(t.account_id, t.created_by_user_id, t.title)`;

/**
 * `isOwn` in a form that no index serves. The planner does not know how few rows have the keys: with a choice, it reads all threads or messages of
 * the account.
 */
const isOwnUnindexed = ($: Parameters<Search>) =>
  eb.and([
    eb('t.account_id', 'is not distinct from', $.accountId),
    eb('t.created_by_user_id', 'is not distinct from', $.userId),
    eb
      .case()
      .when(eb.and([isListed(), sql<SqlBool>`(t.archived_at is not null) = ${$.isArchived}::boolean`]))
      .then(sql<SqlBool>`true`)
      .else(sql<SqlBool>`false`)
      .end(),
  ]);

/**
 * The threads of the user with a match. The index gives candidates. They are sorted first and read in this order, so that only those of the page
 * are read; `offset 0` keeps the planner from reading them before.
 */
export const searchIndex = statement<Search>({ rowBytes: 2_000 })((db, $) => {
  const messages = db
    .selectFrom('messages as m')
    .select(['m.thread_id', 'm.number'])
    .where('m.account_id', 'is not distinct from', $.accountId)
    .where(isSearched())
    .where(mayContain(keysOfMessage, $));
  const titles = db
    .selectFrom('threads as t')
    .select(['t.id as thread_id', sql<number>`null::integer`.as('number')])
    .where(isOwnUnindexed($))
    .where('t.title', 'is not', null)
    .where(mayContain(keysOfTitle, $));
  const candidates = db
    .selectFrom(messages.unionAll(titles).as('c'))
    .select(['c.thread_id', sql<number[]>`array_agg(c.number)`.as('numbers')])
    .groupBy('c.thread_id');
  // `limit` keeps the planner from reading all threads for a join.
  const thread = db
    .selectFrom('threads as t')
    .selectAll('t')
    .whereRef('t.id', '=', sql.ref('c.thread_id'))
    .where(isOwnUnindexed($))
    .where(onPage($, 't.updated_at', 't.id'))
    .limit(sql.lit(1));
  const sorted = db
    .selectFrom(candidates.as('c'))
    .innerJoinLateral(thread.as('t'), (join) => join.onTrue())
    .selectAll('t')
    .select('c.numbers')
    .orderBy('t.updated_at', 'desc')
    .orderBy('t.id', 'desc')
    .offset(sql.lit(0));
  return db
    .selectFrom(sorted.as('t'))
    .leftJoinLateral(hitOf($, sql<boolean>`m.number = any(t.numbers)`), (join) => join.onTrue())
    .select([...columns, 'hit.snippet'])
    .where((all) => all.or([all('hit.snippet', 'is not', null), all(positionOf('t.title', $), '>', sql.lit(0))]))
    .orderBy('t.updated_at', 'desc')
    .orderBy('t.id', 'desc')
    .limit($.limit);
});

export type FoundThread = RowOf<typeof searchIndex>;
