import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Builder, type RowOf, statement } from '../../database/statement.ts';

type OfAccount = { accountId: string };
type TeamKey = OfAccount & { id: string };

const teams = (db: Builder) =>
  db
    .selectFrom('teams as t')
    .select((eb) => [
      't.id',
      't.account_id',
      't.name',
      't.created_at',
      eb
        .selectFrom('team_members as m')
        .select(eb.fn.countAll<number>().as('count'))
        .whereRef('m.account_id', '=', 't.account_id')
        .whereRef('m.team_id', '=', 't.id')
        .$asScalar()
        .$notNull()
        .as('members_count'),
    ]);

export const selectTeam = statement<TeamKey>()((db, $) => teams(db).where('t.account_id', '=', $.accountId).where('t.id', '=', $.id));

export type TeamRow = RowOf<typeof selectTeam>;

export const selectTeams = statement<OfAccount & PageKey>({ rowBytes: 1_000 })((db, $) =>
  teams(db)
    .where('t.account_id', '=', $.accountId)
    .where(onPage($, 't.created_at', 't.id'))
    .orderBy('t.created_at', 'desc')
    .orderBy('t.id', 'desc')
    .limit($.limit),
);

export const insertTeam = statement<TeamKey & { name: string }>()((db, $) =>
  db
    .insertInto('teams')
    .values({ account_id: $.accountId, id: $.id, name: $.name })
    .returning(['id', 'account_id', 'name', sql.lit<number>(0).as('members_count'), 'created_at']),
);

/** Locks the team to serialize inserts of members, so that the member limit holds. */
export const lockTeam = statement<TeamKey>()((db, $) =>
  db.selectFrom('teams').select('id').where('account_id', '=', $.accountId).where('id', '=', $.id).forNoKeyUpdate(),
);

/** Unlike `lockTeam`, also blocks foreign key references to the team. */
export const lockTeamToDelete = statement<TeamKey>()((db, $) =>
  db.selectFrom('teams').select('name').where('account_id', '=', $.accountId).where('id', '=', $.id).forUpdate(),
);

/** Projects of the team become private, so deleting a team never makes a project visible to more users. */
export const releaseProjects = statement<TeamKey>()((db, $) =>
  db
    .updateTable('projects')
    .set({ team_id: sql.lit(null), visibility: sql.lit('private' as const) })
    .where('account_id', '=', $.accountId)
    .where('team_id', '=', $.id),
);

export const deleteTeam = statement<TeamKey>()((db, $) =>
  db.deleteFrom('teams').where('account_id', '=', $.accountId).where('id', '=', $.id),
);

const memberColumns = ['team_id', 'user_id', 'role', 'created_at'] as const;

type Team = { accountId: string; teamId: string };
type Member = Team & { userId: string };
type Role = { role: 'admin' | 'member' };

export const selectTeamMember = statement<Member>()((db, $) =>
  db
    .selectFrom('team_members')
    .select(memberColumns)
    .where('account_id', '=', $.accountId)
    .where('team_id', '=', $.teamId)
    .where('user_id', '=', $.userId),
);

export type TeamMemberRow = RowOf<typeof selectTeamMember>;

export const selectTeamMembers = statement<Team & PageKey>({ rowBytes: 1_000 })((db, $) =>
  db
    .selectFrom('team_members')
    .select(memberColumns)
    .where('account_id', '=', $.accountId)
    .where('team_id', '=', $.teamId)
    .where(onPage($, 'created_at', 'user_id'))
    .orderBy('created_at', 'desc')
    .orderBy('user_id', 'desc')
    .limit($.limit),
);

export const countTeamMembers = statement<Team>()((db, $) =>
  db
    .selectFrom('team_members')
    .select(({ fn }) => fn.countAll<number>().as('current'))
    .where('account_id', '=', $.accountId)
    .where('team_id', '=', $.teamId),
);

/** Locks the membership until the commit, so that it cannot end before the insert. */
export const lockMembershipKeyShare = statement<{ accountId: string; userId: string }>()((db, $) =>
  db.selectFrom('memberships').select('user_id').where('account_id', '=', $.accountId).where('user_id', '=', $.userId).forKeyShare(),
);

export const insertTeamMember = statement<Member & Role>()((db, $) =>
  db
    .insertInto('team_members')
    .values({ account_id: $.accountId, team_id: $.teamId, user_id: $.userId, role: $.role })
    .returning(memberColumns),
);

export const updateTeamMember = statement<Member & Role>()((db, $) =>
  db
    .updateTable('team_members')
    .set({ role: $.role })
    .where('account_id', '=', $.accountId)
    .where('team_id', '=', $.teamId)
    .where('user_id', '=', $.userId)
    .returning(memberColumns),
);

export const deleteTeamMember = statement<Member>()((db, $) =>
  db.deleteFrom('team_members').where('account_id', '=', $.accountId).where('team_id', '=', $.teamId).where('user_id', '=', $.userId),
);
