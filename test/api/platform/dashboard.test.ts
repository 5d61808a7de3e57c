import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { recordStatements } from '../../support/app/recordStatements.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { concurrently } from '../../support/checks/race.ts';
import { adminCalls } from '../../support/resources/adminCalls.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote } = app;
const { openWorkspace } = workspaceCalls(app);
const platformAdmin = await signUp();
beforeAll(() => promote(platformAdmin));
const { suspend, remove, suspendAccount } = adminCalls(app, platformAdmin);

const read = async () => (await call('GET', '/v1/admin/dashboard', { token: platformAdmin.token })).body;
/** The numbers are cached for two seconds. */
const expectNumbers = (numbers: object) => expect.poll(read, { interval: 100 }).toEqual(numbers);

test('counts users, accounts, runs and usage', async () => {
  const start = {
    total_users: 1,
    active_users_30d: 1,
    total_runs: 0,
    runs_today: 0,
    total_input_tokens: 0,
    total_output_tokens: 0,
    total_cost_usd: 0,
    active_accounts: 1,
  };
  expect(await read()).toEqual(start);
  const [person, idle, suspended, deleted] = await Promise.all([signUp(), signUp(), signUp(), signUp()]);
  const { id: workspace } = await openWorkspace(person);
  const logIn = ({ login, password }: typeof person) => call('POST', '/v1/auth/login', { body: { login, password } });
  for (const each of [person, idle, suspended]) expect((await logIn(each)).status).toBe(200);
  await sql(`update users set last_login_at = now() - interval '31 days' where id = $1`, [idle.id]);
  await suspend(suspended.id);
  await suspendAccount(workspace);
  await remove(deleted.id);
  for (const age of [400, 1, 0]) {
    await startRun(app, person, await openThread(app, person));
    // The change that was counted now, as if it had been counted on that day.
    await sql(`update run_count_changes set created_on = created_on - $1::integer where created_on = (now() at time zone 'UTC')::date`, [
      age,
    ]);
  }
  for (const [at, cost] of [
    ['now', '0.1'],
    ['2020-01-01', '0.200001'],
  ])
    await sql(
      `insert into usage_records (account_id, run_id, usage_type, model, user_id, input_tokens, output_tokens, cache_creation_input_tokens,
         cache_read_input_tokens, cached_tokens, cost_usd, recorded_at) values ($1, $2, 'llm', 'm', $3, 7, 5, 0, 0, 0, $4, $5)`,
      [person.accountId, randomUUID(), person.id, cost, at],
    );
  await expectNumbers({
    total_users: 4,
    active_users_30d: 3,
    total_runs: 3,
    runs_today: 1,
    total_input_tokens: 14,
    total_output_tokens: 10,
    total_cost_usd: 0.300001,
    active_accounts: 5,
  });
});

test('parallel reads run one query', async () => {
  const { texts, stop } = recordStatements(app.database);
  try {
    await new Promise((done) => setTimeout(done, 2_100));
    const seen = await concurrently(20, read);
    expect(new Set(seen.map((numbers) => JSON.stringify(numbers))).size).toBe(1);
    expect(texts.filter((text) => text.includes('total_users'))).toHaveLength(1);
  } finally {
    stop();
  }
});

test('only platform admins can read the dashboard', async () => {
  const person = await signUp();
  expect((await call('GET', '/v1/admin/dashboard', { token: person.token })).status).toBe(403);
});
