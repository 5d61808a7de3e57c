import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readElicitation } from '../../../../server/resources/runs/elicitation.ts';
import { addRandomPersona, dataOf, openScriptedThread } from '../../../support/agent/agent.ts';
import { addMcpConfig } from '../../../support/agent/mcp.ts';
import { startSdkServer } from '../../../support/agent/mcpSdk.ts';
import { followProgram, program } from '../../../support/agent/programs.ts';
import { addScriptedModel } from '../../../support/agent/scriptedModel.ts';
import { callsTools } from '../../../support/agent/tools.ts';
import { chat } from '../../../support/agent/vendor.ts';
import { setPlatformSettings } from '../../../support/app/settings.ts';
import { type Person, startTestApp } from '../../../support/app/testApp.ts';
import { expectRunInvariants } from '../../../support/checks/invariants.ts';
import { openStream, types } from '../../../support/http/events.ts';
import { eventually, openThread, startRun } from '../../../support/resources/conversation.ts';

const app = await startTestApp();

const requestedSchema = {
  type: 'object' as const,
  properties: {
    seats: { type: 'integer' as const, title: 'Seats', minimum: 1, maximum: 4 },
    class: { type: 'string' as const, enum: ['first', 'second'] },
    mail: { type: 'string' as const, format: 'email' as const },
    extras: { type: 'array' as const, items: { type: 'string' as const, enum: ['bike', 'dog'] } },
  },
  required: ['seats'],
};
const message = 'How many seats?';
const text = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] });
let given: AbortController;

/** Tools that ask. They are listed only for a client that can be asked. */
const server = await startSdkServer(({ server: inner }) => {
  const ask = (params: object = { message, requestedSchema }, signal?: AbortSignal) =>
    inner.elicitInput(params as never, { timeout: 60_000, ...(signal && { signal }) }).catch((error: Error) => ({ error: error.message }));
  const tools: Record<string, () => Promise<unknown>> = {
    book: () => ask(),
    twice: async () => [await ask(), await ask({ message: 'Sure?', requestedSchema: { type: 'object', properties: {} } })],
    nag: async () => {
      for (;;) {
        const answer = await ask();
        if ('error' in answer) return answer;
      }
    },
    // Not even a question for the protocol library, which answers it with an error.
    spam: async () => {
      for (let count = 0; count < 30; count++)
        await inner.request({ method: 'elicitation/create', params: { message: 1 } } as never, z.any() as never).catch(() => undefined);
    },
    secret: () => ask({ message, requestedSchema: { type: 'object', properties: { password: { type: 'string' } } } }),
    nested: () => ask({ message, requestedSchema: { type: 'object', properties: { a: { type: 'object' } } } }),
    forget: () => {
      given = new AbortController();
      return ask(undefined, given.signal);
    },
  };
  inner.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: Object.keys(inner.getClientCapabilities()?.elicitation ? tools : {}).map((name) => ({ name, inputSchema: { type: 'object' } })),
  }));
  inner.setRequestHandler(CallToolRequestSchema, async ({ params }) => text(await tools[params.name]!()));
});

const addServer = (person: Person, more: object = {}) =>
  addMcpConfig(app, person, {
    ...{ name: 'train', transport: 'streamable_http', url: server.url, call_timeout_ms: 30_000 },
    ...{ elicitation_enabled: true, ...more },
  });
const isWaiting = ({ type }: { type: string }) => type === 'run.waiting_for_input';
const resultOf = (result: any) => JSON.parse(result.content[0].text);

/** A run that calls a tool of the server, up to its question. */
async function openQuestion(tool: string, config: object = {}) {
  const person = await app.signUp();
  const { id } = await addServer(person, config);
  const script = [callsTools([`mcp__train__${tool}`, {}, 'c1']), chat.answer('Well.')];
  const talk = await openScriptedThread(app, { person, script });
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(isWaiting);
  const lastQuestion = async (): Promise<string> => {
    const waits = `select data ->> 'request_id' as id from run_events where run_id = $1 and type = 'run.waiting_for_input' order by seq desc limit 1`;
    return (await app.sql(waits, [runId]))[0].id;
  };
  const send = async (body: object) =>
    app.call('POST', `/v1/runs/${runId}/input`, { token: talk.token, body: { request_id: await lastQuestion(), ...body } });
  const end = async () => {
    await reader.ended;
    return expectRunInvariants(app, runId, talk.token);
  };
  return { ...talk, id, runId, reader, send, lastQuestion, end };
}

test('a server asks during a call, the answer is checked against its schema, and the call goes on', async () => {
  const { id, runId, reader, send, lastQuestion, end, token } = await openQuestion('twice');
  const status = async () => (await app.call('GET', `/v1/runs/${runId}`, { token })).body.status;
  expect(await status()).toBe('waiting_for_input');
  for (const [content, path] of [
    ['four', '/content'],
    ['[]', '/content'],
    ['{}', '/content/seats'],
    ['{"seats":5}', '/content/seats'],
    ['{"seats":1.5}', '/content/seats'],
    ['{"seats":1,"class":"third"}', '/content/class'],
    ['{"seats":1,"mail":"nobody"}', '/content/mail'],
    ['{"seats":1,"more":1}', '/content'],
    ['{"seats":1,"extras":["cat"]}', '/content/extras/0'],
    [JSON.stringify({ seats: 1, extras: Array.from({ length: 10_000 }, () => 0) }), '/content/extras'],
  ]) {
    const refused = await send({ content });
    expect([refused.status, refused.body.details?.reason]).toEqual([400, 'invalid_answer']);
    expect(refused.body.details.issues.map((issue: { path: string }) => issue.path)).toEqual([path]);
  }
  expect((await send({})).status).toBe(400);
  const nameless = await send({ content: '{"seats":1}', request_id: undefined });
  expect([nameless.status, nameless.body.details.reason]).toEqual([400, 'request_id_required']);
  const request_id = await lastQuestion();
  const first = JSON.stringify({ seats: 2, class: 'first', mail: 'a@example.com' });
  expect(await send({ content: first, input_key: 'k' })).toMatchObject({ status: 200 });
  await reader.until(({ type, data }) => type === 'run.waiting_for_input' && data.message === 'Sure?');
  // A repeated key answers nothing, also with another question open.
  expect((await send({ content: first, input_key: 'k', request_id })).status).toBe(200);
  // Neither does the answer to the earlier question.
  const late = await send({ action: 'accept', content: '{}', request_id });
  expect([late.status, late.body.details.reason]).toEqual([409, 'question_closed']);
  expect(await status()).toBe('waiting_for_input');
  expect((await send({ action: 'decline' })).status).toBe(200);
  const events = await end();
  expect(types(events).filter((type) => /^(tool\.(call|result)$|run\.(input|wait|resum|compl))/.test(type))).toEqual([
    'tool.call',
    ...['run.input_requested', 'run.waiting_for_input', 'run.input_provided', 'run.resumed'],
    ...['run.input_requested', 'run.waiting_for_input', 'run.input_provided', 'run.resumed'],
    'tool.result',
    'run.completed',
  ]);
  expect(dataOf(events, 'run.waiting_for_input')[0]).toMatchObject({
    reason: 'elicitation',
    message,
    requestedSchema: { ...requestedSchema, _fieldOrder: ['seats', 'class', 'mail', 'extras'] },
    mcp_server: { id, name: 'train' },
    tool_call_id: 'c1',
  });
  expect(dataOf(events, 'run.input_provided').map(({ action }) => action)).toEqual(['accept', 'decline']);
  expect(resultOf(dataOf(events, 'tool.result')[0]!.result)).toEqual([
    { action: 'accept', content: JSON.parse(first) },
    { action: 'decline' },
  ]);
});

test('the time limit of the tool waits for the answer, and a question without an answer in time is canceled', async () => {
  await setPlatformSettings(app, { 'limit.paused_input_timeout_ms': 3_000 });
  const { end } = await openQuestion('book', { call_timeout_ms: 2_000 });
  const events = await end();
  await setPlatformSettings(app, { 'limit.paused_input_timeout_ms': 300_000 });
  expect(dataOf(events, 'run.resumed')).toMatchObject([{ reason: 'input_timeout' }]);
  expect(dataOf(events, 'tool.result')[0]!.error).toBeUndefined();
  expect(resultOf(dataOf(events, 'tool.result')[0]!.result)).toEqual({ action: 'cancel' });
});

test('a question that the server withdraws ends the wait', async () => {
  const { end, send, runId, reader } = await openQuestion('forget');
  given.abort(new Error('too late'));
  await reader.until(({ type }) => type === 'run.resumed');
  const late = await send({ action: 'cancel' });
  expect([late.status >= 400, late.body.details.reason]).toEqual([true, expect.stringMatching(/question_closed|run_not_active/)]);
  const events = await end();
  expect(dataOf(events, 'run.resumed')).toMatchObject([{ reason: 'question_withdrawn' }]);
  expect([events.at(-1)!.type, events.at(-1)!.run_id]).toEqual(['run.completed', runId]);
});

test('a run can be canceled while a server waits for an answer, and only its user can answer', async () => {
  const { end, cancel, runId } = await openQuestion('book');
  const stranger = await app.signUp();
  const foreign = await app.call('POST', `/v1/runs/${runId}/input`, { token: stranger.token, body: { content: '{"seats":1}' } });
  expect(foreign.status).toBe(404);
  await cancel(runId);
  expect((await end()).at(-1)!.type).toBe('run.cancelled');
});

test('a server that asks without end is stopped', async () => {
  const { end, send, reader } = await openQuestion('nag');
  for (let count = 1; count <= 10; count++) {
    const seen = new Set<number>();
    await reader.until((event) => isWaiting(event) && seen.add(event.seq).size === count);
    expect((await send({ action: 'cancel' })).status).toBe(200);
  }
  const events = await end();
  expect(dataOf(events, 'tool.result')[0]!.error).toMatchObject({ error_class: 'mcp.protocol_error' });
  expect(dataOf(events, 'run.waiting_for_input')).toHaveLength(10);
});

test('questions that are rejected count too', async () => {
  const person = await app.signUp();
  await addServer(person);
  const script = [callsTools(['mcp__train__spam', {}]), chat.answer('Well.')];
  const { events } = await openScriptedThread(app, { person, script }).then(({ run }) => run());
  expect(dataOf(events, 'tool.result')[0]!.error).toMatchObject({ error_class: 'mcp.protocol_error' });
});

test('a field for a secret is found in any spelling, and a question has a largest size', () => {
  const read = (name: string, more: object = {}) =>
    readElicitation({ message, requestedSchema: { type: 'object', properties: { [name]: { type: 'string', ...more } } } });
  for (const name of [
    'user_pwd',
    'API-Key',
    'myApiKey',
    'PINCode',
    'cardCVV',
    'OTP',
    'ssn',
    '\uff50assword',
    'p\u00e1ssword',
    'pass\u200bword',
  ])
    expect([name, read(name)]).toEqual([name, expect.stringContaining('asks for a secret')]);
  expect(read('value', { title: 'Recovery code' })).toContain('asks for a secret');
  expect(read('value', { description: 'The private_key of the wallet' })).toContain('asks for a secret');
  for (const name of ['compass', 'shipping', 'key', 'passenger', 'postcode', 'spinach', 'secretary'])
    expect(read(name)).toBeTypeOf('object');
  expect(read('value', { unknown: 'x'.repeat(32_768) })).toContain('32768 bytes');
});

test('forms for secrets and nested forms are rejected, and an action needs a question of a server', async () => {
  const person = await app.signUp();
  await addServer(person);
  const script = [callsTools(['mcp__train__secret', {}, 'a'], ['mcp__train__nested', {}, 'b']), chat.answer('Well.')];
  const { events } = await openScriptedThread(app, { person, script }).then(({ run }) => run());
  const [secret, nested] = dataOf(events, 'tool.result').map(({ result }) => resultOf(result).error);
  expect(secret).toContain('asks for a secret');
  expect(nested).toMatch(/invalid/i);
  expect(events.some(isWaiting)).toBe(false);
  const talk = await openScriptedThread(app, { script: [{ steps: [chat.text('Hm'), 'stall'] }] });
  const runId = await talk.start();
  const refused = await app.call('POST', `/v1/runs/${runId}/input`, { token: talk.token, body: { content: 'x', action: 'accept' } });
  expect([refused.status, refused.body.details.reason]).toEqual([400, 'action_not_allowed']);
  await talk.cancel(runId);
});

test('a server is declined where nobody can be asked, and only a server that may ask is told so', async () => {
  const person = await app.signUp();
  const { id } = await addServer(person, { elicitation_enabled: false });
  await addScriptedModel(app, person, followProgram);
  const patch = (body: object) => app.call('PATCH', `/v1/mcp-configs/${id}`, { token: person.token, body });
  const run = async (text: string, persona: object) => {
    const persona_id = await addRandomPersona(app, person, persona);
    const runId = await startRun(app, person, await openThread(app, person, text), { persona_id });
    await openStream(app.url, runId, person).then(({ ended }) => ended);
    return expectRunInvariants(app, runId, person.token);
  };
  const book = program([['mcp__train__book']], 'Done.');
  const [unknown] = dataOf(await run(book, {}), 'tool.denied');
  expect(unknown).toMatchObject({ deny_reason: 'tool.unknown' });
  expect((await patch({ elicitation_enabled: true })).body).toMatchObject({ elicitation_enabled: true });
  // A persona that may not ask, a sub-agent, and a schedule.
  await run(book, { tool_denylist: ['ask_user'] });
  const spawn = program([['spawn_agent', { input: book }]], [['wait_agent', { ids: ['$0.agent_id'] }]], 'Done.');
  await run(spawn, { tool_allowlist: ['subagents', 'ask_user', 'mcp__train'] });
  const schedule = { name: 'Daily', cron: '0 3 * * *', timezone: 'UTC', input: book };
  const { body: created, text } = await app.call('POST', '/v1/schedules', { token: person.token, body: schedule });
  expect(created.id, text).toBeTypeOf('string');
  await app.call('POST', `/v1/schedules/${created.id}:run`, { token: person.token });
  const results = () =>
    app.sql(
      `select e.data -> 'result' as result from run_events e join runs r on r.id = e.run_id
       where r.account_id = $1 and e.type = 'tool.result' and e.data ->> 'tool_name' = 'mcp__train__book' and e.data -> 'result' is not null`,
      [person.accountId],
    );
  await eventually(async () => (await results()).length === 3, 'three calls');
  expect((await results()).map(({ result }) => resultOf(result))).toEqual([1, 2, 3].map(() => ({ action: 'decline' })));
});
