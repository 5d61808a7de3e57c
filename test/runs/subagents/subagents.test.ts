import { expect, test } from 'vitest';
import type { RunEvent } from '../../../contract/events.ts';
import { countEndedRuns } from '../../../server/runs/archive/eventBytes.ts';
import { createMetering } from '../../../server/runs/credits/metering.ts';
import { type ConcurrencySlot, createJobLimiter } from '../../../server/runs/lease/jobLimiter.ts';
import { addRandomPersona, dataOf } from '../../support/agent/agent.ts';
import { followProgram, program } from '../../support/agent/programs.ts';
import { addScriptedModel } from '../../support/agent/scriptedModel.ts';
import { askUserArgs } from '../../support/agent/tools.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { checkedBalance, ledgerOf, noFreeTierPolicy } from '../../support/credits/credits.ts';
import { openStream } from '../../support/http/events.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { limitSetter } from '../../support/resources/quotas.ts';

// A single slot: a run that waits for its sub-agents must leave it to them.
const app = await startTestApp({
  ARKLOOP_WORKER_CONCURRENCY: '1',
  ARKLOOP_WORKER_MIN_CONCURRENCY: '1',
  ARKLOOP_WORKER_MAX_CONCURRENCY: '1',
  ARKLOOP_WORKER_POLL_SECONDS: '0.1',
});
const { call, sql } = app;
await setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy });

const tools = ['subagents', 'ask_user', 'echo'];
/** A user with a model that follows programs, and a persona that may start sub-agents. */
async function openAgent(persona: object = {}, price = 0.01) {
  const person = await app.signUp();
  const model = await addScriptedModel(app, person, followProgram, { cost_per_1k_input: price, cost_per_1k_output: price });
  const personaId = await addRandomPersona(app, person, { tool_allowlist: tools, ...persona });
  const start = async (text: string) => {
    const threadId = await openThread(app, person, text);
    return { threadId, runId: await startRun(app, person, threadId, { persona_id: personaId }) };
  };
  return {
    ...person,
    model,
    personaId,
    start,
    /** Runs a program to its end. */
    async run(text: string) {
      const started = await start(text);
      return { ...started, events: await eventsOf(person, started.runId) };
    },
  };
}

async function eventsOf({ token }: Person, runId: string): Promise<RunEvent[]> {
  await (
    await openStream(app.url, runId, { token })
  ).ended;
  return expectRunInvariants(app, runId, token);
}

const get = (path: string, { token }: Person) => call('GET', path, { token });
const statusOf = async (runId: string) => (await sql('select status from runs where id = $1', [runId]))[0].status as string;
const untilStatus = (runId: string, status: string) => eventually(async () => (await statusOf(runId)) === status, `${status} of ${runId}`);
const resultsOf = (events: readonly RunEvent[], tool: string) => dataOf(events, 'tool.result').filter((data) => data.tool_name === tool);
const spawn = (input: string, more: object = {}): [string, object] => ['spawn_agent', { input, ...more }];
const wait = (...ids: string[]): [string, object] => ['wait_agent', { ids }];

test('a run starts two sub-agents, waits for their answers, and each run is charged once', async () => {
  const user = await openAgent();
  const before = (await checkedBalance(app, user.accountId))!;
  const { threadId, runId, events } = await user.run(
    program([spawn(program('One.')), spawn(program('Two.'))], [wait('$0.agent_id')], [wait('$1.agent_id')], 'One. Two.'),
  );
  expect(events.at(-1)?.type).toBe('run.completed');
  const children = dataOf(events, 'subagent.started');
  const [first, second] = resultsOf(events, 'wait_agent').map(({ result }) => result as any);
  expect(first).toMatchObject({ timed_out: false, agents: [{ run_id: children[0]!.run_id, status: 'completed', output: 'One.' }] });
  expect(second).toMatchObject({ agents: [{ agent_id: children[1]!.agent_id, status: 'completed', output: 'Two.' }] });
  const finished = dataOf(events, 'subagent.finished');
  expect(finished.map(({ run_id, status }) => [run_id, status]).sort()).toEqual(children.map(({ run_id }) => [run_id, 'completed']).sort());
  expect(children).toMatchObject([
    { depth: 1, persona_id: user.personaId, tool_call_id: dataOf(events, 'tool.call')[0]!.tool_call_id },
    { depth: 1 },
  ]);

  // Its child runs are like other runs, except that their threads are hidden.
  const childIds = children.map(({ run_id }) => run_id);
  expect((await get(`/v1/runs/${runId}`, user)).body).toMatchObject({ parent_run_id: null, child_run_ids: childIds });
  const listed = (await get(`/v1/runs?parent_run_id=${runId}`, user)).body;
  expect(listed.map((run: any) => run.run_id).toReversed()).toEqual(childIds);
  const child = (await get(`/v1/runs/${childIds[0]}`, user)).body;
  expect(child).toMatchObject({ parent_run_id: runId, status: 'completed', thread_id: children[0]!.agent_id, persona_id: user.personaId });
  const childEvents = await eventsOf(user, childIds[0]!);
  expect(childEvents[0]).toMatchObject({ type: 'run.started', data: { source: 'subagent', persona_id: user.personaId } });
  expect(childEvents.some(({ type }) => type === 'thread.title.updated')).toBe(false);

  // Charged once: every run has one usage record and one debit, and a parent does not pay for its children again.
  const costs = await Promise.all([runId, ...childIds].map((id) => ledgerOf(app, id)));
  expect(costs.map(({ rows, usage }) => [rows.length, usage.length])).toEqual([
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
  const debits = costs.map(({ rows }) => -rows[0].amount);
  expect(await checkedBalance(app, user.accountId)).toBe(before - debits.reduce((sum, each) => sum + each, 0));
  const tokens = (events.at(-1) as any).data.usage.output_tokens;
  expect(tokens).toBe(dataOf(events, 'llm.turn.completed').reduce((sum, { usage }) => sum + (usage?.output_tokens ?? 0), 0));

  // Hidden from everybody, the runs from everybody else.
  const hidden = children[0]!.agent_id;
  const stranger = await app.signUp();
  const colleague = await app.signUp();
  await app.joinAccount(colleague, user, 'admin');
  expect((await get('/v1/threads', user)).body.map(({ id }: { id: string }) => id)).toEqual([threadId]);
  for (const path of [`/v1/threads/${hidden}`, `/v1/threads/${hidden}/messages`, `/v1/threads/${hidden}/runs`])
    expect([path, (await get(path, user)).status]).toEqual([path, 404]);
  for (const action of ['runs', 'messages'])
    expect((await call('POST', `/v1/threads/${hidden}/${action}`, { token: user.token, body: { content: 'x' } })).status).toBe(404);
  expect((await get('/v1/threads/search?q=Two.', user)).body.map(({ id }: { id: string }) => id)).toEqual([threadId]);
  const inAccount = { headers: { 'x-account-id': user.accountId }, token: colleague.token };
  for (const path of [`/v1/runs/${childIds[0]}`, `/v1/runs/${childIds[0]}/events`, `/v1/threads/${hidden}`]) {
    expect([path, (await get(path, stranger)).status]).toEqual([path, 404]);
    expect([path, (await call('GET', path, inAccount)).status]).toEqual([path, 404]);
  }
  const seen = (await call('GET', '/v1/runs', inAccount)).body.map((run: any) => run.run_id);
  expect(childIds.filter((id) => seen.includes(id))).toEqual([]);

  // The hidden threads end with theirs.
  expect((await call('DELETE', `/v1/threads/${threadId}`, { token: user.token })).status).toBe(204);
  expect((await get(`/v1/runs/${childIds[0]}`, user)).status).toBe(404);
  const left = await sql(
    `select (select count(*)::int from messages m where m.thread_id = any ($1)) as messages,
      (select count(*)::int from threads t where t.id = any ($1) and deleted_at is null) as threads`,
    [children.map(({ agent_id }) => agent_id)],
  );
  expect(left).toEqual([{ messages: 0, threads: 0 }]);
});

test('a sub-agent asks its parent, gets further input, is interrupted, takes another task, and is closed', async () => {
  const user = await openAgent();
  const { events } = await user.run(
    program(
      [spawn(program([['ask_user', askUserArgs()]], 'Asked.'))],
      [wait('$0.agent_id')],
      [['send_input', { agent_id: '$0.agent_id', input: '{"colour": "red"}' }]],
      [wait('$0.agent_id')],
      [['send_input', { agent_id: '$0.agent_id', input: 'Too late' }]],
      [['resume_agent', { agent_id: '$0.agent_id', input: program('stall') }]],
      [['resume_agent', { agent_id: '$0.agent_id', input: 'Busy' }]],
      [['wait_agent', { ids: ['$0.agent_id'], timeout_ms: 0 }]],
      [['interrupt_agent', { agent_id: '$0.agent_id' }]],
      [wait('$0.agent_id')],
      [['resume_agent', { agent_id: '$0.agent_id', input: program('Again.') }]],
      [wait('$0.agent_id')],
      [['close_agent', { agent_id: '$0.agent_id' }]],
      [['resume_agent', { agent_id: '$0.agent_id', input: 'Closed' }]],
      [wait('01a2130f-0f2e-7c4e-8e87-b14125a616b8')],
      'Done.',
    ),
  );
  expect(events.at(-1)?.type).toBe('run.completed');
  const results = dataOf(events, 'tool.result').map(({ tool_name, result, error }) => {
    const [agent = result as any] = (result?.agents ?? []) as any[];
    return `${tool_name} ${error?.error_class ?? agent.status}${agent?.output ? ` ${agent.output}` : ''}`;
  });
  expect(results.map((each) => each.replace(/interrupt_agent cancell(ing|ed)/, 'interrupt_agent stops'))).toEqual([
    'spawn_agent running',
    'wait_agent waiting_for_input',
    'send_input running',
    'wait_agent completed Asked.',
    'send_input tool.not_available',
    'resume_agent running',
    'resume_agent tool.not_available',
    'wait_agent running',
    'interrupt_agent stops',
    expect.stringMatching(/^wait_agent cancelled/),
    'resume_agent running',
    'wait_agent completed Again.',
    'close_agent completed Again.',
    'resume_agent tool.not_available',
    'wait_agent tool.args_invalid',
  ]);
  expect(resultsOf(events, 'wait_agent')[0]!.result).toMatchObject({
    agents: [{ question: { message: 'Which colour?', schema: { required: ['colour'] } } }],
  });
  const runs = dataOf(events, 'subagent.started');
  expect([runs.length, new Set(runs.map(({ agent_id }) => agent_id)).size]).toEqual([3, 1]);
  expect(dataOf(events, 'subagent.finished').map(({ status }) => status)).toEqual(['completed', 'cancelled', 'completed']);
  // It remembers what it has done.
  const prompt = user.model.requests.map(({ body }) => JSON.stringify(body.messages)).find((text) => text.includes('Again.'));
  expect(prompt).toContain('Asked.');
});

test('each limit of sub-agents is reached once, and its error names it', async () => {
  const chief = await app.signUpAdmin();
  /** What happened to the calls of `spawn_agent` in a run, or in its child, of an account with a lower limit. */
  const spawned = async (key: string, text: string, inChild = false) => {
    const user = await openAgent();
    const body = { account_id: user.accountId, key, value: '1', value_type: 'integer' };
    expect((await call('POST', '/v1/entitlement-overrides', { token: chief.token, body })).status).toBe(201);
    const { events } = await user.run(text);
    const [child] = dataOf(events, 'subagent.started');
    return resultsOf(inChild ? await eventsOf(user, child!.run_id) : events, 'spawn_agent').map(
      ({ error, result }) => error ?? { status: result?.status },
    );
  };
  const reached = (limit: string) => ({
    error_class: 'tool.spawn_failed',
    message: expect.stringContaining('at most 1'),
    details: { limit, max: 1 },
  });
  const [running, stalls] = [{ status: 'running' }, spawn(program('stall'))];
  const nested = program([spawn(program([spawn('Hello')], 'Below.'))], [wait('$0.agent_id')], 'Above.');
  const oneByOne = program([spawn(program('1'))], [wait('$0.agent_id')], [spawn(program('2'))], 'Done.');
  const [depth, parallel, active, descendants] = ['max_depth', 'max_parallel_children', 'max_active', 'max_descendants'].map(
    (name) => `limit.subagent_${name}`,
  ) as [string, string, string, string];
  expect(await spawned(depth, nested, true)).toEqual([reached(depth)]);
  expect(await spawned(parallel, program([stalls], [stalls], 'Done.'))).toEqual([running, reached(parallel)]);
  expect(await spawned(active, nested, true)).toEqual([reached(active)]);
  expect(await spawned(descendants, oneByOne)).toEqual([running, reached(descendants)]);
});

test('a run starts no sub-agent while its account keeps more events than its quota', async () => {
  const user = await openAgent();
  await user.run(program('Kept.'));
  await countEndedRuns(app.database);
  const { runId } = await user.start(program([['ask_user', askUserArgs()]], [spawn(program('1'))], 'Done.'));
  await untilStatus(runId, 'waiting_for_input');
  await (
    await limitSetter(app)
  )(user, 'quota.event_bytes', 1);
  const answer = await call('POST', `/v1/runs/${runId}/input`, { token: user.token, body: { content: '{"colour": "red"}' } });
  expect(answer.status).toBe(200);
  const events = await eventsOf(user, runId);
  expect(resultsOf(events, 'spawn_agent')).toMatchObject([
    { error: { error_class: 'tool.spawn_failed', details: { reason: 'quota_exceeded', key: 'quota.event_bytes', limit: 1 } } },
  ]);
  expect(events.at(-1)?.type).toBe('run.completed');
});

test('a run that waits leaves the credits that it does not use to its sub-agents, also after a crash', async () => {
  // A model call reserves more than half of the credits.
  const user = await openAgent({}, 0.3);
  const { runId, events } = await user.run(program([spawn(program('Paid.'))], [wait('$0.agent_id')], 'Done.'));
  expect(resultsOf(events, 'wait_agent')[0]).toMatchObject({ result: { agents: [{ status: 'completed', output: 'Paid.' }] } });
  expect(events.at(-1)?.type).toBe('run.completed');

  // Another attempt, which has made no model call yet, knows what the earlier ones have used.
  const [{ route_snapshot }] = await sql('select route_snapshot from runs where id = $1', [runId]);
  const lowered: unknown[] = [];
  const database = { run: async (_: unknown, { billed }: { billed: number }) => lowered.push(billed) };
  const attempt = (usageTotals: object) =>
    createMetering({
      database,
      lease: { run: { id: runId, account_id: user.accountId, route_snapshot, reserved_credits: 900 }, token: '' },
      settings: { 'credit.per_usd': 1_000, 'credit.deduction_policy': noFreeTierPolicy },
      usageTotals,
    } as never);
  await attempt({ usage: { input_tokens: 10, output_tokens: 5 }, cost: '0.02' }).releaseUnused();
  await attempt({ usage: undefined, cost: '0' }).releaseUnused();
  expect(lowered).toEqual([20]);
});

test('the budget of a run covers its sub-agents, also those of a persona without a budget', async () => {
  // A turn with calls writes 20 tokens.
  const user = await openAgent({ budgets: { max_total_output_tokens: 90 } });
  const other = await addRandomPersona(app, user, { tool_allowlist: tools });
  const busy = program([['echo', { text: 'a' }]], [['echo', { text: 'b' }]], [['echo', { text: 'c' }]], [['echo', { text: 'd' }]], 'Done.');
  const { runId, events } = await user.run(
    program([spawn(busy, { persona_id: other })], [wait('$0.agent_id')], [spawn('More')], [spawn('Even more')], 'Done.'),
  );
  const [{ result }] = resultsOf(events, 'wait_agent') as any;
  expect(result.agents).toMatchObject([{ status: 'failed', error: { error_class: 'budget.exceeded' } }]);
  const [child] = await eventsOf(user, result.agents[0].run_id).then((all) => all.slice(-1));
  // 20 and 20 of the parent, and 60 of the child.
  expect(child!.data).toMatchObject({
    details: { run_id: runId, max_total_output_tokens: 90, output_tokens: 100 },
    usage: { output_tokens: 60 },
  });
  expect(events.at(-1)).toMatchObject({ type: 'run.failed', data: { error_class: 'budget.exceeded', usage: { output_tokens: 60 } } });
  expect(resultsOf(events, 'spawn_agent').length).toBe(1);
});

test('sub-agents end with their run, whether it is cancelled, fails or completes', async () => {
  const user = await openAgent();
  const below = program([spawn(program('stall'))], [wait('$0.agent_id')], 'Below.');
  const childrenOf = (runId: string) => sql('select id, attempt from runs where parent_run_id = $1', [runId]) as Promise<{ id: string }[]>;
  const descendants = async (runId: string) => {
    const child = await eventually(async () => (await childrenOf(runId))[0], 'a child');
    const grandchild = await eventually(async () => (await childrenOf(child.id))[0], 'a grandchild');
    return [child.id, grandchild.id];
  };
  const cancelled = await user.start(program([spawn(below)], [wait('$0.agent_id')], 'Above.'));
  const ids = await descendants(cancelled.runId);
  expect((await get(`/v1/runs/${ids[1]}`, user)).body).toMatchObject({ parent_run_id: ids[0] });
  await call('POST', `/v1/runs/${cancelled.runId}:cancel`, { token: user.token });
  for (const id of [cancelled.runId, ...ids]) await untilStatus(id, 'cancelled');
  for (const id of ids) expect((await eventsOf(user, id)).filter(({ type }) => type === 'run.cancel_requested').length).toBe(1);

  const limited = await openAgent({ budgets: { reasoning_iterations: 1 } });
  const persona = { persona_id: user.personaId };
  await addRandomPersona(app, limited, { persona_key: user.personaId, tool_allowlist: tools });
  const failed = await limited.run(program([spawn(program('stall'), persona)], 'Never.'));
  expect(failed.events.at(-1)).toMatchObject({ type: 'run.failed' });
  const completed = await user.run(program([spawn(below)], 'Done without it.'));
  expect(completed.events.at(-1)).toMatchObject({ type: 'run.completed' });
  for (const { runId } of [failed, completed]) for (const { id } of await childrenOf(runId)) await untilStatus(id, 'cancelled');
});

test('a persona must allow the tools, and an unknown persona is an error of the call', async () => {
  const user = await openAgent({ tool_allowlist: [] });
  const { events } = await user.run(program([spawn('Hello')], 'Done.'));
  expect(dataOf(events, 'tool.denied')).toMatchObject([{ deny_reason: 'tool.not_in_allowlist' }]);
  expect(JSON.stringify(user.model.requests.map(({ body }) => body.tools))).not.toContain('spawn_agent');
  const other = await openAgent({ tool_allowlist: ['spawn_agent'] });
  const wrong = await other.run(program([spawn('Hello', { persona_id: 'nobody' })], [spawn(' ')], [spawn('é'.repeat(17_000))], 'Done.'));
  expect(dataOf(wrong.events, 'tool.result').map(({ error }) => error?.error_class)).toEqual([
    'tool.spawn_failed',
    'tool.args_invalid',
    'tool.args_invalid',
  ]);
  expect(await sql('select id from runs where parent_run_id = $1', [wrong.runId])).toEqual([]);
});

test('a sub-agent has no optional tool that its parent has not, and none that its parent denies, on all levels', async () => {
  const user = await openAgent({ tool_allowlist: ['subagents'], tool_denylist: ['timeline_title'] });
  const able = await addRandomPersona(app, user, { tool_allowlist: ['subagents', 'echo', 'noop', 'timeline_title', 'todo_write'] });
  const asks: [string, object][] = [['echo', { text: 'a' }]];
  const child = program([spawn(program(asks, 'Below.'), { persona_id: able })], [wait('$0.agent_id')], asks, 'Child.');
  await user.run(program([spawn(child, { persona_id: able })], [wait('$0.agent_id')], 'Done.'));
  const shown = user.model.requests.map(({ body }) => ((body.tools ?? []) as any[]).map(({ function: { name } }) => name as string));
  const ofChildren = shown.filter((names) => names.includes('todo_write'));
  expect(ofChildren.length).toBeGreaterThanOrEqual(6);
  expect(ofChildren.every((names) => names.includes('spawn_agent'))).toBe(true);
  expect(ofChildren.flat().filter((name) => ['echo', 'noop', 'timeline_title'].includes(name))).toEqual([]);
  const results = await sql(
    `select e.data -> 'error' ->> 'error_class' as error from run_events e join runs r on r.id = e.run_id
     where r.account_id = $1 and e.type = 'tool.result' and e.data ->> 'tool_name' = 'echo'`,
    [user.accountId],
  );
  expect(results).toEqual([{ error: 'policy.denied' }, { error: 'policy.denied' }]);
});

test('the time limit of a persona for tools does not end a wait', async () => {
  const user = await openAgent({ budgets: { tool_timeout_ms: 1_000 } });
  const stalls = spawn(program('stall'));
  const { events } = await user.run(program([stalls], [['wait_agent', { ids: ['$0.agent_id'], timeout_ms: 1_300 }]], 'Done.'));
  expect(resultsOf(events, 'wait_agent')).toMatchObject([{ result: { timed_out: true } }]);
});

test('with many runs that wait for sub-agents, a worker takes only sub-agents, until one goes on', async () => {
  const limiter = createJobLimiter(app.config);
  const end = Promise.withResolvers<void>();
  const waiting: ConcurrencySlot[] = [];
  const wait = () =>
    limiter.run(undefined, async (slot) => {
      waiting.push(slot);
      slot.lend();
      slot.lend();
      await end.promise;
    });
  for (let at = 0; at < 9; at++) await wait();
  // A question to the user does not count.
  await limiter.run(undefined, async (slot) => {
    slot.release();
    await end.promise;
  });
  expect(limiter.hasManyWaiting()).toBe(false);
  await wait();
  expect([limiter.hasManyWaiting(), limiter.isFull()]).toEqual([true, false]);
  waiting[0]!.retake();
  expect([limiter.hasManyWaiting(), limiter.isFull()]).toEqual([false, true]);
  end.resolve();
  await eventually(async () => !limiter.isFull(), 'the end of the jobs');
});

test('what a job leaves behind cannot retake its slot after its end', async () => {
  const limiter = createJobLimiter(app.config);
  let left: ConcurrencySlot | undefined;
  await limiter.run(undefined, async (slot) => {
    slot.release();
    left = slot;
  });
  await eventually(async () => !limiter.isFull(), 'the end of the job');
  left!.retake();
  expect(limiter.isFull()).toBe(false);
});

test('the runs of sub-agents count for the API key that started the root run', async () => {
  const user = await openAgent();
  const { id, key } = (
    await call('POST', '/v1/api-keys', { token: user.token, body: { name: 'Agents', limits: { credits_total: 1_000_000 } } })
  ).body;
  const threadId = await openThread(app, user, program([spawn(program('One.'))], [wait('$0.agent_id')], 'One.'));
  const runId = await startRun(app, { ...user, token: key }, threadId, { persona_id: user.personaId });
  expect((await eventsOf(user, runId)).at(-1)?.type).toBe('run.completed');
  const runs = await sql('select api_key_id from runs where account_id = $1', [user.accountId]);
  expect(runs).toEqual([{ api_key_id: id }, { api_key_id: id }]);
  const [{ spent }] = await sql(
    `select -sum(amount)::int as spent from credit_transactions where account_id = $1 and reference_type = 'run'`,
    [user.accountId],
  );
  expect(spent).toBeGreaterThan(0);
  expect((await get(`/v1/api-keys/${id}/usage`, user)).body).toMatchObject({ total: { credits: spent }, reserved_credits: 0 });
});
