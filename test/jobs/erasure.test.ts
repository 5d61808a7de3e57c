import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { credentials, startS3 } from '../storage/s3Server.ts';
import { fastWorkerEnv } from '../support/app/process.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { createAccountData } from '../support/erasure/accountData.ts';
import { erasureCalls, rowCounts, rowHashes } from '../support/erasure/erasureCalls.ts';
import { openStream } from '../support/http/events.ts';
import { statusAndReason } from '../support/http/responses.ts';
import { sessionCalls } from '../support/http/sessions.ts';
import { eventually, openThread, startRun } from '../support/resources/conversation.ts';
import { inAccount, workspaceCalls } from '../support/resources/workspaces.ts';
import { useDatabaseClock } from '../support/world/sameClock.ts';

const folder = await mkdtemp(join(tmpdir(), 'arkloop-erasure-'));
let server = await startS3(folder, 'arkloop');
const { endpoint } = server;
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

useDatabaseClock();
const app = await startTestApp({
  ...fastWorkerEnv,
  ARKLOOP_ERASURE_SETTLE_SECONDS: '0',
  ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.2',
  ARKLOOP_STORAGE_BACKEND: 's3',
  ARKLOOP_S3_ENDPOINT: endpoint,
  ARKLOOP_S3_ACCESS_KEY: credentials.accessKey,
  ARKLOOP_S3_SECRET_KEY: credentials.secretKey,
});
const { call, sql, signUp, signUpAdmin } = app;
const { openWorkspace, addMember, endow } = workspaceCalls(app);
const { request, makeDue, completed } = erasureCalls(app);
const { refresh } = sessionCalls(call);

/** What is left of an account: tables whose rows are kept, or stay without content. */
const keptTables = [
  'access_log',
  'audit_logs',
  'credit_balances',
  'credit_transactions',
  'erasures',
  'subscriptions',
  'usage_records',
  'usage_rollups',
];
const unexpectedRows = async (accountId: string) =>
  Object.keys(await rowCounts(app, accountId)).filter((table) => !keptTables.includes(table));

test('an erasure waits for a run that still writes, and leaves nothing of it', async () => {
  const owner = await signUp();
  const { id, slug } = await openWorkspace(owner);
  await endow(id);
  const inside = { ...owner, token: (await refresh(owner.cookie, inAccount(id))).body.access_token as string, accountId: id };
  const run = await startRun(app, inside, await openThread(app, inside));
  const stream = await openStream(app.url, run, { token: inside.token });
  await stream.until(({ type }) => type === 'message.delta');
  const { id: erasureId } = await request(owner, id, slug);
  // The run holds its lease and writes, until it notices.
  await sql(`update runs set lease_until = now() + interval '1 hour' where id = $1`, [run]);
  await makeDue(erasureId);
  const done = await completed(owner, erasureId);
  expect(done.report!.tables.find(({ table }) => table === 'run_events')!.deleted).toBeGreaterThan(2);
  expect(await unexpectedRows(id)).toEqual([]);
  expect(await sql('select from run_events where run_id = $1', [run])).toEqual([]);
  // Nothing arrives later either: the stream has ended with the run.
  await stream.ended;
  expect(await unexpectedRows(id)).toEqual([]);
});

test('a deleted user is erased with the personal account, while the object store fails and rows of others stay', async () => {
  const [chief, user, host] = [await signUpAdmin(), await signUp(), await signUp()];
  await createAccountData(app, user);
  const shared = await openWorkspace(host);
  await addMember(host, shared.id, user);
  const path = `/v1/admin/users/${user.id}/erasure`;
  const body = { current_password: chief.password };
  expect(statusAndReason(await call('POST', path, { token: chief.token, body }))).toEqual([409, 'user_not_deleted']);
  const [home] = await sql('select slug from accounts where id = $1', [user.accountId]);
  expect(
    statusAndReason(await call('POST', `/v1/admin/accounts/${user.accountId}/erasure`, { token: chief.token, body: { ...body, ...home } })),
  ).toEqual([409, 'user_not_deleted']);
  expect((await call('DELETE', `/v1/admin/users/${user.id}`, { token: chief.token })).status).toBe(204);
  const theirs = await rowHashes(app, shared.id);

  await server.close();
  const { id } = (await call('POST', path, { token: chief.token, body })).body;
  await makeDue(id);
  const read = async () => (await call('GET', `/v1/admin/erasures/${id}`, { token: chief.token })).body;
  await eventually(async () => (await read()).waiting_for === 'file_store', 'the wait for the object store');
  expect(await sql('select from attachments where account_id = $1', [user.accountId])).toHaveLength(1);
  server = await startS3(folder, 'arkloop', Number(new URL(endpoint).port));
  const done = await completed(chief, id);

  expect(done).toMatchObject({ user_id: user.id, waiting_for: null, report: { user_id: user.id, files: { deleted: 2, remaining: 0 } } });
  expect(await unexpectedRows(user.accountId)).toEqual([]);
  expect(await rowHashes(app, shared.id)).toEqual(theirs);
  expect(await sql('select username, email, locale, timezone, status from users where id = $1', [user.id])).toEqual([
    { username: 'Erased user', email: null, locale: null, timezone: null, status: 'deleted' },
  ]);
  expect(await sql('select from sessions where user_id = $1', [user.id])).toEqual([]);
  const [entry] = await sql(`select * from audit_logs where action = 'account.erase' and target_id = $1`, [id]);
  expect(entry).toMatchObject({ account_id: null, metadata: { account_id: user.accountId } });
});
