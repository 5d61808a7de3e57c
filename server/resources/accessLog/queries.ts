import type { AccessLogEntry } from '../../../contract/accessLog.ts';
import { statement } from '../../kernel/sql.ts';

/** A line of the log; its columns are the fields that are published. */
export type AccessLogRow = AccessLogEntry;

const columns = `id, timestamp, trace_id, method, path, status_code, duration_ms, client_ip, country, city, user_agent, ua_type, risk_score,
  identity_type, account_id, user_id`;

/**
 * $9 lines, newest first, with ids below $1 and from $2 on; $3 to $8 narrow the choice, where they are given. Ids are bounded on both sides, so
 * that partitions outside are left out and those inside are read from the end of their index, however many lines they have.
 */
export const selectLines = statement<AccessLogRow>(`
  with page as (
    select ${columns} from access_log
    where id < $1 and id >= $2 and ($3::text is null or method = $3) and ($4::text is null or starts_with(path, $4))
      and ($5::inet is null or case when client_ip <> '' then client_ip::inet <<= $5 end)
      and ($6::text is null or country = $6) and ($7::numeric is null or risk_score >= $7) and ($8::text is null or ua_type = $8)
    order by id desc limit $9)
  select page.*, coalesce(u.username, '') as username from page
  left join users u on u.status <> 'deleted'
    and u.id = case when page.user_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then page.user_id::uuid end
  order by page.id desc`);
