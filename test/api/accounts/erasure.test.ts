import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { ErasureReport } from '../../../contract/erasures.ts';
import type { WebhookEvent, WebhookEventType } from '../../../contract/webhooks.ts';
import { replaceErasureKey } from '../../../server/processes/keyRotation/erasureKey.ts';
import { fastWorkerEnv } from '../../support/app/process.ts';
import { missingPrograms } from '../../support/app/programs.ts';
import { type Person, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { everyRow } from '../../support/checks/everyRow.ts';
import { createAccountData } from '../../support/erasure/accountData.ts';
import { erasureCalls, rowCounts, rowHashes } from '../../support/erasure/erasureCalls.ts';
import { type SignedProof, verifyWithNode, verifyWithOpenSsl } from '../../support/erasure/verifyScripts.ts';
import { formOf } from '../../support/http/forms.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp({ ...fastWorkerEnv, ARKLOOP_ERASURE_SETTLE_SECONDS: '0' });
const { call, sql, signUp, signUpAdmin } = app;
const { openWorkspace, addMember, endow } = workspaceCalls(app);
const { refresh } = sessionCalls(call);
const { request, makeDue, completed } = erasureCalls(app);
const chief = await signUpAdmin();

/** The owner of a workspace, acting in it. */
async function ownerOfWorkspace(): Promise<{ owner: Person; inside: Person; id: string; slug: string }> {
  const owner = await signUp();
  const { id, slug } = await openWorkspace(owner);
  await endow(id);
  const switched = await refresh(owner.cookie, inAccount(id));
  return { owner, inside: { ...owner, token: switched.body.access_token as string, accountId: id }, id, slug };
}

const eventsOf = async (accountId: string, type: WebhookEventType) =>
  (await sql('select body from webhook_messages where account_id = $1 and event_type = $2', [accountId, type])).map(
    ({ body }) => (JSON.parse(body as string) as WebhookEvent).data,
  );

/** Without a mail server, mail is written to files. */
const mails = async (): Promise<string[]> => {
  const folder = join(app.config.dataDir, 'mail');
  const names = await readdir(folder).catch(() => []);
  return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
};

/** The folders of an account in the object store. */
const foldersOf = async (accountId: string): Promise<string[]> => [
  accountId,
  ...(await sql('select workspace_ref as ref from workspaces where account_id = $1', [accountId])).map(({ ref }) => ref as string),
];
const filesIn = async (folders: readonly string[]): Promise<string[]> => {
  const entries = await readdir(app.config.storageRoot!, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return files.filter((file) => folders.some((folder) => file.includes(`/${folder}/`))).sort();
};

/** Those that the next test has made, for the one after it. */
const proofs: (SignedProof & { isValid: boolean })[] = [];

test('an erasure deletes what belongs to the account, nothing of another one, and proves it', async () => {
  const { owner, inside, id, slug } = await ownerOfWorkspace();
  const [member, neighbor] = [await signUp(), await signUp()];
  await createAccountData(app, inside);
  await addMember(owner, id, member);
  await createAccountData(app, neighbor);
  const canary = 'canary-of-the-erased-account';
  await call('POST', '/v1/threads', { token: inside.token, body: { title: canary } });
  const { id: projectId } = (await call('POST', '/v1/projects', { token: inside.token, body: { name: canary } })).body;
  const form = formOf([{ filename: 'x', content: canary }]);
  expect((await call('PUT', `/v1/projects/${projectId}/workspace/file?path=/a.txt`, { token: inside.token, ...form })).status).toBe(200);
  await call('PATCH', `/v1/accounts/${id}`, { token: owner.token, body: { name: canary } });
  await call('POST', '/v1/memories', { token: inside.token, body: { content: canary } });
  const theirs = await rowHashes(app, neighbor.accountId);
  const [folders, theirFolders] = [await foldersOf(id), await foldersOf(neighbor.accountId)];
  const theirFiles = await filesIn(theirFolders);
  expect((await filesIn(folders)).length).toBeGreaterThan(1);

  const hook = async ({ token }: Person, event: WebhookEventType) =>
    call('POST', '/v1/webhook-endpoints', { token, body: { url: 'https://receiver.example.test/hooks', events: [event] } });
  await hook(inside, 'account.erasure_scheduled');
  await hook(owner, 'account.erased');
  await sql('update users set email_verified_at = now() where id = $1', [owner.id]);

  const scheduled = await request(owner, id, slug, { reference: 'case 7' });
  expect(scheduled).toMatchObject({
    account_id: id,
    account_slug: slug,
    state: 'scheduled',
    requested_by_user_id: owner.id,
    reference: 'case 7',
  });
  expect(Date.parse(scheduled.due_at) - Date.parse(scheduled.created_at)).toBe(14 * 86_400_000);
  const [notice] = (await call('GET', '/v1/notifications', { token: member.token })).body.data;
  expect(notice).toMatchObject({ account_id: id, type: 'account.erasure_scheduled', payload: { erasure_id: scheduled.id } });
  const { due_at } = scheduled;
  expect(await eventsOf(id, 'account.erasure_scheduled')).toMatchObject([{ account_id: id, erasure_id: scheduled.id, due_at }]);
  expect((await call('GET', `/v1/accounts/${id}/erasure`, { token: member.token })).body).toEqual(scheduled);
  expect(statusAndReason(await request.raw(owner, id, { slug, current_password: owner.password }))).toEqual([409, 'erasure_exists']);
  expect((await call('GET', '/v1/threads', { token: inside.token })).body.length).toBeGreaterThan(0);

  const before = await rowCounts(app, id);
  await makeDue(scheduled.id);
  const done = await completed(owner, scheduled.id);
  expect(await rowHashes(app, neighbor.accountId)).toEqual(theirs);
  expect(await filesIn(theirFolders)).toEqual(theirFiles);
  expect(await filesIn(folders)).toEqual([]);
  const client = new pg.Client({ connectionString: app.databaseUrl });
  await client.connect();
  const left = (await everyRow(client)).filter(({ text }) => text.includes(canary)).map(({ place }) => place);
  await client.end();
  expect(left).toEqual([]);

  const report = done.report as ErasureReport;
  expect(report).toMatchObject({ erasure_id: scheduled.id, account_id: id, reference: 'case 7', requested_by_user_id: owner.id });
  const tableOf = (name: string) => report.tables.find(({ table }) => table === name)!;
  for (const { table, rule, deleted, kept, remaining, reason } of report.tables) {
    if (rule === 'kept') continue;
    expect([table, remaining]).toEqual([table, 0]);
    if (rule === 'deleted') expect([table, deleted, kept, reason]).toEqual([table, before[table] ?? deleted, 0, null]);
  }
  expect(Object.keys(before).length).toBeGreaterThan(30);
  expect(tableOf('audit_logs')).toMatchObject({ rule: 'anonymized', remaining: 0 });
  expect(tableOf('audit_logs').anonymized).toBeGreaterThan(0);
  expect(tableOf('accounts')).toMatchObject({ rule: 'anonymized', kept: 1 });
  expect(tableOf('access_log')).toMatchObject({ rule: 'kept', kept: null });
  expect(report.files).toMatchObject({ deleted: expect.toSatisfy((count: number) => count >= 3), remaining: 0 });
  expect(done.progress.rows_deleted).toBe(report.tables.reduce((sum, { deleted }) => sum + deleted, 0));

  const { keys } = (await call('GET', '/v1/erasure-keys')).body;
  const proof = done.proof!;
  const [head = '', payload = '', signature = ''] = proof.split('.');
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual(report);
  expect(await verifyWithNode({ proof, keys })).toBe(`Account ${id} was erased at ${report.finished_at}; 0 rows and files remain.`);
  const changed = payload.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
  const bad = { proof: [head, changed, signature].join('.'), keys };
  await expect(verifyWithNode(bad)).rejects.toThrow('was changed');

  expect((await call('GET', `/v1/accounts/${id}`, { token: owner.token })).status).toBe(404);
  expect((await call('GET', '/v1/me/erasures', { token: owner.token })).body).toMatchObject([{ id: scheduled.id, state: 'completed' }]);
  expect((await call('GET', `/v1/me/erasures/${scheduled.id}`, { token: member.token })).status).toBe(404);
  expect((await call('GET', `/v1/admin/erasures/${scheduled.id}`, { token: chief.token })).body.proof).toBe(done.proof);
  expect(statusAndReason(await call('POST', '/v1/accounts', { token: owner.token, body: { slug, name: 'n' } }))).toEqual([
    409,
    'slug_taken',
  ]);
  const [told] = (await call('GET', '/v1/notifications', { token: owner.token })).body.data;
  expect(told).toMatchObject({ type: 'account.erased', payload: { erasure_id: scheduled.id } });
  expect(await eventsOf(owner.accountId, 'account.erased')).toMatchObject([
    { account_id: owner.accountId, erasure_id: scheduled.id, erased_account_id: id, finished_at: report.finished_at },
  ]);
  const isMailed = (text: string) => text.includes(`To: ${owner.email}`) && text.includes('An account was erased');
  await eventually(async () => (await mails()).some(isMailed), 'the mail to the requester');

  expect(keys[0]).toMatchObject({ retired_at: null });
  const replace = () => replaceErasureKey(testKeys.encryptionKeys, { url: app.databaseUrl, log: pino({ level: 'silent' }) });
  const [, newId] = /key (\S+) from now on; 1 earlier/.exec(await replace())!;
  const { body: later } = await call('GET', '/v1/erasure-keys');
  expect(later.keys).toMatchObject([
    { kid: newId, retired_at: null },
    { kid: keys[0].kid, x: keys[0].x, retired_at: expect.any(String) },
  ]);
  expect(await sql('select id from signing_keys where private_key_sealed is not null')).toEqual([{ id: newId }]);
  // The script chooses the key by its id, and OpenSSL is given the newest.
  const old = { proof, keys: later.keys };
  expect(await verifyWithNode(old)).toContain('0 rows and files remain');
  const second = await openWorkspace(owner);
  const { id: secondId } = await request(owner, second.id, second.slug);
  await makeDue(secondId);
  const renewed = { proof: (await completed(owner, secondId)).proof!, keys: later.keys };
  proofs.push({ isValid: true, ...renewed }, { isValid: true, proof, keys }, { isValid: false, ...bad }, { isValid: false, ...old });

  // Two commands at once, of which the first waits for a proof.
  const signing = await app.database.pool.connect();
  await signing.query('begin');
  await signing.query('select from signing_keys for share');
  const replacing = [replace(), replace()];
  await expect
    .poll(() => sql(`select from pg_stat_activity where application_name = 'arkloop rotate-erasure-key' and wait_event_type = 'Lock'`))
    .toHaveLength(2);
  await signing.query('commit');
  signing.release();
  await Promise.all(replacing);
  expect(await sql('select from signing_keys where private_key_sealed is not null or retired_at is null')).toHaveLength(1);
});

test('OpenSSL verifies a proof as in the guide', async ({ skip }) => {
  const missing = missingPrograms('bash', 'openssl');
  skip(missing !== undefined, missing);
  for (const { isValid, ...signed } of proofs)
    if (isValid) expect(await verifyWithOpenSsl(signed)).toBe('Signature Verified Successfully');
    else await expect(verifyWithOpenSsl(signed)).rejects.toThrow();
  expect(proofs).toHaveLength(4);
});

test('only the owner can erase a workspace, with their password and its slug', async () => {
  const { owner, id, slug } = await ownerOfWorkspace();
  const [admin, member, stranger] = [await signUp(), await signUp(), await signUp()];
  await addMember(owner, id, admin, 'admin');
  await addMember(owner, id, member);
  const ask = async (person: Person, more: object = {}) =>
    statusAndReason(await request.raw(person, id, { slug, current_password: person.password, ...more }));
  expect(await ask(admin)).toEqual([403, 'not_owner']);
  expect(await ask(member)).toEqual([403, 'missing_permission']);
  expect((await ask(stranger))[0]).toBe(404);
  expect(await ask(owner, { current_password: null })).toEqual([401, 'invalid_credentials']);
  expect(await ask(owner, { current_password: 'Wrong-1234' })).toEqual([401, 'invalid_credentials']);
  expect(await ask(owner, { slug: `${slug}x` })).toEqual([400, 'slug_mismatch']);
  const [home] = await sql('select slug from accounts where id = $1', [owner.accountId]);
  expect(statusAndReason(await request.raw(owner, owner.accountId, { slug: home.slug, current_password: owner.password }))).toEqual([
    409,
    'personal_account',
  ]);
  expect(await sql('select from erasures where account_id = any($1)', [[id, owner.accountId]])).toEqual([]);
  // A session that a passkey has confirmed needs no password.
  await sql('update sessions set confirmed_at = now() where user_id = $1', [owner.id]);
  expect((await ask(owner, { current_password: null }))[0]).toBe(201);
});

test('an owner cancels their own erasure before it begins, and not one of the platform', async () => {
  const { owner, id, slug } = await ownerOfWorkspace();
  const cancel = ({ token }: Person, path = `/v1/accounts/${id}/erasure`) => call('DELETE', path, { token });
  const first = await request(owner, id, slug);
  expect((await cancel(owner)).status).toBe(204);
  expect((await cancel(owner)).status).toBe(404);
  expect(await sql(`select from graphile_worker.jobs where key = $1`, [`erasure:${first.id}`])).toEqual([]);
  expect((await call('GET', `/v1/me/erasures/${first.id}`, { token: owner.token })).body).toMatchObject({
    state: 'cancelled',
    proof: null,
  });
  const body = { slug, current_password: chief.password };
  const second = (await call('POST', `/v1/admin/accounts/${id}/erasure`, { token: chief.token, body })).body;
  expect(statusAndReason(await cancel(owner))).toEqual([409, 'erasure_of_platform']);
  expect((await cancel(chief, `/v1/admin/erasures/${second.id}`)).status).toBe(204);
  expect(statusAndReason(await cancel(chief, `/v1/admin/erasures/${second.id}`))).toEqual([409, 'erasure_running']);
  expect((await call('GET', `/v1/accounts/${id}`, { token: owner.token })).status).toBe(200);
  await sql('update attempt_counts set count = 5 where bucket = $1', [`erasure:${id}`]);
  expect(statusAndReason(await request.raw(owner, id, { slug, current_password: owner.password }))).toEqual([429, 'erasure_rate_limited']);
});

test('a cancellation at the last moment either succeeds or comes too late, never both', async () => {
  const rounds = await Promise.all(
    [0, 1, 2, 3, 4, 5].map(async (round) => {
      const { owner, id, slug } = await ownerOfWorkspace();
      const { id: erasureId } = await request(owner, id, slug);
      await makeDue(erasureId);
      await new Promise((done) => setTimeout(done, round * 40));
      const { status } = await call('DELETE', `/v1/accounts/${id}/erasure`, { token: owner.token });
      if (status !== 204) await completed(owner, erasureId);
      const { state } = (await call('GET', `/v1/me/erasures/${erasureId}`, { token: owner.token })).body;
      return [status === 204 ? 'cancelled' : 'completed', state, (await call('GET', `/v1/accounts/${id}`, { token: owner.token })).status];
    }),
  );
  for (const [expected, state, status] of rounds) expect([state, status]).toEqual([expected, expected === 'cancelled' ? 200 : 404]);
});
