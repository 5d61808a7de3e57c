import { sql } from 'kysely';
import { statement } from '../../../database/statement.ts';

type Key = { accountId: string; id: string };

export const insertRequest = statement<Key & { sealed: Buffer }>()((db, $) =>
  db.insertInto('mcp_prompt_requests').values({ account_id: $.accountId, id: $.id, request_sealed: $.sealed }),
);

/** `waiting_ms`: how long no worker has had the request; 0 while one has it. `has_workers`: whether one has been alive in the last minute. */
export const selectReply = statement<Key>()((db, $) =>
  db
    .selectFrom('mcp_prompt_requests')
    .select(({ exists, selectFrom }) => [
      'reply_sealed',
      'attempts',
      sql<number>`(extract(epoch from greatest(interval '0', clock_timestamp() - coalesce(claimed_until, created_at))) * 1000)::float8`.as(
        'waiting_ms',
      ),
      sql<number>`(extract(epoch from clock_timestamp() - created_at) * 1000)::float8`.as('age_ms'),
      exists(
        selectFrom('workers')
          .select(sql.lit(1).as('one'))
          .where('last_seen_at', '>', sql<string>`now() - interval '1 minute'`),
      ).as('has_workers'),
    ])
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id),
);

export const deleteRequest = statement<Key>()((db, $) =>
  db.deleteFrom('mcp_prompt_requests').where('account_id', '=', $.accountId).where('id', '=', $.id),
);
