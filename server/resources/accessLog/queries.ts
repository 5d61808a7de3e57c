import { sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';

type Filter = {
  /** Exclusive upper bound of `id`. */
  before: string;
  /** Inclusive lower bound of `id`. */
  since: string;
  method: string | null;
  path: string | null;
  network: string | null;
  country: string | null;
  minRisk: number | null;
  uaType: string | null;
  limit: number;
};

/**
 * Newest first. A null filter matches everything. Both bounds on `id` let PostgreSQL prune partitions and read the others from the end of
 * their index, however many lines they have.
 */
export const selectEntries = statement<Filter>({ rowBytes: 9_000 })((db, $) =>
  db
    .with('page', (qc) =>
      qc
        .selectFrom('access_log')
        .select([
          'id',
          'timestamp',
          'trace_id',
          'method',
          'path',
          'status_code',
          'duration_ms',
          'client_ip',
          'country',
          'city',
          'user_agent',
          'ua_type',
          'risk_score',
          'identity_type',
          'account_id',
          'user_id',
          'service_key_id',
        ])
        .where('id', '<', $.before)
        .where('id', '>=', $.since)
        .where(sql<boolean>`(${$.method}::text is null or method = ${$.method})`)
        .where(sql<boolean>`(${$.path}::text is null or starts_with(path, ${$.path}))`)
        .where(sql<boolean>`(${$.network}::inet is null or case when client_ip <> '' then client_ip::inet <<= ${$.network}::inet end)`)
        .where(sql<boolean>`(${$.country}::text is null or country = ${$.country})`)
        .where(sql<boolean>`(${$.minRisk}::numeric is null or risk_score >= ${$.minRisk})`)
        .where(sql<boolean>`(${$.uaType}::text is null or ua_type = ${$.uaType})`)
        .orderBy('id', 'desc')
        .limit($.limit),
    )
    .selectFrom('page')
    .leftJoin('users as u', (join) =>
      join
        .on('u.status', '<>', sql.lit('deleted' as const))
        .on('u.id', '=', sql<string>`case when page.user_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then page.user_id::uuid end`),
    )
    .selectAll('page')
    .select(sql<string>`coalesce(u.username, '')`.as('username'))
    .orderBy('page.id', 'desc'),
);

export type AccessLogRow = RowOf<typeof selectEntries>;
