import { type RawBuilder, sql } from 'kysely';
import { bytesOf, onPage, pageInBytes, type PageKey } from '../../database/paging.ts';
import { type Parameters, type RowOf, statement } from '../../database/statement.ts';
import { replacedSecret } from '../../http/access/keySecrets.ts';
import { reservedCredits } from '../credits/reserved.ts';
import { activeStatuses } from '../runs/statuses.ts';

const columns = [
  'id',
  'account_id',
  'user_id',
  'name',
  'key_prefix',
  'scopes',
  'inherits_permissions',
  'credits_per_day',
  'credits_per_month',
  'credits_total',
  'requests_per_minute',
  'requests_per_day',
  'requests_per_month',
  'requests_total',
  'models',
  'expires_at',
  'previous_expires_at',
  'revoked_at',
  'last_used_at',
  'created_at',
] as const;

/** Prevents the membership from ending while a key is created or its secret replaced. */
export const lockMembership = statement<{ accountId: string; userId: string }>()((db, $) =>
  db.selectFrom('memberships').select('role').where('account_id', '=', $.accountId).where('user_id', '=', $.userId).forNoKeyUpdate(),
);

/** What can be changed. Null means no limit, all models, no expiry. */
type Properties = {
  name: string;
  creditsPerDay: number | null;
  creditsPerMonth: number | null;
  creditsTotal: number | null;
  requestsPerMinute: number | null;
  requestsPerDay: number | null;
  requestsPerMonth: number | null;
  requestsTotal: number | null;
  models: string[] | null;
  expiresAt: string | null;
};

const valuesOf = ($: Parameters<Properties>) => ({
  name: $.name,
  credits_per_day: $.creditsPerDay,
  credits_per_month: $.creditsPerMonth,
  credits_total: $.creditsTotal,
  requests_per_minute: $.requestsPerMinute,
  requests_per_day: $.requestsPerDay,
  requests_per_month: $.requestsPerMonth,
  requests_total: $.requestsTotal,
  models: $.models,
  expires_at: $.expiresAt,
});

type Key = { accountId: string; id: string };
type NewKey = Key & Properties & { userId: string; keyPrefix: string; keyHash: string; scopes: string[]; inheritsPermissions: boolean };

export const insertKey = statement<NewKey>()((db, $) =>
  db
    .insertInto('api_keys')
    .values({
      account_id: $.accountId,
      id: $.id,
      user_id: $.userId,
      key_prefix: $.keyPrefix,
      key_hash: $.keyHash,
      scopes: $.scopes,
      inherits_permissions: $.inheritsPermissions,
      ...valuesOf($),
    })
    .returning(columns),
);

/** A key without its secret. */
export type ApiKeyRow = RowOf<typeof insertKey>;

/** `ownerId` limits a statement to the keys of one user; null includes all. */
type Visible = { ownerId: string | null };
const isVisible = ({ ownerId }: Parameters<Visible>) => sql<boolean>`(${ownerId}::uuid is null or user_id = ${ownerId})`;

/** Newest first. */
export const selectKeys = statement<{ accountId: string } & Visible & PageKey>()((db, $) =>
  pageInBytes(
    db
      .selectFrom('api_keys')
      .select(columns)
      .where('account_id', '=', $.accountId)
      .where(isVisible($))
      .where(onPage($, 'created_at', 'id'))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit($.limit),
    bytesOf('models'),
  ),
);

export const selectKey = statement<Key & Visible>()((db, $) =>
  db.selectFrom('api_keys').select(columns).where('account_id', '=', $.accountId).where('id', '=', $.id).where(isVisible($)),
);

/** A key that is not revoked, locked until the transaction ends. */
export const lockKey = statement<Key>()((db, $) =>
  db
    .selectFrom('api_keys')
    .select(columns)
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('revoked_at', 'is', null)
    .forUpdate(),
);

export const updateKey = statement<Key & Properties>()((db, $) =>
  db.updateTable('api_keys').set(valuesOf($)).where('account_id', '=', $.accountId).where('id', '=', $.id).returning(columns),
);

/** The previous secret is accepted for another `overlapSeconds`; with 0 it is rejected immediately. */
export const replaceSecret = statement<Key & { keyPrefix: string; keyHash: string; overlapSeconds: number }>()((db, $) =>
  db
    .updateTable('api_keys')
    .set({
      ...replacedSecret($),
    })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .returning(columns),
);

export const revokeKey = statement<Key>()((db, $) =>
  db
    .updateTable('api_keys')
    .set({ revoked_at: sql`now()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('revoked_at', 'is', null)
    .returning(['user_id', 'name', 'key_prefix']),
);

/** What a key has started: its runs, and those of sub-agents and schedules, which come after the runs that started them. */
export const selectOpenRuns = statement<Key>({ bound: 'openRuns' })((db, $) =>
  db
    .selectFrom('runs')
    .select('id')
    .where('account_id', '=', $.accountId)
    .where('api_key_id', '=', $.id)
    .where('status', 'in', activeStatuses)
    .orderBy('id'),
);

/** Locks the active schedules that a key, or a run of it, has created or changed. */
export const lockActiveSchedules = statement<Key>({ bound: 'schedules' })((db, $) =>
  db
    .selectFrom('schedules')
    .select('id')
    .where('account_id', '=', $.accountId)
    .where('api_key_id', '=', $.id)
    .where('status', '=', sql.lit('active' as const))
    .orderBy('id')
    .forUpdate(),
);

const sum = (column: 'credits' | 'requests', range: RawBuilder<unknown>) =>
  sql<number>`coalesce(sum(${sql.ref(column)}) filter (where ${range}), 0)::bigint`;

/** Sums of what a key has used, and what it has reserved. `day` and `month` are the first days of the periods (UTC). */
export const selectUsage = statement<Key & { day: string; month: string }>()((db, $) =>
  db
    .selectFrom('api_key_usage')
    .select([
      sum('credits', sql`day = ${$.day}::date`).as('credits_of_day'),
      sum('requests', sql`day = ${$.day}::date`).as('requests_of_day'),
      sum('credits', sql`day >= ${$.month}::date`).as('credits_of_month'),
      sum('requests', sql`day >= ${$.month}::date`).as('requests_of_month'),
      sum('credits', sql`true`).as('credits_in_total'),
      sum('requests', sql`true`).as('requests_in_total'),
      reservedCredits($.accountId, undefined, $.id).as('reserved_credits'),
    ])
    .where('account_id', '=', $.accountId)
    .where('api_key_id', '=', $.id),
);
