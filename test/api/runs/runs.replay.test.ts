import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import type { RunEvent } from '../../../contract/events.ts';
import { archiveRuns } from '../../../server/runs/archive/archiveRuns.ts';
import { dataOf, openScriptedThread, promptOf } from '../../support/agent/agent.ts';
import { addToolServer, askUserArgs, callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { openStream } from '../../support/http/events.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { transcriptOf } from '../../support/resources/conversation.ts';
import { storageOf } from '../../support/resources/files.ts';

const app = await startTestApp();
const { call, sql, database } = app;
const storage = storageOf(app);
afterAll(() => storage.close());

const persona = { tool_allowlist: ['echo', 'mcp__tools__count'] };
const twoTurns = [
  callsTools(['mcp__tools__count', {}, 'a'], ['echo', { text: 'x' }, 'b']),
  callsTools(['mcp__tools__count', {}, 'c']),
  chat.answer('Done.'),
];

/** A finished run that called a tool with side effects in each of two turns. */
async function openRun(options: Parameters<typeof openScriptedThread>[1] = {}) {
  const person = await app.signUp();
  const tools = await addToolServer(app, person);
  const talk = await openScriptedThread(app, { person, persona, script: twoTurns, ...options });
  const { runId, events } = await talk.run();
  return { ...talk, person, tools, runId, events };
}

const replay = ({ token }: Pick<Person, 'token'>, runId: string, body?: object, headers = {}) =>
  call('POST', `/v1/runs/${runId}:replay`, { token, headers, ...(body && { body }) });

/** Replays, and waits for the end of the new run. */
async function replayed({ token }: Person, runId: string, body: object) {
  const { status, body: made } = await replay({ token }, runId, body);
  expect(status).toBe(201);
  await (
    await openStream(app.url, made.run_id, { token })
  ).ended;
  return { ...(made as { run_id: string; thread_id: string }), events: await expectRunInvariants(app, made.run_id, token) };
}

const seqOf = (events: readonly RunEvent[], type: RunEvent['type'], at = 0) => events.filter((event) => event.type === type)[at]!.seq;
/** The prompt of a request without its system message: the text of users, the ids of calls and of results. */
const shapeOf = (prompt: ReturnType<typeof promptOf>) =>
  prompt
    .filter(({ role }) => role !== 'system')
    .map((message) => {
      const { role, content, tool_calls: calls, tool_call_id: id } = message as (typeof prompt)[number] & { tool_call_id?: string };
      return calls ? `calls ${calls.map((each) => each.id).join(' ')}` : (id ?? `${role}: ${content}`);
    });

test('a run starts from a step: the model reads what was recorded before, and no tool is called again', async () => {
  const { person, vendor, tools, runId, threadId, events, ...talk } = await openRun();
  expect(tools.count('count')).toBe(2);
  const before = await transcriptOf(app, person, threadId);
  const cuts: [afterSeq: number, kept: string[]][] = [
    [0, []],
    [seqOf(events, 'llm.turn.completed'), []],
    // The results of the first turn are not complete.
    [seqOf(events, 'tool.result'), []],
    [seqOf(events, 'tool.result', 1), ['calls a b', 'a', 'b']],
    [seqOf(events, 'tool.call', 2), ['calls a b', 'a', 'b']],
    [seqOf(events, 'tool.result', 2), ['calls a b', 'a', 'b', 'calls c', 'c']],
    [2 ** 31 - 1, ['calls a b', 'a', 'b', 'calls c', 'c']],
  ];
  for (const [after_seq, kept] of cuts) {
    const sent = vendor.requests.length;
    vendor.respondWith(chat.answer(`From ${after_seq}`));
    const again = await replayed(person, runId, { after_seq });
    expect(shapeOf(promptOf({ vendor }, sent))).toEqual(['user: Hello!', ...kept]);
    expect(vendor.requests).toHaveLength(sent + 1);
    expect(await transcriptOf(app, person, again.thread_id)).toEqual(['user Hello!', `assistant From ${after_seq}`]);
    expect(dataOf(again.events, 'run.started')).toMatchObject([
      { source: 'replay', persona_id: talk.personaId, resume_from_run_id: runId, continuation_source: 'explicit' },
    ]);
    expect(dataOf(again.events, 'tool.result')).toEqual([]);
    const thread = (await call('GET', `/v1/threads/${again.thread_id}`, { token: person.token })).body;
    expect(thread).toMatchObject({ parent_thread_id: threadId, created_by_user_id: person.id, active_run_id: null });
  }
  expect([tools.count('count'), await transcriptOf(app, person, threadId)]).toEqual([2, before]);
  const recorded = promptOf({ vendor }, 2).slice(-2);
  vendor.respondWith(chat.answer('x'));
  await replayed(person, runId, { after_seq: seqOf(events, 'tool.result', 2) });
  expect(promptOf({ vendor }, vendor.requests.length - 1).slice(-2)).toEqual(recorded);
});

test('a replay can use another model, call tools, be retried and be replayed, and is charged for its own calls only', async () => {
  const { person, vendor, tools, runId, events, personaId } = await openRun();
  const other = await call('POST', `/v1/llm-providers/${vendor.providerId}/models`, { token: person.token, body: { model: 'n' } });
  const cut = { after_seq: seqOf(events, 'tool.result', 1) };
  vendor.respondWith(callsTools(['mcp__tools__count', {}, 'd']), chat.answer('Other.'));
  const again = await replayed(person, runId, { ...cut, route_id: other.body.id });
  expect([vendor.requests[3]!.body.model, vendor.requests[4]!.body.model]).toEqual(['n', 'n']);
  expect(shapeOf(promptOf({ vendor }, 4)).slice(1)).toEqual(['calls a b', 'a', 'b', 'calls d', 'd']);
  expect(tools.count('count')).toBe(3);
  const usageOf = async (id: string) => (await call('GET', `/v1/runs/${id}`, { token: person.token })).body;
  const [first, second] = [await usageOf(runId), await usageOf(again.run_id)];
  expect(second).toMatchObject({ model: 'n', persona_id: personaId, resume_from_run_id: runId, parent_run_id: null });
  expect(second.total_input_tokens).toBeLessThan(first.total_input_tokens);

  // A retry of the replay, answered or not, starts after the recorded turns too.
  const retry = async () => {
    const { body } = await call('POST', `/v1/threads/${again.thread_id}:retry`, { token: person.token, body: {} });
    await (
      await openStream(app.url, body.run_id, { token: person.token })
    ).ended;
    return shapeOf(promptOf({ vendor }, vendor.requests.length - 1)).slice(1);
  };
  vendor.respondWith({ status: 400, steps: ['{"error": {"message": "no"}}'] }, chat.answer('Again.'));
  expect(await retry()).toEqual(['calls a b', 'a', 'b']);
  expect(await retry()).toEqual(['calls a b', 'a', 'b']);
  // So does a replay of the replay, from its start and from its own step.
  vendor.respondWith(chat.answer('Third.'), chat.answer('Fourth.'));
  await replayed(person, again.run_id, {});
  expect(shapeOf(promptOf({ vendor }, vendor.requests.length - 1)).slice(1)).toEqual(['calls a b', 'a', 'b']);
  await replayed(person, again.run_id, { after_seq: again.events.length });
  expect(shapeOf(promptOf({ vendor }, vendor.requests.length - 1)).slice(1)).toEqual(['calls a b', 'a', 'b', 'calls d', 'd']);
  expect(tools.count('count')).toBe(3);
});

test('a replay reads archived events, runs that have not ended and what the user said meanwhile', async () => {
  const talk = await openScriptedThread(app, { persona: { tool_allowlist: ['echo', 'ask_user'] } });
  talk.vendor.respondWith(callsTools(['echo', { text: 'x' }, 'a']), callsTools(['ask_user', askUserArgs(), 'b']));
  const runId = await talk.start();
  const stream = await talk.follow(runId);
  await stream.until(({ type }) => type === 'run.waiting_for_input');
  const person = { ...talk };
  talk.vendor.respondWith(chat.answer('Meanwhile.'));
  const sent = talk.vendor.requests.length;
  await replayed(person, runId, { after_seq: 1_000 });
  expect(shapeOf(promptOf(talk, sent)).slice(1)).toEqual(['calls a', 'a']);

  const steered = Promise.withResolvers<void>();
  talk.vendor.respondWith({ steps: [chat.text('One'), { wait: steered.promise }, chat.stop(), chat.done] }, chat.answer('Two.'));
  await talk.input(runId, '{"colour": "red"}');
  await stream.until(({ type }) => type === 'message.delta');
  await talk.input(runId, 'Be quick.');
  steered.resolve();
  await stream.ended;
  const all = ['calls a', 'a', 'calls b', 'b', 'assistant: One', 'user: Be quick.'];
  const inThirtyDays = new Date(Date.now() + 30 * 86_400_000);
  for (const isArchived of [false, true]) {
    if (isArchived) await archiveRuns({ database, storage, log: pino({ level: 'silent' }) }, { days: 1, partBytes: 1_000 }, inThirtyDays);
    expect(await sql('select 1 from run_events where run_id = $1 limit 1', [runId])).toHaveLength(isArchived ? 0 : 1);
    talk.vendor.respondWith(chat.answer('Again.'));
    await replayed(person, runId, { after_seq: 2 ** 31 - 1 });
    expect(shapeOf(promptOf(talk, talk.vendor.requests.length - 1)).slice(1)).toEqual(all);
  }
});

test('a run is replayed only by those who can read its thread, and only while its message is there', async () => {
  const { person, vendor, runId, threadId, events } = await openRun();
  const [stranger, fellow] = [await app.signUp(), await app.signUp()];
  await app.joinAccount(fellow, person);
  const here = { 'x-account-id': person.accountId };
  expect((await replay(stranger, runId)).status).toBe(404);
  expect((await replay(fellow, runId, {}, here)).status).toBe(404);
  // A platform admin in the account can read the run, but not the thread.
  const chief = await app.signUp();
  await app.promote(chief);
  await app.joinAccount(chief, person);
  expect((await call('GET', `/v1/runs/${runId}`, { token: chief.token, headers: here })).status).toBe(200);
  expect((await replay(chief, runId, {}, here)).status).toBe(404);
  for (const body of [{ after_seq: -1 }, { after_seq: 1.5 }, { after_seq: 2 ** 31 }, { after_seq: '1' }, { seq: 1 }])
    expect([body, (await replay(person, runId, body)).status]).toEqual([body, 400]);

  const key = { 'idempotency-key': 'replay-once' };
  vendor.respondWith(chat.answer('Once.'));
  const made = await replay(person, runId, { after_seq: events.length }, key);
  expect((await replay(person, runId, { after_seq: events.length }, key)).body).toEqual(made.body);
  const [entry] = await sql(`select target_id, metadata from audit_logs where action = 'run.replay' and trace_id = $1`, [
    made.body.trace_id,
  ]);
  expect(entry).toMatchObject({ target_id: made.body.run_id, metadata: { thread_id: made.body.thread_id } });
  await (
    await openStream(app.url, made.body.run_id, { token: person.token })
  ).ended;

  const threadsBefore = await sql('select 1 from threads where account_id = $1', [person.accountId]);
  await sql('update credit_balances set balance = 0 where account_id = $1', [person.accountId]);
  expect(statusAndReason(await replay(person, runId))).toEqual([402, 'credits_exhausted']);
  await sql('update credit_balances set balance = 1000 where account_id = $1', [person.accountId]);
  await sql('update runs set parent_run_id = $2 where id = $1', [runId, made.body.run_id]);
  expect(statusAndReason(await replay(person, runId))).toEqual([409, 'run_cannot_replay']);
  await sql('update runs set parent_run_id = null where id = $1', [runId]);
  await sql('update messages set visible = false where thread_id = $1', [threadId]);
  expect(statusAndReason(await replay(person, runId))).toEqual([409, 'run_cannot_replay']);
  expect(await sql('select 1 from threads where account_id = $1', [person.accountId])).toEqual(threadsBefore);
  await call('DELETE', `/v1/threads/${threadId}`, { token: person.token });
  expect((await replay(person, runId)).status).toBe(404);
});

test('a run that repeats or continues another is replayed, until an edit or a retry replaces what it has read', async () => {
  const { person, vendor, runId, threadId, ...talk } = await openRun();
  const { token } = person;
  const follow = async (method: string, path: string, body: object, ...script: Parameters<typeof vendor.respondWith>) => {
    vendor.respondWith(...script);
    const { body: made } = await call(method, `/v1/threads/${threadId}${path}`, { token, body });
    const stream = await openStream(app.url, made.run_id, { token });
    return { id: made.run_id as string, stream };
  };
  const promptOfReplay = async (id: string, after_seq = 2 ** 31 - 1) => {
    vendor.respondWith(chat.answer('Replayed.'));
    await replayed(person, id, { after_seq });
    return shapeOf(promptOf({ vendor }, vendor.requests.length - 1));
  };
  const retried = await follow('POST', ':retry', {}, callsTools(['echo', { text: 'x' }, 'd']), chat.answer('Retried.'));
  await retried.stream.ended;
  expect(await promptOfReplay(retried.id)).toEqual(['user: Hello!', 'calls d', 'd']);
  expect(await promptOfReplay(runId, 0)).toEqual(['user: Hello!']);

  const [message] = (await call('GET', `/v1/threads/${threadId}/messages`, { token })).body;
  const cutOff = { steps: [chat.text('Part'), 'stall' as const] };
  const edited = await follow('PATCH', `/messages/${message.id}`, { content: 'Bye!' }, callsTools(['echo', { text: 'x' }, 'e']), cutOff);
  await edited.stream.until(({ type }) => type === 'message.delta');
  await talk.cancel(edited.id);
  await edited.stream.ended;
  expect(await promptOfReplay(edited.id)).toEqual(['user: Bye!', 'calls e', 'e']);
  for (const id of [runId, retried.id]) expect(statusAndReason(await replay(person, id))).toEqual([409, 'run_cannot_replay']);

  // The unfinished answer is hidden when the run that continues it has ended.
  const next = callsTools(['echo', { text: 'x' }, 'f']);
  const continued = await follow('POST', ':continue', { run_id: edited.id }, next, chat.answer('Whole.'));
  await continued.stream.ended;
  expect(await transcriptOf(app, person, threadId)).toHaveLength(2);
  expect((await promptOfReplay(continued.id)).filter((each) => each.includes('calls'))).toEqual(['calls e', 'calls f']);
  const anew = await follow('POST', ':retry', {}, chat.answer('Anew.'));
  await anew.stream.ended;
  expect(statusAndReason(await replay(person, continued.id))).toEqual([409, 'run_cannot_replay']);
  expect(await promptOfReplay(anew.id, 0)).toEqual(['user: Bye!']);
});
