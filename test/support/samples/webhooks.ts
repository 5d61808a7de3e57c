import { randomUUID } from 'node:crypto';
import { resources } from '../../../client/conformance/samples/resources.ts';
import { newId } from '../../../server/platform/crypto/ids.ts';
import { contextOf, type Maker } from './context.ts';

/** An endpoint of the maker's account, with an ended replay. Deletes old ones, because their number per account is limited. */
export async function endpointOf({ app, by }: Maker): Promise<string> {
  await app.sql(
    `delete from webhook_endpoints where account_id = $1 and id not in (
       select id from webhook_endpoints where account_id = $1 order by created_at desc, id desc limit 15)`,
    [by.accountId],
  );
  const id = await resources['/v1/webhook-endpoints/{endpoint_id}']!(await contextOf({ app, by }), {});
  await app.sql(
    `insert into webhook_replays (account_id, endpoint_id, status, since, until, only_failed, total, cursor_at, cursor_id, ended_at)
     values ($1, $2, 'completed', now(), now(), false, 0, now(), $2, now())`,
    [by.accountId, id],
  );
  return id;
}

/** A failed delivery, as the worker stores it. */
export async function deliveryOf({ app: { sql }, by }: Maker, { endpoint_id: endpointId }: Record<string, string>): Promise<string> {
  const [runId, id] = [randomUUID(), newId()];
  const at = new Date().toISOString();
  const times = { created_at: at, completed_at: at, failed_at: null, cancelled_at: null };
  const totals = { model: 'sample', total_input_tokens: 1, total_output_tokens: 1, total_cost_usd: 0, credits_used: 0 };
  const names = { run_id: runId, account_id: by.accountId, thread_id: randomUUID(), status: 'completed', trace_id: '0'.repeat(32) };
  const data = { ...names, ...times, ...totals, error_class: null, resumable: null };
  await sql(`insert into webhook_messages (account_id, id, event_type, body) values ($1, $2, 'run.completed', $3)`, [
    by.accountId,
    runId,
    JSON.stringify({ type: 'run.completed', timestamp: at, data }),
  ]);
  await sql(
    `insert into webhook_deliveries (account_id, id, endpoint_id, message_id, event_type, status, attempts, error)
     values ($1, $2, $3, $4, 'run.completed', 'failed', 5, 'connection_failed')`,
    [by.accountId, id, endpointId, runId],
  );
  return id;
}
