import { afterEach, describe, expect, test } from 'vitest';
import { eventually, openThread, startRun } from '../setup/conversation.ts';
import { formOf, stage, stagedText } from '../setup/forms.ts';
import { expectCounted, limiter, storageUsed } from '../setup/quotas.ts';
import { atOnce, tally } from '../setup/race.ts';
import { reason } from '../setup/sessions.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld();
const { sql, call, signUp, join } = world;
const limit = await limiter(world);
const full = [409, 'quota_exceeded'];
const MiB = 2 ** 20;

afterEach(() => expectCounted(world));

const text = (size: number) => ({ filename: 'a.txt', type: 'text/plain', content: 'x'.repeat(size) });
const post = ({ token }: Person, path: string, body: object = {}) => call('POST', path, { token, body });
const say = (person: Person, thread: string, content: string) => post(person, `/v1/threads/${thread}/messages`, { content });
const used = (person: Person) => storageUsed(world, person);

describe('attachments', () => {
  test('the last free bytes are given once, however many ask for them', async () => {
    const person = await signUp();
    await limit(person, 'quota.attachment_bytes', 10_000);
    const answers = await atOnce(30, () => stage(world, person, text(3_000)));
    expect(tally(answers)).toEqual({ '201': 3, '409 quota_exceeded': 27 });
    expect((await used(person)).attachments).toBe(9_000);
    const refused = answers.find(({ status }) => status === 409)!;
    expect(refused.body.details).toEqual({ reason: 'quota_exceeded', key: 'quota.attachment_bytes', limit: 10_000, required: 12_000 });
    expect((await stage(world, person, text(1_000))).status).toBe(201);
    expect(reason(await stage(world, person, text(1)))).toEqual(full);
  });

  test('twelve large images end at the limit, without rows or objects of those that were refused', async () => {
    const person = await signUp();
    await limit(person, 'quota.attachment_bytes', 7 * MiB);
    const image = Buffer.concat([Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ', 'base64'), Buffer.alloc(3 * MiB)]);
    const answers = [];
    for (let sent = 0; sent < 12; sent++) answers.push(await stage(world, person, { filename: 'a.png', content: image }));
    expect(tally(answers)).toEqual({ '201': 2, '409 quota_exceeded': 10 });
    expect(await sql('select count(*)::int as n from attachments where account_id = $1', [person.accountId])).toEqual([{ n: 2 }]);
  });

  test('what a message takes is counted once, and one account does not count for another', async () => {
    const [alice, bob] = [await signUp(), await signUp()];
    await limit(alice, 'quota.attachment_bytes', 100);
    const key = await stagedText(world, alice, 'x'.repeat(100));
    const thread = await openThread(world, alice);
    const part = { type: 'file', attachment: { key, filename: 'a.txt', mime_type: 'text/plain', size: 100 } };
    const sent = await post(alice, `/v1/threads/${thread}/messages`, { content_json: { parts: [part] } });
    expect([sent.status, (await used(alice)).attachments]).toEqual([201, 100]);
    expect([reason(await stage(world, alice, text(1))), (await stage(world, bob, text(1))).status]).toEqual([full, 201]);
  });

  test('all members of an account share its quota', async () => {
    const [owner, member] = [await signUp(), await signUp()];
    await join(member, owner);
    await limit(owner, 'quota.attachment_bytes', 100);
    const { raw, headers } = formOf([text(60)]);
    const as = (token: string) =>
      call('POST', '/v1/attachments/stage', { token, raw, headers: { ...headers, 'x-account-id': owner.accountId } });
    expect(tally(await Promise.all([as(owner.token), as(member.token)]))).toEqual({ '201': 1, '409 quota_exceeded': 1 });
  });
});

describe('messages', () => {
  test('thirty messages in threads of their own end at the limit', async () => {
    const person = await signUp();
    const threads = await Promise.all(Array.from({ length: 30 }, () => openThread(world, person)));
    const before = (await used(person)).messages!;
    const each = 256 + 1_000;
    await limit(person, 'quota.message_bytes', before + 4 * each + 100);
    expect(tally(await Promise.all(threads.map((id) => say(person, id, 'x'.repeat(1_000)))))).toEqual({
      '201': 4,
      '409 quota_exceeded': 26,
    });
    expect((await used(person)).messages).toBe(before + 4 * each);
    const [{ n }] = await sql('select max(last_message_number) as n from threads where account_id = $1', [person.accountId]);
    expect(n).toBe(2);
  });

  test('thirty forks of a long thread end at the limit', async () => {
    const person = await signUp();
    const thread = await openThread(world, person);
    for (let sent = 0; sent < 8; sent++) await say(person, thread, 'x'.repeat(30_000));
    const messages = (await call('GET', `/v1/threads/${thread}/messages`, { token: person.token })).body;
    const size = (await used(person)).messages!;
    await limit(person, 'quota.message_bytes', 4 * size + 10);
    const fork = { message_id: messages.at(-1).id };
    const answers = await atOnce(30, () => post(person, `/v1/threads/${thread}:fork`, fork));
    expect(tally(answers)).toEqual({ '201': 3, '409 quota_exceeded': 27 });
    expect((await used(person)).messages).toBe(4 * size);
    expect(await sql('select count(*)::int as n from threads where account_id = $1', [person.accountId])).toEqual([{ n: 4 }]);
  });

  test('empty threads and shares are counted too', async () => {
    const person = await signUp();
    await limit(person, 'quota.message_bytes', 4_000);
    const thread = await openThread(world, person);
    const opened = await atOnce(10, () => post(person, '/v1/threads'));
    expect(tally(opened)).toEqual({ '201': 2, '409 quota_exceeded': 8 });
    const shared = await atOnce(10, () => post(person, `/v1/threads/${thread}:share`));
    expect(tally(shared)).toEqual({ '201': 1, '409 quota_exceeded': 9 });
    expect((await used(person)).messages).toBe(3 * 1_024 + 256 + 6 + 512);
  });

  test('an edit counts the new text, and the old one where a share shows it', async () => {
    const person = await signUp();
    const thread = await openThread(world, person, 'short');
    const [{ id }] = (await call('GET', `/v1/threads/${thread}/messages`, { token: person.token })).body;
    await post(person, `/v1/threads/${thread}:share`);
    const before = (await used(person)).messages!;
    await limit(person, 'quota.message_bytes', before + 256 + 5 + 100);
    const edit = (content: string) => call('PATCH', `/v1/threads/${thread}/messages/${id}`, { token: person.token, body: { content } });
    expect(reason(await edit('x'.repeat(106)))).toEqual(full);
    expect((await used(person)).messages).toBe(before);
    expect((await edit('x'.repeat(105))).status).toBe(201);
  });

  test('a refused request with an idempotency key leaves the key free', async () => {
    const person = await signUp();
    const thread = await openThread(world, person);
    await limit(person, 'quota.message_bytes', 1);
    const headers = { 'idempotency-key': 'k' };
    const send = () => call('POST', `/v1/threads/${thread}/messages`, { token: person.token, headers, body: { content: 'x' } });
    expect([reason(await send()), reason(await send())]).toEqual([full, full]);
    await limit(person, 'quota.message_bytes', 0);
    const sent = await send();
    expect([sent.status, sent.headers.get('idempotent-replayed')]).toEqual([201, null]);
  });

  test('the answer of a run is stored beyond the limit; what comes next is refused until something is deleted', async () => {
    const person = await signUp();
    const other = await openThread(world, person, 'x'.repeat(5_000));
    const thread = await openThread(world, person);
    await limit(person, 'quota.message_bytes', (await used(person)).messages!);
    const run = await startRun(world, person, thread);
    const ended = async () => (await call('GET', `/v1/runs/${run}`, { token: person.token })).body.status === 'completed';
    await eventually(ended, 'the end of the run');
    const messages = (await call('GET', `/v1/threads/${thread}/messages`, { token: person.token })).body;
    expect(messages.at(-1)).toMatchObject({ role: 'assistant', run_id: run });
    expect(reason(await say(person, thread, 'more'))).toEqual(full);
    for (const path of [`/v1/threads/${thread}/runs`, `/v1/threads/${thread}:retry`, '/v1/threads'])
      expect([path, ...reason(await post(person, path))]).toEqual([path, ...full]);
    expect((await call('DELETE', `/v1/threads/${other}`, { token: person.token })).status).toBe(204);
    expect((await say(person, thread, 'more')).status).toBe(201);
  });

  test('a deleted thread keeps nothing, and answers that come later are not added to it', async () => {
    const person = await signUp();
    const nothing = (await used(person)).messages;
    const thread = await openThread(world, person);
    await post(person, `/v1/threads/${thread}:share`);
    await startRun(world, person, thread);
    await call('DELETE', `/v1/threads/${thread}`, { token: person.token });
    const ended = async () => (await sql(`select 1 from runs where thread_id = $1 and status = 'cancelled'`, [thread])).length === 1;
    await eventually(ended, 'the end of the run');
    expect(await sql('select 1 from messages where thread_id = $1', [thread])).toEqual([]);
    expect((await used(person)).messages).toBe(nothing);
  });
});

describe('the limit', () => {
  test('is shown with what is used, to a member and in the account', async () => {
    const person = await signUp();
    await limit(person, 'quota.message_bytes', 0);
    await limit(person, 'quota.workspace_bytes', -5);
    await limit(person, 'quota.attachment_bytes', 77);
    await openThread(world, person, 'ä');
    const storage = {
      attachments: { used_bytes: 0, limit_bytes: 77 },
      messages: { used_bytes: 1_024 + 256 + 2, limit_bytes: null },
      workspaces: { used_bytes: 0, limit_bytes: null },
    };
    for (const path of ['/v1/me/usage', `/v1/accounts/${person.accountId}/usage`, '/v1/me/usage?year=2024&month=1'])
      expect([path, (await call('GET', path, { token: person.token })).body.storage]).toEqual([path, storage]);
  });

  test('is finite unless it is set', async () => {
    const person = await signUp();
    const { storage } = (await call('GET', '/v1/me/usage', { token: person.token })).body;
    const limits = Object.values<{ limit_bytes: number }>(storage).map(({ limit_bytes: most }) => most);
    expect(limits).toEqual([2 * 2 ** 30, 2 ** 30, 2 * 2 ** 30]);
  });

  test('that is lowered below what is stored refuses what adds, and nothing else', async () => {
    const person = await signUp();
    const thread = await openThread(world, person);
    await limit(person, 'quota.message_bytes', 10);
    expect(reason(await say(person, thread, 'x'))).toEqual(full);
    expect((await call('PATCH', `/v1/threads/${thread}`, { token: person.token, body: { title: 'new' } })).status).toBe(200);
    expect((await call('GET', `/v1/threads/${thread}/messages`, { token: person.token })).body).toHaveLength(1);
    expect((await call('DELETE', `/v1/threads/${thread}`, { token: person.token })).status).toBe(204);
  });
});
