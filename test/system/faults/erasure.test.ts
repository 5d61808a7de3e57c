import { expect, onTestFinished, test } from 'vitest';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { erasureCalls, rowCounts } from '../../support/erasure/erasureCalls.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { eventually, openThread } from '../../support/resources/conversation.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp(fastWorkerEnv, { worker: false });
const { call, sql, signUp, database } = app;
const { openWorkspace } = workspaceCalls(app);
const { makeDue, completed } = erasureCalls(app);
const chief = await app.signUpAdmin();
const workerEnv = {
  ...fastWorkerEnv,
  ...testKeysEnv,
  ARKLOOP_DATABASE_URL: app.databaseUrl,
  ARKLOOP_STORAGE_ROOT: app.config.storageRoot!,
  ARKLOOP_ERASURE_SETTLE_SECONDS: '0',
};

/** Holds rows of a table until it is released, so that the worker that deletes them stops there. */
async function holdRows(text: string, values: unknown[]) {
  const client = await database.pool.connect();
  let isHeld = true;
  const release = async () => {
    if (!isHeld) return;
    isHeld = false;
    await client.query('rollback');
    client.release();
  };
  onTestFinished(release);
  await client.query('begin');
  await client.query(`${text} for update`, values);
  return {
    reached: () =>
      eventually(
        async () =>
          (
            await sql(
              `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'delete from %' and datname = current_database()`,
            )
          ).length > 0,
        'the wait of the worker',
      ),
    release,
  };
}

test('workers killed in the middle of an erasure delete every row once and count it once', async () => {
  const owner = await signUp();
  const { id, slug } = await openWorkspace(owner);
  const { refresh } = sessionCalls(call);
  const inside = { ...owner, token: (await refresh(owner.cookie, inAccount(id))).body.access_token as string };
  const threadId = await openThread(app, inside);
  await sql(
    `insert into messages (account_id, thread_id, number, id, role, content, completion)
     select $1, $2, n, gen_random_uuid(), 'user', 'message ' || n, 'complete' from generate_series(2, 4500) n`,
    [id, threadId],
  );
  const before = await rowCounts(app, id);
  expect(before.messages).toBe(4_500);
  // Closed, so that no erasure has to wait for the transactions of the test.
  await call('DELETE', `/v1/accounts/${id}`, { token: owner.token, body: { slug } });
  const body = { slug, current_password: chief.password };
  const erasure = (await call('POST', `/v1/admin/accounts/${id}/erasure`, { token: chief.token, body })).body;
  await makeDue(erasure.id);
  const left = async () => (await rowCounts(app, id)).messages ?? 0;

  for (const kept of [2_000, 4_200]) {
    const held = await holdRows('select from messages where account_id = $1 and number > $2', [id, kept]);
    const worker = await startProcess('worker', workerEnv);
    await held.reached();
    worker.kill('SIGKILL');
    expect(await worker.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await held.release();
    const status = (await call('GET', `/v1/me/erasures/${erasure.id}`, { token: chief.token })).body;
    expect(status).toMatchObject({ state: 'running', proof: null });
    expect(await left()).toBeGreaterThan(0);
  }
  const last = await startProcess('worker', workerEnv);
  const { report } = await completed(chief, erasure.id);
  const messages = report!.tables.find(({ table }) => table === 'messages');
  expect(messages).toMatchObject({ deleted: 4_500, remaining: 0 });
  expect(await left()).toBe(0);
  expect(await sql(`select from erasures where account_id = $1`, [id])).toHaveLength(1);
  last.kill('SIGTERM');
  expect(await last.exited).toEqual({ code: 0, signal: null });
});
