import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Builder, type Parameters, type RowOf, statement } from '../../database/statement.ts';
import type { SearchTerms } from './searchTerms.ts';

const columns = ['id', 'account_id', 'content', 'source', 'thread_id', 'created_at', 'updated_at'] as const;

export type MemoryOwner = { accountId: string; userId: string };
type MemoryKey = MemoryOwner & { id: string };
type Fact = { content: string; searchKeys: number[]; factHash: string; source: 'user' | 'agent'; threadId: string | null };

/** Writes a fact, or gives the memory that already is this fact its text. `is_new`: whether it was inserted. */
export const upsertMemory = statement<MemoryKey & Fact>()((db, $) =>
  db
    .insertInto('memories')
    .values({
      account_id: $.accountId,
      id: $.id,
      user_id: $.userId,
      content: $.content,
      search_keys: $.searchKeys,
      fact_hash: $.factHash,
      source: $.source,
      thread_id: $.threadId,
    })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'user_id', 'fact_hash']).doUpdateSet({
        content: $.content,
        search_keys: $.searchKeys,
        source: $.source,
        thread_id: $.threadId,
        updated_at: sql`now()`,
      }),
    )
    .returning([...columns, sql<boolean>`(id = ${$.id}::uuid)`.as('is_new')]),
);

export const countMemories = statement<MemoryOwner>()((db, $) =>
  db
    .selectFrom('memories')
    .select(sql<number>`count(*)::integer`.as('count'))
    .where('account_id', '=', $.accountId)
    .where('user_id', '=', $.userId),
);

export const selectMemory = statement<MemoryKey>({ isShort: true })((db, $) =>
  db.selectFrom('memories').select(columns).where('account_id', '=', $.accountId).where('id', '=', $.id).where('user_id', '=', $.userId),
);

export type MemoryRow = RowOf<typeof selectMemory>;

export const updateMemory = statement<MemoryKey & Fact>()((db, $) =>
  db
    .updateTable('memories')
    .set({
      content: $.content,
      search_keys: $.searchKeys,
      fact_hash: $.factHash,
      source: $.source,
      thread_id: $.threadId,
      updated_at: sql`now()`,
    })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('user_id', '=', $.userId)
    .returning(columns),
);

/** Deletes the other memory of the user that is the same fact. */
export const deleteSameFact = statement<MemoryKey & { factHash: string }>()((db, $) =>
  db
    .deleteFrom('memories')
    .where('account_id', '=', $.accountId)
    .where('user_id', '=', $.userId)
    .where('fact_hash', '=', $.factHash)
    .where('id', '<>', $.id),
);

export const deleteMemory = statement<MemoryKey>()((db, $) =>
  db
    .deleteFrom('memories')
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('user_id', '=', $.userId)
    .returning('content'),
);

export const deleteMemories = statement<MemoryOwner>()((db, $) =>
  db.deleteFrom('memories').where('account_id', '=', $.accountId).where('user_id', '=', $.userId),
);

export const selectMemories = statement<MemoryOwner & PageKey>({ isShort: true, rowBytes: 3_000 })((db, $) =>
  db
    .selectFrom('memories')
    .select(columns)
    .where('account_id', '=', $.accountId)
    .where('user_id', '=', $.userId)
    .where(onPage($, 'updated_at', 'id'))
    .orderBy('updated_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

/** The most recently written memories. */
export const selectNewestMemories = statement<MemoryOwner & { limit: number }>({ isShort: true, rowBytes: 3_000 })((db, $) =>
  db
    .selectFrom('memories')
    .select(columns)
    .where('account_id', '=', $.accountId)
    .where('user_id', '=', $.userId)
    .orderBy('updated_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

type Term = { key: number; word: number; weight: number };

/** The keys of the words that are searched for: see `SearchTerms`. */
const termsOf = ($: Parameters<SearchTerms>) =>
  sql<Term>`unnest(${$.keys}::integer[], ${$.words}::integer[], ${$.weights}::float8[])`.as<'term'>(sql`term (key, word, weight)`);

/** From this share of its parts, a word is found. */
const minShare = sql.lit(0.5);

/** The words that are found in each memory of a user, with the share of their parts. Reads all keys of the user: see decision 0052. */
const hitsOf = (db: Builder, $: Parameters<MemoryOwner & SearchTerms>) =>
  db
    .selectFrom('memories as m')
    .innerJoinLateral(sql<{ key: number }>`unnest(m.search_keys)`.as<'part'>(sql`part (key)`), (join) => join.onTrue())
    .innerJoin(termsOf($), 'term.key', 'part.key')
    .select(({ fn }) => ['m.id', 'term.word', fn.sum<number>('term.weight').as('share')])
    .where('m.account_id', '=', $.accountId)
    .where('m.user_id', '=', $.userId)
    .groupBy(['m.id', 'term.word'])
    .having(({ fn }) => fn.sum('term.weight'), '>=', minShare);

/** The memories that contain all words. */
export const searchMemories = statement<MemoryOwner & PageKey & SearchTerms>({ rowBytes: 3_000 })((db, $) => {
  const found = db
    .selectFrom(hitsOf(db, $).as('hit'))
    .select('hit.id')
    .groupBy('hit.id')
    .having(sql<boolean>`count(*) = ${$.wordCount}::integer`);
  return db
    .selectFrom('memories as m')
    .select(columns)
    .where('m.account_id', '=', $.accountId)
    .where('m.user_id', '=', $.userId)
    .where('m.id', 'in', found)
    .where(onPage($, 'm.updated_at', 'm.id'))
    .orderBy('m.updated_at', 'desc')
    .orderBy('m.id', 'desc')
    .limit($.limit);
});

/**
 * The memories of a user, the most relevant first. A word counts by how completely it is found, and more if few memories have it, so a word that
 * all have, such as an article, decides nothing. Then the most recently written ones, with score 0. `total`: all memories.
 */
export const rankMemories = statement<MemoryOwner & SearchTerms & { limit: number }>({ rowBytes: 3_000 })((db, $) =>
  db
    .with('own', (qc) =>
      qc
        .selectFrom('memories')
        .select([...columns, sql<number>`(count(*) over ())::integer`.as('total')])
        .where('account_id', '=', $.accountId)
        .where('user_id', '=', $.userId),
    )
    .with('hits', (qc) => hitsOf(qc as unknown as Builder, $))
    .with('weighted', (qc) =>
      qc.selectFrom('hits').select(({ selectFrom }) => {
        const total = selectFrom('own').select(sql<number>`count(*)::float8`.as('count'));
        return ['id', sql<number>`share * ln(1 + ${total} / count(*) over (partition by word))`.as('score')];
      }),
    )
    .with('scores', (qc) =>
      qc
        .selectFrom('weighted')
        .select(({ fn }) => ['id', fn.sum<number>('score').as('score')])
        .groupBy('id'),
    )
    .selectFrom('own as m')
    .leftJoin('scores as s', 's.id', 'm.id')
    .select(['m.id', 'm.account_id', 'm.content', 'm.source', 'm.thread_id', 'm.created_at', 'm.updated_at', 'm.total'])
    .select(sql<number>`coalesce(s.score, 0)::float8`.as('score'))
    .orderBy('score', 'desc')
    .orderBy('m.updated_at', 'desc')
    .orderBy('m.id', 'desc')
    .limit($.limit),
);

export type RankedMemory = RowOf<typeof rankMemories>;
