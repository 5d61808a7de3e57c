import { sql } from 'kysely';
import type { Visibility } from '../../../contract/projects.ts';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import { isProjectVisible } from './visibility.ts';

const columns = ['id', 'account_id', 'team_id', 'owner_user_id', 'name', 'description', 'visibility', 'is_default', 'created_at'] as const;

type NewProject = {
  accountId: string;
  id: string;
  userId: string;
  teamId: string | null;
  name: string;
  description: string | null;
  visibility: Visibility;
};

export const insertProject = statement<NewProject>()((db, $) =>
  db
    .insertInto('projects')
    .values({
      account_id: $.accountId,
      id: $.id,
      owner_user_id: $.userId,
      team_id: $.teamId,
      name: $.name,
      description: $.description,
      visibility: $.visibility,
    })
    .returning(columns),
);

/** Inserts nothing if the user already has a default project. */
export const insertDefaultProject = statement<{ accountId: string; id: string; userId: string }>()((db, $) =>
  db
    .insertInto('projects')
    .columns(['account_id', 'id', 'owner_user_id', 'name', 'is_default'])
    .expression(
      db
        .selectNoFrom([
          sql<string>`${$.accountId}::uuid`.as('account_id'),
          sql<string>`${$.id}::uuid`.as('id'),
          sql<string>`${$.userId}::uuid`.as('owner_user_id'),
          sql.lit('Default').as('name'),
          sql.lit(true).as('is_default'),
        ])
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('projects')
                .select('id')
                .where('account_id', '=', $.accountId)
                .where('owner_user_id', '=', $.userId)
                .where('is_default', '=', sql.lit(true))
                .where('deleted_at', 'is', null),
            ),
          ),
        ),
    )
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'owner_user_id']).where('is_default', '=', sql.lit(true)).where('deleted_at', 'is', null).doNothing(),
    ),
);

type Viewer = { accountId: string; userId: string; seesAll: boolean };

export const selectVisibleProject = statement<Viewer & { id: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('projects as p')
    .select(columns)
    .where('p.account_id', '=', $.accountId)
    .where(isProjectVisible($))
    .where('p.id', '=', $.id),
);

export const selectVisibleProjects = statement<Viewer & PageKey>({ isShort: true, rowBytes: 8_000 })((db, $) =>
  db
    .selectFrom('projects as p')
    .select(columns)
    .where('p.account_id', '=', $.accountId)
    .where(isProjectVisible($))
    .where(onPage($, 'p.created_at', 'p.id'))
    .orderBy('p.created_at', 'desc')
    .orderBy('p.id', 'desc')
    .limit($.limit),
);

type ProjectKey = { accountId: string; id: string };

/** Locks a project to serialize its updates. */
export const lockProject = statement<ProjectKey>()((db, $) =>
  db
    .selectFrom('projects')
    .select(['id', 'is_default'])
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('deleted_at', 'is', null)
    .forNoKeyUpdate(),
);

type Changes = {
  name: string | null;
  changesDescription: boolean;
  description: string | null;
  changesTeam: boolean;
  teamId: string | null;
  visibility: Visibility | null;
};

/** A null leaves name and visibility unchanged. */
export const updateProject = statement<ProjectKey & Changes>()((db, $) =>
  db
    .updateTable('projects as p')
    .set({
      name: sql`coalesce(${$.name}, p.name)`,
      description: sql`case when ${$.changesDescription}::boolean then ${$.description} else p.description end`,
      team_id: sql`case when ${$.changesTeam}::boolean then ${$.teamId}::uuid else p.team_id end`,
      visibility: sql`coalesce(${$.visibility}, p.visibility)`,
    })
    .where('p.account_id', '=', $.accountId)
    .where('p.id', '=', $.id)
    .returning(columns),
);

export const deleteProject = statement<ProjectKey>()((db, $) =>
  db
    .updateTable('projects')
    .set({ deleted_at: sql`now()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id),
);

/** Prevents deletion of the team until the end of the transaction. */
export const lockTeamKeyShare = statement<{ accountId: string; teamId: string }>()((db, $) =>
  db.selectFrom('teams').select('id').where('account_id', '=', $.accountId).where('id', '=', $.teamId).forKeyShare(),
);

export type ProjectRow = RowOf<typeof selectVisibleProject>;
