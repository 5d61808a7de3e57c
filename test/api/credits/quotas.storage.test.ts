import { afterEach, describe, expect, test } from 'vitest';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { chat } from '../../support/agent/vendor.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { concurrently, tally } from '../../support/checks/race.ts';
import { formOf, stage, stagedText } from '../../support/http/forms.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { expectQuotaCounters, limitSetter, storageUsed } from '../../support/resources/quotas.ts';

const app = await startTestApp();
const { sql, call, signUp, joinAccount } = app;
const limit = await limitSetter(app);
const quotaExceeded = [409, 'quota_exceeded'];
const MiB = 2 ** 20;

afterEach(() => expectQuotaCounters(app));

const text = (size: number) => ({ filename: 'a.txt', type: 'text/plain', content: 'x'.repeat(size) });
const post = ({ token }: Person, path: string, body: object = {}) => call('POST', path, { token, body });
const sendMessage = (person: Person, thread: string, content: string) => post(person, `/v1/threads/${thread}/messages`, { content });
const usedStorage = (person: Person) => storageUsed(app, person);

describe('attachments', () => {
  test('parallel uploads do not exceed the quota', async () => {
    const person = await signUp();
    await limit(person, 'quota.attachment_bytes', 10_000);
    const answers = await concurrently(30, () => stage(app, person, text(3_000)));
    expect(tally(answers)).toEqual({ '201': 3, '409 quota_exceeded': 27 });
    expect((await usedStorage(person)).attachments).toBe(9_000);
    const refused = answers.find(({ status }) => status === 409)!;
    expect(refused.body.details).toEqual({ reason: 'quota_exceeded', key: 'quota.attachment_bytes', limit: 10_000, required: 12_000 });
    expect((await stage(app, person, text(1_000))).status).toBe(201);
    expect(statusAndReason(await stage(app, person, text(1)))).toEqual(quotaExceeded);
  });

  test('uploads of large images stop at the quota, and rejected ones leave no rows', async () => {
    const person = await signUp();
    await limit(person, 'quota.attachment_bytes', 7 * MiB);
    const image = Buffer.concat([Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ', 'base64'), Buffer.alloc(3 * MiB)]);
    const answers = [];
    for (let sent = 0; sent < 12; sent++) answers.push(await stage(app, person, { filename: 'a.png', content: image }));
    expect(tally(answers)).toEqual({ '201': 2, '409 quota_exceeded': 10 });
    expect(await sql('select count(*)::int as n from attachments where account_id = $1', [person.accountId])).toEqual([{ n: 2 }]);
  });

  test('an attachment is counted once when a message uses it, and each account has its own usage', async () => {
    const [alice, bob] = [await signUp(), await signUp()];
    await limit(alice, 'quota.attachment_bytes', 100);
    const key = await stagedText(app, alice, 'x'.repeat(100));
    const thread = await openThread(app, alice);
    const part = { type: 'file', attachment: { key, filename: 'a.txt', mime_type: 'text/plain', size: 100 } };
    const sent = await post(alice, `/v1/threads/${thread}/messages`, { content_json: { parts: [part] } });
    expect([sent.status, (await usedStorage(alice)).attachments]).toEqual([201, 100]);
    expect([statusAndReason(await stage(app, alice, text(1))), (await stage(app, bob, text(1))).status]).toEqual([quotaExceeded, 201]);
  });

  test('all members of an account share its quota', async () => {
    const [owner, member] = [await signUp(), await signUp()];
    await joinAccount(member, owner);
    await limit(owner, 'quota.attachment_bytes', 100);
    const { raw, headers } = formOf([text(60)]);
    const as = (token: string) =>
      call('POST', '/v1/attachments/stage', { token, raw, headers: { ...headers, 'x-account-id': owner.accountId } });
    expect(tally(await Promise.all([as(owner.token), as(member.token)]))).toEqual({ '201': 1, '409 quota_exceeded': 1 });
  });
});

describe('messages', () => {
  test('thirty parallel messages in different threads stop at the quota', async () => {
    const person = await signUp();
    const threads = await Promise.all(Array.from({ length: 30 }, () => openThread(app, person)));
    const before = (await usedStorage(person)).messages!;
    const each = 256 + 1_000;
    await limit(person, 'quota.message_bytes', before + 4 * each + 100);
    expect(tally(await Promise.all(threads.map((id) => sendMessage(person, id, 'x'.repeat(1_000)))))).toEqual({
      '201': 4,
      '409 quota_exceeded': 26,
    });
    expect((await usedStorage(person)).messages).toBe(before + 4 * each);
    const [{ n }] = await sql('select max(last_message_number) as n from threads where account_id = $1', [person.accountId]);
    expect(n).toBe(2);
  });

  test('thirty parallel forks of a long thread stop at the quota', async () => {
    const person = await signUp();
    const thread = await openThread(app, person);
    for (let sent = 0; sent < 8; sent++) await sendMessage(person, thread, 'x'.repeat(30_000));
    const messages = (await call('GET', `/v1/threads/${thread}/messages`, { token: person.token })).body;
    const size = (await usedStorage(person)).messages!;
    await limit(person, 'quota.message_bytes', 4 * size + 10);
    const fork = { message_id: messages.at(-1).id };
    const answers = await concurrently(30, () => post(person, `/v1/threads/${thread}:fork`, fork));
    expect(tally(answers)).toEqual({ '201': 3, '409 quota_exceeded': 27 });
    expect((await usedStorage(person)).messages).toBe(4 * size);
    expect(await sql('select count(*)::int as n from threads where account_id = $1', [person.accountId])).toEqual([{ n: 4 }]);
  });

  test('empty threads and shares are counted', async () => {
    const person = await signUp();
    await limit(person, 'quota.message_bytes', 4_000);
    const thread = await openThread(app, person);
    const opened = await concurrently(10, () => post(person, '/v1/threads'));
    expect(tally(opened)).toEqual({ '201': 2, '409 quota_exceeded': 8 });
    const shared = await concurrently(10, () => post(person, `/v1/threads/${thread}:share`));
    expect(tally(shared)).toEqual({ '201': 1, '409 quota_exceeded': 9 });
    expect((await usedStorage(person)).messages).toBe(3 * 1_024 + 256 + 6 + 512);
  });

  test('an edit counts the new text, and the old text too while a share shows it', async () => {
    const person = await signUp();
    const thread = await openThread(app, person, 'short');
    const [{ id }] = (await call('GET', `/v1/threads/${thread}/messages`, { token: person.token })).body;
    await post(person, `/v1/threads/${thread}:share`);
    const before = (await usedStorage(person)).messages!;
    await limit(person, 'quota.message_bytes', before + 256 + 5 + 100);
    const edit = (content: string) => call('PATCH', `/v1/threads/${thread}/messages/${id}`, { token: person.token, body: { content } });
    expect(statusAndReason(await edit('x'.repeat(106)))).toEqual(quotaExceeded);
    expect((await usedStorage(person)).messages).toBe(before);
    expect((await edit('x'.repeat(105))).status).toBe(201);
  });

  test('a rejected request does not use up its idempotency key', async () => {
    const person = await signUp();
    const thread = await openThread(app, person);
    await limit(person, 'quota.message_bytes', 1);
    const headers = { 'idempotency-key': 'k' };
    const send = () => call('POST', `/v1/threads/${thread}/messages`, { token: person.token, headers, body: { content: 'x' } });
    expect([statusAndReason(await send()), statusAndReason(await send())]).toEqual([quotaExceeded, quotaExceeded]);
    await limit(person, 'quota.message_bytes', 0);
    const sent = await send();
    expect([sent.status, sent.headers.get('idempotent-replayed')]).toEqual([201, null]);
  });

  test('the reply of a run is stored beyond the quota, and later writes are rejected until something is deleted', async () => {
    const person = await signUp();
    const other = await openThread(app, person, 'x'.repeat(5_000));
    const thread = await openThread(app, person);
    await limit(person, 'quota.message_bytes', (await usedStorage(person)).messages!);
    const run = await startRun(app, person, thread);
    const ended = async () => (await call('GET', `/v1/runs/${run}`, { token: person.token })).body.status === 'completed';
    await eventually(ended, 'the end of the run');
    const messages = (await call('GET', `/v1/threads/${thread}/messages`, { token: person.token })).body;
    expect(messages.at(-1)).toMatchObject({ role: 'assistant', run_id: run });
    expect(statusAndReason(await sendMessage(person, thread, 'more'))).toEqual(quotaExceeded);
    for (const path of [`/v1/threads/${thread}/runs`, `/v1/threads/${thread}:retry`, '/v1/threads'])
      expect([path, ...statusAndReason(await post(person, path))]).toEqual([path, ...quotaExceeded]);
    expect((await call('DELETE', `/v1/threads/${other}`, { token: person.token })).status).toBe(204);
    expect((await sendMessage(person, thread, 'more')).status).toBe(201);
  });

  test('a deleted thread frees its usage, and later replies are not stored in it', async () => {
    const person = await signUp();
    const nothing = (await usedStorage(person)).messages;
    // Stalls, so that the run cannot end before the thread is deleted.
    const { threadId: thread, start } = await openScriptedThread(app, {
      person,
      script: [{ steps: [chat.text('Half an answer'), 'stall'] }],
    });
    await post(person, `/v1/threads/${thread}:share`);
    await start();
    await call('DELETE', `/v1/threads/${thread}`, { token: person.token });
    const ended = async () => (await sql(`select 1 from runs where thread_id = $1 and status = 'cancelled'`, [thread])).length === 1;
    await eventually(ended, 'the end of the run');
    expect(await sql('select 1 from messages where thread_id = $1', [thread])).toEqual([]);
    expect((await usedStorage(person)).messages).toBe(nothing);
  });
});

describe('storage quota', () => {
  test('usage and limit are returned for the user and the account', async () => {
    const person = await signUp();
    await limit(person, 'quota.message_bytes', 0);
    await limit(person, 'quota.workspace_bytes', -5);
    await limit(person, 'quota.attachment_bytes', 77);
    await openThread(app, person, 'ä');
    const storage = {
      attachments: { used_bytes: 0, limit_bytes: 77 },
      events: { used_bytes: 0, limit_bytes: 10 * 2 ** 30 },
      messages: { used_bytes: 1_024 + 256 + 2, limit_bytes: null },
      workspaces: { used_bytes: 0, limit_bytes: null },
    };
    for (const path of ['/v1/me/usage', `/v1/accounts/${person.accountId}/usage`, '/v1/me/usage?year=2024&month=1'])
      expect([path, (await call('GET', path, { token: person.token })).body.storage]).toEqual([path, storage]);
  });

  test('has a finite default', async () => {
    const person = await signUp();
    const { storage } = (await call('GET', '/v1/me/usage', { token: person.token })).body;
    const limits = Object.values<{ limit_bytes: number }>(storage).map(({ limit_bytes: most }) => most);
    expect(limits).toEqual([2 * 2 ** 30, 10 * 2 ** 30, 2 ** 30, 2 * 2 ** 30]);
  });

  test('a quota below the current usage rejects only writes that add data', async () => {
    const person = await signUp();
    const thread = await openThread(app, person);
    await limit(person, 'quota.message_bytes', 10);
    expect(statusAndReason(await sendMessage(person, thread, 'x'))).toEqual(quotaExceeded);
    expect((await call('PATCH', `/v1/threads/${thread}`, { token: person.token, body: { title: 'new' } })).status).toBe(200);
    expect((await call('GET', `/v1/threads/${thread}/messages`, { token: person.token })).body).toHaveLength(1);
    expect((await call('DELETE', `/v1/threads/${thread}`, { token: person.token })).status).toBe(204);
  });
});
