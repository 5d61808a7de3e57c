import { expect, test } from 'vitest';
import { dataOf, openTalk, promptOf } from '../setup/agent.ts';
import { transcriptOf } from '../setup/conversation.ts';
import { expectSound, textOf } from '../setup/invariants.ts';
import { setPlatform } from '../setup/settings.ts';
import { asks, question } from '../setup/tools.ts';
import { chat, type Scripted } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld();
await setPlatform(world, { 'llm.retry.base_delay_ms': 1 });

type Talk = Awaited<ReturnType<typeof openTalk>>;

const stalls = (...texts: string[]): Scripted => ({ steps: [...texts.map(chat.text), 'stall'] });
const busy = chat.failure(503, { message: 'busy' });
const denied = chat.failure(400, { message: 'no' });
const note = (id: string, text = ''): Scripted => {
  const { steps = [] } = asks(['timeline_title', { label: id }, id]);
  return { steps: text === '' ? steps : [chat.text(text), ...steps] };
};

/** Starts a run, or continues one, and cancels it as soon as it has said `last`. */
async function stopped(talk: Talk, last: string, runId?: string) {
  const id = runId ?? (await talk.start());
  const reader = await talk.follow(id);
  await reader.until((event) => event.type === 'message.delta' && event.data.content === last);
  await talk.cancel(id);
  await reader.ended;
  return { runId: id, events: await expectSound(world, id, talk.token) };
}

/** The id of the run that continues `runId`. */
async function proceed(talk: Talk, runId: string): Promise<string> {
  const answer = await world.call('POST', `/v1/threads/${talk.threadId}:continue`, { token: talk.token, body: { run_id: runId } });
  expect(answer.status).toBe(201);
  return answer.body.run_id;
}

async function ended(talk: Talk, runId: string) {
  await (await talk.follow(runId)).ended;
  return { runId, events: await expectSound(world, runId, talk.token) };
}

const transcript = (talk: Talk) => transcriptOf(world, talk, talk.threadId);
const retry = async (talk: Talk) => {
  const { body } = await world.call('POST', `/v1/threads/${talk.threadId}:retry`, { token: talk.token });
  return ended(talk, body.run_id);
};

/** The messages of a request, but for the system prompt and the words with which a run is told to go on. */
const said = (talk: Talk, at: number) =>
  promptOf(talk, at)
    .slice(1)
    .map(({ role, content, tool_calls }) => {
      const text = role === 'user' && content.startsWith('Your answer above') ? '(go on)' : content;
      return `${role} ${role === 'tool' ? '' : (text ?? '')}${tool_calls ? `[${tool_calls.map(({ id }) => id)}]` : ''}`.trim();
    });

test('what was answered before a stop is a message of the thread, and part of later prompts', async () => {
  const talk = await openTalk(world, { script: [stalls('Once upon ', 'a time'), chat.answer('The end.')] });
  const { runId, events } = await stopped(talk, 'a time');
  const { body } = await world.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: talk.token });
  expect(body).toMatchObject([
    { role: 'user', completion: 'complete' },
    { role: 'assistant', content: 'Once upon a time', completion: 'stopped', run_id: runId, created_by_user_id: null },
  ]);
  expect(events.at(-1)).toMatchObject({ type: 'run.cancelled', data: { message_id: body[1].id } });
  const found = await world.call('GET', '/v1/threads/search?q=upon+a+time', { token: talk.token });
  expect(found.body.map(({ id }: { id: string }) => id)).toEqual([talk.threadId]);
  await talk.say('And then?');
  await talk.run();
  expect(said(talk, 1)).toEqual(['user Hello!', 'assistant Once upon a time', 'user And then?']);
  expect(await transcript(talk)).toEqual(['user Hello!', 'stopped Once upon a time', 'user And then?', 'assistant The end.']);
});

test('what was answered before a failure is kept, also that of an attempt whose repetitions said nothing', async () => {
  const script = [{ steps: [chat.text('Half of it'), 'cut' as const] }, busy, denied, chat.answer('Well.')];
  const talk = await openTalk(world, { script });
  const { events } = await talk.run();
  expect(events.at(-1)).toMatchObject({ type: 'run.failed', data: { resumable: false, message_id: expect.any(String) } });
  expect(await transcript(talk)).toEqual(['user Hello!', 'failed Half of it']);
  await talk.say('Go on');
  await talk.run();
  expect(said(talk, 3)).toEqual(['user Hello!', 'assistant Half of it', 'user Go on']);
});

test('an answer that cost more than the run may is kept whole', async () => {
  const usage = chat.usage({ prompt_tokens: 10, completion_tokens: 500, total_tokens: 510 });
  const script = [{ steps: [chat.text('Too long.'), chat.stop(), usage, chat.done] }];
  const talk = await openTalk(world, { script, persona: { budgets: { max_total_output_tokens: 100 } } });
  expect((await talk.run()).events.at(-1)).toMatchObject({ error_class: 'budget.exceeded' });
  expect(await transcript(talk)).toEqual(['user Hello!', 'failed Too long.']);
});

test('a run that said nothing leaves no message', async () => {
  const talk = await openTalk(world, { script: [stalls('\n'), denied] });
  const { events } = await stopped(talk, '\n');
  expect(events.at(-1)!.data).not.toHaveProperty('message_id');
  expect((await talk.run()).events.at(-1)?.type).toBe('run.failed');
  expect(await transcript(talk)).toEqual(['user Hello!']);
});

test('a run that is continued goes on from the text, and one message holds all of it', async () => {
  const talk = await openTalk(world, {
    script: [stalls('One, '), stalls('two, '), busy, busy, busy, chat.answer('three.'), chat.answer('Sure.')],
  });
  const first = await stopped(talk, 'One, ');
  const [, { id: firstMessage }] = (await world.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: talk.token })).body;
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
  expect(said(talk, 5)).toEqual(['user Hello!', 'assistant One, two,', 'user (go on)']);
  await talk.say('Sure?');
  await talk.run();
  expect(said(talk, 6)).toEqual(['user Hello!', 'assistant One, two, three.', 'user Sure?']);
});

test('a run that asks nothing new goes on from an unfinished answer, too; a retry and an edit hide it', async () => {
  const talk = await openTalk(world, {
    script: [stalls('One, '), chat.answer('two.'), stalls('Uno'), chat.answer('Due.'), stalls('Un'), chat.answer('Deux.')],
  });
  await stopped(talk, 'One, ');
  expect((await talk.run()).events[0]!.data).toMatchObject({ continuation_source: 'none' });
  expect(said(talk, 1)).toEqual(['user Hello!', 'assistant One,', 'user (go on)']);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant One, two.']);
  const { body } = await world.call('POST', `/v1/threads/${talk.threadId}:retry`, { token: talk.token });
  await stopped(talk, 'Uno', body.run_id);
  expect(said(talk, 2)).toEqual(['user Hello!']);
  await retry(talk);
  expect(said(talk, 3)).toEqual(['user Hello!']);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Due.']);
  await talk.say('In French');
  await stopped(talk, 'Un');
  const list = (await world.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: talk.token })).body;
  const path = `/v1/threads/${talk.threadId}/messages/${list[2].id}`;
  const edited = await world.call('PATCH', path, { token: talk.token, body: { content: 'En français' } });
  await ended(talk, edited.body.run_id);
  expect(said(talk, 5)).toEqual(['user Hello!', 'assistant Due.', 'user En français']);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Due.', 'user En français', 'assistant Deux.']);
});

test('calls of tools that a stop cut off have results in later prompts, and what was said beside them is shown', async () => {
  const asking = asks(['timeline_title', { label: 'x' }, 'a'], ['ask_user', question(), 'q']);
  const talk = await openTalk(world, {
    script: [{ steps: [chat.text('I ask. '), ...asking.steps!] }, chat.answer('Blue it is.'), chat.answer('Red.')],
  });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(({ type }) => type === 'run.waiting_for_input');
  await talk.cancel(runId);
  await reader.ended;
  await expectSound(world, runId, talk.token);
  expect(await transcript(talk)).toEqual(['user Hello!', 'stopped I ask. ']);
  await ended(talk, await proceed(talk, runId));
  expect(said(talk, 1)).toEqual(['user Hello!', 'assistant I ask. [a,q]', 'tool', 'tool']);
  expect(promptOf(talk, 1).at(-1)!.content).toContain('tool.interrupted');
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Blue it is.']);
  await retry(talk);
  expect(said(talk, 2)).toEqual(['user Hello!']);
});

test('the turns that a resumed run did are in the prompts of all runs after it', async () => {
  const script = [note('a', 'Look: '), busy, busy, busy, note('b'), chat.answer('Done.'), chat.answer('Sure.'), chat.answer('Again.')];
  const talk = await openTalk(world, { script });
  const first = await talk.run();
  expect(await transcript(talk)).toEqual(['user Hello!', 'failed Look: ']);
  await ended(talk, await proceed(talk, first.runId));
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Done.']);
  await talk.say('Sure?');
  await talk.run();
  const turns = ['user Hello!', 'assistant Look: [a]', 'tool', 'assistant [b]', 'tool', 'assistant Done.', 'user Sure?'];
  expect(said(talk, 6)).toEqual(turns);
  await retry(talk);
  expect(said(talk, 7)).toEqual(turns);
});

test('a continued text that leads to a call of a tool is one turn', async () => {
  const talk = await openTalk(world, { script: [stalls('I lo'), note('a', 'ok it up.'), chat.answer('Found.'), chat.answer('Yes.')] });
  const { runId } = await stopped(talk, 'I lo');
  const { events } = await ended(talk, await proceed(talk, runId));
  expect(dataOf(events, 'run.completed')).toHaveLength(1);
  expect(await transcript(talk)).toEqual(['user Hello!', 'assistant Found.']);
  await talk.say('Sure?');
  await talk.run();
  expect(said(talk, 3)).toEqual(['user Hello!', 'assistant I look it up.[a]', 'tool', 'assistant Found.', 'user Sure?']);
});

test('a message that came while the run answered is answered after the text', async () => {
  const talk = await openTalk(world, { script: [note('a'), stalls('Well, '), chat.answer('Both.')] });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until((event) => event.type === 'message.delta' && event.data.content === 'Well, ');
  await talk.say('In short');
  await talk.cancel(runId);
  await reader.ended;
  await talk.run();
  expect(said(talk, 2)).toEqual(['user Hello!', 'assistant [a]', 'tool', 'assistant Well,', 'user In short']);
  expect(await transcript(talk)).toEqual(['user Hello!', 'user In short', 'stopped Well, ', 'assistant Both.']);
});
