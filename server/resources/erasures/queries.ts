import { sql } from 'kysely';
import type { ErasureState } from '../../../contract/erasures.ts';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Builder, type RowOf, statement } from '../../database/statement.ts';

const own = [
  'e.account_id',
  'e.id',
  'e.user_id',
  'e.state',
  'e.requested_by',
  'e.service_key_id',
  'e.by_platform',
  'e.reference',
  'e.trace_id',
  'e.due_at',
  'e.waiting_for',
  'e.deleted',
  'e.anonymized',
  'e.files_deleted',
  'e.bytes_deleted',
  'e.created_at',
  'e.cancelled_at',
  'e.started_at',
  'e.finished_at',
] as const;

const erasures = (db: Builder) =>
  db.selectFrom('erasures as e').innerJoin('accounts as a', 'a.id', 'e.account_id').select(own).select('a.slug as account_slug');

type One = { accountId: string; id: string };

/** The erasure of an account that has not ended. */
export const selectOpen = statement<{ accountId: string }>()((db, $) =>
  erasures(db)
    .where('e.account_id', '=', $.accountId)
    .where('e.state', 'in', [sql.lit('scheduled' as const), sql.lit('running' as const)]),
);
export type ErasureRow = RowOf<typeof selectOpen>;

export const selectErasure = statement<{ id: string }>()((db, $) =>
  erasures(db).select(['e.report', 'e.proof']).where('e.id', '=', $.id).orderBy('e.created_at', 'desc').limit(sql.lit(1)),
);
export type ErasureDetailsRow = RowOf<typeof selectErasure>;

export const selectRequested = statement<{ userId: string } & PageKey>({ rowBytes: 9_000 })((db, $) =>
  erasures(db)
    .where('e.requested_by', '=', $.userId)
    .where(onPage($, 'e.created_at', 'e.id'))
    .orderBy('e.created_at', 'desc')
    .orderBy('e.id', 'desc')
    .limit($.limit),
);

export const selectErasures = statement<{ state: ErasureState | null } & PageKey>({ rowBytes: 9_000 })((db, $) =>
  erasures(db)
    .where(sql<boolean>`(${$.state}::text is null or e.state = ${$.state})`)
    .where(onPage($, 'e.created_at', 'e.id'))
    .orderBy('e.created_at', 'desc')
    .orderBy('e.id', 'desc')
    .limit($.limit),
);

type NewErasure = One & {
  userId: string | null;
  requestedBy: string;
  serviceKeyId: string | null;
  byPlatform: boolean;
  reference: string | null;
  traceId: string;
  graceDays: number;
};

/** Returns no row if the account has an erasure that has not ended. */
export const insertErasure = statement<NewErasure>()((db, $) =>
  db
    .insertInto('erasures')
    .values({
      account_id: $.accountId,
      id: $.id,
      user_id: $.userId,
      requested_by: $.requestedBy,
      service_key_id: $.serviceKeyId,
      by_platform: $.byPlatform,
      reference: $.reference,
      trace_id: $.traceId,
      due_at: sql<string>`now() + ${$.graceDays}::float8 * interval '1 day'`,
    })
    .onConflict((conflict) =>
      conflict
        .column('account_id')
        .where(sql<boolean>`state = any (array['scheduled'::text, 'running'::text])`)
        .doNothing(),
    )
    .returning(['id', 'due_at']),
);

/** Changes no row if the erasure has begun or was canceled. */
export const cancelErasure = statement<One>()((db, $) =>
  db
    .updateTable('erasures')
    .set({ state: sql.lit('cancelled' as const), cancelled_at: sql`now()`, moved_at: sql`now()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('state', '=', sql.lit('scheduled' as const)),
);

/** An account in any state, locked until the commit. */
export const lockAnyAccount = statement<{ accountId: string }>()((db, $) =>
  db
    .selectFrom('accounts as a')
    .innerJoin('users as u', 'u.id', 'a.owner_user_id')
    .select(['a.id', 'a.slug', 'a.name', 'a.type', 'a.owner_user_id', 'a.deleted_at', 'u.status as owner_status'])
    .where('a.id', '=', $.accountId)
    .forNoKeyUpdate('a'),
);

export const selectOwner = statement<{ accountId: string }>()((db, $) =>
  db.selectFrom('accounts').select('owner_user_id').where('id', '=', $.accountId),
);

/** A deleted user with their personal account. */
export const selectDeletedUser = statement<{ userId: string }>()((db, $) =>
  db
    .selectFrom('users as u')
    .innerJoin('accounts as a', (join) => join.onRef('a.owner_user_id', '=', 'u.id').on('a.type', '=', sql.lit('personal' as const)))
    .select(['u.id', 'u.status', 'a.id as account_id', 'a.slug'])
    .where('u.id', '=', $.userId),
);

/** Members to notify. Mail goes to confirmed addresses only. */
export const selectMembers = statement<{ accountId: string }>({ bound: 'members' })((db, $) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('users as u', (join) => join.onRef('u.id', '=', 'm.user_id').on('u.status', '=', sql.lit('active' as const)))
    .select(['u.id', 'u.locale', sql<string | null>`case when u.email_verified_at is not null then u.email end`.as('email')])
    .where('m.account_id', '=', $.accountId),
);
