import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { Migration00028 } from '../../server/database/migrations/Migration00028.ts';
import { Migration00029 } from '../../server/database/migrations/Migration00029.ts';
import { Migration00035 } from '../../server/database/migrations/Migration00035.ts';
import { Migration00036 } from '../../server/database/migrations/Migration00036.ts';
import { Migration00038 } from '../../server/database/migrations/Migration00038.ts';
import { Migration00076 } from '../../server/database/migrations/Migration00076.ts';
import { Migration00085 } from '../../server/database/migrations/Migration00085.ts';
import { firstIdOf, newId } from '../../server/platform/crypto/ids.ts';
import { freshDatabase } from '../support/app/testApp.ts';

const client = new pg.Client({ connectionString: await freshDatabase() });
await client.connect();
afterAll(() => client.end());

type Step = 'up' | 'down';
async function run(Migration: { prototype: Record<Step, () => void> }, step: Step) {
  const texts: string[] = [];
  Migration.prototype[step].call({ addSql: (text: string) => void texts.push(text) } as never);
  for (const text of texts) await client.query(text);
}
const rows = async (text: string, values: unknown[] = []) => (await client.query(text, values)).rows;

test('existing tokens, invitations and verified addresses are migrated up and down', async () => {
  await run(Migration00029, 'down');
  await run(Migration00028, 'down');
  const [admin, member, verified, account, session] = Array.from({ length: 5 }, () => randomUUID());
  for (const [id, name] of [
    [admin, 'admin'],
    [member, 'member'],
    [verified, 'verified'],
  ])
    await rows('insert into users (id, username, email) values ($1, $2, $3)', [id, name, `${name}@example.test`]);
  await rows('update users set email_verified_at = now() where id = $1', [verified]);
  await rows(`insert into accounts (id, slug, name, type, owner_user_id) values ($1, 's', 'S', 'workspace', $2)`, [account, admin]);
  await rows(`insert into memberships (account_id, user_id, role) values ($1, $2, 'admin'), ($1, $3, 'member')`, [account, admin, member]);
  for (const [by, email, accepted] of [
    [admin, 'a@example.test', null],
    [member, 'b@example.test', null],
    [member, 'c@example.test', '2026-01-01'],
    [verified, 'd@example.test', null],
  ])
    await rows(
      `insert into invitations (account_id, id, invited_by_user_id, email, role, token_hash, expires_at, accepted_at)
       values ($1, gen_random_uuid(), $2, $3, 'admin', $3, now() + interval '1 day', $4)`,
      [account, by, email, accepted],
    );
  await rows('insert into sessions (id, user_id, active_account_id) values ($1, $2, $3)', [session, admin, account]);
  for (const [hash, issued, rotated] of [
    ['third', '2026-01-03', null],
    ['first', '2026-01-01', '2026-01-02'],
    ['second', '2026-01-02', '2026-01-03'],
  ])
    await rows('insert into refresh_tokens (token_hash, session_id, issued_at, expires_at, rotated_at) values ($1, $2, $3, now(), $4)', [
      hash,
      session,
      issued,
      rotated,
    ]);

  await run(Migration00028, 'up');
  await run(Migration00029, 'up');
  const order = await rows('select token_hash from refresh_tokens order by generation');
  expect(order.map(({ token_hash }) => token_hash)).toEqual(['first', 'second', 'third']);
  expect((await rows('select email from invitations order by email')).map(({ email }) => email)).toEqual([
    'a@example.test',
    'c@example.test',
  ]);
  const proven = await rows('select username from users where email_proven_at is not null');
  expect(proven).toEqual([{ username: 'verified' }]);
  await rows(`insert into credentials (user_id, login, login_key, password_hash) values ($1, 'x', 'x', null)`, [admin]);
  await rows(`update sessions set revoked_at = now(), revoke_reason = 'address_verified'`);

  await run(Migration00029, 'down');
  await run(Migration00028, 'down');
  expect(await rows('select password_hash from credentials')).toEqual([{ password_hash: '' }]);
  expect(await rows('select revoke_reason from sessions')).toEqual([{ revoke_reason: 'logout_all' }]);
});

test('existing messages get the owner of their thread, and are in the index of the search', async () => {
  await run(Migration00035, 'down');
  const [user, account, thread, message] = Array.from({ length: 4 }, () => randomUUID());
  await rows(`insert into users (id, username) values ($1, 'owner')`, [user]);
  await rows(`insert into accounts (id, slug, name, type, owner_user_id) values ($1, 'search', 'S', 'workspace', $2)`, [account, user]);
  await rows('insert into threads (account_id, id, created_by_user_id) values ($1, $2, $3)', [account, thread, user]);
  await rows(`insert into messages (account_id, thread_id, number, id, role, content) values ($1, $2, 1, $3, 'assistant', 'A needle')`, [
    account,
    thread,
    message,
  ]);
  // `set local` of the migration needs a transaction.
  await rows('begin');
  await run(Migration00035, 'up');
  await rows('commit');
  await rows('set enable_seqscan = off');
  const found = await rows(
    `select id, thread_owner_id from messages
     where search_keys(account_id, thread_owner_id, content) @> search_all_of($1, $2, 'NEEDLE') and visible and role <> 'tool'`,
    [account, user],
  );
  expect(found).toEqual([{ id: message, thread_owner_id: user }]);
});

test('existing usage records and runs are counted by the migration', async () => {
  await run(Migration00076, 'down');
  await run(Migration00036, 'down');
  const [user, account, thread] = Array.from({ length: 3 }, () => randomUUID());
  await rows(`insert into users (id, username) values ($1, 'counted')`, [user]);
  await rows(`insert into accounts (id, slug, name, type, owner_user_id) values ($1, 'c', 'C', 'workspace', $2)`, [account, user]);
  await rows('insert into threads (account_id, id, created_by_user_id) values ($1, $2, $3)', [account, thread, user]);
  await rows(
    `insert into runs (account_id, id, thread_id, created_by_user_id, source, status, trace_id, tail_message_number)
     select $1, gen_random_uuid(), $2, $3, 'api', 'completed', '', 0 from generate_series(1, 7)`,
    [account, thread, user],
  );
  await rows(
    `insert into usage_records (account_id, run_id, usage_type, model, user_id, input_tokens, output_tokens, cache_creation_input_tokens,
       cache_read_input_tokens, cached_tokens, cost_usd, recorded_at)
     select account_id, id, 'llm', 'm', created_by_user_id, 10, 5, 0, 0, 0, 0.000001, '2026-01-31T23:30:00Z' from runs`,
  );
  await run(Migration00036, 'up');
  expect(await rows('select sum(change)::int as runs from run_count_changes')).toEqual([{ runs: 7 }]);
  const ofGrain = (grain: string, starts: string) => ({ grain, at: starts, input: 70, cost: '0.000007', records: 7 });
  for (const table of ['usage_rollups', 'platform_usage_rollups'])
    expect(
      await rows(
        `select grain, to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as at, input_tokens::int as input, cost_usd as cost,
           record_count::int as records from ${table} order by grain`,
      ),
    ).toEqual([ofGrain('hour', '2026-01-31 23:00'), ofGrain('month', '2026-01-01 00:00')]);
});

test('the audit log is partitioned with all its entries, indexes and privileges', async () => {
  await run(Migration00038, 'down');
  const [now] = await rows(`select to_char(now() at time zone 'UTC', 'YYYY_MM') as month, date_trunc('month', now(), 'UTC') as starts`);
  const month = `audit_logs_${now.month}`;
  const next = new Date(Date.UTC(now.starts.getUTCFullYear(), now.starts.getUTCMonth() + 1, 1));
  const before = [firstIdOf(new Date(0)), firstIdOf(new Date('2024-05-06')), newId(), firstIdOf(new Date(next.getTime() - 1))];
  const after = [firstIdOf(next), firstIdOf(new Date('2050-01-01')), 'ffffffff-ffff-4fff-bfff-ffffffffffff'];
  for (const id of [...before, ...after])
    await rows(`insert into audit_logs (id, action, target_type, trace_id, metadata) values ($1, 'a.b', 'a', 't', $2)`, [id, { id }]);
  await rows('grant select on audit_logs to public');
  const stored = () => rows('select * from audit_logs order by id');
  const indexes = () =>
    rows(`select indexname, replace(indexdef, ' ONLY ', ' ') as def from pg_indexes where tablename = 'audit_logs' order by 1`);
  const [entries, defined] = [await stored(), await indexes()];
  await run(Migration00038, 'up');
  expect(await stored()).toEqual(entries);
  expect(await indexes()).toEqual(defined);
  const places = await rows(
    'select tableoid::regclass::text as name, array_agg(id order by id) as ids from audit_logs group by 1 order by 1',
  );
  expect(places).toEqual([
    { name: month, ids: expect.arrayContaining(before) },
    { name: 'audit_logs_default', ids: after },
  ]);
  // The indexes of the existing table are those of its partition: none was built again.
  const [{ count }] = await rows('select count(*)::int from pg_index where indrelid = $1::regclass', [month]);
  expect(count).toBe(defined.length);
  expect(await rows(`select has_table_privilege('public', 'audit_logs', 'select') as may`)).toEqual([{ may: true }]);
  await run(Migration00038, 'down');
  expect(await stored()).toEqual(entries);
  expect(await indexes()).toEqual(defined);
  await run(Migration00038, 'up');
});

test('tiers of the deduction policy by tokens become tiers by cost', async () => {
  const migrated = async (value: unknown) => {
    await rows(
      `insert into platform_settings (key, value) values ('credit.deduction_policy', $1) on conflict (key) do update set value = excluded.value`,
      [JSON.stringify(value)],
    );
    await run(Migration00085, 'up');
    const [{ value: stored }] = await rows(`select value from platform_settings where key = 'credit.deduction_policy'`);
    return stored;
  };
  const byTokens = {
    tiers: [{ up_to_tokens: 2000, multiplier: 0 }, { up_to_tokens: 9, up_to_cost_usd: 0.5, multiplier: 2 }, { multiplier: 1 }],
  };
  const byCost = { tiers: [{ up_to_cost_usd: 0.002, multiplier: 0 }, { up_to_cost_usd: 0.5, multiplier: 2 }, { multiplier: 1 }] };
  expect(JSON.parse(await migrated(JSON.stringify(byTokens)))).toEqual(byCost);
  for (const other of [JSON.stringify(byCost), 'up_to_tokens', '{"tiers":"up_to_tokens"}', '{"up_to_tokens":[]}'])
    expect(await migrated(other)).toBe(other);
});
