import { expressionBuilder, type RawBuilder, sql } from 'kysely';
import { type Builder, type Parameters, type RowOf, statement, type WithAlias } from '../../database/statement.ts';

const replayColumns = [
  'account_id',
  'endpoint_id',
  'status',
  'since',
  'until',
  'only_failed',
  'total',
  'queued',
  'created_at',
  'ended_at',
] as const;

type OfEndpoint = { accountId: string; endpointId: string };
type Range = { since: string; until: string | null; onlyFailed: boolean };

/** Now, if no earlier end was given: the deliveries of the replay itself are not replayed. */
const endOf = (until: RawBuilder<string | null>) => sql<string>`least(coalesce(${until}::timestamptz, now()), now())`;

/** Whether original delivery `d` has ended and, with `onlyFailed`, no delivery of its message to the endpoint has succeeded or is pending. */
function isReplayed(onlyFailed: RawBuilder<boolean>): RawBuilder<boolean> {
  const received = expressionBuilder<WithAlias<'webhook_deliveries', 'd'>, 'd'>()
    .selectFrom('webhook_deliveries as o')
    .select(sql.lit(1).as('one'))
    .whereRef('o.account_id', '=', 'd.account_id')
    .whereRef('o.message_id', '=', 'd.message_id')
    .whereRef('o.endpoint_id', '=', 'd.endpoint_id')
    .where('o.status', '<>', sql.lit('failed' as const));
  return sql<boolean>`d.redelivery_of is null and not d.is_test and d.status <> 'pending' and not (${onlyFailed}::boolean and (d.status <> 'failed' or exists ${received}))`;
}

/** Counts up to `most` messages. */
export const countReplayed = statement<OfEndpoint & Range & { most: number }>()((db, $) =>
  db
    .selectFrom((eb) =>
      eb
        .selectFrom('webhook_deliveries as d')
        .select(sql.lit(1).as('one'))
        .where('d.account_id', '=', $.accountId)
        .where('d.endpoint_id', '=', $.endpointId)
        .where('d.created_at', '>=', $.since)
        .where('d.created_at', '<', endOf($.until))
        .where(isReplayed($.onlyFailed))
        .limit($.most)
        .as('matching'),
    )
    .select(sql<number>`count(*)::int`.as('total')),
);

/** Replaces the last replay of the endpoint. Inserts nothing while it is running. */
export const insertReplay = statement<OfEndpoint & Range & { total: number }>()((db, $) =>
  db
    .insertInto('webhook_replays')
    .values({
      account_id: $.accountId,
      endpoint_id: $.endpointId,
      since: $.since,
      until: endOf($.until),
      only_failed: $.onlyFailed,
      total: $.total,
      cursor_at: $.since,
      cursor_id: sql<string>`'00000000-0000-0000-0000-000000000000'::uuid`,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['account_id', 'endpoint_id'])
        .doUpdateSet((eb) => ({
          status: sql.lit('running' as const),
          since: eb.ref('excluded.since'),
          until: eb.ref('excluded.until'),
          only_failed: eb.ref('excluded.only_failed'),
          total: eb.ref('excluded.total'),
          queued: sql.lit(0),
          cursor_at: eb.ref('excluded.cursor_at'),
          cursor_id: eb.ref('excluded.cursor_id'),
          created_at: sql<string>`now()`,
          ended_at: sql.lit(null),
        }))
        .where('webhook_replays.status', '<>', sql.lit('running' as const)),
    )
    .returning(replayColumns),
);

export const selectReplay = statement<OfEndpoint>()((db, $) =>
  db.selectFrom('webhook_replays').select(replayColumns).where('account_id', '=', $.accountId).where('endpoint_id', '=', $.endpointId),
);

export type ReplayRow = RowOf<typeof selectReplay>;

type Stage = OfEndpoint & { createdAt: string; cursorId: string };

/** Returns nothing if the replay has ended, another one has replaced it, or another worker has moved its cursor or is doing so. */
export const lockStage = statement<Stage>()((db, $) =>
  db
    .selectFrom('webhook_replays')
    .select('endpoint_id')
    .where('account_id', '=', $.accountId)
    .where('endpoint_id', '=', $.endpointId)
    .where('status', '=', sql.lit('running' as const))
    .where('created_at', '=', $.createdAt)
    .where('cursor_id', '=', $.cursorId)
    .forUpdate()
    .skipLocked(),
);

type Rest = OfEndpoint & { until: string; onlyFailed: boolean; cursorAt: string; cursorId: string; limit: number };

/** The original deliveries of the next messages. */
export const selectReplayed = statement<Rest>({ bound: 'batch' })((db, $) =>
  db
    .selectFrom('webhook_deliveries as d')
    .select(['d.id', 'd.created_at'])
    .where('d.account_id', '=', $.accountId)
    .where('d.endpoint_id', '=', $.endpointId)
    .where('d.created_at', '<', $.until)
    .where(sql<boolean>`(d.created_at, d.id) > (${$.cursorAt}::timestamptz, ${$.cursorId}::uuid)`)
    .where(isReplayed($.onlyFailed))
    .orderBy('d.created_at')
    .orderBy('d.id')
    .limit($.limit),
);

type Original = { original: string; id: string; place: number };

/** The last redelivery that has not been tried. */
const lastQueued = (db: Builder, $: Parameters<OfEndpoint>) =>
  db
    .selectFrom('webhook_deliveries')
    .select('next_attempt_at')
    .where('account_id', '=', $.accountId)
    .where('endpoint_id', '=', $.endpointId)
    .where('status', '=', sql.lit('pending' as const))
    .where('redelivery_of', 'is not', null)
    .where('attempts', '=', sql.lit(0))
    .orderBy('next_attempt_at', 'desc')
    .limit(sql.lit(1));

/** Inserts a new delivery for each of the original ones, with these IDs, due in this order and after those of the batch before. */
export const insertReplayed = statement<OfEndpoint & { originals: string[]; ids: string[] }>()((db, $) =>
  db
    .insertInto('webhook_deliveries')
    .columns(['account_id', 'id', 'endpoint_id', 'message_id', 'event_type', 'next_attempt_at', 'redelivery_of'])
    .expression(
      db
        .selectFrom(sql<Original>`unnest(${$.originals}::uuid[], ${$.ids}::uuid[]) with ordinality`.as<'n'>(sql`n (original, id, place)`))
        .innerJoin('webhook_deliveries as d', (join) => join.on('d.account_id', '=', $.accountId).onRef('d.id', '=', 'n.original'))
        .select((eb) => [
          'd.account_id',
          'n.id',
          'd.endpoint_id',
          'd.message_id',
          'd.event_type',
          // Due deliveries are sent by this time.
          sql<string>`${eb.fn('greatest', [sql`now()`, lastQueued(db, $)])} + n.place * interval '1 ms'`.as('next_attempt_at'),
          'd.id as redelivery_of',
        ]),
    ),
);

/** Null keeps the cursor. */
type Progress = OfEndpoint & { queued: number; cursorAt: string | null; cursorId: string | null; status: 'running' | 'completed' };

export const updateProgress = statement<Progress>()((db, $) =>
  db
    .updateTable('webhook_replays')
    .set((eb) => ({
      status: $.status,
      queued: eb('queued', '+', $.queued),
      cursor_at: sql`coalesce(${$.cursorAt}::timestamptz, cursor_at)`,
      cursor_id: sql`coalesce(${$.cursorId}::uuid, cursor_id)`,
      ended_at: sql`case when ${$.status}::text <> 'running' then now() end`,
    }))
    .where('account_id', '=', $.accountId)
    .where('endpoint_id', '=', $.endpointId)
    .where('status', '=', sql.lit('running' as const)),
);

/** Ends a running replay of an endpoint that is disabled. */
export const cancelReplay = statement<OfEndpoint>()((db, $) =>
  db
    .updateTable('webhook_replays')
    .set({ status: sql.lit('cancelled' as const), ended_at: sql<string>`now()` })
    .where('account_id', '=', $.accountId)
    .where('endpoint_id', '=', $.endpointId)
    .where('status', '=', sql.lit('running' as const)),
);
