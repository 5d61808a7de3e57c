import { expect, test } from 'vitest';
import { dataOf, openScriptedThread, promptOf } from '../../support/agent/agent.ts';
import { askUserArgs, callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { types } from '../../support/http/events.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_WORKER_CONCURRENCY: '2', ARKLOOP_WORKER_MAX_CONCURRENCY: '2' });
const askScript = (args: object = askUserArgs()) => [callsTools(['ask_user', args, 'q1']), chat.answer('Thanks.')];
const isWaiting = ({ type }: { type: string }) => type === 'run.waiting_for_input';

/** A run that waits for an answer of its user. */
async function openQuestion(script = askScript()) {
  const talk = await openScriptedThread(app, { script });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(isWaiting);
  return { ...talk, runId, reader };
}
const statusOf = async (runId: string, token: string) => (await app.call('GET', `/v1/runs/${runId}`, { token })).body.status;

test('a run asks a question, waits, and passes the answer to the model', async () => {
  const { runId, reader, token, input, vendor } = await openQuestion();
  expect(await statusOf(runId, token)).toBe('waiting_for_input');
  const answered = await input(runId, '{"colour":"blue ☂"}');
  expect(answered).toMatchObject({ status: 200, body: { ok: true } });
  await reader.ended;
  const events = await expectRunInvariants(app, runId, token);
  expect(types(events).filter((type) => /^(tool\.(call|result)$|run\.(input|wait|resum|compl))/.test(type))).toEqual([
    'tool.call',
    'run.input_requested',
    'run.waiting_for_input',
    'run.input_provided',
    'run.resumed',
    'tool.result',
    'run.completed',
  ]);
  const requestedSchema = { properties: { colour: { type: 'string' } }, required: ['colour'], _fieldOrder: ['colour'] };
  const [requested] = dataOf(events, 'run.input_requested');
  const request_id = requested!.request_id;
  expect(requested).toMatchObject({ message: 'Which colour?', requestedSchema });
  const [waiting] = dataOf(events, 'run.waiting_for_input');
  expect(waiting).toMatchObject({ request_id, reason: 'ask_user', message: 'Which colour?', requestedSchema, timeout_ms: 300_000 });
  const since = Date.parse(events.find(isWaiting)!.created_at);
  expect(Math.abs(Date.parse(waiting!.expires_at) - since - 300_000)).toTakeLessThan(2_000);
  expect(dataOf(events, 'run.input_provided')).toMatchObject([{ request_id, content: '{"colour":"blue ☂"}' }]);
  expect(dataOf(events, 'run.resumed')).toMatchObject([{ request_id, reason: 'user_input_received' }]);
  expect(dataOf(events, 'tool.result')).toMatchObject([{ tool_call_id: 'q1', result: { user_response: { colour: 'blue ☂' } } }]);
  expect(JSON.parse(promptOf({ vendor }, 1).at(-1)!.content)).toEqual({ user_response: { colour: 'blue ☂' } });
  expect(new Set(events.map(({ data }) => data.trace_id)).size).toBe(1);
});

test.each([
  ['blue', 'blue'],
  ['[1]', '[1]'],
  ['"x"', '"x"'],
  ['{"half', '{"half'],
])('an answer that is not a JSON object is passed as text: %s', async (content, user_response) => {
  const { runId, reader, token, input } = await openQuestion();
  await input(runId, content);
  await reader.ended;
  expect(dataOf(await expectRunInvariants(app, runId, token), 'tool.result')[0]!.result).toEqual({ user_response });
});

test('an answer that is a JSON object must match the schema of the question, which otherwise stays open', async () => {
  const fields = [
    { key: 'colour', type: 'string', required: true, maxLength: 4 },
    { key: 'count', type: 'integer', minimum: 1 },
    { key: 'size', type: 'number', enum: [1, 2.5] },
    { key: 'extras', type: 'array', oneOf: [{ const: 'lamp', title: 'Lamp' }], minItems: 1 },
  ];
  const { runId, reader, token, input } = await openQuestion(askScript({ message: 'What?', fields }));
  const wrong: [answer: object, path: string][] = [
    [{}, '/content/colour'],
    [{ colour: 'yellow' }, '/content/colour'],
    [{ colour: 1 }, '/content/colour'],
    [{ colour: 'red', count: 0 }, '/content/count'],
    [{ colour: 'red', size: 2 }, '/content/size'],
    [{ colour: 'red', extras: ['rug'] }, '/content/extras/0'],
    [{ colour: 'red', other: 1 }, '/content'],
  ];
  for (const [answer, path] of wrong) {
    const { status, body } = await input(runId, JSON.stringify(answer));
    expect([answer, status, body.details]).toMatchObject([answer, 400, { reason: 'invalid_answer', issues: [{ path }] }]);
  }
  const right = { colour: 'red', count: 2, size: '2.5', extras: [] };
  expect((await input(runId, JSON.stringify(right))).status).toBe(200);
  await reader.ended;
  const [{ result } = {}] = dataOf(await expectRunInvariants(app, runId, token), 'tool.result');
  expect(result).toEqual({ user_response: right });
});

const field = { key: 'a', type: 'string' };
test.each([
  ['no message', { fields: [field] }],
  ['a blank message', { message: ' ', fields: [field] }],
  ['no fields', { message: 'x', fields: [] }],
  ['eleven fields', { message: 'x', fields: Array.from({ length: 11 }, (_, at) => ({ ...field, key: `k${at}` })) }],
  ['a key twice', { message: 'x', fields: [field, field] }],
  ['an unknown type', { message: 'x', fields: [{ ...field, type: 'date' }] }],
  ['a list without choices', { message: 'x', fields: [{ ...field, type: 'array' }] }],
  ['limits the wrong way round', { message: 'x', fields: [{ key: 'a', type: 'integer', minimum: 2, maximum: 1 }] }],
  ['an unknown argument', { message: 'x', fields: [field], colour: 'red' }],
])('a question with %s is rejected', async (_what, args) => {
  const talk = await openScriptedThread(app, { script: askScript(args) });
  const { events } = await talk.run();
  expect(dataOf(events, 'tool.result')).toMatchObject([{ error: { error_class: 'tool.args_invalid' } }]);
  expect(events.some(isWaiting)).toBe(false);
  expect(events.at(-1)?.type).toBe('run.completed');
});

test('of several questions in a turn only the first is asked, after the other tool calls', async () => {
  const choices = { message: 'Pick', fields: [{ key: 'c', type: 'array', enum: ['a', 'b'], maxItems: 1 }] };
  const script = [
    callsTools(['ask_user', choices, 'q1'], ['timeline_title', { label: 'x' }, 't'], ['ask_user', askUserArgs(), 'q2']),
    chat.answer('Ok.'),
  ];
  const { runId, reader, token, input } = await openQuestion(script);
  await input(runId, '{"c":["a"]}');
  await reader.ended;
  const events = await expectRunInvariants(app, runId, token);
  expect(dataOf(events, 'tool.call').map(({ tool_call_id }) => tool_call_id)).toEqual(['q1', 't', 'q2']);
  expect(dataOf(events, 'tool.result').map(({ tool_call_id, error }) => [tool_call_id, error?.error_class])).toEqual([
    ['t', undefined],
    ['q2', 'tool.args_invalid'],
    ['q1', undefined],
  ]);
  const { requestedSchema } = dataOf(events, 'run.input_requested')[0]!;
  expect(requestedSchema).toEqual({
    properties: { c: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 1 } },
    _fieldOrder: ['c'],
  });
});

test('waiting counts toward the time limit of the run', async () => {
  await setPlatformSettings(app, { 'limit.run_wall_clock_timeout_ms': 3_000 });
  const talk = await openScriptedThread(app, { script: askScript() });
  const { events } = await talk.run();
  expect(events.some(isWaiting)).toBe(true);
  expect(events.at(-1)).toMatchObject({
    type: 'run.failed',
    error_class: 'run.deadline_exceeded',
    data: { details: { timeout_ms: 3_000 } },
  });
  await setPlatformSettings(app, { 'limit.run_wall_clock_timeout_ms': 900_000 });
});

test('waiting runs release their concurrency slots to other runs', async () => {
  const waiting = await Promise.all([openQuestion(), openQuestion(), openQuestion()]);
  const other = await openScriptedThread(app, { script: [chat.answer('Here.')] });
  expect((await other.run()).events.at(-1)?.type).toBe('run.completed');
  await Promise.all(waiting.map(({ input, runId }) => input(runId, 'go on')));
  await Promise.all(waiting.map(({ reader }) => reader.ended));
  for (const { runId, token } of waiting) expect((await expectRunInvariants(app, runId, token)).at(-1)?.type).toBe('run.completed');
});

test('without an answer the run continues after the timeout', async () => {
  await setPlatformSettings(app, { 'limit.paused_input_timeout_ms': 400 });
  const talk = await openScriptedThread(app, { script: askScript() });
  const { events } = await talk.run();
  expect(dataOf(events, 'run.resumed')).toMatchObject([{ reason: 'input_timeout' }]);
  expect(dataOf(events, 'tool.result')).toMatchObject([
    { result: { user_response: '', dismissed: true, paused: true }, error: { error_class: 'run.paused_waiting_user' } },
  ]);
  expect(events.some(({ type }) => type === 'run.input_provided' || type === 'run.idle_heartbeat')).toBe(false);
  expect(events.at(-1)?.type).toBe('run.completed');
});

test('an interactive run lets its user check in every few turns', async () => {
  const work = () => callsTools(['timeline_title', { label: 'x' }]);
  const persona = { executor_type: 'agent.interactive', executor_config: { check_in_every: 2, max_wait_seconds: 1 } };
  const talk = await openScriptedThread(app, { persona, script: [work(), work(), work(), work(), chat.answer('Done.')] });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(isWaiting);
  await talk.input(runId, 'Keep going');
  await reader.ended;
  const events = await expectRunInvariants(app, runId, talk.token);
  expect(dataOf(events, 'run.input_requested').map(({ iter }) => iter)).toEqual([2, 4]);
  expect(dataOf(events, 'run.waiting_for_input')).toMatchObject([{ reason: 'check_in', timeout_ms: 1_000 }, { reason: 'check_in' }]);
  expect(dataOf(events, 'run.resumed').map(({ reason }) => reason)).toEqual(['user_input_received', 'input_timeout']);
  expect(promptOf(talk, 2).at(-1)).toMatchObject({ role: 'user', content: 'Keep going' });
  expect(await eventually(async () => talk.vendor.requests.length === 5, 'five turns')).toBe(true);
});
