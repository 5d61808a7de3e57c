import { expect, test } from 'vitest';
import { dataOf, openScriptedThread, promptOf, textStored } from '../support/agent/agent.ts';
import { askUserArgs, callsTools } from '../support/agent/tools.ts';
import { chat, type ScriptedResponse } from '../support/agent/vendor.ts';
import { setPlatformSettings } from '../support/app/settings.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants, textOf } from '../support/checks/invariants.ts';
import { transcriptOf } from '../support/resources/conversation.ts';

const app = await startTestApp();
await setPlatformSettings(app, { 'llm.retry.base_delay_ms': 1 });

type Talk = Awaited<ReturnType<typeof openScriptedThread>>;

const stalls = (...texts: string[]): ScriptedResponse => ({ steps: [...texts.map(chat.text), 'stall'] });
const busy = chat.failure(503, { message: 'busy' });
const denied = chat.failure(400, { message: 'no' });
const note = (id: string, text = ''): ScriptedResponse => {
  const { steps = [] } = callsTools(['timeline_title', { label: id }, id]);
  return { steps: text === '' ? steps : [chat.text(text), ...steps] };
};

/** Starts a run, or follows `runId`, and cancels it after the delta `last`. */
async function stopped(talk: Talk, last: string, runId?: string) {
  const id = runId ?? (await talk.start());
  const reader = await talk.follow(id);
  await reader.until((event) => event.type === 'message.delta' && event.data.content === last);
  await talk.cancel(id);
  await reader.ended;
  return { runId: id, events: await expectRunInvariants(app, id, talk.token) };
}

/** Continues `runId`. Returns the id of the new run. */
async function proceed(talk: Talk, runId: string): Promise<string> {
  const answer = await app.call('POST', `/v1/threads/${talk.threadId}:continue`, { token: talk.token, body: { run_id: runId } });
  expect(answer.status).toBe(201);
  return answer.body.run_id;
}

async function ended(talk: Talk, runId: string) {
  await talk.follow(runId).then(({ ended }) => ended);
  return { runId, events: await expectRunInvariants(app, runId, talk.token) };
}

const transcript = (talk: Talk) => transcriptOf(app, talk, talk.threadId);
const retry = async (talk: Talk) => {
  const { body } = await app.call('POST', `/v1/threads/${talk.threadId}:retry`, { token: talk.token });
  return ended(talk, body.run_id);
};

/** The messages of a model request without the system prompt. The continuation prompt is shortened to `(go on)`. */
const promptMessages = (talk: Talk, at: number) =>
  promptOf(talk, at)
    .slice(1)
    .map(({ role, content, tool_calls }) => {
      const text = role === 'user' && content.startsWith('Your answer above') ? '(go on)' : content;
      return `${role} ${role === 'tool' ? '' : (text ?? '')}${tool_calls ? `[${tool_calls.map(({ id }) => id)}]` : ''}`.trim();
    });

test('the answer before a cancel is stored as a message and included in later prompts', async () => {
  const talk = await openScriptedThread(app, { script: [stalls('Once upon ', 'a time'), chat.answer('The end.')] });
  const { runId, events } = await stopped(talk, 'a time');
  const { body } = await app.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: talk.token });
  expect(body).toMatchObject([
    { role: 'user', completion: 'complete' },
    { role: 'assistant', content: 'Once upon a time', completion: 'stopped', run_id: runId, created_by_user_id: null },
  ]);
  expect(events.at(-1)).toMatchObject({ type: 'run.cancelled', data: { message_id: body[1].id } });
  const found = await app.call('GET', '/v1/threads/search?q=upon+a+time', { token: talk.token });
  expect(found.body.map(({ id }: { id: string }) => id)).toEqual([talk.threadId]);
  await talk.say('And then?');
  await talk.run();
  expect(promptMessages(talk, 1)).toEqual(['user Hello!', 'assistant Once upon a time', 'user And then?']);
  expect(await transcript(talk)).toEqual(['user Hello!', 'stopped Once upon a time', 'user And then?', 'assistant The end.']);
});

test('the answer before a failure is kept, even if the retries of its attempt return nothing', async () => {
  const talk = await openScriptedThread(app);
  const half: ScriptedResponse = { steps: [chat.text('Half of it'), { wait: () => textStored(app, talk, 'Half of it') }, 'cut'] };
  talk.vendor.respondWith(half, busy, denied, chat.answer('Well.'));
  const { events } = await talk.run();
  expect(events.at(-1)).toMatchObject({ type: 'run.failed', data: { resumable: false, message_id: expect.any(String) } });
  expect(await transcript(talk)).toEqual(['user Hello!', 'failed Half of it']);
  await talk.say('Go on');
  await talk.run();
  expect(promptMessages(talk, 3)).toEqual(['user Hello!', 'assistant Half of it', 'user Go on']);
});

test('an answer that exceeds the budget is kept in full', async () => {
  const usage = chat.usage({ prompt_tokens: 10, completion_tokens: 500, total_tokens: 510 });
  const script = [{ steps: [chat.text('Too long.'), chat.stop(), usage, chat.done] }];
  const talk = await openScriptedThread(app, { script, persona: { budgets: { max_total_output_tokens: 100 } } });
  expect((await talk.run()).events.at(-1)).toMatchObject({ error_class: 'budget.exceeded' });
  expect(await transcript(talk)).toEqual(['user Hello!', 'failed Too long.']);
});

test('a run without output stores no message', async () => {
  const talk = await openScriptedThread(app, { script: [stalls('\n'), denied] });
  const { events } = await stopped(talk, '\n');
  expect(events.at(-1)!.data).not.toHaveProperty('message_id');
  expect((await talk.run()).events.at(-1)?.type).toBe('run.failed');
  expect(await transcript(talk)).toEqual(['user Hello!']);
});

test('continued runs append to one message', async () => {
  const talk = await openScriptedThread(app, {
    script: [stalls('One, '), stalls('two, '), busy, busy, busy, chat.answer('three.'), chat.answer('Sure.')],
  });
  const first = await stopped(talk, 'One, ');
  const [, { id: firstMessage }] = (await app.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: talk.token })).body;
  const second = await stopped(talk, 'two, ', await proceed(talk, first.runId));
  expect(second.events[0]!.data).toMatchObject({ resume_from_run_id: first.runId, continues_message_id: firstMessage });
  expect(await transcript(talk)).toEqual(['user Hello!', 'stopped One, two, ']);
  const third = await ended(talk, await proceed(talk, second.runId));
  expect(third.events.at(-1)?.data).not.toHaveProperty('message_id');
  expect(await transcript(talk)).toEqual(['user Hello!', 'stopped One, two, ']);
  const last = await ended(talk, await proceed(talk, second.runId));
  expect(textOf(last.events)).toBe('three.');
  expect(last.events.at(-1)).toMatchObject({ data: { assistant_message: { content: [{ text: 'One, two, three.' }] } } });
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant One, two, three.']);
  expect(promptMessages(talk, 5)).toEqual(['user Hello!', 'assistant One, two,', 'user (go on)']);
  await talk.say('Sure?');
  await talk.run();
  expect(promptMessages(talk, 6)).toEqual(['user Hello!', 'assistant One, two, three.', 'user Sure?']);
});

test('a run without a new message continues an unfinished answer; a retry and an edit hide it', async () => {
  const talk = await openScriptedThread(app, {
    script: [stalls('One, '), chat.answer('two.'), stalls('Uno'), chat.answer('Due.'), stalls('Un'), chat.answer('Deux.')],
  });
  await stopped(talk, 'One, ');
  expect((await talk.run()).events[0]!.data).toMatchObject({ continuation_source: 'none' });
  expect(promptMessages(talk, 1)).toEqual(['user Hello!', 'assistant One,', 'user (go on)']);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant One, two.']);
  const { body } = await app.call('POST', `/v1/threads/${talk.threadId}:retry`, { token: talk.token });
  await stopped(talk, 'Uno', body.run_id);
  expect(promptMessages(talk, 2)).toEqual(['user Hello!']);
  await retry(talk);
  expect(promptMessages(talk, 3)).toEqual(['user Hello!']);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Due.']);
  await talk.say('In French');
  await stopped(talk, 'Un');
  const list = (await app.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: talk.token })).body;
  const path = `/v1/threads/${talk.threadId}/messages/${list[2].id}`;
  const edited = await app.call('PATCH', path, { token: talk.token, body: { content: 'En français' } });
  await ended(talk, edited.body.run_id);
  expect(promptMessages(talk, 5)).toEqual(['user Hello!', 'assistant Due.', 'user En français']);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Due.', 'user En français', 'assistant Deux.']);
});

test('tool calls interrupted by a cancel have results in later prompts, and their text is stored', async () => {
  const asking = callsTools(['timeline_title', { label: 'x' }, 'a'], ['ask_user', askUserArgs(), 'q']);
  const talk = await openScriptedThread(app, {
    script: [{ steps: [chat.text('I ask. '), ...asking.steps!] }, chat.answer('Blue it is.'), chat.answer('Red.')],
  });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(({ type }) => type === 'run.waiting_for_input');
  await talk.cancel(runId);
  await reader.ended;
  await expectRunInvariants(app, runId, talk.token);
  expect(await transcript(talk)).toEqual(['user Hello!', 'stopped I ask. ']);
  await ended(talk, await proceed(talk, runId));
  expect(promptMessages(talk, 1)).toEqual(['user Hello!', 'assistant I ask. [a,q]', 'tool', 'tool']);
  expect(promptOf(talk, 1).at(-1)!.content).toContain('tool.interrupted');
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Blue it is.']);
  await retry(talk);
  expect(promptMessages(talk, 2)).toEqual(['user Hello!']);
});

test('the turns of a resumed run are included in all later prompts', async () => {
  const script = [note('a', 'Look: '), busy, busy, busy, note('b'), chat.answer('Done.'), chat.answer('Sure.'), chat.answer('Again.')];
  const talk = await openScriptedThread(app, { script });
  const first = await talk.run();
  expect(await transcript(talk)).toEqual(['user Hello!', 'failed Look: ']);
  await ended(talk, await proceed(talk, first.runId));
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Done.']);
  await talk.say('Sure?');
  await talk.run();
  const turns = ['user Hello!', 'assistant Look: [a]', 'tool', 'assistant [b]', 'tool', 'assistant Done.', 'user Sure?'];
  expect(promptMessages(talk, 6)).toEqual(turns);
  await retry(talk);
  expect(promptMessages(talk, 7)).toEqual(turns);
});

test('a continued text followed by a tool call is one turn', async () => {
  const talk = await openScriptedThread(app, {
    script: [stalls('I lo'), note('a', 'ok it up.'), chat.answer('Found.'), chat.answer('Yes.')],
  });
  const { runId } = await stopped(talk, 'I lo');
  const { events } = await ended(talk, await proceed(talk, runId));
  expect(dataOf(events, 'run.completed')).toHaveLength(1);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Found.']);
  await talk.say('Sure?');
  await talk.run();
  expect(promptMessages(talk, 3)).toEqual(['user Hello!', 'assistant I look it up.[a]', 'tool', 'assistant Found.', 'user Sure?']);
});

test('a message sent during a run is answered after its partial text', async () => {
  const talk = await openScriptedThread(app, { script: [note('a'), stalls('Well, '), chat.answer('Both.')] });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until((event) => event.type === 'message.delta' && event.data.content === 'Well, ');
  await talk.say('In short');
  await talk.cancel(runId);
  await reader.ended;
  await talk.run();
  expect(promptMessages(talk, 2)).toEqual(['user Hello!', 'assistant [a]', 'tool', 'assistant Well,', 'user In short']);
  expect(await transcript(talk)).toEqual(['user Hello!', 'user In short', 'stopped Well, ', 'assistant Both.']);
});
