import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import type { LeasedRun } from '../lease/lease.ts';
import type { UntitledThread } from './title.ts';

/** Whether the account, the thread and the creator of a run have what most have not: it is read only then. */
const selectRunFacts = statement<{ accountId: string; threadId: string; userId: string | null }>()((db, $) =>
  db
    .selectFrom(db.selectNoFrom(sql.lit(0).as('zero')).as('one'))
    .leftJoin('threads as t', (join) =>
      join
        .on('t.account_id', '=', $.accountId)
        .on('t.id', '=', $.threadId)
        .on('t.title_locked', '=', sql.lit(false))
        .on((eb) => eb.or([eb('t.title', 'is', null), eb('t.title_provisional', '=', sql.lit(true))]))
        .on('t.deleted_at', 'is', null),
    )
    .select(({ exists, selectFrom }) => [
      't.id as untitled_thread_id',
      't.title',
      selectFrom('credit_balances')
        .select(sql<number>`balance::float8`.as('balance'))
        .where('account_id', '=', $.accountId)
        .as('balance'),
      exists(
        selectFrom('thread_summaries')
          .select(sql.lit(1).as('one'))
          .where('account_id', '=', $.accountId)
          .where('thread_id', '=', $.threadId),
      ).as('has_summaries'),
      exists(
        selectFrom('skills').select(sql.lit(1).as('one')).where('account_id', '=', $.accountId).where('is_active', '=', sql.lit(true)),
      ).as('has_skills'),
      exists(
        selectFrom('memories')
          .select(sql.lit(1).as('one'))
          .where('account_id', '=', $.accountId)
          .where('user_id', '=', sql<string>`${$.userId}::uuid`),
      ).as('has_memories'),
    ]),
);

export type RunFacts = {
  balance: number;
  /** The thread, if no earlier run could generate a title: it has none, or only the first words of a message. */
  untitled: UntitledThread | undefined;
} & Pick<RowOf<typeof selectRunFacts>, 'has_summaries' | 'has_skills' | 'has_memories'>;

/** `has_memories` is about the creator of the run. */
export async function readRunFacts(connection: Queryable, run: LeasedRun): Promise<RunFacts> {
  const values = { accountId: run.account_id, threadId: run.thread_id, userId: run.created_by_user_id };
  const { untitled_thread_id: id, title, balance, ...has } = (await connection.row(selectRunFacts, values))!;
  return { balance: balance ?? 0, untitled: id === null ? undefined : { title }, ...has };
}
