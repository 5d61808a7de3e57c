import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';

const columns = ['id', 'account_id', 'name', 'description', 'is_active', 'file_count', 'size', 'created_at', 'updated_at'] as const;

type SkillKey = { accountId: string; id: string };

/** Serializes inserts of an account, so that the quota check counts every skill. */
export const lockAccount = statement<{ accountId: string }>()((db, $) =>
  db.selectFrom('accounts').select('id').where('id', '=', $.accountId).forNoKeyUpdate(),
);

type Content = { description: string; fileCount: number; size: number };

export const insertSkill = statement<SkillKey & { name: string } & Content>()((db, $) =>
  db
    .insertInto('skills')
    .values({
      account_id: $.accountId,
      id: $.id,
      name: $.name,
      description: $.description,
      file_count: $.fileCount,
      size: $.size,
    })
    .returning(columns),
);

/** Changes nothing if the name differs. Locks the skill, so that its files belong to one content. */
export const replaceSkill = statement<SkillKey & { name: string } & Content>()((db, $) =>
  db
    .updateTable('skills')
    .set({ description: $.description, file_count: $.fileCount, size: $.size, updated_at: sql`now()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('name', '=', $.name)
    .returning(columns),
);

export const setActive = statement<SkillKey & { isActive: boolean }>()((db, $) =>
  db
    .updateTable('skills')
    .set({ is_active: $.isActive, updated_at: sql`now()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .returning(columns),
);

export const deleteSkill = statement<SkillKey>()((db, $) =>
  db.deleteFrom('skills').where('account_id', '=', $.accountId).where('id', '=', $.id),
);

/** The keys of the account's personas that list a skill. */
export const selectPersonasWith = statement<{ accountId: string; name: string }>()((db, $) =>
  db
    .selectFrom('personas')
    .distinct()
    .select('persona_key')
    .where('account_id', '=', $.accountId)
    .where(sql<boolean>`definition -> 'skills' ? ${$.name}::text`)
    .orderBy('persona_key')
    .limit(sql.lit(20)),
);

export const selectSkills = statement<{ accountId: string } & PageKey>({ rowBytes: 5_000 })((db, $) =>
  db
    .selectFrom('skills')
    .select(columns)
    .where('account_id', '=', $.accountId)
    .where(onPage($, 'created_at', 'id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

export const selectSkill = statement<SkillKey>()((db, $) =>
  db.selectFrom('skills').select(columns).where('account_id', '=', $.accountId).where('id', '=', $.id),
);

export type SkillRow = RowOf<typeof selectSkill>;

type Files = { paths: readonly string[]; hashes: readonly string[]; contents: readonly Buffer[] };

export const insertFiles = statement<SkillKey & Files>()((db, $) =>
  db
    .insertInto('skill_files')
    .columns(['account_id', 'skill_id', 'path', 'sha256', 'size', 'content'])
    .expression((eb) =>
      eb
        .selectFrom(
          sql<{
            path: string;
            sha256: string;
            content: Buffer;
          }>`unnest(${$.paths}::text[], ${$.hashes}::text[], ${$.contents}::bytea[])`.as<'f'>(sql`f (path, sha256, content)`),
        )
        .select([
          sql<string>`${$.accountId}::uuid`.as('account_id'),
          sql<string>`${$.id}::uuid`.as('skill_id'),
          'f.path',
          'f.sha256',
          sql<number>`octet_length(f.content)`.as('size'),
          'f.content',
        ]),
    ),
);

export const deleteFiles = statement<SkillKey>()((db, $) =>
  db.deleteFrom('skill_files').where('account_id', '=', $.accountId).where('skill_id', '=', $.id),
);

export const selectFiles = statement<SkillKey>({ bound: 'skill' })((db, $) =>
  db
    .selectFrom('skill_files')
    .select(['path', 'size', 'sha256'])
    .where('account_id', '=', $.accountId)
    .where('skill_id', '=', $.id)
    .orderBy((eb) => eb('path', '<>', sql.lit('SKILL.md')))
    .orderBy(sql`path collate "C"`),
);

export type SkillFileRow = RowOf<typeof selectFiles>;

export const selectFile = statement<SkillKey & { path: string }>()((db, $) =>
  db
    .selectFrom('skill_files')
    .select(['path', 'sha256', 'content'])
    .where('account_id', '=', $.accountId)
    .where('skill_id', '=', $.id)
    .where('path', '=', $.path),
);

/** The skills that runs of an account can load, by name. */
export const selectActiveSkills = statement<{ accountId: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('skills')
    .select(['name', 'description'])
    .where('account_id', '=', $.accountId)
    .where('is_active', '=', sql.lit(true))
    .orderBy(sql`name collate "C"`),
);

/** A file of an active skill, with the paths of all its files. `content` is null if there is no such file. */
export const selectSkillFile = statement<{ accountId: string; name: string; path: string }>({ bound: 'skill' })((db, $) =>
  db
    .selectFrom('skills as s')
    .leftJoin('skill_files as f', (join) =>
      join.onRef('f.account_id', '=', 's.account_id').onRef('f.skill_id', '=', 's.id').on('f.path', '=', $.path),
    )
    .select(['f.content', 's.id'])
    .select((eb) =>
      eb
        .selectFrom('skill_files as o')
        .whereRef('o.account_id', '=', 's.account_id')
        .whereRef('o.skill_id', '=', 's.id')
        .select(sql<string[]>`array_agg(o.path order by o.path collate "C")`.as('paths'))
        .as('paths'),
    )
    .where('s.account_id', '=', $.accountId)
    .where('s.name', '=', $.name)
    .where('s.is_active', '=', sql.lit(true)),
);
