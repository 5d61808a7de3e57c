import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { beforeAll, expect, test } from 'vitest';
import { startApi } from '../../../server/processes/api.ts';
import { expectWithin } from '../../support/app/expectWithin.ts';
import { callTo, type Person, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { openStream, types } from '../../support/http/events.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { adminCalls } from '../../support/resources/adminCalls.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { codeFor } from '../../support/resources/mail.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await startTestApp({}, { worker: false });
const { call, sql, signUp, promote, url, database, databaseUrl, config } = app;
const { openWorkspace, addMember, endow } = workspaceCalls(app);
const { refresh, logIn, me } = sessionCalls(call);
const platformAdmin = await signUp();
beforeAll(() => promote(platformAdmin));
const { list, get, change, suspend, activate, entriesOf } = adminCalls(app, platformAdmin);

const keyOf = async ({ token }: Person, headers = {}) =>
  (await call('POST', '/v1/api-keys', { token, headers, body: { name: 'k' } })).body.key as string;
const threads = (token: string) => call('GET', '/v1/threads', { token });

test('a suspended user is locked out at commit, and signs in to new tokens only after reactivation', async () => {
  const person = await signUp();
  const second = await logIn(person);
  const key = await keyOf(person);
  expect((await threads(key)).status).toBe(200);
  const answer = await suspend(person.id);
  expect([answer.status, answer.body.status]).toEqual([200, 'suspended']);
  for (const token of [person.token, second.token]) expect(statusAndReason(await me(token))).toEqual([401, 'session_revoked']);
  for (const cookie of [person.cookie, second.cookie]) {
    const refused = await refresh(cookie);
    expect(statusAndReason(refused)).toEqual([403, 'user_suspended']);
    expect(refused.headers.get('set-cookie')).toMatch(/Max-Age=0/);
  }
  expect(statusAndReason(await threads(key))).toEqual([401, 'invalid_token']);
  expect(statusAndReason((await logIn(person)).answer)).toEqual([403, 'user_suspended']);
  expect(statusAndReason((await logIn({ ...person, password: 'Passw0rd-2' })).answer)).toEqual([401, 'invalid_credentials']);
  expect((await list('?status=suspended')).body).toEqual([expect.objectContaining({ id: person.id })]);
  expect((await get(person.id)).body).toEqual(answer.body);

  expect((await activate(person.id)).body.status).toBe('active');
  expect((await threads(key)).status).toBe(200);
  for (const token of [person.token, second.token]) expect(statusAndReason(await me(token))).toEqual([401, 'session_revoked']);
  for (const cookie of [person.cookie, second.cookie]) expect(statusAndReason(await refresh(cookie))).toEqual([401, 'session_revoked']);
  const third = await logIn(person);
  expect((await me(third.token)).status).toBe(200);
  expect((await refresh(third.cookie)).status).toBe(200);
  const by = { account_id: null, actor_user_id: platformAdmin.id, metadata: {} };
  const [active, suspended] = [{ status: 'active' }, { status: 'suspended' }];
  expect(await entriesOf('user', person.id)).toEqual([
    { ...by, action: 'user.suspend', before_state: active, after_state: suspended },
    { ...by, action: 'user.activate', before_state: suspended, after_state: active },
  ]);
});

test('setting the current status changes nothing, alone or together with other fields', async () => {
  const person = await signUp();
  expect((await activate(person.id)).status).toBe(200);
  expect((await me(person.token)).status).toBe(200);
  await suspend(person.id);
  const before = await sql('select tokens_invalid_before from users where id = $1', [person.id]);
  expect((await change(person.id, { status: 'suspended', username: 'Renamed' })).body).toMatchObject({ username: 'Renamed' });
  expect((await suspend(person.id)).status).toBe(200);
  expect(await sql('select tokens_invalid_before from users where id = $1', [person.id])).toEqual(before);
  const entries = (await entriesOf('user', person.id)).map(({ action, after_state: after }) => [action, after]);
  expect(entries).toEqual([
    ['user.suspend', { status: 'suspended' }],
    ['user.update', { username: 'Renamed' }],
  ]);
  await change(person.id, { status: 'active', username: 'Back' });
  expect((await entriesOf('user', person.id)).at(-1)).toMatchObject({
    action: 'user.activate',
    before_state: { status: 'suspended', username: 'Renamed' },
    after_state: { status: 'active', username: 'Back' },
  });
});

const secondOf = (token: string) => Math.floor(JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).iat);

test('a token issued before a suspension is rejected and one issued after is accepted, within the same second', async () => {
  const person = await signUp();
  for (let attempt = 1; ; attempt++) {
    // Start near the beginning of a second, so that everything happens within it.
    await sleep(1_000 - (Date.now() % 1_000));
    const before = (await logIn(person)).token;
    await suspend(person.id);
    await activate(person.id);
    const after = (await logIn(person)).token;
    expect(statusAndReason(await me(before))).toEqual([401, 'session_revoked']);
    expect((await me(after)).status).toBe(200);
    if (secondOf(before) === secondOf(after)) break;
    expect(attempt).toBeLessThan(10);
  }
});

test('a mailed login code does not sign in a suspended user', async () => {
  const person = await signUp();
  await call('POST', '/v1/auth/email/otp/send', { body: { email: person.email } });
  const otp = await codeFor(app, person.email);
  await suspend(person.id);
  expect(
    statusAndReason(await call('POST', '/v1/auth/email/otp/verify', { body: { email: person.email, otp, reset_access: true } })),
  ).toEqual([403, 'user_suspended']);
  expect(
    statusAndReason(
      await call('POST', '/v1/auth/email/otp/verify', { body: { email: person.email, otp: '12345678', reset_access: true } }),
    ),
  ).toEqual([401, 'otp_invalid']);
});

test('a suspension disables the invite code for good, and the next one is new', async () => {
  const person = await signUp();
  const { id, code } = (await call('GET', '/v1/me/invite-code', { token: person.token })).body;
  await suspend(person.id);
  await activate(person.id);
  expect(await sql('select is_active from invite_codes where user_id = $1', [person.id])).toEqual([{ is_active: false }]);
  const { token } = await logIn(person);
  const next = (await call('GET', '/v1/me/invite-code', { token })).body;
  expect(next.id).not.toBe(id);
  await signUp({ invite_code: code });
  expect(await sql('select id from referrals where inviter_user_id = $1', [person.id])).toEqual([]);
});

test("a suspension cancels the user's runs in every account, and no run of others", async () => {
  const [host, person] = [await signUp(), await signUp()];
  const { id: workspace } = await openWorkspace(host);
  await addMember(host, workspace, person);
  await endow(workspace);
  const own = await startRun(app, person, await openThread(app, person));
  const there = async ({ token }: Person) => {
    const thread = (await call('POST', '/v1/threads', { token, headers: inAccount(workspace), body: {} })).body.id;
    await call('POST', `/v1/threads/${thread}/messages`, { token, headers: inAccount(workspace), body: { content: 'hi' } });
    return (await call('POST', `/v1/threads/${thread}/runs`, { token, headers: inAccount(workspace), body: {} })).body.run_id as string;
  };
  const [shared, begun, foreign] = [await there(person), await there(person), await there(host)];
  // A worker has started this run: the suspension requests a cancel, and the worker ends the run.
  await sql('update runs set attempt = 1 where id = $1', [begun]);
  await suspend(person.id);
  const states = await sql('select id, status from runs where id = any($1)', [[own, shared, begun, foreign]]);
  expect(Object.fromEntries(states.map(({ id, status }) => [id, status]))).toEqual({
    [own]: 'cancelled',
    [shared]: 'cancelled',
    [begun]: 'cancelling',
    [foreign]: 'running',
  });
  const events = await sql(`select type, data from run_events where run_id = $1 order by seq`, [begun]);
  expect(events.at(-1)).toMatchObject({ type: 'run.cancel_requested', data: { requested_by_user_id: platformAdmin.id } });
});

/** A run of another user, streamed by a member of the workspace, by the member's API key and by its owner. */
async function openStreamsOfRun(at: string) {
  const [host, reader] = [await signUp(), await signUp()];
  const { id: workspace } = await openWorkspace(host);
  await addMember(host, workspace, reader, 'admin');
  await endow(workspace);
  const headers = inAccount(workspace);
  const body = { name: 'Open', visibility: 'shared' };
  const project = (await call('POST', '/v1/projects', { token: host.token, headers, body })).body.id;
  const thread = (await call('POST', '/v1/threads', { token: host.token, headers, body: { project_id: project } })).body.id;
  await call('POST', `/v1/threads/${thread}/messages`, { token: host.token, headers, body: { content: 'hi' } });
  const run = (await call('POST', `/v1/threads/${thread}/runs`, { token: host.token, headers, body: {} })).body.run_id as string;
  const key = await keyOf(reader, headers);
  const open = (token: string) => openStream(at, run, { token, headers });
  const streams = await Promise.all([open(reader.token), open(key), open(host.token)]);
  for (const stream of streams) await stream.until(({ type }) => type === 'run.started');
  return { reader, streams };
}

test("a suspension ends the user's open streams within five seconds in every process, and no other stream", async () => {
  const other = await startApi({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
  try {
    const there = callTo(other.address);
    const parts = await Promise.all([openStreamsOfRun(url), openStreamsOfRun(other.address)]);
    for (const { reader } of parts) expect((await there('GET', '/v1/me', { token: reader.token })).status).toBe(200);
    const began = Date.now();
    for (const { reader } of parts) await suspend(reader.id);
    const refused = async () => (await there('GET', '/v1/me', { token: parts[0].reader.token })).status;
    await expectWithin(1_000, refused, 401);
    for (const { streams } of parts) await Promise.all([streams[0]!.ended, streams[1]!.ended]);
    expect(Date.now() - began).toTakeLessThan(5_500);
    for (const { streams } of parts) {
      for (const stream of streams) expect(types(stream.events)).toEqual(['run.started']);
      expect(await Promise.race([streams[2]!.ended.then(() => 'over'), sleep(100, 'open')])).toBe('open');
      streams[2]!.close();
    }
  } finally {
    await other.shutDown();
  }
});
