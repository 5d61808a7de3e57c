import { resources } from '../../../client/conformance/samples/resources.ts';
import { newId } from '../../../server/platform/crypto/ids.ts';
import { contextOf, type Maker } from './context.ts';

/**
 * A schedule of the maker. Deletes old ones, because their number per account is limited, and tops up the credits, because one sample sets the
 * balance to zero.
 */
export async function scheduleOf({ app, by }: Maker): Promise<string> {
  await app.sql(
    `delete from schedules where account_id = $1 and id not in (
       select id from schedules where account_id = $1 order by created_at desc, id desc limit 15)`,
    [by.accountId],
  );
  await app.sql('update credit_balances set balance = greatest(balance, 1000) where account_id = $1', [by.accountId]);
  return resources['/v1/schedules/{schedule_id}']!(await contextOf({ app, by }), {});
}

/** An occurrence that was skipped, as the worker stores it. */
export async function occurrenceOf({ app: { sql }, by }: Maker, { schedule_id: scheduleId }: Record<string, string>): Promise<string> {
  const id = newId();
  await sql(
    `insert into schedule_occurrences (account_id, id, schedule_id, scheduled_for, trigger, status, skip_reason)
     values ($1, $2, $3, clock_timestamp(), 'manual', 'skipped', 'overlap')`,
    [by.accountId, id, scheduleId],
  );
  return id;
}
