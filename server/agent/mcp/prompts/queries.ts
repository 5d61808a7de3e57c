import { sql } from 'kysely';
import { statement } from '../../../database/statement.ts';

/** How often a request is claimed: again if its worker has died, but not without end, because the program may be the reason. */
const maxAttempts = 2;

type Key = { accountId: string; id: string };
type Claim = Key & { claimId: string };

/** A request that no worker has. `busy`: accounts that get no further one now. `own`: those of this worker, whose claims it may have renewed too late. */
export const claimRequest = statement<{ claimId: string; seconds: number; maxAgeMs: number; busy: string[]; own: string[] }>()((db, $) =>
  db
    .updateTable('mcp_prompt_requests')
    .set((eb) => ({
      claim_id: $.claimId,
      claimed_until: sql<string>`clock_timestamp() + make_interval(secs => ${$.seconds})`,
      attempts: eb('attempts', '+', sql.lit(1)),
    }))
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('account_id', 'id'),
        'in',
        selectFrom('mcp_prompt_requests as r')
          .select(['r.account_id', 'r.id'])
          .where('r.reply_sealed', 'is', null)
          .where('r.attempts', '<', sql.lit(maxAttempts))
          .where((inner) =>
            inner.or([inner('r.claimed_until', 'is', null), inner('r.claimed_until', '<=', sql<string>`clock_timestamp()`)]),
          )
          .where('r.created_at', '>', sql<string>`clock_timestamp() - ${$.maxAgeMs}::float8 * interval '1 millisecond'`)
          .where(sql<boolean>`r.account_id <> all (${$.busy}::uuid[])`)
          .where(sql<boolean>`r.id <> all (${$.own}::uuid[])`)
          .orderBy('r.created_at')
          .limit(sql.lit(1))
          .forUpdate()
          .skipLocked()
          .$asTuple('account_id', 'id'),
      ),
    )
    .returning([
      'account_id',
      'id',
      'request_sealed',
      sql<number>`(extract(epoch from clock_timestamp() - created_at) * 1000)::float8`.as('age_ms'),
    ]),
);

/** Returns the claims that still count. The others belong to requests that have ended, or that another worker has taken. */
export const renewClaims = statement<{ claimIds: string[]; seconds: number }>({ bound: 'batch' })((db, $) =>
  db
    .updateTable('mcp_prompt_requests')
    .set({ claimed_until: sql<string>`clock_timestamp() + make_interval(secs => ${$.seconds})` })
    .where('claim_id', '=', sql<string>`any (${$.claimIds}::uuid[])`)
    .returning('claim_id'),
);

/** The first reply counts, also of a worker whose claim has passed to another one: a busy worker can renew a claim too late. */
export const storeReply = statement<Key & { sealed: Buffer }>()((db, $) =>
  db
    .updateTable('mcp_prompt_requests')
    .set({ reply_sealed: $.sealed })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('reply_sealed', 'is', null),
);

/** For another worker. */
export const releaseClaim = statement<Claim>()((db, $) =>
  db
    .updateTable('mcp_prompt_requests')
    .set({ claim_id: sql<null>`null`, claimed_until: sql<string>`clock_timestamp()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('claim_id', '=', $.claimId),
);

/** Those whose API process was killed: no request is that old. */
export const deleteAbandoned = statement()((db) =>
  db.deleteFrom('mcp_prompt_requests').where('created_at', '<', sql<string>`now() - interval '1 minute'`),
);
