import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { routingTo } from '../../faults/installation.ts';
import { startUpstream } from '../../faults/upstream.ts';
import { fastWorkerEnv } from '../../support/app/process.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { startTestApp, testKeys } from '../../support/app/testApp.ts';
import { auditWith, checks } from '../../support/auditor/audit.ts';
import { type Journal, type KeyedWrite, newJournal } from '../../support/auditor/journal.ts';
import { noFreeTierPolicy } from '../../support/credits/credits.ts';
import { readAll } from '../../support/http/events.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { registerEndpoint } from '../../support/resources/receiver.ts';

const journal = newJournal();
const upstream = await startUpstream(journal);
const app = await startTestApp({ ...fastWorkerEnv, ARKLOOP_PROVIDER_ROUTING_JSON: routingTo(upstream.url) });
const { call } = app;

/** Outside of `sql`, because planting takes a superuser, and is undone. */
const client = new pg.Client({ connectionString: superuserUrl() });
let runId = '';

function superuserUrl(): string {
  const url = new URL(inject('postgresSuperuserUrl'));
  url.pathname = new URL(app.databaseUrl).pathname;
  return url.href;
}

/** A healthy database in which every check has rows to look at. */
beforeAll(async () => {
  await client.connect();
  await setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy });
  const person = await app.signUpAdmin();
  const { token, id: userId, accountId } = person;
  await registerEndpoint(app, person, `${upstream.url}/hooks`);
  const tools = { name: 'tools', transport: 'streamable_http', url: `${upstream.url}/mcp` };
  expect((await call('POST', '/v1/mcp-configs', { token, body: tools })).status).toBe(201);
  const write = async (kind: KeyedWrite['kind'], path: string, body: (key: string) => object, threadId?: string) => {
    const key = `${kind}-${randomUUID()}`;
    const answer = await call('POST', path, { token, body: body(key), headers: { 'idempotency-key': key } });
    expect(answer.status, answer.text).toBeLessThan(300);
    const id: string = answer.body.id ?? answer.body.run_id ?? '';
    const acknowledged = { status: answer.status, id };
    journal.writes.push({ kind, key, userId, accountId, path, attempts: 1, acknowledged, ...(threadId !== undefined && { threadId }) });
    return id;
  };
  journal.users.push({ login: person.login, userId });
  await write('adjustment', '/v1/admin/credits/adjust', (note) => ({ account_id: accountId, amount: 200, note }));
  await write('operation', '/v1/admin/credits/bulk-adjust', (note) => ({ amount: 50, note }));
  const threadId = await write('thread', '/v1/threads', (title) => ({ title }));
  await write('message', `/v1/threads/${threadId}/messages`, (content) => ({ content }), threadId);
  runId = await write('run', `/v1/threads/${threadId}/runs`, () => ({}), threadId);
  const events = await readAll(app.url, runId, token);
  expect(events.at(-1)?.type).toBe('run.completed');
  journal.streams.push({ runId, events });
  await eventually(
    async () => (await app.sql(`select 1 from webhook_deliveries where status = 'delivered'`)).length > 0,
    'the recorded delivery',
  );
});
afterAll(async () => {
  upstream.close();
  await client.end();
});

const options = (noted: Journal) => ({ encryptionKeys: testKeys.encryptionKeys, journal: noted, isSettled: true });

/** The kinds of findings after a change, which is rolled back. */
async function kindsAfter(statements: string, change: (noted: Journal) => void = () => {}): Promise<string[]> {
  const noted = structuredClone(journal);
  change(noted);
  await client.query('begin; set local session_replication_role = replica');
  try {
    await client.query(statements.replaceAll('$run', `'${runId}'`));
    return [...new Set((await auditWith(client, options(noted))).map(({ kind }) => kind))].toSorted();
  } finally {
    await client.query('rollback');
  }
}

const copyOf = (table: string, changes: string, where: string) =>
  `insert into ${table} select (jsonb_populate_record(t, ${changes})).* from ${table} t where ${where}`;

/** What is planted, and everything that is found then. */
const planted: [title: string, statements: string, found: string[]][] = [
  ['an event is missing', `delete from run_events where run_id = $run and seq = 2`, ['events.gap', 'stream.event']],
  [
    'the final event is missing',
    `delete from run_events where run_id = $run and type = 'run.completed'; update runs set next_seq = next_seq - 1 where id = $run`,
    ['events.terminal', 'stream.event'],
  ],
  [
    'a run has two final events',
    `insert into run_events select run_id, seq + 1, gen_random_uuid(), 'run.failed', data, created_at from run_events where run_id = $run and type = 'run.completed';
     update runs set next_seq = next_seq + 1 where id = $run`,
    ['events.after_terminal', 'events.terminal', 'run.status'],
  ],
  [
    'an event follows the final one',
    `insert into run_events select run_id, seq + 1, gen_random_uuid(), 'message.delta', data, created_at from run_events where run_id = $run and type = 'run.completed';
     update runs set next_seq = next_seq + 1 where id = $run`,
    ['events.after_terminal'],
  ],
  ['the status contradicts the final event', `update runs set status = 'failed' where id = $run`, ['run.status']],
  [
    'a run is left open with its reservation',
    `update runs set status = 'running', reserved_credits = 5 where id = $run`,
    ['events.terminal', 'reservation.held', 'run.open', 'run.status'],
  ],
  ['an ended run has a lease', `update runs set lease_token = gen_random_uuid(), lease_until = now() where id = $run`, ['run.lease']],
  [
    'a run has two answers',
    copyOf('messages', `jsonb_build_object('id', gen_random_uuid(), 'number', number + 100)`, `run_id = $run and role = 'assistant'`),
    ['message.number', 'quota.counter', 'run.answer'],
  ],
  ['a completed run has no answer', `update messages set run_id = null where run_id = $run and role = 'assistant'`, ['run.answer']],
  [
    'a thread has two open runs',
    `drop index runs_one_active; update runs set status = 'running' where id = $run;
     ${copyOf('runs', `jsonb_build_object('id', gen_random_uuid())`, 'id = $run')}`,
    ['events.gap', 'events.terminal', 'reservation.held', 'run.count', 'run.open', 'run.parallel', 'run.status', 'write.count'],
  ],
  ['the number of runs is wrong', `insert into run_count_changes (change) values (1)`, ['run.count']],
  ['the number of users is wrong', `insert into directory_count_changes (subject, change) values ('user', 1)`, ['directory.count']],
  [
    'a tool call has two results',
    `insert into run_events select run_id, seq + 100, gen_random_uuid(), type, data, created_at from run_events where run_id = $run and type = 'tool.result'`,
    ['events.after_terminal', 'events.gap', 'tool.result'],
  ],
  ['a balance is wrong', `update credit_balances set balance = balance + 1`, ['ledger.balance']],
  [
    'a run is charged twice',
    `drop index credit_transactions_once; ${copyOf('credit_transactions', `jsonb_build_object('id', gen_random_uuid())`, `reference_type = 'run'`)};
     update credit_balances b set balance = (select sum(amount) from credit_transactions t where t.account_id = b.account_id)`,
    ['charge.repeated'],
  ],
  ['a usage record is missing', `delete from usage_records`, ['charge.missing', 'charge.orphan', 'usage.rollup']],
  ['a charge differs from its record', `update usage_records set shortfall = shortfall + 1`, ['charge.amount']],
  [
    'an operation missed an account',
    `delete from credit_transactions where reference_type = 'admin_bulk_adjust'; update credit_balances b set balance = b.balance - 50`,
    ['credits.operation'],
  ],
  ['an operation is left open', `update credit_operations set state = 'running', completed_at = null`, ['credits.operation_open']],
  ['a rollup is wrong', `update usage_rollups set input_tokens = input_tokens + 1`, ['usage.rollup']],
  ['a counter of a quota is wrong', `update quota_usage set used = used + 1`, ['quota.counter']],
  ['the last message number of a thread is too low', `update threads set last_message_number = 0`, ['message.number']],
  ['a finished run has no delivery', `delete from webhook_deliveries; delete from webhook_messages`, ['webhook.chain']],
  [
    'a finished run has two deliveries to one endpoint',
    `drop index webhook_deliveries_once; ${copyOf('webhook_deliveries', `jsonb_build_object('id', gen_random_uuid())`, 'true')}`,
    ['webhook.chain', 'webhook.unsent'],
  ],
  ['a delivery was recorded without an attempt', `update webhook_deliveries set attempts = 0`, ['webhook.delivery']],
  [
    'a delivery is overdue',
    `update webhook_deliveries set status = 'pending', next_attempt_at = now() - interval '1 minute'`,
    ['webhook.pending'],
  ],
  [
    'the search index differs from the texts',
    `create or replace function search_keys(account_id uuid, owner_id uuid, content text) returns bigint[] language sql immutable strict
       parallel safe cost 10000 as $$ select array[length(content)]::bigint[] $$`,
    ['search.index'],
  ],
  [
    'a stored response names a thread that does not exist',
    `update threads set id = gen_random_uuid()`,
    ['idempotency.record', 'write.lost'],
  ],
  ['a stored response is missing', `delete from idempotency_keys`, ['idempotency.response']],
  [
    'an acknowledged message is missing',
    `delete from messages where role = 'user'`,
    ['idempotency.record', 'quota.counter', 'write.count', 'write.lost'],
  ],
  [
    'a message was stored twice',
    copyOf('messages', `jsonb_build_object('id', gen_random_uuid(), 'number', number + 100)`, `role = 'user'`),
    ['message.number', 'quota.counter', 'write.count'],
  ],
  [
    'an adjustment of credits was lost',
    `delete from credit_transactions where reference_type = 'admin_adjust'`,
    ['ledger.balance', 'write.count'],
  ],
  ['a user is missing', `update users set username = 'other' where username <> 'system_agent'`, ['write.user']],
];

test('a healthy database has no findings', async () => {
  expect(await kindsAfter('select 1')).toEqual([]);
});

test.each(planted)('%s', async (_title, statements, found) => {
  expect(await kindsAfter(statements)).toEqual(found.toSorted());
});

test('what clients noted is compared: repeated tool calls, events never stored, complaints', async () => {
  const found = await kindsAfter('select 1', (noted) => {
    for (const subject of noted.toolCalls.keys()) noted.toolCalls.set(subject, 2);
    noted.streams[0]!.events[1]!.event_id = randomUUID();
    noted.deliveries.clear();
    noted.complaints.push({ kind: 'response.status', subject: 'GET /', detail: '500' });
  });
  expect(found).toEqual(['response.status', 'stream.event', 'tool.repeated', 'webhook.unsent']);
});

test('every check of the database is planted', () => {
  const kinds = new Set(planted.flatMap(([, , found]) => found));
  expect(checks.map(({ kind }) => kind).filter((kind) => !kinds.has(kind))).toEqual([]);
});
